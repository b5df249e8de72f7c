"""The help of each command: what it says to people, and that its examples do what they say."""

import re
import shlex
import shutil
import socket
from base64 import b64encode
from contextlib import redirect_stdout, suppress
from io import StringIO
from pathlib import Path

import pytest

from tests.cli.programs import running
from tests.waiting import MAX_WAIT
from wsgistack.cli import main

EXAMPLES = Path(__file__).with_name("examples")


def read_help(*command: str) -> str:
    with redirect_stdout(StringIO()) as shown, suppress(SystemExit), pytest.MonkeyPatch.context() as patched:
        patched.setenv("COLUMNS", "80")
        main([*command, "--help"])
    return shown.getvalue()


MAIN = read_help()
COMMANDS = re.findall(r"^    ([a-z]+) ", MAIN.partition("COMMAND\n")[2].partition("\n\n")[0], re.MULTILINE)
HELP = {"": MAIN, **{command: read_help(command) for command in COMMANDS}}
FOUND = {command: re.findall(r"^ +\$ (wsgistack .+)$", text, re.MULTILINE) for command, text in HELP.items()}
STACK = re.findall(r"^    (app = .+?\n    \]\n)", MAIN, re.MULTILINE | re.DOTALL)

STATUS = {"wsgistack diff old.toml stack.toml": 1}
"""Exit codes other than 0."""

OUTPUT = {
    "wsgistack check stack.toml": r"stack\.toml: OK\n",
    "wsgistack check --quiet --strict stack.toml": r"",
    "wsgistack check --format json stack.toml": r'(?s)\{\s+"file": "stack.toml",\s+"mistakes": \[\],.*\}\n',
    "wsgistack init shop:app": r"(?s)Wrote stack\.toml\..*",
    "wsgistack show stack.toml": r"(?s)request_id\n.*basic_auth\n.* users = .*ADAS_PASSWORD.*\n.*shop:app\n",
    "wsgistack show --format toml stack.ini": r'(?s).*"request_id".*minimum_size = .*',
    "wsgistack diff old.toml stack.toml": r"(?s).*basic_auth.*",
    "wsgistack list": r"(?s).*\nbasic_auth .*\ngzip .*",
    "wsgistack list basic_auth": r"(?s)basic_auth: .*\n  users .*",
    "wsgistack explain stack.toml 'GET /admin'": r"(?s)GET /admin\n.*basic_auth sees it\n401 Unauthorized\n",
    "wsgistack audit stack.toml": r".* 0 answered without a guard\n",
    "wsgistack replay stack.ini incident.json": r"(?s)GET /orders/0\n.*the same error\n",
    "wsgistack passwd users.htpasswd ada": r"(?s).*Changed the password of ada in users\.htpasswd\.\n",
    "wsgistack passwd --check users.htpasswd ada": r"(?s).*The password is right\.\n",
    "wsgistack passwd --delete users.htpasswd ada": r"Removed ada from users\.htpasswd\.\n",
    "wsgistack conform powered:Powered --changes X-Powered-By": r"powered:Powered: (\d+) of \1 cases passed\n",
}
"""What examples print; others print something, and no traceback."""

PROMPTS = {
    "wsgistack passwd users.htpasswd ada": ("New password: ", "Again: "),
    "wsgistack passwd --check users.htpasswd ada": ("Password: ",),
}
"""What examples ask in a terminal."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files of the examples, and stack.toml as the help shows it."""
    shutil.copytree(EXAMPLES, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "stack.toml").write_text(re.sub("^    ", "", STACK[0], flags=re.MULTILINE))
    monkeypatch.setenv("ADAS_PASSWORD", "lovelace")
    return tmp_path


def ask(address: str) -> bytes:
    """The whole response to a request with ada's password; the server has finished it when it closes the connection."""
    user = b64encode(b"ada:lovelace").decode()
    host, _, port = address.partition(":")
    with socket.create_connection((host, int(port)), timeout=MAX_WAIT) as client:
        head = f"GET /admin HTTP/1.1\r\nHost: {address}\r\nAuthorization: Basic {user}\r\nConnection: close\r\n\r\n"
        client.sendall(head.encode())
        return b"".join(iter(lambda: client.recv(65536), b""))


@pytest.mark.slow
@pytest.mark.parametrize("is_terminal", [True, False], ids=["in a terminal", "piped"])
@pytest.mark.parametrize("example", dict.fromkeys(example for found in FOUND.values() for example in found))
def test_examples_do_what_they_say(example: str, is_terminal: bool, folder: Path) -> None:
    arguments = shlex.split(example)[1:]
    is_serving = arguments[0] == "serve" and "--help" not in arguments
    if arguments[0] == "init":
        (folder / "stack.toml").unlink()
    if is_serving:
        arguments[1:1] = ["--port", "0"]
        (folder / "gunicorn.conf.py").write_text(
            'def post_worker_init(worker):\n    worker.log.info("A worker has started")\n'
        )
    typed = folder / "typed"
    typed.write_bytes(b"lovelace\n")
    with running(arguments, folder, is_terminal=is_terminal, typed=typed) as program:
        for prompt in PROMPTS.get(example, ()) if is_terminal else ():
            program.wait_for(prompt)
            program.type(b"lovelace\n")
        if is_serving:
            address = program.wait_for(r"(?:Serving on|Listening at:) http://([\w.:]+)")[1]
            assert ask(address).endswith(b"\r\n\r\nAll orders")
            program.wait_for(r'GET /admin (HTTP/1\.1" )?200 ')
            if "gunicorn" in arguments:  # otherwise Ctrl-C could interrupt the start of the second one
                program.wait_for(r"(?s)(A worker has started.*){2}")
            program.interrupt()
        status = program.wait()
    assert status == STATUS.get(example, 0), program.text
    assert "Traceback" not in program.text
    assert re.fullmatch(OUTPUT.get(example, r"(?s).+"), program.text), program.text
    if is_serving:
        assert program.text.endswith("Shutting down: Master\n" if "gunicorn" in arguments else "Stopped.\n")


def test_each_command_has_an_example_of_itself() -> None:
    assert len(COMMANDS) >= 8
    for command in COMMANDS:
        assert any(example.startswith(f"wsgistack {command} ") for example in FOUND[command] + FOUND[""]) or (
            f"wsgistack {command}" in FOUND[command]
        )
    known = [example for found in FOUND.values() for example in found]
    assert [example for example in (*OUTPUT, *STATUS) if example not in known] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_names_only_arguments_that_the_command_has(command: str) -> None:
    description, _, arguments = HELP[command].partition("\narguments:\n")
    named = set(re.findall(r"\b(?:CAPSULE|FILE|NAME|OLD|NEW|REQUEST|TARGET)\b", description))
    assert named <= set(re.findall(r"^  (\w+)", arguments, re.MULTILINE))


@pytest.mark.parametrize("command", HELP)
def test_fits_a_terminal_of_80_columns(command: str) -> None:
    assert [line for line in HELP[command].splitlines() if len(line) > 80] == []


@pytest.mark.parametrize("arguments", [["--help"], ["check", "--color", "never", "--help"], ["check"], ["chek"]])
def test_has_no_colours(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    with pytest.raises(SystemExit):
        main(arguments)
    shown = "".join(capsys.readouterr())
    assert shown.startswith("usage: wsgistack ")
    assert "\033" not in shown


@pytest.mark.parametrize(("columns", "longest"), [(60, range(40, 61)), (140, range(100, 141))])
def test_uses_the_width_of_the_terminal(columns: int, longest: range, tmp_path: Path) -> None:
    with running(["audit", "--help"], tmp_path, is_terminal=True, columns=columns) as program:
        assert program.wait() == 0
    assert max(map(len, program.text.splitlines())) in longest


def test_the_usage_is_one_line_that_names_what_is_required() -> None:
    assert HELP["explain"].splitlines()[:2] == [
        "usage: wsgistack explain [options] TARGET REQUEST [NAME=VALUE ...]",
        "",
    ]
    assert HELP[""].splitlines()[:2] == ["usage: wsgistack [options] COMMAND ...", ""]


def test_rare_options_have_a_group_of_their_own() -> None:
    common, _, rare = HELP["check"].partition("less common options:")
    assert ("--quiet" in common, "--strict" in common, "--strict" in rare) == (True, False, True)
