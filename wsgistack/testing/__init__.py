"""The conformance kit: it judges applications, middlewares and servers by PEP 3333, whoever wrote them."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wsgistack.testing.judge import Judge, Verdict
    from wsgistack.testing.plugin import MiddlewareConformance
    from wsgistack.testing.record import Record
    from wsgistack.testing.request import make_environ
    from wsgistack.testing.server import Server

__all__ = ["Judge", "MiddlewareConformance", "Record", "Server", "Verdict", "make_environ"]

_HOMES = {
    "judge": ("Judge", "Verdict"),
    "plugin": ("MiddlewareConformance",),
    "record": ("Record",),
    "request": ("make_environ",),
    "server": ("Server",),
}


def __getattr__(name: str) -> object:
    """Import what is asked for, when it is asked for: only the plugin needs pytest."""
    for home, public in _HOMES.items():
        if name in public:
            found: object = getattr(import_module(f"wsgistack.testing.{home}"), name)
            return found
    raise AttributeError(f"module 'wsgistack.testing' has no attribute {name!r}")
