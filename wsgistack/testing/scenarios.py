"""What takes more than one request to find out."""

import gc
import re
import threading
import weakref
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from itertools import zip_longest
from typing import TypeAlias

from wsgistack.testing.record import Record
from wsgistack.testing.request import make_environ
from wsgistack.testing.server import Server
from wsgistack.types import App, Environ, StartResponse

__all__ = ["SCENARIOS", "Scenario", "Wrap"]

Wrap: TypeAlias = Callable[[App], App]
RequestHeaders: TypeAlias = tuple[tuple[str, str], ...]
Scenario: TypeAlias = Callable[[Wrap, RequestHeaders], Iterator[str]]

_THREADS = 8
_REQUESTS = 4
_PATIENCE = 0.2
"""Seconds to wait until all threads are in the application: some middlewares let in one by one, which is legal."""

_LIMIT = 10.0
"""Seconds after which a request that has not come back is given up."""

_ID = "wsgistack.testing.id"
_IDS = re.compile(rb"id:[a-z0-9-]+;")


def keeps_threads_apart(wrap: Wrap, headers: RequestHeaders) -> Iterator[str]:
    """One instance serves many threads at once, and no request sees another's (PEP 3333, environ Variables)."""
    together = threading.Barrier(_THREADS)

    def app(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        with suppress(threading.BrokenBarrierError):
            together.wait(_PATIENCE)
        return _echo(environ, start_response)

    wrapped = wrap(app)
    wrong: list[str] = []

    def work(number: int) -> None:
        for turn in range(_REQUESTS):
            name = f"id:{number}-{turn};"
            wrong.extend(_strange(Server().run(wrapped, _asking(name, headers)), name))

    yield from _in_time(*(partial(work, number) for number in range(_THREADS)))
    yield from wrong[:1]


def keeps_streams_apart(wrap: Wrap, headers: RequestHeaders) -> Iterator[str]:
    """Two responses that are read in turns on one thread, as where coroutines read, know nothing of each other."""
    app = wrap(_echo)
    names = ("id:one;", "id:other;")
    responses = [Server().steps(app, _asking(name, headers)) for name in names]
    last: dict[str, Record] = {}
    for records in zip_longest(*responses):
        last |= {name: record for name, record in zip(names, records, strict=True) if record}
    for name, record in last.items():
        yield from _strange(record, name)


def can_be_entered_again(wrap: Wrap, headers: RequestHeaders) -> Iterator[str]:
    """The application may ask the wrapped application again, in the middle of its own answer."""

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get(_ID) == "id:outer;":
            inner.append(Server().run(entered[0], _asking("id:inner;", headers)))
        return _echo(environ, start_response)

    def work() -> None:
        outer.append(Server().run(entered[0], _asking("id:outer;", headers)))

    inner: list[Record] = []
    outer: list[Record] = []
    entered = [wrap(app)]
    yield from _in_time(work)
    for records, name in ((outer, "id:outer;"), (inner, "id:inner;")):
        for record in records:
            yield from _strange(record, name)


class _Mark:
    """Something that can be seen to be gone."""


def forgets_the_environ(wrap: Wrap, headers: RequestHeaders) -> Iterator[str]:
    """When the response is over, nothing holds the environ any more, with the request's body and perhaps a session."""
    app = wrap(_echo)
    environ = _asking("id:it;", headers)
    environ["wsgistack.testing.mark"] = mark = _Mark()
    gone = weakref.ref(mark)
    Server().run(app, environ)
    del environ, mark
    gc.collect()
    if gone() is not None:
        yield "the environ is still held after close()"


def leaves_no_context_behind(wrap: Wrap, headers: RequestHeaders) -> Iterator[str]:
    """Between the call, each chunk and close(), the thread's context variables are as they were before.

    What a middleware sets while the application works it resets at once, for the thread may go on with another request.
    """
    app = wrap(_echo)
    before = dict(copy_context())
    for record in Server().steps(app, _asking("id:it;", headers)):
        left = [variable.name for variable, value in copy_context().items() if before.get(variable, _Mark) is not value]
        if left:
            yield f"after {record.events[-1].kind} these variables are left set: {', '.join(left)}"
            return


SCENARIOS: dict[str, Scenario] = {
    scenario.__name__: scenario
    for scenario in (
        keeps_threads_apart,
        keeps_streams_apart,
        can_be_entered_again,
        forgets_the_environ,
        leaves_no_context_behind,
    )
}


def _in_time(*works: Callable[[], None]) -> Iterator[str]:
    """Do all at once, and tell if something does not come back: a thread that waits for itself waits for ever."""
    threads = [threading.Thread(target=work, daemon=True) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(_LIMIT)
    if any(thread.is_alive() for thread in threads):
        yield f"a request did not come back in {_LIMIT:g} seconds"


def _asking(name: str, headers: RequestHeaders) -> Environ:
    environ = make_environ(headers=headers)
    environ[_ID] = name
    return environ


def _echo(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
    """Tell in the header and in each chunk whose request it is."""
    name: str = environ.get(_ID, "")
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Id", name)])
    for _ in range(4):
        yield name.encode() + b" " * 300


def _strange(record: Record, name: str) -> Iterator[str]:
    """Whether the response to a request is another one's, or broken; an answer of the middleware's own is neither."""
    fields = {field.lower(): value for field, value in record.headers}
    body = record.body
    if fields.get("content-encoding") == "gzip":
        try:
            body = zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(body)
        except zlib.error as error:
            yield f"what came for {name} can't be decoded: {error}"
    if record.error is not None:
        yield f"the request of {name} raised {record.error!r}"
    told = {fields.get("x-id", name), *(found.decode() for found in _IDS.findall(body))}
    if told != {name}:
        yield f"what came for {name} speaks of {', '.join(sorted(told - {name}))}"
