"""The floor of decompress, for bodies in gzip with a length."""

import json
import zlib
from collections.abc import Iterable
from io import BytesIO

from wsgistack.types import App, Environ, StartResponse

__all__ = ["Decompress"]

_BLOCK = 16384


class Decompress:
    """Decode a body in memory, in blocks, limited in size and ratio."""

    __slots__ = ("_app", "_limit", "_ratio")

    def __init__(self, app: App, limit: int = 10485760, ratio: int = 200) -> None:
        self._app = app
        self._limit = limit
        self._ratio = ratio

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        if not environ.get("HTTP_CONTENT_ENCODING"):
            return self._app(environ, start_response)
        decoded = BytesIO()
        try:
            left = int(environ["CONTENT_LENGTH"])
            received = 0
            decoder = zlib.decompressobj(31)
            is_complete = True
            while left > 0 and (block := environ["wsgi.input"].read(min(left, _BLOCK))):
                left -= len(block)
                received += len(block)
                while block or decoder.unconsumed_tail:
                    piece = decoder.decompress(decoder.unconsumed_tail + block, 65536)
                    block = b""
                    is_complete = decoder.eof
                    decoded.write(piece)
                    size = decoded.tell()
                    if size > self._limit or (size > 65536 and size > self._ratio * received):
                        left = received = -1
                        break
                    if decoder.eof:
                        block = decoder.unused_data
                        decoder = zlib.decompressobj(31)
            if left or not is_complete:
                raise ValueError("too large, or incomplete")  # noqa: TRY301
        except (zlib.error, ValueError, KeyError):
            body = json.dumps({"title": "Bad Request", "status": 400}).encode()
            headers = [("Content-Type", "application/problem+json"), ("Content-Length", str(len(body)))]
            start_response("400 Bad Request", headers)
            return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]
        environ["CONTENT_LENGTH"] = str(decoded.tell())
        decoded.seek(0)
        environ["wsgi.input"] = decoded
        environ["wsgi.input_terminated"] = True
        del environ["HTTP_CONTENT_ENCODING"]
        return self._app(environ, start_response)
