"""The base of every layer."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import ClassVar

from wsgistack.types import App, Changes, Environ, StartResponse

__all__ = ["Middleware"]


class Middleware:
    """A WSGI application around another one: the base of every middleware. By itself it changes nothing.

    A subclass takes its options as keyword-only, annotated arguments, checks them in ``__init__``, and stores each
    under its own name. After that nothing on the instance changes, because it serves many threads. What belongs to one
    request lives in the call, or in an :class:`~wsgistack.exchange.Exchange`. The signature is all that the pipeline,
    ``check`` and ``list`` need::

        class Powered(Middleware):
            \"\"\"Add a header that says what powers the site.

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
    """Layers that must be around this one, with the reason: ``{"access_log": "it logs what this layer sends"}``.

    A layer is named as it is registered, or by the import string of its class or factory, such as
    ``werkzeug.middleware.proxy_fix:ProxyFix``. The name of a class also means the classes that derive from it.
    ``request_filter.methods`` means that layer if the option is set.
    ``changes.answers`` and ``changes.errors`` mean every layer that declares this in its :attr:`changes`.
    ``when.scheme`` and ``when.environ.REMOTE_ADDR``, for example, mean every layer whose condition reads this.
    """

    must_be_outside: ClassVar[Mapping[str, str]] = {}
    """Layers that must be inside this one, each with the reason."""

    must_not_be_with: ClassVar[Mapping[str, str]] = {}
    """Layers that conflict with this one, inside or outside of it, each with the reason.

    Two of them are allowed if the outer one has a condition or an option ``under``, because it may be for other
    requests.
    """

    is_guard: ClassVar[bool] = False
    """Whether this layer protects what is inside, as basic_auth does.

    ``check`` warns about a condition that lets clients get around a guard, and ``audit`` looks for such requests.
    """

    is_log: ClassVar[bool] = False
    """Whether this layer only records requests, as access_log does, and passes each one unchanged.

    ``audit`` and ``explain`` leave it out. A subclass does not inherit this.
    """

    changes: ClassVar[Changes] = Changes()
    """What this layer changes in a response. The conformance kit checks that it changes nothing else."""

    secret_options: Collection[str] = ()
    """The options that the ``repr`` hides, beside those marked as Secret: their values came from references."""

    pipeline: Sequence[tuple[str, App]] = ()
    """The layers of its pipeline, outermost first, and the application, each with its name. Empty without a pipeline.

    It is complete once the pipeline is built.
    """

    def __init__(self, app: App, /) -> None:
        self.app = app

    def check_configuration(self, global_conf: Mapping[str, str]) -> None:
        """Check what the options alone do not show. A pipeline calls it for each layer that a file describes.

        :param global_conf: the global configuration of the file, with ``here`` and ``__file__``.
        :raises ConfigError: the layer must not be used there.
        """

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        """Serve one request."""
        return self.app(environ, start_response)

    def __repr__(self) -> str:
        """The class, the application, and the options that differ from the defaults, if the instance stores them."""
        from wsgistack.options.conversion import is_secret  # both imports are slow
        from wsgistack.options.schema import read_parameters

        kept = vars(self)
        shown = []
        for each in read_parameters(type(self))[1:]:
            if each.name in kept and kept[each.name] != each.default:
                is_hidden = each.name in self.secret_options or is_secret(each.annotation)
                shown.append(f", {each.name}={'<secret>' if is_hidden else repr(kept[each.name])}")
        return f"{type(self).__name__}({self.app!r}{''.join(shown)})"
