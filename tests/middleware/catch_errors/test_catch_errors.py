"""Catching errors: the answer to the client, the record in the log, and the errors that reach the server."""

import io
import logging
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any
from wsgiref.util import FileWrapper

import pytest
from webtest.lint import middleware as lint

from tests.direct import Body, Call, TestApp, answering, raising, restart
from wsgistack import CatchErrors, RequestId
from wsgistack.types import App, Environ, Headers, StartResponse

_LOCAL = {"REMOTE_ADDR": "127.0.0.1"}
_BOOM = "the database password is s3cret"


class _Unprintable(Exception):  # noqa: N818
    def __str__(self) -> str:
        raise RuntimeError("no words")

    __repr__ = __str__


def _chained(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    try:
        return [dict[str, bytes]()["cause"]]
    except KeyError as error:
        raise RuntimeError("effect") from error


def _failing_lazily(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
    raise RuntimeError(_BOOM)
    yield b""


def _failing_after_start(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Secret", _BOOM), ("Content-Length", "3")])
    raise RuntimeError(_BOOM)


def _starting_twice(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [_BOOM.encode()]


def _writing(then: BaseException) -> App:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])(b"begun")
        raise then

    return app


class _Uniterable(Body):
    def __iter__(self) -> Iterator[bytes]:
        raise RuntimeError(_BOOM)


_BEFORE_THE_FIRST_BYTE = {
    "in the call": raising(RuntimeError(_BOOM)),
    "lazily": _failing_lazily,
    "after the start": _failing_after_start,
    "StopIteration in the call": raising(StopIteration(_BOOM)),
    "at the first chunk": answering(Body(RuntimeError(_BOOM))),
    "after empty chunks": answering(Body(b"", b"", RuntimeError(_BOOM))),
    "when it is iterated": answering(_Uniterable()),
    "by a second start": _starting_twice,
}


@pytest.mark.parametrize("where", _BEFORE_THE_FIRST_BYTE)
def test_answers_an_error_before_the_first_byte(where: str, caplog: pytest.LogCaptureFixture) -> None:
    call = Call(lint(CatchErrors(_BEFORE_THE_FIRST_BYTE[where])))
    body = call.read()
    assert call.status == "500 Internal Server Error"
    length = str(len(body))
    assert call.headers == {"content-type": "application/problem+json", "content-length": length, "vary": "Accept"}
    assert b'"status": 500' in body
    assert b"s3cret" not in body
    assert b"Traceback" not in body
    [record] = caplog.records
    assert (record.name, record.levelno) == ("wsgistack.catch_errors", logging.ERROR)
    assert "Traceback" in caplog.text


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("text/html,*/*;q=0.8", "text/html"),
        ("application/problem+json", "application/problem+json"),
        ("application/json", "application/problem+json"),
        ("text/plain", "text/plain"),
        ("*/*", "application/problem+json"),
        ("image/png", "text/plain"),
    ],
)
@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_answers_in_the_media_type_that_the_client_accepts(
    accept: str, media_type: str, debug: bool, method: str
) -> None:
    app = TestApp(CatchErrors(raising(RuntimeError(_BOOM)), debug=debug), _LOCAL)
    response = app.request("/", method=method, headers={"Accept": accept}, status=500)
    assert response.content_type == media_type
    if method == "HEAD":
        assert response.body == b""
    else:
        assert ("s3cret" in response.text) is debug
        assert ("direct.py" in response.text) is debug
    assert response.content_length == len(response.body) or method == "HEAD"


def test_escapes_the_traceback_in_html() -> None:
    app = TestApp(CatchErrors(raising(RuntimeError("<script>")), debug=True), _LOCAL)
    response = app.get("/", headers={"Accept": "text/html"}, status=500)
    assert "&lt;script&gt;" in response.text
    assert "<script>" not in response.text


@pytest.mark.parametrize(
    "error",
    [
        _Unprintable(),
        ExceptionGroup("several", [ValueError("one"), ExceptionGroup("deeper", [_Unprintable()])]),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "half \ud800"),
        SyntaxError("odd", ("file", 1, 9, "text", 0, 99)),
        RecursionError("deep"),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("accept", ["text/html", "text/plain", "application/json"])
def test_answers_errors_of_every_kind(error: Exception, accept: str, caplog: pytest.LogCaptureFixture) -> None:
    response = TestApp(CatchErrors(raising(error), debug=True), _LOCAL).get("/", headers={"Accept": accept}, status=500)
    assert type(error).__name__ in response.text
    assert type(error).__name__ in caplog.text


def test_shows_and_logs_the_cause_too(caplog: pytest.LogCaptureFixture) -> None:
    response = TestApp(CatchErrors(_chained, debug=True), _LOCAL).get("/", status=500)
    for text in (response.json["traceback"], caplog.text):
        assert text.index("KeyError: 'cause'") < text.index("RuntimeError: effect")


def test_shows_the_request_id_in_the_answer_and_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    app = RequestId(CatchErrors(raising(RuntimeError(_BOOM)), logger="site.errors"))
    response = TestApp(app, extra_environ={"SCRIPT_NAME": "/a"}).get(
        "/b%0Ac?d", {"q": "x"}, {"X-Request-ID": "r-1"}, status=500
    )
    assert response.json["request_id"] == "r-1"
    [record] = caplog.records
    assert record.name == "site.errors"
    assert record.getMessage() == "GET /a/b%0Ac?d&q=x failed, request r-1"
    assert vars(record)["request_id"] == "r-1"


@pytest.mark.parametrize("keys", [{}, {"uwsgi.version": b"2.0"}], ids=["others", "uWSGI"])
def test_passes_exc_info_to_the_server_except_to_uwsgi(keys: dict[str, Any]) -> None:
    error = RuntimeError(_BOOM)
    seen: list[Any] = []

    def server(status: str, headers: Headers, exc_info: Any = None) -> Any:
        seen.append((status, exc_info))
        return seen.append

    def started(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])(b"")
        raise error

    for app in (raising(error), started):
        seen.clear()
        assert CatchErrors(app)({"wsgi.errors": io.StringIO(), **keys}, server)
        status, exc_info = seen[-1]
        assert status == "500 Internal Server Error"
        assert exc_info == (None if keys else (RuntimeError, error, error.__traceback__))


@pytest.mark.parametrize("is_started", [False, True])
@pytest.mark.parametrize("keys", [{}, {"uwsgi.version": b"2.0"}], ids=["others", "uWSGI"])
def test_replaces_a_held_start(is_started: bool, keys: dict[str, Any]) -> None:
    def restarting(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if is_started:
            start_response("200 OK", [])
        try:
            int(_BOOM)
        except ValueError:
            start_response("503 Service Unavailable", [], sys.exc_info())
        return [b"later"]

    seen: list[Any] = []
    assert CatchErrors(restarting)(keys, lambda *start: seen.append(start) or print) == [b"later"]  # type: ignore[func-returns-value]
    [(status, headers, *exc_info)] = seen
    assert (status, headers) == ("503 Service Unavailable", [])
    assert [type(each[1]) for each in exc_info] == ([] if keys else [ValueError])


@pytest.mark.parametrize("body", [[b"x"], Body(b"x")])
def test_answers_if_the_server_refuses_the_start_of_the_application(body: Iterable[bytes]) -> None:
    starts: list[str] = []

    def server(status: str, headers: Headers, exc_info: Any = None) -> Any:
        assert exc_info or not starts, "started already"
        starts.append(status)  # gunicorn and waitress, too, remember it before they look at the headers
        if not exc_info:
            raise ValueError("a header that can't be")
        return print

    sent = b"".join(CatchErrors(answering(body))({"wsgi.errors": io.StringIO()}, server))
    assert starts == ["200 OK", "500 Internal Server Error"]
    assert b"The server failed to answer this request" in sent


@pytest.mark.parametrize(
    ("app", "sent"),
    [
        pytest.param(answering(Body(b"begun", RuntimeError(_BOOM))), b"begun", id="mid-body"),
        pytest.param(answering(Body(b"", b"begun", b"", RuntimeError(_BOOM))), b"begun", id="between empty chunks"),
        pytest.param(_writing(RuntimeError(_BOOM)), b"begun", id="after write"),
    ],
)
def test_passes_an_error_after_the_first_byte_on(app: App, sent: bytes, caplog: pytest.LogCaptureFixture) -> None:
    server: list[bytes] = []

    def start_response(status: str, headers: Headers, exc_info: Any = None) -> Any:
        assert status == "200 OK"
        return server.append

    with pytest.raises(RuntimeError, match="s3cret"):
        server.extend(CatchErrors(app)({}, start_response))
    assert b"".join(server) == sent
    assert len(caplog.records) == 1


def test_answers_after_an_empty_write() -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])(b"")
        raise RuntimeError(_BOOM)

    call = Call(CatchErrors(app))
    assert b'"status": 500' in call.read()


def test_closes_the_body_once_after_an_answer() -> None:
    for body in (Body(RuntimeError(_BOOM)), _Uniterable()):
        call = Call(CatchErrors(answering(body)))
        call.read()
        call.close()
        assert body.closed == 1


@pytest.mark.parametrize("error", [RuntimeError(_BOOM), SystemExit(1)])
def test_closes_a_body_that_can_not_be_iterated(error: BaseException) -> None:
    class Failing(Body):
        def __iter__(self) -> Iterator[bytes]:
            raise error

    body = Failing()

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])(b"begun")
        return body

    with pytest.raises(type(error)):
        Call(CatchErrors(app)).read()
    assert body.closed == 1


@pytest.mark.parametrize("error", [SystemExit(1), KeyboardInterrupt(), GeneratorExit()], ids=repr)
@pytest.mark.parametrize("where", ["call", "body", "close"])
def test_passes_errors_that_are_not_an_exception_on(
    error: BaseException, where: str, caplog: pytest.LogCaptureFixture
) -> None:
    body = Body(error) if where == "body" else Body(b"1", failure=error)  # type: ignore[arg-type]
    with pytest.raises(type(error)):
        Call(CatchErrors(raising(error) if where == "call" else answering(body))).read()
    assert not caplog.records


def test_logs_an_error_in_close_and_passes_it_on(caplog: pytest.LogCaptureFixture) -> None:
    body = Body(b"whole", failure=OSError("disk"))
    call = Call(CatchErrors(answering(body)))
    with pytest.raises(OSError, match="disk"):
        call.read()
    assert call.sent == [b"whole"]
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [OSError]
    call.close()
    assert body.closed == 1


@pytest.mark.parametrize("chunks", [(), (b"begun",)], ids=["before the first byte", "after it"])
def test_logs_an_error_in_the_body_and_one_in_close(chunks: tuple[bytes, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    texts = io.StringIO()
    logger = logging.getLogger("site.texts")
    monkeypatch.setattr(logger, "handlers", [logging.StreamHandler(texts)])
    monkeypatch.setattr(logger, "propagate", False)  # no other handler keeps the records, and the errors with them

    class Failing(Body):
        """Raises a second error that has taken the first one's place in memory."""

        def __iter__(self) -> Iterator[bytes]:
            yield from chunks
            error = OSError("in the body")
            self.place = id(error)
            raise error

        def close(self) -> None:
            errors = [OSError("in close") for _ in range(1000)]
            raise next((error for error in errors if id(error) == self.place), errors[0])

    call = Call(CatchErrors(answering(Failing()), logger="site.texts"))
    with suppress(OSError, StopIteration):
        for _ in range(3):
            call.next()
    with pytest.raises(OSError, match="in close"):
        call.close()
    assert "OSError: in the body" in texts.getvalue()
    assert "OSError: in close" in texts.getvalue()


@pytest.mark.parametrize(
    "app",
    [
        pytest.param(raising(RuntimeError(_BOOM)), id="answered"),
        pytest.param(answering(Body(b"begun", RuntimeError(_BOOM))), id="mid-body"),
        pytest.param(answering(Body(b"whole", failure=RuntimeError(_BOOM))), id="in close"),
        pytest.param(_writing(RuntimeError(_BOOM)), id="after write"),
    ],
)
def test_two_layers_log_an_error_once(app: App, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):  # the same exception object fails the next request as well
        caplog.clear()
        try:
            call = Call(CatchErrors(CatchErrors(app)))
            assert b'"status": 500' in call.read()
        except RuntimeError:
            pass
        assert len(caplog.records) == 1


def test_reports_a_failing_logger_to_wsgi_errors() -> None:
    class Failing(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise OSError("no log today")

    failing = Failing()
    logging.getLogger("site.failing").addHandler(failing)
    call = Call(CatchErrors(raising(RuntimeError(_BOOM)), logger="site.failing"))
    assert b'"status": 500' in call.read()
    said = call.environ["wsgi.errors"].getvalue()
    assert "OSError: no log today" in said
    assert f"RuntimeError: {_BOOM}" in said
    logging.getLogger("site.failing").removeHandler(failing)


class _Teapot(CatchErrors):
    def answer(self, environ: Environ, error: Exception) -> tuple[str, Headers, list[bytes]]:
        if isinstance(error, ValueError):
            raise TypeError("the answer fails")
        return "418 I'm a teapot", [("Content-Type", "text/plain")], [b"short ", b"and stout"]


def test_sends_the_answer_of_a_subclass() -> None:
    call = Call(_Teapot(raising(RuntimeError(_BOOM))))
    assert call.read() == b"short and stout"
    assert call.status == "418 I'm a teapot"


def test_sends_the_plain_answer_if_a_subclass_fails(caplog: pytest.LogCaptureFixture) -> None:
    call = Call(lint(_Teapot(raising(ValueError(_BOOM)))), HTTP_ACCEPT="text/html")
    assert b"<h1>500 Internal Server Error</h1>" in call.read()
    assert call.status == "500 Internal Server Error"
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [ValueError, TypeError]


def test_returns_a_body_that_can_not_fail_untouched() -> None:
    served: dict[str, Any] = {"wsgi.file_wrapper": FileWrapper}
    for body in ([b"1"], (b"1", b"2"), FileWrapper(io.BytesIO())):
        assert Call(CatchErrors(answering(body)), **served).body is body


def test_keeps_each_chunk_and_the_length() -> None:
    class Sized(Body):
        def __len__(self) -> int:
            return len(self.chunks)

    body = Sized(b"1", b"", b"2")
    call = Call(CatchErrors(answering(body)))
    assert len(call.body) == 3  # type: ignore[arg-type]
    assert [call.next(), call.next(), call.next()] == [b"1", b"", b"2"]
    with pytest.raises(StopIteration):
        call.next()
    call.close()
    assert body.closed == 1


def test_lets_the_application_restart() -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        restart(start_response, "503 Busy", [])
        return [b"later"]

    call = Call(CatchErrors(app))
    assert (call.read(), call.status) == (b"later", "503 Busy")


def test_starts_an_answer_once_if_nothing_was_sent() -> None:
    call = Call(CatchErrors(_failing_after_start))
    call.read()
    assert len(call.starts) == 1  # some servers keep the headers of a first start beside those of a restart


def _never_starting(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    return environ["body"]  # type: ignore[no-any-return]


@pytest.mark.parametrize("body", [[b"x"], [], iter([b"x"]), iter([])])
def test_answers_for_an_application_that_never_starts(body: Iterable[bytes], caplog: pytest.LogCaptureFixture) -> None:
    call = Call(CatchErrors(_never_starting), body=body)
    assert b"Internal Server Error" in call.read()
    assert "without calling start_response" in caplog.text


def test_starts_the_response_although_the_client_has_gone() -> None:
    call = Call(CatchErrors(answering(iter([b"x"]))))
    assert not call.starts
    call.close()
    assert call.status == "200 OK"


def test_logs_no_raw_control_character(caplog: pytest.LogCaptureFixture) -> None:
    Call(CatchErrors(raising(RuntimeError())), REQUEST_METHOD="GE\x1b[31mT").read()
    assert caplog.records[0].getMessage().startswith(r"GE\x1b[31mT / failed")


def test_imports_little_until_an_option_or_an_error_needs_more() -> None:
    code = (
        "import sys; from wsgistack import CatchErrors; CatchErrors(print);"
        "print(*sorted(name for name in sys.modules if 'webob' in name or 'catch_errors.' in name))"
    )
    names = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    own = (
        "attributes",
        "callers",
        "expected",
        "fingerprints",
        "frameworks",
        "log",
        "reports",
        "reports.record",
        "request",
    )
    assert names == [f"wsgistack.middleware.catch_errors.{each}" for each in own]
