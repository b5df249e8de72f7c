"""The floor of forwarded."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_address, ip_network

from wsgistack.types import App, Environ, StartResponse

__all__ = ["Forwarded"]

_NAMES = (
    *("FORWARDED", "X_FORWARDED_HOST", "X_FORWARDED_PORT", "X_FORWARDED_PREFIX", "X_FORWARDED_BY"),
    *("X_FORWARDED_PROTOCOL", "X_FORWARDED_SCHEME", "X_FORWARDED_SERVER", "X_FORWARDED_SSL"),
)
_UNREAD = tuple(f"HTTP_{name}" for name in _NAMES)
_UNTRUSTED = (*_UNREAD, "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_REAL_IP", "HTTP_CLIENT_IP")


class Forwarded:
    """Take the client's address and scheme from X-Forwarded-For and -Proto of trusted peers, read from the right."""

    __slots__ = ("_app", "_read")

    def __init__(self, app: App, trusted: str) -> None:
        network = ip_network(trusted)

        @lru_cache(maxsize=1024)
        def read(node: str) -> tuple[str, str, bool]:
            address, _, port = node.partition(":") if node.count(":") == 1 else (node, "", "")
            try:
                found = ip_address(address)
            except ValueError:
                return "0.0.0.0", "", False  # noqa: S104
            return str(found), port, found in network

        self._app = app
        self._read = read

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        peer = environ.get("REMOTE_ADDR", "")
        if not self._read(peer)[2]:
            for key in _UNTRUSTED:
                environ.pop(key, None)
            return self._app(environ, start_response)
        before = {"REMOTE_ADDR": peer, "wsgi.url_scheme": environ["wsgi.url_scheme"]}
        before["REMOTE_PORT"] = environ.pop("REMOTE_PORT", None)
        before["SERVER_PORT"] = environ.get("SERVER_PORT")
        depth = 0
        for entry in reversed(environ.get("HTTP_X_FORWARDED_FOR", "").split(",")):
            depth += 1
            if entry:
                environ["REMOTE_ADDR"], port, is_trusted = self._read(entry.strip())
                if port:
                    environ["REMOTE_PORT"] = port
                if not is_trusted:
                    break
        scheme = environ.get("HTTP_X_FORWARDED_PROTO", "").split(",")[-depth:][0].strip().lower()
        if scheme in ("http", "https"):
            environ["wsgi.url_scheme"] = scheme
            _, _, port = environ.get("HTTP_HOST", "").partition(":")
            environ["SERVER_PORT"] = port or ("443" if scheme == "https" else "80")
        for key in _UNREAD:
            if key in environ:
                before[key] = environ.pop(key)
        environ["wsgistack.peer"] = before
        return self._app(environ, start_response)
