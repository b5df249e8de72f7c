"""The layer request_id, with the ids and names of OpenStack."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar
from uuid import uuid4

from wsgistack.environ import REQUEST_ID
from wsgistack.middleware import request_id
from wsgistack.oslo.options import OsloLayer
from wsgistack.types import App, Changes, Environ, Headers, StartResponse

__all__ = ["RequestId"]

HEADER = "X-Openstack-Request-Id"
OWN_ID = "openstack.request_id"
GLOBAL_ID = "openstack.global_request_id"

_INBOUND = "HTTP_X_OPENSTACK_REQUEST_ID"
_is_id = re.compile(r"req-[a-f0-9]{8}(-[a-f0-9]{4}){3}-[a-f0-9]{12}").fullmatch


class RequestId(OsloLayer, request_id.RequestId):
    """Give each request an id of OpenStack, ``req-`` and a UUID, also in the response.

    ::

        [filter:request_id]
        use = egg:wsgistack#oslo_request_id

    The id is always new, in ``environ["openstack.request_id"]``. An id that came with the request is in
    ``environ["openstack.global_request_id"]``, if it has the same form. As from ``request_id``, the id is also in
    ``environ["wsgistack.request_id"]`` and in log records. A header of the application is kept.

    :param oslo_config_project: has no effect, as in oslo.middleware.
    :param oslo_config_file: has no effect.
    :param oslo_config_program: has no effect.
    """

    changes: ClassVar = Changes(headers=frozenset({HEADER.lower()}))

    def __init__(
        self,
        app: App,
        /,
        *,
        oslo_config_project: str = "",
        oslo_config_file: Path | None = None,
        oslo_config_program: str = "",
    ) -> None:
        super().__init__(app, header=HEADER, trust=False)
        self._environ_key = OWN_ID

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        """Serve one request."""
        inbound = environ.get(_INBOUND)
        if inbound and _is_id(inbound):
            environ[GLOBAL_ID] = inbound
        environ[REQUEST_ID] = f"req-{uuid4()}"
        return super().__call__(environ, start_response)

    def _add(self, status: str, headers: Headers, request_id: str) -> tuple[str, Headers]:
        if any(name.lower() == self._lowered for name, _ in headers):
            return status, headers
        return status, [*headers, (self.header, request_id)]
