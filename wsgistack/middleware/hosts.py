"""Which hosts a site answers for."""

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from wsgistack.base import Middleware
from wsgistack.errors import Mistake, Mistakes, check_lists
from wsgistack.http.hosts import HostPatterns, split_host
from wsgistack.http.paths import compile_exemptions
from wsgistack.http.responses import send_answer
from wsgistack.http.urls import quote_target
from wsgistack.peers import FORWARDING, because
from wsgistack.types import App, Changes, Environ, StartResponse

__all__ = ["Hosts"]

_DEFAULT_PORTS = (80, 443)


class Hosts(Middleware):
    """Answer only requests for the names of the site; others get 400.

    Applications build links from the ``Host`` header, for example in an e-mail that resets a password. A client can
    send any host, and a cache may keep the page with its links. Some applications also read ``X-Forwarded-Host``, such
    as those of Bottle: they need ``forwarded``, too, which removes it. ::

        Hosts(app, allowed=["example.org", "*.example.org"], canonical="www.example.org", exempt=["/health"])

        [filter:hosts]
        use = egg:wsgistack#hosts
        allowed = example.org *.example.org
        canonical = www.example.org
        exempt = /health

    The header must be valid (RFC 9110 section 7.2): one name, IPv4 address or IPv6 address in brackets, and perhaps a
    port. Upper and lower case are equal, and one dot at the end does not matter. A request without the header is
    refused.

    :param allowed: the names, with any port. ``*.example.org`` is every subdomain, but not ``example.org`` itself. It
        may be empty if ``canonical`` is set. ``*`` alone is refused: without this layer, every host is allowed.
    :param canonical: the one name of the site, perhaps with a port other than 80 and 443. Requests for other allowed
        names are redirected there with 308, which keeps the method and the body. By default, nothing is redirected.
    :param exempt: the beginnings of paths that are answered for every host, such as the one of a health check, which
        load balancers send to an address. None by default. All spellings of a path must be under one of them.
    :raises ConfigError: no name is set, or one is not valid.

    Cost tier T0.

    Place it inside ``forwarded``, which puts the host that the client asked for into the environ, and inside
    ``access_log``; outside everything else. Not needed where the server in front answers only for its own names, as
    nginx does without a ``default_server`` that leads to the application.
    """

    must_be_inside: ClassVar[Mapping[str, str]] = {
        "access_log": "refused requests would not be logged",
        **because(
            FORWARDING, "it would check the name of the proxy's connection, not the one that the client asked for"
        ),
    }
    changes: ClassVar[Changes] = Changes(answers=True)

    def __init__(
        self,
        app: App,
        /,
        *,
        allowed: Sequence[str] = (),
        canonical: str = "",
        exempt: Sequence[str] = (),
    ) -> None:
        super().__init__(app)
        check_lists(allowed=allowed, exempt=exempt)
        mistakes = Mistakes()
        wanted = None if canonical.endswith(":") else split_host(canonical)
        if canonical and (wanted is None or wanted[1] in _DEFAULT_PORTS):
            expected = "a name, such as www.example.org or www.example.org:8443"
            # A redirect to a default port would come back without it, and be redirected again.
            problem = f"browsers leave out the port {wanted[1]}" if wanted else f"not a valid host {canonical!r}"
            likely = canonical.rpartition("://")[2].rstrip("/:").removesuffix(":80").removesuffix(":443")
            hint = f"write {likely}" if likely != canonical and split_host(likely) else ""
            mistakes.append(Mistake(problem, key="canonical", value=canonical, expected=expected, hint=hint))
        if not (allowed or canonical):
            mistakes.append(Mistake("is not set", key="allowed", expected="the names of the site, such as example.org"))
        with mistakes.collect():
            self._allows = HostPatterns(allowed, key="allowed").contains
        with mistakes.collect():
            self._is_exempt = compile_exemptions(exempt, key="exempt")
        mistakes.raise_if_any()
        self.allowed = allowed
        self.canonical = canonical
        self.exempt = exempt
        self._wanted = wanted

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        """Serve one request."""
        host: str = environ.get("HTTP_HOST", "")
        if self._wanted is None:
            if self._allows(host) or self._is_exempt(environ):
                return self.app(environ, start_response)
        else:
            found = split_host(host)
            name, port = self._wanted
            if (found and found[0] == name and (port is None or port == found[1])) or self._is_exempt(environ):
                return self.app(environ, start_response)
            if found and (found[0] == name or self._allows(host)):
                scheme = "https" if environ["wsgi.url_scheme"] == "https" else "http"  # uWSGI lets clients choose it
                location = f"{scheme}://{self.canonical}{quote_target(environ)}"
                return send_answer(environ, start_response, 308, headers=[("Location", location)])
        return send_answer(environ, start_response, 400, "This site has another name.")
