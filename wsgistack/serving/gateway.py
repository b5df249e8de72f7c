"""Between one connection and WSGI: the bytes of a request and of its response, each exact about where it ends."""

import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from io import BufferedIOBase, BufferedReader, RawIOBase
from time import monotonic
from typing import Any
from wsgiref.handlers import SimpleHandler
from wsgiref.simple_server import software_version

from wsgistack.environ import is_logged
from wsgistack.types import Environ, ExcInfo, Headers, Write

__all__ = ["LOOK_UP", "PATIENCE", "Gateway", "RequestBody", "ResponseStream"]

# in seconds
LOOK_UP = 0.1  # from waiting for a client, to see whether the server shall stop
PATIENCE = 60  # with a client that neither sends nor takes anything


class _LostError(ConnectionError):
    """The connection is over before the request is: nothing that the application did."""


class ResponseStream(BufferedIOBase):
    """Sends all, as long as the client goes on taking it.

    :param is_breaking_off: asked several times a second, whether the server breaks the response off.
    """

    def __init__(self, connection: socket.socket, is_breaking_off: Callable[[], bool]) -> None:
        self._connection = connection
        self._is_breaking_off = is_breaking_off

    def write(self, data: Any, /) -> int:
        self._connection.settimeout(LOOK_UP)
        try:
            self._send(memoryview(data))
        except OSError as error:
            raise _LostError from error
        finally:
            self._connection.settimeout(PATIENCE)
        return len(data)

    def _send(self, left: memoryview) -> None:
        progressed = monotonic()
        while left:
            if self._is_breaking_off() or monotonic() - progressed > PATIENCE:
                raise TimeoutError
            with suppress(TimeoutError):
                left = left[self._connection.send(left) :]
                progressed = monotonic()


class RequestBody(RawIOBase):
    """The body of a request, which ends where its Content-Length says (PEP 3333), though the connection does not."""

    def __init__(self, connection: BufferedReader, length: int) -> None:
        self._connection = connection
        self._left = length

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        wanted = min(len(buffer), self._left)
        chunk = self._connection.read1(wanted)
        if wanted and not chunk:
            raise _LostError("the connection ended before the body of the request")
        buffer[: len(chunk)] = chunk
        self._left -= len(chunk)
        return len(chunk)


class Gateway(SimpleHandler):
    """Sends headers with the first byte and not before (PEP 3333), and no body where HTTP has none."""

    os_environ: dict[str, str] = {}  # noqa: RUF012 (the base declares it so); no variables of the process
    server_software = software_version
    environ: Environ
    status: str | None
    headers_sent: bool

    def run(self, application: Any) -> None:
        try:
            self.setup_environ()
            self.result = application(self.environ, self.start_response)
            self.finish_response()
        except _LostError:  # and no other: a ConnectionError of the application is an error like any
            pass
        except BaseException:
            self.handle_error()

    def start_response(self, status: str, headers: Headers, exc_info: ExcInfo | None = None) -> Write:  # type: ignore[override]
        for text in (status, *(part for header in headers for part in header)):
            if "\n" in text or "\r" in text:
                raise ValueError(f"a line break in a status or header: {text!r}")
        return super().start_response(status, headers.copy(), exc_info)  # the base adds to them

    def write(self, data: bytes) -> None:
        if not self.is_bodiless():
            if data:
                super().write(data)
        elif data and not self.headers_sent:
            self.send_headers()

    def finish_content(self) -> None:
        if not self.is_bodiless():
            super().finish_content()
        elif not self.headers_sent:
            self.send_headers()

    def set_content_length(self) -> None:
        if not self.is_bodiless():
            super().set_content_length()

    def log_exception(self, exc_info: Any) -> None:
        if not (self.environ and is_logged(self.environ, exc_info[1])):
            super().log_exception(exc_info)

    def handle_error(self) -> None:
        if self.environ:
            super().handle_error()
        else:  # close() failed when all had been sent
            self.log_exception(sys.exc_info())

    def is_bodiless(self) -> bool:
        """Whether HTTP has no body for this response (RFC 9110 §6.4.1)."""
        return self.environ["REQUEST_METHOD"] == "HEAD" or (self.status or "")[:3] in ("204", "304")
