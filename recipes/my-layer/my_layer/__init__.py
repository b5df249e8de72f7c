"""A middleware that says which machine has sent a response."""

from collections.abc import Iterable
from socket import gethostname

from wsgistack import ConfigError, Middleware, Mistake, editing
from wsgistack.http.headers import replace
from wsgistack.types import App, Changes, Environ, Headers, StartResponse

__all__ = ["MyLayer"]


class MyLayer(Middleware):
    """Say in the header ``X-Served-By`` which machine has sent a response.

    Behind a load balancer, it shows on which machine the log of a failed request is. Example::

        application = MyLayer(application, machine="web-1")

    or in an ini file::

        [filter:my_layer]
        use = egg:my-layer#my_layer
        machine = web-1

    :param machine: what to send. The default is the name of the machine.
    :param errors_only: send it only with a status from 400 on. False by default.
    :raises ConfigError: the name of the machine has characters that a header can't have.

    Cost tier T1. Place it outside ``catch_errors``, so that error answers have the header, too. Not
    needed if the load balancer adds such a header. Not for a site that hides the names of its
    machines.
    """

    changes = Changes(headers=frozenset({"x-served-by"}))
    must_be_outside = {"catch_errors": "its error answers would have no X-Served-By"}  # noqa: RUF012

    def __init__(self, app: App, /, *, machine: str = "", errors_only: bool = False) -> None:
        super().__init__(app)
        self.machine = machine or gethostname()
        self.errors_only = errors_only
        if not (self.machine.isascii() and self.machine.isprintable()):
            raise ConfigError(
                Mistake(
                    f"invalid name {machine!r}",
                    key="machine",
                    expected="printable ASCII characters",
                )
            )

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        def edit(status: str, headers: Headers) -> tuple[str, Headers]:
            if self.errors_only and status < "4":
                return status, headers
            return status, replace(headers, "X-Served-By", self.machine)

        return self.app(environ, editing(start_response, edit))
