"""A context variable that is set while an application works, and never between two chunks."""

from collections.abc import Iterable, Iterator
from contextvars import ContextVar, copy_context
from typing import Any, TypeVar

from wsgistack.exchange import body_is_inert
from wsgistack.exchange.lengths import keep_length
from wsgistack.types import App, Environ, StartResponse

__all__ = ["call_in_context"]

T = TypeVar("T")
_NOTHING: Iterable[bytes] = ()
_END = bytes(bytearray(b"end"))  # a separate object, and so no chunk


def call_in_context(
    variable: ContextVar[T], value: T, app: App, environ: Environ, start_response: StartResponse, /
) -> Iterable[bytes]:
    """Call an application with a context variable set, and set it again for each chunk and for ``close()``.

    Between these steps the variable has its old value, because a server may serve other requests in the same thread. A
    body that runs no code is returned untouched.
    """
    token = variable.set(value)
    try:
        body = app(environ, start_response)
    finally:
        variable.reset(token)
    if type(body) is list or body_is_inert(body, environ):
        return body
    return keep_length(body, _InContext(variable, value, body))


class _InContext:
    """A body whose steps run with a context variable set."""

    __slots__ = ("_body", "_value", "_variable")

    def __init__(self, variable: ContextVar[Any], value: object, body: Iterable[bytes]) -> None:
        self._variable = variable
        self._value = value
        self._body = body

    def __del__(self) -> None:
        # Some servers drop a body without close(). A generator of the application ends here then, and may log. This
        # needs a copy of the context: CPython 3.11 may collect garbage while it changes a context, and would crash.
        if self._body is not _NOTHING:
            copy_context().run(self._drop)

    def _drop(self) -> None:
        self._variable.set(self._value)
        self._body = _NOTHING

    def __iter__(self) -> Iterator[bytes]:
        set_value, reset, value = self._variable.set, self._variable.reset, self._value
        chunks: Iterator[bytes] | None = None
        while True:
            token = set_value(value)
            try:
                if chunks is None:
                    chunks = iter(self._body)
                chunk = next(chunks, _END)
            finally:
                reset(token)
            if chunk is _END:
                return
            try:
                yield chunk
            except GeneratorExit:
                chunks = None  # so that __del__ drops the last reference
                raise

    def close(self) -> None:
        close = getattr(self._body, "close", None)
        self._body = _NOTHING
        if close is not None:
            token = self._variable.set(self._value)
            try:
                close()
            finally:
                self._variable.reset(token)
