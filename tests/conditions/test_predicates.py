"""What each kind of condition asks of a request."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyramid.config import Configurator
from pyramid.response import Response

from tests.direct import Call
from wsgistack.conditions import condition
from wsgistack.types import App, Environ


def is_meant(when: object, environ: Environ) -> bool:
    return condition(when)(environ)


@pytest.mark.parametrize(
    ("globs", "environ", "expected"),
    [
        pytest.param("/a", {"PATH_INFO": "/a"}, True, id="exact"),
        pytest.param("/a", {"PATH_INFO": "/a/b"}, False, id="longer"),
        pytest.param("/a", {"PATH_INFO": "/a\n"}, True, id="a control character, which nobody is sure of"),
        pytest.param("/a", {"PATH_INFO": "/A"}, False, id="case"),
        pytest.param("/a/*", {"PATH_INFO": "/a/b/c"}, True, id="a star goes over slashes"),
        pytest.param("/a/*", {"PATH_INFO": "/a/b\nc"}, True, id="and over newlines"),
        pytest.param("/a/*", {"PATH_INFO": "/a/"}, True, id="a star is nothing"),
        pytest.param("/a/*", {"PATH_INFO": "/a"}, True, id="the slash at the end does not matter"),
        pytest.param("/a", {"PATH_INFO": "/a/"}, True, id="nor does one in the path"),
        pytest.param("/a/?", {"PATH_INFO": "/a"}, False, id="a question mark is not the slash before it"),
        pytest.param(["/a", "/a/*"], {"PATH_INFO": "/a"}, True, id="the first of two"),
        pytest.param(["/a", "/a/*"], {"PATH_INFO": "/a/b"}, True, id="the second of two"),
        pytest.param(["/a", "/a/*"], {"PATH_INFO": "/ab"}, False, id="none of two"),
        pytest.param("/a/*", {"SCRIPT_NAME": "/a", "PATH_INFO": "/b"}, True, id="mounted"),
        pytest.param("/a", {"SCRIPT_NAME": "/a", "PATH_INFO": ""}, True, id="mounted, without a path"),
        pytest.param("/a", {"SCRIPT_NAME": "/a"}, True, id="no PATH_INFO"),
        pytest.param("*", {}, True, id="nothing"),
        pytest.param("/*", {}, True, id="nothing may be the root"),
        pytest.param("[*]", {"PATH_INFO": "*"}, True, id="OPTIONS *"),
        pytest.param("/a[[]1]", {"PATH_INFO": "/a[1]"}, True, id="brackets"),
        pytest.param("/?", {"PATH_INFO": "/\u00c3\u00bc"}, True, id="one letter of two bytes"),
        pytest.param("/gr\u00fc\u00dfe/*", {"PATH_INFO": "/gr\u00c3\u00bc\u00c3\u009fe/1"}, True, id="UTF-8"),
        pytest.param("/gr\u00fc\u00df", {"PATH_INFO": "/gr\u00fc\u00df"}, True, id="what is no UTF-8 stays latin-1"),
        pytest.param("/\u20ac", {"PATH_INFO": "/\u20ac"}, True, id="what WSGI forbids"),
        pytest.param("//a", {"PATH_INFO": "/a"}, False, id="two slashes"),
    ],
)
def test_asks_for_the_path(globs: object, environ: Environ, expected: bool) -> None:
    assert is_meant({"path": globs}, environ) is expected


@pytest.mark.parametrize(
    ("globs", "environ", "expected"),
    [
        pytest.param("a.org", {"HTTP_HOST": "a.org"}, True, id="exact"),
        pytest.param("a.org", {"HTTP_HOST": "a.org:8080"}, True, id="port"),
        pytest.param("A.org", {"HTTP_HOST": "a.ORG"}, True, id="case"),
        pytest.param("a.org", {"HTTP_HOST": "a.org.:80"}, True, id="the root's dot"),
        pytest.param("a.org.", {"HTTP_HOST": "a.org"}, True, id="the root's dot in the glob"),
        pytest.param("*.a.org", {"HTTP_HOST": "b.c.a.org"}, True, id="a star goes over dots"),
        pytest.param("*.a.org", {"HTTP_HOST": "a.org"}, False, id="without a subdomain"),
        pytest.param("a.org", {"HTTP_HOST": "a.org.evil.com"}, False, id="another one that begins so"),
        pytest.param("a?org", {"HTTP_HOST": "axorg"}, True, id="question mark"),
        pytest.param("a.org", {"HTTP_HOST": "axorg"}, False, id="a dot is a dot"),
        pytest.param("a.org", {"SERVER_NAME": "a.org"}, True, id="no Host"),
        pytest.param("a.org", {"HTTP_HOST": "", "SERVER_NAME": "a.org"}, True, id="an empty Host"),
        pytest.param("a.org", {"HTTP_HOST": "b.org", "SERVER_NAME": "a.org"}, False, id="Host comes first"),
        pytest.param("[::1]", {"HTTP_HOST": "[::1]:80"}, True, id="IPv6"),
        pytest.param("::1", {"HTTP_HOST": "[::1]"}, True, id="IPv6 without brackets in the glob"),
        pytest.param("[::1]", {"SERVER_NAME": "::1"}, True, id="IPv6 without brackets from the server"),
        pytest.param("[2001:DB8:*]", {"HTTP_HOST": "[2001:db8::7]"}, True, id="a glob of IPv6"),
        pytest.param("[ab].org", {"HTTP_HOST": "b.org"}, True, id="a class of letters"),
        pytest.param("*", {}, True, id="nothing"),
        pytest.param("a.org", {}, True, id="nothing may be any host"),
        pytest.param("a.org", {"HTTP_HOST": "a.org:80:80"}, True, id="two ports"),
        pytest.param("a.org", {"HTTP_HOST": "a.org.."}, True, id="two dots"),
        pytest.param("a.org", {"HTTP_HOST": "u@a.org"}, True, id="a user"),
        pytest.param("a.org", {"HTTP_HOST": "b.org:a.org"}, False, id="a name in the place of the port"),
    ],
)
def test_asks_for_the_host(globs: object, environ: Environ, expected: bool) -> None:
    assert is_meant({"host": globs}, environ) is expected


@pytest.mark.parametrize(
    ("when", "environ", "expected"),
    [
        pytest.param({"method": "GET"}, {"REQUEST_METHOD": "GET"}, True, id="method"),
        pytest.param({"method": "get"}, {"REQUEST_METHOD": "GET"}, True, id="method in lower case"),
        pytest.param({"method": "GET"}, {"REQUEST_METHOD": "get"}, True, id="lower case, as Flask reads it"),
        pytest.param({"method": "GET"}, {"REQUEST_METHOD": "HEAD"}, True, id="GET includes HEAD"),
        pytest.param({"method": "HEAD"}, {"REQUEST_METHOD": "GET"}, False, id="HEAD does not include GET"),
        pytest.param({"method": "POST"}, {"REQUEST_METHOD": "HEAD"}, False, id="nor does POST include HEAD"),
        pytest.param({"not": {"method": "GET"}}, {"REQUEST_METHOD": "GET"}, False, id="not GET"),
        pytest.param({"not": {"method": "GET"}}, {"REQUEST_METHOD": "HEAD"}, True, id="HEAD is not surely GET"),
        pytest.param({"not": {"method": "GET"}}, {"REQUEST_METHOD": "get"}, True, id="nor is lower case"),
        pytest.param({"method": {"GET", "HEAD"}}, {"REQUEST_METHOD": "HEAD"}, True, id="one of the methods"),
        pytest.param(
            {"not": {"method": "GET"}},
            {"REQUEST_METHOD": "GET", "HTTP_X_HTTP_METHOD_OVERRIDE": "DELETE"},
            True,
            id="GET may be DELETE for an application that reads a header",
        ),
        pytest.param(
            {"not": {"method": "GET"}}, {"REQUEST_METHOD": "GET", "HTTP_X_HTTP_METHOD": "PUT"}, True, id="or PUT"
        ),
        pytest.param(
            {"not": {"method": "GET"}},
            {"REQUEST_METHOD": "GET", "HTTP_X_METHOD_OVERRIDE": "GET"},
            False,
            id="GET twice",
        ),
        pytest.param(
            {"method": "PUT"}, {"REQUEST_METHOD": "POST", "HTTP_X_METHOD_OVERRIDE": "put"}, True, id="POST may be PUT"
        ),
        pytest.param({"method": "GET"}, {}, False, id="no method"),
        pytest.param({"scheme": "https"}, {"wsgi.url_scheme": "https"}, True, id="scheme"),
        pytest.param({"scheme": "HTTPS"}, {"wsgi.url_scheme": "http"}, False, id="other scheme"),
        pytest.param({"scheme": ["http", "https"]}, {"wsgi.url_scheme": "http"}, True, id="both schemes"),
    ],
)
def test_asks_for_method_and_scheme(when: object, environ: Environ, expected: bool) -> None:
    assert is_meant(when, environ) is expected


@pytest.mark.parametrize(
    ("names", "environ", "expected"),
    [
        pytest.param("x-debug", {"HTTP_X_DEBUG": "1"}, True, id="there"),
        pytest.param("X-DEBUG", {"HTTP_X_DEBUG": ""}, True, id="there, and empty"),
        pytest.param("X-Debug", {"HTTP_X_DEBUGGER": "1"}, False, id="not there"),
        pytest.param(["X-A", "X-B"], {"HTTP_X_B": "1"}, True, id="one of them there"),
        pytest.param(["X-A", "X-B"], {"HTTP_X_C": "1"}, False, id="none of them there"),
        pytest.param("Content-Type", {"CONTENT_TYPE": "a/b"}, True, id="Content-Type"),
        pytest.param("Content-Type", {"CONTENT_TYPE": ""}, False, id="an empty Content-Type"),
        pytest.param("Content-Length", {}, False, id="no Content-Length"),
        pytest.param({"Content-Length": "*"}, {"CONTENT_LENGTH": ""}, False, id="an empty Content-Length has no value"),
        pytest.param({"content-type": "*/json"}, {"CONTENT_TYPE": "a/json"}, True, id="Content-Type by its value"),
        pytest.param({"X-A": "1*"}, {"HTTP_X_A": "12"}, True, id="glob"),
        pytest.param({"X-A": "1*"}, {"HTTP_X_A": "21"}, False, id="another value"),
        pytest.param({"X-A": "a"}, {"HTTP_X_A": "A"}, False, id="case"),
        pytest.param({"X-A": "*"}, {}, False, id="what is not there has no value"),
        pytest.param({"X-A": ["1", "2"]}, {"HTTP_X_A": "2"}, True, id="one of the values"),
        pytest.param({"X-A": "1", "X-B": "2"}, {"HTTP_X_A": "1", "HTTP_X_B": "2"}, True, id="both headers"),
        pytest.param({"X-A": "1", "X-B": "2"}, {"HTTP_X_A": "1", "HTTP_X_B": "3"}, False, id="one of two headers"),
        pytest.param({"X-A": "gr\u00fcn"}, {"HTTP_X_A": "gr\u00c3\u00bcn"}, True, id="UTF-8"),
    ],
)
def test_asks_for_headers(names: object, environ: Environ, expected: bool) -> None:
    assert is_meant({"header": names}, environ) is expected


@pytest.mark.parametrize(
    ("names", "environ", "expected"),
    [
        pytest.param("REMOTE_USER", {"REMOTE_USER": ""}, True, id="there"),
        pytest.param("REMOTE_USER", {}, False, id="not there"),
        pytest.param(["A", "B", "C"], {"C": None}, True, id="one of them there"),
        pytest.param({"REMOTE_ADDR": "10.*"}, {"REMOTE_ADDR": "10.1.2.3"}, True, id="glob"),
        pytest.param({"REMOTE_ADDR": "10.*"}, {"REMOTE_ADDR": "110.1.2.3"}, False, id="another value"),
        pytest.param({"remote_addr": "*"}, {"REMOTE_ADDR": "10.1.2.3"}, False, id="keys have case"),
        pytest.param({"wsgi.multithread": "True"}, {"wsgi.multithread": True}, True, id="not text"),
        pytest.param({"wsgi.version": "(1, ?)"}, {"wsgi.version": (1, 0)}, True, id="a tuple"),
        pytest.param({"A": "1", "B": "2"}, {"A": "1"}, False, id="one of two"),
    ],
)
def test_asks_for_keys_of_the_environ(names: object, environ: Environ, expected: bool) -> None:
    assert is_meant({"environ": names}, environ) is expected


def _is_ann(environ: Environ) -> bool:
    return environ.get("REMOTE_USER") == "ann"


@pytest.mark.parametrize(
    ("path", "method", "user", "expected"),
    [
        pytest.param("/api/x", "GET", "ann", True, id="all"),
        pytest.param("/web", "GET", "ann", False, id="other path"),
        pytest.param("/api/x", "PUT", "ann", False, id="other method"),
        pytest.param("/api/x", "GET", "bob", False, id="the function says no"),
        pytest.param("/api/health", "GET", "ann", False, id="what is not meant"),
        pytest.param("/api/health", "HEAD", "ann", True, id="half of what is not meant"),
    ],
)
def test_asks_all_at_once(path: str, method: str, user: str, expected: bool) -> None:
    when = {
        "call": _is_ann,
        "path": "/api/*",
        "method": ["GET", "HEAD"],
        "not": {"path": "/api/health", "not": {"method": "HEAD"}},
    }
    assert is_meant(when, {"PATH_INFO": path, "REQUEST_METHOD": method, "REMOTE_USER": user}) is expected


def test_asks_what_costs_least_first() -> None:
    asked: list[str] = []
    when = {"call": lambda environ: asked.append(environ["PATH_INFO"]), "path": "/a"}
    assert not is_meant(when, {"PATH_INFO": "/b"})
    assert asked == []
    assert not is_meant(when, {"PATH_INFO": "/a"})
    assert asked == ["/a"]


@given(st.dictionaries(st.sampled_from(["PATH_INFO", "SCRIPT_NAME", "HTTP_HOST", "HTTP_X_A"]), st.text()))
def test_has_an_answer_to_any_request(environ: Environ) -> None:
    when = {"path": ["/a*", "*\u00fc"], "not": {"host": "*.org", "header": {"X-A": "*\u20ac*"}}}
    assert is_meant(when, environ) in (True, False)


def test_is_not_held_up_by_a_long_path() -> None:
    assert not is_meant({"path": "/*a*a*a*a*a*a*a*a*b"}, {"PATH_INFO": "/" + "a" * 5000})


# All forms of a request: a layer is active if any of them matches, and inactive only if all of them do

ADMIN = [
    "//admin/x",
    "/%2fadmin/x",
    "/./admin/x",
    "/x/../admin/x",
    "/admin;v=1/x",
    "/%61dmin/x",
    "/x\\..\\admin/x",
    "/ad\xffmin/x",
    "admin/x",
    "/admin/x\n",
    "/x//../admin/x",
    "/" + "y/../" * 1000 + "admin/x",
]


@pytest.mark.parametrize("path", [*ADMIN, "/admin", "/admin/", "/admin/x"])
@pytest.mark.parametrize("script", ["", "/zzz", "/admin"])
def test_a_guard_of_a_path_is_active_for_all_its_spellings(path: str, script: str) -> None:
    environ = {"PATH_INFO": path, "SCRIPT_NAME": script}
    assert is_meant({"under": "/admin"}, environ)
    assert is_meant({"under": ["/other", "/admin"]}, environ)
    assert is_meant({"path": "/admin/*"}, environ)
    assert is_meant({"not": {"not": {"under": "/admin"}}}, environ)


@pytest.mark.parametrize("path", ["/", "/administrators", "/x/admin", "/Admin", "/.admin"])
def test_a_guard_of_a_path_is_inactive_for_others(path: str) -> None:
    assert not is_meant({"under": "/admin"}, {"PATH_INFO": path})
    assert not is_meant({"not": {"not": {"path": "/admin/*"}}}, {"PATH_INFO": path})


@pytest.mark.parametrize("path", ["/public/.." + path for path in ADMIN if path[0] == "/"] + ADMIN)
@pytest.mark.parametrize("when", [{"under": "/public"}, {"path": "/public/*"}])
def test_a_public_path_opens_no_other_one(path: str, when: object) -> None:
    assert is_meant({"not": when}, {"PATH_INFO": path})
    assert is_meant({"not": when}, {"PATH_INFO": f"/public/../{path}", "SCRIPT_NAME": "/public"})


def test_a_public_path_may_be_chosen_by_no_script_name() -> None:
    public = {"not": {"under": "/public"}}
    assert not is_meant(public, {"PATH_INFO": "/public/x"})
    assert is_meant(public, {"PATH_INFO": "/admin", "SCRIPT_NAME": "/public"})
    assert is_meant(public, {"PATH_INFO": "/public/x", "SCRIPT_NAME": "/admin"})
    both = {"not": {"under": ["/public", "/shop/public"]}}
    assert not is_meant(both, {"PATH_INFO": "/public/x", "SCRIPT_NAME": "/shop"})


@pytest.mark.parametrize(
    ("path", "host", "expected"),
    [
        ("/public", "a.org", False),
        ("/public", "a.org:80", False),
        ("/public", "b.org", True),
        ("/public", "b.org@a.org", True),
        ("/public/../x", "a.org", True),
        ("/x", "b.org", True),
    ],
)
def test_several_negated_keys_must_all_hold_for_all_forms(path: str, host: str, expected: bool) -> None:
    when = {"not": {"under": "/public", "host": "a.org"}}
    assert is_meant(when, {"PATH_INFO": path, "HTTP_HOST": host}) is expected


def test_a_key_in_two_nots_holds_again_for_any_form() -> None:
    when = {"not": {"under": "/public", "not": {"path": "/public/admin*"}}}
    assert not is_meant(when, {"PATH_INFO": "/public/x"})
    assert is_meant(when, {"PATH_INFO": "/public/admin"})
    assert is_meant(when, {"PATH_INFO": "/public/x/../admin"})


@pytest.mark.parametrize("path", ["/gr\xc3\xbc\xc3\x9fe/\xff.pdf", "/gr\xc3\xbc\xc3\x9fe/a\xff"])
def test_a_glob_matches_what_any_application_makes_of_bytes_that_are_not_utf_8(path: str) -> None:
    assert is_meant({"path": "/gr\u00fc\u00dfe/?*"}, {"PATH_INFO": path})
    assert is_meant({"under": "/gr\u00fc\u00dfe"}, {"PATH_INFO": path})
    assert is_meant({"not": {"path": "/gr\u00fc\u00dfe/?*"}}, {"PATH_INFO": path})


def _make_traversal() -> App:
    with Configurator(root_factory=lambda request: {"admin": {}}) as config:
        config.add_view(lambda context, request: Response("start" if "admin" in context else "admin"), context=dict)
    app: App = config.make_wsgi_app()
    return app


@pytest.mark.parametrize("public", [{"path": "/"}, {"under": "/view"}])
def test_a_page_is_guarded_that_a_header_leads_the_traversal_of_pyramid_to(public: object) -> None:
    environ = {"HTTP_X_VHM_ROOT": "/admin"}
    assert Call(_make_traversal(), **environ).read() == b"admin"
    assert is_meant({"not": public}, {"PATH_INFO": "/", **environ})
    assert is_meant({"not": public}, {"PATH_INFO": "/view", **environ})
    assert is_meant({"under": "/admin"}, {"PATH_INFO": "/", **environ})
    assert not is_meant({"not": {"path": "/"}}, {"PATH_INFO": "/", "HTTP_X_VHM_ROOT": ""})


@pytest.mark.parametrize("header", ["HTTP_X_SCRIPT_NAME", "HTTP_X_FORWARDED_PREFIX"])
def test_a_page_is_guarded_that_remains_when_an_application_removes_a_prefix(header: str) -> None:
    environ = {"PATH_INFO": "/health/admin", header: "/health"}
    assert is_meant({"not": {"under": "/health"}}, environ)
    assert is_meant({"under": "/admin"}, environ)
    assert is_meant({"not": {"under": "/health"}}, {"PATH_INFO": "/health///admin", header: "/health/"})
    assert not is_meant({"not": {"under": "/health"}}, {"PATH_INFO": "/health/x", header: "/shop"})


@pytest.mark.parametrize("header", ["HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_SERVER"])
@pytest.mark.parametrize("value", ["admin.org", "a.org, Admin.org.:80", "admin.org, a.org"])
def test_a_site_is_guarded_that_a_header_of_a_proxy_names(header: str, value: str) -> None:
    environ = {"PATH_INFO": "/", "HTTP_HOST": "a.org", header: value}
    assert is_meant({"not": {"host": "a.org", "path": "/"}}, environ)
    assert is_meant({"host": "admin.org"}, environ)
    assert not is_meant({"not": {"host": "a.org"}}, {"HTTP_HOST": "a.org", header: "a.org"})
    assert is_meant({"not": {"host": "a.org"}}, {"HTTP_HOST": "a.org", header: "a.org," * 20})
