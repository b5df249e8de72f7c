"""An application as a tree: its layers, and the applications that it is made of."""

from pathlib import Path

import pytest

from tests.cli.files import HELLO, layers, written
from tests.cli.screen import run_on_a_terminal
from wsgistack.cli import main
from wsgistack.cli.tree import draw_tree
from wsgistack.config import open_document, read

PASTE = HELLO + "\ndef check(user, password): return True\ndef paste(conf, **options): return lambda app: app\n"
MOUNTED = """\
[pipeline:main]
pipeline = request_id site
[composite:site]
use = egg:wsgistack#mount
/ = shop
/again = main
/other = config:other.ini
/away = config:other.ini#made
/gone = nowhere
[pipeline:shop]
pipeline = log gzip hello
[filter:log]
use = access_log
[app:hello]
use = hello:app
"""
OTHER = """\
[pipeline:main]
pipeline = lint site
[composite:site]
use = egg:wsgistack#mount
/ = made
[composite:made]
use = call:hello:made
"""


def drawn(folder: Path, text: str, capsys: pytest.CaptureFixture[str], *, app: str = HELLO, name: str = "x.ini") -> str:
    assert main(["show", written(folder, text, app=app, name=name)]) == 0
    return capsys.readouterr().out


def test_shows_options_as_a_configuration_has_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (
        layers("log", "auth", "proxies")
        + "[filter:auth]\nuse = basic_auth\ncheck = hello:check\n"
        + "[filter:log]\nuse = access-log\nfile = access.log\n"
        + "[filter:proxies]\nuse = call:hello:paste\npassword = ${env:NOT_SET}\n"
    )
    assert drawn(tmp_path, text, capsys, app=PASTE) == (
        "log (access-log)\n"
        f"│  file = {tmp_path / 'access.log'}\n"
        "└─ auth (basic_auth)\n"
        "   │  check = hello:check\n"
        "   └─ proxies (call:hello:paste)\n"
        "      │  password = '${env:NOT_SET}'\n"
        "      └─ hello:app\n"
    )


def test_shows_an_application_without_layers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert drawn(tmp_path, 'app = "hello:app"\n', capsys, name="x.toml") == "hello:app\n"


def test_shows_the_condition_of_a_layer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = layers("gzip") + "[filter:gzip]\nwhen_path = /api/* /x\nwhen_not_method = POST\nlevel = 9\n"
    assert drawn(tmp_path, text, capsys) == (
        "gzip\n│  when.path = /api/*, /x\n│  when.not.method = POST\n│  level = 9\n└─ hello:app\n"
    )


def test_draws_the_layers_without_details() -> None:
    document = open_document(
        {"app": "hello:app", "layers": [{"use": "gzip", "level": 9, "when": {"path": "/x"}}, "access_log"]}
    )
    tree = [*draw_tree(document, "main", read(document), is_whole=False)]
    assert tree == ["gzip", "└─ access_log", "   └─ hello:app"]


def test_marks_a_layer_in_the_wrong_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = drawn(tmp_path, layers("gzip", "access_log", "gzip"), capsys).splitlines()
    assert lines[0] == "gzip"
    assert lines[1].startswith("│  ! gzip ")
    assert lines[1].endswith("; put access_log before gzip")
    _, text = run_on_a_terminal("show", str(tmp_path / "x.ini"))
    assert text.splitlines()[1] == f"│  \033[1;33m{lines[1].removeprefix('│  ')}\033[m"
    assert len(lines) == 5
    assert lines[-3:] == ["└─ access_log", "   └─ gzip", "      └─ hello:app"]


def test_shows_what_a_composite_is_made_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "other.ini").write_text(OTHER)
    assert drawn(tmp_path, MOUNTED, capsys) == (
        "request_id\n"
        "└─ egg:wsgistack#mount\n"
        "   ├─ / = shop\n"
        "   │  └─ log (access_log)\n"
        "   │     └─ gzip\n"
        "   │        └─ hello:app\n"
        "   ├─ /again = main (circular reference)\n"
        "   ├─ /other = config:other.ini\n"
        "   │  └─ lint\n"
        "   │     └─ egg:wsgistack#mount\n"
        "   └─ /away = config:other.ini#made\n"
        "      └─ paste.composite_factory:hello:made\n"
    )


def test_shows_mounted_applications_that_have_no_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = 'mounts = { "/" = "hello:app", "/x" = "call:hello:make" }\n'
    assert drawn(tmp_path, text, capsys, name="x.toml") == (
        "egg:wsgistack#mount\n├─ / = hello:app\n└─ /x = call:hello:make\n"
    )


def test_shows_only_the_name_of_a_missing_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "[composite:main]\nuse = egg:wsgistack#mount\n/ = config:nowhere.ini\n/x = config:nowhere.ini#x\n"
    assert drawn(tmp_path, text, capsys) == (
        "egg:wsgistack#mount\n├─ / = config:nowhere.ini\n└─ /x = config:nowhere.ini#x\n"
    )
