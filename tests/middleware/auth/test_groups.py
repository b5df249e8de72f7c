"""Files of groups."""

from pathlib import Path
from unicodedata import normalize

import pytest
from webtest import TestApp

from tests.direct import answering
from wsgistack import BasicAuth
from wsgistack.errors import ConfigError
from wsgistack.middleware.auth.groups import watch_groups
from wsgistack.middleware.auth.rules import RuleOptions
from wsgistack.processes import watched_file


def write(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


def test_a_line_is_a_group_and_its_users(tmp_path: Path) -> None:
    text = f"# staff\n\nadmin: ann bob\nstaff:bob\t änn\r\nadmin : cat {normalize('NFD', 'änn')}\nempty:\n"
    groups = watch_groups(write(tmp_path / "groups", text), key="groups").read()
    assert groups == {
        "ann": {"admin"},
        "bob": {"admin", "staff"},
        "änn": {"admin", "staff"},
        "cat": {"admin"},
    }


def test_the_file_may_be_empty(tmp_path: Path) -> None:
    assert watch_groups(write(tmp_path / "groups", ""), key="groups").read() == {}


def test_names_each_line_that_is_no_group(tmp_path: Path) -> None:
    path = write(tmp_path / "groups", "admin: ann\nann bob\n: cat\nmy staff: dan\n")
    with pytest.raises(ConfigError) as raised:
        watch_groups(path, key="groups")
    assert [str(each) for each in raised.value.mistakes] == [
        f"groups: {path}:{line}: the line is not GROUP: USER USER; expected a file of groups" for line in (2, 3, 4)
    ]


def test_follows_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watched_file, "INTERVAL", 0.0)
    path = write(tmp_path / "groups", "admin: ann\n")
    file = watch_groups(path, key="groups")
    write(path, "admin: bobby\n")
    assert file.read() == {"bobby": {"admin"}}
    write(path, "admin: bob")  # of a longer name
    assert file.read() == {"bobby": {"admin"}}
    path.unlink()
    assert file.read() == {}


def test_a_rule_follows_the_file_while_the_password_is_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watched_file, "INTERVAL", 0.0)
    path = write(tmp_path / "groups", "admin: ann\n")
    rules: list[RuleOptions] = [{"under": ["/admin"], "groups": ["admin"]}]
    client = TestApp(BasicAuth(answering([b"hello"]), users={"ann": "pw", "bob": "pw"}, groups=path, rules=rules))

    def ask(user: str, status: int) -> None:
        client.authorization = ("Basic", (user, "pw"))
        client.get("/", status=200)
        client.get("/admin", status=status)

    ask("ann", 200)
    ask("bob", 403)
    write(path, "admin: robert bob\n")
    ask("ann", 403)
    ask("bob", 200)
    path.unlink()
    ask("bob", 403)
