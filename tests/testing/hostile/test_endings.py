"""The cases about endings do what their names say."""

import pytest

from tests.testing.hostile.catalogue import run_case_of
from wsgistack.testing.hostile import CASES

RAISES: dict[str, tuple[type[BaseException], str, bytes]] = {
    "raises_before_the_start": (LookupError, "", b""),
    "raises_after_the_start": (LookupError, "200 OK", b""),
    "raises_after_a_write": (LookupError, "200 OK", b"half "),
    "raises_at_the_first_next": (LookupError, "", b""),
    "raises_before_the_first_byte": (LookupError, "200 OK", b""),
    "raises_in_the_middle": (LookupError, "200 OK", b"half a page"),
    "raises_in_iter": (LookupError, "200 OK", b""),
    "raises_in_close": (LookupError, "200 OK", b"ab"),
    "raises_in_close_when_the_client_is_gone": (LookupError, "200 OK", b"a"),
    "exits_in_the_call": (SystemExit, "", b""),
    "is_interrupted_in_the_middle": (KeyboardInterrupt, "200 OK", b"half a page"),
    "raises_an_unprintable_error": (Exception, "", b""),
    "raises_a_group": (ExceptionGroup, "", b""),
}


@pytest.mark.parametrize("name", RAISES)
def test_raises_at_the_moment_of_its_name(name: str) -> None:
    record = run_case_of(name)
    kind, status, body = RAISES[name]
    assert isinstance(record.error, kind)
    assert (record.status, record.body) == (status, body)


def test_raises_errors_that_are_hard_to_show() -> None:
    with pytest.raises(ValueError, match="cannot be shown"):
        str(run_case_of("raises_an_unprintable_error").error)
    group = run_case_of("raises_a_group").error
    assert isinstance(group, ExceptionGroup)
    assert isinstance(group.__cause__, OSError)


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("has_to_be_closed")])
def test_has_to_be_closed_however_much_is_read(name: str) -> None:
    record = run_case_of(name)
    taken = {"unread": 0, "one_chunk": 1, "its_end": 3, "head": 0}
    expected = next((count for end, count in taken.items() if name.endswith(end)), 2)
    assert len(record.chunks) == expected
    assert len(record.all("close")) == 1
    assert not hasattr(iter(record.returned), "close")  # type: ignore[call-overload]


def test_leaves_a_list_unread() -> None:
    record = run_case_of("is_a_list_that_nobody_reads")
    assert (record.returned, record.chunks) == ([b"a" * 1000], [])
    assert [event.kind for event in record.events] == ["call", "start", "return", "iterate", "abort"]
