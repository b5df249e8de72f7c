"""The floor of responses."""

import json
from collections.abc import Iterable

from wsgistack.http.responses import JSON, Problem
from wsgistack.types import App, Environ, StartResponse

__all__ = ["Responses"]


class Responses:
    """Let error answers in JSON have one more member."""

    __slots__ = ("_app",)

    def __init__(self, app: App) -> None:
        self._app = app

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        environ["wsgistack.responses"] = _render
        return self._app(environ, start_response)


def _render(environ: Environ, problem: Problem, media_type: str) -> str | None:
    return json.dumps(problem.members() | {"shop": 1}) + "\n" if media_type == JSON else None
