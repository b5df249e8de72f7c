"""body_limit with the names of oslo.middleware."""

from io import BytesIO
from typing import Any

import pytest

from tests.oslo.asking import blank
from wsgistack.oslo import RequestBodySizeLimiter
from wsgistack.types import Environ, StartResponse

LIMIT = 20


def read_lines(environ: Environ, start_response: StartResponse) -> Any:
    lines = [environ["wsgi.input"].readline()]  # which the reader of oslo.middleware does not have
    lines += environ["wsgi.input"].readlines()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return lines


@pytest.mark.parametrize(("size", "status"), [(0, 200), (LIMIT, 200), (LIMIT + 1, 413)])
@pytest.mark.parametrize("has_length", [True, False])
def test_refuses_larger_bodies(size: int, status: int, has_length: bool) -> None:
    app = RequestBodySizeLimiter(read_lines, max_request_body_size=LIMIT)
    request = blank("/", method="POST")
    request.environ |= {"wsgi.input": BytesIO(b"a\n" * (size // 2) + b"a" * (size % 2)), "wsgi.input_terminated": True}
    request.environ |= {"CONTENT_LENGTH": str(size)} if has_length else {"HTTP_TRANSFER_ENCODING": "chunked"}
    if not has_length:
        request.environ.pop("CONTENT_LENGTH", None)
    answer = request.get_response(app)
    assert answer.status_code == status
    assert status == 413 or len(answer.body) == size


def test_the_default_is_that_of_oslo_middleware() -> None:
    assert RequestBodySizeLimiter(read_lines).max_size == 112 * 1024
