"""A site that fails at different points of its responses, behind layers, for servers in other processes."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from wsgistack import AccessLog, CatchErrors, Gzip, RequestId
from wsgistack.types import App, Environ, StartResponse

CHUNK = b"a line of the stream\n" * 100
LENGTH = 10_000


class Closing:
    """A whole body whose ``close()`` fails."""

    def __iter__(self) -> Iterator[bytes]:
        return iter([CHUNK])

    def close(self) -> None:
        raise RuntimeError("in close()")


def stream() -> Iterator[bytes]:
    yield CHUNK
    yield CHUNK
    raise RuntimeError("in mid-stream")


def site(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    headers = [("Content-Type", "text/plain")]
    match environ["PATH_INFO"]:
        case "/call":
            raise RuntimeError("in the call")
        case "/start":
            start_response("200 OK", [*headers, ("Content-Length", "3")])
            raise RuntimeError("after the start")
        case "/first":
            start_response("200 OK", [*headers, ("X-Old", "yes")])
            return (1 // 0 for _ in "x")  # type: ignore[misc]
        case "/length":
            start_response("200 OK", [*headers, ("Content-Length", str(LENGTH))])
            return stream()
        case "/close":
            start_response("200 OK", [*headers, ("Content-Length", str(len(CHUNK)))])
            return Closing()
    start_response("200 OK", headers)
    return stream()


application: App = RequestId(
    AccessLog(CatchErrors(Gzip(site, minimum_size=200)), format="json", file=Path("access.log"))
)
