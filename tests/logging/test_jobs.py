"""Jobs of RQ, with its own worker and a real Redis."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import redis
from rq import Queue, SimpleWorker

from tests.logging.test_keeping import request
from tests.waiting import MAX_WAIT, wait_until
from wsgistack import current_request_id
from wsgistack.logging import RequestIdJob


@pytest.fixture(name="connection")
def _connection(tmp_path: Path) -> Iterator[redis.Redis]:
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed")
    socket = tmp_path / "redis.sock"
    command = [program, "--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            with redis.Redis(unix_socket_path=str(socket), socket_timeout=MAX_WAIT) as connection:

                def answers() -> bool:
                    assert process.poll() is None
                    with suppress(redis.ConnectionError):
                        return bool(connection.ping())
                    return False

                wait_until(answers)
                yield connection
        finally:
            process.terminate()


def read() -> str:
    return current_request_id()


def test_a_job_works_with_the_id_of_the_request_that_enqueued_it(connection: redis.Redis) -> None:
    queue = Queue(connection=connection, job_class=RequestIdJob)
    with request():
        inside = queue.enqueue(read)
    outside = queue.enqueue(read)
    name: Any = "wsgistack.logging.RequestIdJob"  # as the command line names it
    SimpleWorker([queue], connection=connection, job_class=name).work(burst=True)
    assert (inside.return_value(), outside.return_value()) == ("mine", "-")
    assert current_request_id() == "-"
