"""Exceptions as data."""

import json
import linecache
from pathlib import Path
from typing import Any, Never

import pytest

import wsgistack.pipeline
from tests.middleware.catch_errors.debug.failing import catch, describe
from wsgistack.http.redaction import Redaction
from wsgistack.middleware.catch_errors import frames
from wsgistack.middleware.catch_errors.fingerprints import find_owner
from wsgistack.middleware.catch_errors.frames import Raised, capture_error, list_scopes
from wsgistack.middleware.catch_errors.values import Values

HERE = __name__


def _divide(number: int) -> float:
    return 1 / number


def test_describes_the_frames_of_an_exception() -> None:
    raised = describe(lambda: _divide(0))
    assert (raised.number, raised.kind, raised.message, raised.inner) == (
        1,
        "ZeroDivisionError",
        "division by zero",
        [],
    )
    frame = raised.frames[-1]
    assert (frame.file, frame.function, frame.owner) == (__file__, "_divide", "application")
    [line] = [each for each in frame.lines if each.number == frame.line]
    assert line.mark is not None
    assert line.text[slice(*line.mark)] == "1 / number"
    assert frame.variables == [("number", "0")]


def test_knows_whose_code_a_frame_is() -> None:
    assert find_owner(__file__) == "application"
    assert find_owner("<template>") == "application"
    assert find_owner(json.__file__) == "library"
    assert find_owner("<frozen importlib._bootstrap>") == "library"
    assert find_owner(pytest.__file__) == "library"
    assert find_owner(wsgistack.pipeline.__file__) == "wsgistack"


def _caused() -> None:
    try:
        _divide(0)
    except ZeroDivisionError as error:
        raise ValueError("effect") from error


def _meanwhile() -> None:
    try:
        _divide(0)
    except ZeroDivisionError:
        raise ValueError("other")  # noqa: B904


def _alone() -> None:
    try:
        _divide(0)
    except ZeroDivisionError:
        raise ValueError("other") from None


def _grouped() -> None:
    raise BaseExceptionGroup("several", [catch(_caused), ExceptionGroup("deeper", [KeyError("k")])])


def tree(raised: Raised) -> Any:
    return [f"{raised.relation} {raised.kind}".strip(), *map(tree, raised.inner)]


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (_caused, ["ValueError", ["caused by ZeroDivisionError"]]),
        (_meanwhile, ["ValueError", ["while handling ZeroDivisionError"]]),
        (_alone, ["ValueError"]),
        (
            _grouped,
            [
                "ExceptionGroup",
                ["in this group ValueError", ["caused by ZeroDivisionError"]],
                ["in this group ExceptionGroup", ["in this group KeyError"]],
            ],
        ),
    ],
)
def test_describes_what_led_to_an_exception(function: Any, expected: Any) -> None:
    assert tree(describe(function)) == expected


def test_ends_at_cycles() -> None:
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__context__ = second, first
    raised = capture_error(first, Values(Redaction()))
    expected = ["ValueError", ["caused by ValueError", ["while handling exception 1, which is shown above"]]]
    assert tree(raised) == expected
    assert [each.is_new for each in raised.walk()] == [True, True, False]
    assert [*list_scopes(first)] == []


def test_shows_a_limited_number_of_exceptions() -> None:
    raised = capture_error(ExceptionGroup("many", [ValueError(number) for number in range(999)]), Values(Redaction()))
    assert len(raised.inner) == frames.MAX_ERRORS
    assert tree(raised.inner[-1]) == ["and more exceptions"]
    assert len([*list_scopes(ExceptionGroup("many", [ValueError(number) for number in range(999)]))]) == 0


def test_reads_a_chain_of_any_length() -> None:
    def nest(depth: int) -> None:
        try:
            if depth:
                nest(depth - 1)
        finally:
            raise ValueError(depth)

    raised = describe(lambda: nest(100))
    assert len([*raised.walk()]) == frames.MAX_ERRORS + 1


class Hostile(Exception):  # noqa: N818
    def __str__(self) -> Never:
        raise SystemExit

    __repr__ = __str__

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        raise RuntimeError

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError


def test_an_exception_may_be_hostile() -> None:
    raised = capture_error(Hostile(), Values(Redaction()))
    assert (raised.kind, raised.message) == (f"{HERE}.Hostile", "(its text can't be shown)")


def test_cuts_messages_and_redacts_them() -> None:
    raised = capture_error(ValueError("x" * 10**8), Values(Redaction()))
    assert len(raised.message) < 6000
    assert capture_error(ValueError("password=hunter2"), Values(Redaction())).message == "password=[redacted]"


@pytest.mark.parametrize(
    ("notes", "shown"),
    [
        (["one", "token=x", 5], ["one", "token=[redacted]", "5"]),
        (("one",), ["one"]),
        ("odd", ["'odd'"]),
        (None, []),
        (["n"] * 99, ["n"] * 20),
    ],
)
def test_shows_notes(notes: object, shown: list[str]) -> None:
    error = ValueError()
    error.__notes__ = notes  # type: ignore[assignment]
    assert capture_error(error, Values(Redaction())).notes == shown


def test_folds_recursion() -> None:
    def even(number: int) -> bool:
        return odd(number + 1)

    def odd(number: int) -> bool:
        return even(number + 1)

    raised = describe(lambda: even(0))
    assert raised.kind == "RecursionError"
    assert len(raised.frames) < 10
    [omitted] = [each.omitted for each in raised.frames if each.omitted]
    assert omitted.startswith("these 2 calls repeated ")

    def down(number: int) -> float:
        return down(number - 1) if number else _divide(number)

    [omitted] = [each.omitted for each in describe(lambda: down(50)).frames if each.omitted]
    assert omitted == "this call repeated 49 more times"


def test_leaves_out_the_middle_of_many_frames() -> None:
    source = "\n".join(f"def f{number}():\n    f{number + 1}()" for number in range(200)) + "\ndef f200():\n    1 / 0\n"
    scope: dict[str, Any] = {}
    exec(compile(source, "many.py", "exec"), scope)  # noqa: S102
    raised = describe(scope["f0"])
    assert len(raised.frames) == frames.MAX_FRAMES
    assert raised.frames[-1].function == "f200"
    assert [each.omitted for each in raised.frames if each.omitted] == ["142 frames left out"]
    assert raised.frames[-1].lines == []


def test_shows_the_line_of_a_syntax_error(tmp_path: Path) -> None:
    file = tmp_path / "broken.py"
    file.write_text("a = 1\nb = = 2\n")
    raised = describe(lambda: compile(file.read_text(), str(file), "exec"))
    assert (raised.kind, raised.message) == ("SyntaxError", "invalid syntax")
    frame = raised.frames[-1]
    assert (frame.file, frame.line, frame.function) == (str(file), 2, "(not valid)")
    assert frame.lines[1].mark == (4, 5)


@pytest.mark.parametrize(
    ("details", "texts"),
    [
        (("<gone>", 1, 3, "a b", 1, 4), ["a b"]),
        (("<gone>", 1, None, None), []),
        ((None, 1, 0, "a b"), ["a b"]),
        ((5, None, "x", 7), None),
        (("<gone>", 1, 3, "a b", 0, 99), ["a b"]),
    ],
)
def test_a_syntax_error_may_lack_its_source(details: Any, texts: list[str] | None) -> None:
    raised = capture_error(SyntaxError("odd", details), Values(Redaction()))
    assert [[line.text for line in each.lines] for each in raised.frames] == ([] if texts is None else [texts])


def test_a_syntax_error_may_have_no_text() -> None:
    error = SyntaxError()
    error.msg = Hostile()  # type: ignore[assignment]
    assert capture_error(error, Values(Redaction())).message == "(its text can't be shown)"


def test_redacts_and_cuts_source(monkeypatch: pytest.MonkeyPatch) -> None:
    text = f"def f(): return g('hunter2', 1 / 0, '{'x' * 400}')\n"
    scope: dict[str, Any] = {"g": None}
    exec(compile(text, "odd.py", "exec"), scope)  # noqa: S102
    monkeypatch.setitem(linecache.cache, "odd.py", (len(text), None, [text], "odd.py"))
    [line] = describe(scope["f"], "hunter2").frames[-1].lines
    assert "g('[redacted]', 1 / 0" in line.text
    assert len(line.text) < 400
    assert line.mark is not None
    assert line.text[slice(*line.mark)] == "1 / 0"
    [line] = describe(scope["f"], "hunter2', 1").frames[-1].lines
    assert line.mark is None
    assert "hunter2" not in line.text


def test_shows_a_limited_number_of_variables() -> None:
    scope: dict[str, Any] = {}
    names = "\n".join(f"    a{number} = {number}" for number in range(60))
    exec(f"def f():\n    __hidden__ = 1\n{names}\n    1 / 0\n", scope)  # noqa: S102
    variables = describe(scope["f"]).frames[-1].variables
    assert variables[0] == ("a0", "0")
    assert variables[-1] == ("…", "20 more")


def test_leaves_out_what_makes_the_page_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "MAX_SIZE", 100)
    raised = describe(_caused)
    assert raised.frames[-1].lines == []
    assert raised.inner[0].frames[-1].variables == [("…", "left out, because the page is long enough")]
