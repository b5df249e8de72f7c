"""The layer catch_errors under the name of oslo.middleware."""

from collections.abc import Iterable
from pathlib import Path

from wsgistack.middleware import catch_errors
from wsgistack.oslo.options import OsloLayer
from wsgistack.types import App, Environ, ExcInfo, Headers, StartResponse, Write

__all__ = ["CatchErrors"]


class CatchErrors(OsloLayer, catch_errors.CatchErrors):
    """Answer 500 if the application raises an error, and log the traceback once.

    ::

        [filter:catch_errors]
        use = egg:wsgistack#oslo_catch_errors

    The log is ``wsgistack.catch_errors``. It shows no headers, and so no tokens.

    Middlewares made with WebOb, as those of oslo.middleware and of the services, raise every ``exc_info`` again that
    they get. If nothing has been started, the answer therefore comes without it.

    :param oslo_config_project: has no effect, as in oslo.middleware.
    :param oslo_config_file: has no effect.
    :param oslo_config_program: has no effect.
    """

    def __init__(
        self,
        app: App,
        /,
        *,
        oslo_config_project: str = "",
        oslo_config_file: Path | None = None,
        oslo_config_program: str = "",
    ) -> None:
        super().__init__(app)

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        """Serve one request."""
        has_started = False

        def start(status: str, headers: Headers, exc_info: ExcInfo | None = None) -> Write:
            nonlocal has_started
            try:
                if exc_info is None or not has_started:
                    has_started = True
                    return start_response(status, headers)
                return start_response(status, headers, exc_info)
            finally:
                exc_info = None

        return super().__call__(environ, start)
