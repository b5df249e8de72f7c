"""The current request: what its variables hold without one, and in other contexts."""

from contextvars import copy_context

from wsgistack import current_request_id, request_id_var
from wsgistack.exchange.current import Origin, origin_var


def test_has_no_id_outside_of_requests() -> None:
    assert current_request_id() == "-"
    assert origin_var.get() == Origin("-", "-", {})


def test_belongs_to_the_context() -> None:
    token = request_id_var.set("mine")
    inside = copy_context()
    request_id_var.reset(token)
    assert inside.run(current_request_id) == "mine"
    assert current_request_id() == "-"
