"""Tests of the base of every layer: it behaves like the wrapped application, and its repr hides secrets."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, NewType

import pytest

from wsgistack import Middleware, editing
from wsgistack.http import headers as h
from wsgistack.testing import Server
from wsgistack.types import App, Environ, Headers, Secret, StartResponse

if TYPE_CHECKING:
    from decimal import Decimal


class Powered(Middleware):
    def __init__(self, app: App, /, *, by: str = "coffee", cups: int = 1) -> None:
        super().__init__(app)
        self.by = by
        self.cups = cups
        self._brewed = True

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        def edit(status: str, headers: Headers) -> tuple[str, Headers]:
            return status, h.replace(headers, "X-Powered-By", self.by)

        return self.app(environ, editing(start_response, edit))


class Forgetful(Middleware):
    def __init__(self, app: App, /, *, size: int, colour: str = "red") -> None:
        super().__init__(app)
        self.size = size


class Signed(Middleware):
    def __init__(
        self, app: App, /, *, key: Annotated[str, Secret], spare: Annotated[str | None, Secret] = None
    ) -> None:
        super().__init__(app)
        self.key = key
        self.spare = spare


Key = NewType("Key", Annotated[str, Secret])


class Renamed(Middleware):
    def __init__(self, app: App, /, *, key: Key) -> None:
        super().__init__(app)
        self.key = key


class Quoted(Middleware):
    def __init__(self, app: App, /, *, key: "Annotated[str, Secret]") -> None:
        super().__init__(app)
        self.key = key


class Unresolved(Middleware):
    def __init__(self, app: App, /, *, price: "Decimal | None" = None, key: "Annotated[str, Secret]") -> None:
        super().__init__(app)
        self.price = price
        self.key = key


class Application:
    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"hello"]

    def __repr__(self) -> str:
        return "app"


def test_changes_nothing_by_itself() -> None:
    record = Server().get(Middleware(Application()))
    assert (record.status, record.headers, record.body) == ("200 OK", [("Content-Type", "text/plain")], b"hello")


def test_a_subclass_of_ten_lines_is_a_layer() -> None:
    record = Server().get(Powered(Application(), by="tea"))
    assert h.get(record.headers, "x-powered-by") == "tea"


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        pytest.param(Middleware(Application()), "Middleware(app)", id="without options"),
        pytest.param(Powered(Application()), "Powered(app)", id="with defaults"),
        pytest.param(Powered(Application(), by="tea"), "Powered(app, by='tea')", id="with an option"),
        pytest.param(
            Powered(Powered(Application(), cups=2), by="tea"), "Powered(Powered(app, cups=2), by='tea')", id="nested"
        ),
        pytest.param(Forgetful(Application(), size=3), "Forgetful(app, size=3)", id="an option that is not kept"),
        pytest.param(Signed(Application(), key="hush"), "Signed(app, key=<secret>)", id="a secret"),
        pytest.param(
            Signed(Application(), key="hush", spare="too"),
            "Signed(app, key=<secret>, spare=<secret>)",
            id="two secrets",
        ),
        pytest.param(
            Renamed(Application(), key=Key("hush")), "Renamed(app, key=<secret>)", id="a secret, by a new type"
        ),
        pytest.param(Quoted(Application(), key="hush"), "Quoted(app, key=<secret>)", id="a secret, as text"),
        pytest.param(
            Unresolved(Application(), key="hush"),
            "Unresolved(app, key=<secret>)",
            id="next to an annotation that is not imported",
        ),
    ],
)
def test_shows_the_options_that_are_not_defaults(layer: Middleware, expected: str) -> None:
    assert repr(layer) == expected
