"""Applications and servers as they are configured: found and made, and the mistakes of wrong ones."""

import traceback
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.config import factories
from tests.config.written import MODULE
from tests.direct import Call
from tests.strangers import install
from wsgistack import ConfigError, Gzip, Mistake, Pipeline, Spec, Where
from wsgistack.config.parts import Application, ServerSection, Stack, in_order, stand_in
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
def test_accepts_any_wsgi_application(name: str) -> None:
    app = Application(f"{__name__}:{name}").load()
    assert Call(app).read() == b"view"


def test_accepts_a_callable_without_signature() -> None:
    assert Application("builtins:type").load() is type  # type: ignore[comparison-overlap]


def test_calls_a_factory(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(folder, monkeypatch, "acme-stack", f"[paste.app_factory]\nmain = {MODULE}:make_app\n")
    for use in (f"call:{MODULE}:make_app", "egg:acme-stack"):
        app = Application(use, {"level": "5"}, {"site": "s"}).load()
        assert Call(app).read() == b'{"global": {"site": "s"}, "marks": null, "options": {"level": "5"}}'


@pytest.mark.parametrize(
    ("use", "options", "said"),
    [
        pytest.param(
            "qqqqq:app",
            {},
            "2: [app:main]: cannot import module 'qqqqq'; install it, or put it into the folder of the configuration",
            id="no module",
        ),
        pytest.param(
            "call:qqqqq", {}, "2: [app:main]: 'qqqqq' is not an import string; expected package", id="no factory"
        ),
        pytest.param("egg:qqqqq", {}, "2: [app:main]: distribution 'qqqqq' is not installed", id="no egg"),
        pytest.param(
            "json:__name__",
            {},
            "2: [app:main]: 'json:__name__' is a value of type str; expected a WSGI application",
            id="str",
        ),
        pytest.param(
            f"{MODULE}:make_app",
            {},
            f"2: [app:main]: '{MODULE}:make_app' is a factory for PasteDeploy, which takes global_conf; expected "
            f"a WSGI application; to call it, write call:{MODULE}:make_app",
            id="factory for an application",
        ),
        pytest.param(
            f"{MODULE}:greet",
            {"level": "5"},
            f"7: [app:x] level: '{MODULE}:greet' is a WSGI application, which takes no options; remove this setting",
            id="options for an application",
        ),
        pytest.param(
            f"call:{MODULE}:make_nothing",
            {},
            f"2: [app:main]: call:{MODULE}:make_nothing returns a value of type int; expected a WSGI application",
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
            "7: [app:x] level: unknown option of call:",
            id="option that a factory does not take",
        ),
    ],
)
def test_reports_a_wrong_application(use: str, options: dict[str, object], said: str) -> None:
    places = {"level": Where("stack.ini", 7, "[app:x]")}
    with pytest.raises(ConfigError) as caught:
        Application(use, options, where=PLACE, places=places).load()
    assert str(caught.value).startswith(f"stack.ini:{said}")


@pytest.mark.parametrize("kind", ["option", "global value", "file", "secret option", "composite", "server"])
def test_shows_no_secret_of_a_failing_factory(kind: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUSH", "hushed")
    (folder / "hush").write_text("hushed")
    secret = {"key": "${file:hush}" if kind == "file" else "${env:HUSH}"}
    tell_all = f"call:{MODULE}:tell_all"
    composite = f"paste.composite_factory:{MODULE}:tell_all"
    parts: dict[str, Application | ServerSection] = {
        "option": Application(tell_all, secret),
        "global value": Application(tell_all, {}, secret),
        "file": Application(tell_all, secret, secret | {"here": str(folder)}, Where("stack.ini")),
        "secret option": Application(f"call:{MODULE}:make_secret", {"key": "hushed"}),
        "composite": Application(composite, secret, secret),
        "server": ServerSection(tell_all, secret, secret),
    }
    part = parts[kind]
    with pytest.raises(ConfigError) as caught:
        part.load() if isinstance(part, Application) else part.run(factories.greet)
    shown = [repr(part), str(caught.value), repr(caught.value), *traceback.format_exception(caught.value)]
    assert "hushed" not in "".join(shown)
    assert " fails: RuntimeError (" in shown[1]
    assert shown[1].endswith("; the text of the error is left out, because it may hold a secret")


def test_references_are_relative_to_the_file_of_the_option(folder: Path) -> None:
    for name in ("a", "b"):
        (folder / name).mkdir()
        (folder / name / "word").write_text(f"{name}'s\n")
    places = {"far": Where("b/stack.ini", 1), "near": Where("a/stack.ini", 1)}
    options = dict.fromkeys(["far", "near", "own"], "${file:word}")
    app = Application(f"call:{MODULE}:make_app", options, where=Where("a/stack.ini"), places=places).load()
    assert b'{"far": "b\'s", "near": "a\'s", "own": "a\'s"}' in Call(app).read()


def test_reports_wrong_options_and_references_together() -> None:
    places = {"prot": PLACE._replace(line=3), "port": PLACE._replace(line=4)}
    options = {"prot": "1", "port": "${env:XYZZY_PORT}"}
    (one, two) = ServerSection(f"call:{MODULE}:make_server", options, where=PLACE, places=places).check()
    assert str(one).startswith("stack.ini:3: [app:main] prot: unknown option of call:")
    assert str(two).startswith("stack.ini:4: [app:main] port: environment variable XYZZY_PORT is not set")


def test_checks_a_server_without_starting_it() -> None:
    assert ServerSection(f"call:{MODULE}:fail_to_make").check() == []
    (mistake,) = ServerSection("egg:wsgistack#mian", where=PLACE, key="use").check()
    assert str(mistake).startswith("stack.ini:2: [app:main] use: wsgistack has no entry point 'mian' in paste.server_f")
    with pytest.raises(ConfigError) as caught:
        ServerSection("egg:wsgistack#mian", where=PLACE, key="use").run(factories.greet)
    assert caught.value.mistakes == (mistake,)


def test_adds_the_place_to_a_mistake_of_a_factory(monkeypatch: pytest.MonkeyPatch) -> None:
    def mistaken(place: Where) -> str:
        def fail(global_conf: object) -> Any:
            raise ConfigError(Mistake("is bad", where=place))

        monkeypatch.setattr(factories, "fail_to_make", fail)
        with pytest.raises(ConfigError) as caught:
            Application(f"call:{MODULE}:fail_to_make", where=PLACE, key="use").load()
        return str(caught.value)

    assert mistaken(Where()) == "stack.ini:2: [app:main] use: is bad"
    assert mistaken(Where(section="layer 1 (gzip)")) == "stack.ini:2: [app:main] layer 1 (gzip): is bad"
    assert mistaken(Where("other.ini", 5, "[x]")) == "other.ini:5: [x]: is bad"


def test_more_options_override_its_own() -> None:
    base = Application("a:b", {"a": 1, "b": 1}, {"c": "1", "d": "1"}, PLACE, places={"a": PLACE})
    other = PLACE._replace(line=9)
    over = base.over({"b": 2}, {"b": other}, {"d": "2"})
    assert over == Application("a:b", {"a": 1, "b": 2}, {"c": "1", "d": "2"})
    assert over.places == {"a": PLACE, "b": other}


def leave(*arguments: Any) -> Any:
    raise SystemExit("no more")


@pytest.mark.parametrize("protocol", ["paste.app_factory", "paste.composite_factory"])
def test_reports_a_factory_that_ends_the_process(protocol: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Application(f"{protocol}:{__name__}:leave", where=PLACE).load()
    said = f"stack.ini:2: [app:main]: {protocol}:{__name__}:leave fails: SystemExit: no more ("
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize("protocol", ["paste.server_factory", "paste.server_runner"])
def test_lets_a_server_end_the_process(protocol: str) -> None:
    with pytest.raises(SystemExit):
        ServerSection(f"{protocol}:{__name__}:leave", where=PLACE).run(factories.greet)


def test_adds_the_line_to_a_mistake_with_a_file(folder: Path) -> None:
    places = {"port": Where("stack.ini", 4, "[server:main]")}
    server = ServerSection(
        "egg:wsgistack", {"port": "x"}, {"__file__": str(folder / "stack.ini")}, PLACE, places=places
    )
    with pytest.raises(ConfigError) as caught:
        server.run(factories.greet)
    assert str(caught.value) == "stack.ini:4: [server:main] port: not a valid port; expected 0 to 65535"


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


def test_checks_layers_without_an_application() -> None:
    # a layer that asks the application while it is built must not add a mistake that is none
    missing = Mistake("no application")
    with pytest.raises(ConfigError) as caught:
        Stack(None, Pipeline([factories.warming, "gzpi"]), (missing,)).build()
    assert [each.problem for each in caught.value.mistakes] == ["no application", "unknown layer 'gzpi'"]


def test_sorts_mistakes_by_place_without_duplicates() -> None:
    first, second = Mistake("x", where=Where("a", 1)), Mistake("x", where=Where("a", 2))
    assert in_order([second, first, second]) == [first, second]
    assert in_order([]) == []


def test_shows_no_options_of_the_application() -> None:
    stack = Stack(Application("a:b", {"password": "hidden"}, {"password": "hidden"}), Pipeline())
    assert "a:b" in repr(stack)
    assert "hidden" not in repr(stack)


def test_keeps_the_cause_of_a_failure() -> None:
    for stack in (
        Stack(Application(f"call:{MODULE}:fail_to_make")),
        Stack(Application(f"{MODULE}:greet"), Pipeline([factories.failing, "gzpi"])),
    ):
        with pytest.raises(ConfigError, match="the database is away") as caught:
            stack.build()
        assert isinstance(caught.value.__cause__, RuntimeError)


def test_is_around_another_one() -> None:
    inner = Stack(Application("a:b"), Pipeline(["gzip"]), (Mistake("inner"),))
    outer = Stack(pipeline=Pipeline(["request_id"]), mistakes=(Mistake("outer"),))
    assert outer.around(inner) == Stack(
        inner.application, Pipeline(["request_id", "gzip"]), (Mistake("outer"), Mistake("inner"))
    )


def test_reports_missing_options_of_layers() -> None:
    stack = Stack(Application("a:b"), Pipeline([Spec(factories.marking, where=PLACE), "gzip"])).fitted()
    assert [str(each) for each in stack.mistakes] == [
        "stack.ini:2: [app:main] mark: missing option of marking; expected text"
    ]
    assert stack.pipeline == Pipeline(["gzip"])


def test_the_replacement_answers_503() -> None:
    assert Call(stand_in).status == "503 Service Unavailable"
