"""Pages in place of errors without a body: by an application or from a file, with the status of the error."""

import io
import logging
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from wsgiref.util import FileWrapper

import flask
import pytest

from tests.direct import Body, Call, answering, environ_of, raising, restart
from wsgistack import CatchErrors, ConfigError, ErrorDocuments, Mount, Pipeline, Responses, Static, load
from wsgistack.http.notices import Notice
from wsgistack.testing.server import Server
from wsgistack.types import App, Environ, ExcInfo, Headers, StartResponse, Write

EMPTY = answering([], ("Content-Type", "text/html"), ("Content-Length", "0"), ("Allow", "GET"), status="404 Not Found")
PAGE = answering([b"<h1>", b"Sorry</h1>"], ("Content-Type", "text/html; charset=utf-8"), ("Content-Length", "14"))
PATHS = {"404": "/errors/missing"}


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test logs by itself."""
    notice = Notice(logging.getLogger("wsgistack.error_documents"))
    monkeypatch.setattr("wsgistack.middleware.error_documents._notice", notice)


def ask(app: App = EMPTY, page: App = PAGE, path: str = "/x", **keys: Any) -> Call:
    return Call(ErrorDocuments(app, paths=PATHS, application=page), path, **keys)


def lazily(*chunks: bytes | BaseException, status: str = "404 Not Found") -> App:
    def app(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response(status, [("Content-Type", "text/plain")])
        for chunk in chunks:
            if isinstance(chunk, BaseException):
                raise chunk
            yield chunk

    return app


def writing(*chunks: bytes, status: str = "404 Not Found") -> App:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        write = start_response(status, [("Content-Type", "text/plain")])
        for chunk in chunks:
            write(chunk)
        return []

    return app


@pytest.mark.parametrize(
    "app",
    [
        pytest.param(EMPTY, id="an empty list"),
        pytest.param(answering((b"", b""), status="404 Not Found"), id="a tuple of empty chunks"),
        pytest.param(answering(Body(b"", b""), status="404 Not Found"), id="an iterable of empty chunks"),
        pytest.param(lazily(), id="late and empty"),
        pytest.param(lazily(b"", b""), id="late and empty chunks"),
    ],
)
@pytest.mark.parametrize("page", [PAGE, lazily(b"<h1>", b"Sorry</h1>", status="200 OK"), writing(b"<h1>Sorry</h1>")])
def test_sends_the_page_with_the_status_of_the_error(app: App, page: App) -> None:
    call = ask(app, page)
    assert call.read() == b"<h1>Sorry</h1>"
    assert call.status == "404 Not Found"
    assert len(call.starts) == 1


def test_merges_the_headers() -> None:
    given = [
        ("Allow", "GET"),
        ("Cache-Control", "no-store"),
        ("Set-Cookie", "a=1"),
        ("Vary", "Cookie"),
        ("ETag", '"0"'),
    ]
    theirs = [("Content-Type", "text/html"), ("Cache-Control", "max-age=9"), ("Set-Cookie", "b=2"), ("Vary", "Accept")]
    theirs += [("ETag", '"1"'), ("Last-Modified", "x"), ("Allow", "PUT"), ("Content-Language", "en")]
    app = answering([], *given, ("Content-Type", "text/plain"), ("Content-Length", "0"), status="404 Not Found")
    call = ask(app, answering([b"page"], *theirs))
    assert call.read() == b"page"
    assert call.starts[0][1] == [
        *[("Allow", "GET"), ("Cache-Control", "no-store"), ("Set-Cookie", "a=1"), ("Vary", "Cookie")],
        *[("Content-Type", "text/html"), ("Set-Cookie", "b=2"), ("Vary", "Accept"), ("Content-Language", "en")],
    ]


@pytest.mark.parametrize(
    "app",
    [
        pytest.param(answering([b"own"], status="404 Not Found"), id="a list"),
        pytest.param(answering(Body(b"", b"ow", b"n"), status="404 Not Found"), id="an iterable"),
        pytest.param(lazily(b"", b"own"), id="late"),
        pytest.param(writing(b"own"), id="written"),
        pytest.param(answering([b"own"], status="410 Gone"), id="another status"),
        pytest.param(lazily(b"own", status="200 OK"), id="late success"),
    ],
)
def test_leaves_answers_with_a_body(app: App) -> None:
    call = ask(app, raising(AssertionError("asked")))
    assert call.read() == b"own"
    assert len(call.starts) == 1


@pytest.mark.parametrize(
    "status", ["200 OK", "204 No Content", "304 Not Modified", "301 Moved Permanently", "410 Gone"]
)
def test_leaves_empty_answers_with_another_status(status: str) -> None:
    body = Body()
    call = ask(answering(body, status=status), raising(AssertionError("asked")))
    assert call.body is body
    assert call.read() == b""
    assert (call.status, body.closed) == (status, 1)


def test_returns_a_file_untouched() -> None:
    file = FileWrapper(io.BytesIO(b"page"))
    keys: dict[str, Any] = {"wsgi.file_wrapper": FileWrapper}
    call = ask(answering(file, status="404 Not Found"), **keys)
    assert call.body is file


@pytest.mark.parametrize(
    ("length", "is_replaced"), [("0", True), ("9", False), (None, False)], ids=["empty", "a body", "unknown"]
)
def test_answers_head_only_where_get_has_no_body(length: str | None, is_replaced: bool) -> None:
    headers = [("Content-Type", "text/plain"), *([("Content-Length", length)] if length else [])]
    seen: list[str] = []

    def page(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        seen.append(environ["REQUEST_METHOD"])
        start_response("200 OK", [("Content-Type", "text/html"), ("Content-Length", "14")])
        return []

    call = ask(answering([], *headers, status="404 Not Found"), page, REQUEST_METHOD="HEAD")
    assert call.read() == b""
    assert (seen, call.headers["content-type"]) == ((["HEAD"], "text/html") if is_replaced else ([], "text/plain"))
    assert call.headers.get("content-length") == ("14" if is_replaced else length)


def test_the_page_gets_a_request_of_its_own() -> None:
    seen: list[Environ] = []

    def page(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        seen.append(environ)
        assert environ["wsgi.input"].read() == b""
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"page"]

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        environ.update({"SCRIPT_NAME": "/shop/a", "PATH_INFO": "/b", "framework.state": object()})
        environ["wsgi.input"].read(3)
        return EMPTY(environ, start_response)

    layer = ErrorDocuments(app, paths={"404": "/caf%C3%A9?kind=404"}, application=page)
    sent = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "/shop",
        "QUERY_STRING": "q=1",
        "CONTENT_LENGTH": "3",
        "CONTENT_TYPE": "text/plain",
        "HTTP_IF_NONE_MATCH": "*",
        "HTTP_RANGE": "bytes=0-1",
        "HTTP_X_HTTP_METHOD_OVERRIDE": "DELETE",
        "HTTP_COOKIE": "a=1",
        "REQUEST_URI": "/shop/a/b?q=1",
        "wsgi.input": io.BytesIO(b"abc"),
        "wsgi.file_wrapper": list,
    }
    call = Call(layer, "/a/b", **sent)
    assert call.read() == b"page"
    [environ] = seen
    gone = {"CONTENT_LENGTH", "CONTENT_TYPE", "HTTP_IF_NONE_MATCH", "HTTP_RANGE", "HTTP_X_HTTP_METHOD_OVERRIDE"}
    gone |= {"REQUEST_URI"}
    assert not {*gone, "framework.state"} & set(environ)
    expected = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "/shop",
        "PATH_INFO": "/cafÃ©",
        "QUERY_STRING": "kind=404",
        "HTTP_COOKIE": "a=1",
        "REDIRECT_STATUS": "404",
        "REDIRECT_URL": "/shop/a/b",
        "REDIRECT_QUERY_STRING": "q=1",
        "REDIRECT_REQUEST_METHOD": "POST",
    }
    assert expected.items() <= environ.items()
    assert b"".join(environ["wsgi.file_wrapper"](io.BytesIO(b"page"))) == b"page"
    assert call.environ["REQUEST_METHOD"] == "POST"
    assert environ is not call.environ


@pytest.mark.parametrize("is_late", [False, True])
def test_closes_both_bodies_once_and_the_first_one_before_the_page(is_late: bool) -> None:
    body = Body(b"") if is_late else Body()
    pages: list[Body] = []

    def page(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        assert body.closed == 1
        start_response("200 OK", [("Content-Type", "text/plain")])
        pages.append(Body(b"one", b"two"))
        return pages[0]

    call = ask(answering(body, status="404 Not Found"), page)
    assert call.next() == b"one"
    assert (body.closed, pages[0].closed) == (1, 0)
    call.close()
    call.close()
    assert (body.closed, pages[0].closed) == (1, 1)


def test_a_server_that_never_reads_gets_the_start_of_the_error() -> None:
    body = Body(b"")
    call = ask(answering(body, ("X-Own", "1"), status="404 Not Found"))
    call.close()
    assert (call.status, call.headers, body.closed) == ("404 Not Found", {"x-own": "1"}, 1)


def starting_again(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    restart(start_response, "500 Internal Server Error", [("Content-Type", "text/plain")])
    return [b"broken"]


FAILING: dict[str, App] = {
    "raises": raising(ValueError("no page")),
    "raises before its first byte": lazily(b"", ValueError("no page"), status="200 OK"),
    "never starts": lambda environ, start_response: [b"page"],
    "is empty": answering([]),
    "is missing": answering([b"none"], status="410 Gone"),
    "redirects": answering([b"there"], ("Location", "/x"), status="302 Found"),
    "asks for a password": answering([b"who?"], status="401 Unauthorized"),
    "starts again": starting_again,
    "closes with an error": answering(Body(failure=ValueError("not closed"))),
}


@pytest.mark.parametrize("name", FAILING)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_sends_the_empty_answer_if_the_page_fails(name: str, method: str, caplog: pytest.LogCaptureFixture) -> None:
    call = ask(EMPTY, FAILING[name], REQUEST_METHOD=method)
    assert call.read() == b""
    assert call.starts == [EMPTY_START]
    [record] = caplog.records
    assert record.getMessage().startswith("the error document /errors/missing for 404 ")
    assert (record.name, record.levelname) == ("wsgistack.error_documents", "WARNING")
    assert bool(record.exc_info) == (name in ("raises", "raises before its first byte", "never starts"))


EMPTY_START = ("404 Not Found", [("Content-Type", "text/html"), ("Content-Length", "0"), ("Allow", "GET")])


def test_a_page_with_the_status_of_the_error_is_one() -> None:
    assert ask(page=answering([b"page"], status="404 Not Found")).read() == b"page"


@pytest.mark.parametrize("layer", ["error_documents", "responses"])
def test_logs_no_secrets_of_a_page_that_fails(layer: str, caplog: pytest.LogCaptureFixture) -> None:
    def fail(*_: object) -> Any:
        raise ValueError("no database at postgresql://shop:tr0ub4dor@db/")

    if layer == "error_documents":
        ask(page=fail).read()
    else:
        Call(Responses(CatchErrors(fail), members=fail), HTTP_ACCEPT="application/json").read()
    caplog.handler.setFormatter(logging.Formatter("%(name)s: %(message)s"))
    said = "".join(map(caplog.handler.format, caplog.records))
    assert f"wsgistack.{layer}: " in said
    assert "ValueError: no database at postgresql://[redacted]@db/" in said
    assert "tr0ub4dor" not in said


def test_answers_although_the_log_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("no log today")

    monkeypatch.setattr(logging.getLogger("wsgistack.error_documents"), "handle", fail)
    call = ask(page=raising(ValueError("no page")))
    assert (call.read(), call.status) == (b"", "404 Not Found")


def test_an_error_after_the_first_byte_of_the_page_cuts_the_connection() -> None:
    page = lazily(b"half", ValueError("gone"), status="200 OK")
    call = ask(page=page)
    with pytest.raises(ValueError, match="gone"):
        call.read()
    assert call.sent == [b"half"]


def test_a_page_that_starts_again_after_its_first_byte_gets_the_error() -> None:
    def page(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        yield b"half"
        restart(start_response, "500 Internal Server Error", [("Content-Type", "text/plain")])
        yield b"never"

    call = ask(page=page)
    with pytest.raises(RuntimeError, match="the reason of a restart"):
        call.read()
    assert call.sent == [b"half"]


def test_an_error_in_the_close_of_the_first_answer_is_an_error() -> None:
    body = Body(failure=ValueError("not closed"))
    call = Call(CatchErrors(ErrorDocuments(answering(body, status="404 Not Found"), paths=PATHS, application=PAGE)))
    assert b"Internal Server Error" in call.read()
    assert (call.status, body.closed) == ("500 Internal Server Error", 1)


def test_a_restart_of_the_application_is_its_answer() -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("404 Not Found", [("Content-Type", "text/plain")])
        restart(start_response, "500 Internal Server Error", [("Content-Type", "text/plain")])
        return [b"broken"]

    call = ask(app)
    assert (call.read(), call.status) == (b"broken", "500 Internal Server Error")


def starting(*starts: str, chunks: Sequence[bytes] = (), writes: Sequence[bytes] = (), late: bool = False) -> App:
    """An application whose second and further starts, or the first one for an error, have ``exc_info``."""

    def start(start_response: StartResponse) -> None:
        for status in starts:
            headers = [("Content-Type", "text/plain"), ("Allow", status)]
            if status >= "5":
                restart(start_response, status, headers)
            else:
                write = start_response(status, headers)
                for chunk in writes:
                    write(chunk)

    def generate(start_response: StartResponse) -> Iterator[bytes]:
        start(start_response)
        yield from chunks

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if late:
            return generate(start_response)
        start(start_response)
        return [*chunks]

    return app


BROKEN = "500 Internal Server Error"


@pytest.mark.parametrize(
    "app",
    [
        pytest.param(starting(BROKEN), id="first"),
        pytest.param(starting("200 OK", BROKEN), id="after a success"),
        pytest.param(starting("404 Not Found", BROKEN), id="after another error"),
        pytest.param(starting("200 OK", "503 Busy", BROKEN), id="twice"),
        pytest.param(starting(BROKEN, chunks=[b"", b""]), id="empty chunks"),
        pytest.param(starting(BROKEN, late=True), id="late"),
        pytest.param(starting("404 Not Found", BROKEN, late=True), id="late after another error"),
    ],
)
@pytest.mark.parametrize("is_uwsgi", [False, True])
def test_a_restart_with_an_empty_body_gets_a_page(app: App, is_uwsgi: bool) -> None:
    errors: list[object] = []

    def watch(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: Headers, exc_info: ExcInfo | None = None) -> Write:
            if exc_info:
                errors.append(exc_info[1])
            return start_response(status, headers, exc_info) if exc_info else start_response(status, headers)

        layer = ErrorDocuments(app, paths={"404": "/no", "5xx": "/broken"}, application=PAGE)
        return layer(environ, start)

    keys: dict[str, Any] = {"uwsgi.version": b"2.0"} if is_uwsgi else {}
    call = Call(watch, **keys)
    assert (call.read(), call.status) == (b"<h1>Sorry</h1>", BROKEN)
    assert (call.headers["content-type"], call.headers["allow"]) == ("text/html; charset=utf-8", BROKEN)
    if not is_uwsgi:  # which fails at any exc_info
        assert [*map(str, errors)] == ["the reason of a restart"]  # layers outside learn of it


@pytest.mark.parametrize(
    "app",
    [
        pytest.param(starting("200 OK", BROKEN, chunks=[b"broken"]), id="after a success"),
        pytest.param(starting("404 Not Found", BROKEN, chunks=[b"broken"], late=True), id="late"),
    ],
)
def test_a_restart_with_a_body_stays_as_it_is(app: App) -> None:
    call = Call(ErrorDocuments(app, paths={"5xx": "/broken", "404": "/no"}, application=PAGE))
    assert (call.read(), call.status) == (b"broken", BROKEN)


def test_a_second_start_without_exc_info_is_refused_by_the_server() -> None:
    with pytest.raises(AssertionError, match="started twice"):
        Call(ErrorDocuments(starting(BROKEN, "200 OK"), paths={"5xx": "/broken"}, application=PAGE))


def test_a_restart_after_a_written_chunk_is_refused_by_the_server() -> None:
    layer = ErrorDocuments(starting("200 OK", BROKEN, writes=[b"half"]), paths={"5xx": "/broken"}, application=PAGE)
    with pytest.raises(RuntimeError, match="the reason of a restart"):
        Call(layer)


def test_a_missing_page_of_the_application_itself_ends() -> None:
    calls: list[str] = []

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        calls.append(environ["PATH_INFO"])
        return EMPTY(environ, start_response)

    layer = ErrorDocuments(ErrorDocuments(app, paths=PATHS), paths=PATHS)
    call = Call(layer, "/x")
    assert (call.read(), call.status) == (b"", "404 Not Found")
    assert calls == ["/x", "/errors/missing", "/errors/missing"]


# Files


def test_drops_a_body_that_an_application_sends_for_head() -> None:
    page = Body(b"<h1>", b"Sorry</h1>")
    call = ask(EMPTY, answering(page, ("Content-Type", "text/html"), ("Content-Length", "14")), REQUEST_METHOD="HEAD")
    assert call.read() == b""
    assert (call.status, call.headers["content-length"], page.closed) == ("404 Not Found", "14", 1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "5xx.html").write_text("<h1>Größe</h1>", "utf-8")
    (tmp_path / "404.svg").write_text("<svg/>")
    (tmp_path / "404.png").write_bytes(b"\x89PNG")
    return tmp_path


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_sends_a_file(folder: Path, method: str) -> None:
    app = answering([], ("Retry-After", "9"), ("Content-Length", "0"), status="503 Service Unavailable")
    call = Call(ErrorDocuments(app, files={"5xx": folder / "5xx.html"}), REQUEST_METHOD=method)
    page = "<h1>Größe</h1>".encode()
    assert call.read() == (b"" if method == "HEAD" else page)
    assert call.headers == {
        "retry-after": "9",
        "content-type": "text/html; charset=utf-8",
        "content-length": str(len(page)),
    }


def test_a_status_takes_precedence_over_its_class(folder: Path) -> None:
    layer = ErrorDocuments(
        lambda environ, start_response: answering([], status=environ["PATH_INFO"][1:])(environ, start_response),
        files={"5XX": folder / "5xx.html", "404": folder / "404.png"},
        paths={"4xx": "/", "503": "/"},
        application=PAGE,
    )
    found = {status: Call(layer, f"/{status}").read()[:4] for status in ("404 A", "410 B", "499 C", "500 D", "503 E")}
    assert found == {
        "404 A": b"\x89PNG",
        "410 B": b"<h1>",
        "499 C": b"<h1>",
        "500 D": b"<h1>",
        "503 E": b"<h1>",
    }
    assert b"Sorry" in Call(layer, "/503 E").read()
    assert b"Gr" in Call(layer, "/500 D").read()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param({}, "nothing is configured; expected paths or files", id="nothing"),
        pytest.param({"paths": {"200": "/x"}}, "paths: invalid value '200'; expected the status of an error", id="200"),
        pytest.param({"paths": {"404": "x"}}, "paths: invalid value 'x'; expected a path such as", id="no path"),
        pytest.param({"paths": {"404": "/x#y"}}, "paths: invalid value '/x#y'", id="a fragment"),
        pytest.param({"paths": {"404": 4}}, "paths: is a number; expected a path", id="a number"),
        pytest.param(
            {"paths": {"404": "/x"}, "files": {"404": "x"}}, "files: 404 has a document already; remove one", id="twice"
        ),
        pytest.param({"files": {"404": "no.html"}}, "files: can't read no.html: No such file", id="missing"),
        pytest.param(
            {"files": {"404": "page.unknown"}}, "page.unknown says no media type; expected a file", id="extension"
        ),
        pytest.param({"files": {"404": "page.html.gz"}}, "page.html.gz says no media type", id="compressed"),
        pytest.param({"files": {"404": "latin.html"}}, "expected a text in UTF-8", id="latin"),
        pytest.param({"files": {"404": "empty.html"}}, "files: empty.html is empty; expected a page", id="empty"),
        pytest.param(
            {"paths": {"404": "/x"}, "application": 3},
            "application: is a value of type int; expected",
            id="no application",
        ),
        pytest.param({"paths": "404 = /x"}, "paths: is text; expected a mapping", id="text"),
        pytest.param({"files": ["404.html"]}, "files: is a list; expected a mapping", id="a list"),
    ],
)
def test_refuses_what_can_not_work(
    options: dict[str, Any], expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "latin.html").write_bytes(b"\xff")
    (tmp_path / "empty.html").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as raised:
        ErrorDocuments(EMPTY, **options)
    assert expected in str(raised.value)


def test_reads_its_options_from_ini_and_toml(tmp_path: Path) -> None:
    (tmp_path / "404.html").write_text("missing")
    (tmp_path / "stack.ini").write_text(
        "[app:demo]\nuse = wsgiref.simple_server:demo_app\n"
        "[filter:pages]\nuse = egg:wsgistack#error_documents\npaths =\n    5xx = /broken\nfiles =\n    404 = 404.html\n"
        "[pipeline:main]\npipeline = pages demo\n"
    )
    (tmp_path / "stack.toml").write_text(
        'app = "wsgiref.simple_server:demo_app"\n[[layers]]\nuse = "error_documents"\n'
        'paths = { 5xx = "/broken" }\nfiles = { 404 = "404.html" }\n'
    )
    for name in ("stack.ini", "stack.toml"):
        layer: Any = load(tmp_path / name)
        assert layer.paths == {"5xx": "/broken"}
        assert Call(ErrorDocuments(EMPTY, paths=layer.paths, files=layer.files)).read() == b"missing"


# Real applications


def make_shop() -> App:
    shop = flask.Flask("shop")

    @shop.route("/errors/<int:code>")
    def show(code: int) -> str:
        environ = flask.request.environ
        return f"{code} for {environ['REDIRECT_URL']}, {environ['REDIRECT_REQUEST_METHOD']}"

    @shop.route("/gone", methods=["GET", "POST"])
    def gone() -> flask.Response:
        response = flask.Response(status=410)
        response.set_cookie("seen", "1")
        return response

    return shop.wsgi_app


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_flask_makes_the_page_of_its_own_error(method: str) -> None:
    layer = ErrorDocuments(make_shop(), paths={"410": "/errors/410"})
    record = Server().run(layer, environ_of("/gone", REQUEST_METHOD=method))
    assert record.status == "410 GONE"
    assert record.body == (b"" if method == "HEAD" else f"410 for /gone, {method}".encode())
    assert [name for name, _ in record.headers].count("Set-Cookie") == 1


def test_static_files_get_a_page_for_a_method_they_do_not_have(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text")
    layer = ErrorDocuments(Static(PAGE, root=tmp_path), paths={"405": "/page"})
    call = Call(layer, "/a.txt", REQUEST_METHOD="DELETE")
    assert call.read() == b"<h1>Sorry</h1>"
    assert (call.status, call.headers["allow"]) == ("405 Method Not Allowed", "GET, HEAD")


def test_a_mounted_application_keeps_its_place() -> None:
    site = Mount({"/shop": ErrorDocuments(make_shop(), paths={"410": "/errors/410"}), "/": EMPTY})
    assert Call(site, "/shop/gone").read() == b"410 for /shop/gone, GET"


def test_says_where_it_belongs() -> None:
    layer = {"use": "error_documents", "paths": PATHS}
    assert Pipeline(["access_log", "catch_errors", layer]).misplaced() == []
    assert len(Pipeline([layer, "access_log", "catch_errors"]).misplaced()) == 2
