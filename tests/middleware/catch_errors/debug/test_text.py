"""A failed request as plain text and as Markdown."""

from tests.middleware.catch_errors.debug.failing import fail
from wsgistack.middleware.catch_errors.debug.logs import Entry
from wsgistack.middleware.catch_errors.debug.text import write_markdown, write_text
from wsgistack.middleware.catch_errors.frames import Raised


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
