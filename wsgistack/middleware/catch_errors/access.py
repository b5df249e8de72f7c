"""Who may see debug pages: local developers, and nobody in production."""

import os
import re
import socket
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from wsgistack.errors import ConfigError, Mistake
from wsgistack.http.addresses import PEER, Networks, parse_address
from wsgistack.http.hosts import split_host
from wsgistack.http.proxies import PROXY_HEADERS
from wsgistack.types import Environ

__all__ = ["compile_access", "refuse_production", "refuse_production_file"]

_VARIABLES = ("WSGISTACK_ENV", "APP_ENV", "FLASK_ENV", "DJANGO_ENV", "PYTHON_ENV", "ENVIRONMENT")
"""Variables that say what a process is for. The first one that is set counts."""

_KEYS = ("env", "environment", "mode", *map(str.lower, _VARIABLES))
"""Keys of a global configuration that say the same."""

_PRODUCTION = ("live", "prod", "production")
_BETWEEN_WORDS = re.compile("[^a-z]+")
_OF_PROXIES = frozenset((*PROXY_HEADERS, "HTTP_VIA"))
_LOCAL_NAMES = re.compile(r"localhost|.+\.(?:localhost|test)")  # nobody can register such a name


def refuse_production() -> None:
    """Raise a ConfigError if an environment variable says that this is production."""
    variable = next((name for name in _VARIABLES if os.environ.get(name)), "")
    settings = "" if variable else os.environ.get("DJANGO_SETTINGS_MODULE", "")
    if _is_production(os.environ.get(variable, "")) or _is_production(settings.rpartition(".")[2]):
        hint = "turn debug off; on a developer's machine, set WSGISTACK_ENV=development"
        raise _make_error(f"the environment variable {variable or 'DJANGO_SETTINGS_MODULE'} says", hint)


def refuse_production_file(global_conf: Mapping[str, str]) -> None:
    """Raise a ConfigError if the global configuration of a file, or the file's name, says that this is production.

    No environment variable makes up for that: a server may have it as well.
    """
    for key, value in global_conf.items():
        if key.lower() in _KEYS and _is_production(value):
            raise _make_error(f"{key} in the global configuration says", "turn debug off")
    name = Path(global_conf.get("__file__", "")).name
    if _is_production(name):
        raise _make_error(f"the name of the file {name} says", "turn debug off, or rename the file")


def _is_production(text: str) -> bool:
    """Whether one of the words is one for production, as in ``prod-eu``. Unsure counts as production."""
    return not {*_BETWEEN_WORDS.split(text.lower())}.isdisjoint(_PRODUCTION)


def _make_error(who: str, hint: str) -> ConfigError:
    return ConfigError(Mistake(f"on, and {who} that this is production", key="debug", value=True, hint=hint))


def compile_access(networks: Sequence[str]) -> Callable[[Environ], bool]:
    """Return a function that says whether the client of a request may see a debug page.

    It may not if a proxy has added a header from which no layer ``forwarded`` has read the address of the client: then
    the address is the proxy's. Nor if the Host is a name that others can give to this machine: with DNS rebinding, a
    page of another site could read the answer. Nor if the Origin is another site: the layer ``cors`` could allow it.

    :raises ConfigError: one of the networks is not valid.
    """
    contains_peer = Networks(networks, key="debug_networks").contains_peer
    own_name = f"{socket.gethostname().partition('.')[0].lower()}.local"  # anybody in a LAN can have another one (mDNS)

    def is_local(host: str) -> bool:
        name = (split_host(host.lower()) or ("", None))[0]
        return name == own_name or parse_address(name) is not None or _LOCAL_NAMES.fullmatch(name) is not None

    def is_allowed(environ: Environ) -> bool:
        seen_by_forwarded = environ.get(PEER, {})
        has_header = not _OF_PROXIES.isdisjoint({*environ, *seen_by_forwarded}) or _may_lack_headers(environ)
        if has_header and "REMOTE_ADDR" not in seen_by_forwarded:
            return False
        host, origin = environ.get("HTTP_HOST"), environ.get("HTTP_ORIGIN")
        if (host and not is_local(host)) or (origin and not is_local(origin.partition("://")[2])):
            return False  # HTTP/1.0 has no Host, and most requests have no Origin
        return contains_peer(environ.get("REMOTE_ADDR", ""))

    return is_allowed


def _may_lack_headers(environ: Environ) -> bool:
    """Whether Waitress has removed a header of a proxy, which it does by default, or does not show what it received."""
    is_disconnected = environ.get("waitress.client_disconnected")
    if is_disconnected is None:
        return False
    try:
        received = is_disconnected.__self__.requests[0].headers  # of the channel, which serves its first request
        return not _OF_PROXIES.isdisjoint(f"HTTP_{name}" for name in received)
    except (AttributeError, LookupError, TypeError):
        return True
