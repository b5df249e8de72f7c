"""The layers of this package under the names of oslo.middleware, for the ``api-paste.ini`` of OpenStack services.

Change each ``egg:oslo.middleware#NAME`` to ``egg:wsgistack#oslo_NAME``, and each ``oslo_middleware`` at the beginning of
an import string to ``wsgistack.oslo``::

    sed -i 's/egg:oslo.middleware#/egg:wsgistack#oslo_/; s/= *oslo[._]middleware\\b/= wsgistack.oslo/' api-paste.ini
"""

from wsgistack.oslo.basic_auth import BasicAuthMiddleware
from wsgistack.oslo.catch_errors import CatchErrors
from wsgistack.oslo.healthcheck import Healthcheck
from wsgistack.oslo.http_proxy_to_wsgi import HTTPProxyToWSGI
from wsgistack.oslo.request_id import RequestId

__all__ = [
    "BasicAuthMiddleware",
    "CatchErrors",
    "HTTPProxyToWSGI",
    "Healthcheck",
    "RequestId",
]
