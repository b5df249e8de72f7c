"""A case: a hostile application, which is legal, and the request that is sent to it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from wsgistack.testing.request import make_environ
from wsgistack.types import App, Environ

__all__ = ["CASES", "LONG", "TEXT", "Case", "hostile"]

TEXT = ("Content-Type", "text/plain")
LONG = b"All work and no play makes a dull page. " * 100


@dataclass(frozen=True)
class Case:
    """A request to a hostile application.

    :param name: in snake case.
    :param description: what is special about it, in one sentence.
    :param take: the client disconnects after that many chunks; None is never.
    """

    name: str
    description: str
    app: App
    method: str = "GET"
    path: str = "/"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    content_length: bool = True
    take: int | None = None

    def environ(self, more: Iterable[tuple[str, str]] = ()) -> Environ:
        """Make the environ of the request.

        :param more: headers that the client sends as well.
        """
        headers = (*self.headers, *more)
        return make_environ(self.method, self.path, headers=headers, body=self.body, content_length=self.content_length)


CASES: dict[str, Case] = {}


def hostile(
    *,
    method: str = "GET",
    path: str = "/",
    headers: tuple[tuple[str, str], ...] = (),
    body: bytes = b"",
    content_length: bool = True,
    take: int | None = None,
    name: str = "",
) -> Callable[[App], App]:
    """Register a WSGI application as a case, with its name and docstring. The arguments are those of :class:`Case`."""

    def register(app: App) -> App:
        its_name = name or app.__name__
        description = " ".join((app.__doc__ or "").split())
        CASES[its_name] = Case(its_name, description, app, method, path, headers, body, content_length, take)
        return app

    return register
