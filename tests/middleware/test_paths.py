"""Paths: only what all readers of a path agree on gets through."""

from typing import Any, Literal
from urllib.parse import unquote_to_bytes

import flask
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.direct import Call
from wsgistack import AccessLog, ConfigError, OrderWarning, Paths, Pipeline
from wsgistack.http.paths import is_ambiguous, normal_form
from wsgistack.types import App, Environ, StartResponse

Action = Literal["refuse", "redirect", "normalize"]


def echo(environ: Environ, start_response: StartResponse) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ.get("PATH_INFO", "").encode("latin-1")]


def call(action: Action, path: str, **keys: str) -> Call:
    return Call(Paths(echo, action=action), path, **keys)


AMBIGUOUS = {
    "//admin": "/admin",
    "//evil.example/x": "/evil.example/x",
    "/\\evil.example": "/evil.example",
    "\\\\evil.example": "/evil.example",
    "/.//evil.example": "/evil.example",
    "/%2f/evil.example": "/evil.example",
    "/;x//evil.example": "/evil.example",
    "/x/../admin": "/admin",
    "/./admin/": "/admin/",
    "/%61dmin": "/admin",
    "/admin;v=1": "/admin",
    "admin": "/admin",
    "*": "/*",
    "//caf\xc3\xa9 x": "/caf\xc3\xa9 x",
    "//100%": "/100%",
}
HOPELESS = ["/x//../admin", "/a\0", "/a%0d%0aSet-Cookie: x", "/caf\xe9", "/\u20ac", "//" + "x" * 5000]
ACTIONS: list[Action] = ["refuse", "redirect", "normalize"]


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("path", ["/", "", "/admin", "/admin/", "/.well-known/x", "/100%", "/caf\xc3\xa9", "/a b"])
def test_lets_an_ordinary_path_through(action: Action, path: str) -> None:
    assert call(action, path).read() == path.encode("latin-1")
    assert call(action, path, SCRIPT_NAME="/mounted").read() == path.encode("latin-1")


@pytest.mark.parametrize("path", [*AMBIGUOUS, *HOPELESS])
def test_refuses_an_ambiguous_path(path: str) -> None:
    assert call("refuse", path).status == "400 Bad Request"
    assert Call(Paths(echo), path).status == "400 Bad Request"


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("path", HOPELESS)
def test_refuses_a_path_without_a_normal_form_in_any_case(action: Action, path: str) -> None:
    assert call(action, path).status == "400 Bad Request"


@pytest.mark.parametrize(("path", "normal"), AMBIGUOUS.items())
def test_passes_the_normal_form_on(path: str, normal: str) -> None:
    assert call("normalize", path).read() == normal.encode("latin-1")


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize(("path", "normal"), AMBIGUOUS.items())
def test_redirects_to_the_normal_form_on_the_same_host(path: str, normal: str, method: str) -> None:
    answer = call("redirect", path, REQUEST_METHOD=method)
    location = answer.headers["location"]
    assert answer.status == "308 Permanent Redirect"
    assert unquote_to_bytes(location).decode("latin-1") == normal
    assert location.startswith("/")
    assert location[1:2] not in ("/", "\\")
    assert call("redirect", unquote_to_bytes(location).decode("latin-1")).status == "200 OK"


@pytest.mark.parametrize(
    ("query", "sent"),
    [
        ("", "/a"),
        ("x=1&y=%2F//?", "/a?x=1&y=%2F//?"),
        ("x=\r\nSet-Cookie: y", "/a?x=%0D%0ASet-Cookie:%20y"),
        ("\xc3\xa9\u20ac", "/a?%C3%A9?"),
    ],
)
def test_a_redirect_keeps_the_query_and_breaks_no_header(query: str, sent: str) -> None:
    assert call("redirect", "//a", QUERY_STRING=query).headers["location"] == sent


@pytest.mark.parametrize(
    ("script", "path", "status", "location"),
    [
        ("/shop", "//a", "308 Permanent Redirect", "/shop/a"),
        ("/shop", "a", "400 Bad Request", None),
        ("/shop", "/../a", "400 Bad Request", None),
        ("//evil.example", "/a", "400 Bad Request", None),
        ("/shop/", "/a", "400 Bad Request", None),
        ("/x/..", "/a", "400 Bad Request", None),
        ("/%2561dmin", "/a", "400 Bad Request", None),
        ("shop", "/a", "400 Bad Request", None),
    ],
)
def test_script_name_is_the_beginning_of_the_path(script: str, path: str, status: str, location: str | None) -> None:
    answer = call("redirect", path, SCRIPT_NAME=script)
    assert answer.status == status
    assert answer.headers.get("location") == location


@given(st.text("/\\.;%25fc\xc3\xa9 a?#@:", max_size=12), st.sampled_from(["", "/s", "//s", "/s/.."]))
@example("//evil.example", "")
def test_a_redirect_never_leaves_the_host_and_never_loops(path: str, script: str) -> None:
    answer = call("redirect", path, SCRIPT_NAME=script)
    location = answer.headers.get("location")
    if location is not None:
        assert location[0] == "/"
        assert location[1:2] not in ("/", "\\")
        assert not set(location) & set("\\?# \r\n")
        assert not is_ambiguous(unquote_to_bytes(location).decode("latin-1"))


@given(st.text("/\\.;%25fc\xc3\xa9a", max_size=12))
def test_an_application_never_gets_an_ambiguous_path(path: str) -> None:
    answer = call("normalize", path)
    if answer.status == "200 OK":
        assert not is_ambiguous(answer.read().decode("latin-1") or "/")


def guard(app: App) -> App:
    """Refuse all requests that it gets."""

    def refuse(environ: Environ, start_response: StartResponse) -> list[bytes]:
        start_response("401 Unauthorized", [])
        return []

    return refuse


GUARDED = Pipeline(
    [{"use": "paths", "action": "normalize"}, {"use": guard, "when": {"not": {"under": ["/public", "/s/public"]}}}]
).wrap(echo)
PIECES = [
    "/",
    "/public",
    "/admin",
    "public",
    "..",
    ".",
    "%2e",
    "%2f",
    "%25",
    "\\",
    "%5c",
    ";",
    "\xc3\xa9",
    "\xe9",
    "\0",
    "a",
]


def is_public(path: str | None) -> bool:
    return path is not None and f"{path}/".startswith(("/public/", "/s/public/"))


@given(
    st.one_of(st.lists(st.sampled_from(PIECES), max_size=8).map("".join), st.text(max_size=12)),
    st.sampled_from(["", "/s", "/public", "/s/..", "//s"]),
    st.sampled_from(["", "/s", "/admin", "/public/..", "//public"]),
)
@example("//public", "", "")
@example("/public/../admin", "", "")
@example("/s/public/..;/x", "", "")
@example("/public", "", "/admin")
def test_a_guard_inside_gets_each_request_whose_normal_path_is_not_public(path: str, script: str, root: str) -> None:
    roots = {"HTTP_X_VHM_ROOT": root} if root else {}
    status = Call(GUARDED, path, SCRIPT_NAME=script, **roots).status[:3]
    normal = normal_form(path) if path else ""
    whole = normal_form(script + path or "/")
    if normal is None or (script + path and whole != script + normal):
        assert status == "400"
    elif not (is_public(normal) and is_public(whole)) or (root and not is_public(normal_form(root + normal))):
        assert status == "401"
    elif not root:
        assert status == "200"  # an ambiguous root may lead to the guard, too


def test_takes_a_request_without_the_names_of_the_path() -> None:
    body = Paths(echo)({"REQUEST_METHOD": "GET"}, lambda *_: lambda _: None)
    assert list(body) == [b""]


def test_refuses_an_unknown_action() -> None:
    action: Any = "reject"
    with pytest.raises(ConfigError, match="action: invalid value 'reject'; expected refuse, redirect or normalize"):
        Paths(echo, action=action)


def test_belongs_inside_the_access_log() -> None:
    with pytest.warns(OrderWarning, match="paths is outside access_log: refused requests would not be logged"):
        Pipeline(["paths", {"use": "access_log", "output": "logging"}]).wrap(echo)
    app: App = Pipeline([{"use": "access_log", "output": "logging"}, "paths"]).wrap(echo)
    assert isinstance(app, AccessLog)


def test_flask_sees_the_page_that_a_client_asked_for_in_an_odd_way() -> None:
    app = flask.Flask("shop")

    @app.get("/goods/<name>")
    def goods(name: str) -> str:
        return f"{name} {flask.request.path}"

    assert Call(Paths(app, action="normalize"), "/x/../goods//tea;v=1").read() == b"tea /goods/tea"
    assert Call(Paths(app), "//goods/tea").status == "400 Bad Request"
