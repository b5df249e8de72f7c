"""The trace and the global id of a request."""

from collections.abc import Iterable
from typing import Any

import pytest

from tests.direct import Call
from wsgistack import RequestId, current_request_id
from wsgistack.exchange.current import Origin, origin_var
from wsgistack.http.traceparent import find_trace_id, read_trace_id
from wsgistack.types import Environ, StartResponse

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-03"
OPENSTACK = "X-OpenStack-Request-ID"
GIVEN = "req-12345678-1234-1234-1234-123456789abc"


class Inside:
    """A lazy body that notes the origin at each step."""

    def __init__(self) -> None:
        self.origins: list[Origin] = []
        self.environ: Environ = {}

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        self.environ = environ
        self._note()
        start_response("200 OK", [])
        return self._stream()

    def _stream(self) -> Iterable[bytes]:
        self._note()
        yield current_request_id().encode()

    def _note(self) -> None:
        self.origins.append(origin_var.get())


def ask(options: dict[str, Any], **keys: str) -> tuple[Inside, Origin, str]:
    inside = Inside()
    call = Call(RequestId(inside, **options), REMOTE_ADDR="192.0.2.1", **keys)
    own = call.read().decode()
    assert origin_var.get() == Origin()
    first, second = inside.origins
    assert first == second
    assert call.environ["wsgistack.request_id"] == own
    return inside, first, own


@pytest.mark.parametrize("options", [{}, {"traceparent": "create"}])
def test_reads_a_trace_and_passes_it_on(options: dict[str, Any]) -> None:
    inside, origin, _ = ask(options, HTTP_TRACEPARENT=PARENT, HTTP_TRACESTATE="a=b")
    assert inside.environ["wsgistack.trace_id"] == origin.trace_id == TRACE
    assert (inside.environ["HTTP_TRACEPARENT"], inside.environ["HTTP_TRACESTATE"]) == (PARENT, "a=b")
    assert origin.headers == {"traceparent": PARENT, "tracestate": "a=b"}


def test_does_not_pass_on_what_no_header_can_hold() -> None:
    assert ask({}, HTTP_TRACEPARENT=PARENT, HTTP_TRACESTATE="a\x00")[1].headers == {"traceparent": PARENT}
    assert ask({}, HTTP_TRACEPARENT=f"{PARENT}-more")[1] == Origin()
    assert ask({}, HTTP_TRACESTATE="a=b")[1] == Origin()


def test_ignores_a_trace_if_asked() -> None:
    inside, origin, _ = ask({"traceparent": "ignore"}, HTTP_TRACEPARENT=PARENT)
    assert origin == Origin()
    assert "wsgistack.trace_id" not in inside.environ
    assert inside.environ["HTTP_TRACEPARENT"] == PARENT


@pytest.mark.parametrize(
    ("options", "keys"),
    [
        ({}, {}),
        ({}, {"HTTP_TRACEPARENT": "no"}),
        ({"trusted": ["10.0.0.0/8"]}, {"HTTP_TRACEPARENT": PARENT}),
        ({"trust": False}, {"HTTP_TRACEPARENT": PARENT}),
    ],
)
def test_creates_a_valid_trace_if_asked(options: dict[str, Any], keys: dict[str, str]) -> None:
    inside, origin, _ = ask({"traceparent": "create", **options}, HTTP_TRACESTATE="a=b", **keys)
    made = read_trace_id(inside.environ["HTTP_TRACEPARENT"])
    assert made == origin.trace_id == inside.environ["wsgistack.trace_id"] != TRACE
    assert "HTTP_TRACESTATE" not in inside.environ, "it belongs to the trace that came"
    assert origin.headers == {"traceparent": inside.environ["HTTP_TRACEPARENT"]}


@pytest.mark.parametrize("options", [{"trust": False}, {"trusted": ["10.0.0.0/8"]}])
def test_leaves_the_trace_of_an_untrusted_peer_to_tracers(options: dict[str, Any]) -> None:
    inside, origin, _ = ask(options, HTTP_TRACEPARENT=PARENT)
    assert origin == Origin()
    assert inside.environ["HTTP_TRACEPARENT"] == PARENT
    assert find_trace_id(inside.environ) is None, "no log may have a trace that a stranger chose"


def test_ignores_a_trace_also_beside_a_global_id() -> None:
    inside, origin, own = ask({"traceparent": "ignore", "global_header": OPENSTACK}, HTTP_TRACEPARENT=PARENT)
    assert origin == Origin(headers={OPENSTACK: own})
    assert "wsgistack.trace_id" not in inside.environ


@pytest.mark.parametrize("header", [OPENSTACK, "X-Request-ID"])
def test_keeps_a_second_id_that_services_share(header: str) -> None:
    options = {"header": header, "global_header": OPENSTACK, "prefix": "req-", "generate": "uuid4"}
    inside, origin, own = ask(options, HTTP_X_OPENSTACK_REQUEST_ID=GIVEN)
    assert inside.environ["wsgistack.global_request_id"] == origin.global_id == GIVEN
    assert inside.environ["HTTP_X_OPENSTACK_REQUEST_ID"] == GIVEN
    assert own.startswith("req-")
    assert own != GIVEN
    assert origin.headers == {OPENSTACK: GIVEN}


@pytest.mark.parametrize(
    ("options", "given"),
    [({}, ""), ({}, "a b"), ({"trusted": ["10.0.0.0/8"]}, GIVEN), ({"shapes": ["uuid"], "prefix": "r-"}, GIVEN)],
)
def test_sends_its_own_id_on_where_no_global_one_came(options: dict[str, Any], given: str) -> None:
    options = {"header": OPENSTACK, "global_header": OPENSTACK, **options}
    inside, origin, own = ask(options, HTTP_X_OPENSTACK_REQUEST_ID=given)
    assert "wsgistack.global_request_id" not in inside.environ
    assert origin == Origin("-", "-", {OPENSTACK: own})
