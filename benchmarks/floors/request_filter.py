"""The floor of request_filter."""

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_network

from wsgistack.http.addresses import parse_address
from wsgistack.http.paths import path_forms
from wsgistack.types import App, Environ, StartResponse

__all__ = ["RequestFilter"]

_ODD = re.compile(r"[%;\\\x00-\x1f\x7f-\xff]|//|/\.").search
_BODY = b"403 Forbidden\n"
_ROBOTS = b"User-agent: GPTBot\nDisallow: /\n"


class RequestFilter:
    """Refuse one network, and the paths and user agents in which a regular expression is found; serve a robots.txt."""

    __slots__ = ("_app", "_is_agent", "_is_denied", "_is_peer")

    def __init__(self, app: App, network: str, path: str, agents: str) -> None:
        denied = ip_network(network)
        is_path = re.compile(path, re.IGNORECASE | re.ASCII).search
        search = re.compile(agents, re.IGNORECASE | re.ASCII).search

        @lru_cache(maxsize=1024)
        def is_peer(peer: str) -> bool:
            address = parse_address(peer)
            return address is None or address in denied

        @lru_cache(maxsize=1024)
        def is_agent(agent: str) -> bool:
            return search(agent) is not None

        def is_denied(environ: Environ) -> object:
            path: str = environ.get("PATH_INFO", "")
            is_plain = path[:1] == "/" and not _ODD(path)
            if is_plain and not environ.get("SCRIPT_NAME") and not environ.get("HTTP_X_VHM_ROOT"):
                return is_path(path)
            return path_forms(environ).any(is_path)

        self._app = app
        self._is_peer = is_peer
        self._is_denied = is_denied
        self._is_agent = is_agent

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        if not (self._is_peer(environ.get("REMOTE_ADDR", "")) or self._is_denied(environ)):
            if environ.get("PATH_INFO") == "/robots.txt":
                start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(_ROBOTS)))])
                return [b"" if environ["REQUEST_METHOD"] == "HEAD" else _ROBOTS]
            if not self._is_agent(environ.get("HTTP_USER_AGENT", "")):
                return self._app(environ, start_response)
        start_response("403 Forbidden", [("Content-Type", "text/plain"), ("Content-Length", str(len(_BODY)))])
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else _BODY]
