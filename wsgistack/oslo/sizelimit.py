"""The layer body_limit, with the option names of oslo.middleware."""

from collections.abc import Iterable
from pathlib import Path

from wsgistack.middleware.body_limit import BodyLimit
from wsgistack.oslo.options import OsloLayer, Service, rename_keys
from wsgistack.oslo.starts import hide_first_error
from wsgistack.types import App, Environ, Size, StartResponse

__all__ = ["RequestBodySizeLimiter"]


class RequestBodySizeLimiter(OsloLayer, BodyLimit):
    """Answer 413 to a request whose body is larger than a limit.

    ::

        [filter:sizelimit]
        use = egg:wsgistack#oslo_sizelimit
        max_request_body_size = 114688

    Unlike with oslo.middleware, the application can read a body without a length with all methods of ``wsgi.input``.

    :param max_request_body_size: the largest body in bytes. By default what the service's configuration says in
        ``[oslo_middleware]``, or else 114688.
    :param oslo_config_project: the service whose files oslo.config reads. By default the one in this process.
    :param oslo_config_file: a file in the place of those of the service.
    :param oslo_config_program: the name of the program, which has files of its own.
    :raises ConfigError: the size is negative.
    """

    def __init__(
        self,
        app: App,
        /,
        *,
        max_request_body_size: Size | None = None,
        oslo_config_project: str = "",
        oslo_config_file: Path | None = None,
        oslo_config_program: str = "",
    ) -> None:
        service = Service(oslo_config_project, oslo_config_file, oslo_config_program)
        given = {"max_request_body_size": max_request_body_size}
        values = service.complete("oslo_middleware", given, {"max_request_body_size": 114688})
        self.max_request_body_size: int = values["max_request_body_size"]
        with rename_keys(max_size="max_request_body_size"):
            super().__init__(app, max_size=self.max_request_body_size)

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        """Serve one request."""
        return super().__call__(environ, hide_first_error(start_response))
