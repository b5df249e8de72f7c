"""forwarded with the names of oslo.middleware."""

from typing import Any

import pytest

from tests.direct import answering
from wsgistack import ConfigError
from wsgistack.oslo import HTTPProxyToWSGI
from wsgistack.pipeline import Pipeline
from wsgistack.pipeline.spec import Spec

SENT = {"HTTP_X_FORWARDED_FOR": "198.51.100.7", "HTTP_X_FORWARDED_PROTO": "https"}


def environ_inside(peer: str, **options: Any) -> dict[str, Any]:
    environ = {"REQUEST_METHOD": "GET", "REMOTE_ADDR": peer, "wsgi.url_scheme": "http", **SENT}
    list(HTTPProxyToWSGI(answering([b""]), **options)(environ, lambda *_: lambda _: None))
    return environ


@pytest.mark.parametrize("options", [{}, {"enable_proxy_headers_parsing": False, "trusted": ["192.0.2.1"]}])
def test_changes_nothing_unless_enabled(options: dict[str, Any]) -> None:
    environ = environ_inside("192.0.2.1", **options)
    assert (environ["REMOTE_ADDR"], environ["wsgi.url_scheme"]) == ("192.0.2.1", "http")
    assert environ.items() >= SENT.items()


@pytest.mark.parametrize("options", [{"trusted": ["192.0.2.1"]}, {"hops": 1}])
def test_believes_trusted_proxies(options: dict[str, Any]) -> None:
    environ = environ_inside("192.0.2.1", enable_proxy_headers_parsing=True, **options)
    assert (environ["REMOTE_ADDR"], environ["wsgi.url_scheme"]) == ("198.51.100.7", "https")


def test_believes_nobody_else() -> None:
    environ = environ_inside("203.0.113.1", enable_proxy_headers_parsing=True, trusted=["192.0.2.1"])
    assert (environ["REMOTE_ADDR"], environ["wsgi.url_scheme"]) == ("203.0.113.1", "http")


def test_refuses_to_believe_everybody() -> None:
    with pytest.raises(ConfigError, match=r"^trusted: with enable_proxy_headers_parsing alone, every client could"):
        HTTPProxyToWSGI(answering([b""]), enable_proxy_headers_parsing=True)


def test_belongs_where_forwarded_belongs() -> None:
    [found] = Pipeline(["access_log", HTTPProxyToWSGI]).misplaced()
    assert "the log would show the address of the proxy" in found.problem
    assert "forwarded" in Spec(HTTPProxyToWSGI).known_as
