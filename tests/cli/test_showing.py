"""``wsgistack show``: a configuration as a tree, or as TOML."""

import json
from contextlib import redirect_stdout
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest

from tests.cli.files import HELLO, QUICKSTART, TREE, layers, read_mistakes, written
from wsgistack.cli import main

SERVERS = (
    "[DEFAULT]\npassword = hidden\n[server:main]\nuse = egg:wsgistack\nport = ${env:P}\n[server:other]\nuse = main\n"
)
SECRET = "use = call:tests.config.factories:make_secret\nkey = hidden\n"
WITHOUT_MAIN = f"""\
[pipeline:api]
pipeline = listed docs
[app:docs]
use = hello:app
[filter:listed]
use = gzip
[filter:unlisted]
use = gzip
level = 9
[server:web]
{SECRET}"""


def print_in(encoding: str, *arguments: str) -> tuple[int, str]:
    """Run a command with an encoding of standard output. Return its exit status and what it prints."""
    stream = TextIOWrapper(BytesIO(), encoding=encoding)
    with redirect_stdout(stream):
        status = main(arguments)
    stream.flush()
    return status, stream.buffer.getvalue().decode(stream.encoding)


def test_shows_the_layers_as_a_tree_without_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(QUICKSTART)]) == 0
    assert capsys.readouterr().out == TREE


def test_shows_servers_and_the_names_of_global_values(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path, layers("gzip") + SERVERS + "host = 127.0.0.1\n")
    assert main(["show", file]) == 0
    assert capsys.readouterr().out.split("\n\n") == [
        "gzip\n└─ hello:app",
        "server main: egg:wsgistack\n   port = '${env:P}'",
        "server other: egg:wsgistack\n   port = '${env:P}'\n   host = '127.0.0.1'",
        "global values: password\n",
    ]


def test_shows_durations_and_sizes_with_units_to_people_and_as_numbers_to_programs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = layers("https", "etag") + "[filter:https]\nhsts = 365d\n[filter:etag]\nmax_size = 64KiB\n"
    file = written(tmp_path, f"{text}[filter:spare]\nuse = cors\nallow_origins = *\nmax_age = 1h30m\n")
    assert main(["show", file]) == 0
    tree = capsys.readouterr().out
    assert "hsts = '365d'" in tree
    assert "max_size = '64KiB'" in tree
    assert main(["show", "--format", "json", file]) == 0
    shown = json.loads(capsys.readouterr().out)
    options = [layer["options"] for layer in shown["applications"]["main"]["layers"]]
    assert options == [{"hsts": 31536000.0}, {"max_size": 65536}]
    assert shown["filters"]["spare"]["options"]["max_age"] == 5400.0


def test_shows_one_application_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path, layers("gzip").replace(":main]", ":other]"))
    assert main(["show", "--name", "other", file]) == 0
    assert capsys.readouterr().out == "gzip\n└─ hello:app\n"
    assert main(["show", "--name", "nobody", file]) == 1
    assert "'nobody'" in capsys.readouterr().err


def test_shows_everything_in_a_file_without_main(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", written(tmp_path, WITHOUT_MAIN)]) == 0
    assert capsys.readouterr().out.split("\n\n") == [
        "application api:\nlisted (gzip)\n└─ hello:app",
        "application docs:\nhello:app",
        "filter unlisted: gzip\n   level = 9",
        "server web: call:tests.config.factories:make_secret\n   key = <secret>\n",
    ]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        pytest.param(WITHOUT_MAIN.replace("listed docs", "listd docs"), ":2: [pipeline:api] ", id="in an application"),
        pytest.param("[alembic]\nurl = sqlite://\n", ": ", id="nothing to show"),
    ],
)
def test_reports_mistakes_in_a_file_without_main(
    text: str, place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, text)
    assert main(["show", file]) == 1
    out, err = capsys.readouterr()
    assert (out, len(read_mistakes(err))) == ("", 1)
    assert err.startswith(f"{file}{place}")


def test_hides_the_options_of_a_server_that_is_not_installed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    servers = "[server:main]\nuse = egg:nobody\nport = 80\nkey = hidden\n[server:bare]\nuse = egg:nobody\n"
    assert main(["show", written(tmp_path, layers("gzip") + servers)]) == 0
    assert capsys.readouterr().out.split("\n\n")[1:] == [
        "server main: egg:nobody\n   port = <secret>\n   key  = <secret>",
        "server bare: egg:nobody\n",
    ]


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_shows_the_tree_on_any_terminal(encoding: str) -> None:
    tree = TREE.encode(encoding, "backslashreplace").decode(encoding)
    assert print_in(encoding, "show", str(QUICKSTART)) == (0, tree)


def test_prints_where_standard_output_is_not_a_stream_of_bytes() -> None:
    with redirect_stdout(StringIO()) as shown:
        assert main(["show", str(QUICKSTART)]) == 0
        assert main(["show", "--format", "toml", str(QUICKSTART)]) == 0
    assert shown.getvalue().startswith(f'{TREE}app = "greetings"\nlayers = [')


def test_converts_the_whole_file_to_toml(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "--format", "toml", str(QUICKSTART)]) == 0
    text, said = capsys.readouterr()
    assert said == "warning: demo users: the secret is not written; set the environment variable DEMO_USERS to it\n"
    assert "${env:DEMO_USERS}" in text
    other = tmp_path / "stack.toml"
    other.write_text(text, "utf-8")
    assert main(["diff", str(QUICKSTART), str(other)]) == 1
    assert capsys.readouterr() == ("layer demo option users: changed\n", "")
    assert main(["show", "--format", "toml", str(other)]) == 0
    assert capsys.readouterr() == (text, "")


def test_writes_toml_in_utf_8_on_any_terminal(tmp_path: Path) -> None:
    text = 'app = "hello:app"\nlayers = [\n    { use = "gzip", name = "☃" },\n]\n'
    assert print_in("ascii", "show", "--format", "toml", written(tmp_path, text, name="stack.toml")) == (0, text)


JSON = f"""\
[pipeline:main]
pipeline = gzip log hello
[filter:log]
use = access_log
format = combined
when_not_under = /health
[filter:unlisted]
use = gzip
level = 9
[app:hello]
use = call:hello:make
path = ${{env:NOT_SET}}
[server:web]
{SECRET}
[DEFAULT]
password = hidden
"""


def shown_as_json(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> dict[str, Any]:
    assert main(["show", "--format", "json", *arguments]) == status
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert [*document] == ["file", "applications", "filters", "servers", "global_values", "mistakes"]
    return document


def test_describes_the_whole_file_for_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    app = f"{HELLO}\nprint('imported')\ndef make(conf, path): return app\n"
    file = written(tmp_path, JSON, app=app)
    document = shown_as_json(capsys, file)
    [gzip, log] = document["applications"]["main"].pop("layers")
    assert document == {
        "file": file,
        "applications": {"main": {"use": "call:hello:make", "options": {"path": "${env:NOT_SET}"}}, "hello": ANY},
        "filters": {
            "unlisted": {
                "name": "unlisted",
                "use": "gzip",
                "options": {"level": 9},
                "when": None,
                "file": file,
                "line": 7,
            }
        },
        "servers": {"web": {"use": "call:tests.config.factories:make_secret", "options": {"key": "<secret>"}}},
        "global_values": ["password"],
        "mistakes": [],
    }
    assert (log["name"], log["use"], log["options"]) == ("log", "access_log", {"format": "combined"})
    assert (log["when"], log["line"], log["warnings"]) == ({"not": {"under": ["/health"]}}, 3, [])
    assert [warning["hint"] for warning in gzip["warnings"]] == ["put log before gzip"]


def test_describes_one_application_for_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path, WITHOUT_MAIN)
    assert [*shown_as_json(capsys, file)["applications"]] == ["api", "docs"]
    assert [*shown_as_json(capsys, "--name", "api", file)["applications"]] == ["api"]
    [mistake] = shown_as_json(capsys, "--name", "apj", file, status=1)["mistakes"]
    assert mistake["hint"] == "did you mean 'api'?"


@pytest.mark.parametrize(
    "text", [WITHOUT_MAIN.replace("listed docs", "listd docs"), "[alembic]\nurl = sqlite://\n", ""]
)
def test_describes_nothing_if_there_are_mistakes(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = shown_as_json(capsys, written(tmp_path, text), status=1)
    assert [each for each in document.values() if each] == [str(tmp_path / "stack.ini"), document["mistakes"]]


def test_what_is_imported_may_print(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "app = 'hello:app'\nlayers = ['hello:layer']\n"
    app = f"{HELLO}\nprint('imported')\ndef layer(app): return app\n"
    assert main(["show", "--format", "toml", written(tmp_path, text, app=app, name="stack.toml")]) == 0
    assert capsys.readouterr() == ('app = "hello:app"\nlayers = ["hello:layer"]\n', "imported\n")


@pytest.mark.parametrize("command", [["show"], ["show", "--format", "json"], ["show", "--format", "toml"]])
def test_hides_a_line_without_a_name_beside_a_reference(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = layers("auth") + "[filter:auth]\nuse = basic_auth\nusers =\n    ada hidden\n    bob = ${env:NOT_SET}\n"
    main([*command, written(tmp_path, text)])
    out, err = capsys.readouterr()
    assert "hidden" not in out + err
