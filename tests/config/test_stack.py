"""An application with its layers: loaded, and all mistakes in order."""

import pytest

from tests.config import factories
from tests.config.written import MODULE
from tests.direct import Call
from wsgistack import ConfigError, Gzip, Mistake, Pipeline, Spec, Where
from wsgistack.config.parts import Application
from wsgistack.config.stack import Stack, in_order, stand_in

PLACE = Where("stack.ini", 2, "[app:main]")


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
