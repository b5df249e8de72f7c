"""The cases about the start of a response do what their names say."""

import pytest

from tests.testing.hostile.catalogue import of, run_case_of
from wsgistack.testing.hostile import starts


@pytest.mark.parametrize("name", [name for name in of(starts) if name.startswith("starts_late")])
def test_a_late_start_comes_after_the_application_has_returned(name: str) -> None:
    record = run_case_of(name)
    returned, start = record.first("return"), record.first("start")
    assert returned is not None
    assert start is None or start.at > returned.at
    assert (start is None) == (name == "starts_late_and_is_never_read")


@pytest.mark.parametrize("name", [name for name in of(starts) if name.startswith("writes")])
def test_written_data_comes_before_the_chunks(name: str) -> None:
    record = run_case_of(name)
    kinds = [event.kind for event in record.all("write", "chunk")]
    assert "write" in kinds
    assert kinds == sorted(kinds, reverse=True)


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("restarts_before_the_first_byte", "500 Internal Server Error"),
        ("restarts_after_an_empty_chunk", "503 Service Unavailable"),
        ("starts_with_exc_info_at_once", "500 Internal Server Error"),
        ("restarts_twice", "500 Internal Server Error"),
    ],
)
def test_a_restart_in_time_replaces_the_response(name: str, status: str) -> None:
    record = run_case_of(name)
    assert record.starts[-1].exc_info
    assert (record.status, record.body) == (status, b"sorry")
    assert "X-Stale" not in dict(record.headers)


@pytest.mark.parametrize("name", ["restarts_after_the_first_byte", "restarts_after_a_write"])
def test_a_restart_too_late_fails(name: str) -> None:
    record = run_case_of(name)
    assert isinstance(record.error, ValueError)
    assert record.error is record.starts[-1].raised
    assert (record.status, record.body) == ("200 OK", b"half a page")


def test_starts_in_iter() -> None:
    record = run_case_of("starts_in_iter")
    assert [event.kind for event in record.events[:4]] == ["call", "return", "iterate", "start"]


def test_reuses_one_list_for_all_requests() -> None:
    one, other = (run_case_of("reuses_its_list_of_headers").starts[0].headers for _ in range(2))
    assert one is other
    assert run_case_of("gives_none_as_exc_info").starts[0].arguments[2] is None
