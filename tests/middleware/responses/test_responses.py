"""One layer configures the error answers of all others, and of applications that use the same function."""

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.direct import Call, answering, raising
from wsgistack import (
    BasicAuth,
    BodyLimit,
    CatchErrors,
    ConfigError,
    Csrf,
    Hosts,
    Https,
    Maintenance,
    Mount,
    Paths,
    Pipeline,
    RequestFilter,
    RequestId,
    Responses,
    SecurityHeaders,
    error_answer,
)
from wsgistack.http.notices import INTERVAL
from wsgistack.http.responses import Problem
from wsgistack.types import App, Environ, StartResponse

PAGES = Path(__file__).parent / "pages"
SECRET = "postgres://ada:lovelace@db/shop"
hello = answering([b"hello"])
WRONG = "Basic YTph"


def describe(environ: Environ, problem: Problem) -> Mapping[str, object]:
    return {"type": f"https://example.org/problems/{problem.status}", "shop": environ["SERVER_NAME"], "status": 200}


def busy(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    status, headers, body = error_answer(environ, 429, "Slower, please.", headers=[("Retry-After", "9")])
    start_response(status, headers)
    return body


def throttled(app: App) -> App:
    auth = BasicAuth(app, users={"a": "b"}, throttle={"per_client": 1})
    Call(auth, HTTP_AUTHORIZATION=WRONG)
    return auth


ANSWERS: dict[str, tuple[Callable[[App], App], str, str, Mapping[str, str]]] = {
    "basic_auth": (
        partial(BasicAuth, users={"a": "b"}),
        "401 Unauthorized",
        "/",
        {"www-authenticate": 'Basic realm="Restricted", charset="UTF-8"'},
    ),
    "basic_auth, throttled": (throttled, "429 Too Many Requests", "/", {"vary": "Accept"}),
    "csrf": (Csrf, "403 Forbidden", "/", {}),
    "mount": (lambda app: Mount({"/shop": app}), "404 Not Found", "/none", {}),
    "request_filter: method": (
        partial(RequestFilter, methods=["GET"]),
        "405 Method Not Allowed",
        "/",
        {"allow": "GET, HEAD"},
    ),
    "body_limit": (partial(BodyLimit, max_size=1), "413 Content Too Large", "/", {}),
    "an application": (lambda app: busy, "429 Too Many Requests", "/", {"retry-after": "9"}),
    "catch_errors": (lambda app: CatchErrors(raising(ValueError(SECRET))), "500 Internal Server Error", "/", {}),
    "maintenance": (
        partial(Maintenance, enabled=True),
        "503 Service Unavailable",
        "/",
        {"retry-after": "300", "cache-control": "no-store"},
    ),
    "paths": (Paths, "400 Bad Request", "//a", {}),
    "hosts": (partial(Hosts, allowed=["example.org"]), "400 Bad Request", "/", {}),
}


def ask(app: App, path: str = "/", accept: str = "application/json", **keys: Any) -> Call:
    keys = {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": "2", "HTTP_SEC_FETCH_SITE": "cross-site", **keys}
    keys.setdefault("HTTP_AUTHORIZATION", WRONG)
    return Call(app, path, HTTP_ACCEPT=accept, **keys)


@pytest.mark.parametrize("name", ANSWERS)
def test_adds_members_to_the_json_of_every_layer(name: str) -> None:
    make, status, path, headers = ANSWERS[name]
    call = ask(RequestId(Responses(make(hello), members=describe)), path, HTTP_X_REQUEST_ID="r-1")
    problem = json.loads(call.read())
    assert call.status.partition(" ")[0] == status.partition(" ")[0]
    assert problem["type"] == f"https://example.org/problems/{status[:3]}"
    assert (problem["status"], problem["shop"], problem["request_id"]) == (int(status[:3]), "127.0.0.1", "r-1")
    assert problem["instance"] == ("/.//a" if path == "//a" else path)
    assert headers.items() <= call.headers.items()
    assert call.headers["content-type"] == "application/problem+json"
    assert SECRET not in str(problem)


@pytest.mark.parametrize("name", ANSWERS)
def test_makes_the_page_of_every_layer(name: str, tmp_path: Path) -> None:
    make, status, path, headers = ANSWERS[name]
    for kind in ("4xx", "5xx"):
        (tmp_path / f"{kind}.html").write_text(f"<p>{kind} in own words: $status")
    app = Responses(make(hello), templates=tmp_path)
    call = ask(app, path, "text/html")
    page = call.read()
    assert page == f"<p>{status[0]}xx in own words: {status[:3]}".encode()
    assert headers.items() <= call.headers.items()
    assert (call.headers["content-type"], call.headers["vary"]) == ("text/html; charset=utf-8", "Accept")
    assert call.headers["content-length"] == str(len(page))
    assert b"own words" not in ask(app, path, "text/plain").read()


def test_answers_head_without_a_body() -> None:
    app = Responses(CatchErrors(raising(ValueError())), templates=PAGES)
    get, head = (Call(app, REQUEST_METHOD=method, HTTP_ACCEPT="text/html") for method in ("GET", "HEAD"))
    assert head.read() == b""
    assert get.read()
    assert head.headers == get.headers


def test_redirects_and_statuses_without_a_template_stay_plain(tmp_path: Path) -> None:
    (tmp_path / "404.html").write_text("own words")
    app = Responses(Https(hello), templates=tmp_path, members=describe)
    for accept in ("text/html", "application/json"):
        call = Call(app, HTTP_ACCEPT=accept, HTTP_HOST="example.org")
        assert call.status == "308 Permanent Redirect"
        assert b"own words" not in call.read()
    assert b"<h1>400 Bad Request</h1>" in Call(app, HTTP_ACCEPT="text/html", HTTP_HOST="!").read()


def test_a_page_has_the_nonce_of_its_policy() -> None:
    app = Responses(CatchErrors(raising(ValueError())), templates=PAGES)
    call = Call(SecurityHeaders(app, csp={"style-src": ["'nonce'"]}), HTTP_ACCEPT="text/html")
    nonce = call.environ["wsgistack.csp_nonce"]
    assert f'<style nonce="{nonce}">' in call.read().decode()
    assert f"'nonce-{nonce}'" in call.headers["content-security-policy"]


def test_debug_shows_the_traceback_nevertheless() -> None:
    app = Responses(CatchErrors(raising(ValueError("deep")), debug=True), templates=PAGES, members=describe)
    for accept in ("text/html", "application/json"):
        assert b"ValueError: deep" in Call(app, HTTP_ACCEPT=accept, REMOTE_ADDR="127.0.0.1").read()


class UnprintableError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


def fail(environ: Environ, problem: Problem) -> Mapping[str, object]:
    raise UnprintableError


FAILING: dict[str, Callable[..., Any]] = {
    "raises": fail,
    "takes other arguments": dict,
    "returns a text": lambda environ, problem: "text",
    "returns None": lambda environ, problem: None,
    "returns what JSON has not": lambda environ, problem: {"at": object()},
    "returns no number": lambda environ, problem: {"at": float("nan")},
    "calls itself": lambda environ, problem: FAILING["calls itself"](environ, problem),
}


@pytest.mark.parametrize("name", FAILING)
def test_sends_the_plain_answer_if_members_fail(name: str, caplog: pytest.LogCaptureFixture) -> None:
    app = Responses(Maintenance(hello, enabled=True), members=FAILING[name])
    for _ in range(3):
        call = Call(app, HTTP_ACCEPT="application/json")
        assert json.loads(call.read())["title"] == "Service Unavailable"
        assert call.headers["retry-after"] == "300"
    [record] = caplog.records
    assert (record.name, record.levelname) == ("wsgistack.responses", "WARNING")
    assert record.getMessage() == "the own answer for 503 failed, the plain one is sent"
    assert record.exc_info


def test_the_log_shows_no_secrets_of_an_error_whose_own_answer_fails(caplog: pytest.LogCaptureFixture) -> None:
    caplog.handler.setFormatter(logging.Formatter("%(message)s"))  # with the traceback

    def fail(environ: Environ, problem: Problem) -> Mapping[str, object]:
        try:
            return {"type": environ["no such key"]}
        except KeyError as error:
            raise LookupError("no type") from error

    app = Responses(CatchErrors(raising(ValueError("password=tr0ub4dor"))), members=fail)
    assert Call(app, HTTP_ACCEPT="application/json").read()
    assert "no such key" in caplog.text
    assert "tr0ub4dor" not in caplog.text


def test_sends_the_plain_page_if_a_template_makes_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "5xx.html.j2").write_text('{% if request_id == "id" %}{{ title }}{% endif %}')
    app = RequestId(Responses(Maintenance(hello, enabled=True), templates=tmp_path))
    assert b"<h1>503 Service Unavailable</h1>" in Call(app, HTTP_ACCEPT="text/html").read()


def test_sends_the_plain_page_if_a_template_fails(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "5xx.html.j2").write_text("{{ 1 // (instance | length - 4) }}")
    app = Responses(CatchErrors(raising(ValueError(SECRET))), templates=tmp_path)
    call = Call(app, HTTP_ACCEPT="text/html", PATH_INFO="/abc")
    assert b"<h1>500 Internal Server Error</h1>" in call.read()
    assert [record.name for record in caplog.records] == ["wsgistack.catch_errors", "wsgistack.responses"]


def test_answers_although_the_log_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise OSError("no log today")

    failing = Failing()
    logging.getLogger("wsgistack.responses").addHandler(failing)
    try:
        app = Responses(Maintenance(hello, enabled=True), members=fail)
        assert b"Service Unavailable" in Call(app).read()
    finally:
        logging.getLogger("wsgistack.responses").removeHandler(failing)
    assert INTERVAL > 1


def test_a_part_of_a_site_has_its_own_answers() -> None:
    def own(environ: Environ, problem: Problem) -> Mapping[str, object]:
        return {"part": "api"}

    site = Mount({"/api": Responses(busy, members=own), "/": busy})
    app = Responses(site, members=lambda environ, problem: {"part": "site"})
    assert json.loads(Call(app, "/api/x").read())["part"] == "api"
    assert json.loads(Call(app, "/x").read())["part"] == "site"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param({}, "nothing is configured; expected templates or members", id="nothing"),
        pytest.param({"members": 3}, "members: is not callable; expected a callable", id="members"),
        pytest.param({"templates": Path("no such folder")}, "templates: can't read the folder", id="folder"),
    ],
)
def test_refuses_options_that_can_not_work(options: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigError) as raised:
        Responses(hello, **options)
    assert expected in str(raised.value)


# Its place: outside of every layer that says that it answers


def describe_order(*names: str) -> list[str]:
    known: dict[str, Any] = {
        "responses": {"use": "responses", "templates": PAGES},
        "basic_auth": {"use": "basic_auth", "users": {"a": "b"}},
        "proxy": "werkzeug.middleware.proxy_fix:ProxyFix",
    }
    pipeline = Pipeline(known.get(name, name) for name in names)
    return [str(each) for each in pipeline.misplaced() if "responses" in str(each)]


@pytest.mark.parametrize("outer", ["csrf", "paths", "catch_errors", "etag", "body_limit"])
def test_check_finds_it_inside_of_a_layer_that_answers(outer: str) -> None:
    [said] = describe_order(outer, "responses")
    assert said == (
        f"layer 1 ({outer}): {outer} is outside responses: its error answers would not look as configured here; "
        f"put responses before {outer}"
    )


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(["request_id", "responses", "paths", "catch_errors", "basic_auth"], id="outermost"),
        pytest.param(
            ["access_log", "security_headers", "proxy", "responses", "paths"], id="inside of what never answers"
        ),
        pytest.param(["responses", "catch_errors", "responses", "csrf"], id="a second one"),
    ],
)
def test_check_accepts_its_right_place(names: list[str]) -> None:
    assert describe_order(*names) == []
