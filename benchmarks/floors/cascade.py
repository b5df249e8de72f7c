"""The floor of cascade."""

from collections.abc import Iterable

from wsgistack.types import App, Environ, ExcInfo, Headers, StartResponse, Write

__all__ = ["Cascade"]


class Cascade:
    """Ask the fallback if the application answers 404 or 405 before it returns."""

    __slots__ = ("_app", "_fallback")

    def __init__(self, app: App, fallback: App) -> None:
        self._app = app
        self._fallback = fallback

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        original = {**environ}
        is_refused = is_accepted = False
        is_calling = True

        def start(status: str, headers: Headers, exc_info: ExcInfo | None = None) -> Write:
            nonlocal is_refused, is_accepted
            is_refused = is_calling and not is_accepted and status[:3] in ("404", "405")
            if is_refused:
                return _drop
            is_accepted = True
            try:
                return start_response(status, headers, exc_info) if exc_info else start_response(status, headers)
            finally:
                exc_info = None

        body = self._app(environ, start)
        is_calling = False
        if not is_refused:
            return body
        close = getattr(body, "close", None)
        if close is not None:
            close()
        environ.clear()
        environ.update(original)
        return self._fallback(environ, start_response)


def _drop(chunk: bytes) -> object:
    return None
