"""basic_auth with the names of oslo.middleware."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.oslo.asking import blank
from wsgistack import ConfigError
from wsgistack.oslo import BasicAuthMiddleware
from wsgistack.pipeline.spec import Spec
from wsgistack.types import Environ, StartResponse


def answer(environ: Environ, start_response: StartResponse) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain")])
    names = ("HTTP_X_USER", "HTTP_X_USER_NAME", "HTTP_AUTHORIZATION")
    return [" ".join(str(environ.get(name)) for name in names).encode()]


def test_reads_the_file_that_the_section_or_the_service_names(
    users: Path, configure: Callable[[str, str], None]
) -> None:
    configure("ironic", f"[oslo_middleware]\nhttp_basic_auth_user_file = {users}\n")
    for app in (BasicAuthMiddleware(answer), BasicAuthMiddleware(answer, http_basic_auth_user_file=users)):
        environ = {"HTTP_AUTHORIZATION": "Basic YWRhOmxvdmVsYWNl", "HTTP_X_USER": "root"}
        assert blank("/", environ).get_response(app).text == "ada ada None"
        refused = blank("/", {"HTTP_X_USER": "root"}).get_response(app)
        assert (refused.status_code, refused.headers["WWW-Authenticate"][:5]) == (401, "Basic")


def test_reports_a_file_that_can_not_be_read() -> None:
    with pytest.raises(ConfigError, match=r"^http_basic_auth_user_file: .*/no/such/file"):
        BasicAuthMiddleware(answer, http_basic_auth_user_file=Path("/no/such/file"))


def test_is_a_guard() -> None:
    assert Spec(BasicAuthMiddleware).is_guard
