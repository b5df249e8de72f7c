"""Responses that are not compressed: the client has them already, or the application or the client forbids it."""

from collections.abc import Iterable

import pytest

from tests.direct import Body, Call, answering
from wsgistack import Compress
from wsgistack.types import Environ, StartResponse

_TEXT = ("Content-Type", "text/plain")
_STORY = b"Once upon a time there was a page. " * 40


@pytest.mark.parametrize("known", ['W/"e"', '"x", W/"e"', 'W/"x",W/"e"'])
def test_the_application_finds_its_strong_tag(known: str) -> None:
    def comparing(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if '"e"' not in environ["HTTP_IF_NONE_MATCH"].split(", "):
            start_response("200 OK", [_TEXT, ("ETag", '"e"')])
            return [_STORY]
        start_response("304 Not Modified", [("ETag", '"e"')])
        return []

    first = Call(Compress(comparing), HTTP_ACCEPT_ENCODING="gzip", HTTP_IF_NONE_MATCH='"old"')
    assert first.headers["etag"] == 'W/"e"'
    again = Call(Compress(Compress(comparing)), HTTP_ACCEPT_ENCODING="gzip", HTTP_IF_NONE_MATCH=known)
    assert again.status == "304 Not Modified"
    assert again.headers == {"etag": 'W/"e"', "vary": "Accept-Encoding"}


def test_does_not_edit_if_none_match_without_accept_encoding() -> None:
    app = Compress(answering([], ("ETag", '"e"'), status="304 Not Modified"))
    call = Call(app, HTTP_ACCEPT_ENCODING="br", HTTP_IF_NONE_MATCH='W/"e"')
    assert call.environ["HTTP_IF_NONE_MATCH"] == 'W/"e"'
    assert call.headers == {"etag": '"e"', "vary": "Accept-Encoding"}


@pytest.mark.parametrize("accept", ["gzip", "identity"])
@pytest.mark.parametrize(("said", "compressed"), [(True, False), ("yes", False), (False, True), (None, True)])
def test_the_application_can_forbid_compression_of_a_response(said: object, compressed: bool, accept: str) -> None:
    body = [_STORY]

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        environ["wsgistack.no_compress"] = said
        start_response("200 OK", [_TEXT])
        return body

    call = Call(Compress(app), HTTP_ACCEPT_ENCODING=accept)
    assert ("vary" in call.headers) is compressed
    assert (call.body is body) is not (compressed and accept == "gzip")


@pytest.mark.parametrize("accept", ["identity;q=0", "*;q=0", "br, identity;q=0", "gzip, identity;q=0"])
def test_does_not_compress_a_response_that_no_coding_fits(accept: str) -> None:
    body = Body(b"pixels")
    call = Call(Compress(answering(body, ("Content-Type", "image/png"))), HTTP_ACCEPT_ENCODING=accept)
    assert call.body is body
    assert call.status == "200 OK"
