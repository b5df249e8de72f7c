"""The floor of request_filter."""

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_network

from wsgistack.http.addresses import parse_address
from wsgistack.http.paths import path_forms
from wsgistack.types import App, Environ, StartResponse

__all__ = ["request_filter"]

_ODD = re.compile(r"[%;\\\x00-\x1f\x7f-\xff]|//|/\.").search
_BODY = b"403 Forbidden\n"
_ROBOTS = b"User-agent: GPTBot\nDisallow: /\n"


def request_filter(app: App, network: str, path: str, agents: str) -> App:
    """Refuse one network, and the paths and user agents in which a regular expression is found; serve a robots.txt."""
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

    def layer(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if not (is_peer(environ.get("REMOTE_ADDR", "")) or is_denied(environ)):
            if environ.get("PATH_INFO") == "/robots.txt":
                start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(_ROBOTS)))])
                return [b"" if environ["REQUEST_METHOD"] == "HEAD" else _ROBOTS]
            if not is_agent(environ.get("HTTP_USER_AGENT", "")):
                return app(environ, start_response)
        start_response("403 Forbidden", [("Content-Type", "text/plain"), ("Content-Length", str(len(_BODY)))])
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else _BODY]

    return layer
