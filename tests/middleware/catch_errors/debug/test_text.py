"""A failed request as plain text and as Markdown."""

from tests.middleware.catch_errors.debug.failing import catch, describe, fail
from wsgistack.middleware.catch_errors.debug.frames import Raised
from wsgistack.middleware.catch_errors.debug.logs import Entry
from wsgistack.middleware.catch_errors.debug.text import write_markdown, write_text, write_traceback


def _divide(number: int) -> float:
    return 1 / number + 2


def _caused() -> None:
    try:
        _divide(0)
    except ZeroDivisionError as error:
        raise ValueError("effect") from error


def test_writes_a_traceback_as_python_does() -> None:
    lines = write_traceback(describe(_caused)).splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    place = lines.index("ZeroDivisionError: division by zero")
    assert lines[place - 3 : place] == [
        f'  File "{__file__}", line {_divide.__code__.co_firstlineno + 1}, in _divide',
        "    return 1 / number + 2",
        "           ^^^^^^^^^^",
    ]
    assert lines[place + 2] == "The above exception was the direct cause of the following exception:"
    assert lines[-1] == "ValueError: effect"


def test_writes_groups_notes_and_what_is_left_out() -> None:
    def down(number: int) -> float:
        return down(number - 1) if number else 1 / 0

    def group() -> None:
        error = catch(lambda: down(9))
        error.add_note("a note")
        raise BaseExceptionGroup("several", [error, KeyError()])

    text = write_traceback(describe(group))
    assert "\n  +- 1 of 2\n" in text
    assert "\n  +- 2 of 2\n  | KeyError" in text
    assert "\n  | a note\n" in text
    assert "  |   [this call repeated 8 more times]" in text


def test_writes_what_is_known_as_text() -> None:
    failure = fail(HTTP_ACCEPT="*/*", **{"wsgistack.request_id": "id-1"})
    failure = failure._replace(
        records=[Entry("00:00", "INFO", "shop", "hello")],
        request=failure.request._replace(form=[("name", "'ann'")]),
        stages=[failure.stages[0]._replace(is_failing=True)],
    )
    text = write_text(failure)
    for part in ("ValueError: no such", "GET / HTTP/1.0", "Accept: */*", "name: 'ann'", "id-1", "<-- failed", "INFO"):
        assert part in text
    assert "Log" not in write_text(failure._replace(records=[]))


def test_text_in_markdown_stays_text() -> None:
    failure = fail()
    error = Raised(1, "Odd", "*a* `b` <b>\n````\n# c")
    text = write_markdown(failure._replace(error=error))
    assert text.startswith("## Odd: \\*a\\* \\`b\\` \\<b\\>")
    assert "`````pytb\nOdd: *a* `b` <b>\n````\n# c\n`````" in text
    assert "### Request\n\n```\nGET / HTTP/1.0" in text
