"""``wsgistack passwd``: what it asks, what it writes, and what it refuses."""

import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from unicodedata import normalize

import pytest
from passlib.hash import apr_md5_crypt, ldap_sha1

from tests.cli.files import read_mistakes
from tests.cli.programs import running
from tests.cli.projects import PROGRAM
from tests.direct import Call, answering
from wsgistack import BasicAuth
from wsgistack.cli import main, passwords
from wsgistack.middleware.auth.hashes import identify_hash

pytestmark = pytest.mark.usefixtures("cheap_hashes")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "users.htpasswd"


def run(*arguments: str | Path, typed: bytes = b"", status: int = 0) -> str:
    """What the program says, with a password in a pipe."""
    with (
        redirect_stdout(StringIO()) as shown,
        redirect_stderr(shown),
        pytest.MonkeyPatch.context() as patched,
    ):
        patched.setattr(sys, "stdin", TextIOWrapper(BytesIO(typed)))
        try:
            found = main(["passwd", *map(str, arguments)])
        except SystemExit as error:
            found = int(error.code or 0)
    assert found == status, shown.getvalue()
    return shown.getvalue()


def test_a_layer_reads_what_it_writes(file: Path) -> None:
    assert run(file, "ada", typed=b"lovelace\n") == f"Added ada to {file}.\n"
    user, stored = file.read_text().strip().split(":")
    assert (user, stored[:7]) == ("ada", "$2y$04$")
    app = BasicAuth(answering([]), htpasswd=file)
    assert Call(app, HTTP_AUTHORIZATION="Basic YWRhOmxvdmVsYWNf").status == "401 Unauthorized"
    assert Call(app, HTTP_AUTHORIZATION="Basic YWRhOmxvdmVsYWNl").status == "200 OK"
    assert run(file, "ada", typed=b"other") == f"Changed the password of ada in {file}.\n"
    assert run(file, "--check", "ada", typed=b"other") == "The password is right.\n"
    assert run(file, "--check", "ada", typed=b"lovelace\n", status=1) == f"{file}: wrong password\n"
    assert run(file, "--check", "bob", typed=b"other", status=1) == f"{file}: unknown user 'bob'\n"
    assert run(file, "--delete", "ada") == f"Removed ada from {file}.\n"
    assert run(file, "--delete", "ada", status=1) == f"{file}: unknown user 'ada'\n"
    assert file.read_text() == ""


@pytest.mark.parametrize(("name", "scheme"), [("bcrypt", "bcrypt"), ("argon2", "argon2"), ("sha512", "sha512_crypt")])
def test_hashes_as_it_is_asked_to(name: str, scheme: str, file: Path) -> None:
    run(file, "ada", "--hash", name, typed=b"lovelace")
    assert identify_hash(file.read_text().strip().removeprefix("ada:")) == scheme
    run(file, "--check", "ada", typed=b"lovelace")


@pytest.mark.parametrize("stored", [apr_md5_crypt.hash("x"), ldap_sha1.hash("x"), "x"], ids=["apr1", "sha1", "plain"])
def test_checks_a_hash_of_any_format(stored: str, file: Path) -> None:
    file.write_text(f"broken\nada:{stored}\n")
    run("--check", file, "ada", typed=b"x")
    run("--check", file, "ada", typed=b"y", status=1)


@pytest.mark.slow
def test_asks_twice_in_a_terminal_and_shows_nothing(file: Path, tmp_path: Path) -> None:
    def answer(arguments: list[str], *answers: tuple[str, bytes]) -> tuple[int, str]:
        with running(["passwd", *arguments, str(file), "ada"], tmp_path, is_terminal=True, columns=200) as program:
            for prompt, typed in answers:
                program.wait_for(prompt)
                program.type(typed)
            return program.wait(), program.text

    again = ("Again: ", b"lovelace\n")
    status, text = answer([], ("New password: ", b"lovelace\n"), again)
    assert (status, text.splitlines()[-1]) == (0, f"Added ada to {file}.")
    assert "lovelace" not in text
    status, text = answer([], ("New password: ", b"byron\n"), again)
    assert (status, text.splitlines()[-1]) == (1, f"{file}: the two passwords differ; nothing is changed")
    assert answer(["--check"], ("Password: ", b"lovelace\n"))[0] == 0
    assert answer(["--check"], ("Password: ", b"\x04"))[0] == 1
    assert answer([], ("New password: ", b"\x03"))[0] == 130


@pytest.mark.parametrize(
    ("answers", "status"),
    [
        (["lovelace", "lovelace"], 0),
        (["lovelace", "byron"], 1),
        ([""], 1),
        ([EOFError()], 1),
        ([KeyboardInterrupt()], 130),
    ],
)
def test_sets_only_a_password_that_was_typed_twice(
    answers: list[str | BaseException], status: int, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(prompt: str) -> str:
        given = answers.pop(0)
        if isinstance(given, BaseException):
            raise given
        return given

    terminal = StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", terminal)
    monkeypatch.setattr(passwords, "getpass", answer)
    assert main(["passwd", str(file), "ada"]) == status
    assert file.exists() == (status == 0)
    assert answers == []


def test_names_and_passwords_are_in_one_form(file: Path) -> None:
    run(file, normalize("NFD", "änn"), typed=normalize("NFD", "pä ß").encode())
    assert file.read_text("utf-8").startswith("änn:")
    run(file, "--check", "änn", typed="pä\xa0ß".encode())


@pytest.mark.parametrize(
    ("user", "typed", "problem"),
    [
        ("ada", b"", "the password is empty"),
        ("ada", b"\nlovelace", "the password is empty"),
        ("ada", b"a\tb", "the password has a control character, which no client can send"),
        ("ada", b"lovelace\r\n", "the password has a control character, which no client can send"),
        ("ada", b"\xff", "the password is not UTF-8, so that no client can send it"),
        ("ada", b"x" * 513, "the password is longer than 512 bytes"),
        ("ada", b"x" * 73, "the password is longer than 72 bytes, and bcrypt does not read more; choose a shorter"),
        ("a:b", b"x", "not a valid user name 'a:b'; expected no colon or control character"),
        ("#ada", b"x", "not a valid user name '#ada'"),
        (" ada", b"x", "not a valid user name ' ada'"),
        ("a\nb", b"x", "not a valid user name 'a\\nb'"),
        ("", b"x", "not a valid user name ''"),
    ],
)
def test_refuses_what_no_client_can_send(user: str, typed: bytes, problem: str, file: Path) -> None:
    (said,) = read_mistakes(run(file, user, typed=typed, status=1))
    assert said.startswith(f"{file}: {problem}")
    assert not file.exists()


@pytest.mark.parametrize(
    ("content", "problem"),
    [(None, "can't be read: No such file or directory"), (b"\xff", "is not UTF-8"), (b"", "is empty")],
)
def test_says_why_it_can_not_check(content: bytes | None, problem: str, file: Path) -> None:
    if content is not None:
        file.write_bytes(content)
    assert problem in run(file, "--check", "ada", typed=b"x", status=1)


def test_does_not_take_a_password_as_an_argument(file: Path) -> None:
    assert "unexpected argument" in run(file, "ada", "lovelace", status=2)
    assert not file.exists()


def test_works_without_standard_input(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["bash", "-c", '"$@" <&-', "-", str(PROGRAM), "passwd", str(file), "ada"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ})
    assert (done.returncode, done.stderr) == (1, f"{file}: the password is empty\n")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sys, "stdin", None)
        assert main(["passwd", str(file), "ada"]) == 1
    assert capsys.readouterr().err == f"{file}: the password is empty\n"


def test_says_why_a_user_with_a_damaged_hash_can_not_enter(file: Path) -> None:
    file.write_text("ada:$2y$12$damaged\n")
    said = run(file, "--check", "ada", typed=b"x", status=1)
    assert f"{file}:1: the hash of user 'ada' is a damaged hash" in said
    file.write_text("ada:!$2y$12$damaged\n")
    assert run(file, "--check", "ada", typed=b"x", status=1) == f"{file}: locked user\n"
