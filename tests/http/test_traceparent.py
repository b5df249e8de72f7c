"""The traceparent header of W3C Trace Context."""

import pytest

from wsgistack.http.traceparent import find_trace_id, make_traceparent, read_trace_id

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(f"00-{TRACE}-{PARENT}-01", TRACE, id="level 1"),
        pytest.param(f"00-{TRACE}-{PARENT}-03", TRACE, id="level 2, random"),
        pytest.param(f"cc-{TRACE}-{PARENT}-01-what-comes", TRACE, id="later version"),
        pytest.param(f"00-{TRACE}-{PARENT}-01-more", None, id="more than level 1 allows"),
        pytest.param(f"ff-{TRACE}-{PARENT}-01", None, id="forbidden version"),
        pytest.param(f"00-{'0' * 32}-{PARENT}-01", None, id="no trace"),
        pytest.param(f"00-{TRACE}-{'0' * 16}-01", None, id="no parent"),
        pytest.param(f"00-{TRACE.upper()}-{PARENT}-01", None, id="upper case"),
        pytest.param(f"00-{TRACE}-{PARENT}-01\n", None, id="line break"),
        pytest.param("", None, id="empty"),
        pytest.param(None, None, id="absent"),
    ],
)
def test_reads_the_id(value: str | None, expected: str | None) -> None:
    assert read_trace_id(value) == expected


def test_prefers_what_a_layer_has_set() -> None:
    environ = {"HTTP_TRACEPARENT": f"00-{TRACE}-{PARENT}-01"}
    assert find_trace_id(environ) == TRACE
    assert find_trace_id({**environ, "wsgistack.trace_id": "f" * 32}) == "f" * 32
    assert find_trace_id({}) is None
    assert find_trace_id({**environ, "wsgistack.trace_id": ""}) is None
    assert find_trace_id({**environ, "wsgistack.trace_id": 7}) == TRACE
    assert find_trace_id({"HTTP_TRACEPARENT": b""}) is None


def test_makes_valid_ones_that_differ() -> None:
    made = [make_traceparent() for _ in range(100)]
    assert len({*made}) == 100
    for trace_id, value in made:
        assert read_trace_id(value) == trace_id
        assert value.endswith("-02"), "random, and not sampled"
