"""The floor of cors."""

from collections.abc import Iterable

from wsgistack.types import App, Environ, ExcInfo, Headers, StartResponse, Write

__all__ = ["Cors"]

_REQUEST = "Access-Control-Request"
_MANAGED = {
    *("vary", "access-control-allow-origin", "access-control-allow-credentials", "access-control-allow-methods"),
    *("access-control-allow-headers", "access-control-allow-private-network", "access-control-expose-headers"),
    "access-control-max-age",
}
_OF_ORIGIN = ("Vary", "Origin")
_VARY = f"Origin, {_REQUEST}-Method, {_REQUEST}-Headers, {_REQUEST}-Private-Network"


class Cors:
    """Let the pages of one origin read responses, and answer preflights with the default options."""

    __slots__ = ("_allowed", "_app", "_origin", "_ours")

    def __init__(self, app: App, origin: str) -> None:
        self._app = app
        self._origin = origin
        self._ours = ("Access-Control-Allow-Origin", origin)
        self._allowed = [
            self._ours,
            ("Access-Control-Allow-Methods", "GET, HEAD, POST"),
            ("Access-Control-Allow-Headers", "Content-Type"),
            ("Access-Control-Max-Age", "600"),
            ("Vary", _VARY),
        ]

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        origin, ours = self._origin, self._ours
        given = environ.get("HTTP_ORIGIN")
        if given and environ["REQUEST_METHOD"] == "OPTIONS" and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ:
            if given == origin:
                start_response("204 No Content", self._allowed.copy())
            else:
                start_response("403 Forbidden", [("Vary", _VARY)])
            return []

        def start(status: str, headers: Headers, exc_info: ExcInfo | None = None) -> Write:
            for name, _ in headers:
                if name.lower() in _MANAGED:
                    kept = [item for item in headers if item[0].lower() not in _MANAGED]
                    if given == origin:
                        kept.append(ours)
                    varied = [item[1] for item in headers if item[0].lower() == "vary"]
                    kept.append(("Vary", ", ".join([*varied, "Origin"])))
                    break
            else:
                kept = [*headers, ours, _OF_ORIGIN] if given == origin else [*headers, _OF_ORIGIN]
            try:
                return start_response(status, kept, exc_info) if exc_info else start_response(status, kept)
            finally:
                exc_info = None

        return self._app(environ, start)
