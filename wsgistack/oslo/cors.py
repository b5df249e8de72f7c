"""The layer cors, with the option names and defaults of oslo.middleware."""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from wsgistack.base import Middleware
from wsgistack.errors import ConfigError, Mistake
from wsgistack.middleware.cors import Cors
from wsgistack.oslo.options import OsloLayer, Service, rename_keys
from wsgistack.types import App, Environ, StartResponse

__all__ = ["CORS", "filter_factory"]

_DEFAULTS: Mapping[str, object] = {
    "allowed_origin": (),
    "allow_credentials": True,
    "expose_headers": (),
    "max_age": 3600,
    "allow_methods": ("OPTIONS", "GET", "HEAD", "POST", "PUT", "DELETE", "TRACE", "PATCH"),
    "allow_headers": (),
}
_ALWAYS_ALLOWED = (
    *("Accept", "Accept-Language", "Cache-Control", "Content-Language", "Content-Type", "Expires", "Last-Modified"),
    "Pragma",
)
_ANY = "*"


class CORS(OsloLayer, Cors):
    """Let pages of other origins read responses, and send requests that a form cannot send.

    ::

        [filter:cors]
        use = egg:wsgistack#oslo_cors
        allowed_origin = https://horizon.example.com
        allow_headers = X-Auth-Token

    A preflight is answered here, with everything that is allowed. With oslo.middleware, OPTIONS reaches the
    application, and gets 200 if the application refuses it.

    :param allowed_origin: whose pages may read responses: origins, or ``*`` for all. By default what the service's
        configuration says in ``[cors]``, as for the following options. If that is nothing, requests pass unchanged.
    :param allow_credentials: whether scripts may send cookies and passwords. True by default, but false with ``*``,
        because browsers accept only one of them.
    :param expose_headers: the response headers that scripts may read. None by default.
    :param max_age: how long browsers remember the answer to a preflight, in seconds. 3600 by default.
    :param allow_methods: the methods that scripts may use. By default all of RFC 9110 except CONNECT, and PATCH.
    :param allow_headers: the headers that scripts may send beside ``Accept``, ``Cache-Control``, ``Content-Type`` and
        others that oslo.middleware always allows. None by default.
    :param oslo_config_project: the service whose files oslo.config reads.
    :param oslo_config_file: a file in the place of those of the service.
    :param oslo_config_program: the name of the program, which has files of its own.
    :raises ConfigError: neither ``allowed_origin`` nor ``oslo_config_project`` is set, or a value is not valid.

    A service changes these defaults with ``oslo_middleware.cors.set_defaults``. This layer has them, too.
    """

    def __init__(
        self,
        app: App,
        /,
        *,
        allowed_origin: Sequence[str] | None = None,
        allow_credentials: bool | None = None,
        expose_headers: Sequence[str] | None = None,
        max_age: int | None = None,
        allow_methods: Sequence[str] | None = None,
        allow_headers: Sequence[str] | None = None,
        oslo_config_project: str = "",
        oslo_config_file: Path | None = None,
        oslo_config_program: str = "",
    ) -> None:
        if allowed_origin is None and not oslo_config_project:
            expected = "origins such as https://horizon.example.com, or oslo_config_project"
            raise ConfigError(Mistake("missing origins", key="allowed_origin", expected=expected))
        given = {
            "allowed_origin": allowed_origin,
            "allow_credentials": allow_credentials,
            "expose_headers": expose_headers,
            "max_age": max_age,
            "allow_methods": allow_methods,
            "allow_headers": allow_headers,
        }
        service = Service(oslo_config_project, oslo_config_file, oslo_config_program)
        values = service.complete("cors", given, {**_DEFAULTS, **_find_changed_defaults()})
        self.allowed_origin: Sequence[str] = values["allowed_origin"]
        if not self.allowed_origin:
            Middleware.__init__(self, app)
            return
        is_for_all = _ANY in self.allowed_origin and allow_credentials is None
        with rename_keys(allow_origins="allowed_origin"):
            super().__init__(
                app,
                allow_origins=self.allowed_origin,
                allow_credentials=values["allow_credentials"] and not is_for_all,
                expose_headers=values["expose_headers"],
                max_age=values["max_age"],
                allow_methods=values["allow_methods"],
                allow_headers=(*_ALWAYS_ALLOWED, *values["allow_headers"]),
            )

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        """Serve one request."""
        if not self.allowed_origin:
            return self.app(environ, start_response)
        return super().__call__(environ, start_response)


def _find_changed_defaults() -> dict[str, object]:
    """The defaults that the service has set in oslo.middleware, which it still imports."""
    module: Any = sys.modules.get("oslo_middleware.cors")
    found = {option.name: option.default for option in getattr(module, "OPTS", ())}
    return {
        name: tuple(found[name] or ()) if isinstance(default, tuple) else found[name]
        for name, default in _DEFAULTS.items()
        if name in found
    }


filter_factory: Callable[..., Callable[[App], App]] = CORS.factory
