"""``wsgistack explain``: which layers see a request, by which condition and which form of it."""

from pathlib import Path

import pytest

from tests.cli.files import written
from tests.cli.guarded import CLOSED, OPEN
from wsgistack.cli import main


def explained(folder: Path, text: str, *arguments: str) -> int:
    return main(["explain", written(folder, text, name="stack.toml"), *arguments])


@pytest.mark.parametrize(
    ("request_", "lines"),
    [
        (
            ["GET /health"],
            [
                "GET /health",
                "request_id sees it",
                "access_log skips it",
                "   not under = /health: /health matches",
                "basic_auth skips it",
                "   not under = /health, /static: /health matches",
                "200 OK",
            ],
        ),
        (
            ["GET /health/../admin"],
            [
                "GET /health/../admin",
                "request_id sees it",
                "access_log sees it",
                "   not under = /health: /admin does not match",
                "basic_auth sees it",
                "   not under = /health, /static: /admin does not match",
                "401 Unauthorized",
            ],
        ),
        (
            ["GET /health", "--script-name", "/zzz"],
            [
                "GET /health SCRIPT_NAME: /zzz",
                "request_id sees it",
                "access_log sees it",
                "   not under = /health: /health matches, /zzz/health does not match",
                "basic_auth sees it",
                "   not under = /health, /static: /health matches, /zzz/health does not match",
                "401 Unauthorized",
            ],
        ),
    ],
)
def test_names_the_condition_and_the_form(
    request_: list[str], lines: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = CLOSED.format(app="flask_app", when='{ not = { under = ["/health", "/static"] } }')
    assert explained(tmp_path, text, *request_) == 0
    assert capsys.readouterr().out.splitlines() == lines


@pytest.mark.parametrize(
    ("when", "request_", "lines"),
    [
        ('{ path = "/admin/*" }', ["GET //admin"], ["   path = /admin/*: /admin matches"]),
        (
            '{ host = "*.org", header = "X-A" }',
            ["GET /", "--header", "Host: a.org:80:80"],
            ["   host = *.org: a.org matches", "   header = x-a: does not match"],
        ),
        (
            '{ method = "GET", scheme = "https" }',
            ["HEAD /"],
            ["   scheme = https: does not match", "   method = GET: matches"],
        ),
        (
            '{ under = "/admin" }',
            ["GET /%00"],
            ["   under = /admin: '/\\x00' matches, there may be other forms"],
        ),
        ('"tests.cli.guarded:is_admin"', ["GET //admin"], ["   call = tests.cli.guarded:is_admin: does not match"]),
        (
            '{ not = "tests.cli.guarded:is_admin" }',
            ["GET //a"],
            ["   not call = tests.cli.guarded:is_admin: does not match"],
        ),
        ('{ header = { X-Key = "${env:KEY}" } }', ["GET /"], ["   header.x-key = ${env:KEY}: does not match"]),
    ],
)
def test_describes_each_kind_of_condition(
    when: str,
    request_: list[str],
    lines: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KEY", "hidden")
    assert explained(tmp_path, CLOSED.format(app="flask_app", when=when), *request_) == 0
    output = capsys.readouterr().out
    assert output.partition("basic_auth ")[2].splitlines()[1:-1] == lines
    assert "hidden" not in output


def test_names_layers_that_an_outer_one_keeps_the_request_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = OPEN.format(app="flask_app").replace('["request_id"', '["paths", "request_id"')
    assert explained(tmp_path, text, "GET //admin") == 0
    lines = [
        "GET //admin",
        "paths sees it",
        "request_id is not reached",
        "basic_auth is not reached",
        "400 Bad Request",
    ]
    assert capsys.readouterr().out.splitlines() == lines


@pytest.mark.parametrize("request_line", ["/admin", "GET", "GET admin"])
def test_needs_a_method_and_a_path(request_line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        explained(tmp_path, OPEN, request_line)
    assert f"{request_line!r} is not a method and a path, such as 'GET /admin'" in capsys.readouterr().err
