"""Sending the id on, with the libraries themselves."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from typing import Any

import httpx
import pytest
import requests
import urllib3
from celery import Celery, signals
from celery.contrib.testing.worker import start_worker

from tests.config.logging_tree import own_logging
from tests.logging.test_keeping import request
from tests.waiting import MAX_WAIT
from wsgistack import ConfigError, current_request_id
from wsgistack.exchange.current import Origin
from wsgistack.logging import carry_request_id

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
ORIGIN = Origin(headers={"traceparent": PARENT})


class _Telling(BaseHTTPRequestHandler):
    """Answers with the headers of the request. The first answer to /moved sends it on, the first to /busy again."""

    protocol_version = "HTTP/1.1"
    busy = True

    def do_GET(self) -> None:
        body = json.dumps({name.lower(): value for name, value in self.headers.items()}).encode()
        status = 302 if self.path == "/moved" else 503 if self.path == "/busy" and _Telling.busy else 200
        if self.path == "/busy":
            _Telling.busy = not _Telling.busy
        self.send_response(status)
        self.send_header("Location", "/")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module", name="url")
def _url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Telling) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


Ask = Callable[[str, dict[str, str]], dict[str, str]]


def _with_requests(url: str, headers: dict[str, str]) -> dict[str, str]:
    with carry_request_id(requests.Session()) as session:
        found: dict[str, str] = session.get(url, headers=headers).json()
    return found


def _with_httpx(url: str, headers: dict[str, str]) -> dict[str, str]:
    with carry_request_id(httpx.Client(trust_env=False, follow_redirects=True, timeout=MAX_WAIT)) as client:
        found: dict[str, str] = client.get(url, headers=headers).json()
    return found


def _with_async_httpx(url: str, headers: dict[str, str]) -> dict[str, str]:
    async def ask() -> dict[str, str]:
        async with carry_request_id(
            httpx.AsyncClient(trust_env=False, follow_redirects=True, timeout=MAX_WAIT)
        ) as client:
            found: dict[str, str] = (await client.get(url, headers=headers)).json()
        return found

    return asyncio.run(ask())


def _with_urllib3(url: str, headers: dict[str, str]) -> dict[str, str]:
    with carry_request_id(urllib3.PoolManager()) as pool:
        found: dict[str, str] = pool.request("GET", url, headers=headers or None).json()
    return found


def _with_a_pool_of_urllib3(url: str, headers: dict[str, str]) -> dict[str, str]:
    with carry_request_id(urllib3.connection_from_url(url)) as pool:
        found: dict[str, str] = pool.request("GET", url, headers=headers).json()
    return found


@pytest.mark.parametrize("path", ["/", "/moved"])
@pytest.mark.parametrize(
    "ask", [_with_requests, _with_httpx, _with_async_httpx, _with_urllib3, _with_a_pool_of_urllib3]
)
def test_a_client_sends_the_ids(ask: Ask, path: str, url: str) -> None:
    with request(origin=ORIGIN):
        found = ask(f"{url}{path}", {"A": "b"})
        assert (found["x-request-id"], found["traceparent"], found["a"]) == ("mine", PARENT, "b")
        given = ask(f"{url}{path}", {"X-REQUEST-ID": "other", "Traceparent": "of a tracer"})
        assert (given["x-request-id"], given["traceparent"]) == ("other", "of a tracer")
    assert not {"x-request-id", "traceparent"} & {*ask(f"{url}{path}", {})}


def test_a_pool_of_urllib3_that_tries_again_keeps_the_id(url: str) -> None:
    again = urllib3.Retry(total=3, status_forcelist=[503], backoff_factor=0)
    with request(), carry_request_id(urllib3.connection_from_url(url)) as pool:
        assert pool.request("GET", "/busy", retries=again).json()["x-request-id"] == "mine"


def test_uses_the_given_header(url: str) -> None:
    with request(), carry_request_id(requests.Session(), header="X-Correlation-ID") as session:
        found = session.get(url).json()
    assert found["x-correlation-id"] == "mine"
    assert "x-request-id" not in found


def read(_: object = None) -> str:
    return current_request_id()


def test_a_thread_works_with_the_id() -> None:
    class Reading(threading.Thread):
        found = ""

        def run(self) -> None:
            self.found = read()

    for requested, expected in ((True, "mine"), (False, "-")):
        thread = Reading()
        if requested:
            with request():
                carry_request_id(thread)
        else:
            carry_request_id(thread)
        thread.start()
        thread.join()
        assert thread.found == expected


def test_an_executor_of_threads_works_with_the_id_of_each_request() -> None:
    with carry_request_id(ThreadPoolExecutor(1)) as pool:
        with request("first"):
            first = [pool.submit(read), *map(pool.submit, [read] * 3)]
            mapped = pool.map(read, range(3))
        with request("second"):
            second = pool.submit(read)
        assert [each.result() for each in first] == ["first"] * 4
        assert [*mapped] == ["first"] * 3
        assert second.result() == "second"
        assert pool.submit(read).result() == "-"


@pytest.mark.slow
def test_an_executor_of_processes_works_with_the_id() -> None:
    with carry_request_id(ProcessPoolExecutor(1, mp_context=get_context("spawn"))) as pool, request():
        assert pool.submit(read).result() == "mine"
        assert [*pool.map(read, range(2))] == ["mine"] * 2


@pytest.mark.slow
def test_a_worker_of_celery_works_with_the_id() -> None:
    app = carry_request_id(Celery("tests", broker="memory://", backend="cache+memory://"))
    carry_request_id(app)  # a second time

    @app.task(name="tests.read")  # type: ignore[untyped-decorator]
    def task() -> str:
        return current_request_id()

    @app.task(name="tests.fail")  # type: ignore[untyped-decorator]
    def failing() -> None:
        raise ValueError(current_request_id())

    with own_logging(), start_worker(app, perform_ping_check=False, shutdown_timeout=MAX_WAIT):  # which sets up logging
        with request():
            sent, failed = task.delay(), failing.delay()
        assert sent.get(timeout=MAX_WAIT) == "mine"
        with pytest.raises(ValueError, match=r"^mine$"):
            failed.get(timeout=MAX_WAIT)
        assert task.delay().get(timeout=MAX_WAIT) == "-"
    with request():
        assert task.apply().get() == "mine", "called here"
        signals.task_postrun.send(sender=task, task=task)  # of a task that began before
    assert current_request_id() == "-"


@pytest.mark.parametrize("subject", ["text", print, object()])
def test_refuses_anything_else(subject: Any) -> None:
    with pytest.raises(ConfigError, match=r"^can't carry a request id: .*; expected a client of requests, httpx or"):
        carry_request_id(subject)
