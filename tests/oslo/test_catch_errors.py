"""catch_errors among middlewares that are made with WebOb."""

from collections.abc import Iterator
from typing import Any

import oslo_middleware
import pytest

from tests.oslo.asking import blank
from wsgistack.oslo import CatchErrors
from wsgistack.types import Environ, StartResponse


def fail(environ: Environ, start_response: StartResponse) -> Any:
    raise RuntimeError("secret words")


def fail_later(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"hello"
    raise RuntimeError("secret words")


def test_answers_inside_of_a_middleware_made_with_webob() -> None:
    response = blank("/").get_response(oslo_middleware.RequestId(CatchErrors(fail)))
    assert response.status_code == 500
    assert "x-openstack-request-id" in response.headers
    assert "secret words" not in response.text


def test_an_error_after_the_first_byte_reaches_the_server() -> None:
    starts: list[Any] = []
    app: Any = CatchErrors(fail_later)
    body = app(blank("/").environ, lambda *start: starts.append(start))
    chunks = iter(body)
    assert next(chunks) == b"hello"
    with pytest.raises(RuntimeError):
        next(chunks)
    body.close()
    assert len(starts) == 1
