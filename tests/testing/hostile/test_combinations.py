"""Applications that are odd in two ways: what a server sees of each, and layers that only such a pair finds out."""

from collections.abc import Iterable, Iterator

import pytest

from tests.testing.hostile.catalogue import of, run_case_of
from wsgistack.testing import Judge
from wsgistack.testing.hostile import combinations
from wsgistack.testing.hostile.case import LONG
from wsgistack.types import App, Changes, Environ, ExcInfo, Headers, StartResponse, Write

OK, FAILED = "200 OK", "500 Internal Server Error"
SEEN: dict[str, tuple[str, list[bytes], list[str]]] = {
    "gives_one_empty_chunk_of_unknown_length": (OK, [b""], []),
    "gives_a_list_of_unknown_length": (OK, [LONG, b"", LONG], []),
    "starts_late_with_a_length": (OK, [LONG], []),
    "starts_late_with_a_sized_body": (OK, [LONG], []),
    "raises_in_a_sized_body": (OK, [], ["LookupError"]),
    "writes_in_pieces_with_a_content_length": (OK, [LONG, LONG, b""], []),
    "writes_and_is_never_read": (OK, [LONG], []),
    "writes_and_loses_its_client": (OK, [LONG, LONG], []),
    "restarts_and_writes_by_the_first_start": (FAILED, [b"sorry"], []),
    "restarts_and_loses_its_client": (FAILED, [b"sorry"], []),
    "raises_a_false_error": (OK, [b""], ["_FalseError"]),
    "exits_at_the_first_next": ("", [], ["SystemExit"]),
    "raises_in_the_middle_and_in_close": (OK, [b"half a page"], ["LookupError", "OSError"]),
    "raises_at_the_first_next_and_in_close": ("", [], ["LookupError", "OSError"]),
    "gives_a_file_that_nobody_reads": (OK, [], []),
    "gives_a_file_and_loses_its_client": (OK, [LONG[:1024]], []),
    "gives_a_file_of_unknown_length_that_nobody_reads": (OK, [], []),
    "gives_a_file_of_unknown_length_and_loses_its_client": (OK, [LONG[:1024]], []),
    "answers_head_and_starts_late": (OK, [], []),
    "answers_head_and_writes": (OK, [b"", b""], []),
    "answers_head_and_restarts": (FAILED, [b""], []),
    "answers_head_and_raises": ("", [], ["LookupError"]),
    "answers_head_and_raises_late": (OK, [b""], ["LookupError"]),
}


@pytest.mark.parametrize("name", of(combinations))
def test_has_the_status_chunks_and_exceptions_of_its_name(name: str) -> None:
    record = run_case_of(name)
    raised = [type(event.value).__name__ for event in record.all("raise")]
    assert (record.status, record.chunks, raised) == SEEN[name]


def test_a_false_error_can_not_be_shown() -> None:
    error = run_case_of("raises_a_false_error").error
    assert error is not None
    assert not error
    with pytest.raises(RuntimeError, match=r"^str\(\) fails$"):
        str(error)


def raising_at_the_end(app: App) -> App:
    """Asks whether there was an error by its truth."""

    def layer(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        error = None
        try:
            yield from app(environ, start_response)
        except Exception as caught:
            error = caught
        if error:
            raise error

    return layer


def answering_with_a_body(app: App) -> App:
    """Answers errors, and forgets that HEAD has no body."""

    def layer(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        try:
            return app(environ, start_response)
        except Exception:
            start_response(FAILED, [("Content-Type", "text/plain")])
            return [b"sorry"]

    return layer


def forgetting_what_is_written(app: App) -> App:
    """Holds back what is written until the application returns, and starts again with each start."""

    def layer(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        held: list[bytes] = []

        def start(status: str, headers: Headers, exc_info: ExcInfo | None = None) -> Write:
            nonlocal held
            start_response(status, headers, exc_info)
            held = []
            return held.append

        body = app(environ, start)
        return [*held, *body]

    return layer


@pytest.mark.parametrize(
    ("layer", "changes", "passed", "failed", "rule"),
    [
        pytest.param(
            raising_at_the_end,
            Changes(wraps=True),
            "raises_before_the_first_byte",
            "raises_a_false_error",
            "passes_exceptions",
            id="an error and its truth",
        ),
        pytest.param(
            answering_with_a_body,
            Changes(errors=True, body=True),
            "raises_before_the_start",
            "answers_head_and_raises",
            "has_no_body_where_http_has_none",
            id="an error and HEAD",
        ),
        pytest.param(
            forgetting_what_is_written,
            Changes(wraps=True),
            "restarts_before_the_first_byte",
            "restarts_and_writes_by_the_first_start",
            "keeps_the_bytes",
            id="a restart and write()",
        ),
    ],
)
def test_finds_a_mistake_that_only_a_combination_shows(
    layer: object, changes: Changes, passed: str, failed: str, rule: str
) -> None:
    assert callable(layer)
    judge = Judge(layer, changes=changes)
    assert rule not in [breach.rule for breach in judge.judge(passed).breaches]
    assert rule in [breach.rule for breach in judge.judge(failed).breaches]
