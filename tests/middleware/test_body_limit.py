"""BodyLimit: no body larger than the limit reaches the application, and the client gets to know it."""

import inspect
import json
import logging
import re
import textwrap
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from tests import frameworks
from tests.direct import Call
from tests.http.test_bodies import INVALID_LENGTHS
from tests.waiting import MAX_WAIT
from wsgistack import AccessLog, BodyLimit, CatchErrors, ConfigError, load
from wsgistack.http import bodies
from wsgistack.types import App, Environ, StartResponse

LIMIT = 10
CHUNKED: dict[str, Any] = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
DETAIL = "The request body is larger than 10 bytes, which is the limit."


def echo(environ: Environ, start_response: StartResponse) -> list[bytes]:
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [body]


def post(app: App = echo, body: Any = b"", **keys: Any) -> Call:
    """One request. The body is bytes, or an input."""
    given = BytesIO(body) if isinstance(body, bytes) else body
    keys = {"REQUEST_METHOD": "POST", "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.input": given, **keys}
    return Call(BodyLimit(app, max_size=LIMIT), **keys)


@pytest.mark.parametrize("length", ["0", "9", "10", "0000000010"])
def test_a_request_with_an_accepted_length_is_not_touched(length: str) -> None:
    seen: list[Any] = []

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        seen.extend((environ["wsgi.input"], start_response))
        return echo(environ, start_response)

    given = BytesIO(b"0123456789")
    answer = post(app, given, CONTENT_LENGTH=length)
    assert seen == [given, answer._start_response]


class Counted(BytesIO):
    """An input that knows how much follows, as that of cheroot does."""

    remaining = 20


def test_a_body_that_is_longer_than_its_length_is_refused_if_the_server_knows_it() -> None:
    assert post(body=Counted(bytes(20)), CONTENT_LENGTH="5").status == "413 Request Entity Too Large"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_request_without_a_body_is_not_touched(method: str) -> None:
    given = BytesIO()
    answer = post(body=given, REQUEST_METHOD=method)
    assert answer.environ["wsgi.input"] is given
    assert answer.status == "200 OK"


@pytest.mark.parametrize("length", ["11", "10000000000", "9223372036854775807"])
def test_a_length_beyond_the_limit_is_refused_before_anything_is_read(
    length: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "MAX_DISCARD_TIME", MAX_WAIT)
    given = BytesIO(b"x" * 20)
    answer = post(body=given, CONTENT_LENGTH=length, HTTP_ACCEPT="application/json")
    assert answer.status == "413 Request Entity Too Large"
    assert given.tell() == 0
    assert json.loads(answer.read())["detail"] == DETAIL
    assert given.tell() == min(int(length), 20)  # so that the client reads the answer


@pytest.mark.parametrize("media_type", ["text/html", "text/plain", "application/problem+json"])
def test_the_answer_names_the_limit_in_the_media_type_of_the_client(media_type: str) -> None:
    for keys in ({"CONTENT_LENGTH": "11"}, CHUNKED):
        answer = post(body=b"x" * 11, HTTP_ACCEPT=media_type, **keys)
        assert answer.headers["content-type"].startswith(media_type)
        assert DETAIL.encode() in answer.read()


@pytest.mark.parametrize("length", INVALID_LENGTHS)
@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_length_that_is_not_valid_is_refused(length: str, method: str) -> None:
    assert post(CONTENT_LENGTH=length, REQUEST_METHOD=method).status == "400 Bad Request"
    assert post(CONTENT_LENGTH=length, REQUEST_METHOD=method, **CHUNKED).status == "400 Bad Request"


WITHOUT_LENGTH: dict[str, dict[str, Any]] = {
    "chunked": CHUNKED,
    "chunked GET": {**CHUNKED, "REQUEST_METHOD": "GET"},
    "chunked, with a length": {**CHUNKED, "CONTENT_LENGTH": "5"},
    "an empty header": {**CHUNKED, "HTTP_TRANSFER_ENCODING": "", "CONTENT_LENGTH": "5"},
    "HTTP/2": {"SERVER_PROTOCOL": "HTTP/2", "REQUEST_METHOD": "GET", "wsgi.input_terminated": True},
    "a server that hides the header": {"wsgi.input_terminated": True},
    "a server that does not end the input": {"HTTP_TRANSFER_ENCODING": "chunked"},
}


@pytest.mark.parametrize("keys", WITHOUT_LENGTH.values(), ids=WITHOUT_LENGTH)
def test_a_body_without_a_length_is_counted(keys: dict[str, Any]) -> None:
    assert post(body=b"x" * 10, **keys).read() == b"x" * 10
    answer = post(body=b"x" * 11, **keys)
    answer.read()
    assert answer.status == "413 Request Entity Too Large"


def test_an_unread_body_without_a_length_does_not_matter() -> None:
    def app(environ: Environ, start_response: StartResponse) -> list[bytes]:
        start_response("204 No Content", [])
        return []

    answer = post(app, b"x" * 100, **CHUNKED)
    assert answer.status == "204 No Content"


def test_two_limits() -> None:
    both = BodyLimit(BodyLimit(echo, max_size=5), max_size=LIMIT)
    for size, code in ((5, "200"), (6, "413"), (11, "413")):
        keys = {"REQUEST_METHOD": "POST", "wsgi.input": BytesIO(b"x" * size), **CHUNKED}
        answer = Call(both, **keys)
        body = answer.read()
        assert answer.status[:3] == code
        assert (b"larger than 5 bytes" in body) == (code == "413")


def test_one_path_with_a_larger_limit_as_in_the_docs(tmp_path: Path) -> None:
    doc = inspect.cleandoc(BodyLimit.__doc__ or "")
    sections = re.findall(r"^ {4}\[filter:.*\n(?: {4}.*\n)+", doc[doc.index("[filter:uploads]") - 4 :], re.MULTILINE)
    stack = "[pipeline:main]\npipeline = uploads body_limit echo\n"
    stack += "[app:echo]\nuse = call:tests.middleware.test_body_limit:make\n"
    (tmp_path / "stack.ini").write_text(stack + textwrap.dedent("".join(sections)))
    app = load(tmp_path / "stack.ini")
    for path, length, code in (
        ("/uploads/a", 10**9, "200"),
        ("/uploads/a", 2**31, "413"),
        ("/", 10**7, "200"),
        ("/", 10**9, "413"),
        ("/uploads/../a", 10**9, "413"),
    ):
        keys = {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": str(length), "HTTP_EXPECT": "100-continue"}
        assert Call(app, path, **keys).status[:3] == code, (path, length)


def make(global_config: object, **settings: str) -> App:
    return echo


def test_the_log_shows_a_refused_request_as_complete_and_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    app = AccessLog(CatchErrors(BodyLimit(echo, max_size=LIMIT)), format="%>s %X", output="logging")
    for keys in ({"CONTENT_LENGTH": "1000"}, CHUNKED):
        Call(app, **{"REQUEST_METHOD": "POST", "wsgi.input": BytesIO(b"x" * 100), **keys}).read()
    assert [record.getMessage() for record in caplog.records] == ["413 -", "413 -"]


# Frameworks


@pytest.mark.parametrize("path", ["/", "/swallow", "/form"])
@pytest.mark.parametrize("name", frameworks.WITHOUT_LENGTH)
def test_a_framework_that_reads_too_much_does_not_hide_it(name: str, path: str) -> None:
    keys = {**CHUNKED, "CONTENT_TYPE": "application/x-www-form-urlencoded", "PATH_INFO": path}
    answer = post(frameworks.FRAMEWORKS[name](), b"a=" + b"x" * 100, **keys)
    assert DETAIL.encode() in answer.read()
    assert answer.status == "413 Request Entity Too Large"


@pytest.mark.parametrize("name", frameworks.FRAMEWORKS)
def test_a_framework_reads_what_is_allowed(name: str) -> None:
    assert post(frameworks.FRAMEWORKS[name](), b"abc", CONTENT_LENGTH="3", PATH_INFO="/").read() == b"abc"
    if name in frameworks.WITHOUT_LENGTH:
        assert post(frameworks.FRAMEWORKS[name](), b"abc", PATH_INFO="/", **CHUNKED).read() == b"abc"


@pytest.mark.parametrize("size", [-1, 1.5, True, "10"])
def test_mistakes(size: Any) -> None:
    with pytest.raises(ConfigError) as raised:
        BodyLimit(echo, max_size=size)
    assert str(raised.value) == f"max_size: invalid value {size!r}; expected 0 bytes or more"
