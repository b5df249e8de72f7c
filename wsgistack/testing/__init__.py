"""The conformance kit: it tests applications, middlewares and servers, whoever wrote them, against PEP 3333."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wsgistack.testing.judge import Judge, Verdict
    from wsgistack.testing.lint import Lint
    from wsgistack.testing.plugin import MiddlewareConformance as MiddlewareConformance
    from wsgistack.testing.record import Record
    from wsgistack.testing.request import make_environ
    from wsgistack.testing.server import Mode, Server

__all__ = ["Judge", "Lint", "Mode", "Record", "Server", "Verdict", "make_environ"]
# MiddlewareConformance needs pytest. It is left out, so that "import *" works without pytest.

_HOMES = {
    "judge": ("Judge", "Verdict"),
    "lint": ("Lint",),
    "plugin": ("MiddlewareConformance",),
    "record": ("Record",),
    "request": ("make_environ",),
    "server": ("Mode", "Server"),
}


if not TYPE_CHECKING:  # type checkers would accept any name

    def __getattr__(name: str) -> object:
        """Import a name when it is first used: only the plugin needs pytest."""
        for home, public in _HOMES.items():
            if name in public:
                found: object = getattr(import_module(f"wsgistack.testing.{home}"), name)
                globals()[name] = found
                return found
        raise AttributeError(f"module 'wsgistack.testing' has no attribute {name!r}")
