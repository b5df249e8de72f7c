"""The floor of decompress, for bodies in gzip with a length."""

import json
import zlib
from collections.abc import Iterable
from io import BytesIO

from wsgistack.types import App, Environ, StartResponse

__all__ = ["decompress"]

_BLOCK = 16384


def decompress(app: App, limit: int = 10485760, ratio: int = 200) -> App:
    """Decode a body in memory, in blocks, limited in size and ratio."""

    def layer(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if not environ.get("HTTP_CONTENT_ENCODING"):
            return app(environ, start_response)
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
                    if size > limit or (size > 65536 and size > ratio * received):
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
        return app(environ, start_response)

    return layer
