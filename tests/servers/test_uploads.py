"""body_limit and decompress on real servers: whoever sends too much gets the answer, and nothing else."""

import gzip
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest

from tests.middleware.decompress.test_decoding import ENCODE
from tests.servers.running import Server, is_refused, running
from tests.servers.uploads import LIMIT
from tests.waiting import MAX_WAIT, wait_until

GUNICORN = (sys.executable, "-m", "gunicorn", "--bind", "127.0.0.1:0", "tests.servers.uploads:application")
UWSGI = (Path(sys.executable).parent / "uwsgi", "--need-app", "--module", "tests.servers.uploads")
LIBRARY = (sys.executable, "-m", "tests.servers.uploads")
COMMANDS = {
    "gunicorn": GUNICORN,
    "gunicorn gthread": (*GUNICORN, "--threads", "4"),
    "gunicorn gevent": (*GUNICORN, "--worker-class", "gevent"),
    "uWSGI": (*UWSGI, "--http-socket", "127.0.0.1:0"),
    "waitress": (*LIBRARY, "waitress"),
    "cheroot": (*LIBRARY, "cheroot"),
    "granian": (*LIBRARY, "granian"),
    "wsgiref": (*LIBRARY, "wsgiref"),
}
GIVES_CHUNKS = ("gunicorn", "gunicorn gthread", "gunicorn gevent", "waitress", "cheroot", "granian")
GIVES_LENGTH = ("waitress",)  # it reads the whole body first
NEVER_ENDS_A_LINE = ("cheroot",)  # its readline() of chunks loops at the first line break
KEEPS_ALIVE = ("gunicorn gthread", "gunicorn gevent", "waitress", "cheroot", "granian")
TEXT = b"".join(b"line %d\n" % number for number in range(50_000))
TOO_LARGE = b"The request body is larger than 1000000 bytes, which is the limit."


@pytest.fixture(scope="module", params=COMMANDS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("uploads"), *COMMANDS[request.param]) as started:
        wait_until(lambda: not is_refused(started.port))  # granian prints its address too early
        yield started


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    return str(request.node.callspec.params["server"])


def send(
    connection: HTTPConnection, path: str, body: bytes, *, chunked: bool = False, **headers: str
) -> tuple[int, bytes]:
    """Send the whole request, and only then read the answer, as most clients do."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    if chunked:
        fields["Transfer-Encoding"] = "chunked"
        pieces = (body[start : start + 100_000] for start in range(0, len(body), 100_000))
        connection.request("POST", path, pieces, fields, encode_chunked=True)
    else:
        connection.request("POST", path, body, fields)
    response = connection.getresponse()
    return response.status, response.read()


@pytest.fixture
def connection(server: Server) -> Iterator[HTTPConnection]:
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=MAX_WAIT)) as opened:
        yield opened


def checked(body: bytes) -> bytes:
    return f"{len(body)} {sha256(body).hexdigest()}".encode()


@pytest.mark.parametrize("is_last", [True, False])
def test_a_length_with_an_underscore_hides_no_upload(server: Server, is_last: bool) -> None:
    lengths = [f"Content-Length: {LIMIT + 1}", "Content_Length: 5"]
    lines = ["POST /read HTTP/1.1", "Host: localhost", "Connection: close", *(lengths if is_last else lengths[::-1])]
    with socket.create_connection(("127.0.0.1", server.port), timeout=MAX_WAIT) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + bytes(LIMIT + 1))
        status = connection.makefile("rb").readline()
    assert status.split()[1] in (b"400", b"413")


def test_an_upload_within_the_limit(connection: HTTPConnection) -> None:
    body = os.urandom(LIMIT)
    assert send(connection, "/read", body) == (200, checked(body))


def test_the_client_gets_the_answer_to_an_unread_upload_of_10_mb(connection: HTTPConnection, name: str) -> None:
    for _ in range(2):
        code, answer = send(connection, "/read", b"x" * 10_000_000)
        assert code == 413
        assert TOO_LARGE in answer
        if name in KEEPS_ALIVE:  # also on the same connection
            code, answer = send(connection, "/read", b"next")
            assert (code, answer) == (200, checked(b"next"))
        connection.close()


@pytest.mark.parametrize("path", ["/read", "/lines", "/swallow"])
def test_the_client_gets_the_answer_to_chunks(connection: HTTPConnection, name: str, path: str) -> None:
    if name in GIVES_CHUNKS and not (path == "/lines" and name in NEVER_ENDS_A_LINE):
        code, answer = send(connection, path, (b"x" * 99 + b"\n") * 100_000, chunked=True)
        assert code == 413
        assert TOO_LARGE in answer


def test_chunks_within_the_limit(connection: HTTPConnection, name: str) -> None:
    if name in GIVES_CHUNKS:
        assert send(connection, "/read", TEXT, chunked=True) == (200, checked(TEXT))
    connection.close()
    if name in GIVES_CHUNKS and name not in NEVER_ENDS_A_LINE:
        lines = send(connection, "/lines", TEXT, chunked=True)
        assert lines == (200, f"50000 {sha256(TEXT).hexdigest()}".encode())


def test_a_response_that_has_begun_is_cut(connection: HTTPConnection, name: str) -> None:
    if name in GIVES_CHUNKS and name not in GIVES_LENGTH:
        with pytest.raises((HTTPException, OSError)):
            send(connection, "/begin", b"x" * (LIMIT + 1), chunked=True)


@pytest.mark.parametrize("length", ["-1", "5, 5", "+5", "5x", "9" * 30])
def test_a_length_that_is_not_valid(server: Server, length: str) -> None:
    """Some servers refuse it by themselves, and some close the connection."""
    request = f"POST /read HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
    with server.raw(request.encode()) as client, client.makefile("rb") as answer:
        status = answer.readline()
        assert status == b"" or status.split()[1] in (b"400", b"413")


@pytest.mark.parametrize("stream", ["", "?stream"])
@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("coding", ENCODE)
def test_decoded_uploads(connection: HTTPConnection, name: str, coding: str, chunked: bool, stream: str) -> None:
    data = ENCODE[coding](TEXT)
    if chunked and name not in GIVES_CHUNKS:
        return
    assert send(connection, f"/read{stream}", data, chunked=chunked, Content_Encoding=coding) == (200, checked(TEXT))
    connection.close()
    lines = send(connection, f"/lines{stream}", data, chunked=chunked, Content_Encoding=coding)
    assert lines == (200, f"50000 {sha256(TEXT).hexdigest()}".encode())


@pytest.mark.parametrize("stream", ["", "?stream"])
def test_bombs_and_other_codings(connection: HTTPConnection, stream: str) -> None:
    for data, coding, code in (
        (gzip.compress(b"\0" * 100_000_000), "gzip", 413),
        (gzip.compress(TEXT)[:-5], "gzip", 400),
        (os.urandom(500_000), "gzip", 400),
        (os.urandom(500_000), "deflate", 415),
    ):
        assert send(connection, f"/read{stream}", data, Content_Encoding=coding)[0] == code
        connection.close()


def test_the_log_shows_refused_requests_as_complete(server: Server, connection: HTTPConnection) -> None:
    log = server.folder / "access.log"
    for size, coding in ((2_000_000, "identity"), (500_000, "deflate")):
        send(connection, "/read?logged", b"x" * size, Content_Encoding=coding)
        connection.close()

    def find() -> list[str] | None:
        lines = [line for line in log.read_text().splitlines() if "/read?logged" in line]
        return [line[:5] for line in lines] if len(lines) == 2 else None

    assert sorted(wait_until(find)) == ["413 -", "415 -"]
