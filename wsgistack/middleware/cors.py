"""What scripts on pages of other origins may do with a site."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import ClassVar

from wsgistack.base import Middleware
from wsgistack.errors import Mistake, Mistakes, check_durations, check_lists
from wsgistack.exchange import editing
from wsgistack.http.headers import is_field_name, replace, vary
from wsgistack.http.origins import MAX_ORIGIN, Origins
from wsgistack.http.paths import compile_exemptions
from wsgistack.http.responses import error_answer
from wsgistack.peers import AUTHENTICATION, CORS, because
from wsgistack.types import App, Changes, Duration, Environ, Headers, StartResponse

__all__ = ["Cors"]

_ALLOW = "Access-Control-Allow"
_ASK = "Access-Control-Request"
_MANAGED = frozenset(
    (
        *("vary", "access-control-allow-origin", "access-control-allow-credentials", "access-control-allow-methods"),
        *("access-control-allow-headers", "access-control-allow-private-network", "access-control-expose-headers"),
        "access-control-max-age",
    )
)
_ASKED_METHOD = "HTTP_ACCESS_CONTROL_REQUEST_METHOD"
_ASKED_NETWORK = "HTTP_ACCESS_CONTROL_REQUEST_PRIVATE_NETWORK"
_PREFLIGHT_VARY = f"Origin, {_ASK}-Method, {_ASK}-Headers, {_ASK}-Private-Network"
_VARY = ("Vary", "Origin")
_ANY = "*"
_OPAQUE = "null"


class Cors(Middleware):
    """Let pages of other origins read responses, and send requests that a form cannot send: the CORS protocol.

    Without it, a browser refuses both to scripts (https://fetch.spec.whatwg.org/#http-cors-protocol). ::

        Cors(app, allow_origins=["https://www.example.org", "https://*.example.net"], allow_methods=["GET", "PUT"])

        [filter:cors]
        use = egg:wsgistack#cors
        allow_origins = https://www.example.org https://*.example.net
        allow_methods = GET PUT

    A preflight is an OPTIONS request with ``Origin`` and ``Access-Control-Request-Method``, by which a browser asks
    first. It has no password and no cookie. This layer answers it with 204 and what is allowed, and the browser
    compares. The preflight of another origin gets 403 without these headers, as the standard suggests, so that logs
    show it. An OPTIONS request that is no preflight reaches the application.

    All other requests reach the application, also those of other origins: browsers send them anyway, and only hide the
    response. To refuse them, add the layer ``csrf``.

    Headers for CORS that the application sets are replaced. In a response to an origin that is not allowed, they are
    removed. Each response gets ``Vary: Origin``, even if the request has no ``Origin``, so that no cache gives one
    origin the response for another. The answer to a preflight also varies by ``Access-Control-Request-*``.

    :param allow_origins: the origins whose pages may read responses: whole ones, or ``https://*.example.org`` for all
        subdomains. Required. ``*`` alone allows all. ``null`` is sent by pages without an origin of their own, such as
        files and sandboxed frames. Any page can open one.
    :param allow_methods: the methods that their scripts may use, or ``*`` for all. By default GET, HEAD and POST, which
        browsers allow in any case.
    :param allow_headers: the headers that their scripts may send, or ``*`` for all but ``Authorization``, which must be
        named. By default ``Content-Type``, without which scripts cannot send JSON. Upper and lower case are equal.
    :param allow_credentials: whether scripts may send cookies and passwords. False by default, because such scripts can
        do what the user can do. Not possible with ``*`` and ``null``.
    :param expose_headers: the response headers that scripts may read beside the usual ones, such as ``X-Request-ID``.
        None by default.
    :param allow_private_network: whether pages of the internet may send requests to this site inside a private
        network (Private Network Access). False by default, because such sites often rely on not being reachable.
    :param max_age: how long browsers may remember the answer to a preflight. 10 minutes by default: after that, a
        changed option holds everywhere. 0 asks before each request.
    :param under: the beginnings of the paths that are shared. By default all paths. A request is passed on unchanged
        unless all spellings of its path are under one of them. The
        condition ``when_under`` is less strict: it holds if one spelling is.
    :raises ConfigError: no origin, a value that is not valid, or credentials for everybody.

    Cost tier T1; preflights do not reach the application.

    Place it inside ``access_log``, and outside everything that refuses requests or catches errors: authentication would
    refuse preflights, and scripts cannot read an error response without these headers. Not needed if only the pages of
    the site itself use it.
    """

    must_be_inside: ClassVar[Mapping[str, str]] = {"access_log": "preflights would not be logged"}
    must_be_outside: ClassVar[Mapping[str, str]] = {
        **because(AUTHENTICATION, "it would refuse preflights, in which browsers send no credentials"),
        "catch_errors": "scripts of other origins could not read error responses",
    }
    must_not_be_with: ClassVar[Mapping[str, str]] = because(CORS, "both set Access-Control-Allow-Origin")
    changes: ClassVar[Changes] = Changes(_MANAGED, answers=True)

    def __init__(
        self,
        app: App,
        /,
        *,
        allow_origins: Sequence[str] = (),
        allow_methods: Sequence[str] = ("GET", "HEAD", "POST"),
        allow_headers: Sequence[str] = ("Content-Type",),
        allow_credentials: bool = False,
        expose_headers: Sequence[str] = (),
        allow_private_network: bool = False,
        max_age: Duration = 600,
        under: Sequence[str] = (),
    ) -> None:
        super().__init__(app)
        names = {"allow_methods": allow_methods, "allow_headers": allow_headers, "expose_headers": expose_headers}
        check_lists(allow_origins=allow_origins, **names, under=under)
        mistakes = Mistakes()
        if not allow_origins:
            expected = "origins such as https://example.org, or * for all"
            mistakes.append(Mistake("missing origins", key="allow_origins", expected=expected))
        if _ANY in allow_origins and len(allow_origins) > 1:
            expected = "* alone, or a list without it"
            mistakes.append(Mistake("* already allows all origins", key="allow_origins", expected=expected))
        with mistakes.collect():
            listed = [origin for origin in allow_origins if origin not in (_ANY, _OPAQUE)]
            self._origins = Origins(listed, key="allow_origins")
        mistakes += [mistake for key, values in names.items() for value in values for mistake in _check(value, key)]
        if allow_credentials:
            expected = "a list of what is allowed, or allow_credentials = false"
            everybody = [("allow_origins", each) for each in (_ANY, _OPAQUE) if each in allow_origins]
            everybody += [(key, _ANY) for key, values in names.items() if _ANY in values]
            mistakes += [
                Mistake(f"{value} is not possible with credentials", key=key, value=value, expected=expected)
                for key, value in everybody
            ]
        with mistakes.collect():
            check_durations(max_age=max_age)
        with mistakes.collect():
            self._is_shared = compile_exemptions(under, key="under") if under else None
        mistakes.raise_if_any()
        self.allow_origins = allow_origins
        self.allow_methods = allow_methods
        self.allow_headers = allow_headers
        self.allow_credentials = allow_credentials
        self.expose_headers = expose_headers
        self.allow_private_network = allow_private_network
        self.max_age = max_age
        self.under = under
        self._preflight = [
            *([(f"{_ALLOW}-Methods", ", ".join(allow_methods))] if allow_methods else []),
            *([(f"{_ALLOW}-Headers", ", ".join(allow_headers))] if allow_headers else []),
            ("Access-Control-Max-Age", str(int(max_age))),
            ("Vary", _PREFLIGHT_VARY),
        ]
        self._known = {origin: self._find_headers(origin) for origin in ("", *allow_origins)}

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        """Serve one request."""
        if self._is_shared is not None and not self._is_shared(environ):
            return self.app(environ, start_response)
        origin: str = environ.get("HTTP_ORIGIN", "")
        # A longer text is not an origin, and a cache should not keep it.
        shared, preflight = self._known.get(origin) or self._find_headers(origin[: MAX_ORIGIN + 1])
        if environ["REQUEST_METHOD"] == "OPTIONS" and _ASKED_METHOD in environ and "HTTP_ORIGIN" in environ:
            status, headers, body = self._answer(environ, preflight)
            start_response(status, headers)
            return body
        return self.app(environ, editing(start_response, _share, shared))

    def _find_headers(self, origin: str) -> tuple[Headers, Headers]:
        """The headers for a response to an origin, and those for a preflight; none if the origin is not allowed."""
        if _ANY in self.allow_origins:  # also without an origin: some caches ignore Vary
            allowed = [(f"{_ALLOW}-Origin", _ANY)]
        elif self._origins.contains(origin) or (origin == _OPAQUE and _OPAQUE in self.allow_origins):
            allowed = [(f"{_ALLOW}-Origin", origin)]
        else:
            return [_VARY], []
        if self.allow_credentials:
            allowed.append((f"{_ALLOW}-Credentials", "true"))
        exposed = [("Access-Control-Expose-Headers", ", ".join(self.expose_headers))] if self.expose_headers else []
        return [*allowed, *exposed, _VARY], [*allowed, *self._preflight]

    def _answer(self, environ: Environ, preflight: Headers) -> tuple[str, Headers, list[bytes]]:
        if not preflight:
            status, headers, body = error_answer(environ, 403, "This site does not allow requests from that origin.")
            return status, replace(headers, "Vary", f"Accept, {_PREFLIGHT_VARY}"), body
        is_private = self.allow_private_network and environ.get(_ASKED_NETWORK) == "true"
        return "204 No Content", preflight + ([(f"{_ALLOW}-Private-Network", "true")] if is_private else []), []


def _share(status: str, headers: Headers, shared: Headers) -> tuple[str, Headers]:
    """Put our headers in the place of the application's."""
    for name, _ in headers:
        if name.lower() in _MANAGED:
            break
    else:
        return status, [*headers, *shared]
    kept = [item for item in headers if item[0].lower() not in _MANAGED or item[0].lower() == "vary"]
    return status, vary([*kept, *shared[:-1]], "Origin")


def _check(name: str, key: str) -> Iterator[Mistake]:
    """Check a method or the name of a header."""
    is_method = key == "allow_methods"
    if not is_field_name(name) or (is_method and name != name.upper()):
        expected = "a method in capitals, such as PUT" if is_method else "the name of a header"
        yield Mistake(f"invalid value {name!r}", key=key, value=name, expected=expected)
