"""What an OpenStack service has beside oslo.middleware, for the api-paste.ini files of the tests."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from oslo_middleware import request_id

from wsgistack.types import App, Environ, StartResponse

SEEN = (
    *("REMOTE_ADDR", "wsgi.url_scheme", "HTTP_HOST", "SCRIPT_NAME", "PATH_INFO", "HTTP_X_USER", "HTTP_X_USER_NAME"),
    *("HTTP_AUTHORIZATION", "HTTP_X_OPENSTACK_REQUEST_ID", "openstack.request_id", "openstack.global_request_id"),
)


class ComputeReqIdMiddleware(request_id.RequestId):
    """A class of the service itself, which derives from oslo.middleware."""

    compat_headers = ["x-compute-request-id"]  # noqa: RUF012


def pipeline_factory(loader: Any, global_conf: Mapping[str, str], **local_conf: str) -> App:
    """Build the pipeline for the strategy of authentication, as nova and neutron do."""
    *filters, name = local_conf["keystone"].split()
    app: App = loader.get_app(name)
    for each in reversed([loader.get_filter(each) for each in filters]):
        app = each(app)
    return app


def pass_factory(global_conf: Mapping[str, str], **local_conf: str) -> Callable[[App], App]:
    """Make a filter in the place of one of the service."""
    return lambda app: app


def app_factory(global_conf: Mapping[str, str], **local_conf: str) -> App:
    """Make an application that answers what it sees."""
    return answer


def answer(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    if environ["PATH_INFO"].endswith("/fail"):
        raise RuntimeError("secret words")
    body = environ["wsgi.input"].read()
    seen = {name: environ.get(name) for name in SEEN} | {"length": len(body)}
    start_response("200 OK", [("Content-Type", "application/json"), ("X-Subject-Token", "t")])
    return [json.dumps(seen).encode()]
