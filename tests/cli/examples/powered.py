"""A middleware that somebody writes and tests."""

from collections.abc import Iterable

from wsgistack import Middleware, editing
from wsgistack.http.headers import replace
from wsgistack.types import Environ, Headers, StartResponse


class Powered(Middleware):
    """Name what powers the site."""

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        def edit(status: str, headers: Headers) -> tuple[str, Headers]:
            return status, replace(headers, "X-Powered-By", "coffee")

        return self.app(environ, editing(start_response, edit))
