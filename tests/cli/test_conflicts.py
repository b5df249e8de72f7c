"""``wsgistack check`` on layers that conflict, also those of others: the hint leads to a configuration without it."""

import re
from pathlib import Path

import pytest

from tests.cli.files import written
from wsgistack.cli import main
from wsgistack.pipeline import Pipeline, registry

ADDRESS = "it would see the address of the proxy, not the client's"
LOGGED = "the log would show the address of the proxy"
TWICE = "both read the headers of proxies, and one of them would believe what a client wrote"
EVENTLET = pytest.mark.filterwarnings(r"ignore:\s*Eventlet is deprecated")  # Sentry imports it if it is there
ORDERS = [
    pytest.param(["access_log", "forwarded"], LOGGED, id="access_log and forwarded"),
    pytest.param(["access_log", "werkzeug"], LOGGED, id="access_log and ProxyFix"),
    pytest.param(["access_log", "prefix"], LOGGED, id="access_log and PasteDeploy's prefix"),
    pytest.param(["access_log", "oslo"], LOGGED, id="access_log and oslo.middleware"),
    pytest.param(["access_log", "derived"], LOGGED, id="access_log and a class that derives from ProxyFix"),
    pytest.param(["maintenance", "werkzeug"], ADDRESS, id="maintenance and ProxyFix"),
    pytest.param(["translogger", "forwarded"], ADDRESS, id="Paste's log and forwarded"),
    pytest.param(["grantip", "forwarded"], ADDRESS, id="Paste's access by address and forwarded"),
    pytest.param(["opentelemetry", "forwarded"], ADDRESS, id="OpenTelemetry and forwarded"),
    pytest.param(["sentry", "forwarded"], ADDRESS, id="Sentry and forwarded", marks=EVENTLET),
    pytest.param(["https", "werkzeug"], "it would see the scheme of the proxy's connection", id="https and ProxyFix"),
    pytest.param(["hosts", "werkzeug"], "it would check the name of the proxy's connection", id="hosts and ProxyFix"),
]
LATER = [
    ("etag", "compress", "its tags would be those of compressed bytes"),
    ("etag", "gzip", "its tags would be those of compressed bytes"),
    ("etag", "security_headers", "a 304 would have the nonce of a page"),
    ("request_filter", "forwarded", ADDRESS),
]
ORDERS += [
    pytest.param([outer, inner], reason, id=f"{outer} and {inner}")
    for outer, inner, reason in LATER
    if registry.has(outer) and registry.has(inner)
]
CORS = "both set Access-Control-Allow-Origin"
CONFLICTS = [
    pytest.param(["cors", "wsgicors"], CORS, id="cors and wsgicors"),
    pytest.param(["wsgicors", "cors"], CORS, id="wsgicors and cors"),
    pytest.param(["cors", "oslo_cors"], CORS, id="cors and that of oslo.middleware"),
    pytest.param(["oslo_cors", "cors"], CORS, id="cors of oslo.middleware and this one"),
    pytest.param(["cors", "renamed_cors"], CORS, id="cors and the same with the names of oslo.middleware"),
    pytest.param(["cors", "second_cors"], CORS, id="cors twice"),
    pytest.param(["forwarded", "werkzeug"], TWICE, id="forwarded and ProxyFix"),
    pytest.param(["prefix", "forwarded"], TWICE, id="PasteDeploy's prefix and forwarded"),
]
LISTS = ("allowed", "allow_origins", "denied_networks", "trusted")
SECTIONS = {
    "access_log": {"use": "access_log"},
    "compress": {"use": "compress"},
    "cors": {"use": "cors", "allow_origins": "*"},
    "derived": {"use": "hello:Fix"},
    "etag": {"use": "etag"},
    "forwarded": {"use": "forwarded", "trusted": "127.0.0.1"},
    "grantip": {"use": "egg:Paste#grantip", "127.0.0.1": "admin"},
    "gzip": {"use": "gzip"},
    "hosts": {"use": "hosts", "allowed": "example.org"},
    "https": {"use": "https"},
    "maintenance": {"use": "maintenance", "flag": "down"},
    "opentelemetry": {"use": "opentelemetry.instrumentation.wsgi:OpenTelemetryMiddleware"},
    "oslo": {"use": "egg:oslo.middleware#http_proxy_to_wsgi"},
    "oslo_cors": {"use": "egg:oslo.middleware#cors", "allowed_origin": "https://example.org"},
    "prefix": {"use": "egg:PasteDeploy#prefix"},
    "renamed_cors": {"use": "egg:wsgistack#oslo_cors", "allowed_origin": "https://example.org"},
    "request_filter": {"use": "request_filter", "denied_networks": "192.0.2.0/24"},
    "second_cors": {"use": "cors", "allow_origins": "https://example.org"},
    "security_headers": {"use": "security_headers"},
    "sentry": {"use": "sentry_sdk.integrations.wsgi:SentryWsgiMiddleware"},
    "translogger": {"use": "egg:Paste#translogger"},
    "werkzeug": {"use": "werkzeug.middleware.proxy_fix:ProxyFix"},
    "wsgicors": {"use": "egg:wsgicors#middleware", "policy": "open", "open_origin": "*"},
}
APP = """
from werkzeug.middleware.proxy_fix import ProxyFix

class Fix(ProxyFix):
    pass

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]
"""


def ini(names: list[str]) -> str:
    sections = [
        "\n".join([f"[filter:{name}]", *(f"{key} = {value}" for key, value in SECTIONS[name].items())])
        for name in names
    ]
    return "\n".join([f"[pipeline:main]\npipeline = {' '.join(names)} app", *sections, "[app:app]\nuse = hello:app\n"])


def toml(names: list[str]) -> str:
    layers = [
        "\n".join(["[[layers]]", f'name = "{name}"', *(f'"{key}" = {quote(key, each)}' for key, each in given.items())])
        for name, given in ((name, SECTIONS[name]) for name in names)
    ]
    return "\n".join(['app = "hello:app"', *layers])


def quote(key: str, value: str) -> str:
    return f'["{value}"]' if key in LISTS else f'"{value}"'


WRITERS = {"stack.ini": ini, "stack.toml": toml}


def check(folder: Path, kind: str, names: list[str], capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The warnings about the layers, which are the same as the mistakes of --strict."""
    file = written(folder, WRITERS[kind](names), name=kind, app=APP)
    assert main(["check", "-q", "--format", "concise", file]) == 0
    warnings = capsys.readouterr().err.splitlines()
    assert all(each.startswith(f"warning: {file}:") for each in warnings)
    assert main(["check", "-q", "--format", "concise", "--strict", file]) == (1 if warnings else 0)
    assert [f"warning: {each}" for each in capsys.readouterr().err.splitlines()] == warnings
    return warnings


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize(("names", "reason"), ORDERS)
def test_reports_what_reads_before_another_corrects(
    names: list[str], reason: str, kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    [warning] = check(tmp_path, kind, names, capsys)
    outer, inner = names
    assert f": {outer} is outside {inner}: {reason}" in warning
    hint = re.search(r"; put (\w+) before (\w+)$", warning)
    assert hint
    assert check(tmp_path, kind, [*hint.groups()], capsys) == []


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize(("names", "reason"), CONFLICTS)
def test_reports_two_that_do_the_same(
    names: list[str], reason: str, kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    [warning] = check(tmp_path, kind, names, capsys)
    outer, inner = names
    assert warning.endswith(f": {outer} is used with {inner}: {reason}; remove one of them")
    for name in names:
        assert check(tmp_path, kind, [name], capsys) == []


SCHEME = "its condition would see the scheme of the proxy's connection, not the client's"
CLIENT = "its condition would see the address of the proxy, not the client's"


@pytest.mark.parametrize(
    ("when", "reason"),
    [
        ({"scheme": "https"}, SCHEME),
        ({"not": {"scheme": "http"}}, SCHEME),
        ({"environ": {"wsgi.url_scheme": "https"}}, SCHEME),
        ({"environ": {"REMOTE_ADDR": "192.0.2.*"}}, CLIENT),
        ({"not": {"under": "/health", "environ": ["REMOTE_ADDR"]}}, CLIENT),
        ({"environ": ["REMOTE_USER"], "method": "GET"}, ""),
        ({"host": "example.org"}, ""),  # forwarded leaves the host alone by default
        ("hello:is_meant", ""),
    ],
)
def test_reports_a_condition_that_reads_before_forwarded_corrects(when: object, reason: str) -> None:
    layer = {"use": "compress", "when": when}
    found = [str(each) for each in Pipeline([layer, {"use": "forwarded", "trusted": ["192.0.2.1"]}]).misplaced()]
    problem = f"layer 1 (compress): compress is outside forwarded: {reason}; put forwarded before compress"
    assert found == ([problem] if reason else [])
    assert Pipeline([{"use": "forwarded", "trusted": ["192.0.2.1"]}, layer]).misplaced() == []
