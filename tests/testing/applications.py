"""Applications that the tests of the kit use."""

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from wsgistack.testing.rules import APPLICATION, SERVER
from wsgistack.testing.rules.rule import RuleBook
from wsgistack.types import App, Environ, Headers, StartResponse

__all__ = ["TEXT", "Driver", "failing", "find_broken_rules", "make_app", "make_lazy_app", "raised", "read_body"]

TEXT: Headers = [("Content-Type", "text/plain")]
Driver = Callable[[App, Environ], object]


def make_app(status: Any = "200 OK", headers: Any = None, body: Any = (b"ok",)) -> App:
    """Start with anything, and return anything."""

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response(status, TEXT if headers is None else headers)
        return body  # type: ignore[no-any-return]

    return app


def make_lazy_app(*steps: Any) -> App:
    """A generator: it yields each step, or calls it with start_response where it is a function."""

    def app(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        for step in steps:
            if callable(step):
                step(start_response)
            else:
                yield step

    return app


def failing(start_response: StartResponse) -> None:
    """Fail in the middle of :func:`make_lazy_app`."""
    raise LookupError("on purpose")


def raised() -> Any:
    """What sys.exc_info() returns while a ValueError is handled."""
    try:
        int("on purpose")
    except ValueError:
        return sys.exc_info()


def find_broken_rules(record: Any, *books: RuleBook[Any]) -> set[str]:
    """The names of the rules that a record breaks."""
    return {breach.rule for book in books or (APPLICATION, SERVER) for breach in book.breaches(record)}


def read_body(body: Iterable[bytes]) -> list[bytes]:
    """Read a body as a server does."""
    try:
        return [*body]
    finally:
        getattr(body, "close", bool)()
