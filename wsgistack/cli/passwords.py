"""``wsgistack passwd``: the users of an htpasswd file and their passwords."""

import argparse
import sys
from contextlib import suppress
from getpass import getpass
from pathlib import Path

from wsgistack.cli.parser import Commands, add_parser
from wsgistack.cli.terminal import Terminal
from wsgistack.errors import ConfigError, make_file_error
from wsgistack.middleware.auth.credentials import find_problem, prepare_name, prepare_password
from wsgistack.middleware.auth.hashes import NEW, WEAK, HashError, hash_password
from wsgistack.middleware.auth.htpasswd import parse_htpasswd, split_line
from wsgistack.middleware.auth.htpasswd_changes import change_user
from wsgistack.middleware.auth.passwords import Passwords, Verification

__all__ = ["add_command", "set_password"]

_DESCRIPTION = """\
Sets the password of USER in FILE, which the option htpasswd of basic_auth can name. It creates the file if there is
none, and replaces it at once otherwise, so that a server never reads half of it. Servers notice within a second.

In a terminal it asks for the password. Otherwise it reads the first line of its standard input."""
_EXAMPLES = {
    "Add a user, or set another password": "wsgistack passwd users.htpasswd ada",
    "Check a password; the exit code is 0 if it is right": "wsgistack passwd --check users.htpasswd ada",
    "Remove a user": "wsgistack passwd --delete users.htpasswd ada",
}


def add_command(commands: Commands) -> None:
    """Add ``wsgistack passwd``."""
    command = add_parser(
        commands,
        "passwd",
        summary="set or check a password in an htpasswd file",
        description=_DESCRIPTION,
        examples=_EXAMPLES,
    )
    actions = command.add_mutually_exclusive_group()
    actions.add_argument("--check", action="store_true", help="check the password instead")
    actions.add_argument("--delete", action="store_true", help="remove the user instead")
    about = "how to hash the password (default: %(default)s)"
    command.add_argument("--hash", choices=NEW, default="bcrypt", help=about)
    command.add_argument("file", metavar="FILE", help="the file, in the format of Apache's htpasswd")
    command.add_argument("user", metavar="USER", help="the name of the user")
    command.set_defaults(run=set_password)


def set_password(parsed: argparse.Namespace) -> int:
    """Set or check the password of a user, or remove the user."""
    path = Path(parsed.file)
    user = prepare_name(parsed.user)
    terminal = Terminal(sys.stdout)
    if parsed.delete:
        if not change_user(path, user, None):
            raise make_file_error(path, f"{Verification.UNKNOWN.value} {user!r}")
        terminal.write(f"Removed {user} from {path}.")
        return 0
    if parsed.check:
        _check_password(path, user)
        terminal.write("The password is right.")
        return 0
    if not user or split_line(f"{user}:x") != (user, "x") or find_problem(user):
        problem = f"not a valid user name {user!r}"
        expected = "no colon or control character, no blanks around it, no # before it"
        raise make_file_error(path, problem, expected=expected)
    password = _ask(path, "New password: ")
    if _is_terminal() and _ask(path, "Again: ") != password:
        raise make_file_error(path, "the two passwords differ; nothing is changed")
    try:
        stored = hash_password(password, parsed.hash)
    except HashError as error:
        raise make_file_error(path, f"the password {error}", hint=error.hint) from error
    is_new = not change_user(path, user, stored)
    terminal.write(f"Added {user} to {path}." if is_new else f"Changed the password of {user} in {path}.")
    return 0


def _check_password(path: Path, user: str) -> None:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise make_file_error(path, f"can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise make_file_error(path, "is not UTF-8") from error
    users, mistakes = parse_htpasswd(text, path=path, key="", weak=WEAK)
    verdict = Passwords(lambda: users).verify(user, _ask(path, "Password: "))
    if verdict is Verification.LOCKED and mistakes:  # a hash that can't be read locks its user, too
        raise ConfigError(*mistakes)
    if verdict is not Verification.RIGHT:
        raise make_file_error(path, f"{verdict.value} {user!r}" if verdict is Verification.UNKNOWN else verdict.value)


def _ask(path: Path, prompt: str) -> str:
    """Read a password from the terminal, or else a line of standard input."""
    password = ""
    if _is_terminal():
        with suppress(EOFError):
            password = getpass(prompt)
    elif sys.stdin is not None:
        password = sys.stdin.buffer.readline().removesuffix(b"\n").decode("utf-8", "surrogateescape")
    if problem := find_problem(password) or "is empty" * (not password):
        raise make_file_error(path, f"the password {problem}")
    return prepare_password(password)


def _is_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()
