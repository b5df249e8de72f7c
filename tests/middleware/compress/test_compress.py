"""Compression: what is compressed, in which coding, with which headers, and that a stream stays a stream."""

from collections.abc import Iterable, Iterator
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from webtest.lint import middleware as lint

from tests.decoding import decoded, decoder
from tests.direct import Body, Call, TestApp, answering, raising, restart
from wsgistack import CatchErrors, Compress, ConfigError, Gzip
from wsgistack.types import App, Environ, StartResponse

_ALL = ("zstd", "br", "gzip")
_TEXT = ("Content-Type", "text/plain")
_STORY = b"Once upon a time there was a page. " * 40
_NOISE = bytes(number * number * 7919 >> 8 & 255 for number in range(1200))


def _asking(app: App, accept: str = "gzip", **keys: Any) -> Call:
    return Call(lint(app), HTTP_ACCEPT_ENCODING=accept, **keys)


def _length(body: bytes) -> tuple[str, str]:
    return "Content-Length", str(len(body))


@pytest.mark.parametrize("coding", _ALL)
@pytest.mark.parametrize("headers", [(_TEXT,), (_TEXT, _length(_STORY))], ids=["no length", "length"])
@pytest.mark.parametrize("body", [[_STORY], (_STORY,), Body(_STORY), Body(_STORY[:9], b"", _STORY[9:])])
def test_compresses_in_each_coding(coding: str, headers: tuple[tuple[str, str], ...], body: Iterable[bytes]) -> None:
    call = _asking(Compress(answering(body, *headers), codings=_ALL), coding)
    sent = call.read()
    assert decoded(coding, sent) == _STORY
    assert call.headers.pop("content-length", str(len(sent))) == str(len(sent))
    assert call.headers["content-encoding"] == coding
    assert call.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize("body", [[_STORY], (_STORY,)])
def test_sends_the_new_length_of_a_list(body: Iterable[bytes]) -> None:
    call = _asking(Compress(answering(body)))
    assert len(call.starts) == 1  # the server learns it before it sends
    assert call.headers["content-length"] == str(len(call.read()))


class _Sized(Body):
    def __len__(self) -> int:
        return len(self.chunks)


class _Unsized(Body):
    def __len__(self) -> int:
        raise TypeError("not known yet")


@pytest.mark.parametrize("story", [_STORY, _NOISE, b""])
def test_sends_the_length_of_any_body_of_one_chunk(story: bytes) -> None:
    body = _Sized(story)
    call = _asking(Compress(answering(body)))
    sent = call.read()
    assert call.headers["content-length"] == str(len(sent))
    assert (decoded("gzip", sent) if story == _STORY else sent) == story
    assert body.closed == 1


@pytest.mark.parametrize("body", [_Sized(_STORY, b"end"), _Unsized(_STORY, b"end")])
def test_streams_a_body_of_several_or_an_unknown_number_of_chunks(body: Body) -> None:
    call = _asking(Compress(answering(body)))
    assert decoded("gzip", call.read()) == _STORY + b"end"
    assert "content-length" not in call.headers


def test_starts_the_response_if_the_client_has_gone_before_the_first_chunk() -> None:
    body = Body(_STORY)
    call = Call(Compress(answering(body)), HTTP_ACCEPT_ENCODING="gzip")
    call.close()
    assert call.status == "200 OK"  # for the log
    assert body.closed == 1


def test_sends_the_new_length_of_a_chunk_of_the_whole_length() -> None:
    call = _asking(Compress(answering(iter([_STORY]), _TEXT, _length(_STORY))))
    sent = call.read()
    assert call.headers["content-length"] == str(len(sent)) != str(len(_STORY))


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("gzip, br, zstd", "zstd"),
        ("gzip, br, zstd;q=0.5", "br"),
        ("GZIP;q=0.1", "gzip"),
        ("*", "zstd"),
        ("*;q=0, gzip", "gzip"),
        ("gzip;q=0", None),
        ("*;q=0", None),
        ("identity;q=0", None),
        ("identity;q=1, gzip;q=0.5", None),
        ("x-gzip", "gzip"),
        ("x-gzip-really", None),
        ("deflate", None),
        ("gzip;q=banana", None),
        ("br;q=banana, gzip", "gzip"),
        ("", None),
    ],
)
def test_negotiates_the_coding(accept: str, expected: str | None) -> None:
    call = _asking(Compress(answering([_STORY]), codings=_ALL), accept)
    sent = call.read()
    assert call.headers.get("content-encoding") == expected
    assert (decoded(expected, sent) if expected else sent) == _STORY
    assert call.headers["vary"] == "Accept-Encoding"


def test_does_not_compress_for_a_client_without_accept_encoding() -> None:
    call = Call(lint(Compress(answering([_STORY]))))
    assert call.read() == _STORY
    assert call.headers == {"content-type": "text/plain", "vary": "Accept-Encoding"}


@given(accept=st.text(st.characters(max_codepoint=255)) | st.sampled_from([",gzip", ";q", "gzip;q=1e9", "gzip;;"]))
def test_answers_every_value_of_accept_encoding(accept: str) -> None:
    call = Call(Compress(answering([_STORY])), HTTP_ACCEPT_ENCODING=accept)
    sent = call.read()
    assert (decoded("gzip", sent) if "content-encoding" in call.headers else sent) == _STORY


@pytest.mark.parametrize("accept", ["gzip", "identity"])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (["Accept"], "Accept, Accept-Encoding"),
        (["Accept", "Cookie"], "Accept, Cookie, Accept-Encoding"),
        (["accept-encoding"], "accept-encoding"),
        (["Cookie, ACCEPT-ENCODING"], "Cookie, ACCEPT-ENCODING"),
        (["*"], "*"),
        ([""], "Accept-Encoding"),
    ],
)
def test_names_accept_encoding_in_vary(accept: str, before: list[str], after: str) -> None:
    call = Call(
        Compress(answering([_STORY], _TEXT, *[("Vary", value) for value in before])), HTTP_ACCEPT_ENCODING=accept
    )
    call.read()
    assert call.headers["vary"] == after


@pytest.mark.parametrize(
    ("accept", "etag", "expected"),
    [
        ("gzip", '"abc"', 'W/"abc"'),
        ("gzip", 'W/"abc"', 'W/"abc"'),
        ("identity", '"abc"', '"abc"'),
    ],
)
def test_weakens_the_strong_etag_of_a_compressed_response(accept: str, etag: str, expected: str) -> None:
    call = _asking(Compress(answering([_STORY], _TEXT, ("ETag", etag))), accept)
    call.read()
    assert call.headers["etag"] == expected


def test_removes_headers_that_describe_the_bytes() -> None:
    digests = [("Content-MD5", "x"), ("Digest", "x"), ("Content-Digest", "x"), ("Repr-Digest", "x")]
    headers = [_TEXT, _length(_STORY), ("Accept-Ranges", "bytes"), *digests, ("Set-Cookie", "a=b")]
    call = Call(Compress(answering(Body(_STORY[:5], _STORY[5:]), *headers)), HTTP_ACCEPT_ENCODING="gzip")
    call.read()
    assert sorted(call.headers) == ["content-encoding", "content-type", "set-cookie", "vary"]
    plain = Call(Compress(answering([_STORY], *headers)), HTTP_ACCEPT_ENCODING="identity")
    assert plain.starts[0][1] == [*headers, ("Vary", "Accept-Encoding")]


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        pytest.param("200 OK", [("Content-Encoding", "br")], id="compressed already"),
        pytest.param("200 OK", [("Content-Range", "bytes 0-1/2")], id="a range with 200"),
        pytest.param("200 OK", [("Cache-Control", "public, No-Transform")], id="no-transform"),
        pytest.param("200 OK", [("Cache-Control", "public"), ("Cache-Control", "no-transform")], id="its second line"),
        pytest.param("200 OK", [("Content-Type", "image/png")], id="an image"),
        pytest.param("200 OK", [("Content-Type", "")], id="no type"),
        pytest.param("200 OK", [("Content-Type", "application/zip; text/plain")], id="text as a parameter"),
        pytest.param("205 Reset Content", [], id="205"),
        pytest.param("103 Early Hints", [], id="1xx"),
    ],
)
@pytest.mark.parametrize("accept", ["gzip", "identity"])
def test_does_not_change_a_response_that_is_not_eligible(
    status: str, headers: list[tuple[str, str]], accept: str
) -> None:
    given_headers = headers if any(name == "Content-Type" for name, _ in headers) else [_TEXT, *headers]
    body = Body(_STORY)
    call = Call(Compress(answering(body, *given_headers, ("ETag", '"e"'), status=status)), HTTP_ACCEPT_ENCODING=accept)
    assert call.body is body
    assert call.starts == [(status, [*given_headers, ("ETag", '"e"')])]


def test_sends_no_body_with_204() -> None:
    call = _asking(Compress(answering([], ("ETag", '"e"'), status="204 No Content")))
    assert call.read() == b""
    assert call.headers == {"etag": '"e"'}


@pytest.mark.parametrize("accept", ["gzip", "identity"])
@pytest.mark.parametrize("headers", [[("Content-Range", "bytes 0-1399/9999")], []])
def test_adds_vary_to_a_part(headers: list[tuple[str, str]], accept: str) -> None:
    body = Body(_STORY)
    app = Compress(answering(body, _TEXT, *headers, status="206 Partial Content"))
    call = Call(app, HTTP_ACCEPT_ENCODING=accept)
    assert call.body is body
    assert call.starts == [("206 Partial Content", [_TEXT, *headers, ("Vary", "Accept-Encoding")])]


@pytest.mark.parametrize("headers", [(_TEXT,), (_TEXT, _length(_STORY))])
@pytest.mark.parametrize("body", [[], [_STORY], Body(), Body(_STORY, b"more")])
def test_keeps_the_content_length_of_a_head(headers: tuple[tuple[str, str], ...], body: Iterable[bytes]) -> None:
    app = Compress(answering(body, *headers, ("ETag", '"e"')))
    call = Call(app, HTTP_ACCEPT_ENCODING="gzip", REQUEST_METHOD="HEAD")
    assert call.body is body
    assert call.starts == [("200 OK", [*headers, ("ETag", '"e"'), ("Vary", "Accept-Encoding")])]


@pytest.mark.parametrize("accept", ["gzip", "identity"])
@pytest.mark.parametrize(
    ("if_range", "expected"),
    [
        pytest.param('"e"', "bytes=700-", id="strong tag: the client has plain bytes"),
        pytest.param('W/"e"', None, id="weak tag: the client may have compressed bytes"),
        pytest.param("Sun, 29 Nov 2026 10:00:00 GMT", None, id="date: the client may have compressed bytes"),
        pytest.param(None, "bytes=700-", id="no condition"),
    ],
)
def test_starts_over_where_a_download_may_continue_other_bytes(
    if_range: str | None, expected: str | None, accept: str
) -> None:
    seen: list[object] = []

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        seen.append(environ.get("HTTP_RANGE"))
        start_response("200 OK", [_TEXT, ("ETag", '"e"')])
        return [_STORY]

    asked = {} if if_range is None else {"HTTP_IF_RANGE": if_range}
    Call(Compress(app), HTTP_ACCEPT_ENCODING=accept, HTTP_RANGE="bytes=700-", **asked).read()
    assert seen == [expected]


def test_does_not_compress_short_lists() -> None:
    for body in ([b"ab", b"cd"], [b"ab", b""], (b"a",) * 100):
        call = Call(Compress(answering(body, _TEXT)), HTTP_ACCEPT_ENCODING="gzip")
        assert call.body is body
        assert call.headers == {"content-type": "text/plain", "vary": "Accept-Encoding"}


@pytest.mark.parametrize(
    ("known", "etag", "expected"),
    [
        pytest.param('W/"e"', '"e"', {"etag": 'W/"e"', "vary": "Accept-Encoding"}, id="the compressed one"),
        pytest.param('"x", W/"e"', '"e"', {"etag": 'W/"e"', "vary": "Accept-Encoding"}, id="in a list"),
        pytest.param('"e"', '"e"', {"etag": '"e"', "vary": "Accept-Encoding"}, id="the plain one"),
        pytest.param('W/"x"', '"e"', {"etag": '"e"', "vary": "Accept-Encoding"}, id="another one"),
    ],
)
def test_confirms_the_variant_that_the_client_has(known: str, etag: str, expected: dict[str, str]) -> None:
    app = Compress(answering([], ("ETag", etag), status="304 Not Modified"))
    call = _asking(app, HTTP_IF_NONE_MATCH=known)
    call.read()
    assert call.headers == expected


def test_removes_headers_that_describe_the_bytes_from_304() -> None:
    said = [_length(_STORY), ("Accept-Ranges", "bytes"), ("Content-MD5", "x"), ("Repr-Digest", "x")]
    app = Compress(answering([], ("ETag", '"e"'), *said, status="304 Not Modified"))
    call = Call(app, HTTP_ACCEPT_ENCODING="gzip", HTTP_IF_NONE_MATCH='W/"e"')
    call.read()
    assert call.headers == {"etag": 'W/"e"', "vary": "Accept-Encoding"}
    plain = Call(app, HTTP_ACCEPT_ENCODING="identity", HTTP_IF_NONE_MATCH='"e"')
    assert plain.starts[0][1] == [("ETag", '"e"'), *said, ("Vary", "Accept-Encoding")]


@pytest.mark.parametrize(
    ("size", "minimum", "compressed"),
    [(499, 500, False), (500, 500, True), (100, 100, True), (99, 100, False), (0, 0, False)],
)
@pytest.mark.parametrize("tells_length", [False, True])
def test_does_not_compress_short_bodies(size: int, minimum: int, compressed: bool, tells_length: bool) -> None:
    body = b"a" * size
    headers = (_TEXT, _length(body)) if tells_length else (_TEXT,)
    call = _asking(Compress(answering([body], *headers), minimum_size=minimum))
    sent = call.read()
    assert call.headers.get("content-length", str(len(sent))) == str(len(sent))
    assert ("content-encoding" in call.headers) is compressed
    assert (decoded("gzip", sent) if compressed else sent) == body


@pytest.mark.parametrize("coding", _ALL)
def test_does_not_compress_a_body_that_would_not_get_smaller(coding: str) -> None:
    call = _asking(Compress(answering([_NOISE], _TEXT, ("ETag", '"e"')), codings=_ALL), coding)
    assert call.read() == _NOISE
    assert call.headers == {"content-type": "text/plain", "etag": '"e"', "vary": "Accept-Encoding"}


@pytest.mark.parametrize(
    ("types", "media_type", "compressed"),
    [
        (None, "text/html; charset=utf-8", True),
        (None, "TEXT/HTML", True),
        (None, "application/json", True),
        (None, "application/problem+json", True),
        (None, "image/svg+xml ; a=b", True),
        (None, "application/jsonlines-not", False),
        (None, "video/mp4", False),
        (["image/*"], "image/png", True),
        (["image/*"], "text/plain", False),
        (["application/x.custom"], "application/xXcustom", False),
        (["Application/X-Custom"], "application/x-custom", True),
        (["!text/plain"], "text/plain", False),
    ],
)
def test_compresses_the_configured_types(types: list[str] | None, media_type: str, compressed: bool) -> None:
    options: dict[str, Any] = {} if types is None else {"types": types}
    call = _asking(Compress(answering([_STORY], ("Content-Type", media_type)), **options))
    call.read()
    assert ("content-encoding" in call.headers) is compressed


@pytest.mark.parametrize("coding", _ALL)
@pytest.mark.parametrize("media_type", ["text/event-stream", "application/x-ndjson"])
def test_the_client_can_decode_each_event_before_the_next_one_exists(coding: str, media_type: str) -> None:
    made: list[bytes] = []

    def events() -> Iterator[bytes]:
        for number in range(5):
            made.append(b"data: %d\n\n" % number)
            yield made[-1]
            yield b""

    call = _asking(Compress(answering(events(), ("Content-Type", media_type)), codings=_ALL), coding)
    decode = decoder(coding)
    for number in range(5):
        assert decode(call.next()) == b"data: %d\n\n" % number
        assert call.next() == b""
        assert len(made) == number + 1
    assert decode(call.next()) == b""
    with pytest.raises(StopIteration):
        call.next()
    call.close()


@pytest.mark.parametrize("coding", _ALL)
def test_equal_bodies_give_equal_bytes(coding: str) -> None:
    for body in ([_STORY], Body(_STORY[:700], _STORY[700:])):
        app = Compress(answering(body), codings=_ALL)
        assert _asking(app, coding).read() == _asking(app, coding).read()


@pytest.mark.parametrize("coding", _ALL)
@pytest.mark.parametrize("aborted_by", ["the client", "an error"])
def test_leaves_an_aborted_stream_without_an_end(coding: str, aborted_by: str) -> None:
    body = Body(_STORY, RuntimeError("boom"))
    call = Call(Compress(answering(body), codings=_ALL), HTTP_ACCEPT_ENCODING=coding)
    sent = call.next()
    if aborted_by == "an error":
        with pytest.raises(RuntimeError, match="boom"):
            call.next()
        with pytest.raises(StopIteration):
            call.next()
    call.close()
    assert decoded(coding, sent) == _STORY
    whole = _asking(Compress(answering(Body(_STORY)), codings=_ALL), coding).read()
    assert len(whole) > len(sent)
    assert body.closed == 1


@pytest.mark.parametrize("coding", _ALL)
@pytest.mark.parametrize("length", [None, "8", str(len(_STORY))])
def test_compresses_written_chunks(coding: str, length: str | None) -> None:
    def writing(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        write = start_response("200 OK", [_TEXT, ("Content-Length", length)] if length else [_TEXT])
        write(_STORY[:700])
        write(_STORY[700:])
        return []

    call = _asking(Compress(writing, codings=_ALL, minimum_size=0), coding)
    assert decoded(coding, call.read()) == _STORY[: int(length or len(_STORY))]
    assert "content-length" not in call.headers


def test_compresses_written_and_returned_chunks() -> None:
    def writing(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [_TEXT])(b"written and ")
        return [b"returned"]

    assert decoded("gzip", _asking(Compress(writing)).read()) == b"written and returned"


def test_sends_a_whole_body_that_is_written_with_its_length() -> None:
    def writing(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [_TEXT, _length(_STORY)])(_STORY)
        return []

    call = _asking(Compress(writing))
    sent = call.read()
    assert decoded("gzip", sent) == _STORY
    assert call.headers["content-length"] == str(len(sent))


@pytest.mark.parametrize("chunks", [(b"lazy " * 200,), (b"a", b"b"), (b"",), ()])
def test_waits_for_a_late_start(chunks: tuple[bytes, ...]) -> None:
    def lazy(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", [_TEXT])
        yield from chunks

    call = _asking(Compress(lazy))
    assert not call.starts
    sent = call.read()
    assert (decoded("gzip", sent) if chunks else sent) == b"".join(chunks)
    assert call.headers["vary"] == "Accept-Encoding"
    assert ("content-encoding" in call.headers) is bool(chunks)


def test_does_not_change_a_late_response_that_is_not_eligible() -> None:
    def lazy(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", [("Content-Type", "image/png")])
        yield _STORY

    call = _asking(Compress(lazy))
    assert call.read() == _STORY
    assert call.headers == {"content-type": "image/png"}


@pytest.mark.parametrize("empty", [b"", None])
def test_does_not_compress_a_restarted_response(empty: bytes | None) -> None:
    def restarting(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", [_TEXT, ("ETag", '"e"'), ("Content-Length", "700")])
        if empty is not None:
            yield empty
        restart(start_response, "500 Sorry", [_TEXT, _length(_STORY)])
        yield _STORY

    call = Call(Compress(restarting), HTTP_ACCEPT_ENCODING="gzip")
    assert call.read() == _STORY
    assert call.starts[-1] == ("500 Sorry", [_TEXT, _length(_STORY)])


@pytest.mark.parametrize("keys", [{}, {"uwsgi.version": b"2.0"}], ids=["others", "uWSGI"])
@pytest.mark.parametrize("accepted", ["gzip", "identity"])
def test_names_accept_encoding_for_a_first_start_with_exc_info(accepted: str, keys: dict[str, Any]) -> None:
    def failing(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        restart(start_response, "500 Sorry", [_TEXT, _length(_STORY)])
        return [_STORY]

    call = Call(Compress(failing), HTTP_ACCEPT_ENCODING=accepted, **keys)
    sent = call.read()
    assert (decoded("gzip", sent) if "content-encoding" in call.headers else sent) == _STORY
    assert [status for status, _ in call.starts] == ["500 Sorry"]
    assert call.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize("is_started", [False, True])
@pytest.mark.parametrize("keys", [{}, {"uwsgi.version": b"2.0"}], ids=["others", "uWSGI"])
def test_passes_exc_info_to_the_server_except_to_uwsgi(is_started: bool, keys: dict[str, Any]) -> None:
    def restarting(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if is_started:
            start_response("200 OK", [_TEXT])
        restart(start_response, "500 Sorry", [("Content-Type", "image/png")])
        return [_STORY]

    seen: list[Any] = []

    def server(*start: Any) -> Any:
        seen.append(start)
        return seen.append

    assert Compress(restarting)({"HTTP_ACCEPT_ENCODING": "gzip", **keys}, server) == [_STORY]
    [(status, headers, *exc_info)] = seen
    assert (status, headers) == ("500 Sorry", [("Content-Type", "image/png")])
    assert bool(exc_info) is not bool(keys)


def test_lets_the_server_refuse_a_second_start() -> None:
    def twice(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [_TEXT])
        start_response("201 Created", [_TEXT])
        return [_STORY]

    with pytest.raises(AssertionError, match="started twice"):
        Call(Compress(twice), HTTP_ACCEPT_ENCODING="gzip")


def test_two_layers_compress_once() -> None:
    call = _asking(Compress(Gzip(Compress(answering([_STORY]), codings=_ALL)), codings=_ALL), "gzip, br")
    sent = call.read()
    assert call.headers["content-encoding"] == "br"
    assert call.headers["vary"] == "Accept-Encoding"
    assert decoded("br", sent) == _STORY


def test_does_not_compress_an_error_answer_of_an_inner_layer() -> None:
    app = Compress(CatchErrors(raising(RuntimeError("x" * 999)), debug=True))
    response = TestApp(app).get("/", headers={"Accept-Encoding": "gzip"}, status=500)
    assert response.json["status"] == 500


def test_does_not_change_the_list_of_headers() -> None:
    headers = [_TEXT, ("ETag", '"e"'), _length(_STORY)]

    def reusing(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", headers)
        return [_STORY]

    for accept in ("gzip", "identity", "gzip"):
        Call(Compress(reusing), HTTP_ACCEPT_ENCODING=accept).read()
    assert headers == [_TEXT, ("ETag", '"e"'), _length(_STORY)]


def test_a_higher_level_makes_smaller_responses() -> None:
    body = b"".join(b"%d bottles of beer, " % (number * number) for number in range(2000))
    fast, slow = (_asking(Gzip(answering([body]), level=level)).read() for level in (1, 9))
    assert len(slow) < len(fast)
    assert len(_asking(Gzip(answering([body]))).read()) < len(body) / 2
    levelled = Compress(answering([body]), codings=("br", "gzip"), levels={"gzip": 9})
    assert _asking(levelled, "gzip").read() == slow


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"codings": ()}, r"codings: invalid value \(\); expected some of zstd, br, gzip"),
        ({"codings": ("gzip", "deflate")}, "codings: unknown coding 'deflate'; .*br, gzip, zstd"),
        ({"levels": "gzip = 9"}, "levels: is text; expected a mapping"),
        ({"levels": {"br": 5}}, "levels: 'br' is not in codings; choose from gzip"),
        ({"levels": {"gzip": 10}}, "levels: invalid level 10; expected 1 to 9 for gzip"),
        ({"levels": {"gzip": 6.0}}, "levels: invalid level 6.0; expected 1 to 9 for gzip"),
        ({"types": ()}, r"types: invalid value \(\); expected media types, such as text/\*"),
        ({"except_types": "text/csv"}, "except_types: invalid value 'text/csv'; expected a list of media types"),
        *(
            ({"flush_interval": number}, f"flush_interval: invalid value {number}; expected 0 seconds or more")
            for number in (-1, True, inf, nan)
        ),
        ({"random_padding": 512}, "random_padding: invalid value 512; expected 0 to 511 bytes"),
        ({"random_padding": 1.5}, "random_padding: invalid value 1.5; expected 0 to 511 bytes"),
        ({"minimum_size": "500"}, "minimum_size: invalid value '500'; expected 0 bytes or more"),
        ({"flush_size": -1}, "flush_size: invalid value -1; expected 0 bytes or more"),
    ],
)
def test_refuses_an_invalid_option_with_the_reason(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Compress(answering([b""]), **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"level": 0}, "^level: invalid level 0; expected 1 to 9 for gzip"), ({"types": ()}, "^types: invalid value ")],
)
def test_refuses_an_invalid_option_of_gzip(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Gzip(answering([b""]), **options)
