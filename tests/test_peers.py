"""The import strings of middlewares of others: those that are installed must be found under them."""

from importlib.util import find_spec

import pytest

from wsgistack.peers import CORS, FORWARDING, READING_ADDRESSES, because
from wsgistack.pipeline import registry

FOREIGN = [name for name in (*CORS, *FORWARDING, *READING_ADDRESSES) if ":" in name]
OURS = [names[0] for names in (CORS, FORWARDING)]
INSTALLED = {"oslo_middleware", "paste", "werkzeug", "wsgicors"}


def is_installed(name: str) -> bool:
    return find_spec(name.partition(":")[0].partition(".")[0]) is not None


def test_some_of_them_are_installed() -> None:
    assert {name.partition(":")[0].partition(".")[0] for name in FOREIGN if is_installed(name)} >= INSTALLED


@pytest.mark.filterwarnings(r"ignore:\s*Eventlet is deprecated")  # Sentry imports it if it is there
@pytest.mark.parametrize("name", [name for name in FOREIGN if is_installed(name)])
def test_each_import_string_is_the_one_that_the_pipeline_finds(name: str) -> None:
    assert name in registry.names_of(registry.import_factory(name))


@pytest.mark.parametrize(
    ("factory", "name"),
    [
        ("oslo_middleware:CORS.factory", "oslo_middleware.cors:CORS"),
        ("oslo_middleware.cors:filter_factory", "oslo_middleware.cors:CORS"),
        ("oslo_middleware:HTTPProxyToWSGI.factory", "oslo_middleware.http_proxy_to_wsgi:HTTPProxyToWSGI"),
        ("werkzeug.middleware:proxy_fix.ProxyFix", "werkzeug.middleware.proxy_fix:ProxyFix"),
    ],
)
def test_other_names_of_a_middleware_lead_to_the_same(factory: str, name: str) -> None:
    assert name in registry.names_of(registry.import_factory(factory))


def test_gives_one_reason_for_all() -> None:
    assert because(("a", "b"), "c") == {"a": "c", "b": "c"}
