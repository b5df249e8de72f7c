r"""The layers of this package under the names of oslo.middleware, for the ``api-paste.ini`` of OpenStack services.

For ``egg:oslo.middleware#NAME`` write ``egg:wsgistack#oslo_NAME``. In import strings, ``wsgistack.oslo`` takes the
place of ``oslo_middleware``: ``wsgistack.oslo:RequestId.factory``. Nothing else changes in the file::

    sed -i -e '/debug\|correlation\|stats\|tracing/Ib' -e 's/egg:oslo.middleware#/egg:wsgistack#oslo_/' \
        -e 's/\boslo_middleware\([.:]\)/wsgistack.oslo\1/' api-paste.ini

The first expression leaves those of oslo.middleware that this package does not have, such as ``debug``. One exception:
``enable_proxy_headers_parsing = true`` also needs the addresses of the proxies in ``trusted``.
The names are ``basic_auth``, ``catch_errors``, ``cors``, ``healthcheck``, ``http_proxy_to_wsgi``, ``request_id`` and
``sizelimit``. Options that are in the configuration of the service, such as ``/etc/nova/nova.conf``, are read with
oslo.config, which the extra ``oslo`` installs. Unlike with oslo.middleware, an unknown option is a mistake.
"""

from wsgistack.oslo.basic_auth import BasicAuthMiddleware
from wsgistack.oslo.catch_errors import CatchErrors
from wsgistack.oslo.cors import CORS
from wsgistack.oslo.healthcheck import Healthcheck
from wsgistack.oslo.http_proxy_to_wsgi import HTTPProxyToWSGI
from wsgistack.oslo.request_id import RequestId
from wsgistack.oslo.sizelimit import RequestBodySizeLimiter

__all__ = [
    "CORS",
    "BasicAuthMiddleware",
    "CatchErrors",
    "HTTPProxyToWSGI",
    "Healthcheck",
    "RequestBodySizeLimiter",
    "RequestId",
]
