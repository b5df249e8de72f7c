"""Who may see debug pages."""

import socket
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from threading import Thread
from typing import Any

import pytest
from waitress import create_server

from tests.direct import Call, environ_of, raising
from wsgistack import CatchErrors, Forwarded
from wsgistack.errors import ConfigError
from wsgistack.middleware.catch_errors.access import compile_access

LOOPBACK = ("127.0.0.0/8", "::1")
LOCAL = {"REMOTE_ADDR": "127.0.0.1"}


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"REMOTE_ADDR": "127.8.0.1", "HTTP_HOST": "localhost:8080"},
        {"REMOTE_ADDR": "::1", "HTTP_HOST": "[::1]:8080"},
        {"REMOTE_ADDR": "::ffff:127.0.0.1"},
        {"HTTP_HOST": "Shop.LOCALHOST."},
        {"HTTP_HOST": "shop.test"},
        {"HTTP_HOST": ""},
        {"HTTP_HOST": f"{socket.gethostname().partition('.')[0]}.local:8000"},
        {"HTTP_ORIGIN": "http://localhost:3000"},
        {"HTTP_ORIGIN": "http://[::1]"},
    ],
)
def test_a_local_developer_may_see_them(keys: dict[str, str]) -> None:
    assert compile_access(LOOPBACK)(environ_of(**{**LOCAL, **keys}))


@pytest.mark.parametrize(
    "keys",
    [
        {"REMOTE_ADDR": "192.0.2.1"},
        {"REMOTE_ADDR": ""},
        {"REMOTE_ADDR": "localhost"},
        {"REMOTE_ADDR": "0.0.0.0"},  # noqa: S104
        {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"HTTP_X_FORWARDED_FOR": ""},
        {"HTTP_X_REAL_IP": "192.0.2.1"},
        {"HTTP_FORWARDED": "for=127.0.0.1"},
        {"HTTP_VIA": "1.1 varnish"},
        {"HTTP_HOST": "evil.example"},
        {"HTTP_HOST": "localhost.evil.example"},
        {"HTTP_HOST": "127.0.0.1.evil.example"},
        {"HTTP_HOST": "evil@localhost"},
        {"HTTP_HOST": "evil.local"},  # by multicast DNS
        {"HTTP_ORIGIN": "https://evil.example"},
        {"HTTP_ORIGIN": "null"},
        {"HTTP_HOST": "x" * 999},
    ],
)
def test_nobody_else_may_see_them(keys: dict[str, str]) -> None:
    assert not compile_access(LOOPBACK)(environ_of(**{**LOCAL, **keys}))


def test_a_request_without_an_address_may_not_see_them() -> None:
    assert not compile_access(LOOPBACK)(environ_of())


def test_other_networks_may_be_allowed() -> None:
    is_allowed = compile_access(["192.0.2.0/24", "unix"])
    assert is_allowed(environ_of(REMOTE_ADDR="192.0.2.7"))
    assert is_allowed(environ_of(REMOTE_ADDR=""))
    assert not is_allowed(environ_of(**LOCAL))


@pytest.mark.parametrize(("client", "may_see"), [("192.0.2.1", False), ("127.0.0.9", True), ("junk", False)])
def test_behind_the_layer_forwarded_the_address_of_the_client_counts(client: str, may_see: bool) -> None:
    app = Forwarded(CatchErrors(raising(RuntimeError("s3cret")), debug=True), trusted=["127.0.0.1"])
    call = Call(app, HTTP_X_FORWARDED_FOR=client, **LOCAL)
    assert (b"s3cret" in call.read()) is may_see


@pytest.mark.parametrize("name", ["HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP", "HTTP_X_FORWARDED_PROTO", "HTTP_VIA"])
@pytest.mark.parametrize("trusted", ["127.0.0.1", "192.0.2.1"])
def test_a_proxy_that_says_no_address_is_no_local_developer(name: str, trusted: str) -> None:
    app = Forwarded(CatchErrors(raising(RuntimeError("s3cret")), debug=True), trusted=[trusted])
    keys = {name: "https" if name != "HTTP_X_FORWARDED_FOR" or trusted == "192.0.2.1" else "192.0.2.9"}
    assert b"s3cret" not in Call(app, **keys, **LOCAL).read()


def test_a_local_client_that_forwarded_has_seen_is_local() -> None:
    app = Forwarded(CatchErrors(raising(RuntimeError("s3cret")), debug=True), trusted=["192.0.2.1"])
    assert b"s3cret" in Call(app, **LOCAL).read()


@pytest.fixture(
    params=[{}, {"trusted_proxy": "192.0.2.1", "trusted_proxy_headers": "forwarded"}], ids=["default", "trusted"]
)
def waitress(request: pytest.FixtureRequest) -> Iterator[int]:
    """The port of a Waitress that removes the headers of proxies, as it does when any other program starts it."""
    app = CatchErrors(raising(RuntimeError("s3cret")), debug=True)
    sockets: dict[int, Any] = {}
    server = create_server(app, host="127.0.0.1", port=0, map=sockets, threads=1, **request.param)
    thread = Thread(target=server.run)
    thread.start()
    yield server.effective_port
    server.trigger.pull_trigger(server.close)
    thread.join(10)


@pytest.mark.parametrize("name", ["X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Forwarded", "Via"])
def test_nobody_sees_them_through_a_proxy_whose_headers_waitress_has_removed(name: str, waitress: int) -> None:
    with closing(HTTPConnection("localhost", waitress, timeout=10)) as connection:
        for headers, may_see in (({}, True), ({name: "for=203.0.113.7"}, False), ({}, True)):
            connection.request("GET", "/", headers=headers)
            assert (b"s3cret" in connection.getresponse().read()) is may_see


def test_nobody_sees_them_on_a_waitress_that_does_not_show_its_requests() -> None:
    assert not compile_access(LOOPBACK)({**environ_of(**LOCAL), "waitress.client_disconnected": bool})


@pytest.mark.parametrize("accept", ["text/html", "text/plain", "application/json"])
def test_others_get_the_plain_answer(accept: str) -> None:
    call = Call(CatchErrors(raising(RuntimeError("s3cret")), debug=True), HTTP_ACCEPT=accept, REMOTE_ADDR="192.0.2.1")
    body = call.read()
    assert call.status == "500 Internal Server Error"
    assert b"s3cret" not in body
    assert b"Traceback" not in body


VARIABLES = ("WSGISTACK_ENV", "APP_ENV", "FLASK_ENV", "DJANGO_ENV", "PYTHON_ENV", "ENVIRONMENT")


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for each in VARIABLES:
        monkeypatch.delenv(each, raising=False)


@pytest.mark.parametrize("name", VARIABLES)
@pytest.mark.parametrize("value", ["production", "Prod", "live "])
def test_debug_is_refused_in_production(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=f"debug: on, and the environment variable {name} says") as raised:
        CatchErrors(raising(RuntimeError()), debug=True)
    assert raised.value.mistakes[0].hint.endswith("WSGISTACK_ENV=development")
    assert CatchErrors(raising(RuntimeError())).debug is False


def test_the_first_variable_that_is_set_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WSGISTACK_ENV", "development")
    monkeypatch.setenv("APP_ENV", "production")
    assert CatchErrors(raising(RuntimeError()), debug=True).debug is True


@pytest.mark.parametrize("debug", [True, False])
def test_refuses_networks_that_are_not_valid(debug: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APP_ENV", "production")
    options: dict[str, Any] = {"debug": debug, "debug_networks": ["300.0.0.1"]}
    with pytest.raises(ConfigError) as raised:
        CatchErrors(raising(RuntimeError()), **options)
    assert [each.key for each in raised.value.mistakes] == ["debug_networks", "debug"][: 1 + debug]
