"""Who may see debug pages: local developers, and nobody in production."""

import os
import re
from collections.abc import Callable, Sequence

from wsgistack.errors import ConfigError, Mistake
from wsgistack.http.addresses import Networks, parse_address
from wsgistack.http.hosts import split_host
from wsgistack.http.proxies import PROXY_HEADERS
from wsgistack.types import Environ

__all__ = ["compile_access", "refuse_production"]

_VARIABLES = ("WSGISTACK_ENV", "APP_ENV", "FLASK_ENV", "DJANGO_ENV", "PYTHON_ENV", "ENVIRONMENT")
"""Variables that say what a process is for. The first one that is set counts."""

_PRODUCTION = ("live", "prod", "production")
_OF_PROXIES = frozenset((*PROXY_HEADERS, "HTTP_VIA"))
_PEER = "wsgistack.peer"  # the layer forwarded has read the headers of proxies, or removed them
_LOCAL_NAMES = re.compile(r"localhost|.+\.(?:localhost|test|local)")  # nobody can register such a name


def refuse_production() -> None:
    """Raise a ConfigError if an environment variable says that this is production."""
    variable = next((name for name in _VARIABLES if os.environ.get(name)), "")
    if variable and os.environ[variable].strip().lower() in _PRODUCTION:
        problem = f"on, and the environment variable {variable} says that this is production"
        hint = "turn debug off; on a developer's machine, set WSGISTACK_ENV=development"
        raise ConfigError(Mistake(problem, key="debug", value=True, hint=hint))


def compile_access(networks: Sequence[str]) -> Callable[[Environ], bool]:
    """Return a function that says whether the client of a request may see a debug page.

    It may not if a proxy has added a header that no layer ``forwarded`` has read: then the address is the proxy's. Nor
    if the Host is a name that anybody can register: with DNS rebinding, a page of another site could read the answer.

    :raises ConfigError: one of the networks is not valid.
    """
    contains_peer = Networks(networks, key="debug_networks").contains_peer

    def is_allowed(environ: Environ) -> bool:
        if _PEER not in environ and not _OF_PROXIES.isdisjoint(environ):
            return False
        return contains_peer(environ.get("REMOTE_ADDR", "")) and _is_local(environ.get("HTTP_HOST", ""))

    return is_allowed


def _is_local(host: str) -> bool:
    """Whether a Host is an address, or a name that is always a local one. HTTP/1.0 has no Host."""
    name = (split_host(host.lower()) or ("", None))[0] if host else "localhost"
    return parse_address(name) is not None or _LOCAL_NAMES.fullmatch(name) is not None
