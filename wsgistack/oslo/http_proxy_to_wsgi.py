"""The layer forwarded, with the option names of oslo.middleware."""

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Literal

from wsgistack.base import Middleware
from wsgistack.errors import ConfigError, Mistake
from wsgistack.middleware.forwarded import Forwarded, Part
from wsgistack.oslo.options import OsloLayer, Service
from wsgistack.types import App, Environ, StartResponse

__all__ = ["HTTPProxyToWSGI"]


class HTTPProxyToWSGI(OsloLayer, Forwarded):
    """Give the application the client's address, and the scheme and host that the client used, behind trusted proxies.

    ::

        [filter:http_proxy_to_wsgi]
        use = egg:wsgistack#oslo_http_proxy_to_wsgi
        enable_proxy_headers_parsing = true
        trusted = 10.0.0.0/8

    oslo.middleware believes the headers of any client, and takes all of ``X-Forwarded-For`` as the address. This layer
    needs to know the proxies, in ``trusted`` or ``hops``, and otherwise reads the same headers.

    :param enable_proxy_headers_parsing: whether to read the headers. By default what the service's configuration says
        in ``[oslo_middleware]``, or else false. If it is false, requests pass unchanged.
    :param trusted: as in ``forwarded``. Required if headers are read.
    :param hops: as in ``forwarded``, in the place of ``trusted``.
    :param headers: as in ``forwarded``.
    :param read: as in ``forwarded``, but by default all that oslo.middleware reads: the scheme, the host, and the
        prefix of the path.
    :param oslo_config_project: the service whose files oslo.config reads. By default the one in this process.
    :param oslo_config_file: a file in the place of those of the service.
    :param oslo_config_program: the name of the program, which has files of its own.
    :raises ConfigError: headers are to be read, and no proxy is trusted.
    """

    def __init__(
        self,
        app: App,
        /,
        *,
        enable_proxy_headers_parsing: bool | None = None,
        trusted: Sequence[str] = (),
        hops: int = 0,
        headers: Literal["x-forwarded", "forwarded"] = "x-forwarded",
        read: Collection[Part] = ("proto", "host", "prefix"),
        oslo_config_project: str = "",
        oslo_config_file: Path | None = None,
        oslo_config_program: str = "",
    ) -> None:
        service = Service(oslo_config_project, oslo_config_file, oslo_config_program)
        given = {"enable_proxy_headers_parsing": enable_proxy_headers_parsing}
        values = service.complete("oslo_middleware", given, {"enable_proxy_headers_parsing": False})
        self.enable_proxy_headers_parsing: bool = values["enable_proxy_headers_parsing"]
        if not self.enable_proxy_headers_parsing:
            Middleware.__init__(self, app)
            return
        if not trusted and not hops:
            problem = "with enable_proxy_headers_parsing alone, every client could choose its address"
            expected = "the addresses of the proxies, such as trusted = 10.0.0.0/8, or their number, such as hops = 1"
            raise ConfigError(Mistake(problem, key="trusted", expected=expected))
        super().__init__(app, trusted=trusted, hops=hops, headers=headers, read=read)

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        """Serve one request."""
        if not self.enable_proxy_headers_parsing:
            return self.app(environ, start_response)
        return super().__call__(environ, start_response)
