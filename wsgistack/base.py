"""The base of every layer."""

from collections.abc import Iterable, Mapping
from typing import ClassVar

from wsgistack.types import App, Changes, Environ, StartResponse

__all__ = ["Middleware"]


class Middleware:
    """A WSGI application around another one: the base of every layer, and a layer that changes nothing.

    A subclass takes its options as keyword-only, annotated arguments, checks them in ``__init__`` and keeps each under
    its own name; after that nothing on the instance changes, for it serves many threads. What belongs to one request
    lives in the call, or in an :class:`~wsgistack.exchange.Exchange`. The signature is all that the pipeline, ``check``
    and ``list`` need to know::

        class Powered(Middleware):
            \"\"\"Say in a header what powers the site.

            :param by: the value of ``X-Powered-By``.
            \"\"\"

            def __init__(self, app: App, /, *, by: str = "coffee") -> None:
                super().__init__(app)
                self.by = by

            def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
                def edit(status: str, headers: Headers) -> tuple[str, Headers]:
                    return status, replace(headers, "X-Powered-By", self.by)

                return self.app(environ, editing(start_response, edit))

    Cost tier T0.
    """

    must_be_inside: ClassVar[Mapping[str, str]] = {}
    """Layers that belong around this one, each with the reason: ``{"access_log": "it logs what this one sends"}``."""

    must_be_outside: ClassVar[Mapping[str, str]] = {}
    """Layers that this one belongs around, each with the reason."""

    changes: ClassVar[Changes] = Changes()
    """What this layer changes in a response; the conformance kit holds it to leaving all else alone."""

    def __init__(self, app: App, /) -> None:
        self.app = app

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        """Serve one request."""
        return self.app(environ, start_response)

    def __repr__(self) -> str:
        """The class, the application, and the options that are not the defaults, if the instance keeps them."""
        from inspect import signature  # slow to import, as what reads annotations is

        from wsgistack.options.annotations import is_secret

        try:
            parameters = signature(type(self), eval_str=True).parameters
        except Exception:  # an annotation that only a type checker can read
            parameters = signature(type(self)).parameters
        kept = vars(self)
        options = [
            f", {name}={'<secret>' if is_secret(parameter.annotation) else repr(kept[name])}"
            for name, parameter in list(parameters.items())[1:]
            if name in kept and kept[name] != parameter.default
        ]
        return f"{type(self).__name__}({self.app!r}{''.join(options)})"
