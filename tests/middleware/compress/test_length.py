"""Compression of bodies that are longer or shorter than their Content-Length, which the server can't check."""

import gzip
import io
from typing import Any
from wsgiref.util import FileWrapper

import pytest

from tests.decoding import decoded
from tests.direct import Body, Call, answering
from wsgistack import Compress

_TEXT = ("Content-Type", "text/plain")
_STORY = b"Once upon a time there was a page. " * 40


def _length(body: bytes) -> tuple[str, str]:
    return "Content-Length", str(len(body))


@pytest.mark.parametrize("rest", [(), (b" and more",), (_STORY * 20, b" and more")])
def test_sends_a_stream_only_up_to_content_length(rest: tuple[bytes, ...]) -> None:
    body = iter([_STORY[:9], _STORY[9:] + b" and", *rest])
    call = Call(Compress(answering(body, _TEXT, _length(_STORY))), HTTP_ACCEPT_ENCODING="gzip")
    assert gzip.decompress(call.read()) == _STORY
    assert next(body, None) is None


@pytest.mark.parametrize(("whole", "coding"), [(_STORY, "gzip"), (b"short", None), (bytes(range(256)), None)])
def test_sends_nothing_after_a_chunk_of_the_whole_length(whole: bytes, coding: str | None) -> None:
    app = Compress(answering(Body(whole, b" and more", b""), _TEXT, _length(whole)), minimum_size=1)
    call = Call(app, HTTP_ACCEPT_ENCODING="gzip")
    sent = call.read()
    assert call.headers["content-length"] == str(len(sent))
    assert call.headers.get("content-encoding") == coding
    assert (gzip.decompress(sent) if coding else sent) == whole


def test_sends_a_file_only_up_to_content_length() -> None:
    app = Compress(answering(FileWrapper(io.BytesIO(_STORY * 400)), _TEXT, _length(_STORY)))
    asked: dict[str, Any] = {"HTTP_ACCEPT_ENCODING": "gzip", "wsgi.file_wrapper": FileWrapper}
    call = Call(app, **asked)
    assert gzip.decompress(call.read()) == _STORY


@pytest.mark.parametrize("coding", ["zstd", "br", "gzip"])
def test_leaves_a_stream_that_is_too_short_without_an_end(coding: str) -> None:
    sent = []
    for length in (_length(_STORY), _length(_STORY + b"more")):
        app = Compress(answering(Body(_STORY[:9], _STORY[9:]), _TEXT, length), codings=(coding,))
        sent.append(Call(app, HTTP_ACCEPT_ENCODING=coding).read())
        assert decoded(coding, sent[-1]) == _STORY
    assert len(sent[0]) > len(sent[1])
    assert sent[0].startswith(sent[1])


@pytest.mark.parametrize("length", ["x", "9" * 5000])
def test_ignores_an_invalid_content_length(length: str) -> None:
    app = Compress(answering(Body(_STORY[:9], _STORY[9:]), _TEXT, ("Content-Length", length)))
    assert gzip.decompress(Call(app, HTTP_ACCEPT_ENCODING="gzip").read()) == _STORY


@pytest.mark.parametrize("told", [_STORY * 2, _STORY[:600]])
def test_does_not_compress_a_list_of_a_wrong_length(told: bytes) -> None:
    body = [_STORY]
    call = Call(Compress(answering(body, _TEXT, _length(told))), HTTP_ACCEPT_ENCODING="gzip")
    assert call.body is body
    assert call.headers == {"content-type": "text/plain", "content-length": str(len(told)), "vary": "Accept-Encoding"}
