"""Cors: which origins may read responses, the answers to preflights, and no header of the application beside ours."""

import tracemalloc
from collections.abc import Sequence
from typing import Any

import flask
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oslo_middleware.cors import CORS  # a layer for the same in OpenStack
from werkzeug.test import Client

from tests.direct import Call, restart
from wsgistack import BasicAuth, CatchErrors, ConfigError, Cors, OrderWarning, Pipeline
from wsgistack.types import App, Environ, Headers, StartResponse

SITE = "https://example.org"
LISTED = [SITE, "https://*.example.net", "http://localhost:3000", "http://[::1]:3000"]
ALLOWED = "access-control-allow-origin"
PREFLIGHT = (
    "Origin, Access-Control-Request-Method, Access-Control-Request-Headers, Access-Control-Request-Private-Network"
)
REACHED = b"the application"


def hello(environ: Environ, start_response: StartResponse) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [REACHED]


def call(
    origin: str | None = None,
    *,
    app: App = hello,
    path: str = "/",
    sent: Any = (),
    origins: Any = LISTED,
    **options: Any,
) -> Call:
    keys = dict(sent) if origin is None else {"HTTP_ORIGIN": origin, **dict(sent)}
    return Call(Cors(app, **{"allow_origins": LISTED, **options}), path, **keys)


def ask(origin: str | None = SITE, method: str = "GET", *, sent: Any = (), **options: Any) -> Call:
    """Send a preflight."""
    keys = {"REQUEST_METHOD": "OPTIONS", "HTTP_ACCESS_CONTROL_REQUEST_METHOD": method, **dict(sent)}
    return call(origin, sent=keys, **options)


def shared(answer: Call) -> dict[str, str]:
    """The headers of a response that are about CORS."""
    return {name: value for name, value in answer.headers.items() if name.startswith("access-control-")}


# Origins: whole ones or patterns, never parts of a text

OTHERS = [
    *("https://evil.test", "http://example.org", "https://example.org:8443", "https://example.org:80", "", "*", "null"),
    # parts of an origin, before or after it
    *("https://example.org.evil.test", "https://badexample.org", "https://example.orgevil.test", "https://example"),
    *("xhttps://example.org", "https://evil.test/https://example.org", "https://evil.test?https://example.org"),
    *("https://evil.test#https://example.org", "https://example.org@evil.test", "https://evil.test:80@example.org"),
    *("https://example.org/", "https://example.org.", "https://example.org\\.evil.test", "https://exampleXorg"),
    # CVE-2026-37737 of sanic-cors: a pattern that is anchored only at its start
    *("https://a.example.net.evil.test", "https://a.example.net:8080", "https://a.example.net/.evil.test"),
    # subdomains, for a pattern
    *("https://example.net", "https://badexample.net", "https://.example.net", "https://evil.test/.example.net"),
    *("https://evil.test#.example.net", "https://evil.test?a.example.net", "https://a..example.net"),
    *("http://a.example.net", "https://u@a.example.net", "https://a_\n.example.net", "https://*.example.net"),
    *("http://localhost", "http://localhost:30001", "http://[::1]", "http://::1:3000", "http://localhost:3000:80"),
    # two values, as servers join a header that was sent twice
    *(f"{SITE}, https://evil.test", f"https://evil.test, {SITE}", f"{SITE} https://evil.test", f"{SITE},{SITE}"),
    *(f"{SITE}\n", f" {SITE}", f"{SITE}\x00", "https://exämple.org", f"https://{'a.' * 5000}example.net", "null, null"),
]


@pytest.mark.parametrize("origin", OTHERS)
def test_other_origins_are_not_allowed(origin: str) -> None:
    answer = call(origin, allow_credentials=True, expose_headers=["X-Total"])
    assert answer.read() == REACHED  # the browser hides it
    assert shared(answer) == {}
    assert answer.headers["vary"] == "Origin"


@pytest.mark.parametrize(
    "origin",
    [*LISTED[:1], *LISTED[2:], "https://a.example.net", "https://a.b-c.example.net", "https://example.org:443"],
)
def test_listed_origins_are_allowed(origin: str) -> None:
    answer = call(origin)
    assert answer.read() == REACHED
    assert answer.headers == {"content-type": "text/plain", ALLOWED: origin, "vary": "Origin"}


@given(st.text(st.characters(max_codepoint=255)))
def test_no_text_raises_or_is_repeated(text: str) -> None:
    assert shared(call(text, allow_origins=["https://*.example.org"])) == {}
    assert ask(text, allow_origins=["https://*.example.org"]).status == "403 Forbidden"


def test_long_origins_do_not_fill_memory() -> None:
    app = Cors(hello, allow_origins=["https://*.example.org"])
    tracemalloc.start()
    try:
        for number in range(1000):
            Call(app, HTTP_ORIGIN=f"https://{number}{'a' * 10000}.example.org")
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 2_000_000


def test_null_is_allowed_only_if_it_is_listed() -> None:
    assert shared(call("null")) == {}
    assert ask("null").status == "403 Forbidden"
    assert shared(call("null", allow_origins=["null", SITE])) == {ALLOWED: "null"}
    assert shared(call(SITE, allow_origins=["null", SITE])) == {ALLOWED: SITE}
    assert shared(call(allow_origins=["null"])) == {}
    for odd in ("NULL", "null ", "nul", "https://null"):
        assert shared(call(odd, allow_origins=["null"])) == {}


@pytest.mark.parametrize("origin", [SITE, "https://evil.test", "null", "odd", None])
def test_the_asterisk_allows_every_origin_and_repeats_none(origin: str | None) -> None:
    answer = call(origin, allow_origins=["*"], expose_headers=["X-Total"])
    assert shared(answer) == {ALLOWED: "*", "access-control-expose-headers": "X-Total"}
    assert answer.headers["vary"] == "Origin"


def test_credentials_are_allowed_for_listed_origins_alone() -> None:
    options: Any = {"allow_credentials": True, "expose_headers": ["X-Total", "X-Page"]}
    assert shared(call(SITE, **options)) == {
        ALLOWED: SITE,
        "access-control-allow-credentials": "true",
        "access-control-expose-headers": "X-Total, X-Page",
    }
    assert ask(SITE, **options).headers["access-control-allow-credentials"] == "true"
    assert "access-control-expose-headers" not in ask(SITE, **options).headers  # not in a preflight
    assert shared(call(None, **options)) == {}


# Vary, and the headers of the application


@pytest.mark.parametrize("origin", [None, SITE, "https://evil.test"])
@pytest.mark.parametrize(
    ("given_vary", "sent_vary"),
    [
        ([], "Origin"),
        ([("Vary", "Accept-Encoding")], "Accept-Encoding, Origin"),
        ([("vary", "Cookie"), ("VARY", "Accept")], "Cookie, Accept, Origin"),
        ([("Vary", "origin")], "origin"),
        ([("Vary", "*")], "*"),
    ],
)
def test_each_response_varies_by_origin(given_vary: Headers, sent_vary: str, origin: str | None) -> None:
    def app(environ: Environ, start_response: StartResponse) -> list[bytes]:
        start_response("304 Not Modified", given_vary)
        return []

    assert call(origin, app=app).headers["vary"] == sent_vary


OF_APPLICATION = [
    ("Access-Control-Allow-Origin", "*"),
    ("access-control-allow-origin", "https://evil.test"),
    ("ACCESS-CONTROL-ALLOW-CREDENTIALS", "true"),
    ("Access-Control-Expose-Headers", "X-Secret"),
    ("Access-Control-Allow-Methods", "DELETE"),
    ("Access-Control-Allow-Private-Network", "true"),
    ("Access-Control-Max-Age", "86400"),
    ("X-Access-Control", "kept"),
]


@pytest.mark.parametrize("origin", [None, SITE, "https://evil.test"])
def test_replaces_the_headers_of_the_application_and_keeps_its_list(origin: str | None) -> None:
    headers = list(OF_APPLICATION)

    def app(environ: Environ, start_response: StartResponse) -> list[bytes]:
        start_response("200 OK", headers)
        return []

    for _ in range(2):
        ours = {ALLOWED: origin} if origin == SITE else {}
        assert call(origin, app=app).headers == {"x-access-control": "kept", **ours, "vary": "Origin"}
    assert headers == OF_APPLICATION


def test_a_restart_gets_the_headers_too() -> None:
    def app(environ: Environ, start_response: StartResponse) -> list[bytes]:
        start_response("200 OK", [])
        restart(start_response, "500 Internal Server Error", [("Access-Control-Allow-Origin", "*")])
        return []

    answer = call(SITE, app=app)
    assert [dict(headers) for _, headers in answer.starts] == [
        {"Access-Control-Allow-Origin": SITE, "Vary": "Origin"}
    ] * 2


def test_an_application_with_a_cors_layer_of_its_own_sends_no_header_twice() -> None:
    inner = CORS.factory({}, allowed_origin=f"{SITE},https://evil.test")(hello)
    assert shared(Call(inner, HTTP_ORIGIN="https://evil.test"))[ALLOWED] == "https://evil.test"
    assert shared(call(SITE, app=inner)) == {ALLOWED: SITE}
    assert shared(call("https://evil.test", app=inner)) == {}


# Preflights


def test_a_preflight_is_answered_with_what_is_allowed() -> None:
    answer = ask(
        SITE,
        "PUT",
        allow_methods=["GET", "PUT"],
        allow_headers=["Content-Type", "X-Token"],
        max_age=86400.9,
        sent={"HTTP_ACCESS_CONTROL_REQUEST_HEADERS": "x-token,content-type"},
    )
    assert (answer.status, answer.read()) == ("204 No Content", b"")
    assert answer.headers == {
        ALLOWED: SITE,
        "access-control-allow-methods": "GET, PUT",
        "access-control-allow-headers": "Content-Type, X-Token",
        "access-control-max-age": "86400",
        "vary": PREFLIGHT,
    }


def test_the_defaults_allow_what_pages_can_do_anyway_and_json() -> None:
    assert shared(ask()) == {
        ALLOWED: SITE,
        "access-control-allow-methods": "GET, HEAD, POST",
        "access-control-allow-headers": "Content-Type",
        "access-control-max-age": "600",
    }


def test_the_asterisk_allows_all_methods_and_headers() -> None:
    answer = ask(allow_origins=["*"], allow_methods=["*"], allow_headers=["*", "Authorization"], max_age=0)
    assert shared(answer) == {
        ALLOWED: "*",
        "access-control-allow-methods": "*",
        "access-control-allow-headers": "*, Authorization",
        "access-control-max-age": "0",
    }


def test_lists_without_entries_are_not_sent() -> None:
    assert shared(ask(allow_methods=[], allow_headers=[])) == {ALLOWED: SITE, "access-control-max-age": "600"}


@pytest.mark.parametrize("origin", OTHERS)
def test_the_preflight_of_another_origin_gets_403_without_headers(origin: str) -> None:
    answer = ask(origin, allow_credentials=True, sent={"HTTP_ACCEPT": "*/*"})
    assert answer.status == "403 Forbidden"
    assert shared(answer) == {}
    assert answer.headers["vary"] == f"Accept, {PREFLIGHT}"
    assert b"This site does not allow requests from that origin." in answer.read()


@pytest.mark.parametrize(
    "sent",
    [
        {"REQUEST_METHOD": "OPTIONS"},
        {"REQUEST_METHOD": "OPTIONS", "HTTP_ORIGIN": SITE},  # a script's own OPTIONS request
        {"REQUEST_METHOD": "OPTIONS", "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "PUT"},
        {"REQUEST_METHOD": "OPTIONS", "HTTP_ORIGIN": SITE, "HTTP_ACCESS_CONTROL_REQUEST_HEADERS": "x"},
        {"REQUEST_METHOD": "options", "HTTP_ORIGIN": SITE, "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "PUT"},
        {"REQUEST_METHOD": "GET", "HTTP_ORIGIN": SITE, "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "PUT"},
    ],
)
def test_a_request_that_is_no_preflight_reaches_the_application(sent: dict[str, str]) -> None:
    answer = call(sent=sent)
    assert answer.read() == REACHED
    assert shared(answer) == ({ALLOWED: SITE} if "HTTP_ORIGIN" in sent else {})


@pytest.mark.parametrize("value", ["true", "TRUE", "false", "1", "", None])
def test_a_private_network_is_opened_only_on_demand(value: str | None) -> None:  # CVE-2024-6221 of flask-cors
    sent = {} if value is None else {"HTTP_ACCESS_CONTROL_REQUEST_PRIVATE_NETWORK": value}
    name = "access-control-allow-private-network"
    assert name not in ask(sent=sent).headers
    assert ask(sent=sent, allow_private_network=True).headers.get(name) == ("true" if value == "true" else None)
    assert name not in ask("https://evil.test", sent=sent, allow_private_network=True).headers
    assert name not in call(SITE, sent=sent, allow_private_network=True).headers  # only in preflights


def test_a_preflight_is_answered_before_authentication() -> None:
    app = Cors(BasicAuth(hello, users={"ada": "lovelace"}), allow_origins=[SITE])
    keys = {"HTTP_ORIGIN": SITE, "REQUEST_METHOD": "OPTIONS", "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "GET"}
    assert Call(app, **keys).status == "204 No Content"
    refused = Call(app, HTTP_ORIGIN=SITE)
    assert (refused.status, shared(refused)) == ("401 Unauthorized", {ALLOWED: SITE})


def test_error_responses_have_the_headers() -> None:
    def fails(environ: Environ, start_response: StartResponse) -> list[bytes]:
        raise RuntimeError("a bug")

    answer = Call(Cors(CatchErrors(fails), allow_origins=[SITE]), HTTP_ORIGIN=SITE)
    assert (answer.status, shared(answer)) == ("500 Internal Server Error", {ALLOWED: SITE})
    assert answer.headers["vary"] == "Accept, Origin"


@pytest.mark.parametrize("outer", ["basic_auth", "catch_errors"])
def test_a_place_inside_of_what_refuses_is_reported(outer: str) -> None:
    options = {"basic_auth": {"users": {"a": "b"}}}
    pipeline = Pipeline([{"use": outer, **options.get(outer, {})}, {"use": "cors", "allow_origins": [SITE]}])
    with pytest.warns(OrderWarning, match="cors"):
        pipeline.wrap(hello)


def test_a_flask_application_is_shared_with_listed_origins() -> None:
    app = flask.Flask(__name__)

    @app.put("/notes")
    def put() -> dict[str, int]:
        return {"number": flask.request.get_json()["number"] + 1}

    app.wsgi_app = Cors(app.wsgi_app, allow_origins=[SITE], allow_methods=["PUT"])  # type: ignore[assignment,method-assign]
    client = Client(app)
    asked = {"Origin": SITE, "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "content-type"}
    assert client.options("/notes", headers=asked).status_code == 204
    answer = client.put("/notes", json={"number": 1}, headers={"Origin": SITE})
    assert (answer.json, answer.headers["Access-Control-Allow-Origin"]) == ({"number": 2}, SITE)
    plain = client.options("/notes")
    assert (plain.status_code, {*plain.headers["Allow"].split(", ")}) == (200, {"PUT", "OPTIONS"})


# Paths: the cases of flask-cors


@pytest.mark.parametrize(
    "path",
    [
        *("/private", "/", "", "/apis", "/xapi", "/x/api", "/private/api"),
        *("/API", "/Api/x"),  # CVE-2024-6866: upper and lower case are different
        *("/api/../private", "/api/%2e%2e/private", "/api/..%2fprivate", "/api/..;/private", "/api\\..\\..\\private"),
        *("/private/../api/../private", "//private", "//api", "/private/../api", "/api//../private", "/api/\x00"),
    ],
)
def test_paths_that_are_not_shared_stay_as_they_are(path: str) -> None:
    answer = call(SITE, path=path, under=["/api"])
    assert (answer.read(), answer.headers) == (REACHED, {"content-type": "text/plain"})
    assert ask(SITE, path=path, under=["/api"]).read() == REACHED


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/x", "/api/a+b", "/api/a b", "/api/x//y"])
def test_paths_that_are_shared(path: str) -> None:
    assert shared(call(SITE, path=path, under=["/api"])) == {ALLOWED: SITE}
    assert ask(SITE, path=path, under=["/api"]).status == "204 No Content"


def test_a_plus_in_a_path_is_no_space() -> None:  # CVE-2024-6844
    assert shared(call(SITE, path="/a+b", under=["/a+b"])) == {ALLOWED: SITE}
    assert shared(call(SITE, path="/a b", under=["/a+b"])) == {}
    assert shared(call(SITE, path="/aab", under=["/a+b"])) == {}  # it is no regular expression either


@pytest.mark.parametrize("under", [["/api/admin", "/api"], ["/api", "/api/admin"]])
def test_the_order_of_paths_does_not_matter(under: list[str]) -> None:  # CVE-2024-6839
    for path in ("/api", "/api/admin", "/api/admin/x"):
        assert shared(call(SITE, path=path, under=under)) == {ALLOWED: SITE}
    assert shared(call(SITE, path="/admin", under=under)) == {}


# Mistakes

NOT_WITH = "is not possible with credentials; expected a list of what is allowed, or allow_credentials = false"
ORIGIN = "expected a scheme and a host, such as https://example.org or https://*.example.org"
ANY = "allow_origins: * already allows all origins; expected * alone, or a list without it"
EVERYBODY = {"allow_origins": ["*"], "allow_credentials": True}
METHOD = "expected a method in capitals, such as PUT"


@pytest.mark.parametrize(
    ("options", "mistakes"),
    [
        ({}, ["allow_origins: missing origins; expected origins such as https://example.org, or * for all"]),
        ({"allow_origins": ["*", SITE]}, [ANY]),
        (EVERYBODY, [f"allow_origins: * {NOT_WITH}"]),
        ({"allow_origins": ["null"], "allow_credentials": True}, [f"allow_origins: null {NOT_WITH}"]),
        *(
            ({"allow_origins": [SITE], "allow_credentials": True, key: ["*"]}, [f"{key}: * {NOT_WITH}"])
            for key in ("allow_methods", "allow_headers", "expose_headers")
        ),
        (
            {"allow_origins": ["example.org", f"{SITE}/"]},
            [
                f"allow_origins: not a valid origin 'example.org'; {ORIGIN}; write https://example.org",
                f"allow_origins: not a valid origin '{SITE}/'; {ORIGIN}; write {SITE}",
            ],
        ),
        (
            {"allow_origins": [SITE], "allow_methods": ["put", "G T"], "allow_headers": ["X:"], "expose_headers": [""]},
            [
                f"allow_methods: invalid value 'put'; {METHOD}",
                f"allow_methods: invalid value 'G T'; {METHOD}",
                "allow_headers: invalid value 'X:'; expected the name of a header",
                "expose_headers: invalid value ''; expected the name of a header",
            ],
        ),
        (
            {"allow_origins": SITE, "allow_methods": "GET", "allow_headers": "X-Id", "expose_headers": "X-Id"},
            [
                f"{key}: is text; expected a list; write [{text!r}]"
                for key, text in (
                    ("allow_origins", SITE),
                    ("allow_methods", "GET"),
                    ("allow_headers", "X-Id"),
                    ("expose_headers", "X-Id"),
                )
            ],
        ),
        *(
            ({"allow_origins": [SITE], "max_age": age}, [f"max_age: invalid value {age}; expected 0 seconds or more"])
            for age in (-1, float("inf"), float("nan"))
        ),
        (
            {"allow_origins": [SITE], "under": ["/"]},
            ["under: invalid value '/'; expected the beginning of a path other than /"],
        ),
    ],
)
def test_mistakes(options: dict[str, Any], mistakes: Sequence[str]) -> None:
    with pytest.raises(ConfigError) as raised:
        Cors(hello, **options)
    assert str(raised.value).splitlines() == mistakes
