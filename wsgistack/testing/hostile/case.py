"""What a hostile application is: legal, odd, named and described, with the request that brings it out."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from wsgistack.testing.request import make_environ
from wsgistack.types import App, Environ

__all__ = ["CASES", "Case", "hostile"]


@dataclass(frozen=True)
class Case:
    """A request to a hostile application.

    :param name: in snake case.
    :param description: what is odd about it, in one sentence.
    :param take: the client goes away after that many chunks; None never.
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
    """Take a WSGI application as a case: its name and docstring are the case's. Arguments as of :class:`Case`."""

    def register(app: App) -> App:
        its_name = name or app.__name__
        description = " ".join((app.__doc__ or "").split())
        CASES[its_name] = Case(its_name, description, app, method, path, headers, body, content_length, take)
        return app

    return register
