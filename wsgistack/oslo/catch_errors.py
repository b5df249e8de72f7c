"""The layer catch_errors under the name of oslo.middleware."""

from collections.abc import Iterable
from pathlib import Path

from wsgistack.middleware import catch_errors
from wsgistack.oslo.options import OsloLayer
from wsgistack.oslo.starts import hide_first_error
from wsgistack.types import App, Environ, StartResponse

__all__ = ["CatchErrors"]


class CatchErrors(OsloLayer, catch_errors.CatchErrors):
    """Answer 500 if the application raises an error, and log the traceback once.

    ::

        [filter:catch_errors]
        use = egg:wsgistack#oslo_catch_errors

    The log is ``wsgistack.catch_errors``. It shows no headers, and so no tokens.

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
        return super().__call__(environ, hide_first_error(start_response))
