"""An application that prints and logs, and layers that call themselves a log."""

import logging
import sys
from collections.abc import Iterable
from typing import ClassVar

from wsgistack import Middleware
from wsgistack.types import Environ, StartResponse


def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    print("served")
    print("served", file=sys.stderr)
    logging.getLogger("shop").error("served")
    start_response("200 OK", [("Content-Length", "0")])
    return []


class Log(Middleware):
    is_log: ClassVar = True


class Rewriting(Log):
    """It inherits the promise of a log, and breaks it."""

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        return self.app({**environ, "PATH_INFO": "/"}, start_response)


class LoggingGuard(Log):
    is_guard: ClassVar = True
    is_log: ClassVar = True

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        start_response("403 Forbidden", [("Content-Length", "0")])
        return []
