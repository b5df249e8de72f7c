"""The server in memory, and its applications."""

from collections.abc import Iterable

import pytest

from benchmarks.traffic import TEXT, ask, make_case, make_stream, make_whole, start_stream
from wsgistack.types import Environ, StartResponse

pytestmark = pytest.mark.slow


class Closing(list[bytes]):
    closed = 0

    def close(self) -> None:
        self.closed += 1


def test_reads_the_whole_body_and_closes_it() -> None:
    bodies: list[Closing] = []

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [("X-Path", environ["PATH_INFO"])])(b"written, ")
        bodies.append(Closing([b"a", b"b"]))
        return bodies[-1]

    taken: list[bytes] = []
    make_case(app)()
    make_case(app, {"PATH_INFO": "/x"}, taken.append)()
    answer = ask(app, {"PATH_INFO": "/x"})
    assert [body.closed for body in bodies] == [1, 1, 1]
    assert taken == [b"a", b"b"]
    assert (answer.status, answer.headers, answer.body) == ("200 OK", [("X-Path", "/x")], b"written, ab")


def test_every_request_has_its_own_environ_and_headers() -> None:
    kept: list[Environ] = []

    def spoils(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        assert "spoilt" not in environ
        environ["spoilt"] = True
        kept.append(environ)
        return make_whole(TEXT)(environ, start_response)

    case = make_case(spoils)
    case()
    case()
    assert kept[0] is not kept[1]
    app = make_whole(TEXT)
    ask(app).headers.clear()
    assert ask(app).headers == [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(TEXT)))]


def test_streams_stay_open_after_the_first_chunk() -> None:
    _, chunks = start_stream(make_stream([b"a", b"b"]), {})
    assert [*chunks] == [b"b"]
