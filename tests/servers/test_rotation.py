"""Rotation under load: two workers of gunicorn, clients that leave, and a file that is renamed again and again."""

import re
import socket
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from struct import pack

import pytest

from tests.servers.running import Server, running
from tests.waiting import wait_until

GUNICORN = (sys.executable, "-m", "gunicorn", "--bind", "127.0.0.1:0", "--workers", "2", "--threads", "8")
REQUESTS = 2000
ABORTED = 4  # each fourth client leaves
CHUNK = 65536
PROGRAM = f"""
from wsgistack import AccessLog
from wsgistack.middleware.access_log import file

file.INTERVAL = 0.05  # so that there are many rotations

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return stream() if environ["PATH_INFO"].startswith("/long/") else [b"short"]

def stream():
    for _ in range(10_000):  # more than the buffers of both sides have space for
        yield b"a" * {CHUNK}

layer = AccessLog(app, format="%X %s %B %U %{{User-Agent}}i", file="access.log", queue=QUEUE, max_value=4000)
"""
LINE = re.compile(r"(?P<end>[-X]) 200 (?P<bytes>\d+) (?P<path>/\w+/\d+) (?P<agent>a{3000})")


def ask(server: Server, number: int) -> None:
    path = f"/{'long' if number % ABORTED == 0 else 'short'}/{number}"
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: {'a' * 3000}\r\nConnection: close\r\n\r\n"
    with server.raw(request.encode()) as connection:
        if number % ABORTED:
            answer = b"".join(iter(lambda: connection.recv(CHUNK), b""))
            assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
            assert b"short" in answer
        else:
            assert connection.recv(CHUNK).startswith(b"HTTP/1.1 200 OK\r\n")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, pack("ii", 1, 0))  # the end is a reset


def count_lines(folder: Path) -> int:
    return sum(file.read_text().count("\n") for file in folder.glob("access.log*"))


def read_lines(folder: Path) -> list[str]:
    texts = [file.read_text() for file in folder.glob("access.log*")]
    assert all(text.endswith("\n") for text in texts if text)
    return [line for text in texts for line in text.splitlines()]


@pytest.mark.parametrize("queue", [0, 10_000])
def test_each_request_has_exactly_one_line(queue: int, tmp_path: Path) -> None:
    (tmp_path / "logged.py").write_text(PROGRAM.replace("QUEUE", str(queue)))
    done = threading.Event()
    renamed: list[Path] = []

    def rotate() -> None:
        while not done.wait(0.02):
            with suppress(FileNotFoundError):  # until a worker opens it again
                renamed.append((tmp_path / "access.log").rename(tmp_path / f"access.log.{len(renamed)}"))

    with running(tmp_path, *GUNICORN, "--pythonpath", ".", "logged:layer") as server, ThreadPoolExecutor(33) as pool:
        rotating = pool.submit(rotate)
        try:
            for asked in [pool.submit(ask, server, number) for number in range(REQUESTS)]:
                asked.result()
        finally:
            done.set()
        rotating.result()
        with suppress(AssertionError):  # the comparison shows more
            wait_until(lambda: count_lines(tmp_path) >= REQUESTS)

    found = [LINE.fullmatch(line) for line in read_lines(tmp_path)]
    assert all(found)
    counted = Counter(each["path"] for each in found if each)
    assert set(counted.values()) == {1}
    assert len(counted) == REQUESTS
    for each in found:
        assert each
        is_long = each["path"].startswith("/long/")
        assert each["end"] == ("X" if is_long else "-")
        assert int(each["bytes"]) % CHUNK == (0 if is_long else 5)
    assert len(renamed) >= 2
    assert "lost" not in server.output()
