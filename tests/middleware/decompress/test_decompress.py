"""Decompress: the application reads the decoded body, or the client gets to know why not."""

import gzip
import logging
from io import BytesIO
from typing import Any

import pytest

from tests import frameworks
from tests.direct import Call
from tests.middleware.decompress.test_decoding import ENCODE, TEXT
from wsgistack import AccessLog, BodyLimit, CatchErrors, ConfigError, Decompress
from wsgistack.types import App, Environ, StartResponse

ALL = ("zstd", "br", "gzip")
TERMINATED: dict[str, Any] = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
MODES = [False, True]


def echo(environ: Environ, start_response: StartResponse) -> list[bytes]:
    length = environ.get("CONTENT_LENGTH")
    body = environ["wsgi.input"].read(int(length)) if length else environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Coding", environ.get("HTTP_CONTENT_ENCODING", ""))])
    return [body]


def post(data: bytes, coding: str = "gzip", app: App = echo, options: Any = (), **keys: Any) -> Call:
    length = {} if "wsgi.input_terminated" in keys else {"CONTENT_LENGTH": str(len(data))}
    given: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.input": BytesIO(data),
        "HTTP_CONTENT_ENCODING": coding,
        **length,
    }
    return Call(Decompress(app, **{"codings": ALL, **dict(options)}), **{**given, **keys})


@pytest.mark.parametrize("stream", MODES)
@pytest.mark.parametrize("keys", [{}, TERMINATED], ids=["length", "chunked"])
@pytest.mark.parametrize("coding", ["gzip", "GZip", "x-gzip", " gzip", "br", "zstd", "identity, gzip", ",gzip,"])
def test_the_application_reads_the_decoded_body(coding: str, keys: dict[str, Any], stream: bool) -> None:
    name = next((name for name in ("br", "zstd") if name in coding), "gzip")
    answer = post(ENCODE[name](b"text"), coding, options={"stream": stream}, **keys)
    assert answer.read() == b"text"
    assert answer.headers["x-coding"] == ""
    assert "HTTP_CONTENT_ENCODING" not in answer.environ
    assert answer.environ["wsgi.input_terminated"] is True
    assert answer.environ.get("CONTENT_LENGTH") == (None if stream else "4")
    assert ("HTTP_TRANSFER_ENCODING" in answer.environ) == (stream and bool(keys))


@pytest.mark.parametrize("stream", MODES)
def test_several_codings(stream: bool) -> None:
    data = ENCODE["br"](ENCODE["gzip"](b"text"))
    assert post(data, "gzip, br", options={"stream": stream}).read() == b"text"
    assert post(data, "br, gzip", options={"stream": stream}).read().startswith(b'{"type"')


@pytest.mark.parametrize("stream", MODES)
def test_requests_without_anything_to_decode_are_not_touched(stream: bool) -> None:
    for data, coding, keys in (
        (b"text", "", {}),
        (b"text", "identity", {}),
        (b"text", " , ", {}),
        (b"", "gzip", {}),
        (b"", "unknown", {}),
        (b"", "gzip", {"REQUEST_METHOD": "GET", "CONTENT_LENGTH": ""}),
    ):
        given = BytesIO(data)
        sent: dict[str, Any] = {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": str(len(data)), "wsgi.input": given}
        sent |= {"SERVER_PROTOCOL": "HTTP/1.1", "HTTP_CONTENT_ENCODING": coding, **keys}
        answer = Call(Decompress(echo, stream=stream), **sent)
        assert answer.read() == data
        assert {name: answer.environ[name] for name in sent} == sent
        assert answer.environ["wsgi.input"] is given


@pytest.mark.parametrize("stream", MODES)
def test_an_empty_body_is_empty_in_any_coding(stream: bool) -> None:
    assert post(b"", "zstd", options={"stream": stream}, **TERMINATED).read() == b""


@pytest.mark.parametrize(
    "coding",
    [
        "deflate",
        "compress",
        "gzip;q=1",
        "gzip deflate",
        "gzip, deflate",
        "*",
        "gz\u00efp",
        "gzip," * 5,
        "aws-chunked",
        " " * 300 + "br",
    ],
)
@pytest.mark.parametrize("stream", MODES)
def test_other_codings_are_answered_with_those_that_are_accepted(coding: str, stream: bool) -> None:
    answer = post(gzip.compress(b"text"), coding, options={"stream": stream}, HTTP_ACCEPT="text/plain")
    assert answer.status == "415 Unsupported Media Type"
    assert answer.headers["accept-encoding"] == "zstd, br, gzip"
    assert b"supported: zstd, br, gzip." in answer.read()
    assert answer.environ["wsgi.input"].read() == b""  # so that the client reads the answer


def test_a_coding_that_is_not_listed_is_not_decoded() -> None:
    answer = post(ENCODE["br"](b"text"), "br", options={"codings": ["gzip"]})
    assert (answer.status[:3], answer.headers["accept-encoding"]) == ("415", "gzip")


BAD: dict[str, tuple[bytes, str, dict[str, Any]]] = {
    "not encoded": (b"plain text", "400 Bad Request", {}),
    "cut off": (gzip.compress(TEXT)[:-4], "400 Bad Request", {}),
    "with garbage": (gzip.compress(TEXT) + b"x", "400 Bad Request", {}),
    "too large": (gzip.compress(TEXT), "413 Request Entity Too Large", {"max_size": 1000}),
    "a bomb": (gzip.compress(b"\0" * 10**6), "413 Request Entity Too Large", {"max_ratio": 100}),
}


@pytest.mark.parametrize(("data", "status", "options"), BAD.values(), ids=BAD)
@pytest.mark.parametrize("keys", [{}, TERMINATED], ids=["length", "chunked"])
@pytest.mark.parametrize("stream", MODES)
def test_bad_bodies(data: bytes, status: str, options: Any, keys: dict[str, Any], stream: bool) -> None:
    answer = post(data, options={**options, "stream": stream}, **keys)
    assert b"request body" in answer.read()
    assert answer.status == status


@pytest.mark.parametrize("stream", MODES)
@pytest.mark.parametrize("data", [gzip.compress(TEXT), b""], ids=["after a member", "at the beginning"])
def test_a_body_that_ends_before_its_length_is_refused(data: bytes, stream: bool) -> None:
    answer = post(data, options={"stream": stream}, CONTENT_LENGTH=str(len(data) * 2 + 1))
    assert answer.status == "400 Bad Request"
    assert b"The request body is shorter than its Content-Length." in answer.read()


@pytest.mark.parametrize("length", ["-1", "5, 5", "x"])
def test_a_length_that_is_not_valid_is_refused(length: str) -> None:
    keys = {"REQUEST_METHOD": "POST", "HTTP_CONTENT_ENCODING": "gzip", "CONTENT_LENGTH": length}
    assert Call(Decompress(echo), **keys).status == "400 Bad Request"


def test_a_body_whose_end_is_unknown_is_refused() -> None:
    keys = {"REQUEST_METHOD": "POST", "HTTP_CONTENT_ENCODING": "gzip", "HTTP_TRANSFER_ENCODING": "chunked"}
    assert Call(Decompress(echo), **keys).status == "411 Length Required"


def test_a_large_body_is_kept_in_a_file_that_is_closed_at_the_end() -> None:
    text = TEXT * 10
    files = []

    def app(environ: Environ, start_response: StartResponse) -> Any:
        files.append(environ["wsgi.input"])
        start_response("200 OK", [("Content-Type", "text/plain")])
        yield environ["wsgi.input"].read()

    for size in (1048576, 1048577):
        answer = post(gzip.compress(text[:size]), app=app)
        assert answer.read() == text[:size]
        assert answer.environ["CONTENT_LENGTH"] == str(size)
    assert [(type(file).__name__, file.closed) for file in files] == [("BytesIO", False), ("BufferedRandom", True)]


def test_a_large_body_that_is_refused_leaves_no_file() -> None:
    answer = post(gzip.compress(TEXT * 10)[:-4])  # an unclosed file would be a warning, and warnings are errors
    assert answer.status == "400 Bad Request"


def test_a_large_body_whose_client_goes_away_leaves_no_file() -> None:
    class Gone(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            data = super().read(size)
            if not data:
                raise ConnectionResetError
            return data

    data = gzip.compress(TEXT * 10)
    keys: dict[str, Any] = {"REQUEST_METHOD": "POST", "HTTP_CONTENT_ENCODING": "gzip", "wsgi.input": Gone(data[:-4])}
    with pytest.raises(ConnectionResetError):
        Call(Decompress(echo), **keys, CONTENT_LENGTH=str(len(data)))


def test_the_log_shows_a_refused_body_without_a_traceback(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    for stream in MODES:
        app = AccessLog(CatchErrors(Decompress(echo, stream=stream)), format="%>s %X", output="logging")
        keys: dict[str, Any] = {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": "10", "HTTP_CONTENT_ENCODING": "gzip"}
        Call(app, **{**keys, "wsgi.input": BytesIO(b"x" * 10)}).read()
    assert [record.getMessage() for record in caplog.records] == ["400 -", "400 -"]


@pytest.mark.parametrize("stream", MODES)
def test_the_limit_of_the_body_as_it_is_sent_counts_first(stream: bool) -> None:
    app = BodyLimit(Decompress(echo, stream=stream), max_size=1000)
    data = gzip.compress(TEXT)
    for keys in ({"CONTENT_LENGTH": str(len(data))}, TERMINATED):
        given = {"REQUEST_METHOD": "POST", "HTTP_CONTENT_ENCODING": "gzip", "wsgi.input": BytesIO(data), **keys}
        answer = Call(app, **given)
        assert b"larger than 1000 bytes" in answer.read()
        assert answer.status[:3] == "413"


# Frameworks


@pytest.mark.parametrize("stream", MODES)
@pytest.mark.parametrize("name", frameworks.FRAMEWORKS)
def test_a_framework_reads_the_decoded_body(name: str, stream: bool) -> None:
    app = frameworks.FRAMEWORKS[name]()
    answer = post(gzip.compress(b"text"), app=app, options={"stream": stream}, PATH_INFO="/")
    body = answer.read()
    is_read = not stream or name in frameworks.WITHOUT_LENGTH
    assert body == (b"text" if is_read else b"empty")


@pytest.mark.parametrize("stream", MODES)
@pytest.mark.parametrize("name", ["flask", "django"])
def test_a_framework_reads_a_form(name: str, stream: bool) -> None:
    keys = {"CONTENT_TYPE": "application/x-www-form-urlencoded", "PATH_INFO": "/form"}
    app = frameworks.FRAMEWORKS[name]()
    body = post(gzip.compress(b"a=1&b=two"), app=app, options={"stream": stream}, **keys).read()
    assert (b"two" in body) == (not stream or name == "flask")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # WebOb leaves its own file open
@pytest.mark.parametrize("path", ["/", "/swallow"])
@pytest.mark.parametrize("name", frameworks.WITHOUT_LENGTH)
def test_a_framework_does_not_hide_a_bad_body(name: str, path: str) -> None:
    app = frameworks.FRAMEWORKS[name]()
    for data, status, options in BAD.values():
        answer = post(data, app=app, options={**options, "stream": True}, PATH_INFO=path)
        assert b"request body" in answer.read()
        assert answer.status == status


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"codings": ["gzp"]}, "codings: unknown coding 'gzp'; did you mean 'gzip'?"),
        ({"codings": []}, "codings: invalid value []; expected some of zstd, br, gzip"),
        ({"codings": "gzip"}, "codings: invalid value 'gzip'; expected some of zstd, br, gzip"),
        ({"max_size": -1}, "max_size: invalid value -1; expected 0 bytes or more"),
        ({"max_ratio": 0}, "max_ratio: invalid value 0; expected 1 or more"),
        ({"max_ratio": 1.5}, "max_ratio: invalid value 1.5; expected 1 or more"),
    ],
)
def test_mistakes(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        Decompress(echo, **options)
    assert str(raised.value).splitlines()[0] == message
