"""Which ids are accepted: from which headers, in which form, and of whom."""

import logging
import math
from collections.abc import Iterable
from typing import Any

import pytest

from tests.direct import Call, answering
from wsgistack import ConfigError, Forwarded, RequestId, Spec
from wsgistack.http import notices
from wsgistack.types import Environ, StartResponse

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
ROOT = "1-67891233-abcdef012345678912345678"
AMAZON = f"Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=1"
UUID = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"


def ask(headers: dict[str, str], *, peer: str = "192.0.2.1", **options: Any) -> Call:
    keys = {"HTTP_" + name.upper().replace("-", "_"): value for name, value in headers.items()}
    return Call(RequestId(answering([b""]), **options), REMOTE_ADDR=peer, **keys)


@pytest.mark.parametrize("text", ["-", ".", "..", "---", "_"])
def test_what_has_no_letter_and_no_digit_is_no_id(text: str) -> None:
    assert ask({"X-Request-ID": text}).headers["x-request-id"] != text


@pytest.mark.parametrize(
    ("header", "value", "expected"),
    [
        ("X-Amzn-Trace-Id", AMAZON, ROOT),
        ("X-Cloud-Trace-Context", f"{TRACE}/1;o=1", TRACE),
        ("Request-Id", f"|{TRACE}.1.", TRACE),
        ("traceparent", f"00-{TRACE}-00f067aa0ba902b7-01", TRACE),
        ("CF-Ray", "230b030023ae2822-SJC", "230b030023ae2822-SJC"),
        (
            "X-Azure-Ref",
            "0zxV+XAAAAABKMMOjBv2NT4TY6SQVjC0zV1NURURHRTA2MTk=",
            "0zxV+XAAAAABKMMOjBv2NT4TY6SQVjC0zV1NURURHRTA2MTk=",
        ),
        ("Fly-Request-Id", "01ARZ3NDEKTSV4RRFFQ69G5FAV-lhr", "01ARZ3NDEKTSV4RRFFQ69G5FAV-lhr"),
        ("X-Vercel-Id", "iad1::iad1::p9d8s-1652", "iad1::iad1::p9d8s-1652"),
    ],
)
def test_takes_the_id_of_a_load_balancer_and_leaves_its_header(header: str, value: str, expected: str) -> None:
    call = ask({header: value, "X-Request-ID": "of the client"}, accept=[header])
    key = "HTTP_" + header.upper().replace("-", "_")
    assert call.environ[key] == value
    assert call.environ["wsgistack.request_id"] == call.environ["HTTP_X_REQUEST_ID"] == expected
    assert call.headers["x-request-id"] == expected


def test_leaves_a_header_that_holds_more_than_an_id_also_as_its_own() -> None:
    call = ask({"X-Amzn-Trace-Id": AMAZON}, header="X-Amzn-Trace-Id")
    assert call.environ["HTTP_X_AMZN_TRACE_ID"] == AMAZON
    assert call.environ["wsgistack.request_id"] == call.headers["x-amzn-trace-id"] == ROOT
    assert "HTTP_X_AMZN_TRACE_ID" not in ask({}, header="X-Amzn-Trace-Id").environ


def test_prefers_the_first_header_with_an_id() -> None:
    options: dict[str, Any] = {"accept": ["X-Amzn-Trace-Id", "X-Correlation-ID", "X-Request-ID"]}
    given = {"X-Request-ID": "third", "X-Correlation-ID": "second", "X-Amzn-Trace-Id": AMAZON}
    assert ask(given, **options).headers["x-request-id"] == ROOT
    assert ask({**given, "X-Amzn-Trace-Id": "Root=;"}, **options).headers["x-request-id"] == "second"
    assert (
        ask({**given, "X-Amzn-Trace-Id": "", "X-Correlation-ID": "a b"}, **options).headers["x-request-id"] == "third"
    )


def test_a_part_of_a_header_is_an_id_of_the_same_kind() -> None:
    for value in ("|a b.1.", "|" + "a" * 129 + ".", "|-.", "a" * 2000):
        assert len(ask({"Request-Id": value}, accept=["Request-Id"]).headers["x-request-id"]) == 32
    options: dict[str, Any] = {"accept": ["Request-Id"], "shapes": ["uuid"]}
    assert ask({"Request-Id": "|abc.1."}, **options).headers["x-request-id"] == "abc", "shapes are for whole values"


def test_accepts_ids_of_some_shapes_alone() -> None:
    options: dict[str, Any] = {"shapes": ["uuid", "hex"]}
    for accepted in (UUID, TRACE):
        assert ask({"X-Request-ID": accepted}, **options).headers["x-request-id"] == accepted
    for replaced in ("abc", UUID[1:], f"req-{UUID}"):
        assert ask({"X-Request-ID": replaced}, **options).headers["x-request-id"] != replaced
    prefixed = ask({"X-Request-ID": f"req-{UUID}"}, prefix="req-", **options)
    assert prefixed.headers["x-request-id"] == f"req-{UUID}"


@pytest.mark.parametrize(
    ("trusted", "peer", "is_accepted"),
    [
        ("192.0.2.0/24", "192.0.2.1", True),
        ("192.0.2.0/24", "198.51.100.1", False),
        ("unix", "", True),
        ("2001:db8::/32", "2001:db8::1", True),
        ("unix", "192.0.2.1", False),
    ],
)
def test_accepts_ids_of_trusted_peers_alone(trusted: str, peer: str, is_accepted: bool) -> None:
    call = ask({"X-Request-ID": "theirs"}, peer=peer, trusted=[trusted])
    assert (call.headers["x-request-id"] == "theirs") is is_accepted
    assert call.environ["HTTP_X_REQUEST_ID"] == call.headers["x-request-id"]


@pytest.mark.parametrize(("peer", "is_accepted"), [("10.0.0.1", True), ("10.0.0.2", False)])
def test_the_peer_is_the_proxy_also_inside_of_forwarded(peer: str, is_accepted: bool) -> None:
    app = Forwarded(RequestId(answering([b""]), trusted=["10.0.0.1"]), trusted=["10.0.0.0/8"])
    keys = {"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": "203.0.113.7", "HTTP_X_REQUEST_ID": "theirs"}
    call = Call(app, **keys)
    assert call.environ["REMOTE_ADDR"] == "203.0.113.7"
    assert (call.headers["x-request-id"] == "theirs") is is_accepted


def test_replaced_values_are_counted_and_logged_once_a_minute(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = RequestId(answering([b""]), trusted=["192.0.2.0/24"])
    for peer, value in [("192.0.2.1", 'a "b\n' + "c" * 500), *[("203.0.113.7", "theirs")] * 9]:
        Call(app, REMOTE_ADDR=peer, HTTP_X_REQUEST_ID=value)
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("wsgistack.request_id", logging.WARNING)
    said = f'replaced the X-Request-ID "a \\"b\\x0a{"c" * 95}" of 192.0.2.1: it is not a well-formed id'
    assert record.getMessage() == said
    monkeypatch.setattr(notices, "monotonic", lambda: math.inf)  # a minute later
    Call(app, REMOTE_ADDR="192.0.2.1", HTTP_X_REQUEST_ID="-")
    said = 'replaced the X-Request-ID "-" of 192.0.2.1: it is not a well-formed id (9 more since the last one)'
    assert caplog.messages[1] == said


def test_logs_a_peer_without_an_address_as_a_dash(caplog: pytest.LogCaptureFixture) -> None:
    Call(RequestId(answering([b""])), REMOTE_ADDR="", HTTP_X_REQUEST_ID="a b")
    assert caplog.messages == ['replaced the X-Request-ID "a b" of -: it is not a well-formed id']


def test_says_that_a_peer_is_not_trusted_and_nothing_where_nobody_is(caplog: pytest.LogCaptureFixture) -> None:
    ask({"X-Request-ID": "theirs"}, trusted=["10.0.0.0/8"])
    assert caplog.messages == [
        'replaced the X-Request-ID "theirs" of 192.0.2.1: it came from a peer that is not trusted'
    ]
    ask({"X-Request-ID": "theirs"}, trust=False)
    ask({}, trusted=["10.0.0.0/8"])
    assert len(caplog.messages) == 1


@pytest.mark.parametrize("name", ["hex", "uuid4", "uuid7", "ulid"])
def test_makes_ids_of_the_chosen_kind(name: str) -> None:
    shape = {"uuid4": "uuid", "uuid7": "uuid"}.get(name, name)
    made = ask({}, generate=name).headers["x-request-id"]
    assert ask({"X-Request-ID": made}, shapes=[shape]).headers["x-request-id"] == made


def test_puts_the_prefix_in_front_of_new_ids() -> None:
    made = ask({}, prefix="req-", generate="uuid4").headers["x-request-id"]
    assert made.startswith("req-")
    assert ask({}, prefix="req-", generate=lambda: "made").headers["x-request-id"] == "req-made"
    assert ask({"X-Request-ID": "abc"}, prefix="req-").headers["x-request-id"] == "abc"


def test_transforms_each_id() -> None:
    options: dict[str, Any] = {"transform": str.upper, "generate": lambda: "made", "prefix": "a-"}
    call = ask({"X-Request-ID": "abc"}, **options)
    assert call.environ["HTTP_X_REQUEST_ID"] == call.headers["x-request-id"] == "ABC"
    assert ask({}, **options).headers["x-request-id"] == "A-MADE"


def test_replaces_an_id_that_the_transformation_spoils(caplog: pytest.LogCaptureFixture) -> None:
    options: dict[str, Any] = {"transform": lambda given: given.replace("b", " "), "generate": lambda: "made"}
    assert ask({"X-Request-ID": "abc"}, **options).headers["x-request-id"] == "made"
    assert '"abc" of 192.0.2.1: it is not a well-formed id' in caplog.text
    with pytest.raises(ValueError, match=r"<function .* returned 'b d', which is not a well-formed request id"):
        ask({}, transform=lambda made: "b d")


@pytest.mark.parametrize("spoiled", [None, 5, b"abc", ["abc"]])
def test_replaces_what_the_transformation_makes_of_an_id_if_it_is_no_text(
    spoiled: Any, caplog: pytest.LogCaptureFixture
) -> None:
    options: dict[str, Any] = {"transform": {"abc": spoiled}.get, "generate": lambda: "made"}
    with pytest.raises(
        ValueError, match=r"^<built-in method get .* returned None, which is not a well-formed request id"
    ):
        ask({"X-Request-ID": "abc"}, **options)
    assert '"abc" of 192.0.2.1: it is not a well-formed id' in caplog.text
    options["transform"] = {"abc": spoiled, "made": "new"}.get
    assert ask({"X-Request-ID": "abc"}, **options).headers["x-request-id"] == "new"


def test_takes_its_options_from_an_ini_file() -> None:
    settings = {"accept": "X-Amzn-Trace-Id X-Request-ID", "shapes": "uuid", "trusted": "unix", "traceparent": "create"}
    app = Spec("request_id").parse({**settings, "generate": f"{__name__}:made_here"}).build(answering([b""]))
    assert Call(app, REMOTE_ADDR="", HTTP_X_AMZN_TRACE_ID=AMAZON).headers["x-request-id"] == ROOT
    assert Call(app, REMOTE_ADDR="", HTTP_X_REQUEST_ID="abc").headers["x-request-id"] == "made-here"
    assert Spec("request_id").parse({"generate": "ulid"}).options["generate"] == "ulid"


def made_here() -> str:
    return "made-here"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"accept": ["X Y"]}, "accept: not a valid name of a header; expected a name such as X-Request-ID"),
        ({"global_header": "a b"}, "global_header: not a valid name of a header"),
        ({"accept": ["Cookie"]}, "accept: HTTP has another use for this header; expected a name such as X-Request-ID"),
        ({"global_header": "Host"}, "global_header: HTTP has another use for this header"),
        ({"trusted": ["10.0.0.1/8"]}, "trusted: the network '10.0.0.1/8' has host bits set"),
        (
            {"trusted": ["unix"], "trust": False},
            "trusted: has no effect if trust is off; remove trust, or remove trusted",
        ),
        ({"shapes": ["uid"]}, "shapes: invalid value 'uid'; did you mean 'uuid'?"),
        ({"generate": "uuid1"}, "generate: invalid value 'uuid1'; did you mean 'uuid"),
        ({"traceparent": "make"}, "traceparent: invalid value 'make'; choose from create, ignore, read"),
        ({"prefix": "a b"}, "prefix: not a valid beginning of an id; expected letters, digits and ._~+/=:@-"),
    ],
)
def test_refuses_what_is_not_valid(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        RequestId(answering([b""]), **options)
    assert str(raised.value).startswith(message)


@pytest.mark.parametrize("size", [64 * 1024, 8 * 1024 * 1024])
def test_long_values_are_replaced(size: int) -> None:
    for header in ("X-Request-ID", "X-Amzn-Trace-Id", "Request-Id"):
        for text in ("a", "; ", "|", "Root="):
            value = text * (size // len(text))
            assert len(ask({header: value}, accept=[header]).headers["x-request-id"]) == 32


def test_keeps_the_id_that_an_outer_layer_has_set() -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        return [environ["HTTP_X_OTHER"].encode()]

    layers = RequestId(RequestId(app, header="X-Other", shapes=["uuid"], transform=str.upper, trusted=["10.0.0.1"]))
    assert Call(layers, HTTP_X_REQUEST_ID="mine").read() == b"mine"
