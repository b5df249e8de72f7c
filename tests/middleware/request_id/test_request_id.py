"""Request ids: which are accepted, where they appear, and that none stays behind in the thread."""

import logging
import logging.handlers
import queue
from collections.abc import Iterable, Iterator
from math import inf, nan
from typing import Any
from wsgiref.util import FileWrapper

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.direct import Body, Call, TestApp, answering, raising, restart
from wsgistack import AccessLog, CatchErrors, ConfigError, RequestId, current_request_id, request_id_var
from wsgistack.logging import RequestIdFilter
from wsgistack.testing import Server
from wsgistack.types import Environ, StartResponse


def _telling(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """What is inside sees the id in three places."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    seen = {environ["wsgistack.request_id"], environ["HTTP_X_REQUEST_ID"], current_request_id()}
    return [",".join(seen).encode()]


class _Streaming:
    """A lazy body that notes the id that it finds at each step."""

    def __init__(self, fails: str = "") -> None:
        self.fails = fails
        self.seen: dict[str, str] = {}

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        self.start_response = start_response
        self._note("call")
        return self

    def __iter__(self) -> Iterator[bytes]:
        self._note("first")
        self.start_response("200 OK", [])
        yield b"1"
        self._note("second")
        yield b"2"

    def close(self) -> None:
        self._note("close")

    def _note(self, step: str) -> None:
        self.seen[step] = current_request_id()
        if step == self.fails:
            raise RuntimeError(step)


@pytest.fixture(autouse=True)
def _no_id_is_left_behind() -> Iterator[None]:
    assert current_request_id() == "-"
    yield
    assert current_request_id() == "-"


@pytest.mark.parametrize("incoming", ["a", "x" * 128, "8f4e-11.ab_c~d+e/f=g:h@i"])
def test_accepts_a_well_formed_id(incoming: str) -> None:
    response = TestApp(RequestId(_telling)).get("/", headers={"X-Request-ID": incoming})
    assert response.headers.getall("X-Request-ID") == [incoming]
    assert response.text == incoming


@pytest.mark.parametrize(
    "incoming",
    [
        pytest.param("", id="empty"),
        pytest.param("x" * 129, id="too long"),
        pytest.param("a, b", id="a list"),
        pytest.param("a,b", id="duplicates as servers join them"),
        pytest.param("a b", id="a space"),
        pytest.param("a\n", id="line feed at the end"),
        pytest.param("a\r\nSet-Cookie: b", id="CR and LF"),
        pytest.param("a\x1b[31m", id="ESC"),
        pytest.param("a\x00", id="NUL"),
        pytest.param('"a"', id="quotes"),
        pytest.param("\xe4", id="latin-1"),
        pytest.param("${jndi:x}", id="what a logger may expand"),
        pytest.param("<b>", id="HTML"),
    ],
)
def test_replaces_a_malformed_id(incoming: str) -> None:
    call = Call(RequestId(_telling), HTTP_X_REQUEST_ID=incoming)
    made = call.headers["x-request-id"]
    assert made != incoming
    assert len(made) == 32
    assert int(made, 16)
    assert call.read() == made.encode()


@given(incoming=st.text(st.characters(max_codepoint=255)))
def test_never_sends_an_illegal_header_value(incoming: str) -> None:
    sent = Call(RequestId(_telling), HTTP_X_REQUEST_ID=incoming).headers["x-request-id"]
    assert sent.isascii()
    assert sent.isprintable()
    assert 0 < len(sent) <= 128
    assert not set(sent) & set(' ,"<>\\')


def test_makes_a_new_id_for_each_request() -> None:
    app = TestApp(RequestId(_telling))
    assert len({app.get("/").text for _ in range(50)}) == 50


def test_replaces_the_id_of_an_untrusted_client() -> None:
    response = TestApp(RequestId(_telling, trust=False)).get("/", headers={"X-Request-ID": "mine"})
    assert response.text == response.headers["X-Request-ID"] != "mine"


def test_uses_the_given_header_and_generator() -> None:
    app = TestApp(RequestId(answering([b""]), header="X-Correlation-Id", generate=lambda: "made", maximum_length=3))
    assert app.get("/").headers["X-Correlation-Id"] == "made"
    assert app.get("/", headers={"x-correlation-id": "abc"}).headers["X-Correlation-Id"] == "abc"
    long = app.get("/", headers={"X-Correlation-Id": "abcd"})
    assert long.headers["X-Correlation-Id"] == "made"
    assert long.request.environ["HTTP_X_CORRELATION_ID"] == "made"


def test_replaces_the_id_that_the_application_sends() -> None:
    inner = answering([b""], ("x-request-id", "other"), ("X-Request-Id", "another"), ("A", "b"))
    assert Call(RequestId(inner), HTTP_X_REQUEST_ID="mine").starts[0][1] == [("A", "b"), ("X-Request-ID", "mine")]


def test_adds_its_header_to_error_answers() -> None:
    app = TestApp(RequestId(CatchErrors(raising(RuntimeError("boom")))))
    response = app.get("/", headers={"X-Request-ID": "mine"}, status=500)
    assert response.headers.getall("X-Request-ID") == ["mine"]
    assert response.json["request_id"] == "mine"


def test_adds_its_header_to_a_restarted_response() -> None:
    def restarting(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [("A", "b")])
        restart(start_response, "500 Sorry", [])
        return [b""]

    call = Call(RequestId(restarting), HTTP_X_REQUEST_ID="mine")
    assert call.starts == [
        ("200 OK", [("A", "b"), ("X-Request-ID", "mine")]),
        ("500 Sorry", [("X-Request-ID", "mine")]),
    ]


def test_two_layers_keep_one_id() -> None:
    call = Call(RequestId(RequestId(_telling, trust=False, header="X-Other")))
    assert call.headers["x-request-id"] == call.headers["x-other"] == call.read().decode()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"header": "X Request"}, "header: not a valid name of a header; expected a name such as X-Request-ID"),
        ({"header": "X-Id\r\n"}, "header: not a valid name of a header"),
        ({"header": ""}, "header: not a valid name of a header"),
        *(
            ({"maximum_length": number}, f"maximum_length: invalid value {number}; expected 1 or more")
            for number in (0, -1, True, inf, nan)
        ),
    ],
)
def test_refuses_an_invalid_option_with_the_reason(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        RequestId(_telling, **options)


def test_sets_the_variable_for_each_step_and_never_in_between() -> None:
    streaming = _Streaming()
    call = Call(RequestId(streaming), HTTP_X_REQUEST_ID="mine")
    for _ in range(2):
        assert current_request_id() == "-"
        call.next()
    call.close()
    assert streaming.seen == dict.fromkeys(["call", "first", "second", "close"], "mine")


@pytest.mark.parametrize("step", ["call", "first", "second", "close"])
def test_leaves_no_id_behind_when_a_step_fails(step: str) -> None:
    streaming = _Streaming(fails=step)
    with pytest.raises(RuntimeError, match=step):
        Call(RequestId(streaming)).read()
    assert "-" not in streaming.seen.values()


def test_separates_interleaved_and_abandoned_streams_on_a_thread() -> None:
    one, two, abandoned = _Streaming(), _Streaming(), _Streaming()
    first, second = (Call(RequestId(app), HTTP_X_REQUEST_ID=each) for app, each in ((one, "1"), (two, "2")))
    given_up = Call(RequestId(abandoned), HTTP_X_REQUEST_ID="3")
    given_up.next()
    first.next()
    second.next()
    first.next()
    second.next()
    second.close()
    first.close()
    assert set(one.seen.values()) == {"1"}
    assert set(two.seen.values()) == {"2"}


def test_restores_the_id_of_the_request_that_makes_another_one() -> None:
    def asking(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        inner = Call(RequestId(_telling), HTTP_X_REQUEST_ID="inner").read()
        start_response("200 OK", [])
        return [inner, current_request_id().encode()]

    assert Call(RequestId(asking), HTTP_X_REQUEST_ID="outer").read() == b"innerouter"


@pytest.mark.parametrize("body", [[b"one"], (b"one", b"two"), []])
def test_returns_a_list_untouched(body: Iterable[bytes]) -> None:
    assert Call(RequestId(answering(body))).body is body


def test_returns_the_file_wrapper_of_the_server_untouched() -> None:
    served: dict[str, Any] = {"wsgi.file_wrapper": FileWrapper}
    with open(__file__, "rb") as file:  # noqa: PTH123 (what a server is given)
        wrapped = FileWrapper(file)
        assert Call(RequestId(answering(wrapped)), **served).body is wrapped


def test_keeps_the_length_of_other_bodies() -> None:
    class Sized(Body):
        def __len__(self) -> int:
            return 1

    assert len(Call(RequestId(answering(Sized(b"one")))).body) == 1  # type: ignore[arg-type]


class _Records(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter("%(request_id)s %(message)s"))
        self.addFilter(RequestIdFilter())
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


def test_adds_the_id_to_log_records() -> None:
    records = _Records()
    logger = logging.Logger("application")
    logger.addHandler(records)

    def logging_app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        logger.warning("working")
        start_response("200 OK", [])
        return [b""]

    logger.warning("before")
    Call(RequestId(logging_app), HTTP_X_REQUEST_ID="mine").read()
    logger.warning("after")
    assert records.lines == ["- before", "mine working", "- after"]


def test_keeps_the_id_of_a_record_that_another_thread_writes() -> None:
    records = _Records()
    waiting: queue.SimpleQueue[Any] = queue.SimpleQueue()
    sender = logging.handlers.QueueHandler(waiting)
    sender.addFilter(RequestIdFilter())
    token = request_id_var.set("mine")
    sender.handle(logging.makeLogRecord({"msg": "queued"}))
    request_id_var.reset(token)
    listener = logging.handlers.QueueListener(waiting, records)
    listener.start()
    listener.stop()
    assert records.lines == ["mine queued"]


@pytest.mark.parametrize("made", ["", "a b", "a\r\nX: y", "ü", None, 5, b"id"])
def test_refuses_a_malformed_id_of_its_generator(made: Any) -> None:
    with pytest.raises(ValueError, match="not a well-formed request id"):
        Call(RequestId(answering([b""]), generate=lambda: made))


@pytest.mark.parametrize("options", [{"prefix": "req-"}, {"transform": str.upper}])
def test_refuses_what_its_generator_makes_if_it_is_no_text(options: dict[str, Any]) -> None:
    generate: Any = lambda: None  # noqa: E731
    with pytest.raises(ValueError, match=r"<lambda> at .* returned None, which is not a well-formed request id"):
        Call(RequestId(answering([b""]), generate=generate, **options))


@pytest.mark.parametrize(
    "header",
    ["Content-Length", "transfer-encoding", "Set-Cookie", "Content-Type", "Connection", "Vary", "Sec-Fetch-Site"],
)
def test_refuses_a_header_that_has_another_use(header: str) -> None:
    with pytest.raises(ConfigError, match=r"^header: HTTP has another use for this header; expected a name such as "):
        RequestId(answering([b""]), header=header)


def test_accepts_a_body_without_close() -> None:
    assert Call(RequestId(answering(iter([b"a", b"b"])))).read() == b"ab"


def test_an_outer_access_log_shows_the_id_of_a_list_response(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    caplog.handler.addFilter(RequestIdFilter())
    layer = RequestId(AccessLog(answering([b"body"]), output="logging"))
    record = Server().get(layer, headers=[("X-Request-ID", "mine")])
    assert record.body == b"body"
    assert [vars(each)["request_id"] for each in caplog.records] == ["mine"]


def test_adds_its_header_once_at_the_end_and_does_not_change_the_list() -> None:
    fields = [("X-REQUEST-ID", "before"), ("X-Other", "kept"), ("x-request-id", "again"), ("Content-Length", "0")]
    before = [*fields]

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", fields)
        return []

    call = Call(RequestId(app), HTTP_X_REQUEST_ID="mine")
    assert call.starts[0][1] == [("X-Other", "kept"), ("Content-Length", "0"), ("X-Request-ID", "mine")]
    assert fields == before
