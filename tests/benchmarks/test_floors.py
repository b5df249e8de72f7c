"""The floors do what their layers do: they pass the kit on servers that keep PEP 3333, and send the same responses."""

import logging
import os
import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from hashlib import sha256
from itertools import zip_longest
from math import inf
from pathlib import Path

import pytest

from benchmarks.floors.access_log import AccessLog as AccessLogFloor
from benchmarks.floors.api_key import ApiKey as ApiKeyFloor
from benchmarks.floors.auth import Auth as AuthFloor
from benchmarks.floors.basic_auth import BasicAuth as BasicAuthFloor
from benchmarks.floors.bearer_auth import BearerAuth as BearerAuthFloor
from benchmarks.floors.bearer_auth import RememberedJwts, make_digest
from benchmarks.floors.body_limit import BodyLimit as BodyLimitFloor
from benchmarks.floors.cascade import Cascade as CascadeFloor
from benchmarks.floors.catch_errors import CatchErrors as CatchErrorsFloor
from benchmarks.floors.cookies import Cookies as CookiesFloor
from benchmarks.floors.cors import Cors as CorsFloor
from benchmarks.floors.csrf import Csrf as CsrfFloor
from benchmarks.floors.decompress import Decompress as DecompressFloor
from benchmarks.floors.error_documents import ErrorDocuments as ErrorDocumentsFloor
from benchmarks.floors.etag import Etag as EtagFloor
from benchmarks.floors.forwarded import Forwarded as ForwardedFloor
from benchmarks.floors.fused import fused
from benchmarks.floors.gzip import Gzip as GzipFloor
from benchmarks.floors.hosts import Hosts as HostsFloor
from benchmarks.floors.https import Https as HttpsFloor
from benchmarks.floors.maintenance import Maintenance as MaintenanceFloor
from benchmarks.floors.method_override import MethodOverride as MethodOverrideFloor
from benchmarks.floors.paths import Paths as PathsFloor
from benchmarks.floors.request_filter import RequestFilter as RequestFilterFloor
from benchmarks.floors.request_id import RequestId as RequestIdFloor
from benchmarks.floors.responses import Responses as ResponsesFloor
from benchmarks.floors.security_headers import SecurityHeaders as SecurityHeadersFloor
from benchmarks.floors.security_headers import SecurityHeadersWithNonce
from benchmarks.served import wrap_in_five
from benchmarks.traffic import BROWSER, JSON, LOGGED_IN, ORIGIN, PASSWORD, TEXT, USER, ask, make_stream, make_whole
from wsgistack import (
    AccessLog,
    ApiKeyAuth,
    Auth,
    BasicAuth,
    BearerAuth,
    BodyLimit,
    Cascade,
    CatchErrors,
    Cookies,
    Cors,
    Csrf,
    Decompress,
    ErrorDocuments,
    Etag,
    Forwarded,
    Gzip,
    Hosts,
    Https,
    Identity,
    Maintenance,
    MethodOverride,
    Paths,
    RequestFilter,
    RequestId,
    Responses,
    SecurityHeaders,
)
from wsgistack.middleware.auth.rules import RuleOptions
from wsgistack.testing import Judge
from wsgistack.types import App, Changes, Environ, Headers, StartResponse

pytestmark = pytest.mark.slow

LOGIN = (("Authorization", LOGGED_IN["HTTP_AUTHORIZATION"]), ("X-API-Key", "b"))
TOKEN = (("Authorization", "Bearer b"),)
DIGEST = sha256(b"b").hexdigest()
KEYS = {DIGEST: Identity("ci", "ApiKey")}
REMEMBERED = {make_digest("b"): (Identity("ci", "Bearer"), inf)}
AUTH_TYPES = {"bearer_auth": "Bearer", "bearer_auth, with JWTs": "Bearer"}
RULES: list[RuleOptions] = [{"under": ["/orders"], "scopes": ["orders:read"]}]
NONE = make_whole(TEXT, status="404 Not Found")
AUTH: Callable[[App], App] = partial(BasicAuthFloor, user=USER, password=PASSWORD)
FILTER: Callable[[App], App] = partial(
    RequestFilterFloor, network="192.0.2.0/24", path=r"\.php(?=/|\Z)", agents="sqlmap"
)
ALL = RequestId.changes | AccessLog.changes | CatchErrors.changes | Gzip.changes | BasicAuth.changes
FLOORS: dict[str, tuple[Callable[[App], App], Changes]] = {
    "request_id": (RequestIdFloor, RequestId.changes),
    "access_log": (partial(AccessLogFloor, write_line=len), AccessLog.changes),
    "body_limit": (BodyLimitFloor, BodyLimit.changes),
    "decompress": (DecompressFloor, Decompress.changes),
    "catch_errors": (CatchErrorsFloor, CatchErrors.changes),
    "gzip": (GzipFloor, Gzip.changes),
    "basic_auth": (AUTH, BasicAuth.changes),
    "api_key": (partial(ApiKeyFloor, keys=KEYS), ApiKeyAuth.changes),
    "auth": (partial(AuthFloor, keys=KEYS, under="/orders", scope="orders:read"), Auth.changes),
    "bearer_auth": (partial(BearerAuthFloor, tokens=KEYS), BearerAuth.changes),
    "bearer_auth, with JWTs": (partial(RememberedJwts, remembered=REMEMBERED), BearerAuth.changes),
    "etag": (EtagFloor, Etag.changes),
    "error_documents": (partial(ErrorDocumentsFloor, path="/missing"), ErrorDocuments.changes),
    "responses": (ResponsesFloor, Responses.changes),
    "cascade": (partial(CascadeFloor, fallback=make_whole(TEXT)), Cascade.changes),
    "cascade to a fallback": (partial(CascadeFloor, NONE), Changes()),
    "cookies": (CookiesFloor, Cookies.changes),
    "forwarded": (partial(ForwardedFloor, trusted="127.0.0.0/8"), Forwarded.changes),
    "hosts": (partial(HostsFloor, allowed=frozenset(["localhost", "127.0.0.1"])), Hosts.changes),
    "https": (HttpsFloor, Https.changes),
    "maintenance": (partial(MaintenanceFloor, flag="no such file"), Maintenance.changes),
    "method_override": (MethodOverrideFloor, MethodOverride.changes),
    "paths": (PathsFloor, Paths.changes),
    "request_filter": (FILTER, RequestFilter.changes),
    "cors": (partial(CorsFloor, origin=ORIGIN), Cors.changes),
    "csrf": (CsrfFloor, Csrf.changes),
    "security_headers": (SecurityHeadersFloor, SecurityHeaders.changes),
    "security_headers, with a nonce": (SecurityHeadersWithNonce, SecurityHeaders.changes),
    "fused": (partial(fused, user=USER, password=PASSWORD, write_line=len), ALL),
}
UNUSUAL_SERVERS = {"answers_errors_without_exc_info_under_uwsgi", "starts_before_it_returns", "works_without_write"}
LINE = re.compile(r"\[.*?\]| \d+ [0-9a-f]{32}$")  # the time, the duration and the id differ


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("name", FLOORS)
def test_keeps_every_rule_of_the_kit(name: str) -> None:
    floor, changes = FLOORS[name]
    judge = Judge(floor, headers=TOKEN if "bearer" in name else LOGIN, changes=changes)
    verdicts = [judge.judge(case) for case in judge.names() if case not in UNUSUAL_SERVERS]
    assert [verdict for verdict in verdicts if verdict.breaches] == []


APPS = {
    "text": partial(make_whole, TEXT),
    "json": partial(make_whole, JSON, "application/json"),
    "cookie": partial(make_whole, TEXT, cookie="a=b; Path=/"),
    "image": partial(make_whole, JSON, "image/png"),
    "stream": partial(make_stream, [JSON] * 4, "application/json"),
}
KNOWN = sha256(b"content-type: text/plain; charset=utf-8\n" + TEXT).hexdigest()[:32]
REQUESTS = {
    "plain": LOGGED_IN,
    "browser": {**LOGGED_IN, **BROWSER},
    "known": {**LOGGED_IN, "HTTP_IF_NONE_MATCH": f'"{KNOWN}"'},
    "of an origin": {**LOGGED_IN, "HTTP_ORIGIN": ORIGIN},
    "named": {**LOGGED_IN, "HTTP_X_REQUEST_ID": "mine"},
}
LAYERS: dict[str, Callable[[App], App]] = {
    "request_id": partial(RequestId, generate=lambda: "made"),
    "body_limit": BodyLimit,
    "decompress": Decompress,
    "catch_errors": CatchErrors,
    "gzip": Gzip,
    "basic_auth": partial(BasicAuth, users={USER: PASSWORD}),
    "etag": Etag,
    "error_documents": partial(ErrorDocuments, paths={"404": "/missing"}),
    "responses": partial(Responses, members=lambda *_: {"shop": 1}),
    "cascade": partial(Cascade, fallback=make_whole(TEXT)),
    "cascade to a fallback": lambda app: Cascade(NONE, fallback=app),
    "cookies": Cookies,
    "https": Https,
    "maintenance": partial(Maintenance, flag=Path("no such file")),
    "method_override": MethodOverride,
    "paths": Paths,
    "request_filter": RequestFilter,
    "cors": partial(Cors, allow_origins=[ORIGIN]),
    "csrf": Csrf,
    "security_headers": SecurityHeaders,
    "security_headers, with a nonce": partial(SecurityHeaders, csp={"script-src": ["'nonce'"]}),
}


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("app", APPS)
@pytest.mark.parametrize("request_", REQUESTS)
def test_sends_the_same_response_as_its_layer(name: str, app: str, request_: str) -> None:
    by_hand = ask(FLOORS[name][0](APPS[app]()), REQUESTS[request_])
    ours = ask(LAYERS[name](APPS[app]()), REQUESTS[request_])
    assert by_hand.status == ours.status
    assert by_hand.chunks == ours.chunks
    made = {"X-Request-ID"} if request_ != "named" else set()
    for one, other in zip_longest(sorted(by_hand.headers), sorted(ours.headers)):
        assert one[0] == other[0]
        assert one == other or one[0] in made


class Streamed:
    """A body without a length, like that of a framework."""

    def __init__(self, *chunks: bytes) -> None:
        self.chunks = chunks
        self.closed = 0

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.chunks)

    def close(self) -> None:
        self.closed += 1


@pytest.mark.parametrize("chunks", [pytest.param([b"whole"], id="whole"), [b"wh", b"ole"], [b""], []])
@pytest.mark.parametrize("headers", [[], [("Content-Length", "5")], [("ETag", '"mine"')], [("Content-Length", "no")]])
@pytest.mark.parametrize("is_list", [True, False])
@pytest.mark.parametrize("writes", [True, False])
def test_the_floor_of_etag_knows_whole_chunks_and_the_tags_of_applications(
    chunks: list[bytes], headers: Headers, is_list: bool, writes: bool
) -> None:
    streams: list[Streamed] = []

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        write = start_response("200 OK", [("Content-Type", "text/plain"), *headers])
        if writes:
            write(b"written")
        streams.append(Streamed(*chunks))
        return chunks if is_list else streams[-1]

    made = sha256(b"content-type: text/plain\nwhole").hexdigest()[:32]
    for known in ("", '"mine"', 'W/"mine"', f'"{made}"', '"other"'):
        request = {"HTTP_IF_NONE_MATCH": known} if known else {}
        by_hand, ours = (ask(layer(app), request) for layer in (EtagFloor, Etag))
        assert (by_hand.status, by_hand.headers, by_hand.body) == (ours.status, ours.headers, ours.body)
    assert [stream.closed for stream in streams] == [0 if is_list else 1] * 10


GUARDS: dict[str, Callable[[App], App]] = {
    "api_key": partial(ApiKeyAuth, keys={"ci": DIGEST}),
    "auth": partial(Auth, api_key={"keys": {"ci": DIGEST}}, rules=RULES),
    "bearer_auth": partial(BearerAuth, tokens={"ci": DIGEST}),
    "bearer_auth, with JWTs": partial(BearerAuth, tokens={"ci": DIGEST}),
}


@pytest.mark.parametrize("name", GUARDS)
@pytest.mark.parametrize(
    "request_",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"HTTP_X_API_KEY": "b"}, id="key"),
        pytest.param({"HTTP_X_API_KEY": "b", "PATH_INFO": "//orders"}, id="key, odd path"),
        pytest.param({"HTTP_X_API_KEY": "x" * 9000}, id="long key"),
        pytest.param({"HTTP_AUTHORIZATION": "bearer  b"}, id="token"),
        pytest.param({"HTTP_AUTHORIZATION": "Basic b"}, id="other scheme"),
    ],
)
def test_the_floors_of_guards_do_what_their_layers_do(name: str, request_: dict[str, str]) -> None:
    seen: list[list[object]] = []

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        seen.append([environ.get(key) for key in ("REMOTE_USER", "AUTH_TYPE")])
        start_response("204 No Content", [])
        return []

    answers = [ask(layer(app), {"HTTP_ACCEPT": "text/plain", **request_}) for layer in (FLOORS[name][0], GUARDS[name])]
    assert (answers[0].status, answers[0].chunks) == (answers[1].status, answers[1].chunks)
    assert dict(answers[0].headers).get("WWW-Authenticate") == dict(answers[1].headers).get("WWW-Authenticate")
    assert seen in ([], [["ci", AUTH_TYPES.get(name, "ApiKey")]] * 2)


@pytest.mark.parametrize("app", APPS)
@pytest.mark.parametrize("request_", REQUESTS)
def test_the_function_sends_the_same_response_as_the_stack(app: str, request_: str) -> None:
    by_hand = ask(FLOORS["fused"][0](APPS[app]()), REQUESTS[request_])
    ours = ask(wrap_in_five(APPS[app]()), REQUESTS[request_])
    assert (by_hand.status, by_hand.chunks) == (ours.status, ours.chunks)
    assert sorted(name for name, _ in by_hand.headers) == sorted(name for name, _ in ours.headers)


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param({}, id="usual"),
        pytest.param({"HTTP_USER_AGENT": 'a "b" \\ \x1b[31m'}, id="escaped"),
        pytest.param({"PATH_INFO": "/a b\xc3\xa9", "QUERY_STRING": "", "REQUEST_METHOD": "P T"}, id="quoted"),
        pytest.param({"REMOTE_USER": "ann lee", "HTTP_REFERER": "", "REQUEST_METHOD": "HEAD"}, id="spaces"),
    ],
)
def test_writes_the_same_log_line(tmp_path: Path, request_: dict[str, str]) -> None:
    lines: list[str] = []
    file = tmp_path / "log"
    for layer in (partial(AccessLogFloor, write_line=lines.append), partial(AccessLog, file=file)):
        ask(RequestId(layer(make_whole(TEXT))), request_)
    (ours,) = file.read_text("utf-8").splitlines()
    assert [LINE.sub("", line) for line in lines] == [LINE.sub("", ours)]


def test_refuses_a_wrong_password_and_answers_an_error() -> None:
    def fails(environ: Environ, start_response: StartResponse) -> list[bytes]:
        raise OSError(os.strerror(5))

    assert ask(AUTH(make_whole(TEXT))).status == "401 Unauthorized"
    assert ask(CatchErrorsFloor(fails)).status == "500 Internal Server Error"
    for refused in ({"REMOTE_ADDR": "192.0.2.1"}, {"HTTP_USER_AGENT": "SQLmap"}, {"PATH_INFO": "/a%2ephp"}):
        assert ask(FILTER(make_whole(TEXT)), refused).status == "403 Forbidden"
    assert ask(PathsFloor(make_whole(TEXT)), {"PATH_INFO": "/a/../b"}).status == "400 Bad Request"
    function = FLOORS["fused"][0]
    assert ask(function(make_whole(TEXT))).status == "401 Unauthorized"
    assert ask(function(fails), LOGGED_IN).status == "500 Internal Server Error"


def test_answers_errors_like_its_layer() -> None:
    def fails(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/missing":
            return make_whole(TEXT)(environ, start_response)
        start_response("404 Not Found", [("Content-Type", "text/plain"), ("Content-Length", "0"), ("X-Own", "1")])
        return []

    by_hand, ours = (ask(FLOORS["error_documents"][0](fails)), ask(LAYERS["error_documents"](fails)))
    assert (by_hand.status, sorted(by_hand.headers), by_hand.body) == (ours.status, sorted(ours.headers), ours.body)
    assert ours.body == TEXT

    down: App = Maintenance(make_whole(TEXT), enabled=True)
    by_hand, ours = (ask(make(down), {"HTTP_ACCEPT": "*/*"}) for make in (FLOORS["responses"][0], LAYERS["responses"]))
    assert (by_hand.headers, by_hand.body) == (ours.headers, ours.body)
    assert b'"shop": 1' in ours.body
