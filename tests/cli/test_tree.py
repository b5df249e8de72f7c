"""An application as a tree: its layers, and what it is made of."""

from pathlib import Path

import pytest

from tests.cli.files import HELLO, layers, written
from wsgistack.cli import main

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
pipeline = gzip log hello
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
    assert drawn(tmp_path, "from hello import app\nconfig = {'app': app}\n", capsys, name="x.py") == "hello:app\n"


def test_shows_for_which_requests_a_layer_is_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = layers("gzip") + "[filter:gzip]\nwhen_path = /api/* /x\nwhen_not_method = POST\nlevel = 9\n"
    assert drawn(tmp_path, text, capsys) == (
        "gzip\n│  when path = /api/*, /x\n│  when not method = POST\n│  level = 9\n└─ hello:app\n"
    )


def test_marks_a_layer_that_stands_in_the_wrong_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert drawn(tmp_path, layers("gzip", "access_log", "gzip"), capsys) == (
        "gzip\n│  ! gzip is outside access_log: the log would not tell what went over the wire; "
        "put access_log before gzip\n└─ access_log\n   └─ gzip\n      └─ hello:app\n"
    )


def test_shows_what_a_composite_is_made_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "other.ini").write_text(OTHER)
    assert drawn(tmp_path, MOUNTED, capsys) == (
        "request_id\n"
        "└─ egg:wsgistack#mount\n"
        "   ├─ / = shop\n"
        "   │  └─ gzip\n"
        "   │     │  ! gzip is outside log: the log would not tell what went over the wire; put log before gzip\n"
        "   │     └─ log (access_log)\n"
        "   │        └─ hello:app\n"
        "   ├─ /again = main (a circle)\n"
        "   ├─ /other = config:other.ini\n"
        "   │  └─ lint\n"
        "   │     └─ egg:wsgistack#mount\n"
        "   └─ /away = config:other.ini#made\n"
        "      └─ paste.composite_factory:hello:made\n"
    )


def test_shows_applications_that_are_mounted_without_a_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "from hello import app\nconfig = {'mounts': {'/': app, '/x': 'hello:app', '/y': 'call:hello:make'}}\n"
    assert drawn(tmp_path, text, capsys, name="x.py") == (
        "egg:wsgistack#mount\n├─ / = hello:app\n├─ /x = hello:app\n└─ /y = call:hello:make\n"
    )


def test_shows_no_more_than_a_name_for_what_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "[composite:main]\nuse = egg:wsgistack#mount\n/ = config:nowhere.ini\n/x = config:nowhere.ini#x\n"
    assert drawn(tmp_path, text, capsys) == (
        "egg:wsgistack#mount\n├─ / = config:nowhere.ini\n└─ /x = config:nowhere.ini#x\n"
    )
