"""The api-paste.ini files of nova and neutron: the same behaviour with oslo.middleware and with the layers here."""

import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from paste.deploy import loadapp

import wsgistack
from tests.cli.files import read_mistakes
from tests.oslo.asking import ask
from wsgistack import oslo
from wsgistack.cli import main
from wsgistack.types import App

ID = r"req-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
GIVEN = "req-12345678-1234-1234-1234-123456789abc"
ASKED = "HTTP_ACCESS_CONTROL_REQUEST_"
HORIZON = "https://horizon.example.com"
NAMES = {"nova.ini": "osapi_compute", "neutron.ini": "neutron", "eggs.ini": "main"}
SERVICE = f"""\
[cors]
allowed_origin = {HORIZON}
allow_headers = X-Auth-Token
[oslo_middleware]
max_request_body_size = 20
"""
Configure = Callable[[str, str], None]


class Apps(NamedTuple):
    """An application with oslo.middleware, and the same with the layers here, by two loaders."""

    original: App
    converted: App
    loaded: App


def convert(file: Path) -> Path:
    """Change the file by the command in the docs."""
    [command] = re.findall(r"^    (sed .*?) api-paste.ini$", oslo.__doc__ or "", re.MULTILINE | re.DOTALL)
    new = file.with_name(f"converted-{file.name}")
    new.write_bytes(file.read_bytes())
    subprocess.run(f"{command} {new}", shell=True, check=True)  # noqa: S602
    return new


def load(folder: Path, name: str) -> Apps:
    file = folder / name
    new = convert(file)
    assert "oslo_middleware" in file.read_text() or "oslo.middleware#" in file.read_text()
    assert not re.search(r"^[^#]*(oslo_middleware|oslo\.middleware)", new.read_text(), re.MULTILINE)
    app = NAMES[name]
    return Apps(loadapp(f"config:{file}", app), loadapp(f"config:{new}", app), wsgistack.load(new, app))


@pytest.fixture(params=[("nova.ini", "/v2.1"), ("neutron.ini", "/v2.0")], ids=["nova", "neutron"])
def service(request: pytest.FixtureRequest, folder: Path, configure: Configure) -> tuple[Apps, str]:
    """The applications of a service, and the path of its API."""
    name, prefix = request.param
    configure(name.removesuffix(".ini"), SERVICE)
    return load(folder, name), prefix


@pytest.fixture
def eggs(folder: Path, users: Path, configure: Configure) -> Apps:
    configure("service", f"[oslo_middleware]\nhttp_basic_auth_user_file = {users}\n")
    return load(folder, "eggs.ini")


@pytest.mark.parametrize(
    "sent", [{}, {"HTTP_X_OPENSTACK_REQUEST_ID": GIVEN}, {"HTTP_X_OPENSTACK_REQUEST_ID": "x"}], ids=["no", "own", "bad"]
)
def test_each_request_has_an_id_of_openstack(service: tuple[Apps, str], sent: Mapping[str, Any]) -> None:
    apps, prefix = service
    answers = [ask(app, f"{prefix}/servers", **sent) for app in apps]
    seen = [answer.json for answer in answers]
    for answer, environ in zip(answers, seen, strict=True):
        assert answer.status_code == 200
        own = environ.pop("openstack.request_id")
        assert re.fullmatch(ID, own)
        assert own != GIVEN
        assert answer.headers.getall("X-Openstack-Request-Id") == [own]
    assert seen[0]["openstack.global_request_id"] == (GIVEN if GIVEN in sent.values() else None)
    assert seen[0] == seen[1] == seen[2]


def test_the_headers_for_other_origins_are_the_same(service: tuple[Apps, str]) -> None:
    apps, prefix = service
    for path in (prefix, "/"):
        for origin in (HORIZON, "https://evil.example"):
            answers = [ask(app, path, HTTP_ORIGIN=origin) for app in apps]
            headers = [{key: value for key, value in answer.headers.items() if "Access" in key} for answer in answers]
            expected = {"Access-Control-Allow-Origin": HORIZON, "Access-Control-Allow-Credentials": "true"}
            assert headers == [expected if origin == HORIZON else {}] * 3


@pytest.mark.parametrize(
    ("origin", "method", "header", "is_allowed"),
    [
        (HORIZON, "PUT", "X-Auth-Token", True),
        (HORIZON, "DELETE", "Content-Type", True),
        (HORIZON, "PUT", "X-Other", False),
        (HORIZON, "PROPFIND", "Pragma", False),
        ("https://evil.example", "PUT", "X-Auth-Token", False),
    ],
)
def test_preflights_have_the_same_meaning(
    service: tuple[Apps, str], origin: str, method: str, header: str, is_allowed: bool
) -> None:
    apps, prefix = service
    asked: dict[str, Any] = {
        "HTTP_ACCESS_CONTROL_REQUEST_METHOD": method,
        "HTTP_ACCESS_CONTROL_REQUEST_HEADERS": header,
    }
    for answer in (ask(app, prefix, "OPTIONS", HTTP_ORIGIN=origin, **asked) for app in apps):

        def listed(name: str, answer: Any = answer) -> list[str]:
            return re.split(", *", answer.headers.get(f"Access-Control-Allow-{name}", ""))

        answered = listed("Origin") == [origin] and method in listed("Methods") and header in listed("Headers")
        assert answered == is_allowed
        assert not is_allowed or answer.headers["Access-Control-Max-Age"] == "3600"
        assert not is_allowed or answer.status_code in (200, 204)


def test_requests_that_are_too_large_are_refused(folder: Path, configure: Configure) -> None:
    configure("nova", SERVICE)
    for app in load(folder, "nova.ini"):
        assert ask(app, "/v2.1/servers", "POST", b"x" * 20).json["length"] == 20
        assert ask(app, "/v2.1/servers", "POST", b"x" * 21).status_code == 413


def test_errors_are_answered(folder: Path, configure: Configure, caplog: pytest.LogCaptureFixture) -> None:
    configure("neutron", SERVICE)
    for app in load(folder, "neutron.ini"):
        caplog.clear()
        answer = ask(app, "/v2.0/fail", HTTP_X_AUTH_TOKEN="gAAAA")
        assert answer.status_code == 500
        assert "secret words" not in answer.text
        assert re.fullmatch(ID, answer.headers["X-Openstack-Request-Id"])
        [record] = [each for each in caplog.records if each.exc_info]
        assert "gAAAA" not in record.getMessage()


def test_the_health_page_is_the_same(service: tuple[Apps, str], folder: Path) -> None:
    apps, _ = service
    for status, head, text in [(200, 204, "OK"), (503, 503, "DISABLED BY FILE")]:
        for app in apps:
            answer = ask(app, "/healthcheck")
            assert (answer.status_code, answer.text, answer.content_type) == (status, text, "text/plain")
            answer = ask(app, "/healthcheck", HTTP_ACCEPT="application/json")
            assert (answer.status_code, answer.json) == (status, {"detailed": False, "reasons": [text]})
            answer = ask(app, "/healthcheck", HTTP_ACCEPT="text/html")
            assert (answer.status_code, answer.content_type, text in answer.text) == (status, "text/html", True)
            answer = ask(app, "/healthcheck", "HEAD")
            assert (answer.status_code, answer.body) == (head, b"")
        (folder / "healthcheck_disable").touch()


FORWARDED: dict[str, Any] = {"HTTP_X_FORWARDED_FOR": "198.51.100.7", "HTTP_X_FORWARDED_PROTO": "https"}
FORWARDED |= {"HTTP_X_FORWARDED_HOST": "api.example.org", "HTTP_X_FORWARDED_PREFIX": "/compute"}


def test_headers_of_proxies_change_nothing_by_default(service: tuple[Apps, str]) -> None:
    apps, prefix = service
    first, *others = ([ask(app, f"{prefix}/servers", **sent).json for sent in ({}, FORWARDED)] for app in apps)
    for plain, forwarded in (first, *others):
        assert {**plain, "openstack.request_id": ""} == {**forwarded, "openstack.request_id": ""}


def test_headers_of_a_trusted_proxy_mean_the_same(folder: Path, configure: Configure) -> None:
    configure("neutron", f"{SERVICE}enable_proxy_headers_parsing = true\n")
    file = folder / "neutron.ini"
    new = convert(file)
    section = "[filter:http_proxy_to_wsgi]\n"
    new.write_text(new.read_text().replace(section, f"{section}trusted = 192.0.2.1\n"))
    apps = [loadapp(f"config:{file}", "neutron"), loadapp(f"config:{new}", "neutron"), wsgistack.load(new, "neutron")]
    seen = [ask(app, "/v2.0/networks", **FORWARDED).json | {"openstack.request_id": ""} for app in apps]
    assert seen[0]["REMOTE_ADDR"] == "198.51.100.7"
    assert seen[0]["wsgi.url_scheme"] == "https"
    assert seen[0]["HTTP_HOST"] == "api.example.org"
    assert seen[0]["SCRIPT_NAME"] == "/compute/v2.0"
    assert seen[0] == seen[1] == seen[2]
    spoofed = {**FORWARDED, "HTTP_X_FORWARDED_FOR": "203.0.113.9, 198.51.100.7"}
    addresses = [ask(app, "/v2.0/networks", **spoofed).json["REMOTE_ADDR"] for app in apps]
    assert addresses == ["203.0.113.9, 198.51.100.7", "198.51.100.7", "198.51.100.7"], "oslo.middleware takes it all"


def test_headers_of_any_client_are_refused_with_a_reason(
    folder: Path, configure: Configure, capsys: pytest.CaptureFixture[str]
) -> None:
    configure("neutron", "[oslo_middleware]\nenable_proxy_headers_parsing = true\n")
    file = convert(folder / "neutron.ini")
    reason = (
        "trusted: with enable_proxy_headers_parsing alone, every client could choose its address; expected "
        "the addresses of the proxies, such as trusted = 10.0.0.0/8, or their number, such as hops = 1"
    )
    with pytest.raises(wsgistack.ConfigError) as caught:
        loadapp(f"config:{file}", "neutron")
    assert str(caught.value) == f"{file}: HTTPProxyToWSGI {reason}"
    assert main(["check", str(file), "--name", "neutron"]) == 1
    assert any(
        each.endswith(f"[filter:http_proxy_to_wsgi] {reason}") for each in read_mistakes(capsys.readouterr().err)
    )


def test_options_in_the_file_mean_the_same(eggs: Apps, folder: Path) -> None:
    for origin in (HORIZON, "https://other.example.com"):
        answers = [ask(app, "/", HTTP_ORIGIN=origin) for app in eggs]
        exposed = [re.split(", *", each.headers["Access-Control-Expose-Headers"]) for each in answers]
        assert exposed == [["X-Subject-Token", "X-Openstack-Request-Id"]] * 3
        assert {each.headers["Access-Control-Allow-Origin"] for each in answers} == {origin}
        asked: dict[str, Any] = {
            "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "PATCH",
            "HTTP_ACCESS_CONTROL_REQUEST_HEADERS": "X-Auth-Token",
        }
        answers = [ask(app, "/", "OPTIONS", HTTP_ORIGIN=origin, **asked) for app in eggs]
        assert {each.headers["Access-Control-Max-Age"] for each in answers} == {"60"}
    for app in eggs:
        assert ask(app, "/", "POST", b"x" * 21).status_code == 413
        assert ask(app, "/fail").status_code == 500
        answer = ask(app, "/healthcheck")
        assert (answer.status_code, answer.text) == (503, "FILE PATH MISSING")
    (folder / "marker").touch()
    assert [ask(app, "/healthcheck").text for app in eggs] == ["OK"] * 3


def test_users_are_the_same(eggs: Apps) -> None:
    for sent, status in [("Basic YWRhOmxvdmVsYWNl", 200), ("Basic YWRhOng=", 401), ("Basic !!!", 401), ("x y", 401)]:
        answers = [ask(app, "/guarded/", HTTP_AUTHORIZATION=sent, HTTP_X_USER="root") for app in eggs]
        assert [answer.status_code for answer in answers] == [status] * 3
        for answer in answers if status == 200 else []:
            names = ("HTTP_X_USER", "HTTP_X_USER_NAME", "HTTP_AUTHORIZATION")
            assert [answer.json[name] for name in names] == ["ada", "ada", None]


@pytest.mark.parametrize("name", NAMES)
def test_check_finds_no_mistake(
    name: str, folder: Path, users: Path, configure: Configure, capsys: pytest.CaptureFixture[str]
) -> None:
    configure("nova", f"[oslo_middleware]\nhttp_basic_auth_user_file = {users}\n")
    (folder / ".neutron").mkdir()
    (folder / ".neutron/neutron.conf").touch()
    file = convert(folder / name)
    assert main(["check", "--strict", "--paste-deploy", "-q", str(file), "--name", NAMES[name]]) == 0
    assert capsys.readouterr() == ("", "")


def test_other_names_of_oslo_middleware_stay(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = folder / "keystone.ini"
    file.write_text(
        """\
[filter:debug]
use = egg:oslo.middleware#debug
[filter:Debug]
paste.filter_factory = oslo_middleware:Debug.factory
[filter:correlation_id]
paste.filter_factory = oslo_middleware.correlation_id:CorrelationId.factory
[filter:tracing]
use = egg:oslo.middleware#tracing
[filter:sizelimit]
use = egg:oslo.middleware#sizelimit
[pipeline:main]
pipeline = debug Debug correlation_id sizelimit app
[app:app]
paste.app_factory = tests.oslo.service:app_factory
"""
    )
    new = convert(file)
    assert read_changes(file, new) == ["use = egg:wsgistack#oslo_sizelimit"]
    assert main(["check", str(new)]) == 0, capsys.readouterr()
    assert ask(loadapp(f"config:{new}"), "/").status == "200 OK"


def read_changes(old: Path, new: Path) -> list[str]:
    """The lines of a file that another one does not have."""
    return [line for line in new.read_text().splitlines() if line not in old.read_text().splitlines()]


def test_an_answer_to_an_error_passes_the_middlewares_of_the_service(folder: Path, configure: Configure) -> None:
    configure("neutron", SERVICE)
    file = folder / "neutron.ini"
    text = file.read_text().replace("oslo_middleware:CatchErrors", "wsgistack.oslo:CatchErrors")
    file.write_text(text)  # the layers around it are still those of oslo.middleware, which are made with WebOb
    for app in (loadapp(f"config:{file}", "neutron"), wsgistack.load(file, "neutron")):
        answer = ask(app, "/v2.0/fail", HTTP_ORIGIN=HORIZON)
        assert answer.status_code == 500
        assert answer.headers["Access-Control-Allow-Origin"] == HORIZON
        assert re.fullmatch(ID, answer.headers["X-Openstack-Request-Id"])
