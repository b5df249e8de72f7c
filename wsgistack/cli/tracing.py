"""Sends requests through an application in memory, and records which layers see them."""

from collections.abc import Iterable
from typing import NamedTuple

from wsgistack.cli.building import collect_order
from wsgistack.conditions.predicates import Predicate
from wsgistack.config.parts import Stack
from wsgistack.environ import METHOD_OVERRIDES
from wsgistack.pipeline.spec import Spec, observe_layers
from wsgistack.types import App, Environ, Headers, StartResponse

__all__ = ["Request", "Trace", "Visit"]

_SHOWN = ("wsgi.url_scheme", "HTTP_X_VHM_ROOT", "HTTP_X_SCRIPT_NAME", "HTTP_X_FORWARDED_PREFIX", *METHOD_OVERRIDES)


class Request(NamedTuple):
    """A request as a client sends it.

    :param target: the path and the query, percent-encoded.
    :param script_name: what a server puts before PATH_INFO; some take it from a request header.
    :param environ: other keys of the environ, and their values, which may be secrets of a condition.
    """

    method: str
    target: str
    host: str = "localhost"
    script_name: str = ""
    environ: tuple[tuple[str, str], ...] = ()

    def show_environ(self) -> dict[str, str]:
        """The other keys of the environ, without values that may be secret."""
        return {key: value if key in _SHOWN else "..." for key, value in self.environ}

    def __str__(self) -> str:
        shown = {"SCRIPT_NAME": self.script_name} if self.script_name else {}
        shown |= {"Host": self.host} if self.host != "localhost" else {}
        shown |= {
            key.removeprefix("HTTP_").replace("_", "-").title() if key[:5] == "HTTP_" else key: value
            for key, value in self.show_environ().items()
        }
        return " ".join([self.method, self.target, *(f"{name}: {value}" for name, value in shown.items())])


class Visit(NamedTuple):
    """A request at a layer: the environ as it was then, and whether the layer is active for it."""

    spec: Spec
    environ: Environ
    is_active: bool


class Trace:
    """An application of a configuration, all of whose layers record the requests that they get.

    Logs are left out, so that no request that was never made is logged.

    :param stack: the application with its layers, to be built.
    :raises ConfigError: it has mistakes.
    """

    def __init__(self, stack: Stack) -> None:
        self.specs: list[Spec] = []
        """All layers, also those of mounted applications, the outermost one first."""
        self.visits: list[Visit] = []
        """The layers that got the last request, the outermost one first."""
        with observe_layers(self._observe), collect_order():  # check reports it
            self._app = stack.build()

    def send(self, request: Request, headers: Iterable[tuple[str, str]] = ()) -> str:
        """Send a request, without the rest of a long body. Return the status, or the name of an exception."""
        from wsgistack.testing import make_environ

        environ = make_environ(request.method, request.target, headers=[("Host", request.host), *headers])
        environ["SCRIPT_NAME"] = _encode(request.script_name)
        environ.update((key, _encode(value)) for key, value in request.environ)
        self.visits.clear()
        started: list[str] = []

        def start_response(status: str, headers: Headers, exc_info: object = None, /) -> object:
            started.append(status)
            return lambda data: None

        try:
            body = self._app(environ, start_response)  # type: ignore[arg-type]
            try:
                any(body)  # up to the first chunk that is not empty
            finally:
                getattr(body, "close", tuple)()
        except Exception as error:
            return type(error).__name__
        return started[-1] if started else "no status"

    def _observe(self, spec: Spec, layer: App, app: App, condition: Predicate | None) -> App:
        self.specs.insert(0, spec)
        # A class that derives from a log may change the request, so it must say again that it is one.
        is_left_out = not spec.is_guard and vars(type(layer)).get("is_log") is True

        def record(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
            is_active = condition is None or condition(environ)
            self.visits.append(Visit(spec, dict(environ), is_active))
            return (layer if is_active and not is_left_out else app)(environ, start_response)

        return record


def _encode(text: str) -> str:
    """The text as a server passes it on: its bytes, decoded as latin-1 (PEP 3333)."""
    return text.encode().decode("latin-1")
