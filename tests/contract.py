"""What a layer owes to the application inside it and to the server outside, judged over every hostile application.

``python -O -W error -m tests.contract`` judges all stacks, for which it raises nothing by ``assert``.
"""

import logging
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from typing import NamedTuple
from wsgiref.validate import validator

from tests.hostile import HOSTILE
from tests.strict_server import StrictServer
from wsgistack import AccessLog, BasicAuth, CatchErrors, Compress, Exchange, Middleware, RequestId, editing
from wsgistack import headers as h
from wsgistack.types import App, Environ, Headers, StartResponse

__all__ = ["ALL_FIVE", "FOUNDATION", "OURS", "Case", "Stack", "cases", "judge", "judge_in_threads", "stack_of"]

Layer = Callable[[App], App]

_EDITED_BY_ENCODING = ("accept-ranges", "content-length", "etag", "vary")


class Stack(NamedTuple):
    """Layers, outermost first."""

    name: str
    layers: tuple[Layer, ...]
    answers_errors: bool = False
    keeps_length: bool = True

    def wrap(self, app: App, *, validate: bool = False) -> App:
        """Build the stack, and on request put wsgiref's validator on both sides of each layer."""
        app = validator(app) if validate else app
        for layer in reversed(self.layers):
            app = validator(layer(app)) if validate else layer(app)
        return app


class Through(Middleware):
    """An exchange that changes nothing."""

    exchange = Exchange

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        return self.exchange(environ, start_response).run(self.app)


class SizedThrough(Through):
    class exchange(Exchange):  # noqa: N801
        __slots__ = ()
        keeps_length = True


class Editing(Middleware):
    """A start_response that adds a header."""

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        def edit(status: str, headers: Headers) -> tuple[str, Headers]:
            return status, h.replace(headers, "X-Edited", "yes")

        return self.app(environ, editing(start_response, edit))


def access_log(app: App) -> App:
    return AccessLog(app, format="%>s %B %X", output="logging", logger="tests.access")


def basic_auth(app: App) -> App:
    return BasicAuth(app, users={"ada": "lovelace"})


FIVE: dict[str, Layer] = {
    "request_id": RequestId,
    "access_log": access_log,
    "catch_errors": CatchErrors,
    "compress": Compress,
    "basic_auth": basic_auth,
}


def stack_of(*names: str) -> Stack:
    return Stack("+".join(names), tuple(FIVE[name] for name in names), "catch_errors" in names)


FOUNDATION = (
    Stack("middleware", (Middleware,)),
    Stack("editing", (Editing, Editing)),
    Stack("exchange", (Through,), keeps_length=False),
    Stack("sized_exchange", (SizedThrough, SizedThrough)),
)
ALL_FIVE = stack_of(*FIVE)._replace(name="five")
OURS = (
    *map(stack_of, FIVE),
    *(stack_of(name, name) for name in FIVE),
    ALL_FIVE,
    stack_of(*FIVE, *FIVE)._replace(name="five_twice"),
)


class Case(NamedTuple):
    """One way to serve a hostile application through a stack."""

    stack: Stack
    name: str
    accept_encoding: str = ""
    method: str = "GET"
    stop_after: int | None = None
    validate: bool = False

    def __str__(self) -> str:
        stopped = "" if self.stop_after is None else f"stopped after {self.stop_after}"
        ways = (self.method, self.accept_encoding, stopped, "validated" if self.validate else "")
        return f"{self.stack.name} around {self.name} ({', '.join(filter(None, ways))})"

    def wrap(self) -> App:
        return self.stack.wrap(HOSTILE[self.name].make(), validate=self.validate)

    def serve(self, app: App) -> StrictServer:
        extra = {"HTTP_ACCEPT_ENCODING": self.accept_encoding} if self.accept_encoding else {}
        server = StrictServer(REQUEST_METHOD=self.method, HTTP_AUTHORIZATION="Basic YWRhOmxvdmVsYWNl", **extra)
        return server.serve(app, stop_after=self.stop_after)


def cases(stack: Stack, name: str) -> list[Case]:
    """Every way to serve a hostile application through a stack."""
    validations = (False, True) if HOSTILE[name].fits_validator else (False,)
    stops = (None, 1) if name == "fails_in_iter" else (None, 0, 1)  # a layer may call iter() before the server does
    return [Case(stack, name, *way) for way in product(("", "gzip"), ("GET", "HEAD"), stops, validations)]


def judge(case: Case, app: App | None = None) -> list[str]:
    """Everything that the stack of a case breaks.

    :param app: the stack around the application, if it has been built before.
    """
    bare = case.serve(HOSTILE[case.name].make())
    seen = case.serve(app or case.wrap())
    answered = case.stack.answers_errors and isinstance(bare.error, Exception) and not bare.headers_sent
    found = [
        *bare.breaches,
        *seen.breaches,
        *_errors(bare, seen, answered),
        *_owed_to_the_application(bare, seen),
        *(() if answered else _response(case, bare, seen)),
    ]
    return [f"{case}: {breach}" for breach in found]


def _errors(bare: StrictServer, seen: StrictServer, answered: bool) -> Iterator[str]:
    raised = [id(error) for error in seen.journal.raised]
    if answered:
        if seen.error is not None:
            yield f"{seen.error!r} reached the server, and was to be answered"
        if not seen.status.startswith("500"):
            yield f"an error was answered with {seen.status!r}"
        if not seen.exc_infos or id(seen.exc_infos[-1][1]) not in raised:
            yield "the answer to an error did not start by exc_info"
    else:
        yield from _same_error("the error", bare.error, seen.error, raised)
    yield from _same_error("the error of close()", bare.close_error, seen.close_error, raised)
    for own, arrived in zip(seen.journal.exc_infos, [*seen.exc_infos, None], strict=False):
        if own is not arrived:
            yield "exc_info was not forwarded as it is"


def _same_error(what: str, bare: BaseException | None, seen: BaseException | None, raised: list[int]) -> Iterator[str]:
    if type(bare) is not type(seen):
        yield f"{what} at the server is {type(seen).__name__}, and {type(bare).__name__} for the bare application"
    elif seen is not None and id(seen) not in raised:
        yield f"{what} is not the object that the application raised"


def _owed_to_the_application(bare: StrictServer, seen: StrictServer) -> Iterator[str]:
    if seen.journal.closes != bare.journal.closes:
        yield f"close() was called {seen.journal.closes} times, and {bare.journal.closes} for the bare application"
    if any(given != before for given, before in seen.journal.header_lists):
        yield "a header list of the application was changed in place"


def _response(case: Case, bare: StrictServer, seen: StrictServer) -> Iterator[str]:
    if seen.decoded != bare.decoded:
        yield f"the body is {len(seen.decoded)} bytes, and {len(bare.decoded)} for the bare application"
    if seen.headers_sent != bare.headers_sent:
        yield "the headers were sent in the one case only"
    elif bare.headers_sent:
        if seen.status != bare.status:
            yield f"the status is {seen.status!r}, and {bare.status!r} for the bare application"
        ours = _EDITED_BY_ENCODING if case.accept_encoding else ("vary",)
        kept = h.without(bare.headers, *ours)
        names = {name for name, _ in kept}
        if [item for item in seen.headers if item[0] in names] != kept:
            yield f"of the headers {kept} there came {seen.headers}"
        if not set(h.tokens(bare.headers, "vary")) <= set(h.tokens(seen.headers, "vary")):
            yield "Vary names less than before"
    if seen.is_whole and bare.error:
        yield "a body that broke off looks whole"
    if seen.is_encoded and not seen.is_whole and not bare.error and case.stop_after is None:
        yield "a whole body looks as if it had broken off"
    if case.stack.keeps_length and not case.validate and not case.accept_encoding and seen.length != bare.length:
        yield f"len() is {seen.length}, and {bare.length} for the bare application"


def judge_in_threads(stacks: Iterable[Stack]) -> list[str]:
    """Judge every case, in 16 threads at once around the same instances."""
    built: dict[tuple[str, str, bool], App] = {}
    ways = [case for stack, name in product(stacks, HOSTILE) for case in cases(stack, name)]
    for case in ways:
        built.setdefault((case.stack.name, case.name, case.validate), case.wrap())
    with ThreadPoolExecutor(16) as pool:
        verdicts = pool.map(lambda case: judge(case, built[case.stack.name, case.name, case.validate]), ways)
        return [breach for verdict in verdicts for breach in verdict]


def main() -> int:
    """Judge all, and tell what is broken."""
    logging.getLogger("wsgistack").addHandler(logging.NullHandler())
    sys.setswitchinterval(1e-4)
    broken = judge_in_threads((*FOUNDATION, *OURS))
    sys.stdout.write("".join(f"{breach}\n" for breach in broken) or "all stacks keep the contract\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
