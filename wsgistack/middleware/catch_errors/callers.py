"""Callers that want an error itself and no answer to it: tests, debuggers, and layers that show errors."""

import sys
from traceback import walk_stack

from wsgistack.environ import RAISE_ERRORS
from wsgistack.middleware.catch_errors.attributes import traceback_of
from wsgistack.types import Environ

__all__ = ["wants_error"]


def wants_error(environ: Environ, error: Exception) -> bool:
    """Whether the caller of the layer wants an error raised.

    The first of these decides:

    - ``environ["wsgistack.raise_errors"]``, if it is there;
    - ``environ["paste.throw_errors"]``, which WebTest and Paste's ErrorMiddleware set;
    - Werkzeug's debugger, if it waits for the error outside of the layer;
    - ``TESTING`` of the Flask application that raised the error.
    """
    asked = environ.get(RAISE_ERRORS)
    if asked is not None:
        return bool(asked)
    return bool(environ.get("paste.throw_errors")) or _is_in_debugger() or _is_of_tested_flask(error)


def _is_in_debugger() -> bool:
    """Whether Werkzeug's debugger is among the callers. Its key in the environ does not show on which side it is."""
    if "werkzeug.debug" not in sys.modules:
        return False
    return any(frame.f_globals.get("__name__") == "werkzeug.debug" for frame, _ in walk_stack(None))


def _is_of_tested_flask(error: Exception) -> bool:
    flask = sys.modules.get("flask")
    served = getattr(getattr(getattr(flask, "Flask", None), "wsgi_app", None), "__code__", None)
    step = traceback_of(error) if served is not None else None  # Flask may be half imported, or have another method
    while step is not None:
        if step.tb_frame.f_code is served:
            return bool(step.tb_frame.f_locals["self"].testing)
        step = step.tb_next
    return False
