"""The layers with the names of oslo.middleware keep the contract."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from wsgistack import oslo
from wsgistack.testing import Judge
from wsgistack.types import App, Factory

KEY = ("Authorization", "Basic YWRhOmxvdmVsYWNl")
LAYERS = [
    (oslo.BasicAuthMiddleware, {"http_basic_auth_user_file": "users"}),
    (oslo.CORS, {"allowed_origin": ["https://horizon.example.com"]}),
    (oslo.CORS, {"allowed_origin": []}),
    (oslo.CatchErrors, {}),
    (oslo.HTTPProxyToWSGI, {}),
    (oslo.HTTPProxyToWSGI, {"enable_proxy_headers_parsing": True, "trusted": ["127.0.0.1"]}),
    (oslo.Healthcheck, {}),
    (oslo.RequestBodySizeLimiter, {}),
    (oslo.RequestId, {}),
]


@pytest.mark.slow
@pytest.mark.parametrize(("factory", "options"), LAYERS)
def test_keeps_the_contract(factory: Factory, options: Mapping[str, object], users: Path) -> None:
    given = {name: users if value == "users" else value for name, value in options.items()}

    class Built:
        changes = factory.changes  # type: ignore[attr-defined]

        def __call__(self, app: App, /) -> App:
            return factory(app, **given)

    judge = Judge(Built(), headers=[KEY])
    verdicts = [judge.judge(name) for name in judge.names()]
    assert len(verdicts) > 200
    assert [verdict for verdict in verdicts if verdict.breaches] == []
