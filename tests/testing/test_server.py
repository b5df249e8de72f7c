"""The strict server in memory: what it does, in what order, and in each mode."""

from collections.abc import Iterable, Iterator
from itertools import count
from typing import Any

import pytest

from tests.testing.applications import TEXT, failing, make_app, make_lazy_app, raised
from wsgistack.errors import ContractError
from wsgistack.testing import Mode, Server, make_environ
from wsgistack.types import App, Environ, StartResponse


def echo(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Method", environ["REQUEST_METHOD"])])
    answer = f"{environ['PATH_INFO']} {environ['QUERY_STRING']} {environ.get('HTTP_X_A')} "
    return [answer.encode(), environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))]


def test_gets_a_path() -> None:
    record = Server().get(echo, "/path?query", headers=[("X-A", "a")])
    assert (record.status, record.code, record.body) == ("200 OK", "200", b"/path query a ")
    assert record.headers == [("Content-Type", "text/plain"), ("X-Method", "GET")]


def test_sends_a_body() -> None:
    record = Server().request("POST", echo, body=b"sent")
    assert record.body == b"/  None sent"
    assert dict(record.headers)["X-Method"] == "POST"


def test_raises_every_breach_with_its_clause() -> None:
    with pytest.raises(ContractError) as caught:
        Server().get(make_app("200", [("X A", "a")]))
    assert [breach.rule for breach in caught.value.breaches] == [
        "status_is_a_code_and_a_reason",
        "header_names_are_tokens",
    ]
    assert "invalid header name 'X A'\n    The name of a header is a token," in str(caught.value)


def test_raises_what_the_application_raises_if_it_breaks_no_rule() -> None:
    with pytest.raises(LookupError):
        Server().get(make_lazy_app(failing))


class _FalseError(Exception):
    def __len__(self) -> int:
        return 0


def test_raises_an_exception_that_is_false() -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        raise _FalseError

    with pytest.raises(_FalseError):
        Server().get(app)


def test_names_the_exception_behind_a_breach() -> None:
    with pytest.raises(ContractError, match="the application returned None"):
        Server().get(make_app(body=None))
    with pytest.raises(ContractError, match="starts_before_the_first_chunk") as caught:
        Server().get(make_lazy_app(b"early", failing))
    assert isinstance(caught.value.__cause__, LookupError)


START = [lambda start: start("200 OK", TEXT)]


@pytest.mark.parametrize(
    ("take", "kinds"),
    [
        pytest.param(None, "call return iterate pull start chunk pull chunk pull end close", id="the client takes all"),
        pytest.param(0, "call return iterate abort close", id="none"),
        pytest.param(1, "call return iterate pull start chunk abort close", id="one chunk"),
    ],
)
def test_drives_an_application_in_order(take: int | None, kinds: str) -> None:
    record = Server().run(make_lazy_app(*START, b"a", b""), make_environ(), take=take)
    assert [event.kind for event in record.events] == kinds.split()


def test_calls_close_after_a_failure() -> None:
    class Failing:
        closed = False

        def __iter__(self) -> Iterator[bytes]:
            raise OSError("in iter")

        def close(self) -> None:
            self.closed = True
            raise OSError("in close")

    body = Failing()
    record = Server().run(make_app(body=body), make_environ())
    assert body.closed
    assert [event.kind for event in record.events] == ["call", "start", "return", "iterate", "raise", "close", "raise"]
    assert str(record.error) == "in iter"


def test_gives_the_record_after_the_call_and_after_each_chunk() -> None:
    steps = Server().steps(make_lazy_app(*START, b"a", b"b"), make_environ())
    assert [next(steps).body, next(steps).body, next(steps).body] == [b"", b"a", b"ab"]
    (last,) = steps
    assert last.events[-1].kind == "close"


def test_counts_events_with_the_clock_of_its_caller() -> None:
    assert Server().run(echo, make_environ(), clock=count(100)).events[0].at == 100


def restarting(*before: bytes, write: bytes | None = None) -> App:
    def app(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        environ["write"] = start_response("200 OK", TEXT)
        if write is not None:
            environ["write"](write)
        yield from before
        start_response("500 Oops", TEXT, raised())
        yield b"sorry"

    return app


@pytest.mark.parametrize(
    ("app", "status"),
    [
        pytest.param(restarting(), "500 Oops", id="before anything"),
        pytest.param(restarting(b"", b""), "500 Oops", id="after empty chunks"),
        pytest.param(restarting(b"", b"a"), "200 OK", id="after a byte"),
        pytest.param(restarting(write=b""), "200 OK", id="after the first write(), of whatever"),
    ],
)
def test_accepts_a_restart_until_the_headers_are_sent(app: App, status: str) -> None:
    record = Server().run(app, make_environ())
    assert record.status == status
    assert (record.error is record.starts[-1].raised) or status != "200 OK"
    assert (record.error is None) == (status != "200 OK")


def test_sends_the_headers_with_the_end_at_the_latest() -> None:
    class Late:
        def __init__(self, start_response: StartResponse) -> None:
            self._start_response = start_response

        def __iter__(self) -> Iterator[bytes]:
            return iter(())

        def close(self) -> None:
            self._start_response("500 Oops", TEXT, raised())

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", TEXT)
        return Late(start_response)

    record = Server().run(app, make_environ())
    assert (record.status, type(record.error)) == ("200 OK", ValueError)


def test_raises_for_a_second_start_without_exc_info() -> None:
    with pytest.raises(ContractError) as caught:
        Server().get(make_lazy_app(*START, *START))
    assert [breach.rule for breach in caught.value.breaches] == ["starts_once"]


@pytest.mark.parametrize("headers", [{"X-A": "a"}, [("X-A", "a")]], ids=["a mapping", "pairs"])
def test_accepts_headers_as_a_mapping_or_as_pairs(headers: Any) -> None:
    assert Server().get(echo, headers=headers).body == b"/  a "


def test_cuts_off_an_endless_body() -> None:
    record = Server().run(make_lazy_app(*START, *[b"a"] * 5), make_environ(), max_chunks=3)
    assert str(record.error) == "the body has more than 3 chunks"
    assert record.events[-1].kind == "close"


# Modes


def test_may_return_no_write() -> None:
    record = Server(Mode(returns_write=False)).run(
        lambda environ, start: [repr(start("200 OK", [*TEXT])).encode()], make_environ()
    )
    assert record.body == b"None"


def start_with(*exc_info: Any) -> App:
    return make_lazy_app(lambda start: start("200 OK", TEXT, *exc_info))


def test_may_refuse_none_as_exc_info() -> None:
    server = Server(Mode(exc_info="not_none"))
    assert server.get(start_with()).status == "200 OK"
    assert server.get(start_with(raised())).status == "200 OK"
    with pytest.raises(TypeError, match="takes 2 positional arguments but 3 were given"):
        server.get(start_with(None))


def test_may_fail_on_exc_info_and_replace_the_response_without_it() -> None:
    server = Server(Mode(exc_info="fails"))
    assert server.get(start_with(None)).status == "200 OK"
    with pytest.raises(SystemError, match="with an exception set"):
        server.get(start_with(raised()))
    again = make_lazy_app(*START, lambda start: start("500 Oops", TEXT))
    assert server.run(again, make_environ()).status == "500 Oops"


def test_may_read_the_start_when_the_application_returns() -> None:
    server = Server(Mode(reads_start_late=False))
    assert server.run(make_app(), make_environ()).status == "200 OK"
    assert server.run(make_lazy_app(*START, b"a"), make_environ()).status == ""


def test_may_never_close() -> None:
    record = Server(Mode(closes=False)).run(make_lazy_app(*START, b"a"), make_environ())
    assert record.all("close") == []
    assert record.is_complete


def test_may_add_keys_to_the_environ() -> None:
    record = Server(Mode(environ={"PATH_INFO": "/added"})).run(echo, make_environ())
    assert record.body == b"/added  None "


@pytest.mark.parametrize(
    "read",
    [
        pytest.param(lambda stream: stream.read(), id="read()"),
        pytest.param(lambda stream: [stream.read(2), stream.read(2)], id="read(size)"),
        pytest.param(lambda stream: list(stream), id="iteration"),
        pytest.param(lambda stream: stream.readlines(), id="readlines()"),
    ],
)
def test_the_client_may_disconnect_during_the_upload(read: Any) -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        assert environ["wsgi.input"].read(1) == b"s"
        read(environ["wsgi.input"])
        raise AssertionError

    with pytest.raises(ConnectionResetError, match="the client has disconnected"):
        Server(Mode(disconnects="upload")).request("POST", app, body=b"sent")


def test_the_client_may_disconnect_in_write() -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", TEXT)(b"a")
        raise AssertionError

    record = Server(Mode(disconnects="write")).run(app, make_environ())
    abort = record.first("abort")
    assert abort is not None
    assert record.error is abort.value


def test_the_client_may_disconnect_between_two_chunks() -> None:
    record = Server(Mode(disconnects="chunks")).run(make_lazy_app(*START, b"a", b"b"), make_environ())
    assert (record.body, record.is_complete) == (b"a", False)
    assert [event.kind for event in record.events[-2:]] == ["abort", "close"]
