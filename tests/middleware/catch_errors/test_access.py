"""Who may see debug pages."""

import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from waitress import create_server

from tests.direct import Call, environ_of, raising
from tests.waiting import MAX_WAIT
from wsgistack import CatchErrors, Forwarded, load
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
    thread.join(MAX_WAIT)


@pytest.mark.parametrize("name", ["X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Forwarded", "Via"])
def test_nobody_sees_them_through_a_proxy_whose_headers_waitress_has_removed(name: str, waitress: int) -> None:
    with closing(HTTPConnection("localhost", waitress, timeout=MAX_WAIT)) as connection:
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
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE", raising=False)


@pytest.mark.parametrize("name", VARIABLES)
@pytest.mark.parametrize("value", ["production", "Prod", "live ", "prod-eu", "production2", "eu_live"])
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


@pytest.mark.parametrize(("module", "is_refused"), [("shop.settings.production", True), ("shop.settings", False)])
def test_debug_is_refused_with_the_settings_of_django_for_production(
    module: str, is_refused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", module)
    if is_refused:
        with pytest.raises(ConfigError, match="the environment variable DJANGO_SETTINGS_MODULE says"):
            CatchErrors(raising(RuntimeError()), debug=True)
    monkeypatch.setenv("WSGISTACK_ENV", "development")
    assert CatchErrors(raising(RuntimeError()), debug=True).debug is True


PRODUCTION = "on, and env in the global configuration says that this is production"


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def find_mistakes(load: Callable[[], object]) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        load()
    return [each.problem for each in raised.value.mistakes]


TOML = """
app = "wsgiref.simple_server:demo_app"
layers = [{{ use = "catch_errors", debug = {debug} }}]
[global]
{key} = "{value}"
"""
INI = """
[DEFAULT]
{key} = {value}
[pipeline:main]
pipeline = catch_errors app
[filter:catch_errors]
use = egg:wsgistack#catch_errors
debug = {debug}
[app:app]
use = wsgiref.simple_server:demo_app
"""


@pytest.mark.parametrize(("name", "text"), [("stack.toml", TOML), ("stack.ini", INI)])
@pytest.mark.parametrize("key", ["env", "Environment", "mode", "app_env", "WSGISTACK_ENV"])
@pytest.mark.parametrize("value", ["production", "PROD", "live", "eu-production"])
def test_debug_is_refused_if_a_file_says_production(
    name: str, text: str, key: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WSGISTACK_ENV", "development")
    file = write(tmp_path, name, text.format(key=key, value=value, debug="true"))
    with pytest.raises(ConfigError, match=f"debug: on, and {key} in the global configuration says") as raised:
        load(file)
    [mistake] = raised.value.mistakes
    assert Path(mistake.where.file) == file
    assert "debug = true" in file.read_text().splitlines()[mistake.where.line - 1]
    load(write(tmp_path, name, text.format(key=key, value=value, debug="false")))
    load(write(tmp_path, name, text.format(key=key, value="development", debug="true")))


@pytest.mark.parametrize(
    ("name", "text"),
    [("production.ini", INI), ("stack.prod.toml", TOML), ("PRODUCTION.ini", INI), ("prod-eu.ini", INI)],
)
def test_debug_is_refused_in_a_file_that_is_called_production(name: str, text: str, tmp_path: Path) -> None:
    file = write(tmp_path, name, text.format(key="shop", value="tea", debug="true"))
    assert find_mistakes(lambda: load(file)) == [f"on, and the name of the file {name} says that this is production"]
    load(write(tmp_path, f"product-{name.lower().replace('prod', 'test')}", file.read_text()))


def test_debug_is_refused_if_a_caller_says_production(tmp_path: Path) -> None:
    file = write(tmp_path, "stack.ini", INI.format(key="shop", value="tea", debug="true"))
    assert find_mistakes(lambda: load(file, global_conf={"env": "production"})) == [PRODUCTION]


def test_debug_is_refused_in_a_part_of_a_site_in_production(tmp_path: Path) -> None:
    layer = '{ use = "catch_errors", debug = true }'
    inner = f'[apps.inner]\napp = "wsgiref.simple_server:demo_app"\nlayers = [{layer}]\n'
    outer = 'mounts = { "/inner" = "inner" }\n'
    file = write(tmp_path, "stack.toml", f'{outer}{inner}global = {{ env = "production" }}\n')
    assert find_mistakes(lambda: load(file)) == [PRODUCTION]
    load(write(tmp_path, "stack.toml", f"{outer}{inner}"))


def test_debug_is_refused_in_a_section_that_sets_production(tmp_path: Path) -> None:
    text = INI.format(key="shop", value="tea", debug="true")
    base = text.replace("[filter:catch_errors]\n", "[filter:catch_errors]\nset env = production\n")
    assert find_mistakes(lambda: load(write(tmp_path, "stack.ini", base))) == [PRODUCTION]
    derived = text + "[filter:other]\nuse = catch_errors\nset env = production\n"
    derived = derived.replace("pipeline = catch_errors app", "pipeline = other app")
    assert find_mistakes(lambda: load(write(tmp_path, "stack.ini", derived))) == [PRODUCTION]


def test_debug_is_refused_by_paste_deploy_itself_in_production(tmp_path: Path) -> None:
    loadapp = pytest.importorskip("paste.deploy").loadapp
    made = "paste.app_factory = tests.config.factories:make_app"
    text = INI.replace("use = wsgiref.simple_server:demo_app", made)
    file = write(tmp_path, "stack.ini", text.format(key="env", value="production", debug="true"))
    assert find_mistakes(lambda: loadapp(f"config:{file}")) == [PRODUCTION]


def test_a_layer_that_a_table_in_python_holds_is_refused_as_well() -> None:
    layers = [{"use": CatchErrors, "debug": True}]
    table = {"app": raising(RuntimeError()), "layers": layers, "global": {"env": "production"}}
    assert find_mistakes(lambda: load(table)) == [PRODUCTION]
