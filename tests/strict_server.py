"""A server in memory that serves one request, keeps PEP 3333 to the letter, and asks the same of the application."""

import zlib
from collections import Counter
from collections.abc import Iterable
from io import BytesIO, StringIO
from typing import Self
from wsgiref.util import FileWrapper

from tests.hostile import Journal
from wsgistack import headers as h
from wsgistack.types import App, Environ, ExcInfo, Headers, Write

__all__ = ["StrictServer"]


class StrictServer:
    """One request, and what became of it.

    :param environ: what to add to a GET of ``/greeting``.
    """

    def __init__(self, **environ: object) -> None:
        self.journal = Journal()
        self.environ: Environ = {
            "REQUEST_METHOD": "GET",
            "SCRIPT_NAME": "",
            "PATH_INFO": "/greeting",
            "QUERY_STRING": "",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(),
            "wsgi.errors": StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "wsgi.file_wrapper": FileWrapper,
            "tests.journal": self.journal,
            **environ,
        }
        self.status = ""
        self.headers: Headers = []
        self.headers_sent = False
        self.wire: list[bytes] = []
        self.body: Iterable[bytes] = ()
        self.length: int | None = None
        self.exc_infos: list[ExcInfo] = []
        self.error: BaseException | None = None
        self.close_error: BaseException | None = None
        self.breaches = self.journal.breaches
        self._is_head = self.environ["REQUEST_METHOD"] == "HEAD"
        self._decoder: zlib._Decompress | None = None

    @property
    def decoded(self) -> bytes:
        """What the client has got of the body."""
        return b"".join(self.journal.arrived)

    @property
    def is_encoded(self) -> bool:
        return self._decoder is not None

    @property
    def is_whole(self) -> bool:
        """Whether the client takes an encoded body for whole."""
        return self._decoder is not None and self._decoder.eof

    def header(self, name: str) -> str | None:
        return h.get(self.headers, name)

    def serve(self, app: App, *, stop_after: int | None = None) -> Self:
        """Serve the request.

        :param stop_after: how many chunks to take before the client goes; None for all.
        """
        try:
            self.body = app(self.environ, self.start_response)
            self.length = _length_of(self.body)
            self._send_all(stop_after)
        except BaseException as error:
            self.error = error
        try:
            close = getattr(self.body, "close", None)
            if close is not None:
                close()
        except BaseException as error:
            self.close_error = error
        return self

    def start_response(self, status: str, headers: Headers, exc_info: ExcInfo | None = None, /) -> Write:
        if exc_info:
            self.exc_infos.append(exc_info)
            if self.headers_sent:
                assert exc_info[1]
                raise exc_info[1].with_traceback(exc_info[2])
        elif self.status:
            self._refuse("a second start without exc_info")
        names = Counter(name.lower() for name, _ in headers)
        if type(headers) is not list or names["content-length"] > 1 or names["content-encoding"] > 1:
            self._refuse(f"headers {headers!r}")
        self.status, self.headers = status, [*headers]
        return self._write

    def _write(self, chunk: bytes) -> None:
        self.headers_sent = True
        self._send(chunk)

    def _send_all(self, stop_after: int | None) -> None:
        if stop_after == 0:
            return
        before = len(self.wire)
        for chunk in self.body:
            self._send(chunk)
            if len(self.wire) - before == stop_after:
                return
        if not self.status:
            self._refuse("the body ended before start_response was called")
        self.headers_sent = True
        announced = self.header("content-length")
        if announced not in (None, str(sum(map(len, self.wire)))) and not self._is_head:
            self._refuse(f"Content-Length {announced} with {sum(map(len, self.wire))} bytes")
        if self.length == 1 and len(self.wire) - before != 1:
            self._refuse("len() is 1, but not the number of chunks")

    def _send(self, chunk: bytes) -> None:
        if not self.status:
            self._refuse("a chunk before start_response was called")
        if type(chunk) is not bytes:
            self._refuse(f"chunk {chunk!r}")
        if chunk and not any(self.wire) and self.header("content-encoding") == "gzip" and not self._is_head:
            self._decoder = zlib.decompressobj(16 + zlib.MAX_WBITS)
        self.headers_sent = self.headers_sent or bool(chunk)
        self.wire.append(chunk)
        self.journal.arrived.append(self._decoder.decompress(chunk) if self._decoder else chunk)

    def _refuse(self, what: str) -> None:
        self.breaches.append(what)
        raise AssertionError(what)


def _length_of(body: Iterable[bytes]) -> int | None:
    try:
        return len(body)  # type: ignore[arg-type]
    except (TypeError, AttributeError, NotImplementedError):
        return None
