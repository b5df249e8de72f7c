"""What a configuration describes: loading the application, and all mistakes in their order."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.config import factories
from tests.config.written import MODULE
from tests.direct import Call
from tests.strangers import install
from wsgistack import ConfigError, Gzip, Mistake, Pipeline, Spec, Where
from wsgistack.config.parts import Application
from wsgistack.config.stack import Stack, in_order
from wsgistack.types import Environ, StartResponse

PLACE = Where("stack.ini", 2, "[app:main]")


class View:
    """An application that is a class, called for each request."""

    def __init__(self, environ: Environ, start_response: StartResponse) -> None:
        start_response("200 OK", [("Content-Type", "text/plain")])

    def __iter__(self) -> Any:
        return iter([b"view"])


class Bound:
    def __call__(self, environ: Environ, start_response: StartResponse) -> Any:
        return View(environ, start_response)

    method = __call__


bound = Bound()
half_done = partial(lambda word, environ, start_response: View(environ, start_response), "word")


@pytest.mark.parametrize("name", ["View", "bound", "bound.method", "half_done"])
def test_takes_whatever_answers_as_an_application(name: str) -> None:
    app = Application(f"{__name__}:{name}").load()
    assert Call(app).read() == b"view"


def test_takes_a_callable_that_tells_no_signature() -> None:
    assert Application("builtins:type").load() is type  # type: ignore[comparison-overlap]


def test_calls_a_factory(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(folder, monkeypatch, "acme-stack", f"[paste.app_factory]\nmain = {MODULE}:make_app\n")
    for use in (f"call:{MODULE}:make_app", "egg:acme-stack"):
        app = Application(use, {"level": "5"}, {"site": "s"}).load()
        assert Call(app).read() == b'{"global": {"site": "s"}, "marks": null, "options": {"level": "5"}}'


@pytest.mark.parametrize(
    ("use", "options", "said"),
    [
        pytest.param("qqqqq:app", {}, "2: [app:main]: no module 'qqqqq'", id="no module"),
        pytest.param("call:qqqqq", {}, "2: [app:main]: 'qqqqq' is no import string; expected package", id="no factory"),
        pytest.param("egg:qqqqq", {}, "2: [app:main]: no distribution 'qqqqq' is installed", id="no egg"),
        pytest.param(
            "json:__name__", {}, "2: [app:main]: 'json:__name__' is of type str; expected a callable", id="str"
        ),
        pytest.param(
            f"{MODULE}:make_app",
            {},
            f"2: [app:main]: found '{MODULE}:make_app'; expected a WSGI application, which takes environ and "
            f"start_response; for a factory, use = call:{MODULE}:make_app",
            id="factory for an application",
        ),
        pytest.param(
            f"{MODULE}:greet",
            {"level": "5"},
            "7: [app:x] level: the application itself takes no options; for a factory that takes options, use = call:",
            id="options for an application",
        ),
        pytest.param(
            f"call:{MODULE}:make_nothing",
            {},
            f"2: [app:main]: call:{MODULE}:make_nothing makes something of type int; expected a WSGI application",
            id="factory of nothing",
        ),
        pytest.param(
            f"call:{MODULE}:fail_to_make",
            {},
            f"2: [app:main]: call:{MODULE}:fail_to_make fails: RuntimeError: the database is away",
            id="factory that fails",
        ),
        pytest.param(
            f"call:{MODULE}:make_nothing",
            {"level": "5"},
            "7: [app:x] level: no such option of call:",
            id="option that a factory does not take",
        ),
    ],
)
def test_says_why_there_is_no_application(use: str, options: dict[str, object], said: str) -> None:
    places = {"level": Where("stack.ini", 7, "[app:x]")}
    with pytest.raises(ConfigError) as caught:
        Application(use, options, where=PLACE, places=places).load()
    assert str(caught.value).startswith(f"stack.ini:{said}")


def test_wraps_the_application() -> None:
    app = Stack(Application(f"{MODULE}:greet"), Pipeline(["gzip"])).build()
    assert isinstance(app, Gzip)
    assert app.app is factories.greet


def test_finds_the_mistakes_of_both_and_those_found_before() -> None:
    late = Mistake("late", where=Where("stack.ini", 9))
    stack = Stack(
        Application("qqqqq:app", where=PLACE),
        Pipeline([Spec("gzpi", where=Where("stack.ini", 5)), Spec("gzip", where=Where("stack.ini", 1))]),
        (late, late),
    )
    with pytest.raises(ConfigError) as caught:
        stack.build()
    assert [each.where.line for each in caught.value.mistakes] == [2, 5, 9]


def test_checks_layers_where_there_is_no_application() -> None:
    # a layer that asks the application while it is built must not add a mistake that is none
    missing = Mistake("no application")
    with pytest.raises(ConfigError) as caught:
        Stack(None, Pipeline([factories.warming, "gzpi"]), (missing,)).build()
    assert [each.problem for each in caught.value.mistakes] == ["no application", "no layer 'gzpi'"]


def test_sorts_mistakes_by_place_and_tells_each_once() -> None:
    first, second = Mistake("x", where=Where("a", 1)), Mistake("x", where=Where("a", 2))
    assert in_order([second, first, second]) == [first, second]
    assert in_order([]) == []


def test_shows_no_options_of_the_application() -> None:
    stack = Stack(Application("a:b", {"password": "hidden"}, {"password": "hidden"}), Pipeline())
    assert "a:b" in repr(stack)
    assert "hidden" not in repr(stack)
