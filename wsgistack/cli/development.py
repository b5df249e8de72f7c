"""What ``serve`` does for a developer: it prints each request, and warns before strangers can see error pages."""

from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from typing import TypeAlias

from wsgistack.errors import Mistake
from wsgistack.http.escaping import escape_word
from wsgistack.http.redaction import Redaction
from wsgistack.http.urls import request_target
from wsgistack.middleware.access_log import AccessLog
from wsgistack.middleware.access_log.line import Entry
from wsgistack.pipeline.spec import Spec
from wsgistack.types import App

__all__ = ["Layer", "find_debug", "find_hosts", "is_public", "log_requests"]

_REDACTION = Redaction()
_ON = ("true", "yes", "on", "1")  # a filter for PasteDeploy gets text

Layer: TypeAlias = tuple[Spec, App]
"""A layer as it is configured, and as it was built."""


class RequestLog(AccessLog):
    """Print a short line for each request to standard error: ``GET /reader 200 1.2 ms``."""

    def __init__(self, app: App, /) -> None:
        super().__init__(app)
        self._line_of = describe_request


def describe_request(entry: Entry) -> str:
    """Describe a request and its response, without secrets. Everything that a client sends is escaped."""
    target = _REDACTION.redact_url(request_target(entry.path, entry.query))
    words = [escape_word(entry.method), escape_word(target), escape_word(entry.code)]
    outcome = [] if entry.outcome == "complete" else [entry.outcome]
    return " ".join([*words, f"{entry.duration * 1000:.1f} ms", *outcome])


def log_requests(app: App, layers: Iterable[Layer]) -> App:
    """An application that prints its requests; unchanged if one of its layers is an access log."""
    return app if any(getattr(layer, "is_log", False) is True for _, layer in layers) else RequestLog(app)


def find_debug(layers: Iterable[Layer], hosts: Iterable[str]) -> list[Mistake]:
    """Warn about layers whose option ``debug`` is on, if clients on other machines can reach one of the hosts."""
    public = next(filter(is_public, hosts), None)
    if public is None:
        return []
    problem = f"on, and {public or '*'!r} is a public address: error pages may show your code to strangers"
    hint = "turn it off, or serve on 127.0.0.1"
    return [
        Mistake(problem, "debug", hint=hint, where=spec.where._replace(line=spec.lines.get("debug") or spec.where.line))
        for spec, _ in layers
        if str(spec.resolve().get("debug")).lower() in _ON
    ]


def find_hosts(options: Mapping[str, object], default: str) -> list[str]:
    """The addresses in the options of a server, without ports."""
    given = [value for key in ("host", "listen", "bind", "unix_socket") for value in str(options.get(key, "")).split()]
    return list(map(_drop_port, given)) or [default]


def is_public(host: str) -> bool:
    """Whether clients on other machines may reach an address. A name is public unless it is ``localhost``."""
    if host == "localhost" or host.startswith(("unix:", "/")):
        return False
    try:
        address = ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return True
    return not (getattr(address, "ipv4_mapped", None) or address).is_loopback


def _drop_port(address: str) -> str:
    host, colon, port = address.rpartition(":")
    has_port = colon and "]" not in port and (":" not in host or "]" in host) and host != "unix"
    return host if has_port else address
