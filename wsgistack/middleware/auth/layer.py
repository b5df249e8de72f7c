"""What all layers for authentication do with their schemes: let in, or refuse with one answer."""

import logging
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import ClassVar, Literal

from wsgistack.base import Middleware
from wsgistack.environ import IDENTITY
from wsgistack.errors import Mistake, Mistakes, check_lists, check_options
from wsgistack.http.addresses import UNSPECIFIED
from wsgistack.http.escaping import escape_quoted
from wsgistack.http.paths import compile_exemptions
from wsgistack.http.responses import send_answer
from wsgistack.middleware.auth.rules import RuleOptions, compile_rules
from wsgistack.middleware.auth.scheme import Credentials, Identity, Refusal, Scheme
from wsgistack.middleware.auth.throttle import Throttle, ThrottleOptions
from wsgistack.peers import FORWARDING, because
from wsgistack.types import App, Changes, Environ, StartResponse

__all__ = ["AuthLayer"]

MAX_LOGGED_USER = 64
"""In characters: what the log shows of a name that a client claims."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_DETAILS = {
    400: "The credentials of this request are malformed.",
    401: "This resource needs valid credentials.",
    403: "These credentials do not allow this request.",
    429: "Too many failed attempts. Try again later.",
    503: "The credentials can't be verified now. Try again later.",
}
_LOGGER = logging.getLogger("wsgistack.auth")


class AuthLayer(Middleware):
    """The base of the layers for authentication. A subclass says how to make schemes from its other options.

    :param make_schemes: makes each scheme, by the option whose value has the keys of its mistakes.
    """

    must_be_inside: ClassVar[Mapping[str, str]] = {
        "access_log": "refused requests would not be logged",
        "catch_errors": "an error of a check would reach the server",
        **because(FORWARDING, "it would see the address of the proxy, not the client's"),
    }
    is_guard: ClassVar[bool] = True
    changes: ClassVar[Changes] = Changes(answers=True)

    def __init__(
        self,
        app: App,
        make_schemes: Mapping[str, Callable[[], Scheme]],
        /,
        *,
        public: Sequence[str],
        optional: bool,
        rules: Sequence[RuleOptions],
        realm: str,
        throttle: ThrottleOptions | None,
        withhold: bool,
        dialog: Literal["always", "pages"] = "always",
    ) -> None:
        super().__init__(app)
        mistakes = Mistakes()
        with mistakes.collect():
            check_lists(public=public)
            self._is_public = compile_exemptions(public, key="public")
        if _CONTROL.search(realm) or not realm.isascii():
            problem = "a header can't contain this realm"
            mistakes.append(Mistake(problem, key="realm", value=realm, expected="printable ASCII"))
        if dialog not in ("always", "pages"):
            mistakes.append(Mistake("invalid value", key="dialog", value=dialog, expected="always or pages"))
        with mistakes.collect():
            self._rules = compile_rules(rules, key="rules")
        self._throttle: Throttle | None = None
        if throttle is not None:
            with mistakes.collect(prefix="throttle"):
                check_options(throttle, Throttle)
                self._throttle = Throttle(**throttle)
        schemes = []
        for key, make in make_schemes.items():
            with mistakes.collect(prefix=key):
                schemes.append(make())
        mistakes.raise_if_any()
        self._schemes = tuple(schemes)
        own = [each for each in schemes if type(each).remove_forged is not Scheme.remove_forged]
        self._removers = tuple(each.remove_forged for each in own)
        self.public = public
        self.optional = optional
        self.rules = rules
        self.realm = realm
        self.throttle = throttle
        self.dialog = dialog
        self.withhold = withhold
        escaped = realm.replace("\\", "\\\\").replace('"', '\\"')
        self._quoted_realm = f'"{escaped}"'

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        """Serve one request."""
        environ.pop("REMOTE_USER", None)
        environ.pop("AUTH_TYPE", None)
        environ.pop(IDENTITY, None)
        for remove_forged in self._removers:
            remove_forged(environ)
        if self.public and self._is_public(environ):
            if self.withhold:
                self._withhold(environ)
            return self.app(environ, start_response)
        identity: Identity | None = None
        for scheme in self._schemes:
            found: object = scheme.read(environ)
            if found is None:
                continue
            user = ""
            if isinstance(found, Credentials):
                user = found.user
                found = _verify(scheme, found, environ, self._throttle)
            if not isinstance(found, Identity):
                refusal = found if isinstance(found, Refusal) else Refusal("not verified")  # by a scheme that forgot it
                return self._refuse(refusal, scheme, user, environ, start_response)
            identity = found
            break
        for rule in self._rules:
            if rule.matches(environ):
                forbidden = rule.judge(identity, environ) if identity else Refusal("no credentials")
                if forbidden:
                    user = identity.user if identity else ""
                    return self._refuse(forbidden, scheme if identity else None, user, environ, start_response)
        if identity:
            user = identity.user
            # PEP 3333: bytes as latin-1
            environ["REMOTE_USER"] = user if user.isascii() else user.encode().decode("latin-1")
            environ["AUTH_TYPE"] = identity.scheme
            environ[IDENTITY] = identity
        elif not self.optional:
            return self._refuse(Refusal("no credentials"), None, "", environ, start_response)
        if self.withhold:
            self._withhold(environ)
        return self.app(environ, start_response)

    def _withhold(self, environ: Environ) -> None:
        for scheme in self._schemes:
            scheme.withhold(environ)

    def _refuse(
        self, refusal: Refusal, scheme: Scheme | None, user: str, environ: Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        if scheme is not None:
            # fail2ban may block who guesses, but not whose token has expired
            said = "wrong credentials of" if refusal.is_guess else "refused"
            client = environ.get("REMOTE_ADDR", "")
            message = f'{said} user "%s" from %s: {refusal.reason.replace("%", "%%")}'
            _log(message, logging.WARNING, user, client, scheme, refusal.reason)
        headers = []
        if refusal.status == 401:
            headers = self._list_challenges(refusal, scheme, environ)
        elif refusal.error and scheme is not None:  # RFC 6750 section 3
            headers = [("WWW-Authenticate", scheme.challenge(self._quoted_realm, refusal))]
        if refusal.retry_after:
            headers.append(("Retry-After", str(refusal.retry_after)))
        return send_answer(environ, start_response, refusal.status, _DETAILS.get(refusal.status, ""), headers=headers)

    def _list_challenges(self, refusal: Refusal, refused_by: Scheme | None, environ: Environ) -> list[tuple[str, str]]:
        is_script = self.dialog == "pages" and (
            "HTTP_X_REQUESTED_WITH" in environ or environ.get("HTTP_SEC_FETCH_MODE", "navigate") != "navigate"
        )
        challenges = []
        for scheme in self._schemes:
            challenge = scheme.challenge(self._quoted_realm, refusal if scheme is refused_by else None)
            # browsers do not know a scheme with X-, so that they open no dialog
            challenges.append(
                ("WWW-Authenticate", f"X-{challenge}" if is_script and scheme.opens_dialog else challenge)
            )
        return challenges


def _verify(scheme: Scheme, credentials: Credentials, environ: Environ, throttle: Throttle | None) -> object:
    client, user = environ.get("REMOTE_ADDR", ""), credentials.user
    counters = throttle.find_counters(client, user) if throttle else ()
    refusal = throttle.check(counters) if throttle else None
    if refusal:
        return refusal
    found: object = scheme.verify(credentials)
    if isinstance(found, Identity):
        # others may have failed meanwhile; who may not guess any more must not learn which guess was right
        refusal = throttle.check(counters) if throttle else None
        if refusal:
            return refusal
        scheme.remember(credentials, found)
        if _LOGGER.isEnabledFor(logging.DEBUG):
            _log('let in user "%s" from %s', logging.DEBUG, found.user, client, scheme, "")
    elif throttle and isinstance(found, Refusal) and found.is_guess:
        left = throttle.count_failure(counters)
        if left == 0:
            message = 'locked out user "%s" from %s after too many failures'
            _log(message, logging.WARNING, user, client, scheme, "locked out")
        elif left is None or left < 0:
            return throttle.check(counters) or Refusal("too many failures", 429, retry_after=1)
    return found


def _log(message: str, level: int, user: str, client: str, scheme: Scheme, reason: str) -> None:
    user = escape_quoted(user[:MAX_LOGGED_USER])
    client = "-" if client in ("", UNSPECIFIED) else escape_quoted(client)  # fail2ban must not block it
    extra = {"user": user, "client": client, "scheme": scheme.auth_type, "reason": reason}
    _LOGGER.log(level, message, user, client, extra=extra)
