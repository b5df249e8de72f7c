"""Annotations with names that exist for a type checker only."""

import __future__

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from wsgistack import Pipeline, load
from wsgistack.cli import main
from wsgistack.errors import ConfigError
from wsgistack.options.references import Text
from wsgistack.options.schema import read_schema
from wsgistack.options.signatures import read_hints
from wsgistack.testing import Server
from wsgistack.types import Size

SOURCE = """
import logging
from functools import wraps
from typing import TYPE_CHECKING, Annotated, NotRequired, TypedDict

from wsgistack.types import Secret, Size

if TYPE_CHECKING:
    from somewhere import Body, Environ, Start, Token


def app(environ: Environ, start_response: Start) -> Body:
    start_response("200 OK", [])
    return [b"shop"]


class Application:
    def __call__(self, environ: Environ, start_response: Start) -> Body:
        return app(environ, start_response)


def make_app(greeting: Token = "") -> Body:
    return app


def make_paste_app(global_conf: Token, **options: Token) -> Body:
    return app


def is_slow(environ: Environ) -> Token:
    return True


def responder(inner: Body) -> Body:
    @wraps(inner)
    def respond(*arguments: Token) -> Body:
        return inner(*arguments)

    return respond


class Parts(TypedDict):
    size: Size
    token: Annotated[Token, Secret]
    other: NotRequired[Token | None]


class Layer:
    def __init__(
        self,
        app: Body,
        *,
        limit: Size = 1,
        level: Token = 1,
        token: Annotated[Token, Secret] = "",
        parts: Parts | None = None,
    ) -> None:
        self.app, self.limit, self.level, self.parts = app, limit, level, parts

    def __call__(self, environ: Environ, start_response: Start) -> Body:
        return self.app(environ, start_response)


def make_filter(global_conf: Token, *, limit: Size) -> Body:
    return lambda app: Layer(app, limit=limit)


class Handler(logging.StreamHandler):
    def __init__(self, token: Token = None) -> None:
        super().__init__()
"""

INI = """
[loggers]
keys = root

[handlers]
keys = own

[formatters]
keys =

[logger_root]
handlers = own

[handler_own]
class = shop.Handler
args = ("wonder",)

[pipeline:main]
pipeline = layer shop
"""


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A module that Python 3.14 imports as it is. Before, only with text in the place of the annotations."""
    module = ModuleType("shop")
    monkeypatch.setitem(sys.modules, "shop", module)
    flags = 0 if sys.version_info >= (3, 14) else __future__.annotations.compiler_flag
    exec(compile(SOURCE, "shop.py", "exec", flags, dont_inherit=True), vars(module))  # noqa: S102
    return module


def test_applications_run(shop: Any) -> None:
    for application in (shop.app, shop.Application(), shop.make_app(), shop.responder(shop.app)):
        assert Server().get(Pipeline([shop.Layer]).wrap(application)).body == b"shop"


def test_says_what_is_no_application(shop: Any) -> None:
    with pytest.raises(ConfigError, match="greeting"):
        Pipeline().wrap(shop.make_app)


def test_conditions_are_asked(shop: Any) -> None:
    layer = {"use": shop.Layer, "when": shop.is_slow}
    assert Server().get(Pipeline([layer]).wrap(shop.app)).body == b"shop"


@pytest.mark.parametrize(
    "app", ["shop:app", "shop:make_app()", "paste.app_factory:shop:make_paste_app", "call:shop:make_paste_app"]
)
@pytest.mark.parametrize("layer", ["use = shop:Layer", "paste.filter_factory = shop:make_filter"])
def test_a_file_is_right(app: str, layer: str, shop: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "site.ini"
    file.write_text(f"{INI}\n[app:shop]\nuse = {app}\n\n[filter:layer]\n{layer}\nlimit = 1k\nwhen = shop:is_slow\n")
    assert main(["check", str(file)]) == 0, capsys.readouterr().err
    assert Server().get(load(file)).body == b"shop"


def test_options_are_converted_as_far_as_they_can_be_read(shop: Any) -> None:
    options = read_schema(shop.Layer).options
    size = "a size such as 500, 64KiB or 10 MB"
    assert [options[name].type_name for name in ("limit", "level", "parts")] == [size, "anything", "a mapping or none"]
    assert [name for name, option in options.items() if option.is_secret] == ["token", "parts"]
    given = {"size": "1k", "token": "x", "other": "y"}
    layer: Any = Pipeline([{"use": shop.Layer, "parts": given, "level": Text("2"), "limit": "2k"}]).wrap(shop.app)
    assert (layer.parts, layer.level, layer.limit) == ({"size": 1000, "token": "x", "other": "y"}, 2, 2000)


def test_a_secret_stays_one(shop: Any) -> None:
    """Its mark can be read, even if its type can't."""
    given = {"token": "wonder", "parts": {"size": 1, "token": "wonder"}}
    shown = repr(Pipeline([{"use": shop.Layer, **given}]))
    assert "shop" in shown
    assert "wonder" not in shown


def test_reads_the_other_annotations_of_a_mapping(shop: Any) -> None:
    hints = read_hints(shop.Parts)
    assert hints["size"] == Size
    assert {*hints} == {"size", "token", "other"}
