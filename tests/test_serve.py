"""The server: what goes over the wire, what ends it, and what no client can do to it."""

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from http.client import HTTPConnection, HTTPResponse, IncompleteRead
from struct import pack
from typing import NamedTuple, TypeVar
from urllib.parse import urlsplit

import pytest

from wsgistack import CatchErrors
from wsgistack.errors import ConfigError
from wsgistack.serve import serve
from wsgistack.types import App, Environ, StartResponse

T = TypeVar("T")
PLAIN = [("Content-Type", "text/plain")]


def served(app: App, client: Callable[[str, int], T], *, host: str = "127.0.0.1", stop: int = signal.SIGINT) -> T:
    """What a client gets in a thread of its own while the main thread serves, which then is asked to stop."""
    results: list[T] = []
    errors: list[BaseException] = []

    def run(address: str) -> None:
        parts = urlsplit(address)
        try:
            results.append(client(parts.hostname or "", parts.port or 0))
        except BaseException as error:
            errors.append(error)
        finally:
            os.kill(os.getpid(), stop)

    clients: list[threading.Thread] = []

    def ready(address: str) -> None:
        clients.append(threading.Thread(target=run, args=(address,)))
        clients[0].start()

    serve(app, host, 0, ready=ready)
    clients[0].join()
    if errors:
        raise errors[0]
    return results[0]


class Answer(NamedTuple):
    status: int
    length: str | None
    body: bytes


def asks(method: str = "GET") -> Callable[[str, int], Answer]:
    def client(host: str, port: int) -> Answer:
        with response_of(host, port, method) as response:
            return Answer(response.status, response.headers["Content-Length"], response.read())

    return client


def response_of(host: str, port: int, method: str = "GET") -> HTTPResponse:
    with closing(HTTPConnection(host, port, timeout=30)) as connection:
        connection.request(method, "/")
        return connection.getresponse()


def sends(request: bytes) -> Callable[[str, int], bytes]:
    """Send bytes and leave the connection open; give all that comes until the server closes it."""

    def client(host: str, port: int) -> bytes:
        with socket.create_connection((host, port), timeout=30) as connection:
            connection.sendall(request)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    return client


def answers(status: str, *chunks: bytes, headers: Iterable[tuple[str, str]] = PLAIN) -> App:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response(status, list(headers))
        return list(chunks)

    return app


def echo(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    body = environ["wsgi.input"].read()
    start_response("200 OK", PLAIN)
    return [b"got ", body]


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_serves_until_it_is_asked_to_stop_and_restores_the_handlers(stop: signal.Signals) -> None:
    before = [signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)]
    assert served(answers("200 OK", b"hello"), asks(), stop=stop) == (200, "5", b"hello")
    assert [signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)] == before


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine knows no IPv6")
def test_serves_ipv6_and_writes_its_address_in_brackets() -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 on the loopback")
    assert served(answers("200 OK", b"six"), asks(), host="::1").body == b"six"


@pytest.mark.parametrize(
    ("host", "port"),
    [
        pytest.param("127.0.0.1", 99999, id="a port that is none"),
        pytest.param("127.0.0.1", -1, id="a negative port"),
        pytest.param("203.0.113.1", 0, id="an address of another machine"),
        pytest.param("a..b", 0, id="a host that can't be a name"),
        pytest.param("x" * 64, 0, id="a label that is too long"),
        pytest.param("::zz", 0, id="an address that is none"),
    ],
)
def test_says_where_it_can_not_listen(host: str, port: int) -> None:
    with pytest.raises(ConfigError, match=f"^can't listen on {host} port {port}: .+; another --host or --port$"):
        serve(echo, host, port, ready=print)


def test_says_that_a_port_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(ConfigError, match="in use"):
        serve(echo, "127.0.0.1", taken.getsockname()[1], ready=print)


def test_sends_each_chunk_before_the_next_is_made() -> None:
    asked = threading.Event()

    def app(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", PLAIN)
        yield b"one"
        yield b"two" if asked.wait(30) else b"nobody asked"

    def client(host: str, port: int) -> tuple[bytes, bytes]:
        with response_of(host, port) as response:
            first = response.read(3)
            asked.set()
            return first, response.read()

    assert served(app, client) == (b"one", b"two")


def test_takes_no_variables_of_the_process_into_the_environ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REMOTE_USER", "root")
    monkeypatch.setenv("HTTP_AUTHORIZATION", "stolen")
    seen: list[Environ] = []

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        seen.append(dict(environ))
        return answers("200 OK")(environ, start_response)

    served(app, asks())
    assert not {"REMOTE_USER", "HTTP_AUTHORIZATION", "HOME"} & seen[0].keys()
    assert seen[0]["wsgi.multithread"] is True


@pytest.mark.parametrize(
    ("request_head", "body"),
    [
        pytest.param(b"POST / HTTP/1.0\r\nContent-Length: 3", b"abc", id="with a length"),
        pytest.param(b"POST / HTTP/1.0\r\nContent-Length: 3", b"abcdef", id="more than announced"),
        pytest.param(b"GET / HTTP/1.0", b"", id="without a body"),
        pytest.param(b"POST / HTTP/1.0\r\nContent-Length: 0", b"", id="an empty one"),
    ],
)
def test_ends_the_body_of_a_request_where_its_length_says(request_head: bytes, body: bytes) -> None:
    answer = served(echo, sends(request_head + b"\r\n\r\n" + body))
    assert answer.endswith(b"\r\n\r\ngot " + body[:3])


@pytest.mark.parametrize(
    ("request_head", "status"),
    [
        pytest.param(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc", b"411", id="chunks"),
        pytest.param(b"POST / HTTP/1.0\r\nContent-Length: -1\r\n\r\n", b"400", id="a negative length"),
        pytest.param(b"POST / HTTP/1.0\r\nContent-Length: 1_0\r\n\r\n", b"400", id="a length that is no number"),
        pytest.param(b"GET /" + b"x" * 65536 + b" HTTP/1.0\r\n\r\n", b"414", id="a long line"),
        pytest.param(b"nonsense\r\n\r\n", b"400", id="no request"),
        pytest.param(b"GET / HTTP/one\r\n\r\n", b"400", id="no version"),
        pytest.param(b"GET / HTTP/2.0\r\n\r\n", b"505", id="a later version"),
        pytest.param(b"GET / HTTP/1.0\r\n" + b"a: b\r\n" * 200 + b"\r\n", b"431", id="many headers"),
    ],
)
def test_refuses_what_it_can_not_read(request_head: bytes, status: bytes) -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        raise AssertionError("a request that can't be read came through")

    assert status in served(app, sends(request_head)).partition(b"\n")[0]


@pytest.mark.parametrize(
    ("method", "status", "headers", "length"),
    [
        pytest.param("HEAD", "200 OK", [("Content-Length", "5")], "5", id="HEAD with a length"),
        pytest.param("HEAD", "200 OK", [], None, id="HEAD"),
        pytest.param("GET", "204 No Content", [], None, id="204"),
        pytest.param("GET", "304 Not Modified", [], None, id="304"),
    ],
)
@pytest.mark.parametrize("body", [[b"hello"], [b""], [b"", b"hello"], []])
def test_sends_no_body_where_http_has_none(
    method: str, status: str, headers: list[tuple[str, str]], length: str | None, body: list[bytes]
) -> None:
    request = f"{method} / HTTP/1.0\r\n\r\n".encode()
    head, _, rest = served(answers(status, *body, headers=headers), sends(request)).partition(b"\r\n\r\n")
    assert rest == b""
    assert head.startswith(f"HTTP/1.0 {status}\r\n".encode())
    lengths = [line.partition(": ")[2] for line in head.decode().splitlines() if line.startswith("Content-Length")]
    assert lengths == ([length] if length else [])


@pytest.mark.parametrize(
    ("chunks", "length"), [((b"", b"ab"), None), ((b"ab",), "2"), ((b"",), "0"), ((), "0"), ((b"", b""), "0")]
)
def test_tells_the_length_where_it_knows_it(chunks: tuple[bytes, ...], length: str | None) -> None:
    assert served(answers("200 OK", *chunks), asks()) == (200, length, b"".join(chunks))


def fails_after(*chunks: bytes, error: Exception) -> App:
    def app(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", PLAIN)
        yield from chunks
        raise error

    return app


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(RuntimeError("broken"), id="any error"),
        pytest.param(ConnectionResetError("a database has gone"), id="one that looks as if the client had gone"),
    ],
)
def test_resets_the_connection_when_a_response_breaks_off(error: Exception) -> None:
    def client(host: str, port: int) -> bytes:
        with response_of(host, port) as response:
            assert response.status == 200
            assert response.read(5) == b"hello"
            return response.read()

    with pytest.raises((ConnectionResetError, IncompleteRead)):
        served(fails_after(b"hello", error=error), client)


@pytest.mark.parametrize("chunks", [(), (b"",), (b"", b"")])
def test_answers_500_when_nothing_was_sent_before_an_error(
    chunks: tuple[bytes, ...], capfd: pytest.CaptureFixture[str]
) -> None:
    response = served(fails_after(*chunks, error=RuntimeError("broken early")), asks())
    assert response.status == 500
    assert b"broken early" not in response.body
    assert capfd.readouterr().err.count("RuntimeError: broken early") == 1


def test_answers_500_when_the_application_starts_no_response() -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        return []

    assert served(app, asks("HEAD")).status == served(app, asks()).status == 500


def test_logs_once_that_close_failed_after_a_whole_response(capfd: pytest.CaptureFixture[str]) -> None:
    class Body(list[bytes]):
        def close(self) -> None:
            raise RuntimeError("can't close")

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", PLAIN)
        return Body([b"whole"])

    assert served(app, sends(b"GET / HTTP/1.0\r\n\r\n")).endswith(b"\r\n\r\nwhole")
    assert capfd.readouterr().err.count("Traceback") == 1


def test_closes_the_body_and_says_nothing_when_the_client_goes_away(capfd: pytest.CaptureFixture[str]) -> None:
    closed = threading.Event()

    def app(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", PLAIN)
        try:
            while True:
                yield b"x" * 65536
        finally:
            closed.set()

    def client(host: str, port: int) -> bool:
        with socket.create_connection((host, port), timeout=30) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            connection.recv(1)
        return closed.wait(30)

    assert served(app, client)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("sent", [b"", b"GE", b"GET / HTTP/1.0\r\nHost"])
def test_says_nothing_of_clients_that_reset_before_they_ask(sent: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    def client(host: str, port: int) -> Answer:
        for _ in range(3):
            with socket.create_connection((host, port), timeout=30) as connection:
                connection.sendall(sent)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, pack("ii", 1, 0))
        return asks()(host, port)

    assert served(answers("200 OK", b"alive"), client).body == b"alive"
    assert capfd.readouterr().err == ""


def test_answers_an_upload_that_the_application_does_not_read() -> None:
    length = 32 * 1024 * 1024

    def client(host: str, port: int) -> bytes:
        with socket.create_connection((host, port), timeout=30) as connection:
            connection.sendall(b"POST / HTTP/1.0\r\nContent-Length: %d\r\n\r\n" % length + bytes(length))
            return b"".join(iter(lambda: connection.recv(65536), b""))

    assert served(answers("401 Unauthorized", b"who?"), client).endswith(b"\r\n\r\nwho?")


def test_answers_head_of_a_body_that_fails_as_it_began() -> None:
    answer = served(fails_after(b"begun", error=RuntimeError()), sends(b"HEAD / HTTP/1.0\r\n\r\n"))
    assert answer.startswith(b"HTTP/1.0 200 OK\r\n")
    assert answer.count(b"HTTP/1.0") == 1


def test_tells_a_client_that_waits_to_go_on() -> None:
    request = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\nok"
    answer = served(echo, sends(request))
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 OK\r\n")
    assert answer.endswith(b"ok")


def test_refuses_a_length_that_no_body_can_have() -> None:
    request = b"POST / HTTP/1.0\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n"
    assert b" 400 " in served(echo, sends(request)).partition(b"\n")[0]


@pytest.mark.parametrize("status", ["200 OK", "200 OK\r\nX-Evil: 1"])
def test_sends_no_line_break_in_a_header(status: str, capfd: pytest.CaptureFixture[str]) -> None:
    answer = served(answers(status, b"x", headers=[("X-Bad", "a\nb: c")]), sends(b"GET / HTTP/1.0\r\n\r\n"))
    assert b" 500 " in answer.partition(b"\n")[0]
    assert b"c" not in answer.partition(b"\r\n\r\n")[0].split()
    assert "a line break in a status or header" in capfd.readouterr().err


def test_logs_an_error_once_where_a_layer_has_logged_it(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    app = CatchErrors(fails_after(b"begun", error=RuntimeError("once")))
    with pytest.raises(ConnectionResetError):
        served(app, sends(b"GET / HTTP/1.0\r\n\r\n"))
    assert "RuntimeError: once" in caplog.text
    assert "once" not in capfd.readouterr().err
