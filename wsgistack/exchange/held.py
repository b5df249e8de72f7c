"""The exchange that holds the start of a response back until the first chunk."""

from collections.abc import Iterable
from typing import cast

from wsgistack.environ import is_client_gone
from wsgistack.exchange import CLOSED, Exchange, body_is_inert, refuse_write
from wsgistack.types import ExcInfo, Headers, Write

__all__ = ["HeldExchange"]


class HeldExchange(Exchange):
    """An exchange that holds the start back until the first chunk, even an empty one, or the end of an empty body.

    Until then a layer can edit the start (``held``), and an error can be answered without a restart, which some servers
    handle wrongly. A start with ``exc_info`` replaces the held one and is not held, nor is a switch of protocols (101).

    A subclass that overrides :meth:`on_chunk` calls :meth:`release` before it returns the first chunk.
    """

    __slots__ = ()

    def on_body(self, body: Iterable[bytes]) -> Iterable[bytes] | None:
        """Return a body at once if it cannot fail."""
        if type(body) is list and self.held is not None:  # nearly always: release() without what chunks would need
            self.status, headers = self.held
            self.held = None
            self._write = refuse_write
            self.start_response(self.status, headers)
            return body
        if not body_is_inert(body, self.environ):
            return None
        if not self.status:  # else write() has released it
            self.release()
        return body

    def on_chunk(self, chunk: bytes) -> bytes:
        """Release the start before the first chunk."""
        if not self.status:
            self.release()
        if chunk:
            self._sees_chunks = False
        return chunk

    def on_end(self) -> bytes:
        """Release the start of a body without chunks."""
        if not self.status:
            self.on_unread()
        return b""

    def on_unread(self) -> None:
        """Release the start as it is."""
        self.release()

    def on_error(self, error: Exception) -> tuple[str, Headers, list[bytes]] | None:
        """Return an answer in place of an error of the application, or None to raise the error.

        Called for each error in the call, in the body and in ``close()``, but not when the client has gone. The answer
        is used only if :attr:`can_answer`.
        """
        return None

    @property
    def can_answer(self) -> bool:
        """Whether an answer can still replace the response."""
        return self._sees_chunks and self._source is not CLOSED and not self.status.startswith("101")

    def forward(self, status: str, headers: Headers, exc_info: ExcInfo | None = None) -> Write:
        """Hold the start, or pass it on if an earlier one was released."""
        try:
            if exc_info is None and self.held is None and self._write is None:
                self.held = status, [*headers]  # the application may change its list
                if status < "2":  # after 101, the application may send by itself
                    self.release()
            elif exc_info and self._write is None and "uwsgi.version" in self.environ:  # it fails at any exc_info
                self.held = status, [*headers]
            else:
                if exc_info:
                    self.held = None
                elif self.held:
                    self.release()
                self._write = self._write or refuse_write
                Exchange.forward(self, status, headers, exc_info)  # the server judges a second start
        finally:
            exc_info = None
        return self.write

    def release(self, headers: Headers | None = None) -> None:
        """Send the held start.

        :param headers: to send instead of the held ones.
        """
        if self.held is None:
            raise RuntimeError("the application returned a body without calling start_response")
        status, accepted = self.held
        if headers is not None:
            accepted = headers
        self.held = None
        self._write = refuse_write  # from now on the server may know of a start, even if it raises an error
        write: Write | None = self.start_response(status, [*accepted])
        if write is not None:
            self._write = write
        self.status = status
        self.headers = accepted

    def _recover(self, error: BaseException) -> bool:
        if isinstance(error, Exception) and not is_client_gone(error):
            can_answer = self.can_answer
            answer = self.on_error(error)
            if can_answer and answer is not None:
                status, headers, body = answer
                self.held = None
                self._chunks = iter(body)
                self._sees_chunks = False  # an error in the answer can't be answered
                exc_info: ExcInfo | None = None
                if "uwsgi.version" not in self.environ:
                    exc_info = cast(ExcInfo, (type(error), error, error.__traceback__))
                try:
                    Exchange.forward(self, status, headers, exc_info)
                finally:
                    del error, exc_info
                return True
        return super()._recover(error)
