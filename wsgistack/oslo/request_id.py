"""The layer request_id, with the ids and names of OpenStack."""

import re
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import ClassVar

from wsgistack.environ import REQUEST_ID
from wsgistack.exchange import editing
from wsgistack.exchange.context import call_in_context
from wsgistack.exchange.current import NO_ID, origin_var, request_id_var
from wsgistack.middleware import request_id
from wsgistack.oslo.options import OsloLayer
from wsgistack.types import App, Changes, Environ, Headers, StartResponse

__all__ = ["RequestId"]

HEADER = "X-Openstack-Request-Id"
OWN_ID = "openstack.request_id"
GLOBAL_ID = "openstack.global_request_id"


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

    changes: ClassVar[Changes] = Changes(headers=frozenset({HEADER.lower()}))

    def __init__(
        self,
        app: App,
        /,
        *,
        oslo_config_project: str = "",
        oslo_config_file: Path | None = None,
        oslo_config_program: str = "",
    ) -> None:
        super().__init__(app, header=HEADER, global_header=HEADER, generate="uuid4", prefix="req-")
        self._is_id = re.compile(r"req-[a-f0-9]{8}(-[a-f0-9]{4}){3}-[a-f0-9]{12}").fullmatch  # and in no other form

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        """Serve one request."""
        environ[REQUEST_ID] = environ[OWN_ID] = own = self._make()
        origin = self._find_origin(environ, own)
        if origin.global_id != NO_ID:
            environ[GLOBAL_ID] = origin.global_id
        app = partial(call_in_context, origin_var, origin, self.app)
        return call_in_context(request_id_var, own, app, environ, editing(start_response, self._add, own))

    def _add(self, status: str, headers: Headers, request_id: str) -> tuple[str, Headers]:
        if any(name.lower() == self._lowered for name, _ in headers):
            return status, headers
        return status, [*headers, (self.header, request_id)]
