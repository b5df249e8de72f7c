"""The way out when a request's body turns out to be unacceptable: before the application, or while it reads."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Protocol

from wsgistack.exchange import Exchange
from wsgistack.exchange.held import HeldExchange
from wsgistack.http.bodies import BodyRefusal, BodyRefusedError, discard_body
from wsgistack.http.responses import error_answer, send_answer
from wsgistack.types import Environ, Headers, StartResponse

__all__ = ["RefusableBody", "RefusingExchange", "refuse_body", "refuse_unread_body"]


class RefusableBody(Protocol):
    """A body that may be refused while the application reads it."""

    refusal: BodyRefusal | None

    def discard(self) -> None:
        """Read the rest, so that the client reads the answer."""


def refuse_body(
    environ: Environ, start_response: StartResponse, refusal: BodyRefusal, discard: Callable[[], object] | None = None
) -> Iterable[bytes]:
    """Answer a request without the application.

    :param discard: reads the rest of the body after the answer, so that the client reads the answer.
    """
    body = send_answer(environ, start_response, refusal.code, refusal.detail, headers=refusal.headers)
    return _Answer(body, discard) if discard else body


def refuse_unread_body(
    environ: Environ, start_response: StartResponse, refusal: BodyRefusal, length: int | None
) -> Iterable[bytes]:
    """Answer a request without the application before anything was read of its body.

    :param length: of the body; None if it is unknown.
    """
    if environ.get("HTTP_EXPECT"):  # the client waits with the body (RFC 9110 §10.1.1)
        return refuse_body(environ, start_response, refusal)
    return refuse_body(environ, start_response, refusal, partial(discard_body, environ["wsgi.input"], length, environ))


class RefusingExchange(HeldExchange):
    """An exchange that answers instead of the application, if the body was refused while the application read it.

    It does not matter what the application makes of the :class:`~wsgistack.http.bodies.BodyRefusedError` that its read
    raises. Once the response has begun, no other answer is possible: the error goes on to the server, which cuts the
    connection.
    """

    __slots__ = ("_body", "_has_begun")

    keeps_length = True
    needs_context = False

    def __init__(self, environ: Environ, start_response: StartResponse, body: RefusableBody) -> None:
        Exchange.__init__(self, environ, start_response)
        self._body = body
        self._has_begun = False

    @property
    def can_answer(self) -> bool:
        """Whether no byte of the response has been sent."""
        return not self._has_begun and super().can_answer

    def on_body(self, body: Iterable[bytes]) -> Iterable[bytes] | None:
        """Refuse the response, or return it at once if it cannot fail."""
        self._check()
        return super().on_body(body)

    def on_chunk(self, chunk: bytes) -> bytes:
        """Refuse the response, or release its start."""
        self._check()
        self.release()
        if chunk:
            self._has_begun = True
        return chunk

    def on_end(self) -> bytes:
        """Refuse the response, or release its start."""
        self._check()
        return super().on_end()

    def on_error(self, error: Exception) -> tuple[str, Headers, list[bytes]] | None:
        """Make the answer."""
        refusal = self._body.refusal
        if refusal is None:
            return None
        return error_answer(self.environ, refusal.code, refusal.detail, headers=refusal.headers)

    def on_close(self, error: BaseException | None) -> None:
        """Read the rest of a refused body."""
        if self._body.refusal is not None and error is None:
            self._body.discard()

    def _check(self) -> None:
        if self._body.refusal is not None and self._sees_chunks:  # else this is the answer
            raise BodyRefusedError(self._body.refusal)


class _Answer:
    __slots__ = ("_body", "close")

    def __init__(self, body: list[bytes], discard: Callable[[], object]) -> None:
        self._body = body
        self.close = discard

    def __len__(self) -> int:
        return len(self._body)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._body)
