"""Mounting applications: who gets which request, and how its path is told, also in Flask and from ini files."""

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path

import flask
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paste.deploy import loadapp
from webtest import TestApp
from werkzeug import Response
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from tests.direct import Body, Call, answering, environ_of
from wsgistack import AccessLog, BasicAuth, CatchErrors, Compress, ConfigError, load
from wsgistack.http.paths import is_ambiguous
from wsgistack.pipeline.mount import Mount
from wsgistack.testing import Judge
from wsgistack.testing.lint import Lint
from wsgistack.types import App, Environ, StartResponse


def telling(name: str) -> App:
    """An application that tells its name, and its names of the path."""

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [f"{name} {environ.get('SCRIPT_NAME')!r} {environ.get('PATH_INFO')!r}".encode()]

    return app


def app_factory(global_conf: Mapping[str, str], name: str) -> App:
    return telling(f"{global_conf['site']} {name}")


def told(app: App, path: str, script: str = "") -> str:
    call = Call(app, path, SCRIPT_NAME=script)
    return call.read().decode() if call.status == "200 OK" else call.status


SOME = Mount({name: telling(name) for name in ("/", "/api", "/api/v2/", "/api/v2/x", "/a.b", "/gr\u00fc\u00df e")})


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("/", "/ '' '/'", id="root"),
        pytest.param("", "/ '' ''", id="no path"),
        pytest.param("*", "/ '' '*'", id="OPTIONS *"),
        pytest.param("/api", "/api '/api' ''", id="exactly the prefix"),
        pytest.param("/api/", "/api '/api' '/'", id="the prefix and a slash"),
        pytest.param("/api/x", "/api '/api' '/x'", id="longer"),
        pytest.param("/apis", "/ '' '/apis'", id="not where a segment ends"),
        pytest.param("/API", "/ '' '/API'", id="case"),
        pytest.param("/api/v2", "/api/v2/ '/api/v2' ''", id="the longer prefix, although it has a slash at its end"),
        pytest.param("/api/v2/", "/api/v2/ '/api/v2' '/'", id="the longer prefix with its slash"),
        pytest.param("/api/v2/x/y", "/api/v2/x '/api/v2/x' '/y'", id="the longest prefix"),
        pytest.param("/api/v2/xy", "/api/v2/ '/api/v2' '/xy'", id="not quite the longest prefix"),
        pytest.param("/api/v22", "/api '/api' '/v22'", id="not quite the longer prefix"),
        pytest.param("//api", "400 Bad Request", id="two slashes before it"),
        pytest.param("/x/../api", "400 Bad Request", id="dot segments that lead to it"),
        pytest.param("/api/../x", "400 Bad Request", id="dot segments that lead out of it"),
        pytest.param("/api;x", "400 Bad Request", id="parameters after it"),
        pytest.param("/%61pi", "400 Bad Request", id="encoded twice"),
        pytest.param("/a\u00ffpi", "400 Bad Request", id="a byte in it that is not UTF-8"),
        pytest.param("/x/../y", "/ '' '/x/../y'", id="two readings that mean the same application"),
        pytest.param("/api/x/../y", "/api '/api' '/x/../y'", id="two readings inside of one application"),
        pytest.param("/caf\u00e9", "/ '' '/café'", id="not UTF-8 in the same application"),
        pytest.param("/api//x", "/api '/api' '//x'", id="two slashes after it"),
        pytest.param("/api\n", "400 Bad Request", id="a newline after it"),
        pytest.param("/aXb", "/ '' '/aXb'", id="a dot is a dot"),
        pytest.param(
            "/gr\u00c3\u00bc\u00c3\u009f e/x",
            "/gr\u00fc\u00df e '/gr\u00c3\u00bc\u00c3\\x9f e' '/x'",
            id="other letters, which WSGI holds as latin-1",
        ),
    ],
)
def test_hands_on_to_the_longest_prefix(path: str, expected: str) -> None:
    assert told(SOME, path) == expected


def test_adds_to_the_script_name() -> None:
    assert told(SOME, "/api/x", "/outer") == "/api '/outer/api' '/x'"
    assert told(Mount({"/a": Mount({"/b": telling("ab")})}), "/a/b/c", "/outer") == "ab '/outer/a/b' '/c'"


def test_takes_a_request_without_the_names_of_the_path() -> None:
    body = SOME({"REQUEST_METHOD": "GET"}, lambda *_: lambda _: None)
    assert b"".join(body) == b"/ None None"


@given(st.text("/ab.\u00e4", max_size=12).map("/".__add__))
def test_chooses_as_werkzeug_does(path: str) -> None:
    apps = {name: telling(name) for name in ("/a", "/a/b", "/b.a", "/a/a/a")}
    ours = told(Mount({"/": telling("root"), **apps}), path)
    assert ours in ("400 Bad Request", told(DispatcherMiddleware(telling("root"), apps), path))
    assert ours != "400 Bad Request" or is_ambiguous(path)


@pytest.mark.parametrize("path", ["/api/x", "/other"])
def test_what_is_outside_goes_on_to_see_what_the_client_asked_for(path: str) -> None:
    environ = environ_of(path, SCRIPT_NAME="/outer")
    before = dict(environ)
    body = SOME(environ, lambda *_: lambda _: None)
    assert before.items() <= environ.items()
    b"".join(body)
    assert before.items() <= environ.items()


def test_what_is_outside_sees_what_the_application_adds(caplog: pytest.LogCaptureFixture) -> None:
    def opting_out(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        environ["wsgistack.no_compress"] = True
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"secret " * 100]

    caplog.set_level(logging.INFO)
    mount = Mount({"/admin": BasicAuth(opting_out, users={"ada": "x"})})
    app = AccessLog(Compress(mount), format="%u %U", output="logging")
    call = Call(app, "/admin/x", HTTP_ACCEPT_ENCODING="gzip", HTTP_AUTHORIZATION="Basic YWRhOng=")
    assert call.read() == b"secret " * 100
    assert caplog.messages == ["ada /admin/x"]


def test_what_is_outside_trusts_no_user_that_the_application_does_not(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    mount = Mount({"/admin": BasicAuth(telling("admin"), users={"ada": "x"})})
    Call(AccessLog(mount, format="%u %s", output="logging"), "/admin/x", REMOTE_USER="eve").read()
    assert caplog.messages == ["- 401"]


def test_an_error_is_logged_once_inside_and_outside(caplog: pytest.LogCaptureFixture) -> None:
    app = CatchErrors(Mount({"/a": CatchErrors(answering(Body(b"begun", ValueError("it"))))}))
    with pytest.raises(ValueError, match="it"):
        Call(app, "/a").read()
    assert len(caplog.records) == 1


def test_the_root_gets_the_environ_as_it_came() -> None:
    seen: list[Environ] = []

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        seen.append(environ)
        return []

    environ = environ_of("/x")
    Mount({"/": app, "/api": app})(environ, lambda *_: lambda _: None)
    assert seen[0] is environ


def test_hands_on_what_the_application_gives_as_it_is() -> None:
    body: list[bytes] = [b"a"]
    assert Call(Mount({"/a": answering(body)}), "/a").body is body


@pytest.mark.parametrize("prefix", ["", "/mounted"])
def test_keeps_the_contract(prefix: str) -> None:
    def mounting(app: App) -> App:
        mount = Mount({prefix or "/": app})
        return lambda environ, start: mount({**environ, "PATH_INFO": prefix + environ["PATH_INFO"]}, start)

    assert [verdict for verdict in Judge(mounting).judge_all() if verdict.breaches] == []


def test_answers_404_where_nothing_is_mounted() -> None:
    client = TestApp(Lint(Mount({"/api": telling("api")})))
    for path in ("/", "/apis"):
        answer = client.get(path, status=404, headers={"Accept": "application/json"})
        assert answer.json == {"type": "about:blank", "title": "Not Found", "status": 404, "instance": path}
    assert client.head("/", status=404).body == b""
    assert client.get("/api").text == "api '/api' ''"


# What can't be mounted

EXPECTED = "expected a path that begins with a slash, such as /api"


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        pytest.param("api", f"api: not a valid prefix; {EXPECTED}; did you mean '/api'?", id="no slash"),
        pytest.param("", f"not a valid prefix; {EXPECTED}; did you mean '/'?", id="nothing"),
        pytest.param("//", f"//: not a valid prefix; {EXPECTED}; did you mean '/'?", id="two slashes"),
        pytest.param("/a//b", f"/a//b: not a valid prefix; {EXPECTED}; did you mean '/a/b'?", id="two slashes in it"),
        pytest.param("/a%20b", f"/a%20b: not a valid prefix; {EXPECTED}; did you mean '/a b'?", id="percent-encoded"),
        pytest.param("/\udc80", f"/\udc80: not a valid prefix; {EXPECTED}; did you mean '/?'?", id="no Unicode"),
        pytest.param(3, f"3: is a number; {EXPECTED}", id="a number"),
    ],
)
def test_refuses_what_is_no_prefix(prefix: str, expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Mount({prefix: telling("")})
    assert str(caught.value) == expected


@pytest.mark.parametrize("prefix", ["/50%", "/a+b", "/(x)", "/\u65e5\u672c"])
def test_takes_whatever_a_path_may_hold(prefix: str) -> None:
    path = prefix.encode().decode("latin-1")
    assert told(Mount({prefix: telling("it")}), f"{path}/x") == f"it {path!r} '/x'"


def test_says_all_that_is_wrong_with_what_is_mounted() -> None:
    apps: Mapping[str, object] = {"/a": telling(""), "/b": None, "c": telling(""), "/a/": telling("")}
    with pytest.raises(ConfigError) as caught:
        Mount(apps)  # type: ignore[arg-type]
    assert str(caught.value).splitlines() == [
        "/b: is a value of type NoneType; expected a WSGI application",
        f"c: not a valid prefix; {EXPECTED}; did you mean '/c'?",
        "/a/: is the same prefix as '/a'",
    ]


@pytest.mark.parametrize(("apps", "problem"), [({}, "is empty"), (["/a"], "is a list"), (None, "missing value")])
def test_refuses_what_is_no_mapping(apps: object, problem: str) -> None:
    with pytest.raises(ConfigError, match=f"apps: {problem}; expected a mapping of prefixes to applications"):
        Mount(apps)  # type: ignore[arg-type]


def test_refuses_to_mount_nothing(tmp_path: Path) -> None:
    (tmp_path / "stack.ini").write_text("[composite:main]\nuse = egg:wsgistack#mount\n")
    said = "nothing is mounted; expected prefixes and names of applications, as / = shop"
    with pytest.raises(ConfigError, match=rf"^{tmp_path}/stack.ini:2: \[composite:main\] use: {said}$"):
        load(tmp_path / "stack.ini")


def test_shows_what_is_mounted() -> None:
    app = telling("")
    assert repr(Mount({"/b/": app, "/": app})) == f"Mount({{'/b/': {app!r}, '/': {app!r}}})"
    assert Mount({"/b/": app}).apps == {"/b/": app}


# Real applications, and real files


def test_flask_makes_urls_that_lead_to_itself() -> None:
    app = flask.Flask("shop")

    @app.get("/goods/<name>")
    def goods(name: str) -> str:
        return flask.url_for("goods", name=name) + " " + flask.request.url

    @app.get("/")
    def start() -> Response:
        return flask.redirect(flask.url_for("goods", name="tea"))

    client = TestApp(Lint(Mount({"/l\u00e4den/1": app, "/": telling("root")})))
    for path in ("/l%C3%A4den/1/", "/l%C3%A4den/1"):
        answer = client.get(path)
        while answer.status_code in (302, 308):
            answer = answer.follow()
        assert answer.text == "/l\u00e4den/1/goods/tea http://localhost/l\u00e4den/1/goods/tea"


INI = """
[DEFAULT]
site = tea

[composite:main]
paste.composite_factory = wsgistack.pipeline.mount:composite_factory
/ = start
/api = api
/api/v2/ = newer

[composite:newer]
use = call:wsgistack.pipeline.mount:composite_factory
/Nested = api

[app:start]
paste.app_factory = tests.pipeline.test_mount:app_factory
name = start

[app:api]
paste.app_factory = tests.pipeline.test_mount:app_factory
name = api
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "stack.ini"
    path.write_text(INI)
    return path


@pytest.mark.parametrize("loaded", [lambda file: loadapp(f"config:{file}"), load], ids=["PasteDeploy", "wsgistack"])
def test_is_made_by_who_reads_an_ini_file(loaded: object, file: Path) -> None:
    assert callable(loaded)
    app = loaded(file)
    assert isinstance(app, Mount)
    assert told(app, "/x") == "tea start '' '/x'"
    assert told(app, "/api/x") == "tea api '/api' '/x'"
    assert told(app, "/api/v2/Nested") == "tea api '/api/v2/Nested' ''"
    assert told(app, "/api/v2/nested") == "404 Not Found"


def test_a_wrong_prefix_in_an_ini_file_is_told_with_its_line(file: Path) -> None:
    file.write_text(INI.replace("/api =", "api ="))
    with pytest.raises(ConfigError, match=r"stack.ini:8: .* api: not a valid prefix; .* did you mean '/api'\?"):
        load(file)
