"""A header that a layer sets."""

from collections.abc import Callable, Iterable

import pytest

from tests.direct import Call, answering, restart
from wsgistack.exchange import refuse_write
from wsgistack.exchange.setting import setting
from wsgistack.types import App, Environ, ExcInfo, Headers, StartResponse

FIELD = ("X-Id", "mine")
set_id = setting("X-Id")


def layer(app: App, set_header: Callable[[StartResponse, str], StartResponse] = set_id) -> App:
    return lambda environ, start_response: app(environ, set_header(start_response, "mine"))


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ([("A", "b")], [("A", "b"), FIELD]),
        ([("x-ID", "1"), ("A", "b"), ("X-Id", "2")], [("A", "b"), FIELD]),
        ([("Same", "length")], [("Same", "length"), FIELD]),
    ],
)
def test_sends_it_once_as_the_last_one(sent: Headers, expected: Headers) -> None:
    before = [*sent]
    assert Call(layer(answering([b""], *sent))).starts == [("200 OK", expected)]
    assert sent == before, "the application may use its list again"


def test_keeps_a_header_of_the_application_if_asked() -> None:
    set_own = setting("X-Id", keeps_own=True)
    for sent, expected in (([("x-ID", "1")], [("x-ID", "1")]), ([("A", "b")], [("A", "b"), FIELD])):
        assert Call(layer(answering([b""], *sent), set_own)).starts == [("200 OK", expected)]


def test_sends_it_with_a_restart() -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        restart(start_response, "500 Sorry", [("A", "b")])(b"written")
        return []

    call = Call(layer(app))
    assert call.starts == [("200 OK", [FIELD]), ("500 Sorry", [("A", "b"), FIELD])]
    assert call.sent == [b"written"]


@pytest.mark.parametrize("with_error", [False, True])
def test_a_server_without_write_has_one_that_says_so(with_error: bool) -> None:
    def start(status: str, headers: Headers, exc_info: ExcInfo | None = None) -> None:
        assert headers == [FIELD]

    begin = set_id(start, "mine")  # type: ignore[arg-type]
    assert (restart(begin, "200 OK", []) if with_error else begin("200 OK", [])) is refuse_write
