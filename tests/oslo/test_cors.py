"""cors with the names of oslo.middleware."""

import oslo_middleware.cors
import pytest

from tests.direct import answering
from tests.oslo.asking import ask
from wsgistack import ConfigError
from wsgistack.oslo import CORS
from wsgistack.oslo.cors import filter_factory

APP = answering([b"hello"], ("Content-Type", "text/plain"))
ORIGIN = "https://horizon.example.com"


def test_needs_origins_or_a_project() -> None:
    expected = "missing origins; expected origins such as https://horizon.example.com, or oslo_config_project"
    with pytest.raises(ConfigError, match=f"CORS allowed_origin: {expected}"):
        filter_factory({})(APP)


@pytest.mark.parametrize(("given", "sent"), [({}, None), ({"allow_credentials": "false"}, None)])
def test_all_origins_without_credentials(given: dict[str, str], sent: str | None) -> None:
    answer = ask(filter_factory({}, allowed_origin="*", **given)(APP), HTTP_ORIGIN=ORIGIN)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers.get("Access-Control-Allow-Credentials") == sent


def test_all_origins_with_credentials_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"allowed_origin: \* is not possible with credentials"):
        filter_factory({}, allowed_origin="*", allow_credentials="true")(APP)


def test_has_the_defaults_that_the_service_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    for option in oslo_middleware.cors.OPTS:
        monkeypatch.setattr(option, "default", option.default)
    oslo_middleware.cors.set_defaults(allow_headers=["X-Auth-Token"], expose_headers=["X-Trace"], allow_methods=["GET"])
    app = CORS(APP, allowed_origin=[ORIGIN])
    assert ask(app, HTTP_ORIGIN=ORIGIN).headers["Access-Control-Expose-Headers"] == "X-Trace"
    answer = ask(app, "/", "OPTIONS", HTTP_ORIGIN=ORIGIN, HTTP_ACCESS_CONTROL_REQUEST_METHOD="GET")
    assert answer.headers["Access-Control-Allow-Methods"] == "GET"
    assert answer.headers["Access-Control-Allow-Headers"].endswith("Pragma, X-Auth-Token")


def test_changes_nothing_without_origins() -> None:
    for method in ("GET", "OPTIONS"):
        app = CORS(APP, allowed_origin=[])
        answer = ask(app, "/", method, HTTP_ORIGIN=ORIGIN, HTTP_ACCESS_CONTROL_REQUEST_METHOD="GET")
        assert (answer.status_code, answer.text) == (200, "hello")
        assert [*answer.headers] == ["Content-Type"]
