"""``wsgistack replay``: the request of an incident, sent again."""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wsgistack import load
from wsgistack.cli import main
from wsgistack.testing import Server

SHOP = """
import json
from pathlib import Path

def app(environ, start_response):
    environ["wsgi.errors"].write("called")
    if environ["PATH_INFO"] == "/pay":
        size = int(environ.get("CONTENT_LENGTH") or 0)
        order = json.loads(environ["wsgi.input"].read(size))
        if environ.get("HTTP_X_KIND") == "other":
            raise OSError("other")
        return pay(order["price"])
    if environ["PATH_INFO"] == "/lazy":
        return lazy(start_response)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"fine"]

def lazy(start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"begun"
    raise LookupError("lazy")

def pay(price):
    return 100 / price

def report(report):
    Path("reported").write_text(report.fingerprint)
"""
STACK = """
app = "till:app"
layers = [
    "request_id",
    { use = "access_log", file = "access.log" },
    { use = "catch_errors", capsules = "capsules", reporters = ["till:report"], report_in_background = false },
    { use = "hosts", allowed = ["localhost"], when = { path = "/hosted" } },
]
"""
BODY = b'{"price": 0, "password": "s3cret"}'
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def capsule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The capsule of a request that has failed, in the current folder beside stack.toml."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.delitem(sys.modules, "till", raising=False)
    (tmp_path / "till.py").write_text(SHOP)
    (tmp_path / "stack.toml").write_text(STACK)
    record = Server().request(
        "POST",
        load("stack.toml"),
        "/pay?a=1&token=s3cret",
        headers={**JSON, "Cookie": "session=s3cret12", "X-Other": "1"},
        body=BODY,
    )
    assert record.code == "500"
    (tmp_path / "access.log").unlink()
    (tmp_path / "reported").unlink()
    [saved] = (tmp_path / "capsules").iterdir()
    saved.rename(tmp_path / "capsule.json")
    return tmp_path / "capsule.json"


def changed(capsule: Path, change: Callable[[dict[str, Any]], None]) -> None:
    content = json.loads(capsule.read_text())
    change(content)
    capsule.write_text(json.dumps(content))


def test_says_that_the_same_error_happens_and_disturbs_nobody(
    capsule: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", "stack.toml", "capsule.json"]) == 0
    out, err = capsys.readouterr()
    assert re.fullmatch(
        r"POST /pay\?a=1&token=\[redacted\]\n"
        r"redacted in the capsule: Cookie, the query, the body\n"
        r"recorded: ZeroDivisionError \(pay in till, line 24\), fingerprint (\w{16})\n"
        r"replayed: ZeroDivisionError: division by zero, fingerprint \1\n"
        r"the same error\n",
        out,
    )
    assert err == ""
    left = {path.name for path in capsule.parent.iterdir()}
    assert left - {"__pycache__"} == {"capsule.json", "capsules", "stack.toml", "till.py"}
    assert [*(capsule.parent / "capsules").iterdir()] == []


def test_says_that_another_error_happens(capsule: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "stack.toml", "capsule.json", "--header", "X-Kind: other", "--header", "Cookie: a=b"]) == 1
    out = capsys.readouterr().out
    assert "replayed: OSError: other" in out
    assert out.endswith("another error\n")
    assert "redacted in the capsule: the query, the body\n" in out


def test_says_that_no_error_happens(capsule: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sys.modules.pop("till")
    (capsule.parent / "till.py").write_text(SHOP.replace("return 100 / price", "return [b'']"))
    assert main(["replay", "stack.toml", "capsule.json"]) == 1
    assert "another error" in capsys.readouterr().out, "the application never starts"
    changed(capsule, lambda content: content["request"]["environ"].update(PATH_INFO="/", QUERY_STRING=""))
    assert main(["replay", "stack.toml", "capsule.json"]) == 1
    out = capsys.readouterr().out
    assert out.startswith("POST /\nredacted in the capsule: Cookie, the body\n")
    assert out.endswith("replayed: no error; 200 OK\n")


def test_does_not_speak_of_what_is_there(capsule: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed(capsule, lambda content: content["request"].update(body='{"price": 0}', headers={}))
    changed(capsule, lambda content: content["request"]["environ"].update(QUERY_STRING=""))
    assert main(["replay", "stack.toml", "capsule.json"]) == 0
    assert "redacted" not in capsys.readouterr().out


def test_finds_an_error_after_the_first_byte(capsule: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed(capsule, lambda content: content["request"]["environ"].update(PATH_INFO="/lazy"))
    assert main(["replay", "stack.toml", "capsule.json"]) == 1
    assert "replayed: LookupError: lazy" in capsys.readouterr().out


def test_a_body_that_was_left_out_is_missing(capsule: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed(capsule, lambda content: content["request"].update(body=None))
    changed(capsule, lambda content: content["request"]["headers"].pop("Host"))
    changed(capsule, lambda content: content["request"]["environ"].update(QUERY_STRING=""))
    assert main(["replay", "stack.toml", "capsule.json"]) == 1
    out = capsys.readouterr().out
    assert "redacted in the capsule: Cookie, the body\n" in out
    assert "replayed: JSONDecodeError" in out


@pytest.mark.slow
def test_writes_a_test_that_runs_and_fails_until_the_error_is_gone(
    capsule: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", "stack.toml", "capsule.json", "--pytest", "test_till.py"]) == 0
    file = capsule.parent / "test_till.py"
    compile(file.read_text(), str(file), "exec")

    def run() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_till.py"]
        return subprocess.run(command, cwd=capsule.parent, capture_output=True, text=True, check=False)

    failed = run()
    assert failed.returncode == 1, failed.stdout
    assert "ZeroDivisionError" in failed.stdout
    mended = SHOP.replace("return 100 / price", "raise SystemExit").replace(
        "return pay(", "start_response('200 OK', []); return [b''] or pay("
    )
    (capsule.parent / "till.py").write_text(mended)
    assert run().returncode == 0
    assert main(["replay", "stack.toml", "capsule.json", "--pytest", "test_till.py"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("--pytest: cannot write 'test_till.py': File exists\n  = hint: choose another name\n")
    assert main(["replay", "stack.toml", "capsule.json", "--pytest", "no/test.py"]) == 1


def test_a_test_in_another_folder_has_the_whole_path(capsule: Path) -> None:
    folder = capsule.parent / "tests"
    folder.mkdir()
    arguments = ["replay", "stack.toml", "capsule.json", "colour=red", "--pytest", "tests/test_it.py"]
    assert main(arguments) == 0
    text = (folder / "test_it.py").read_text()
    assert f"load(Path({str(capsule.parent / 'stack.toml')!r}), global_conf={{'colour': 'red'}})" in text


def test_replays_one_of_several_applications(capsule: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (capsule.parent / "two.toml").write_text('[apps.other]\napp = "till:app"\nlayers = ["catch_errors"]\n')
    assert main(["replay", "two.toml", "capsule.json", "--name", "other", "--pytest", "test_two.py"]) == 0
    assert "load(Path(__file__).parent / 'two.toml', 'other')" in (capsule.parent / "test_two.py").read_text()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "not an incident capsule\n  = expected a file that catch_errors has saved in its folder of "),
        ("[]", "not an incident capsule"),
        ("{}", "not an incident capsule"),
        ('{"wsgistack_capsule": 1, "request": 3}', "not an incident capsule"),
        (
            '{"wsgistack_capsule": 99}',
            "a capsule of another version\n  = hint: use the version of wsgistack that wrote it",
        ),
        (None, "cannot read the file: No such file or directory"),
    ],
)
def test_refuses_what_is_no_capsule(
    content: str | None, said: str, capsule: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if content is None:
        capsule.unlink()
    else:
        capsule.write_text(content)
    assert main(["replay", "stack.toml", "capsule.json"]) == 1
    assert f"capsule.json: {said}" in capsys.readouterr().err


def test_a_mistake_in_the_file_is_reported(capsule: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "nothing.toml", "capsule.json"]) == 1
    assert "file does not exist" in capsys.readouterr().err


INJECTED = "x():\n    pass\nopen('owned', 'w').close()\ndef test_more"


@pytest.mark.parametrize("key", ["exception", "fingerprint", "origin"])
def test_no_text_of_a_capsule_becomes_code_of_the_test(capsule: Path, key: str) -> None:
    changed(capsule, lambda content: content.__setitem__(key, f"{content[key][:4]}{INJECTED}"))
    main(["replay", "stack.toml", "capsule.json", "--pytest", "test_it.py"])
    written = Path("test_it.py")
    if written.exists():
        statements = [type(each).__name__ for each in ast.parse(written.read_text()).body]
        assert statements == ["Expr", "ImportFrom", "ImportFrom", "ImportFrom", "FunctionDef"]


@pytest.mark.parametrize("text", ['"""', "\\", "'\"", '"""\nimport os\n"""', "\r", "\x0c", "é" * 300])
def test_a_test_keeps_hostile_texts_as_texts(capsule: Path, text: str) -> None:
    def change(content: dict[str, Any]) -> None:
        content["exception"] = f"till.{text}"
        content["origin"] = text
        content["request"]["environ"]["PATH_INFO"] = f"/{text}"
        content["request"]["headers"]["X-Text"] = text
        content["request"]["body"] = text

    changed(capsule, change)
    main(["replay", "stack.toml", "capsule.json", "--pytest", "test_it.py"])
    tree = ast.parse(Path("test_it.py").read_text("utf-8"))
    statements = [type(each).__name__ for each in tree.body]
    assert statements == ["Expr", "ImportFrom", "ImportFrom", "ImportFrom", "FunctionDef"]


def test_a_capsule_sets_no_other_key_of_the_environ(capsule: Path) -> None:
    def change(content: dict[str, Any]) -> None:
        content["request"]["environ"] |= {"REMOTE_USER": "root", "wsgi.input": "x", "wsgistack.responses": "x"}
        content["request"]["headers"]["content-length"] = "999"
        content["request"]["scheme"] = "file"

    changed(capsule, change)
    assert main(["replay", "stack.toml", "capsule.json", "--pytest", "test_it.py"]) == 0
    text = Path("test_it.py").read_text()
    assert not re.search("REMOTE_USER|wsgi.input|wsgistack.responses|999|file", text.replace("__file__", ""))
