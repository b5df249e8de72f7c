"""The public API as a typed project uses it: mypy and pyright check this module, and nothing runs it.

Each ``assert_type`` is what a user gets. Each ignored line is a mistake that both type checkers must report: both
complain about a comment that ignores nothing. ``.ci/run`` checks it against the installed wheel.
"""

import hmac
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, ClassVar, assert_type

import pytest

import wsgistack
from wsgistack import (
    AccessLog,
    BasicAuth,
    CatchErrors,
    Changes,
    ConfigError,
    Credentials,
    Duration,
    ErrorReport,
    Exchange,
    Gzip,
    HeldExchange,
    Identity,
    MeasuredExchange,
    Middleware,
    Mistake,
    Mount,
    OrderWarning,
    Pipeline,
    Problem,
    Refusal,
    RequestId,
    Scheme,
    Secret,
    Size,
    Spec,
    Where,
    WsgistackError,
    appconfig,
    call_in_context,
    current_request_id,
    editing,
    error_answer,
    load,
    load_filter,
    load_server,
    request_id_var,
    setup_logging,
)
from wsgistack.errors import Breach, ContractError
from wsgistack.http import headers as h
from wsgistack.logging import RequestIdFilter, add_to_records, carry_request_id, keep_request_id
from wsgistack.testing import Judge, Lint, MiddlewareConformance, Mode, Record, Server, Verdict, make_environ
from wsgistack.types import App, Environ, ExcInfo, Factory, Headers, StartResponse, Write

# middlewares


class Powered(Middleware):
    """T1: headers."""

    must_be_inside: ClassVar[Mapping[str, str]] = {"access_log": "the log would not show it"}
    changes: ClassVar[Changes] = Changes(frozenset({"x-powered-by"}))

    def __init__(self, app: App, /, *, by: str = "coffee", key: Annotated[str, Secret] = "") -> None:
        super().__init__(app)
        assert_type(self.app, App)
        self.by = by
        self.key = key

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        def edit(status: str, headers: Headers) -> tuple[str, Headers]:
            return status, h.replace(headers, "X-Powered-By", self.by)

        return self.app(environ, editing(start_response, edit))


class Shouting(Exchange):
    """T2: the body."""

    __slots__ = ("size",)
    keeps_length = True

    def __init__(self, environ: Environ, start_response: StartResponse, limit: Size, wait: Duration) -> None:
        super().__init__(environ, start_response)
        assert_type(limit, int)
        assert_type(wait, float)
        self.size = 0

    def on_start(self, status: str, headers: Headers) -> tuple[str, Headers]:
        assert_type(self.environ, Environ)
        assert_type(self.start_response, StartResponse)
        return status, h.without(headers, "etag")

    def on_chunk(self, chunk: bytes) -> bytes:
        self.size += len(chunk)
        return chunk.upper()

    def on_close(self, error: BaseException | None) -> None:
        assert_type(self.status, str)
        assert_type(self.headers, list[tuple[str, str]])
        assert_type(self.finished, bool)


class Shout(Middleware):
    """A middleware around its exchange, with an edit that is a method."""

    changes: ClassVar[Changes] = Changes(body=True) | Changes.from_names(["vary"])

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        started = editing(start_response, self.edit, environ)
        assert_type(started, StartResponse)
        return Shouting(environ, started, 10, 1.5).run(self.app)

    def edit(self, status: str, headers: Headers, environ: Environ) -> tuple[str, Headers]:
        return status, h.vary(headers, environ.get("HTTP_ACCEPT", ""))


class Answering(HeldExchange):
    """Answers errors."""

    def on_error(self, error: Exception) -> tuple[str, Headers, list[bytes]] | None:
        assert_type(self.can_answer, bool)
        assert_type(self.is_held, bool)
        return error_answer(self.environ, 500, str(error), headers=[("Retry-After", "1")])


class Measuring(MeasuredExchange):
    """Writes what was sent."""

    def on_close(self, error: BaseException | None) -> None:
        assert_type(self.sent, int)
        assert_type(self.method, str)
        print(self.find_outcome(error), self.first_chunk_at)


class Gateway(Scheme):
    """A scheme of authentication."""

    auth_type = "Gateway"
    keys = ("HTTP_X_GATEWAY_KEY",)

    def read(self, environ: Environ) -> Credentials | None:
        key = environ.get("HTTP_X_GATEWAY_KEY")
        return Credentials(environ.get("HTTP_X_GATEWAY_USER", ""), key) if key else None

    def verify(self, credentials: Credentials) -> Identity | Refusal:
        if not hmac.compare_digest(credentials.secret.encode(), b"key"):
            return Refusal("wrong key", is_guess=True)
        return Identity(credentials.user, self.auth_type, frozenset({"staff"}))


locale: ContextVar[str] = ContextVar("locale")


def hello(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """An application; its type is the one of wsgiref.types."""
    identity: Identity | None = environ.get("wsgistack.identity")
    write = start_response("200 OK", [("Content-Type", "text/plain"), ("X-Id", current_request_id())])
    write(b"hello")
    return [identity.user.encode() if identity else b""]


def set_locale(app: App) -> App:
    """A middleware as a function."""

    def layer(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        return call_in_context(locale, "de", app, environ, start_response)

    return layer


def report(error: ErrorReport) -> None:
    """A reporter of catch_errors."""
    assert_type(error.request_id, str)
    assert_type(error.exception, str)
    assert_type(error.headers, Mapping[str, str])


# composing and loading

pipeline = Pipeline(
    ["request_id", {"use": "gzip", "minimum_size": 1000}, Powered, Spec("basic_auth", {"users": {"ada": "secret"}})]
)
assert_type(pipeline.wrap(hello), App)
assert_type(pipeline.without("gzip"), Pipeline)
assert_type(pipeline.insert_after("gzip", "etag").replace("etag", Spec(Shout)), Pipeline)
assert_type(pipeline.specs, tuple[Spec, ...])
assert_type(list(pipeline), list[Spec])
assert_type(pipeline.misplaced(), list[Mistake])

application: App = Gzip(Powered(hello, by="tea"), minimum_size=1000)
application = RequestId(AccessLog(CatchErrors(application, reporters=[report])))
application = BasicAuth(set_locale(application), users={"ada": "secret"}, realm="shop")
application = Mount({"/": application, "/api": Pipeline(["request_id"]).wrap(hello)})
factory: Factory = Powered

assert_type(load("stack.toml"), App)
assert_type(load(Path("stack.ini"), "api", global_conf={"debug": "false"}, logging=True), App)
assert_type(load({"app": hello, "layers": ["request_id"]}), App)
assert_type(load_filter("stack.ini", "auth"), Callable[[App], App])
assert_type(load_server("stack.ini"), Callable[[App], object])
assert_type(appconfig("stack.ini").local_conf, dict[str, object])
setup_logging("stack.toml")

try:
    load("broken.ini")
except ConfigError as error:
    assert_type(error.mistakes, tuple[Mistake, ...])
    assert_type(error.mistakes[0].where, Where)
    base: WsgistackError | ValueError = error
raised = ConfigError(Mistake("not a date", key="date", expected="a date", where=Where("stack.toml", 3)))
warning: Warning = OrderWarning(raised.mistakes[0])

status, sent_headers, body = error_answer(make_environ("GET", "/"), 404, "No such order.")
assert_type(status, str)
assert_type(sent_headers, list[tuple[str, str]])
assert_type(body, list[bytes])
assert_type(current_request_id(), str)
assert_type(request_id_var, ContextVar[str])
assert_type(Problem(404, "Not Found", "", "", "/").members(), dict[str, object])
assert_type(h.get(sent_headers, "etag"), str | None)
assert_type(h.content_length(sent_headers), int | None)


def start(status: str, headers: Headers, exc_info: ExcInfo | None = None, /) -> Write:
    """A start_response as a user writes one."""
    return bytearray().extend


shown: Iterable[bytes] = hello({}, start)


# logging


@keep_request_id
def work(number: int) -> str:
    """Keeps its own types."""
    return str(number)


assert_type(work(1), str)
add_to_records()
log_filter = RequestIdFilter()
carry: Callable[..., Any] = carry_request_id

# the conformance kit


class TestPowered(MiddlewareConformance):
    """A class of tests."""

    factory = Powered
    options = {"by": "tea"}  # noqa: RUF012
    changes = Changes(headers=frozenset({"x-powered-by"}))


class TestDoubled(MiddlewareConformance):
    """A factory that is a function."""

    changes = Powered.changes

    @staticmethod
    def factory(app: App) -> App:
        return Powered(Powered(app, by="tea"), by="coffee")


class TestOfFixture(MiddlewareConformance):
    """A factory that is a fixture."""

    changes = Powered.changes

    @pytest.fixture
    def factory(self) -> Factory:
        return Powered


judge = Judge(Powered, {"by": "tea"}, headers={"Accept": "*/*"}, changes=Changes())
verdicts = [*judge.judge_all()]
assert_type(verdicts, list[Verdict])
assert_type(verdicts[0].breaches, tuple[Breach, ...])
contract_error: AssertionError = ContractError(*verdicts[0].breaches)
record = Server(Mode(closes=False)).get(Lint(application), "/", headers=[("Accept", "text/html")])
assert_type(record, Record)
assert_type(record.status, str)
assert_type(record.headers, list[tuple[str, str]])
assert_type(record.body, bytes)


# mistakes that both type checkers report

Powered(hello, "tea")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
Powered(hello, by=3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Powered(hello, bye="tea")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
Powered("hello")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Gzip(hello, minimum_size="1 kB")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
RequestId()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
Pipeline("request_id", "gzip")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
Pipeline([1])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
pipeline.specs = ()  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
Mount([("/", hello)])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Changes(headers={"vary"})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
load(3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
load("stack.toml", global_conf={"debug": True})  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]
error_answer({}, "404")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
ConfigError("not a date")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
h.get(sent_headers, b"etag")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
editing(start, work)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
call_in_context(locale, 3, hello, {}, start)  # type: ignore[misc]  # pyright: ignore[reportArgumentType]
Shouting({}, start, 10, timedelta(seconds=1))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
work("1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Judge(Powered, changes={"vary"})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Server().get("hello")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
wsgistack.Gzipp  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  # noqa: B018


class WrongStart(Exchange):
    """Returns the status alone."""

    def on_start(self, status: str, headers: Headers) -> str:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        return status


class WrongChanges(Middleware):
    """Declares a text."""

    changes: ClassVar[str] = "vary"  # type: ignore[assignment]  # pyright: ignore[reportIncompatibleVariableOverride]
