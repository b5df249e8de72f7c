"""``wsgistack audit``: path spellings, methods and hosts against real applications behind open and closed guards."""

import json
import logging
from pathlib import Path

import pytest

from tests.cli.files import read_mistakes, written
from tests.cli.guarded import APPS, CLOSED, OPEN
from wsgistack.cli import main
from wsgistack.cli.auditing import spell_host, spell_path
from wsgistack.http.hosts import host_forms

BYPASSES = {
    "flask_app": ("GET //admin/x", "GET /%2fadmin/x", "GET /admin/x SCRIPT_NAME: /zzz"),
    "prefixed_app": ("GET /zzz/admin/x X-Script-Name: /zzz",),
    "pyramid_app": ("GET //admin/x", "GET /%2fadmin/x", "GET /./admin/x", "GET /x/../admin/x"),
    "shared_data_app": ("GET /./admin/x", "GET /x/../admin/x"),
    "whitenoise_app": ("GET /admin/x SCRIPT_NAME: /zzz",),
}


def audited(folder: Path, text: str, *arguments: str, name: str = "stack.toml") -> int:
    return main(["audit", written(folder, text, name=name), *arguments])


@pytest.mark.parametrize("app", APPS)
def test_finds_what_gets_around_a_guard_that_reads_one_form(
    app: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert audited(tmp_path, OPEN.format(app=app), "--path", "/admin/x") == 1
    *lines, summary, refused = capsys.readouterr().out.splitlines()
    assert refused.endswith(" requests skipped the guard, and only what is inside of it refused them")
    assert {line.partition(" -> ")[0] for line in lines} >= {*BYPASSES[app]}
    assert summary.endswith(f" requests for /admin/x: {len(lines)} answered without a guard")


def test_finds_the_page_itself_beside_its_glob(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert audited(tmp_path, OPEN.format(app="flask_app"), "--path", "/admin") == 1
    assert "GET /admin -> 200 OK" in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("app", APPS)
@pytest.mark.parametrize(
    "when",
    [
        '{ not = { under = ["/health", "/static"] } }',
        '{ not = { path = ["/health", "/static/*"] } }',
        '{ under = "/admin" }',
        '{ path = "/admin/*" }',
        '{ under = "/admin", method = ["GET", "POST"] }',
        '{ not = { not = { under = "/admin" } } }',
        '{ under = "/admin", not = { method = ["GET"] } }',
    ],
)
def test_finds_nothing_around_a_guard_that_reads_all_forms(
    app: str, when: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert audited(tmp_path, CLOSED.format(app=app, when=when), "--path", "/admin", "--path", "/admin/x") == 0
    summary, *refused = capsys.readouterr().out.splitlines()
    assert summary.endswith(" requests for /admin, /admin/x: 0 answered without a guard")
    is_closed = when in (
        '{ not = { under = ["/health", "/static"] } }',
        '{ not = { path = ["/health", "/static/*"] } }',
    )
    assert bool(refused) is not is_closed, "only the routes of the application close an open guard"


@pytest.mark.parametrize(
    ("when", "path"),
    [
        ('{ not = { under = ["/health", "/st\u00e4tic"] } }', "/"),
        ('{ not = { path = ["/", "/health/*"] } }', "/admin"),
    ],
)
def test_does_not_report_what_is_public(
    when: str, path: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert audited(tmp_path, CLOSED.format(app="everything", when=when)) == 0
    assert capsys.readouterr().out.endswith(f" requests for {path}: 0 answered without a guard\n")


def test_leads_out_of_a_deep_public_path() -> None:
    assert "/a/b/../../admin" in spell_path("/admin", ["/a/b"])
    assert "/a/b/%2e%2e/%2e%2e/admin" in spell_path("/admin", ["/a/b"])


@pytest.mark.parametrize(
    ("when", "line"),
    [
        ('{ not = { host = "b.org" } }', "GET /admin Host: b.org -> 200 OK"),
        ('{ not = { path = "*.css" } }', "GET /admin/x.css -> 200 OK"),
        ('{ not = { under = ["/health", "/admin/x"] } }', "GET /admin/x -> 200 OK"),
        ('{ under = "/admin/x" }', "GET /admin -> 200 OK"),
        ('{ under = "/admin", host = ["localhost", "*.shop.example"] }', "GET /admin Host: other.example -> 200 OK"),
        ('{ not = { header = "X-Probe" } }', "GET /admin X-Probe: ... -> 200 OK"),
        ('{ not = { header = { "X-Probe" = "s3cret-[!a-z]*" } } }', "GET /admin X-Probe: ... -> 200 OK"),
        ('{ not = { header = { A = "s3cret", B = "é" } } }', "GET /admin A: ... B: ... -> 200 OK"),
        ('{ not = { header = { Host = "b.org" } } }', "GET /admin Host: b.org -> 200 OK"),
        ('{ not = { host = "b.org", header = "A" } }', "GET /admin Host: b.org A: ... -> 200 OK"),
        ('{ not = { header = "A", path = "*.css" } }', "GET /admin/x.css A: ... -> 200 OK"),
        ('{ header = { A = "*" } }', "GET /admin -> 200 OK"),
        ('{ not = { scheme = "https" } }', "GET /admin wsgi.url_scheme: https -> 200 OK"),
        ('{ scheme = "http" }', "GET /admin wsgi.url_scheme: https -> 200 OK"),
        ('{ scheme = "https" }', "GET /admin -> 200 OK"),
        ('{ not = { environ = { QUERY_STRING = "token=s3cret" } } }', "GET /admin QUERY_STRING: ... -> 200 OK"),
        ('{ environ = { SERVER_PROTOCOL = "HTTP/1.1" } }', "GET /admin SERVER_PROTOCOL: ... -> 200 OK"),
        ('{ environ = { QUERY_STRING = ["https", "h*p"] } }', "GET /admin -> 200 OK"),
        ('{ not = { environ = { HTTP_X = "1" } } }', "GET /admin X: ... -> 200 OK"),
        ('{ not = { environ = { REMOTE_PORT = "1*" } } }', "GET /admin REMOTE_PORT: ... -> 200 OK"),
        ('{ not = { environ = { SERVER_PROTOCOL = "HTTP/1.0" } } }', "GET /admin SERVER_PROTOCOL: ... -> 200 OK"),
        ('{ not = { environ = { PATH_INFO = "*.css" } } }', "GET /admin/x.css -> 200 OK"),
    ],
)
def test_finds_what_a_condition_lets_through(
    when: str, line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert audited(tmp_path, CLOSED.format(app="flask_app", when=when), "--path", "/admin") == 1
    printed = capsys.readouterr().out
    assert line in printed.splitlines()
    assert "s3cret" not in printed


def test_finds_a_page_by_the_root_that_a_header_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert audited(tmp_path, OPEN.format(app="pyramid_app"), "--path", "/admin/x") == 1
    assert "GET /x X-Vhm-Root: /admin -> 200 OK" in capsys.readouterr().out.splitlines()


def test_finds_a_method_that_a_header_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert audited(tmp_path, CLOSED.format(app="overridden", when='"tests.cli.guarded:is_post"')) == 1
    assert "GET / X-Http-Method-Override: POST -> 200 OK" in capsys.readouterr().out.splitlines()


def test_finds_what_two_guards_together_let_through(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    guards = [
        f'{{ use = "basic_auth", users = {{ ada = "x" }}, when = {{ not = {{ header = "{x}" }} }} }}' for x in "AB"
    ]
    assert audited(tmp_path, f'app = "tests.cli.guarded:everything"\nlayers = [{", ".join(guards)}]') == 1
    lines = capsys.readouterr().out.splitlines()
    assert "GET / A: ... B: ... -> 200 OK" in lines
    assert "GET / A: ... -> 200 OK" not in lines


@pytest.mark.parametrize(
    "when",
    [
        '{ not = { under = "/health", header = "X-Probe" } }',
        '{ not = { environ = { REMOTE_ADDR = "10.*" } } }',
        '{ not = { call = "tests.cli.guarded:is_post", under = "/health", scheme = "https" } }',
        '{ not = { method = ["GET", "OPTIONS"], header = "A" } }',
    ],
)
def test_sends_nothing_that_a_client_cannot_send(when: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert audited(tmp_path, CLOSED.format(app="flask_app", when=when), "--path", "/admin") == 0


def test_reports_in_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert audited(tmp_path, OPEN.format(app="flask_app"), "--path", "/admin/x", "--format", "json") == 1
    report = json.loads(capsys.readouterr().out)
    assert report["paths"] == ["/admin/x"]
    assert report["requests"] > 300
    assert report["refused_inside"] > 0
    fields = {
        "method": "GET",
        "target": "//admin/x",
        "host": "localhost",
        "script_name": "",
        "environ": {},
        "status": "200 OK",
    }
    assert fields in report["unguarded"]


@pytest.mark.parametrize(
    ("when", "paths"),
    [
        ('{ under = ["/admin", "/root"], path = "/admin/*/?" }', ["/admin", "/root", "/admin/x/x"]),
        ('{ not = { under = "/health", header = "X-Probe" } }', ["/"]),
        ('"tests.cli.guarded:is_admin"', ["/"]),
    ],
)
def test_sends_the_paths_that_the_file_names(
    when: str, paths: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    audited(tmp_path, CLOSED.format(app="flask_app", when=when), "--format", "json")
    assert json.loads(capsys.readouterr().out)["paths"] == paths


MOUNTED = """
[composite:main]
use = egg:wsgistack#mount
/ = public
/back/ = admin
/other = tests.cli.guarded:empty

[app:public]
use = tests.cli.guarded:empty

[pipeline:admin]
pipeline = auth tests.cli.guarded:flask_app

[filter:auth]
use = basic_auth
users = ada = x
{when}
"""


@pytest.mark.parametrize(("when", "path"), [("", "/back/"), ("when_under = /admin", "/back/admin")])
def test_a_mounted_guard_protects_what_is_below_its_prefix(
    when: str, path: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert audited(tmp_path, MOUNTED.format(when=when), "--format", "json", name="stack.ini") == 0
    assert json.loads(capsys.readouterr().out)["paths"] == [path]


def test_an_error_of_an_unguarded_application_is_an_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert audited(tmp_path, OPEN.format(app="failing")) == 1
    assert "GET / -> OSError\n" in capsys.readouterr().out


def test_an_application_that_refuses_gives_nothing_away(tmp_path: Path) -> None:
    assert audited(tmp_path, OPEN.format(app="empty")) == 0


@pytest.mark.parametrize(
    ("when", "text"),
    [
        ('{ not = { path = ["${env:SHOP_PATHS}", "/health"] } }', "GET /x.css -> 200 OK\n"),
        ('{ under = "${env:SHOP_ADMIN}" }', " requests for /admin/x: "),
    ],
)
def test_reads_references_in_conditions(
    when: str, text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_PATHS", "*.css")
    monkeypatch.setenv("SHOP_ADMIN", "/admin/x")
    audited(tmp_path, CLOSED.format(app="noisy", when=when).replace("guarded:noisy", "noisy:app"))
    assert text in capsys.readouterr().out


LOGGED = """
app = "tests.cli.noisy:app"
layers = [
    {{ use = "access_log", file = "access.log" }},
    {{ use = "access_log", output = "{output}" }},
    {{ use = "basic_auth", users = {{ ada = "x" }}, when = {{ under = "/admin" }} }},
]
"""


@pytest.mark.parametrize("output", ["stderr", "stdout", "logging"])
def test_prints_and_logs_nothing_but_its_report(
    output: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    assert audited(tmp_path, LOGGED.format(output=output), "--path", "/") == 1
    printed = capsys.readouterr()
    assert printed.out.startswith("GET / -> 200 OK\n")
    assert printed.err == ""
    assert caplog.records == []
    assert not (tmp_path / "access.log").exists()
    logging.getLogger("shop").warning("after the audit")
    assert caplog.messages == ["after the audit"]


def test_a_layer_that_derives_from_a_log_may_change_the_request(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = """
    app = "tests.cli.noisy:app"
    layers = ["tests.cli.noisy:Rewriting", { use = "basic_auth", users = { ada = "x" }, when = { under = "/admin" } }]
    """
    audited(tmp_path, text, "--path", "/admin")
    assert "GET /admin -> 200 OK" in capsys.readouterr().out.splitlines()


def test_a_guard_is_never_left_out(tmp_path: Path) -> None:
    assert audited(tmp_path, 'app = "tests.cli.noisy:app"\nlayers = ["tests.cli.noisy:LoggingGuard"]') == 0


def test_needs_a_guard(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert audited(tmp_path, 'app = "tests.cli.guarded:empty"\nlayers = ["request_id"]') == 1
    assert read_mistakes(capsys.readouterr().err) == [
        f"{tmp_path}/stack.toml: has no guard; expected a layer that protects what is inside, such as basic_auth"
    ]


def test_reports_the_mistakes_of_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert audited(tmp_path, 'app = "tests.cli.guarded:emty"') == 1
    assert "did you mean 'empty'?" in capsys.readouterr().err


def test_all_spellings_of_a_path_are_different() -> None:
    for path in ("/", "/admin", "/admin/x", "/caf\u00e9", "/100%"):
        spellings = spell_path(path, ["/public"])
        assert all(each.isascii() for each in spellings)
        assert len({*spellings}) > 30


def test_each_spelling_of_a_host_is_a_form_of_it() -> None:
    assert all(host_forms({"HTTP_HOST": each}).any("a.org".__eq__) for each in spell_host("a.org"))


def test_refuses_what_is_no_path(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        audited(tmp_path, CLOSED, "--path", "admin")
    assert "argument --path: 'admin' is not a path, such as /admin" in capsys.readouterr().err
