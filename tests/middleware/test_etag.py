"""Etag: which responses get a tag, and which are answered with 304 or 412 instead."""

import gzip
from collections.abc import Iterable, Iterator
from contextlib import closing
from hashlib import sha256
from io import BytesIO
from itertools import product
from pathlib import Path
from typing import Any
from wsgiref.util import FileWrapper

import flask
import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import Client

from tests.direct import Body, Call, answering, restart
from wsgistack import CatchErrors, Compress, ConfigError, Etag, Pipeline, Static
from wsgistack.types import App, Environ, StartResponse

TEXT = ("Content-Type", "text/plain")
DATE, LATER = "Sat, 29 Oct 1994 19:43:31 GMT", "Sat, 29 Oct 1994 19:43:32 GMT"
STORY = b"Once upon a time there was a page. " * 40


def tag_of(body: bytes, fields: bytes = b"content-type: text/plain\n") -> str:
    return f'"{sha256(fields + body).hexdigest()[:32]}"'


def get(app: App, **keys: str) -> tuple[str, dict[str, str], bytes]:
    call = Call(Etag(app), **keys)
    body = call.read()
    return call.status, call.headers, body


# Which responses get a tag


class Sized(Body):
    """A body with a length, like that of a framework."""

    def __len__(self) -> int:
        return len(self.chunks)


class SizedFile(FileWrapper):
    """A file of a server that knows the number of its blocks."""

    def __len__(self) -> int:
        return 1


@pytest.mark.parametrize(
    ("make", "headers"),
    [
        pytest.param(lambda: [b"whole"], (), id="list"),
        pytest.param(lambda: [b"wh", b"", b"ole"], (), id="list of chunks"),
        pytest.param(lambda: (b"who", b"le"), (), id="tuple"),
        pytest.param(lambda: [b"whole"], (("CONTENT-LENGTH", "5"),), id="list and its length"),
        pytest.param(lambda: Sized(b"whole"), (), id="one chunk"),
        pytest.param(lambda: Body(b"whole"), (("Content-Length", "5"),), id="one chunk as long as the body"),
        pytest.param(lambda: [b"whole"], (("Cache-Control", "no-cache, private"),), id="no-cache"),
        pytest.param(lambda: [b"whole"], (("Cache-Control", 'private="no-store"'),), id="no-store in a text"),
        pytest.param(lambda: [b"whole"], (("Set-Cookie", "a=b"),), id="a cookie"),
        pytest.param(lambda: [b"whole"], (("Last-Modified", DATE),), id="a date"),
    ],
)
def test_a_complete_body_gets_the_tag_of_its_bytes(make: Any, headers: Any) -> None:
    for method in ("GET", "HEAD"):
        status, sent, body = get(answering(make(), TEXT, *headers), REQUEST_METHOD=method)
        assert (status, sent["etag"], body) == ("200 OK", tag_of(b"whole"), b"whole")


@pytest.mark.parametrize(
    "other", [("content-type", "text/html"), ("Content-Encoding", "br"), ("Content-Language", "fr")]
)
def test_the_same_bytes_in_another_meaning_have_another_tag(other: tuple[str, str]) -> None:
    known = get(answering([b"whole"], ("Content-Type", "text/plain"), ("Content-Language", "en")))[1]["etag"]
    status, sent, body = get(answering([b"whole"], other), HTTP_IF_NONE_MATCH=known)
    assert (status, body) == ("200 OK", b"whole")
    assert sent["etag"] == tag_of(b"whole", f"{other[0].lower()}: {other[1]}\n".encode())


def test_a_complete_chunk_of_an_application_that_starts_late_gets_its_tag() -> None:
    def late(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", [TEXT, ("Content-Length", "5")])
        yield b"whole"

    status, sent, body = get(late)
    assert (status, sent["etag"], body) == ("200 OK", tag_of(b"whole"), b"whole")
    assert get(late, HTTP_IF_NONE_MATCH=sent["etag"]) == ("304 Not Modified", {"etag": sent["etag"]}, b"")


@pytest.mark.parametrize(
    ("make", "headers", "status"),
    [
        pytest.param(lambda: [b"whole"], (("ETag", '"mine"'),), "200 OK", id="a tag"),
        pytest.param(lambda: [b"whole"], (("etag", 'W/"mine"'),), "200 OK", id="a weak tag"),
        pytest.param(lambda: [b"whole"], (("Cache-Control", "private, No-Store"),), "200 OK", id="no-store"),
        pytest.param(
            lambda: [b"whole"], (("Cache-Control", "private"), ("cache-control", "no-store")), "200 OK", id="twice"
        ),
        pytest.param(lambda: [b"whole"], (("Content-Range", "bytes 0-4/9"),), "206 Partial Content", id="206"),
        pytest.param(lambda: [b"whole"], (("Content-Range", "bytes 0-4/9"),), "200 OK", id="Content-Range"),
        pytest.param(lambda: [b"whole"], (("Content-Length", "9"),), "200 OK", id="a wrong length"),
        pytest.param(lambda: [b"whole"], (("Content-Length", "five"),), "200 OK", id="not a length"),
        pytest.param(list, (), "200 OK", id="empty"),
        pytest.param(lambda: [b"", b""], (), "200 OK", id="empty chunks"),
        pytest.param(lambda: [b"x" * 1001], (), "200 OK", id="too large"),
        pytest.param(lambda: [b"x"] * 1001, (), "200 OK", id="too large together"),
        pytest.param(lambda: Body(b"x" * 1001), (("Content-Length", "1001"),), "200 OK", id="known to be too large"),
        pytest.param(lambda: Body(b"wh", b"ole"), (("Content-Length", "5"),), "200 OK", id="a stream of known length"),
        pytest.param(lambda: Sized(b"wh", b"ole"), (), "200 OK", id="several chunks that take time"),
        pytest.param(lambda: Body(b"whole"), (), "200 OK", id="a stream"),
        *(
            pytest.param(lambda: [b"whole"], (), status, id=status)
            for status in ("201 Created", "203 Non-Authoritative Information", "301 Moved", "404 Not Found", "500 Oh")
        ),
    ],
)
def test_other_bodies_stay_as_they_are(make: Any, headers: Any, status: str) -> None:
    body = make()
    call = Call(Etag(answering(body, TEXT, *headers, status=status), max_size=1000))
    whole = call.read()
    assert call.starts == [(status, [TEXT, *headers])]
    assert whole == b"".join(make())


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "get", ""])
def test_other_methods_pass(method: str) -> None:
    """The application has acted when its response is seen (umap-project/umap#320)."""
    app = answering([b"whole"], TEXT, ("ETag", '"new"'))
    status, headers, body = get(app, REQUEST_METHOD=method, HTTP_IF_MATCH='"old"', HTTP_IF_NONE_MATCH="*")
    assert (status, headers["etag"], body) == ("200 OK", '"new"', b"whole")
    assert "etag" not in get(answering([b"whole"], TEXT), REQUEST_METHOD=method)[1]


def test_a_stream_is_not_collected() -> None:
    """Rack's layer collected server-sent events (rack#1619, rails#38842, gofiber/fiber#4487)."""
    made: list[int] = []

    def events() -> Iterator[bytes]:
        for number in range(3):
            made.append(number)
            yield b"data: %d\n\n" % number

    def late(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", [("Content-Type", "text/event-stream")])
        yield from events()

    for app in (answering(events(), ("Content-Type", "text/event-stream")), late):
        made.clear()
        call = Call(Etag(app), HTTP_IF_NONE_MATCH='"a"')
        assert (call.next(), made) == (b"data: 0\n\n", [0])
        assert call.headers == {"content-type": "text/event-stream"}
        assert (call.next(), made) == (b"data: 1\n\n", [0, 1])


def test_lists_and_files_stay_untouched() -> None:
    def file(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [TEXT, ("Content-Length", "5")])
        return FileWrapper(BytesIO(b"whole"))

    keys: dict[str, Any] = {"wsgi.file_wrapper": FileWrapper}
    call = Call(Etag(file), **keys)
    assert type(call.body) is FileWrapper
    assert "etag" not in call.headers
    one_block = SizedFile(BytesIO(b"whole"))
    assert Call(Etag(answering(one_block, TEXT)), **keys).body is one_block
    for body in ([b"whole"], (b"wh", b"ole")):
        assert Call(Etag(answering(body))).body is body
    assert len(Call(Etag(answering(Sized(b"whole")))).body) == 1  # type: ignore[arg-type]


@given(st.lists(st.binary(max_size=20), min_size=1))
def test_the_tag_does_not_depend_on_chunks(chunks: list[bytes]) -> None:
    body = b"".join(chunks)
    assert Call(Etag(answering(chunks))).headers.get("etag") == (tag_of(body) if body else None)


def test_does_not_change_the_list_of_the_application() -> None:
    headers = [TEXT]

    def app(environ: Environ, start_response: StartResponse) -> list[bytes]:
        start_response("200 OK", headers)
        return [b"whole"]

    for known in ({}, {"HTTP_IF_NONE_MATCH": tag_of(b"whole")}):
        Call(Etag(app), **known).read()
        assert headers == [TEXT]


# Answers to conditions. tests/http/test_preconditions.py has all of them.


def writing(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    write = start_response("200 OK", [TEXT, ("ETag", '"1"'), ("Last-Modified", DATE)])
    write(b"wri")
    write(b"tten")
    return Body(b" by hand")


def starting_late(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
    start_response("200 OK", [TEXT, ("ETag", '"1"'), ("Last-Modified", DATE)])
    yield b"who"
    raise AssertionError("the rest of the body was read")


VALIDATED = (TEXT, ("ETag", '"1"'), ("Last-Modified", DATE))
APPS = {
    "a list": answering([b"whole"], *VALIDATED),
    "a tuple": answering((b"wh", b"ole"), *VALIDATED),
    "an empty list": answering([], *VALIDATED),
    "a stream": answering(Body(AssertionError("the body was read")), *VALIDATED),
    "one chunk": answering(Sized(b"whole"), *VALIDATED),
    "a stream of known length": answering(Body(b"whole"), *VALIDATED, ("Content-Length", "5")),
    "a part": answering([b"whole"], *VALIDATED, ("Content-Range", "bytes 0-4/9"), status="206 Partial Content"),
    "write()": writing,
    "a late start": starting_late,
}
FRESH = [{"HTTP_IF_NONE_MATCH": '"0", W/"1"'}, {"HTTP_IF_NONE_MATCH": "*"}, {"HTTP_IF_MODIFIED_SINCE": LATER}]
FAILED = [{"HTTP_IF_MATCH": 'W/"1", "2"'}, {"HTTP_IF_UNMODIFIED_SINCE": "Sat, 29 Oct 1994 19:43:30 GMT"}]


@pytest.mark.parametrize("name", APPS)
def test_answers_304_for_the_validators_of_the_application(name: str) -> None:
    for conditions, method in product(FRESH, ("GET", "HEAD")):
        call = Call(Etag(APPS[name]), REQUEST_METHOD=method, **conditions)
        assert call.read() == b""
        assert call.starts == [("304 Not Modified", [("ETag", '"1"'), ("Last-Modified", DATE)])]


@pytest.mark.parametrize("name", APPS)
def test_answers_412_for_the_validators_of_the_application(name: str) -> None:
    for conditions in FAILED:
        call = Call(Etag(APPS[name]), **conditions)
        body = call.read()
        assert call.status == "412 Precondition Failed"
        assert call.headers["content-length"] == str(len(body))
        assert b'"status": 412, "detail": "The resource has changed' in body
        assert Call(Etag(APPS[name]), REQUEST_METHOD="HEAD", **conditions).read() == b""


def test_the_body_is_closed_once_and_the_rest_of_a_stream_is_not_read() -> None:
    for body in (Body(AssertionError("read")), Sized(b"a")):
        call = Call(Etag(answering(body, *VALIDATED)), HTTP_IF_NONE_MATCH="*")
        assert call.read() == b""
        call.close()
        assert body.closed == 1


def test_answers_304_for_a_late_start_without_chunks() -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", list(VALIDATED))
        yield from ()

    assert get(app, HTTP_IF_NONE_MATCH="*")[::2] == ("304 Not Modified", b"")
    status, _, body = get(app, HTTP_IF_MATCH='"2"')
    assert (status, b'"status": 412' in body) == ("412 Precondition Failed", True)
    assert get(app) == ("200 OK", {name.lower(): value for name, value in VALIDATED}, b"")


def test_answers_304_for_its_own_tag() -> None:
    for make in (lambda: [b"whole"], lambda: (b"wh", b"ole"), lambda: Sized(b"whole")):
        app = answering(make(), TEXT, ("Content-Length", "5"))
        known = tag_of(b"whole")
        assert get(app, HTTP_IF_NONE_MATCH=f'"x", W/{known}') == ("304 Not Modified", {"etag": known}, b"")
        assert get(app, HTTP_IF_NONE_MATCH='"x"', HTTP_IF_MODIFIED_SINCE=LATER)[0] == "200 OK"
        assert get(app, HTTP_IF_MATCH=known)[0] == "200 OK"
        assert get(app, HTTP_IF_MATCH=f"W/{known}")[0] == "412 Precondition Failed"


def test_head_without_the_body_of_get_is_not_refused() -> None:
    app = answering([b""], TEXT, ("Content-Length", "5"))
    for keys in ({"HTTP_IF_MATCH": tag_of(b"whole")}, {"HTTP_IF_NONE_MATCH": tag_of(b"")}):
        assert get(app, REQUEST_METHOD="HEAD", **keys) == (
            "200 OK",
            {"content-type": "text/plain", "content-length": "5"},
            b"",
        )


def test_a_304_keeps_the_headers_that_are_not_about_a_body() -> None:
    kept = [
        ("ETag", '"1"'),
        ("Cache-Control", "max-age=60"),
        ("Content-Location", "/page.en"),
        ("Date", DATE),
        ("Expires", LATER),
        ("Vary", "Accept"),
        ("Set-Cookie", "a=b"),
        ("Set-Cookie", "c=d"),
        ("Content-Security-Policy", "default-src 'self'"),
        ("X-Request-ID", "1"),
        ("Access-Control-Allow-Origin", "*"),
    ]
    dropped = [
        ("Content-Type", "text/html"),
        ("CONTENT-LENGTH", "5"),
        ("Content-Encoding", "br"),
        ("Content-Language", "en"),
        ("Repr-Digest", "sha-256=:x:"),
    ]
    call = Call(Etag(answering([b"whole"], *dropped, *kept)), HTTP_IF_NONE_MATCH='"1"')
    assert call.starts == [("304 Not Modified", kept)]


@pytest.mark.parametrize(
    "status", ["201 Created", "204 No Content", "301 Moved Permanently", "404 Not Found", "500 Oh"]
)
def test_only_a_success_is_replaced(status: str) -> None:
    """django#2555, django#4952, and RFC 9110 §13.2.1."""
    app = answering([], ("ETag", '"1"'), status=status)
    assert get(app, HTTP_IF_NONE_MATCH='"1"')[0] == status
    assert get(app, HTTP_IF_MATCH='"2"')[0] == status


def test_an_error_after_a_304_is_answered() -> None:
    def failing(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", list(VALIDATED))
        restart(start_response, "500 Internal Server Error", [TEXT])
        return [b"sorry"]

    def raising(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", list(VALIDATED))
        raise ValueError("no page")

    call = Call(Etag(failing), HTTP_IF_NONE_MATCH="*")
    assert (call.status, call.read()) == ("500 Internal Server Error", b"sorry")
    assert Call(CatchErrors(Etag(raising)), HTTP_IF_NONE_MATCH="*").status == "500 Internal Server Error"


def test_a_restart_is_not_tagged() -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [TEXT])
        restart(start_response, "200 OK", list(VALIDATED))
        return [b"whole"]

    assert get(app, HTTP_IF_NONE_MATCH="*")[::2] == ("200 OK", b"whole")


def test_a_server_that_calls_no_method() -> None:
    assert Etag(answering([b"whole"]))({}, lambda *_: lambda _: None) == [b"whole"]


# With compress


def test_inside_compress_the_weak_tag_is_known_again() -> None:
    for app in (answering([STORY], TEXT), answering([STORY], TEXT, ("ETag", tag_of(STORY)))):
        both = Compress(Etag(app))
        first = Call(both, HTTP_ACCEPT_ENCODING="gzip")
        tag = first.headers["etag"]
        assert (tag, first.headers["content-encoding"]) == (f"W/{tag_of(STORY)}", "gzip")
        assert gzip.decompress(first.read()) == STORY
        for known in (tag, f'"x", {tag}', f'{tag},"x"'):
            again = Call(both, HTTP_ACCEPT_ENCODING="gzip", HTTP_IF_NONE_MATCH=known)
            assert again.read() == b""
            assert (again.status, again.headers) == ("304 Not Modified", {"etag": tag, "vary": "Accept-Encoding"})
        plain = Call(both)
        assert plain.headers["etag"] == tag_of(STORY)
        for accept in ("gzip", "identity"):
            again = Call(both, HTTP_ACCEPT_ENCODING=accept, HTTP_IF_NONE_MATCH=tag_of(STORY))
            assert (again.status, again.headers) == (
                "304 Not Modified",
                {"etag": tag_of(STORY), "vary": "Accept-Encoding"},
            )
        changed = Call(both, HTTP_ACCEPT_ENCODING="gzip", HTTP_IF_NONE_MATCH='W/"x"')
        assert (changed.status, gzip.decompress(changed.read())) == ("200 OK", STORY)
        assert Call(both, HTTP_ACCEPT_ENCODING="gzip", HTTP_IF_MATCH=tag).status == "412 Precondition Failed"


@pytest.mark.parametrize("other", ["compress", "gzip"])
def test_check_reports_etag_outside_compress(other: str) -> None:
    (found,) = Pipeline(["etag", other]).misplaced()
    assert found.problem == (
        f"etag is outside {other}: its tags would be those of compressed bytes, which differ by coding and padding"
    )
    assert not Pipeline([other, "etag"]).misplaced()


# Frameworks


def test_flask() -> None:
    app = flask.Flask(__name__)
    app.add_url_rule("/page", view_func=lambda: "a page", endpoint="page")
    app.add_url_rule("/stream", view_func=lambda: flask.Response(iter(["a", "b"])), endpoint="stream")
    app.add_url_rule("/file", view_func=lambda: flask.send_file(__file__), endpoint="file")
    app.wsgi_app = Etag(app.wsgi_app)  # type: ignore[assignment,method-assign]
    client = Client(app)
    page = client.get("/page")
    assert page.headers["ETag"] == tag_of(b"a page", b"content-type: text/html; charset=utf-8\n")
    again = client.get("/page", headers={"If-None-Match": page.headers["ETag"]})
    assert (again.status_code, again.data, again.headers.get("Content-Length")) == (304, b"", None)
    assert client.get("/stream", headers={"If-None-Match": "*"}).status_code == 304
    stream = client.get("/stream")
    assert ("ETag" in stream.headers, stream.data) == (False, b"ab")
    with client.get("/file") as file:
        validators = {"If-None-Match": file.headers["ETag"], "If-Modified-Since": file.headers["Last-Modified"]}
    for name, value in validators.items():
        with client.get("/file", headers={name: value}) as answer:
            assert answer.status_code == 304
    with client.get("/file", headers={"If-Match": '"x"'}) as answer:
        assert answer.status_code == 412


def test_static_files_are_compared_with_lists(tmp_path: Path) -> None:
    """WhiteNoise compares If-None-Match with its tag byte by byte."""
    (tmp_path / "a.txt").write_text("file")
    files = Static(answering([], status="404 Not Found"), root=tmp_path)
    with closing(Call(files, "/a.txt")) as file:
        tag = file.headers["etag"]
    for known in (f'"x", {tag}', f"W/{tag}", "*"):
        alone, call = (Call(app, "/a.txt", HTTP_IF_NONE_MATCH=known) for app in (files, Etag(files)))
        assert (alone.read(), alone.status) == (b"file", "200 OK")
        assert (call.read(), call.status) == (b"", "304 Not Modified")


@pytest.mark.parametrize("size", [-1, 1.5, True, "1MiB"])
def test_refuses_what_is_not_a_size(size: Any) -> None:
    with pytest.raises(ConfigError) as raised:
        Etag(answering([]), max_size=size)
    assert str(raised.value) == f"max_size: invalid value {size!r}; expected 0 bytes or more"
