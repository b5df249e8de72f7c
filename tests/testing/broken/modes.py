"""Broken only on servers that differ from PEP 3333, when the client disconnects, or when a connection is taken over."""

import io
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

from tests.testing.broken.catalogue import broken
from tests.testing.broken.errors import answer_errors
from tests.testing.broken.requests import with_input
from tests.testing.pieces import Wrapped, replace_call, wrap_start
from wsgistack.types import App, Environ, StartResponse

__all__: list[str] = []


def demand_write(start: StartResponse, *arguments: Any) -> Any:
    write = start(*arguments)
    if not callable(write):
        raise TypeError("start_response returned no write()")
    return write


def pass_none(start: StartResponse, status: str, headers: Any, exc_info: Any = None) -> Any:
    return start(status, headers, exc_info)


def start_with_the_first_chunk(app: App, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    held: list[Any] = []
    has_begun = False

    def send() -> Any:
        nonlocal has_begun
        has_begun = True
        return start_response(*held.pop()) if held else None

    def start(*arguments: Any) -> Any:
        if has_begun:
            return start_response(*arguments)
        if held:
            start_response(*held.pop())
        held.append(arguments)
        writes: list[Any] = []

        def write(data: bytes) -> None:
            writes.append(send() or writes[0])
            writes[0](data)

        return write

    def chunks(body: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in body:
            send()
            yield chunk
        send()

    return Wrapped(app(environ, start), chunks)


class ReleasesInClose:
    """Admits ten requests at once, and counts one as finished only in close()."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._active = 0

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if self._active >= 10:
            start_response("503 Service Unavailable", [])
            return []
        body = self._app(environ, start_response)
        self._active += 1
        return Wrapped(body, iter, self._release)

    def _release(self, body: object) -> None:
        self._active -= 1
        getattr(body, "close", bool)()


def read_what_comes(stream: Any, size: int) -> Any:
    lines: list[bytes] = []
    with suppress(OSError):
        lines.extend(iter(stream.readline, b""))
    return io.BytesIO(b"".join(lines))


def ignore_failing_writes(start: StartResponse, *arguments: Any) -> Any:
    write = start(*arguments)

    def write_if_possible(data: bytes) -> None:
        with suppress(OSError):
            write(data)

    return write_if_possible


broken("demands write()", wrap_start(demand_write), "works_without_write")
broken("passes None as exc_info", wrap_start(pass_none), "omits_exc_info_without_an_error")
broken(
    "answers with exc_info under uWSGI",
    answer_errors(LookupError),
    "answers_errors_without_exc_info_under_uwsgi",
    changes=("errors",),
)
broken(
    "starts with the first chunk",
    replace_call(start_with_the_first_chunk),
    "starts_before_it_returns",
    changes=("wraps",),
)
broken("releases only in close()", ReleasesInClose, "works_without_close", changes=("answers", "wraps"))
broken("accepts a part of the input", with_input(read_what_comes), "lets_a_broken_upload_fail")
broken("ignores failing writes", wrap_start(ignore_failing_writes), "lets_a_broken_write_fail")
broken("answers StopIteration", answer_errors(StopIteration), "leaves_a_taken_connection_alone", changes=("errors",))
