"""Ids of OpenStack."""

import re
from typing import Any

import pytest

from tests.oslo.asking import blank
from wsgistack import RequestId, current_request_id, oslo
from wsgistack.types import Environ, StartResponse

HEADER = "X-Openstack-Request-Id"
GIVEN = "req-12345678-1234-1234-1234-123456789abc"


def answer(environ: Environ, start_response: StartResponse) -> Any:
    ids = [str(environ.get(f"openstack.{name}")) for name in ("request_id", "global_request_id")]
    ids += [environ["wsgistack.request_id"], current_request_id(), str(environ.get("HTTP_X_OPENSTACK_REQUEST_ID"))]
    own = [("x-openstack-request-id", "own")] if environ["PATH_INFO"] == "/own" else []
    start_response("200 OK", [("Content-Type", "text/plain"), *own])
    return [" ".join(ids).encode()]


def ask(app: Any, path: str = "/", **headers: str) -> tuple[list[str], list[str]]:
    response = blank(path, {f"HTTP_{name}": value for name, value in headers.items()}).get_response(app)
    return response.text.split(), response.headers.getall(HEADER)


def test_is_new_for_each_request_and_everywhere_the_same() -> None:
    app = oslo.RequestId(answer)
    first, second = ask(app), ask(app)
    assert first != second
    [own, none, logged, current, sent], header = first
    assert re.fullmatch(r"req-[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}", own)
    assert [own] == header == [logged] == [current]
    assert (none, sent) == ("None", "None")


@pytest.mark.parametrize("bad", ["", "x", f"{GIVEN}\n", f"{GIVEN}0", GIVEN.upper()])
def test_an_id_that_came_with_the_request_is_the_global_one(bad: str) -> None:
    app = oslo.RequestId(answer)
    (own, given, *_, sent), header = ask(app, X_OPENSTACK_REQUEST_ID=GIVEN)
    assert (given, sent, header) == (GIVEN, GIVEN, [own])
    assert ask(app, X_OPENSTACK_REQUEST_ID=bad)[0][1] == "None"


def test_a_header_of_the_application_is_kept() -> None:
    assert ask(oslo.RequestId(answer), "/own")[1] == ["own"]


def test_has_an_id_of_openstack_also_inside_of_request_id() -> None:
    (own, *_), header = ask(RequestId(oslo.RequestId(answer)), X_REQUEST_ID="abc")
    assert [own] == header
    assert own.startswith("req-")
