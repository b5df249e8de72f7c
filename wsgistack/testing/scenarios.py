"""What only several requests show. Each scenario is a function whose docstring is its clause."""

import gc
import re
import threading
import weakref
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from itertools import count, zip_longest
from typing import TypeAlias

from wsgistack.testing.probe import Probe
from wsgistack.testing.record import Record
from wsgistack.testing.request import make_environ
from wsgistack.testing.server import Mode, Server
from wsgistack.testing.trial import Headers, Wrap
from wsgistack.types import Environ, StartResponse

__all__ = ["SCENARIOS", "Scenario"]

Scenario: TypeAlias = Callable[[Wrap, Headers], Iterator[str]]

_THREADS = 8
_REQUESTS = 4
_ALL_INSIDE_TIMEOUT = 0.2
"""Seconds to wait until all threads are in the application. A middleware may legally admit one thread at a time.

A machine that stops for longer makes the scenario less strict, and accuses nobody. To wait longer would slow down each
judgement of such a middleware.
"""

_REQUEST_TIMEOUT = 10.0
"""Seconds after which a request counts as blocked."""

_STEPS = 20
"""The parts of that time. A machine that stops for a while takes away one of them, and accuses nobody."""

_WITHOUT_CLOSE = 20
"""Requests to a server that never calls close()."""

_ID = "wsgistack.testing.id"
_IDS = re.compile(rb"id:[a-z0-9-]+;")


def keeps_threads_apart(wrap: Wrap, headers: Headers) -> Iterator[str]:
    """One instance serves many threads at once, and no request gets data of another (PEP 3333, environ Variables)."""
    together = threading.Barrier(_THREADS)

    def app(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        with suppress(threading.BrokenBarrierError):
            together.wait(_ALL_INSIDE_TIMEOUT)
        return _echo(environ, start_response)

    wrapped = wrap(app)
    wrong: list[str] = []

    def work(number: int) -> None:
        for turn in range(_REQUESTS):
            name = f"id:{number}-{turn};"
            wrong.extend(_find_mix_up(Server().run(wrapped, _make_environ(name, headers)), name))

    yield from _run_in_threads(*(partial(work, number) for number in range(_THREADS)))
    yield from wrong[:1]


def keeps_streams_apart(wrap: Wrap, headers: Headers) -> Iterator[str]:
    """Two responses that are read alternately on one thread, as by coroutines, do not affect each other."""
    app = wrap(_echo)
    names = ("id:one;", "id:other;")
    responses = [Server().steps(app, _make_environ(name, headers)) for name in names]
    last: dict[str, Record] = {}
    for records in zip_longest(*responses):
        last |= {name: record for name, record in zip(names, records, strict=True) if record}
    for name, record in last.items():
        yield from _find_mix_up(record, name)


def can_be_reentered(wrap: Wrap, headers: Headers) -> Iterator[str]:
    """While it answers, the application may send a second request to itself, through the same middleware."""

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get(_ID) == "id:outer;":
            inner.append(Server().run(entered[0], _make_environ("id:inner;", headers)))
        return _echo(environ, start_response)

    def work() -> None:
        outer.append(Server().run(entered[0], _make_environ("id:outer;", headers)))

    inner: list[Record] = []
    outer: list[Record] = []
    entered = [wrap(app)]
    yield from _run_in_threads(work)
    for records, name in ((outer, "id:outer;"), (inner, "id:inner;")):
        for record in records:
            yield from _find_mix_up(record, name)


class _Mark:
    """An object that a weak reference can watch."""


def forgets_the_environ(wrap: Wrap, headers: Headers) -> Iterator[str]:
    """After close(), the middleware has no reference to the environ, which holds the request body and perhaps a
    session.
    """
    app = wrap(_echo)
    environ = _make_environ("id:it;", headers)
    environ["wsgistack.testing.mark"] = mark = _Mark()
    reference = weakref.ref(mark)
    Server().run(app, environ)
    del environ, mark
    if reference() is not None:
        gc.collect()  # a cycle of references is not a leak
    if reference() is not None:
        yield "the middleware still has a reference to the environ after close()"


def leaves_no_context_behind(wrap: Wrap, headers: Headers) -> Iterator[str]:
    """After the call, each chunk and close(), the context variables of the thread have their earlier values. A
    middleware resets at once what it sets for the application, because the thread may continue with another request.
    """
    app = wrap(_echo)
    before = dict(copy_context())
    for record in Server().steps(app, _make_environ("id:it;", headers)):
        left = [variable.name for variable, value in copy_context().items() if before.get(variable, _Mark) is not value]
        if left:
            yield f"after {record.events[-1].kind}, these context variables are still set: {', '.join(left)}"
            return


def works_without_close(wrap: Wrap, headers: Headers) -> Iterator[str]:
    """Where the server never calls close(), as in Starlette's WSGIMiddleware and serverless-wsgi, each response is like
    the first one: a middleware that limits requests must not wait for close(). It may close the iterable of the
    application at its end, but only once.
    """
    probe = Probe(_echo, count())
    app = wrap(probe)
    server = Server(Mode(closes=False))
    records: list[Record] = []

    def work() -> None:
        records.extend(server.run(app, _make_environ("id:it;", headers)) for _ in range(_WITHOUT_CLOSE))

    yield from _run_in_threads(work)
    for number, record in enumerate(records, start=1):
        if record.error is not None:
            yield f"request {number} raised {record.error!r}"
            return
        if record.status != records[0].status:
            yield f"request 1 got {records[0].status!r}, and request {number} got {record.status!r}"
            return
    if any(len(record.all("close")) > 1 for record in probe.records):
        yield "close() was called more than once"


SCENARIOS: dict[str, Scenario] = {
    scenario.__name__: scenario
    for scenario in (
        keeps_threads_apart,
        keeps_streams_apart,
        can_be_reentered,
        forgets_the_environ,
        leaves_no_context_behind,
        works_without_close,
    )
}


def _run_in_threads(*works: Callable[[], None]) -> Iterator[str]:
    """Run functions at once, each in a thread, and report if one is blocked: a thread may wait for itself forever."""
    threads = [threading.Thread(target=work, daemon=True) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        for _ in range(_STEPS):
            thread.join(_REQUEST_TIMEOUT / _STEPS)
    if any(thread.is_alive() for thread in threads):
        yield f"a request did not finish in {_REQUEST_TIMEOUT:g} seconds"


def _make_environ(name: str, headers: Headers) -> Environ:
    environ = make_environ(headers=headers)
    environ[_ID] = name
    return environ


def _echo(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
    """Send the name of the request in a header and in each chunk."""
    name: str = environ.get(_ID, "")
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Id", name)])
    for _ in range(4):
        yield name.encode() + b" " * 300


def _find_mix_up(record: Record, name: str) -> Iterator[str]:
    """Whether a response has the name of another request, or is broken. The middleware's own answer has no name."""
    fields = {field.lower(): value for field, value in record.headers}
    body = record.body
    if fields.get("content-encoding") == "gzip":
        try:
            body = zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(body)
        except zlib.error as error:
            yield f"the body for {name} cannot be decoded: {error}"
    if record.error is not None:
        yield f"the request {name} raised {record.error!r}"
    names = {fields.get("x-id", name), *(found.decode() for found in _IDS.findall(body))}
    if names != {name}:
        yield f"the response for {name} belongs to {', '.join(sorted(names - {name}))}"
