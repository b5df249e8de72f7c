"""All that is known about one failed request, as texts without secrets."""

import platform
from typing import NamedTuple

from wsgistack.base import Middleware
from wsgistack.environ import REQUEST_ID
from wsgistack.http.redaction import Redaction
from wsgistack.middleware.catch_errors.debug.layers import Stage, describe_pipeline
from wsgistack.middleware.catch_errors.debug.logs import Entry, describe_records
from wsgistack.middleware.catch_errors.debug.request import Request, describe_request
from wsgistack.middleware.catch_errors.frames import Frame, Raised, capture_error
from wsgistack.middleware.catch_errors.secrets import make_values
from wsgistack.types import Environ

__all__ = ["Failure", "describe_failure"]

MAX_TITLE = 300
"""In characters."""


class Failure(NamedTuple):
    """A failed request.

    :param python: the version of Python.
    """

    status: int
    error: Raised
    request: Request
    stages: list[Stage]
    records: list[Entry]
    request_id: str
    python: str

    @property
    def title(self) -> str:
        """The exception in one line."""
        message = " ".join(self.error.message[:MAX_TITLE].split())
        return f"{self.error.kind}: {message}" if message else self.error.kind

    @property
    def place(self) -> Frame | None:
        """The last frame of the application's own code, or else the last one."""
        frames = self.error.frames
        own = [each for each in frames if each.owner == "application"]
        return own[-1] if own else frames[-1] if frames else None


def describe_failure(
    layer: Middleware, environ: Environ, error: BaseException, status: int, redaction: Redaction
) -> Failure:
    """Describe a failed request.

    :param layer: the one that has caught the error.
    :param status: the one of the answer.
    """
    values = make_values(redaction, environ, error, layer.pipeline)
    return Failure(
        status,
        capture_error(error, values),
        describe_request(environ, redaction, values),
        describe_pipeline(layer, error),
        describe_records(environ, values),
        values.cut(str(environ.get(REQUEST_ID, "")), MAX_TITLE),
        f"{platform.python_implementation()} {platform.python_version()}",
    )
