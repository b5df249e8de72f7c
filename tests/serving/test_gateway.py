"""What goes over the wire: the body of a request, and the response to it."""

import socket
import threading
from collections.abc import Iterable, Iterator

import pytest

from tests.serving.served import PLAIN, answers, asks, echo, fails_after, response_of, sends, served
from wsgistack import CatchErrors
from wsgistack.serving import gateway
from wsgistack.serving.gateway import ResponseStream
from wsgistack.types import Environ, StartResponse


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


@pytest.mark.parametrize("chunks", [(), (b"",), (b"", b"")])
@pytest.mark.parametrize("kind", [RuntimeError, ConnectionResetError, BrokenPipeError, TimeoutError])
def test_answers_500_when_nothing_was_sent_before_an_error(
    kind: type[Exception], chunks: tuple[bytes, ...], capfd: pytest.CaptureFixture[str]
) -> None:
    response = served(fails_after(*chunks, error=kind("broken early")), asks())
    assert response.status == 500
    assert b"broken early" not in response.body
    assert capfd.readouterr().err.count(f"{kind.__name__}: broken early") == 1


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


def test_answers_head_of_a_body_that_fails_as_it_began() -> None:
    answer = served(fails_after(b"begun", error=RuntimeError()), sends(b"HEAD / HTTP/1.0\r\n\r\n"))
    assert answer.startswith(b"HTTP/1.0 200 OK\r\n")
    assert answer.count(b"HTTP/1.0") == 1


def test_leaves_the_headers_of_the_application_to_it() -> None:
    headers = [("Content-Type", "text/plain")]

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", headers)
        return [b"whole"]

    assert served(app, asks()) == (200, "5", b"whole")
    assert headers == [("Content-Type", "text/plain")]


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


def test_takes_no_part_of_a_body_for_the_whole(capfd: pytest.CaptureFixture[str]) -> None:
    seen: list[object] = []

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        try:
            seen.append(environ["wsgi.input"].read())
        except ConnectionError as error:
            seen.append(str(error))
            raise
        return answers("200 OK")(environ, start_response)

    def client(host: str, port: int) -> bytes:
        with socket.create_connection((host, port), timeout=30) as connection:
            connection.sendall(b"POST / HTTP/1.0\r\nContent-Length: 9\r\n\r\npart")
            connection.shutdown(socket.SHUT_WR)
            return connection.recv(65536)

    assert served(app, client) == b""
    assert seen == ["the connection ended before the body of the request"]
    assert capfd.readouterr().err == ""


def test_sends_for_as_long_as_the_client_takes_something(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "PATIENCE", 3)
    ours, theirs = socket.socketpair()
    pause = threading.Event()
    taken: list[int] = []

    def take() -> None:
        for _ in range(16):
            pause.wait(0.25)
            taken.append(len(theirs.recv(65536)))
        taken.extend(iter(lambda: len(theirs.recv(1 << 20)), 0))

    taking = threading.Thread(target=take)
    with theirs:
        taking.start()
        with ours:
            assert ResponseStream(ours, lambda: False).write(bytes(1 << 24)) == 1 << 24
        taking.join()
    assert sum(taken) == 1 << 24


def test_gives_a_client_up_that_takes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "PATIENCE", 0.3)
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(ConnectionError):
        ResponseStream(ours, lambda: False).write(bytes(1 << 24))
