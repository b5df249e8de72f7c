"""The health page: each backend beside that of oslo.middleware, and what is refused."""

from pathlib import Path
from typing import Any

import oslo_middleware
import pytest

from tests.oslo import asking
from wsgistack import ConfigError
from wsgistack.oslo import Healthcheck


def ask(app: Any, method: str = "GET", **environ: Any) -> tuple[int, str]:
    response = asking.ask(app, "/", method, **environ)
    return response.status_code, response.text


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"backends": "disable_by_file", "disable_by_file_path": "{}/switch"}, "DISABLED BY FILE"),
        (
            {"backends": "disable_by_files_ports", "disable_by_file_paths": "81:/, 80:{}/switch"},
            "DISABLED BY FILE",
        ),
        ({"backends": "enable_by_files", "enable_by_file_paths": "{}/switch, /"}, "FILE PATH MISSING"),
    ],
)
def test_answers_as_oslo_middleware_does(options: dict[str, str], reason: str, tmp_path: Path) -> None:
    options = {name: value.format(tmp_path) for name, value in options.items()}
    apps = [
        oslo_middleware.Healthcheck.app_factory({}, **options, path="/healthcheck"),
        Healthcheck.app_factory({}, **options, path="/healthcheck"),
        Healthcheck.app_factory(options),
    ]
    is_good = reason == "DISABLED BY FILE"
    for _ in range(2):
        expected = (200, "OK") if is_good else (503, reason)
        assert [ask(app) for app in apps] == [expected] * 3
        assert [ask(app, "POST") for app in apps] == [expected] * 3
        assert [ask(app, "HEAD") for app in apps] == [(204 if is_good else 503, "")] * 3
        assert [ask(app, HTTP_ACCEPT="image/png") for app in apps] == [expected] * 3
        (tmp_path / "switch").touch()
        is_good = not is_good


def test_answers_nothing_where_nothing_is_checked() -> None:
    for app in (oslo_middleware.Healthcheck.app_factory({}), Healthcheck.app_factory(None)):
        assert ask(app) == (200, "")


def test_checks_only_ports_that_have_a_file() -> None:
    app = Healthcheck.app_factory({}, backends="disable_by_files_ports", disable_by_file_paths="81:/")
    assert [ask(app, SERVER_PORT=port) for port in ("80", "81")] == [(200, "OK"), (503, "DISABLED BY FILE")]


def test_other_clients_get_404() -> None:
    app = Healthcheck.app_factory({}, allowed_source_ranges="192.0.2.0/24, 2001:db8::/32")
    answers = [ask(app, REMOTE_ADDR=peer)[0] for peer in ("192.0.2.9", "2001:db8::1", "198.51.100.1", "")]
    assert answers == [200, 200, 404, 404]


def test_requests_through_a_proxy_get_404() -> None:
    app = Healthcheck.app_factory({}, ignore_proxied_requests="true")
    assert [ask(app)[0], ask(app, HTTP_X_FORWARDED_FOR="a")[0], ask(app, HTTP_FORWARDED="for=a")[0]] == [200, 404, 404]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"detailed": "true"}, "detailed: details are not supported: they would show the stack traces of all threads"),
        ({"backends": "disable_by_fil"}, "backends: unknown backend 'disable_by_fil'; did you mean 'disable_by_file'"),
        (
            {
                "backends": "disable_by_file, enable_by_files",
                "disable_by_file_path": "/a",
                "enable_by_file_paths": "/b",
            },
            "backends: disable_by_file and enable_by_files contradict each other; expected one of them",
        ),
        (
            {"backends": "disable_by_file"},
            "disable_by_file_path: missing file; expected what disable_by_file",
        ),
        (
            {"backends": "disable_by_files_ports", "disable_by_file_paths": "/run/off"},
            "disable_by_file_paths: not valid: '/run/off'; expected a port and a file, such as 8774:/run/nova/off",
        ),
        ({"allowed_source_ranges": "x"}, "allowed_source_ranges: not a valid network 'x'"),
        ({"detialed": "true"}, "detialed: unknown option of Healthcheck; did you mean 'detailed'?"),
    ],
)
def test_says_what_is_wrong(options: dict[str, str], problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Healthcheck.app_factory({}, **options)
    assert problem in str(caught.value)


def test_is_no_filter() -> None:
    with pytest.raises(ConfigError, match=r"is an application and not a filter; write \[app:healthcheck\] with use = "):
        Healthcheck.factory({}, backends="disable_by_file")
