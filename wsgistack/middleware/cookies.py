"""Attributes that protect cookies."""

from collections.abc import Collection, Iterable, Mapping
from typing import ClassVar, Literal

from wsgistack.base import Middleware
from wsgistack.errors import ConfigError, Mistake, check_lists
from wsgistack.exchange import editing
from wsgistack.peers import FORWARDING, because
from wsgistack.types import App, Changes, Environ, Headers, StartResponse

__all__ = ["Cookies"]

_SAME_SITE = ("Lax", "Strict", "None", "")
_HTTP_PREFIXES = ("__http-", "__host-http-")
_SECURE_PREFIXES = ("__host-", "__secure-", "__http-")


class Cookies(Middleware):
    """Add the attributes that protect cookies to those that the application sets without them (RFC 6265bis).

    ::

        Cookies(app, same_site="Strict", readable=["csrftoken", "theme"])

        [filter:cookies]
        use = egg:wsgistack#cookies
        same_site = Strict
        readable = csrftoken theme

    An attribute that the application has set is kept. Browsers refuse a cookie that breaks the promise of its name, so
    cookies with these prefixes always keep it: ``__Secure-`` gets ``Secure``; ``__Http-`` gets ``Secure`` and
    ``HttpOnly``; ``__Host-`` gets ``Secure`` and ``Path=/``, and loses ``Domain``; ``__Host-Http-`` gets all three.
    Cookies with ``SameSite=None`` or ``Partitioned`` always get ``Secure``.

    :param secure: when to add ``Secure``, so that browsers send the cookie over https alone. ``auto``, the default,
        adds it to responses over https; ``always`` also where a proxy ends TLS and no layer ``forwarded`` says so;
        ``never`` does not add it.
    :param http_only: whether to add ``HttpOnly``, so that scripts cannot read the cookie. True by default.
    :param readable: names of cookies that scripts have to read, and which get no ``HttpOnly``. By default those that
        Django and Angular use against forged requests.
    :param same_site: ``Lax``, ``Strict`` or ``None``: whether browsers send the cookie with requests from other sites.
        The default is ``Lax``: only when a user follows a link. ``None`` is for sites in frames of other sites. An
        empty text adds nothing.
    :raises ConfigError: an option has another value.

    Cost tier T1; a response without a cookie keeps its headers.

    Place it inside ``forwarded``, outside everything that sets cookies. Not needed for an application that sets the
    attributes itself, as Django does with ``SESSION_COOKIE_SECURE``.
    """

    must_be_inside: ClassVar[Mapping[str, str]] = because(
        FORWARDING, "it would see the scheme of the proxy's connection, not the client's"
    )
    changes: ClassVar[Changes] = Changes(frozenset({"set-cookie"}))

    def __init__(
        self,
        app: App,
        /,
        *,
        secure: Literal["auto", "always", "never"] = "auto",
        http_only: bool = True,
        readable: Collection[str] = ("csrftoken", "XSRF-TOKEN"),
        same_site: Literal["Lax", "Strict", "None", ""] = "Lax",
    ) -> None:
        super().__init__(app)
        check_lists(readable=readable)
        if secure not in ("auto", "always", "never"):
            raise ConfigError(Mistake(f"invalid value {secure!r}", key="secure", expected="auto, always or never"))
        if same_site not in _SAME_SITE:
            expected = "Lax, Strict, None or an empty text"
            raise ConfigError(Mistake(f"invalid value {same_site!r}", key="same_site", expected=expected))
        self.secure = secure
        self.http_only = http_only
        self.readable = readable
        self.same_site = same_site

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        """Serve one request."""
        is_secure = self.secure == "always" or (self.secure == "auto" and environ["wsgi.url_scheme"] == "https")
        return self.app(environ, editing(start_response, self._protect, is_secure))

    def _protect(self, status: str, headers: Headers, is_secure: bool) -> tuple[str, Headers]:
        for name, _ in headers:
            if len(name) == 10 and name.lower() == "set-cookie":
                break
        else:
            return status, headers
        return status, [
            (name, self._add_attributes(value, is_secure) if name.lower() == "set-cookie" else value)
            for name, value in headers
        ]

    def _add_attributes(self, cookie: str, is_secure: bool) -> str:
        pair, *attributes = cookie.split(";")
        name = pair.partition("=")[0].strip()
        given = {attribute.partition("=")[0].strip().lower(): attribute.strip() for attribute in attributes}
        prefix = name.lower()  # browsers read prefixes in any case
        if prefix.startswith("__host-"):
            given = {**given, "path": "Path=/"}
            given.pop("domain", None)
        if self.same_site:
            given.setdefault("samesite", f"SameSite={self.same_site}")
        if (
            is_secure
            or "partitioned" in given
            or prefix.startswith(_SECURE_PREFIXES)
            or given.get("samesite", "").partition("=")[2].strip().lower() == "none"
        ):
            given.setdefault("secure", "Secure")
        if (self.http_only and name not in self.readable) or prefix.startswith(_HTTP_PREFIXES):
            given.setdefault("httponly", "HttpOnly")
        return "; ".join([pair, *filter(None, given.values())])
