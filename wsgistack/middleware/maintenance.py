"""A page for the time of an upgrade."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from wsgistack.base import Middleware
from wsgistack.errors import Mistake, Mistakes, check_durations, check_lists
from wsgistack.http.addresses import Networks
from wsgistack.http.paths import compile_exemptions
from wsgistack.http.responses import send_answer
from wsgistack.peers import FORWARDING, because
from wsgistack.types import App, Changes, Duration, Environ, StartResponse

__all__ = ["Maintenance"]


class Maintenance(Middleware):
    """Answer 503 while the site is down for maintenance, as long as a flag file exists.

    ::

        Maintenance(app, flag="/run/shop/maintenance", allowed=["192.0.2.0/24"], exempt=["/health"])

        [filter:maintenance]
        use = egg:wsgistack#maintenance
        flag = /run/shop/maintenance
        allowed = 192.0.2.0/24
        exempt = /health

    ``touch /run/shop/maintenance`` begins the maintenance in all processes at the next request, and ``rm`` ends it. The
    answer has ``Retry-After`` (RFC 9110 section 10.2.3) and must not be cached.

    :param flag: the file. Its content does not matter. If the file can't be looked up, for example because a folder
        is not readable, the maintenance has not begun: a wrong permission should not take a site down.
    :param enabled: begin the maintenance without a file. False by default.
    :param allowed: networks whose clients reach the application nevertheless: addresses, CIDR notation, or ``unix``.
        None by default.
    :param exempt: the beginnings of paths that are answered nevertheless, such as the one of a health check.
    :param retry_after: when clients shall ask again, in ``Retry-After``. 5 minutes by default.
    :param message: what the answer says, for the users of the site.
    :raises ConfigError: neither ``flag`` nor ``enabled`` is set, or a file name, a network or a path is not valid.

    Cost tier T0: one look at the file for each request, about a microsecond.

    Place it inside ``forwarded``, which finds the client's address, and inside ``access_log``; outside everything that
    needs a database. Not needed where the server in front does this.
    """

    must_be_inside: ClassVar[Mapping[str, str]] = {
        "access_log": "refused requests would not be logged",
        **because(FORWARDING, "it would see the address of the proxy, not the client's"),
    }
    changes: ClassVar[Changes] = Changes(answers=True)

    def __init__(
        self,
        app: App,
        /,
        *,
        flag: Path | None = None,
        enabled: bool = False,
        allowed: Sequence[str] = (),
        exempt: Sequence[str] = (),
        retry_after: Duration = 300,
        message: str = "The site is down for maintenance. Please try again later.",
    ) -> None:
        super().__init__(app)
        check_lists(allowed=allowed, exempt=exempt)
        mistakes = Mistakes()
        if flag is None and not enabled:
            expected = "the name of a file that begins the maintenance when it is made, such as /run/site/maintenance"
            mistakes.append(Mistake("is not set", key="flag", expected=expected))
        if "\0" in str(flag):
            problem = f"not a valid file name {str(flag)!r}"
            mistakes.append(Mistake(problem, key="flag", value=flag, expected="a path without the character NUL"))
        with mistakes.collect():
            check_durations(retry_after=retry_after)
        with mistakes.collect():
            self._is_allowed = Networks(allowed, key="allowed").contains_peer
        with mistakes.collect():
            self._is_exempt = compile_exemptions(exempt, key="exempt")
        mistakes.raise_if_any()
        self.flag = flag
        self.enabled = enabled
        self.allowed = allowed
        self.exempt = exempt
        self.retry_after = retry_after
        self.message = message
        self._path = os.fspath(flag) if flag is not None else ""
        self._headers = (("Retry-After", str(round(retry_after))), ("Cache-Control", "no-store"))

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        """Serve one request."""
        # os.path.exists() takes three times as long for a missing file, because it catches an error
        if not (self.enabled or os.access(self._path, os.F_OK)):
            return self.app(environ, start_response)
        if self._is_allowed(environ.get("REMOTE_ADDR", "")) or self._is_exempt(environ):
            return self.app(environ, start_response)
        return send_answer(environ, start_response, 503, self.message, headers=self._headers)
