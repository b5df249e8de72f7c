"""Tests that each of the five layers, and stacks of them, keep PEP 3333 around every hostile application."""

import logging
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.contract import ALL_FIVE, OURS, Case, Layer, Stack, cases, judge, judge_in_threads, stack_of
from tests.hostile import HOSTILE
from wsgistack import Compress
from wsgistack.types import App, Environ, ExcInfo, Headers, StartResponse, Write


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("stack", OURS, ids=lambda stack: stack.name)
def test_keeps_the_contract(stack: Stack, name: str) -> None:
    assert [breach for case in cases(stack, name) for breach in judge(case)] == []


def test_the_full_stack_keeps_the_contract_in_threads() -> None:
    assert judge_in_threads([ALL_FIVE]) == []


def test_the_contract_holds_without_asserts_and_with_warnings_as_errors() -> None:
    command = [sys.executable, "-O", "-W", "error", "-m", "tests.contract"]
    judged = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False)
    assert judged.stderr == ""
    assert judged.stdout == "all stacks keep the contract\n"
    assert judged.returncode == 0


LISTS = ("list_of_one", "list_with_content_length", "list_of_three", "tuple_of_one", "empty_list", "list_of_nothing")
FILES = ("file_wrapper", "file_wrapper_with_content_length", "file_wrapper_without_close")


@pytest.mark.parametrize(
    ("stack", "name", "accept_encoding"),
    [
        *((stack_of(layer), name, "gzip") for layer in ("request_id", "catch_errors", "basic_auth") for name in LISTS),
        *((stack_of(layer), name, "gzip") for layer in ("request_id", "catch_errors", "basic_auth") for name in FILES),
        *((stack_of("compress"), name, "") for name in (*LISTS, *FILES)),
        (stack_of("compress"), "no_content", "gzip"),
        (stack_of("compress"), "file_wrapper_with_content_length", "gzip"),
        (stack_of("access_log"), "file_wrapper_with_content_length", "gzip"),
        (ALL_FIVE, "file_wrapper_with_content_length", "gzip"),
    ],
    ids=lambda value: value.name if isinstance(value, Stack) else value,
)
def test_hands_back_what_it_leaves_alone(stack: Stack, name: str, accept_encoding: str) -> None:
    case = Case(stack, name, accept_encoding)
    server = case.serve(case.wrap())
    assert server.body is server.journal.handed_back


@pytest.mark.parametrize("accept_encoding", ["", "gzip"])
@pytest.mark.parametrize("name", ["list_of_one", "list_with_content_length", "tuple_of_one", "one_header_list"])
@pytest.mark.parametrize("stack", OURS, ids=lambda stack: stack.name)
def test_lets_the_server_know_the_length_of_one_chunk(stack: Stack, name: str, accept_encoding: str) -> None:
    case = Case(stack, name, accept_encoding)
    server = case.serve(case.wrap())
    assert server.length == 1 or server.header("content-length") == str(sum(map(len, server.wire)))
    assert server.is_encoded == (bool(accept_encoding) and Compress in stack.layers)


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("stack", [stack_of("access_log"), ALL_FIVE], ids=lambda stack: stack.name)
def test_logs_what_became_of_each_request(stack: Stack, name: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "tests.access")
    case = Case(stack, name, "gzip")
    server = case.serve(case.wrap())
    [record] = [record for record in caplog.records if record.name == "tests.access"]
    code, sent, outcome = record.getMessage().split()
    failed = (server.error, server.close_error) != (None, None)
    assert code == (server.status[:3] if server.headers_sent else "500")
    assert int(sent) == sum(map(len, server.wire))
    assert outcome == ("X" if failed else "-")


# The contract itself: each careless layer is found out.


def buffering(app: App) -> App:
    def layer(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        body = app(environ, start_response)
        try:
            return [b"".join(body)]
        finally:
            getattr(body, "close", list)()

    return layer


def generating(app: App) -> App:
    def layer(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        body = app(environ, start_response)
        try:
            yield from body
        finally:
            getattr(body, "close", list)()

    return layer


def closing_twice(app: App) -> App:
    class Body:
        def __init__(self, body: Iterable[bytes]) -> None:
            self.body = body

        def __iter__(self) -> Iterator[bytes]:
            yield from self.body
            self.close()

        def close(self) -> None:
            getattr(self.body, "close", list)()

    return lambda environ, start_response: Body(app(environ, start_response))


def never_closing(app: App) -> App:
    return lambda environ, start_response: iter(app(environ, start_response))


def truncating(app: App) -> App:
    def layer(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        with suppress(Exception):
            yield from app(environ, start_response)

    return layer


def reading_ahead(app: App) -> App:
    def layer(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        ahead = b""
        for chunk in app(environ, start_response):
            if ahead:
                yield ahead
            ahead = chunk
        yield ahead

    return layer


def forgetting_exc_info(app: App) -> App:
    def layer(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: Headers, exc_info: ExcInfo | None = None) -> Write:
            return start_response(status, headers)

        return app(environ, start)

    return layer


def remaking_exc_info(app: App) -> App:
    def layer(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: Headers, exc_info: ExcInfo | None = None) -> Write:
            return start_response(status, headers, exc_info and sys.exc_info())

        return app(environ, start)

    return layer


def adding_in_place(app: App) -> App:
    def layer(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: Headers, exc_info: ExcInfo | None = None) -> Write:
            headers.append(("X-Added", "yes"))
            return start_response(status, headers, exc_info)

        return app(environ, start)

    return layer


def raising_anew(app: App) -> App:
    def layer(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        try:
            return app(environ, start_response)
        except RuntimeError as error:
            raise RuntimeError("something went wrong") from error

    return layer


@pytest.mark.parametrize(
    ("layer", "name", "expected"),
    [
        (buffering, "lazy_start", "was asked for before those ahead of it were out"),
        (buffering, "list_of_three", "len() is 1, and 3"),
        (generating, "lazy_start_with_close", "close() was called 0 times, and 1"),
        (generating, "list_of_one", "len() is None, and 1"),
        (closing_twice, "empty_chunks", "close() was called 2 times, and 1"),
        (never_closing, "empty_chunks", "close() was called 0 times, and 1"),
        (never_closing, "iterator_with_close", "the iterator was closed instead"),
        (truncating, "fails_in_body", "the error at the server is NoneType, and RuntimeError"),
        (truncating, "fails_before_start", "the body ended before start_response was called"),
        (reading_ahead, "lazy_start", "was asked for before those ahead of it were out"),
        (reading_ahead, "empty_chunks", "was asked for before those ahead of it were out"),
        (forgetting_exc_info, "restart_in_call", "a second start without exc_info"),
        (forgetting_exc_info, "start_by_exc_info", "exc_info was not forwarded as it is"),
        (remaking_exc_info, "restart_in_call", "exc_info was not forwarded as it is"),
        (adding_in_place, "list_of_one", "a header list of the application was changed in place"),
        (raising_anew, "fails_before_start", "is not the object that the application raised"),
    ],
)
def test_finds_out_a_careless_layer(layer: Layer, name: str, expected: str) -> None:
    ways = [case for case in cases(Stack("careless", (layer,)), name) if not case.validate]
    assert expected in "\n".join(breach for case in ways for breach in judge(case))
