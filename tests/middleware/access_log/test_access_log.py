"""The access log: one line for each request, however its response ends, and the response never suffers."""

import io
import json
import logging
import os
import re
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.request import urlopen
from wsgiref.util import FileWrapper

import pytest
from hypothesis import given
from hypothesis import strategies as st
from waitress import create_server

from tests.direct import Body, Call, TestApp, answering, raising
from wsgistack import AccessLog, BasicAuth, CatchErrors, Compress, ConfigError, RequestId, load
from wsgistack.types import App, Environ, StartResponse

_HEADER = st.text(st.characters(max_codepoint=255), max_size=40)
_EXTENDED = re.compile(
    r'\S+ - \S+ \[[^\]]+\] "\S+ \S+ \S+" \d{3} (?:\d+|-) "(?:[^"\\]|\\.)*" "(?:[^"\\]|\\.)*" \d+ \S+\n'
)


class _Log:
    """A layer that writes to a file, and what it has written there."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def around(self, app: App, format: str = "%X %s %B") -> AccessLog:
        return AccessLog(app, format=format, file=self.path)

    @property
    def lines(self) -> list[str]:
        return self.path.read_text("utf-8").splitlines() if self.path.exists() else []


@pytest.fixture
def log(tmp_path: Path) -> _Log:
    return _Log(tmp_path / "access.log")


def _writing(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    write = start_response("200 OK", [("Content-Type", "text/plain")])
    write(b"12345")
    return [b"67", b"8"]


def _lazy(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
    start_response("404 Not Found", [("Content-Type", "text/plain")])
    yield b""
    yield b"1234"


@pytest.mark.parametrize(
    ("app", "expected"),
    [
        pytest.param(answering([b"123"]), "- 200 3", id="a list"),
        pytest.param(answering([]), "- 200 0", id="nothing"),
        pytest.param(answering(Body(b"12", b"3")), "- 200 3", id="an iterable"),
        pytest.param(_writing, "- 200 8", id="write and iterable"),
        pytest.param(_lazy, "- 404 4", id="a lazy start"),
    ],
)
def test_logs_the_outcome_of_a_response(app: App, expected: str, log: _Log) -> None:
    response = TestApp(log.around(app)).get("/", expect_errors=True)
    assert log.lines == [expected]
    assert expected.endswith(f" {len(response.body)}")


@pytest.mark.parametrize(
    ("app", "expected"),
    [
        pytest.param(raising(RuntimeError("early")), "X 500 0", id="in the call"),
        pytest.param(raising(SystemExit(3)), "X 500 0", id="an exit in the call"),
        pytest.param(answering(Body(RuntimeError("first"))), "X 500 0", id="before the first byte"),
        pytest.param(answering(Body(b"", RuntimeError("first"))), "X 500 0", id="after an empty chunk"),
        pytest.param(answering(Body(b"12", RuntimeError("late"))), "X 200 2", id="mid-body"),
        pytest.param(answering(Body(b"12", failure=RuntimeError("close"))), "X 200 2", id="in close"),
    ],
)
def test_logs_an_error_of_the_application(app: App, expected: str, log: _Log) -> None:
    with pytest.raises((RuntimeError, SystemExit)):
        Call(log.around(app)).read()
    assert log.lines == [expected]


def test_logs_an_aborted_response(log: _Log) -> None:
    body = Body(b"12", b"345")
    call = Call(log.around(answering(body)))
    call.next()
    assert not log.lines
    call.close()
    call.close()
    assert log.lines == ["X 200 2"]
    assert body.closed == 1


def test_logs_a_response_that_was_never_read(log: _Log) -> None:
    Call(log.around(answering(Body(b"12")))).close()
    Call(log.around(_lazy)).close()
    assert log.lines == ["X 200 0", "X - 0"]


@pytest.mark.parametrize(
    ("method", "status"), [("HEAD", "200 OK"), ("GET", "204 No Content"), ("GET", "304 Not Modified")]
)
def test_a_response_without_a_body_is_complete_without_reading(method: str, status: str, log: _Log) -> None:
    Call(log.around(answering(Body(), status=status)), REQUEST_METHOD=method).close()
    assert log.lines == [f"- {status[:3]} 0"]


def test_logs_the_last_status(log: _Log) -> None:
    body = Call(log.around(CatchErrors(answering(Body(RuntimeError("boom")))))).read()
    assert log.lines == [f"- 500 {len(body)}"]


def test_logs_the_size_after_compression(log: _Log) -> None:
    for body in ([b"word " * 500], Body(b"word ", b"word ")):
        app = log.around(Compress(answering(body)))
        packed, plain = Call(app, HTTP_ACCEPT_ENCODING="gzip").read(), Call(app).read()
        assert packed != plain
        assert log.lines[-2:] == [f"- 200 {len(packed)}", f"- 200 {len(plain)}"]


def test_logs_the_user_and_the_target(log: _Log) -> None:
    inner = BasicAuth(answering([b"1"]), users={"änn": "a"})
    app = TestApp(RequestId(log.around(inner, "%u %L %r %{Referer}i %{Content-Type}o")))
    credentials = b64encode("änn:a".encode()).decode()
    headers = {"X-Request-ID": "mine", "Referer": 'a"b', "Remote-User": "root", "Authorization": f"Basic {credentials}"}
    app.get("/caf%C3%A9?a=b%20c", headers=headers)
    assert log.lines == [r"\xc3\xa4nn mine GET /caf%C3%A9?a=b%20c HTTP/1.0 a\"b text/plain"]


def test_logs_the_original_target_if_the_application_changes_it(log: _Log) -> None:
    def shifting(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        environ.update(SCRIPT_NAME="/other", PATH_INFO="", REQUEST_METHOD="POST", QUERY_STRING="")
        start_response("200 OK", [])
        return []

    Call(log.around(shifting, "%m %U%q"), "/b", SCRIPT_NAME="/a", QUERY_STRING="c").read()
    assert log.lines == ["GET /a/b?c"]


def test_measures_until_the_end_of_the_stream(log: _Log) -> None:
    def slow() -> Iterator[bytes]:
        yield b"1"
        time.sleep(0.02)
        yield b"2"

    Call(log.around(answering(slow()), "%D")).read()
    assert int(log.lines[0]) >= 20_000


def test_logs_a_request_with_an_empty_environ(log: _Log) -> None:
    layer = log.around(answering([b"1"]), "%h %u %r %s %{Referer}i %{x.y}e")
    list(layer({}, lambda status, headers, exc_info=None: lambda data: None))
    layer({"REMOTE_ADDR": "", "SERVER_PROTOCOL": ""}, lambda *_: lambda data: None).close()  # type: ignore[attr-defined]
    assert log.lines == ["- - - / - 200 - -"] * 2, "also where the server never calls close()"


def test_keeps_one_line_and_its_fields_whatever_the_client_sends(tmp_path_factory: pytest.TempPathFactory) -> None:
    log = _Log(tmp_path_factory.mktemp("log") / "access.log")
    layers = {name: log.around(answering([b"1"]), name) for name in ("extended", "json")}

    @given(
        words=st.fixed_dictionaries(
            dict.fromkeys(
                ("REQUEST_METHOD", "SCRIPT_NAME", "QUERY_STRING", "REMOTE_ADDR", "SERVER_PROTOCOL", "REMOTE_USER"),
                _HEADER,
            ),
            optional={"HTTP_REFERER": _HEADER, "HTTP_USER_AGENT": _HEADER, "HTTP_X_REQUEST_ID": _HEADER},
        ),
        path=_HEADER,
    )
    def check(words: dict[str, str], path: str) -> None:
        for name, layer in layers.items():
            log.path.write_bytes(b"")
            Call(RequestId(layer), path, **words).read()
            written = log.path.read_bytes().decode("ascii")
            assert written.count("\n") == 1
            if name == "json":
                sent = words.get("HTTP_USER_AGENT", "").encode("latin-1")
                assert (json.loads(written)["user_agent"] or "") == sent.decode("utf-8", "backslashreplace")
            else:
                assert _EXTENDED.fullmatch(written)

    check()


@pytest.mark.parametrize("output", ["stderr", "stdout"])
def test_writes_to_the_standard_streams(output: Any, capsys: pytest.CaptureFixture[str]) -> None:
    TestApp(AccessLog(answering([b"123"]), format="%s %B", output=output)).get("/")
    assert getattr(capsys.readouterr(), output[3:]) == "200 3\n"


def test_writes_to_a_logger(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    TestApp(AccessLog(answering([b"123"]), format="%s %% %B", output="logging", logger="site.access")).get("/")
    assert caplog.record_tuples == [("site.access", logging.INFO, "200 % 3")]


def test_reports_a_line_that_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with open(__file__) as unwritable:  # noqa: PTH123
        monkeypatch.setattr(sys, "stderr", unwritable)
        assert Call(AccessLog(answering([b"123"]), logger="site.access")).read() == b"123"
    monkeypatch.setattr(sys, "stderr", None)
    assert Call(AccessLog(answering([b"123"]))).read() == b"123"
    reports = [(record.name, record.levelname, record.message) for record in caplog.records]
    lost = "lines of the access log are being lost: "
    why = "'NoneType' object has no attribute 'write'"
    assert reports == [
        ("site.access", "ERROR", f"{lost}not writable"),
        ("wsgistack.access_log", "ERROR", f"{lost}{why}"),
    ]


class _OutOfStockError(Exception):
    pass


@pytest.mark.parametrize(
    ("error", "expected"), [(ValueError("x"), "ValueError"), (_OutOfStockError(), f"{__name__}._OutOfStockError")]
)
def test_logs_the_type_of_an_error(error: Exception, expected: str, log: _Log) -> None:
    with pytest.raises(type(error)):
        Call(log.around(raising(error), "json")).read()
    facts = json.loads(log.lines[0])
    assert (facts["outcome"], facts["error"], facts["first_byte"]) == ("failed", expected, None)


def test_logs_the_time_to_the_first_byte(log: _Log) -> None:
    def slow() -> Iterator[bytes]:
        yield b""
        time.sleep(0.02)
        yield b"1"
        time.sleep(0.02)
        yield b"2"

    Call(log.around(answering(slow()), "json")).read()
    facts = json.loads(log.lines[0])
    assert 0.02 <= facts["first_byte"] <= facts["duration"] - 0.02


def test_hides_what_the_options_say(tmp_path: Path) -> None:
    options: dict[str, Any] = {
        "file": tmp_path / "log",
        "format": "json",
        "fields": ["client", "target"],
        "extra_fields": {"agent": "user_agent"},
        "redact": ["iban"],
        "addresses": "hashed",
        "address_key": "k",
        "max_value": 30,
    }
    layer = AccessLog(answering([b"1"]), **options)
    Call(layer, "/a", QUERY_STRING="iban=1", REMOTE_ADDR="192.0.2.1", HTTP_USER_AGENT="x" * 40).read()
    facts = json.loads((tmp_path / "log").read_text())
    assert re.fullmatch("[0-9a-f]{16}", facts.pop("client"))
    assert facts == {"target": "/a?iban=[redacted]", "agent": f"{'x' * 30}..."}
    assert "'k'" not in repr(layer)


@pytest.mark.parametrize("option", ["fields", "extra_fields", "redact"])
def test_refuses_a_text_in_the_place_of_a_list(option: str) -> None:
    wrong: dict[str, Any] = {option: "status"}
    with pytest.raises(ConfigError, match=f"{option}: is text; expected a list; write"):
        AccessLog(answering([]), format="json", **wrong)


def test_reads_its_options_from_an_ini_file(tmp_path: Path) -> None:
    (tmp_path / "stack.ini").write_text(f"""
[pipeline:main]
pipeline = log app
[app:app]
use = call:{__name__}:make_app
[filter:log]
use = egg:wsgistack#access_log
file = access
format = json
fields = status, target
extra_fields =
    path = environ:PATH_INFO
    verb = method
redact = iban, customer-ref
""")
    Call(load(tmp_path / "stack.ini"), "/a", QUERY_STRING="customer_ref=1").read()
    facts = json.loads((tmp_path / "access").read_text())
    assert facts == {"status": 200, "target": "/a?customer_ref=[redacted]", "path": "/a", "verb": "GET"}


def make_app(global_conf: object) -> App:
    return answering([b"1"])


def test_survives_a_failing_logger_of_reports() -> None:
    class Failing(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise OSError("no log today")

    logger = logging.getLogger("site.failing")
    failing = Failing()
    logger.addHandler(failing)
    logger.setLevel(logging.INFO)
    body = Body(b"123")
    call = Call(AccessLog(answering(body), output="logging", logger="site.failing"))
    assert call.read() == b"123"
    assert body.closed == 1
    logger.removeHandler(failing)


def test_writes_formats_in_any_script(log: _Log) -> None:
    TestApp(log.around(answering([b""]), "→ %s")).get("/")
    assert log.lines == ["→ 200"]


_LOG_MANY = """
import sys
from wsgistack import AccessLog

def app(environ, start_response):
    start_response("200 OK", [])
    return [b""]

path, name = sys.argv[1:]
layer = AccessLog(app, format="%m %q", file=path, max_value=9001)
for _ in range(100):
    body = layer({"REQUEST_METHOD": name, "QUERY_STRING": name * 9000}, lambda status, headers: None)
    list(body)
    body.close()
"""


def test_processes_share_a_file(log: _Log) -> None:
    workers = [subprocess.Popen([sys.executable, "-c", _LOG_MANY, log.path, name]) for name in "AB"]
    assert [worker.wait() for worker in workers] == [0, 0]
    assert sorted(set(log.lines)) == [f"{name} ?{name * 9000}" for name in "AB"]
    assert len(log.lines) == 200


def test_creates_the_file_with_the_first_line(log: _Log) -> None:
    layer = log.around(answering([b""]), "%s")
    assert not log.path.exists(), "a check builds the layer, perhaps as another user"
    Call(layer).read()
    Call(layer).read()
    assert log.lines == ["200", "200"]


def test_refuses_a_file_that_cannot_be_written(log: _Log, monkeypatch: pytest.MonkeyPatch) -> None:
    log.path.touch(0o444)
    if os.geteuid() == 0:  # root can write every file
        monkeypatch.setattr(os, "access", lambda path, mode, **more: path != log.path)
    with pytest.raises(ConfigError, match="Permission denied"):
        log.around(answering([b""]))


def test_closes_the_file_with_the_layer(log: _Log) -> None:
    layer = log.around(answering([b""]))
    Call(layer).read()
    opened = {link.resolve() for link in Path("/dev/fd").iterdir()}
    assert log.path.resolve() in opened
    del layer
    assert log.path.resolve() not in {link.resolve() for link in Path("/dev/fd").iterdir()}


@pytest.fixture
def download(tmp_path: Path) -> Iterator[FileWrapper]:
    path = tmp_path / "download"
    path.write_bytes(b"0123456789")
    with path.open("rb") as file:
        yield FileWrapper(file, 4)


_WITH_LENGTH = ("Content-Length", "10")
_SERVED: dict[str, Any] = {"wsgi.file_wrapper": FileWrapper}


@pytest.mark.parametrize(
    ("method", "status", "expected"),
    [
        ("GET", "200 OK", "- 200 10"),
        ("HEAD", "200 OK", "- 200 0"),
        ("GET", "304 Not Modified", "- 304 0"),
    ],
)
def test_returns_a_file_untouched_and_logs_it_when_it_is_closed(
    method: str, status: str, expected: str, download: FileWrapper, log: _Log
) -> None:
    app = log.around(answering(download, _WITH_LENGTH, status=status))
    call = Call(app, REQUEST_METHOD=method, **_SERVED)
    assert call.body is download
    assert not log.lines
    download.filelike.seek(10)  # as sendfile leaves it
    call.close()
    call.close()
    assert log.lines == [expected]
    assert download.filelike.closed


def test_logs_a_whole_file_if_the_server_rewinds_it(download: FileWrapper, log: _Log) -> None:
    call = Call(log.around(answering(download, _WITH_LENGTH)), **_SERVED)
    download.filelike.seek(10)  # as gunicorn does
    os.lseek(download.filelike.fileno(), 0, os.SEEK_SET)
    call.close()
    assert log.lines == ["- 200 10"]
    assert download.filelike.closed


def test_a_part_of_a_file_is_complete_at_content_length(log: _Log) -> None:
    for position in 4, 8:  # a server that has read a block sends no more of it than was told, either
        call = Call(log.around(answering(FileWrapper(io.BytesIO(b"0123456789")), ("Content-Length", "4"))), **_SERVED)
        call.body.filelike.seek(position)  # type: ignore[attr-defined]
        call.close()
    assert log.lines == ["- 200 4", "- 200 4"]


def test_logs_a_file_once_for_each_layer(download: FileWrapper, log: _Log) -> None:
    app = log.around(log.around(answering(download, _WITH_LENGTH), "inner %B%%"), "outer %B%%")
    call = Call(app, **_SERVED)
    assert call.body is download
    assert b"".join(download) == b"0123456789"
    call.close()
    assert log.lines == ["inner 10%", "outer 10%"]


@pytest.mark.parametrize("headers", [[_WITH_LENGTH], [("A", "b")]])
def test_logs_the_sent_bytes_of_a_file_if_the_client_disconnects(
    headers: list[tuple[str, str]], download: FileWrapper, log: _Log
) -> None:
    call = Call(log.around(answering(download, *headers)), **_SERVED)
    download.filelike.seek(4)
    call.close()
    assert log.lines == ["X 200 4"]


def test_logs_a_file_that_the_server_has_closed(download: FileWrapper, log: _Log) -> None:
    call = Call(log.around(answering(download, _WITH_LENGTH)), **_SERVED)
    download.filelike.close()
    call.close()
    assert log.lines == ["X 200 0"]


@pytest.mark.parametrize("length", [None, "ten", "-1"])
def test_counts_the_bytes_of_a_file_of_unknown_length(length: str | None, download: FileWrapper, log: _Log) -> None:
    headers = [("Content-Length", length)] if length else [("A", "b")]
    call = Call(log.around(answering(download, *headers)), **_SERVED)
    assert call.read() == b"0123456789"
    assert log.lines == ["- 200 10"]


class _Unwatchable:
    """A file wrapper as one that is written in C: nothing can be set on it."""

    __slots__ = ("_file",)

    def __init__(self, file: FileWrapper) -> None:
        self._file = file

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._file)

    def close(self) -> None:
        self._file.close()


def test_counts_the_bytes_of_a_file_that_cannot_be_watched(download: FileWrapper, log: _Log) -> None:
    app = log.around(answering(_Unwatchable(download), _WITH_LENGTH))
    assert Call(app, **_SERVED | {"wsgi.file_wrapper": _Unwatchable}).read() == b"0123456789"
    assert log.lines == ["- 200 10"]
    assert download.filelike.closed


@pytest.mark.parametrize(("method", "expected"), [("GET", "- 206 4"), ("HEAD", "- 206 0")])
def test_reads_a_file_only_up_to_content_length(method: str, expected: str, log: _Log) -> None:
    file = io.BytesIO(b"0123456789")
    app = log.around(answering(file, ("Content-Length", "4"), status="206 Partial Content"))
    call = Call(app, **_SERVED | {"wsgi.file_wrapper": lambda file: file, "REQUEST_METHOD": method})
    assert call.read() == (b"0123" if method == "GET" else b"")
    assert log.lines == [expected]


def test_reads_a_file_in_blocks_if_the_wrapper_returns_it(log: _Log) -> None:
    file = io.BytesIO(b"line\n" * 100_000)
    call = Call(log.around(answering(file)), **_SERVED | {"wsgi.file_wrapper": lambda file: file})
    chunks = [*call.body]
    call.close()
    assert (len(chunks), b"".join(chunks)) == (4, b"line\n" * 100_000)
    assert log.lines == ["- 200 500000"]
    assert file.closed


def test_leaves_the_length_of_a_file_to_waitress(tmp_path: Path, log: _Log) -> None:
    path = tmp_path / "download"
    path.write_bytes(b"0123456789" * 50_000)

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        wrapped: Iterable[bytes] = environ["wsgi.file_wrapper"](path.open("rb"))
        return wrapped

    def fetch(port: int) -> tuple[str, int]:
        with urlopen(f"http://127.0.0.1:{port}/") as response:
            return response.headers["Content-Length"], len(response.read())

    sockets: dict[Any, Any] = {}
    server = create_server(log.around(app), map=sockets, host="127.0.0.1", port=0, threads=1)
    with closing(server), ThreadPoolExecutor() as pool:
        fetched = pool.submit(fetch, server.effective_port)
        while not fetched.done() or server.active_channels:
            server.asyncore.loop(timeout=0.01, map=sockets, count=1)
        server.task_dispatcher.shutdown()
    assert fetched.result() == ("500000", 500_000)
    assert log.lines == ["- 200 500000"]


def test_keeps_the_length_of_a_body(log: _Log) -> None:
    assert len(Call(log.around(answering([b"1", b"2"]))).body) == 2  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"output": "syslog"}, "output: unknown output 'syslog'; "),
        ({"format": "comon"}, "format: unknown format 'comon'; did you mean 'common'"),
        ({"file": Path("/")}, "file: cannot open '/': Is a directory; expected a file that can be written"),
        ({"file": Path("/no/where")}, "file: cannot open '/no/where': No such file or directory"),
    ],
)
def test_refuses_an_invalid_option_with_the_reason(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        AccessLog(answering([b""]), **options)


def test_reports_all_mistakes_at_once(tmp_path: Path) -> None:
    wrong: dict[str, Any] = {"output": "stdrr", "format": "combind", "file": tmp_path / "no" / "such"}
    with pytest.raises(ConfigError) as caught:
        AccessLog(answering([]), **wrong)
    assert [each.key for each in caught.value.mistakes] == ["format", "output", "file"]


@pytest.mark.parametrize("format", ["%X %s %B", "json"])
@pytest.mark.parametrize(("status", "code"), [(b"404 Not Found", 404), (b"\xff \n", None), (404, None), (None, None)])
def test_logs_a_status_that_is_not_a_text(status: Any, code: int | None, format: str, log: _Log) -> None:
    assert Call(log.around(answering([b"123"], status=status), format)).read() == b"123"
    [line] = log.lines
    if format == "json":
        entry = json.loads(line)
        assert (entry["status"], entry["outcome"], entry["bytes"]) == (code, "complete", 3)
    else:
        assert line.startswith("- 404 " if code else "- ")
        assert line.endswith(" 3")


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
def test_counts_no_body_for_a_status_in_bytes(status: Any, log: _Log) -> None:
    Call(log.around(answering([b"dropped"], status=status))).read()
    assert log.lines == [f"- {status[:3].decode()} 0"]


@pytest.mark.parametrize(("method", "status"), [("HEAD", "200 OK"), ("GET", "304 Not Modified")])
def test_does_not_count_bytes_that_the_server_drops(method: str, status: str, log: _Log) -> None:
    Call(log.around(answering([b"dropped"], status=status)), REQUEST_METHOD=method).read()
    assert log.lines == [f"- {status[:3]} 0"]
