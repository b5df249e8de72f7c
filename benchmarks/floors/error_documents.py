"""The floor of error_documents."""

from collections.abc import Iterable
from io import BytesIO

from wsgistack.types import App, Environ, ExcInfo, Headers, StartResponse, Write

__all__ = ["ErrorDocuments"]


class ErrorDocuments:
    """Send a page of the application with the status 404, if it starts an empty list with it before it returns."""

    __slots__ = ("_app", "_path")

    def __init__(self, app: App, path: str) -> None:
        self._app = app
        self._path = path

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        original = {**environ}
        held: tuple[str, Headers] | None = None
        write: Write | None = None
        is_calling = True

        def start(status: str, headers: Headers, exc_info: ExcInfo | None = None) -> Write:
            nonlocal held, write
            if is_calling and status[:3] == "404" and write is None and exc_info is None:
                held = status, headers
                return send
            try:
                write = start_response(status, headers, exc_info) if exc_info else start_response(status, headers)
            finally:
                exc_info = None
            return write

        def send(chunk: bytes) -> object:
            nonlocal held, write
            if held is not None:
                write = start_response(*held)
                held = None
            return write(chunk) if write else None

        body = self._app(environ, start)
        is_calling = False
        if held is None:
            return body
        status, headers = held
        if type(body) is not list or any(body) or environ["REQUEST_METHOD"] == "HEAD":
            start_response(status, headers)
            return body
        page: list[Headers] = []
        asked = {
            **original,
            "REQUEST_METHOD": "GET",
            "PATH_INFO": self._path,
            "QUERY_STRING": "",
            "wsgi.input": BytesIO(),
        }

        def start_page(_: str, headers: Headers, exc_info: ExcInfo | None = None) -> Write:
            page.append(headers)
            return len

        chunks = self._app(asked, start_page)
        kept = [each for each in headers if each[0].lower() not in ("content-type", "content-length")]
        start_response(status, kept + page[-1])
        return chunks
