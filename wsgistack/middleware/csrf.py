"""Refuses requests that a page of another origin makes in the name of its visitor."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import ClassVar

from wsgistack.base import Middleware
from wsgistack.environ import METHOD_OVERRIDES
from wsgistack.errors import Mistakes, check_lists
from wsgistack.http.hosts import MAX_HOST, split_host
from wsgistack.http.notices import Notice
from wsgistack.http.origins import MAX_ORIGIN, Origins
from wsgistack.http.paths import compile_exemptions
from wsgistack.http.responses import send_answer
from wsgistack.peers import CORS, FORWARDING, because
from wsgistack.types import App, Changes, Environ, StartResponse

__all__ = ["Csrf"]

_SAFE = frozenset(("GET", "HEAD", "OPTIONS"))
_OWN = frozenset(("same-origin", "none"))
_PORTS = {"http": 80, "https": 443}


class Csrf(Middleware):
    """Refuse requests that change data and come from a page of another origin: cross-site request forgery.

    A browser adds its cookies to a form that another site sends. It also says where the form comes from, in headers
    that no script can set. This layer reads those, so that forms need no tokens. ::

        Csrf(app, trusted_origins=["https://admin.example.org"], exempt=["/webhooks"])

        [filter:csrf]
        use = egg:wsgistack#csrf
        trusted_origins = https://admin.example.org
        exempt = /webhooks

    The rules are those of ``CrossOriginProtection`` in Go 1.25:

    1. GET, HEAD and OPTIONS are allowed, so the application must not change data for them. With a header that names
       another method, such as ``X-HTTP-Method-Override``, they are checked like POST.
    2. Requests from a trusted origin, or to an exempt path, are allowed.
    3. With ``Sec-Fetch-Site``, the values ``same-origin`` and ``none`` are allowed; ``none`` means that the user began
       the request. All others are refused, also ``same-site``: another subdomain may belong to somebody else.
    4. With ``Origin`` alone, it must name the host and the port of ``Host``. Browsers before 2023 do not send
       ``Sec-Fetch-Site``, and no browser sends it over plain http, except to localhost. An ``Origin`` that is ``null``
       or not valid is refused.
    5. Requests without both headers are allowed: they come from programs, or in an old browser from the site itself.

    The comparison with ``Host`` ignores the scheme, because the site may be behind a proxy that ends TLS. In such an
    old browser, a page that an attacker shows under the http address of the site could send a form to the https
    address. HSTS prevents that; see the layer ``https``.

    Refused requests get 403. A warning in the log ``wsgistack.csrf`` says which, at most once a minute.

    :param trusted_origins: other origins whose pages may send requests, such as ``https://admin.example.org``, or
        ``https://*.example.org`` for all subdomains. None by default. ``null`` can't be trusted: any page can send it.
    :param exempt: the beginnings of paths that any page may send requests to, such as those of a sign-in by
        another site that sends a form. None by default. All spellings of a path must be under one of them.
    :raises ConfigError: an origin or a path is not valid.

    Cost tier T0.

    Place it inside ``access_log``, ``cors`` and ``forwarded``, and outside ``method_override``. An origin that ``cors``
    allows can read; to send forms, or requests with other methods than GET and HEAD, it must be in ``trusted_origins``.
    If a proxy changes ``Host``, ``forwarded`` needs ``host`` in ``read``.

    Not needed for an API whose clients send a token in a header and no cookie. Not for WebSockets: they begin with GET.
    """

    must_be_inside: ClassVar[Mapping[str, str]] = {
        "access_log": "refused requests would not be logged",
        **because(CORS, "scripts of allowed origins could not read why a request is refused"),
        **because(FORWARDING, "it would compare the origin with the host of the proxy's connection, not the client's"),
    }
    must_be_outside: ClassVar[Mapping[str, str]] = {
        "method_override": "it would check the method that the request asks for, not the one that the browser sent",
    }
    changes: ClassVar[Changes] = Changes(answers=True)

    def __init__(self, app: App, /, *, trusted_origins: Sequence[str] = (), exempt: Sequence[str] = ()) -> None:
        super().__init__(app)
        check_lists(trusted_origins=trusted_origins, exempt=exempt)
        mistakes = Mistakes()
        with mistakes.collect():
            self._trusts = Origins(trusted_origins, key="trusted_origins").contains
        with mistakes.collect():
            self._is_exempt = compile_exemptions(exempt, key="exempt")
        mistakes.raise_if_any()
        self.trusted_origins = trusted_origins
        self.exempt = exempt
        self._notice = Notice(logging.getLogger("wsgistack.csrf"))

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        """Serve one request."""
        site: str = environ.get("HTTP_SEC_FETCH_SITE", "")
        if site in _OWN:  # first, because it is the most frequent answer
            return self.app(environ, start_response)
        if environ["REQUEST_METHOD"] in _SAFE:
            for key in METHOD_OVERRIDES:
                if key in environ:
                    break
            else:
                return self.app(environ, start_response)
        # Longer texts are not valid, and neither a cache nor the log should keep them.
        origin: str = environ.get("HTTP_ORIGIN", "")[: MAX_ORIGIN + 1]
        host: str = environ.get("HTTP_HOST", "")[: MAX_HOST + 1]
        is_own = not site and (not origin or _has_host(origin, host))
        if is_own or self._trusts(origin) or self._is_exempt(environ):
            return self.app(environ, start_response)
        if site:
            detail = "The page that sent this request belongs to another site."
            self._notice.log(
                "refused a request from the origin %r, with the Sec-Fetch-Site %r; "
                "if its pages may send requests, add it to trusted_origins",
                origin,
                site[: MAX_ORIGIN + 1],
            )
        else:
            detail = "The page that sent this request belongs to another site, or the browser is too old."
            self._notice.log(
                "refused a request from the origin %r, which is not the host %r; if they are one site, a proxy changes "
                "the Host header: put forwarded outside of csrf, with host in read",
                origin,
                host,
            )
        return send_answer(environ, start_response, 403, detail)


@lru_cache(maxsize=1024)
def _has_host(origin: str, host: str) -> bool:
    """Whether an origin has the host and the port of a Host header, with whichever scheme."""
    scheme, _, authority = origin.partition("://")
    ours, theirs, default = split_host(host), split_host(authority), _PORTS.get(scheme)
    if ours is None or theirs is None or default is None or origin.endswith(":"):  # no browser writes an empty port
        return False
    name, port = ours
    return theirs[0] == name and (default if theirs[1] is None else theirs[1]) == (default if port is None else port)
