"""Paths that servers, layers and applications may read differently."""

from collections.abc import Iterable, Mapping
from typing import ClassVar, Literal

from wsgistack.base import Middleware
from wsgistack.errors import ConfigError, Mistake
from wsgistack.http.paths import is_ambiguous, normal_form
from wsgistack.http.responses import send_answer
from wsgistack.http.urls import quote_target
from wsgistack.types import App, Changes, Environ, StartResponse

__all__ = ["Paths"]


class Paths(Middleware):
    """Let only unambiguous paths through, so that all layers and the application read the same path.

    ``//admin``, ``/x/../admin``, ``/%2561dmin`` and ``/admin;x`` may all be ``/admin`` for an application, but another
    path for a layer, a proxy or a log. ::

        Paths(app)

        [filter:paths]
        use = egg:wsgistack#paths
        action = redirect

    A path is ambiguous if it changes when slashes are collapsed, dot segments are resolved (RFC 3986 section 5.2.4),
    ``;parameters`` are removed, backslashes are read as slashes, or it is percent-decoded once more. So is one with
    control characters, or one that is not UTF-8.

    :param action: what happens to an ambiguous path. ``refuse`` answers 400, which is the default because ordinary
        clients send no such paths. ``redirect`` answers 308 (RFC 9110 section 15.4.9) with the normal form and the same
        query; a client repeats the request there with the same method. ``normalize`` passes the normal form on as
        PATH_INFO. A path without a normal form is always refused, such as ``/x//../admin``.
    :raises ConfigError: the action is unknown.

    SCRIPT_NAME counts as the beginning of the path and is never changed.

    Cost tier T0.

    Place it outermost, but inside access_log. Not for applications that need such paths: with matrix parameters, or
    with encoded slashes in names. A guard with a condition is safe without it.
    """

    must_be_inside: ClassVar[Mapping[str, str]] = {"access_log": "refused requests would not be logged"}
    changes: ClassVar[Changes] = Changes(answers=True)

    def __init__(self, app: App, /, *, action: Literal["refuse", "redirect", "normalize"] = "refuse") -> None:
        super().__init__(app)
        if action not in ("refuse", "redirect", "normalize"):
            expected = "refuse, redirect or normalize"
            raise ConfigError(Mistake(f"invalid value {action!r}", key="action", value=action, expected=expected))
        self.action = action

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        """Serve one request."""
        script_name: str = environ.get("SCRIPT_NAME", "")
        path: str = environ.get("PATH_INFO", "")
        whole = script_name + path or "/"  # PEP 3333: the root of an application may have an empty path
        if not is_ambiguous(whole) and path[:1] in ("/", ""):
            return self.app(environ, start_response)
        normal = normal_form(path)
        if self.action == "refuse" or normal is None or normal_form(whole) != script_name + normal:
            return send_answer(environ, start_response, 400, "The path of the request is ambiguous.")
        if self.action == "normalize":
            environ["PATH_INFO"] = normal
            return self.app(environ, start_response)
        location = quote_target(environ, script_name + normal)
        return send_answer(environ, start_response, 308, headers=[("Location", location)])
