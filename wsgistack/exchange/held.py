"""The exchange that holds the start of a response back until the first chunk."""

import sys
from collections.abc import Iterable
from typing import ClassVar, cast

from wsgistack.environ import is_client_gone
from wsgistack.exchange import CALLING, CLOSED, Exchange, body_is_inert
from wsgistack.types import ExcInfo, Headers, StartResponse, Write

__all__ = ["HeldExchange"]


class HeldExchange(Exchange):
    """An exchange that holds the start back until the first chunk, even an empty one, or the end of an empty body.

    While :attr:`is_held`, a layer can still set ``headers``, and an error can be answered without a restart, which some
    servers handle wrongly. A start with ``exc_info`` replaces the held one and is not held, unless
    :attr:`holds_restarts` is set. Nor is a switch of protocols (101), or a start for which :meth:`on_start` sets
    :attr:`holds` to False.

    A subclass that overrides :meth:`on_chunk` calls it, or :meth:`release`, before it returns the first chunk.
    """

    __slots__ = ()
    status: str
    headers: Headers
    is_held: bool
    sent: int
    start_response: StartResponse
    holds_restarts: ClassVar[bool] = False
    """Whether a start with ``exc_info`` is held as well, before the server can have sent anything of the one before."""

    _passes_lists = True
    _passes_chunks: ClassVar[bool] = True

    def __init_subclass__(cls, **keywords: object) -> None:
        """Find out whether the class has work of its own to do for each chunk."""
        if "on_chunk" in vars(cls):
            cls._passes_chunks = False
        super().__init_subclass__(**keywords)

    def on_body(self, body: Iterable[bytes]) -> Iterable[bytes] | None:
        """Return a body at once if it cannot fail."""
        if not body_is_inert(body, self.environ):
            return None
        self.release()
        return body

    def on_chunk(self, chunk: bytes) -> bytes:
        """Release the start before the first chunk, and count the bytes."""
        if self._write is None:
            self.release()
        if chunk:
            self.sent += len(chunk)
            if self._passes_chunks:
                self._sees_chunks = False
        return chunk

    def on_end(self) -> bytes:
        """Release the start of a body without chunks."""
        if self._write is None:
            self.release()
        return b""

    def on_error(self, error: Exception) -> tuple[str, Headers, list[bytes]] | None:
        """Return an answer in place of an error of the application, or None to raise the error.

        Called for each error in the call, in the body and in ``close()``, but not when the client has gone. The answer
        is used only if :attr:`can_answer`.
        """
        return None

    def on_exc_info(self, error: BaseException | None) -> None:
        """Notice the error for which the application starts with ``exc_info``: it answers the error itself."""

    @property
    def can_answer(self) -> bool:
        """Whether an answer can still replace the response."""
        return self._sees_chunks and not self.sent and self._source is not CLOSED and self.status[:3] != "101"

    @property
    def _can_restart(self) -> bool:
        """Whether the server has surely sent nothing yet."""
        return self._write is None or (self._source is CALLING and not self.sent)

    def begin(self, status: str, headers: Headers, exc_info: ExcInfo | None = None) -> Write:
        """Hold the start, or pass it on if an earlier one was released."""
        try:
            if self._edits_start:
                status, headers = self.on_start(status, headers)
            if exc_info:
                self.on_exc_info(exc_info[1])
                is_first = self._write is None and "uwsgi.version" in self.environ
                if self.holds_restarts and self.holds and self._can_restart and not is_first:
                    self.start_response, self._write = _pass_on(self.start_response, exc_info), None
                    is_first = True
            else:
                is_first = self._write is None and not self.is_held
            if is_first:
                if self.holds and status >= "2":  # after 101, the application may send by itself
                    self.status, self.headers, self.is_held = status, [*headers], True  # the application may reuse it
                    return self.write
                exc_info = None  # uWSGI fails at any
            elif self.is_held and not exc_info:
                self.release()  # and the server judges a second start
            self.is_held = False
            return self._send(status, headers, exc_info)
        finally:
            exc_info = None

    def _recover(self, error: BaseException) -> bool:
        if issubclass(type(error), Exception) and not is_client_gone(error):
            answer = self.on_error(cast(Exception, error))
            if answer is not None and self.can_answer:
                status, headers, body = answer
                self.is_held = False
                self._chunks = iter(body)
                self._sees_chunks = False  # an error in the answer can't be answered
                exc_info: ExcInfo | None = None
                if "uwsgi.version" not in self.environ:
                    exc_info = sys.exc_info()
                try:
                    self._send(status, headers, exc_info)
                finally:
                    del error, exc_info
                return True
        return super()._recover(error)


def _pass_on(start_response: StartResponse, exc_info: ExcInfo) -> StartResponse:
    """Return a ``start_response`` that passes ``exc_info`` on with the next start."""
    waiting: list[ExcInfo] = [exc_info]

    def start(status: str, headers: Headers, later: ExcInfo | None = None, /) -> Write:
        found = later or (waiting[0] if waiting else None)
        waiting.clear()
        try:
            return start_response(status, headers, found) if found else start_response(status, headers)
        finally:
            found = later = None  # no circular reference through the traceback

    return start
