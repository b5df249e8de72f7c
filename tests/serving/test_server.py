"""The connections of the server: what it refuses, and how each of them ends."""

import socket
from collections.abc import Iterable
from http.client import IncompleteRead
from struct import pack

import pytest

from tests.serving.served import Answer, answers, asks, echo, fails_after, response_of, sends, served
from wsgistack.errors import ConfigError
from wsgistack.serving.server import Server, listen
from wsgistack.types import Environ, StartResponse


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


def test_tells_a_client_that_waits_to_go_on() -> None:
    request = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\nok"
    answer = served(echo, sends(request))
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 OK\r\n")
    assert answer.endswith(b"ok")


def test_refuses_a_length_that_no_body_can_have() -> None:
    request = b"POST / HTTP/1.0\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n"
    assert b" 400 " in served(echo, sends(request)).partition(b"\n")[0]


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
        listen(host, port)


def test_says_that_a_port_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(ConfigError, match="in use"):
        listen("127.0.0.1", taken.getsockname()[1])


def test_does_not_wait_for_a_connection_that_another_process_has_accepted() -> None:
    with (
        listen("127.0.0.1", 0) as listener,
        Server(echo, listener, "127.0.0.1") as server,
        socket.create_connection(listener.getsockname()),
        listener.accept()[0],
    ):
        server.handle_request()
