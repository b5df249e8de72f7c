"""The ids in functions that other threads and processes call."""

import pickle
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from wsgistack import current_request_id, request_id_var
from wsgistack.exchange.current import Origin, origin_var
from wsgistack.logging import keep_request_id
from wsgistack.logging.keeping import make_headers, read_state, use_ids


@contextmanager
def request(request_id: str = "mine", origin: Origin = Origin()) -> Iterator[None]:  # noqa: B008 (it can't be changed)
    tokens = request_id_var.set(request_id), origin_var.set(origin)
    yield
    request_id_var.reset(tokens[0])
    origin_var.reset(tokens[1])


def read(before: str = "", *, after: str = "") -> str:
    return f"{before}{current_request_id()} {origin_var.get().trace_id}{after}"


def test_a_function_keeps_the_id_of_the_request_that_gave_it_away() -> None:
    with request(origin=Origin("trace")):
        kept = keep_request_id(read)
    found: list[str] = []
    thread = threading.Thread(target=lambda: found.extend([kept("<", after=">"), read()]))
    thread.start()
    thread.join()
    assert found == ["<mine trace>", "- -"]
    assert pickle.loads(pickle.dumps(kept))() == "mine trace"  # noqa: S301 (our own)


def test_it_keeps_none_outside_of_requests() -> None:
    kept = keep_request_id(read)
    with request():
        assert kept() == "mine -"


def test_the_ids_are_plain_data() -> None:
    assert read_state() == {}
    with request(origin=Origin("trace", "global", {"a": "b"})):
        state = read_state()
    assert state == {
        "request_id": "mine",
        "origin": {"trace_id": "trace", "global_id": "global", "headers": {"a": "b"}},
    }
    with use_ids(state):
        assert origin_var.get() == Origin("trace", "global", {"a": "b"})
    assert origin_var.get() == Origin()


def test_one_header_for_both_ids_holds_the_global_one() -> None:
    assert make_headers("X-Request-ID") == {}
    with request(origin=Origin(headers={"X-OpenStack-Request-ID": "shared"})):
        assert make_headers("X-Request-ID") == {"X-Request-ID": "mine", "X-OpenStack-Request-ID": "shared"}
        assert make_headers("x-openstack-request-id") == {"X-OpenStack-Request-ID": "shared"}
