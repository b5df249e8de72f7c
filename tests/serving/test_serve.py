"""Serving: until when, what becomes of the requests in flight, and PasteDeploy's way to start it."""

import json
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import redirect_stdout
from functools import partial
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.servers.running import eventually, is_refused
from tests.serving.served import PLAIN, answers, asks, response_of, served
from wsgistack import AccessLog
from wsgistack.errors import ConfigError
from wsgistack.serving import server
from wsgistack.serving.serve import serve, server_runner
from wsgistack.serving.server import listen
from wsgistack.types import Environ, StartResponse


def ask_to_stop(number: int = signal.SIGINT) -> None:
    os.kill(os.getpid(), number)


def rest_of(connection: socket.socket) -> bytes:
    return b"".join(iter(partial(connection.recv, 65536), b""))


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


def test_serves_on_a_socket_that_listens_already_until_it_is_told_to_end() -> None:
    with listen("127.0.0.1", 0) as listener:
        seen: list[object] = []
        host, port = listener.getsockname()
        asking = threading.Thread(target=lambda: seen.append(asks()(host, port)))
        asking.start()
        serve(answers("200 OK", b"x"), host, 0, ready=seen.append, listener=listener, until=lambda: len(seen) > 1)
        asking.join()
    assert seen == [f"http://127.0.0.1:{port}/", (200, "1", b"x")]


def test_lets_requests_in_flight_end_while_it_accepts_no_more() -> None:
    gate = threading.Event()

    def app(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", PLAIN)
        yield b"begun, "
        yield b"ended" if gate.wait(30) else b"nobody came"

    def client(host: str, port: int) -> bytes:
        with response_of(host, port) as response:
            begin = response.read(5)
            ask_to_stop()
            eventually(lambda: is_refused(port))
            gate.set()
            return begin + response.read()

    assert served(app, client, stop=None) == b"begun, ended"


@pytest.mark.parametrize("sent", [b"", b"GET / HTT"])
def test_waits_for_no_connection_that_brings_no_request(sent: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    def client(host: str, port: int) -> bytes:
        with socket.create_connection((host, port), timeout=30) as connection:
            connection.sendall(sent)
            asks()(host, port)  # so that the first has been accepted
            ask_to_stop()
            return rest_of(connection)

    assert served(answers("200 OK"), client, stop=None) == b""


class Endless:
    """Streams for ever, and can be seen to be closed."""

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


@pytest.mark.parametrize("is_asked_again", [True, False], ids=["asked again", "after the grace"])
@pytest.mark.parametrize("is_taking", [True, False], ids=["the client takes", "the client waits"])
@pytest.mark.parametrize("size", [10, 1 << 26])
def test_breaks_off_what_does_not_end(
    is_asked_again: bool, is_taking: bool, size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_GRACE", 60 if is_asked_again else 0.1)
    app = Endless(b"x" * size)

    def client(host: str, port: int) -> None:
        with socket.create_connection((host, port), timeout=30) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert connection.recv(1)
            ask_to_stop()
            eventually(lambda: is_refused(port))
            if is_asked_again:
                ask_to_stop(signal.SIGTERM)
            if not is_taking:
                assert app.closed.wait(30)
            with pytest.raises(ConnectionResetError):
                rest_of(connection)

    served(AccessLog(app, format="json", file=tmp_path / "log"), client, stop=None)
    assert app.closed.is_set()
    assert json.loads((tmp_path / "log").read_text())["outcome"] == "aborted"


def test_breaks_off_a_request_that_is_not_sent_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_GRACE", 0.1)
    reading = threading.Event()
    errors: list[Exception] = []

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        reading.set()
        try:
            environ["wsgi.input"].read()
        except ConnectionError as error:
            errors.append(error)
            raise
        return []

    def client(host: str, port: int) -> bytes:
        with socket.create_connection((host, port), timeout=30) as connection:
            connection.sendall(b"POST / HTTP/1.0\r\nContent-Length: 9\r\n\r\npart")
            assert reading.wait(30)
            ask_to_stop()
            return rest_of(connection)

    assert served(app, client, stop=None) == b""
    assert len(errors) == 1


def test_ends_though_an_application_computes_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_GRACE", 0.1)
    computing, done = threading.Event(), threading.Event()

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        computing.set()
        done.wait(30)
        return answers("200 OK", b"too late")(environ, start_response)

    def client(host: str, port: int) -> socket.socket:
        connection = socket.create_connection((host, port), timeout=30)
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert computing.wait(30)
        ask_to_stop()
        return connection

    with served(app, client, stop=None) as connection:
        done.set()
        with pytest.raises(ConnectionResetError):
            rest_of(connection)


class Announced(StringIO):
    """A standard output that has a client come when it tells an address."""

    def __init__(self, client: Callable[[str, int], object]) -> None:
        super().__init__()
        self._client = client

    def write(self, text: str) -> int:
        parts = urlsplit(text.split()[2])
        threading.Thread(target=self._come, args=(parts.hostname, parts.port)).start()
        return super().write(text)

    def _come(self, host: str, port: int) -> None:
        self._client(host, port)
        ask_to_stop()


def test_runs_as_a_server_of_paste_deploy() -> None:
    seen: list[object] = []
    with redirect_stdout(Announced(lambda host, port: seen.append(asks()(host, port)))) as output:
        server_runner(answers("200 OK", b"hello"), {}, port="0")
    assert seen == [(200, "5", b"hello")]
    assert output.getvalue().startswith("Serving on http://127.0.0.1:")


@pytest.mark.parametrize(
    ("options", "mistakes"),
    [
        *(
            pytest.param(
                {"port": port}, ["site.ini: server port: is no port; expected a number, from 0 to 65535"], id=port
            )
            for port in ("http", "-1", "65536", "²", "9" * 5000)
        ),
        pytest.param(
            {"host": "203.0.113.1"},
            ["site.ini: server: can't listen on 203.0.113.1 port 8080: Cannot assign requested address"],
            id="a host of another machine",
        ),
    ],
)
def test_says_every_mistake_of_a_server_section(options: dict[str, str], mistakes: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        server_runner(answers("200 OK"), {"__file__": "site.ini"}, **options)
    assert str(caught.value).splitlines() == mistakes
