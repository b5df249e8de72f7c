"""Who the client is, behind proxies."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import ClassVar, Literal, NamedTuple, get_args

from wsgistack.base import Middleware
from wsgistack.errors import Mistake, Mistakes, check_lists, suggest
from wsgistack.http.addresses import PEER, UNSPECIFIED, Networks, parse_node
from wsgistack.http.hosts import MAX_HOST, split_host
from wsgistack.http.paths import is_plain
from wsgistack.http.proxies import PROXY_HEADERS
from wsgistack.peers import FORWARDING, READING_ADDRESSES, because
from wsgistack.types import App, Environ, StartResponse

__all__ = ["Forwarded"]

Part = Literal["proto", "host", "port", "prefix"]

MAX_ELEMENT = 500
"""In characters: an element of ``Forwarded`` with a host, an address and a name for the proxy needs up to 400."""

MAX_LIST = 1000
"""In characters, from the right: more than twenty proxies."""

_PREFIX = "HTTP_X_FORWARDED_"
_PARTS: tuple[Part, ...] = get_args(Part)
_NAMES_OF_PROXIES = frozenset(PROXY_HEADERS)
_FAMILIES = PROXY_HEADERS[: PROXY_HEADERS.index("HTTP_X_REAL_IP")]
_READ: tuple[Part, ...] = ("proto",)
_PORTS = {"http": "80", "https": "443"}
_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PORT = re.compile(r"[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]")
_PAIR = re.compile(rf'\s*({_NAME})=(?:([^\s",;=]+)|"([^"\\,]*)")\s*')


class _Hop(NamedTuple):
    """What a proxy says about the connection that it forwards."""

    address: str
    port: str
    is_trusted: bool
    facts: Mapping[str, str]


_UNKNOWN_HOP = _Hop(UNSPECIFIED, "", is_trusted=False, facts={})


class Forwarded(Middleware):
    """Give the application the client's address, and the scheme and host that the client used, behind proxies.

    ::

        Forwarded(app, trusted=["10.0.0.0/8", "unix"])

        [filter:forwarded]
        use = egg:wsgistack#forwarded
        trusted = 10.0.0.0/8 unix

    Only trusted proxies are believed, if they describe the client in ``X-Forwarded-*`` or in ``Forwarded`` (RFC 7239).
    Each proxy adds an address at the end of ``X-Forwarded-For``. The list is therefore read from the right, and the
    first address that is not a trusted proxy is the client. Anybody may have written the addresses before it.

    The result is in ``REMOTE_ADDR``, ``REMOTE_PORT``, ``wsgi.url_scheme``, ``HTTP_HOST``, ``SERVER_NAME``,
    ``SERVER_PORT`` and ``SCRIPT_NAME``, for all further layers and the application. ``environ["wsgistack.peer"]`` is a
    dictionary with the original values of the keys that were changed or removed; for a request without a proxy, it is
    empty or has only the headers that were removed. ``REMOTE_HOST`` is removed if it is the name of a proxy.

    From peers that are not trusted, the headers that proxies are known to send are removed, such as ``X-Real-IP`` and
    ``X-Forwarded-User``. From trusted proxies, ``Forwarded`` and ``X-Forwarded-*`` are removed unless they are
    read, and so are the addresses before the client in ``X-Forwarded-For``. All other headers reach the application
    as the proxy sent them. If another layer ``forwarded`` is inside, it changes nothing.

    If a trusted proxy does not know the client (``unknown``, ``_hidden``), or sends something that is not an address,
    ``REMOTE_ADDR`` is ``0.0.0.0``, so that no list of networks contains it. A scheme other than http and https, a host
    or a port that is not valid, and a prefix that is not a plain path are ignored.

    *Servers* change headers before any layer sees them. Granian, cheroot, uWSGI and wsgiref read ``X_Forwarded_For`` as
    ``X-Forwarded-For``, so a client can replace what a proxy says. Let the proxy remove names with underscores, as
    nginx does by default, or use gunicorn or Waitress, which remove them. Granian also reads only the first of several
    lines with one name: let the proxy replace the client's line instead of adding its own. uWSGI with ``http-socket``
    believes ``X-Forwarded-Proto`` and ``X-Forwarded-SSL`` from every peer, and gunicorn from those in its option
    ``forwarded_allow_ips``, such as a proxy at 127.0.0.1. So let the proxy set or remove both.

    :param trusted: the addresses and networks of the proxies, and ``unix`` for a server that listens on a Unix socket.
        List only proxies: any other client with such an address can choose the address that the application sees.
    :param hops: the number of proxies that add to the headers, instead of ``trusted``, if their addresses are not
        known, as with load balancers in a cloud. Nobody else must be able to connect to the server. A request with
        fewer hops counts as one without a proxy. 0, the default, is for ``trusted``.
    :param headers: which headers the proxies write: ``x-forwarded``, the default, or ``forwarded``. A proxy passes
        those of the other family on as the client wrote them, so these are never read.
    :param read: what the proxies set besides the address: some of ``proto``, ``host``, ``port`` and ``prefix``. The
        default is ``proto``. Do not name what a proxy leaves as the client wrote it: nginx, for example, sets only what
        its configuration names.
    :raises ConfigError: not exactly one of ``trusted`` and ``hops`` is set, or an option is not valid.

    Waitress removes ``X-Forwarded-*`` unless its option ``clear_untrusted_proxy_headers`` is false. ``wsgistack serve``
    sets that for a pipeline with this layer.

    Cost tier T0.

    Place it outermost, around everything that reads an address, a scheme or a host. Not needed if the server already
    does this, as Waitress does with ``trusted_proxy`` and uvicorn with ``--proxy-headers``; use only one of them.
    """

    must_be_outside: ClassVar[Mapping[str, str]] = {
        **because(READING_ADDRESSES, "it would see the address of the proxy, not the client's"),
        "when.environ.REMOTE_ADDR": "its condition would see the address of the proxy, not the client's",
        **because(
            ("when.environ.wsgi.url_scheme", "when.scheme"),
            "its condition would see the scheme of the proxy's connection, not the client's",
        ),
    }
    must_not_be_with: ClassVar[Mapping[str, str]] = because(
        FORWARDING[1:], "both read the headers of proxies, and one of them would believe what a client wrote"
    )

    def __init__(
        self,
        app: App,
        /,
        *,
        trusted: Sequence[str] = (),
        hops: int = 0,
        headers: Literal["x-forwarded", "forwarded"] = "x-forwarded",
        read: Collection[Part] = _READ,
    ) -> None:
        super().__init__(app)
        check_lists(trusted=trusted, read=read)
        mistakes = Mistakes()
        with mistakes.collect():
            self._networks = Networks(trusted, key="trusted")
        if bool(trusted) == bool(hops) or hops < 0:
            expected = "exactly one of trusted, with the addresses of the proxies, and hops, with their number"
            mistakes.append(Mistake("needs to know the proxies", key="trusted", expected=expected))
        if headers not in ("x-forwarded", "forwarded"):
            expected = "x-forwarded or forwarded"
            mistakes.append(Mistake(f"invalid value {headers!r}", key="headers", value=headers, expected=expected))
        for part in read:
            if part not in _PARTS:
                hint = suggest(part, _PARTS)
                mistakes.append(Mistake(f"invalid value {part!r}", key="read", value=part, hint=hint))
        mistakes.raise_if_any()
        self.trusted = trusted
        self.hops = hops
        self.headers = headers
        self.read = read
        is_standard = headers == "forwarded"
        self._list = "HTTP_FORWARDED" if is_standard else _PREFIX + "FOR"
        self._parse = self._parse_element if is_standard else self._parse_entry
        self._others = () if is_standard else tuple(_PREFIX + part.upper() for part in read)
        self._unread = tuple(key for key in _FAMILIES if key not in (self._list, *self._others))
        self._translate = lru_cache(maxsize=1024)(self._find_changes)

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        """Serve one request."""
        if PEER in environ:  # a layer further outside knows the client already
            return self.app(environ, start_response)
        get = environ.get
        scheme: str = environ["wsgi.url_scheme"]
        is_odd = scheme not in _PORTS  # uWSGI takes it from X-Forwarded-Proto, whoever sent that
        if is_odd:
            environ["wsgi.url_scheme"] = "http"
        peer: str = get("REMOTE_ADDR", "")
        if peer == UNSPECIFIED:
            peer = ""  # the peers of uWSGI on a Unix socket
        before: dict[str, object] = {}
        if self.hops or self._networks.contains_peer(peer):
            path: str = get("SCRIPT_NAME", "")  # gunicorn also takes it from a header
            find_changes = self._translate if len(path) <= MAX_LIST else self._find_changes
            changes, unwanted = find_changes(
                environ["wsgi.url_scheme"],
                get("HTTP_HOST", "")[: MAX_HOST + 1],
                path,
                get(self._list, "")[-MAX_LIST:],
                *[get(key, "")[-MAX_LIST - 1 :] for key in self._others],
            )
            for key, value in changes:
                before[key] = get(key)
                environ[key] = value
        else:
            unwanted = () if _NAMES_OF_PROXIES.isdisjoint(environ) else PROXY_HEADERS
        for key in unwanted:
            if key in environ:
                before[key] = environ.pop(key)
        if is_odd:
            before["wsgi.url_scheme"] = scheme
        environ[PEER] = before
        return self.app(environ, start_response)

    def _find_changes(
        self, scheme: str, host: str, path: str, listed: str, *others: str
    ) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
        """Find the keys to set with their values, and those to remove. The answers for the last requests are kept.

        :param scheme: the scheme that the server saw, and after it the host and the beginning of the path.
        :param listed: the addresses that the proxies sent.
        :param others: the values of the other headers that are read.
        """
        hop, depth, rest = None, 0, listed
        while rest:
            rest, _, entry = rest.rpartition(",")
            hop = self._parse(entry.strip())
            depth += 1
            if depth == self.hops or not (self.hops or hop.is_trusted):
                break
        if depth < self.hops:  # the request came without all proxies
            return (), PROXY_HEADERS
        changes: dict[str, str] = {}
        unwanted = self._unread
        facts: Mapping[str, str] = {}
        if hop:
            changes = {"REMOTE_ADDR": hop.address}
            unwanted = (*unwanted, "REMOTE_HOST", "REMOTE_PORT")
            if hop.port:
                changes["REMOTE_PORT"] = hop.port
                unwanted = unwanted[:-1]
            facts = hop.facts
            if rest:
                changes[self._list] = listed[len(rest) + 1 :].strip()
        for part, key, values in zip(self.read, self._others, others, strict=False):
            if len(values) > MAX_LIST:  # cut off in its first item
                values = "".join(values.partition(",")[1:])
            if values:
                # The value of the proxy that is as far away as the client, or else of the nearest one before it.
                chosen = values.split(",")[-depth or -1 :][0].strip()
                facts = {**facts, part: chosen}
                if "," in values:
                    changes[key] = chosen
        changes |= _translate(facts, scheme, host, path)
        return tuple(changes.items()), unwanted

    def _parse_entry(self, entry: str) -> _Hop:
        """Read an address in ``X-Forwarded-For``."""
        node = parse_node(entry)
        if node is None:
            return _UNKNOWN_HOP
        address, port = node
        return _Hop(str(address), str(port or ""), address in self._networks, {})

    def _parse_element(self, element: str) -> _Hop:
        """Read an element of ``Forwarded``. One with two readings is unknown, for example with a parameter twice.

        A list is split at each comma, also in quotes: a client may begin a quoted text in its own element, in which
        that of the proxy would disappear.
        """
        pairs = [_PAIR.fullmatch(pair) for pair in element.split(";") if pair.strip()]  # RFC 7239 §4: it may be empty
        given = {found[1].lower(): found[2] or found[3] or "" for found in pairs if found}
        if len(given) < len(pairs) or len(element) > MAX_ELEMENT:
            return _UNKNOWN_HOP
        facts = {part: given[part] for part in ("proto", "host") if part in given and part in self.read}
        return self._parse_entry(given.get("for", ""))._replace(facts=facts)


def _translate(facts: Mapping[str, str], scheme: str, host: str, path: str) -> dict[str, str]:
    """Find the keys of an environ for what a proxy says about the scheme, the host, the port and the prefix."""
    changes: dict[str, str] = {}
    proto = facts.get("proto", "").lower()
    if proto in _PORTS:
        changes["wsgi.url_scheme"] = scheme = proto
    found = _split_host(facts.get("host", "")) or _split_host(host)
    if found and facts:
        name, port = found
        if _PORT.fullmatch(facts.get("port", "")):
            port = facts["port"]
        changes["SERVER_PORT"] = port or _PORTS.get(scheme, "")
        if "host" in facts or "port" in facts:
            changes["SERVER_NAME"] = name
            changes["HTTP_HOST"] = name if port in ("", _PORTS.get(scheme)) else f"{name}:{port}"
    prefix = facts.get("prefix", "").rstrip("/")
    if prefix and is_plain(prefix):
        changes["SCRIPT_NAME"] = prefix + path
    return changes


def _split_host(host: str) -> tuple[str, str] | None:
    """The name, in brackets if it is an IPv6 address, and the port of a host."""
    found = split_host(host)
    if found is None:
        return None
    name, port = found
    return f"[{name}]" if ":" in name else name, str(port or "")
