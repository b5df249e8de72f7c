"""Only https: redirects from http, and HSTS."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import ClassVar, Literal

from wsgistack.base import Middleware
from wsgistack.errors import Mistake, Mistakes, check_durations, check_lists
from wsgistack.exchange.setting import setting
from wsgistack.http.addresses import parse_address
from wsgistack.http.hosts import MAX_HOST, split_host
from wsgistack.http.notices import Notice
from wsgistack.http.paths import compile_exemptions
from wsgistack.http.responses import send_answer
from wsgistack.http.urls import quote_target
from wsgistack.peers import FORWARDING, because
from wsgistack.types import App, Changes, Duration, Environ, StartResponse

__all__ = ["Https"]

MIN_PRELOAD_AGE = 31536000
"""In seconds: one year, which the preload list of browsers requires."""

_HTTPS_PORT = 443
_SAFE = ("GET", "HEAD")
_SAYS_HTTPS = (
    *(("HTTP_X_FORWARDED_PROTO", "https"), ("HTTP_X_FORWARDED_SSL", "on"), ("HTTP_FORWARDED", "proto=https")),
    *(("HTTP_X_FORWARDED_PROTOCOL", "ssl"), ("HTTP_X_FORWARDED_SCHEME", "https"), ("HTTP_X_URL_SCHEME", "https")),
    *(("HTTP_CLOUDFRONT_FORWARDED_PROTO", "https"), ("HTTP_CF_VISITOR", "https"), ("HTTP_FRONT_END_HTTPS", "on")),
)


class Https(Middleware):
    """Redirect http to https, and ask browsers to use only https from then on (HSTS, RFC 6797).

    ::

        Https(app, exempt=["/health"], hsts=365 * 86400, include_subdomains=True)

        [filter:https]
        use = egg:wsgistack#https
        exempt = /health
        hsts = 365d
        include_subdomains = true

    A request over http is redirected to the same host, path and query with 308 (RFC 9110 section 15.4.9), which keeps
    the method and the body. A request without a valid Host header gets 400.

    A proxy that ends TLS talks http to the application. Put ``forwarded`` outside, so that the scheme is the one of the
    client. Without it, every request would be redirected forever; this layer notices that, because the proxy says in
    a header that the client used https. It then answers 400 and logs a warning, at most once a minute.

    :param exempt: the beginnings of paths that are also answered over http, such as the one of a health check, or
        ``/.well-known/acme-challenge`` for certificates. None by default. All spellings of a path must be under one
        of them.
    :param get_status: the status for GET and HEAD: 308, the default, or 301 for clients that do not know 308.
    :param port: the port of https in redirects. 443 by default.
    :param hsts: how long browsers shall use only https, from each response over https on. 30 days by default. Begin
        with some minutes: a browser that has seen the header cannot be reached over http for that long. 0 takes the
        policy back: a browser forgets it with the next response over https (RFC 6797 section 6.1.1). ``off`` sends no
        header, for example because the server in front sends it; browsers then keep the last one until it expires. An
        application's own header is kept. Addresses and localhost get none, because browsers ignore it there or would
        apply it to every project of a developer.
    :param include_subdomains: whether HSTS holds for all subdomains, too. False by default, because some of them may
        not have https.
    :param preload: whether the site may be added to the list that browsers are shipped with (hstspreload.org). False by
        default, because leaving the list takes months. It requires ``include_subdomains`` and an ``hsts`` of one year.
        The list also requires that each name redirects to https first, with the header there. With ``canonical`` in
        ``hosts``, use ``hosts`` twice: with ``allowed`` outside of this layer, and with ``canonical`` inside.
    :raises ConfigError: ``preload`` without what it requires, or an invalid path or port.

    Cost tier T0 over http, T1 over https.

    Place it inside ``forwarded``, ``access_log`` and ``hosts``, outside ``catch_errors``, so that error pages have the
    header, too. Not needed where the server in front redirects and sends the header.
    """

    must_be_inside: ClassVar[Mapping[str, str]] = {
        "access_log": "redirects would not be logged",
        **because(FORWARDING, "it would see the scheme of the proxy's connection, not the client's"),
        "hosts": "it would redirect to a name that is not one of the site",
    }
    must_be_outside: ClassVar[Mapping[str, str]] = {
        "catch_errors": "error pages would have no Strict-Transport-Security header"
    }
    changes: ClassVar[Changes] = Changes(frozenset({"strict-transport-security"}), answers=True)

    def __init__(
        self,
        app: App,
        /,
        *,
        exempt: Sequence[str] = (),
        get_status: Literal[308, 301] = 308,
        port: int = _HTTPS_PORT,
        hsts: Duration | Literal["off"] = 30 * 86400,
        include_subdomains: bool = False,
        preload: bool = False,
    ) -> None:
        super().__init__(app)
        check_lists(exempt=exempt)
        mistakes = Mistakes()
        with mistakes.collect():
            self._is_exempt = compile_exemptions(exempt, key="exempt")
        if get_status not in (308, 301):
            mistakes.append(Mistake("not a valid status", key="get_status", value=get_status, expected="308 or 301"))
        if not 0 < port < 65536:
            mistakes.append(Mistake("not a valid port", key="port", value=port, expected="1 to 65535"))
        max_age = 0 if hsts == "off" else hsts
        with mistakes.collect():
            check_durations(hsts=max_age)
        if preload and not (include_subdomains and max_age >= MIN_PRELOAD_AGE):
            expected = "include_subdomains = true and an hsts of at least 365d with it"
            mistakes.append(Mistake("browsers would not accept the site", key="preload", value=True, expected=expected))
        mistakes.raise_if_any()
        self.exempt = exempt
        self.get_status = get_status
        self.port = port
        self.hsts = hsts
        self.include_subdomains = include_subdomains
        self.preload = preload
        flags = f"{'; includeSubDomains' if include_subdomains else ''}{'; preload' if preload else ''}"
        self._has_policy = hsts != "off"
        self._policy = f"max-age={int(max_age)}{flags}"
        self._set_policy = setting("Strict-Transport-Security", keeps_own=True)
        self._notice = Notice(logging.getLogger("wsgistack.https"))

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        """Serve one request."""
        host = environ.get("HTTP_HOST", "")
        if environ["wsgi.url_scheme"] == "https":
            if self._has_policy and len(host) <= MAX_HOST and _can_have_policy(host):  # the cache keeps no longer one
                start_response = self._set_policy(start_response, self._policy)
            return self.app(environ, start_response)
        if self._is_exempt(environ):
            return self.app(environ, start_response)
        found = split_host(host)
        if found is None:
            return send_answer(environ, start_response, 400, "The Host header is missing or not valid.")
        if any(said in _read_first(environ.get(key, "")) for key, said in _SAYS_HTTPS):
            self._notice.log(
                "the peer %r says that the client uses https, but no layer forwarded trusts it; "
                "put forwarded outside of https, with the address of the proxy in trusted",
                environ.get("REMOTE_ADDR", ""),
            )
            detail = "A proxy says that this request came over https, but the site does not trust it."
            return send_answer(environ, start_response, 400, detail)
        name = f"[{found[0]}]" if ":" in found[0] else found[0]
        port = "" if self.port == _HTTPS_PORT else f":{self.port}"
        location = ("Location", f"https://{name}{port}{quote_target(environ)}")
        code = self.get_status if environ["REQUEST_METHOD"] in _SAFE else 308
        return send_answer(environ, start_response, code, headers=[location])


def _read_first(values: str) -> str:
    """The first item of a list, which is about the client. The others are about the connections between proxies."""
    return values.partition(",")[0].replace('"', "").lower()


@lru_cache(maxsize=256)
def _can_have_policy(host: str) -> bool:
    """Whether browsers apply HSTS to a host, and its user wants that (RFC 6797 section 8.1.1)."""
    found = split_host(host)
    return found is not None and parse_address(found[0]) is None and found[0].rpartition(".")[2] != "localhost"
