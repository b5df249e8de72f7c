"""Serving on Waitress and on wsgiref: the start, the end, requests in flight, and the server for PasteDeploy."""

import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, redirect_stdout
from functools import partial
from http.client import HTTPConnection
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit
from wsgiref.simple_server import WSGIRequestHandler

import pytest

from tests.servers.running import is_refused
from tests.serving.served import PLAIN, answers, asks, response_of, served
from tests.waiting import MAX_WAIT, wait_until
from wsgistack import AccessLog
from wsgistack.errors import ConfigError
from wsgistack.serving import serve as serving
from wsgistack.serving.listener import open_listener
from wsgistack.serving.serve import parse_waitress_arguments, serve, server_runner
from wsgistack.types import Environ, StartResponse

WARNING = (
    "warning: Waitress is not installed; serving with wsgiref, for development only; "
    "for production: pip install 'wsgistack[serve]'\n"
)
STARTING = "Task queue depth is 1"  # Waitress says so if none of its threads waits for a request yet


@pytest.fixture(params=["waitress", "wsgiref"])
def server_name(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "wsgiref":
        monkeypatch.setitem(sys.modules, "waitress", None)
    return str(request.param)


def stop_server(number: int = signal.SIGINT) -> None:
    os.kill(os.getpid(), number)


def read_rest(connection: socket.socket) -> bytes:
    return b"".join(iter(partial(connection.recv, 65536), b""))


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_serves_until_a_signal_and_restores_the_handlers(
    stop: signal.Signals, server_name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    before = [signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)]
    assert served(answers("200 OK", b"hello"), asks(), stop=stop) == (200, "5", b"hello")
    assert [signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)] == before
    err = capfd.readouterr().err
    if server_name == "waitress":
        assert {*err.splitlines()} <= {STARTING}
    else:
        assert err.startswith(WARNING)


def test_serves_ipv6_and_writes_its_address_in_brackets(server_name: str) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 on the loopback")
    assert served(answers("200 OK", b"six"), asks(), host="::1").body == b"six"


def test_serves_until_the_caller_says_that_it_is_over() -> None:
    listener = open_listener("127.0.0.1", 0)
    seen: list[object] = []
    host, port = listener.getsockname()
    asking = threading.Thread(target=lambda: seen.append(asks()(host, port)))
    asking.start()
    serve(answers("200 OK", b"x"), listener, ready=seen.append, is_over=lambda: len(seen) > 1)
    asking.join()
    assert seen == [f"http://127.0.0.1:{port}/", (200, "1", b"x")]


def test_sends_each_chunk_before_the_next_is_made(server_name: str) -> None:
    asked = threading.Event()

    def app(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", PLAIN)
        yield b"one"
        yield b"two" if asked.wait(MAX_WAIT) else b"nobody asked"

    def client(host: str, port: int) -> tuple[bytes, bytes]:
        with response_of(host, port) as response:
            first = response.read(3)
            asked.set()
            return first, response.read()

    assert served(app, client) == (b"one", b"two")


def test_ends_requests_in_flight_and_refuses_new_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "GRACE", MAX_WAIT)
    gate = threading.Event()

    def app(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", PLAIN)
        yield b"begun, "
        yield b"ended" if gate.wait(MAX_WAIT) else b"nobody came"

    def client(host: str, port: int) -> bytes:
        with response_of(host, port) as response:
            begin = response.read(5)
            stop_server()
            wait_until(lambda: is_refused(port))
            gate.set()
            return begin + response.read()

    assert served(app, client, stop=None) == b"begun, ended"


def test_answers_a_last_request_on_a_connection_that_was_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "GRACE", MAX_WAIT)
    monkeypatch.setattr(serving, "IDLE_GRACE", MAX_WAIT)

    def client(host: str, port: int) -> list[str | None]:
        with closing(HTTPConnection(host, port, timeout=MAX_WAIT)) as connection:
            seen = []
            for _ in range(2):
                connection.request("GET", "/")
                with connection.getresponse() as response:
                    assert response.read() == b"hello"
                    seen.append(response.headers["Connection"])
                if len(seen) == 1:
                    stop_server()
                    wait_until(lambda: is_refused(port))
            return seen

    assert served(answers("200 OK", b"hello"), client, stop=None) == [None, "close"]


@pytest.mark.parametrize("sent", [b"", b"GET / HTT"])
def test_does_not_wait_for_connections_without_a_request(sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "GRACE", MAX_WAIT)
    monkeypatch.setattr(serving, "IDLE_GRACE", 0.1)

    def client(host: str, port: int) -> bytes:
        with socket.create_connection((host, port), timeout=MAX_WAIT) as connection:
            connection.sendall(sent)
            asks()(host, port)  # so that the first one has been accepted
            stop_server()
            return read_rest(connection)

    assert served(answers("200 OK"), client, stop=None) == b""


class Endless:
    """Streams for ever, and records that it was closed."""

    def __init__(self, chunk: bytes) -> None:
        self.chunk = chunk
        self.closed = threading.Event()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", PLAIN)
        return self

    def __iter__(self) -> Iterator[bytes]:
        while True:
            yield self.chunk

    def close(self) -> None:
        self.closed.set()


@pytest.mark.parametrize("is_repeated", [True, False], ids=["second signal", "after the grace"])
@pytest.mark.parametrize("is_reading", [True, False], ids=["the client reads", "the client waits"])
def test_resets_the_connections_of_requests_that_do_not_end(
    is_repeated: bool, is_reading: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "GRACE", MAX_WAIT if is_repeated else 0.1)
    monkeypatch.setattr(serving, "THREAD_TIMEOUT", MAX_WAIT)
    app = Endless(b"x" * 65536)

    def client(host: str, port: int) -> None:
        with socket.create_connection((host, port), timeout=MAX_WAIT) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert connection.recv(1)
            stop_server()
            wait_until(lambda: is_refused(port))
            if is_repeated:
                stop_server(signal.SIGTERM)
            if not is_reading:
                assert app.closed.wait(MAX_WAIT)
            with pytest.raises(ConnectionResetError):
                read_rest(connection)

    served(AccessLog(app, format="json", file=tmp_path / "log"), client, stop=None)
    assert app.closed.is_set()
    assert json.loads((tmp_path / "log").read_text())["outcome"] == "aborted"


def test_resets_the_connection_of_an_incomplete_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "GRACE", 0.2)
    monkeypatch.setattr(serving, "IDLE_GRACE", 0.1)

    def client(host: str, port: int) -> None:
        with socket.create_connection((host, port), timeout=MAX_WAIT) as connection:
            connection.sendall(b"POST / HTTP/1.0\r\nContent-Length: 9\r\n\r\npart")
            asks()(host, port)  # so that the first one has been accepted
            stop_server()
            with pytest.raises(ConnectionResetError):
                read_rest(connection)

    served(answers("200 OK", b"never"), client, stop=None)


def test_stops_although_an_application_computes_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "GRACE", 0.1)
    monkeypatch.setattr(serving, "THREAD_TIMEOUT", 0.1)
    computing, done, ended = threading.Event(), threading.Event(), threading.Event()

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        computing.set()
        done.wait(MAX_WAIT)
        ended.set()
        return answers("200 OK", b"too late")(environ, start_response)

    def client(host: str, port: int) -> socket.socket:
        connection = socket.create_connection((host, port), timeout=MAX_WAIT)
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert computing.wait(MAX_WAIT)
        stop_server()
        return connection

    with served(app, client, stop=None) as connection:
        assert not ended.is_set()
        done.set()
        with pytest.raises(ConnectionResetError):
            read_rest(connection)


def test_interrupts_wsgiref_at_the_second_signal(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "waitress", None)
    app = Endless(b"x")

    def client(host: str, port: int) -> None:
        with socket.create_connection((host, port), timeout=MAX_WAIT) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert connection.recv(1)
            stop_server()
            stop_server(signal.SIGTERM)
            assert app.closed.wait(MAX_WAIT)

    served(app, client, stop=None)


@pytest.mark.parametrize(
    "sent", [b"", b"GE", b"GET / HTTP/1.0\r\nX-A: b\r\n"], ids=["idle", "a part of the line", "a part of the headers"]
)
def test_stops_wsgiref_at_the_first_signal_while_a_request_is_incomplete(
    sent: bytes, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "waitress", None)
    called: list[Environ] = []
    reading = threading.Event()
    handle = WSGIRequestHandler.handle

    def note(handler: WSGIRequestHandler) -> None:
        reading.set()
        handle(handler)

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        called.append(environ)
        return answers("200 OK")(environ, start_response)

    monkeypatch.setattr(WSGIRequestHandler, "handle", note)

    def client(host: str, port: int) -> bytes:
        with socket.create_connection((host, port), timeout=MAX_WAIT) as connection:
            connection.sendall(sent)
            assert reading.wait(MAX_WAIT)
            stop_server()
            return read_rest(connection)

    assert b" 200 " not in served(app, client, stop=None)
    assert called == []


def test_wsgiref_waits_for_a_slow_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "waitress", None)
    monkeypatch.setattr("wsgistack.serving.serve.POLL_INTERVAL", 0.001)

    def client(host: str, port: int) -> bytes:
        with socket.create_connection((host, port), timeout=MAX_WAIT) as connection:
            time.sleep(0.05)
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            return read_rest(connection)

    assert b" 200 " in served(answers("200 OK"), client)


@pytest.mark.parametrize("host", ["", " "])
def test_refuses_an_empty_host(host: str) -> None:
    with pytest.raises(ConfigError, match=r"^host: not a valid host; expected an address such as 127\.0\.0\.1; "):
        open_listener(host, 0)


@pytest.mark.parametrize("port", ["http", "", -1, 65536, "²", "9" * 5000, "1.0", " 80"])
def test_refuses_a_port_that_is_not_a_number_up_to_65535(port: str | int) -> None:
    with pytest.raises(ConfigError, match=r"^port: not a valid port; expected 0 to 65535$"):
        open_listener("127.0.0.1", port)


@pytest.mark.parametrize(
    "host",
    [
        pytest.param("203.0.113.1", id="an address of another machine"),
        pytest.param("a..b", id="not a host name"),
        pytest.param("x" * 64, id="a label that is too long"),
        pytest.param("::zz", id="not an address"),
    ],
)
def test_reports_that_it_can_not_listen(host: str) -> None:
    with pytest.raises(
        ConfigError,
        match=f"^can't listen on {host} port 0: [^(]+; choose an(other host or port| address of this machine, .+)$",
    ):
        open_listener(host, 0)


def test_reports_that_a_port_is_in_use() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(ConfigError, match=": Address already in use;"):
        open_listener("127.0.0.1", taken.getsockname()[1])


class Announced(StringIO):
    """A standard output that starts a client at the address that it reads, and then stops the server."""

    def __init__(self, client: Callable[[str], object]) -> None:
        super().__init__()
        self._client = client

    def write(self, text: str) -> int:
        if text.strip():
            threading.Thread(target=self._come, args=(text.removeprefix("Serving on "),)).start()
        return super().write(text)

    def _come(self, address: str) -> None:
        self._client(address)
        stop_server()


def run_as_paste_server(client: Callable[[str], object], **options: object) -> list[object]:
    seen: list[object] = []
    with redirect_stdout(Announced(lambda address: seen.append(client(address)))):
        server_runner(answers("200 OK", b"hello"), {}, **options)  # type: ignore[arg-type]
    return seen


def ask(address: str) -> bytes:
    parts = urlsplit(address)
    return asks()(parts.hostname or "", parts.port or 0).body


def test_runs_as_a_server_of_paste_deploy() -> None:
    assert run_as_paste_server(ask, port="0") == [b"hello"]
    assert run_as_paste_server(ask, port=0, threads=1, url_scheme="https") == [b"hello"]


@pytest.mark.parametrize(
    ("options", "mistakes"),
    [
        ({"port": "http"}, ["port: not a valid port; expected 0 to 65535"]),
        ({"host": "203.0.113.1"}, ["can't listen on 203.0.113.1 port 8080: Cannot assign requested address; "]),
        ({"port": "0", "threads": "two"}, ["Waitress can't start: invalid literal for int()"]),
    ],
)
def test_reports_the_mistakes_of_a_server_section(options: dict[str, str], mistakes: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        server_runner(answers("200 OK"), {}, **options)
    for line, mistake in zip(str(caught.value).splitlines(), mistakes, strict=True):
        assert line.startswith(mistake)


def test_names_the_extra_of_options_that_need_waitress(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "waitress", None)
    with pytest.raises(ConfigError, match=r"^threads: needs .*waitress.*wsgistack\[serve\]"):
        server_runner(answers("200 OK"), {}, port="0", threads="2")


def test_serves_on_wsgiref_if_asked(capsys: pytest.CaptureFixture[str]) -> None:
    software: list[object] = []

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        software.append(environ["SERVER_SOFTWARE"])
        return answers("200 OK")(environ, start_response)

    assert served(app, asks(), server="wsgiref").status == 200
    assert str(software[0]).startswith("WSGIServer/")
    assert "not installed" not in capsys.readouterr().err


def test_does_not_replace_waitress_if_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "waitress", None)
    with pytest.raises(ConfigError, match=r"^--server: needs .*waitress.*; pip install 'wsgistack\[serve\]'$"):
        served(answers("200 OK"), asks(), server="waitress")


def test_parses_arguments_of_waitress() -> None:
    arguments = ["--threads=16", "--no-expose-tracebacks", "--ident=", "--trusted-proxy", "10.0.0.1"]
    expected = {"threads": "16", "expose_tracebacks": "false", "ident": "", "trusted_proxy": "10.0.0.1"}
    assert parse_waitress_arguments(arguments) == expected


@pytest.mark.parametrize(
    ("argument", "mistake"),
    [
        ("--hello", "option --hello not recognized; see waitress-serve --help"),
        ("--threads", "option --threads requires argument; see waitress-serve --help"),
        ("--unix-socket=x", "option --unix-socket is only for waitress-serve; use --bind"),
        ("--help", "option --help is only for waitress-serve"),
        ("shop:app", "'shop:app' is not an option; expected options such as --threads=16"),
    ],
)
def test_refuses_arguments_that_waitress_can_not_use(argument: str, mistake: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_waitress_arguments([argument])
    assert str(caught.value) == mistake
