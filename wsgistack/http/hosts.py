"""The forms of a request's host that applications treat as equal.

``example.org``, ``Example.org:80``, ``example.org.`` and ``user@example.org`` may all reach the same site.
"""

import re

from wsgistack.http.forms import MAX_FORMS, Forms, find_forms
from wsgistack.types import Environ

__all__ = ["MAX_HOST", "host_forms"]

MAX_HOST = 300
"""In characters. A name in DNS has up to 253; the forms of a longer host count as incomplete."""

_PLAIN = re.compile(
    r"(?P<name>[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)(?::[0-9]{1,5})?|\[(?P<address>[0-9a-f:.]+)\](?::[0-9]{1,5})?"
)
_BARE_ADDRESS = re.compile(r"[0-9a-f]*:[0-9a-f]*:[0-9a-f:.]*")
_READABLE = re.compile(r"[a-z0-9_.:@\[\]-]+")
_PORT = re.compile(r":[0-9]*\Z")
_FORWARDED = ("HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_SERVER")


def host_forms(environ: Environ) -> Forms:
    """Find the forms of a request's host, in lower case and without a port. It is Host, or else SERVER_NAME.

    Each item of X-Forwarded-Host and X-Forwarded-Server is another reading, because applications behind a proxy take
    the host from there. Bottle always does.

    An ordinary host, with or without a port, has one form: the name, or the IPv6 address without brackets. Others have
    all forms that result from these steps in any order and number: remove the port, everything from the first colon,
    everything before or after an ``@``, dots at the end, and brackets. Their forms are incomplete if the host has other
    characters than a name, an address or user information, or is longer than ``MAX_HOST``.
    """
    forms = _find_forms(environ.get("HTTP_HOST") or environ.get("SERVER_NAME", ""))
    for key in _FORWARDED:
        if environ.get(key):
            for host in environ[key].split(",", MAX_FORMS):
                forms |= _find_forms(host.strip())
    return forms


def _find_forms(host: str) -> Forms:
    host = host.lower()
    found = _PLAIN.fullmatch(host)
    if found:
        return Forms((found["name"] or found["address"],), is_complete=True)
    if _BARE_ADDRESS.fullmatch(host):  # an IPv6 address that a server names itself by
        return Forms((host,), is_complete=True)
    if len(host) > MAX_HOST:
        return Forms((host,), is_complete=False)
    return find_forms(host, _STEPS, _READABLE.fullmatch)


_STEPS = (
    lambda host: _PORT.sub("", host) or host,
    lambda host: host.partition(":")[0] or host,
    lambda host: host.rpartition("@")[2] or host,
    lambda host: host.partition("@")[0] or host,
    lambda host: host.rstrip(".") or host,
    lambda host: host.strip("[]") or host,
)
