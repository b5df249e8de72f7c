"""Htpasswd files: what a line means, what is refused at the start, and how the file may change while it is used."""

import logging
import os
import resource
import sys
from pathlib import Path
from unicodedata import normalize

import bcrypt as bcrypt_library
import pytest
from argon2 import PasswordHasher
from passlib.hash import bcrypt, des_crypt, ldap_salted_sha1, ldap_sha1

from wsgistack.errors import ConfigError
from wsgistack.middleware.auth.htpasswd import watch_htpasswd
from wsgistack.middleware.auth.passwords import Passwords, Verification
from wsgistack.processes import watched_file

_A, _B, _NEW = ldap_salted_sha1.hash("a"), ldap_salted_sha1.hash("b"), ldap_salted_sha1.hash("new")
_KEPT = "the previous version stays in force"


class _Htpasswd:
    """A file of users that the tests change."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.changes = 0

    def write(self, *lines: str) -> None:
        self.write_text("".join(f"{line}\n" for line in lines))

    def write_text(self, text: str, encoding: str = "utf-8") -> None:
        self.path.write_bytes(text.encode(encoding))
        self.changes += 1
        os.utime(self.path, (self.changes, self.changes))

    def open(self, *weak: str) -> "_Opened":
        return _Opened(Passwords(watch_htpasswd(self.path, key="htpasswd", weak=weak).read))


class _Opened:
    """The users of the file."""

    def __init__(self, passwords: Passwords) -> None:
        self._passwords = passwords

    def verify(self, user: str, password: str) -> bool:
        return self._passwords.verify(user, password) is Verification.RIGHT


@pytest.fixture
def htpasswd(tmp_path: Path) -> _Htpasswd:
    return _Htpasswd(tmp_path / "users.htpasswd")


@pytest.fixture(autouse=True)
def _look_at_each_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watched_file, "INTERVAL", 0.0)


def _mistakes(error: pytest.ExceptionInfo[ConfigError]) -> list[str]:
    return [str(mistake) for mistake in error.value.mistakes]


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(f"ann:{_A}", id="plain"),
        pytest.param(f"  ann:{_A} \t", id="blanks around it"),
        pytest.param(f"ann:{_A}\r", id="CRLF"),
        pytest.param(f"ann:{_A}\f", id="a form feed at the end"),
        pytest.param(f"ann:{_A}:Ann Lee", id="a comment"),
        pytest.param(f"ann:{_A}:1000:100:Ann:/home/ann:/bin/sh", id="fields of passwd"),
        pytest.param(f"ann:{_A}:", id="an empty field"),
        pytest.param(f"\n\r\n  \n# ann:{_B}\n  # comment\nann:{_A}\nann:{_B}\nann:!", id="the first line counts"),
        pytest.param(f"\ufeffann:{_A}", id="byte order mark"),
    ],
)
@pytest.mark.parametrize("end", ["\n", ""])
def test_reads_a_line(line: str, end: str, htpasswd: _Htpasswd) -> None:
    htpasswd.write_text(line + end)
    verify = htpasswd.open().verify
    assert verify("ann", "a")
    assert not verify("ann", "b")
    assert not verify("# ann", "b")
    assert not verify("", "a")


@pytest.mark.parametrize("separator", ["\f", "\v", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029", "\r"])
def test_only_a_line_feed_ends_a_line(separator: str, htpasswd: _Htpasswd) -> None:
    htpasswd.write(f"ann:{_A}", f"bob:{_A}:note{separator}eve:{_B}", f"odd{separator}cat:{_A}")
    verify = htpasswd.open().verify
    assert verify("ann", "a")
    assert verify("bob", "a")
    assert not verify("eve", "b")
    assert not verify("cat", "a")
    assert verify(f"odd{separator}cat", "a")


@pytest.mark.parametrize("mark", ["!", "!!", f"!{_A}", "!:x"], ids=["!", "!!", "a hash", "a field"])
def test_an_exclamation_mark_locks_a_user(mark: str, htpasswd: _Htpasswd) -> None:
    htpasswd.write(f"ann:{mark}", f"ann:{_A}", f"bob:{_B}")
    verify = htpasswd.open().verify
    for password in ("", "a", "!", mark):
        assert not verify("ann", password)
    assert verify("bob", "b")


def test_a_damaged_first_line_locks_its_user(htpasswd: _Htpasswd, caplog: pytest.LogCaptureFixture) -> None:
    htpasswd.write(f"ann:{_A}")
    file = htpasswd.open()
    htpasswd.write("ann:$2y$05$short", f"ann:{_A}", "bob", f"bob:{_B}", f"cat:{_A}")
    assert not file.verify("ann", "a")
    assert not file.verify("bob", "b")
    assert file.verify("cat", "a")
    assert ["user 'ann'" in caplog.messages[0], "the line is not NAME:HASH" in caplog.messages[1]] == [True, True]


def test_reports_a_line_that_is_not_a_name_and_a_hash(htpasswd: _Htpasswd) -> None:
    htpasswd.write(f"ann:{_A}", "s3cret", "  :x", ":", "#", "# s3cret", "")
    with pytest.raises(ConfigError) as error:
        htpasswd.open()
    assert _mistakes(error) == [
        f"htpasswd: {htpasswd.path}:2: the line is not NAME:HASH",
        f"htpasswd: {htpasswd.path}:3: the user name is empty",
        f"htpasswd: {htpasswd.path}:4: the user name is empty",
    ]


def test_names_each_line_without_a_usable_hash(htpasswd: _Htpasswd) -> None:
    good = bcrypt.using(rounds=4).hash("x")
    damaged = f"{good[:28]}z{good[29:]}"
    htpasswd.write(
        "ann:plain",
        f"ok:{good}",
        "",
        "eve:$2y$04$short",
        "#",
        f"dan:{damaged}",
        "joe:$apr1$salt",
        "kim:pbkdf2:sha256:1$s$h",
    )
    with pytest.raises(ConfigError) as error:
        htpasswd.open()
    again = "expected a hash as wsgistack passwd writes it; set the password again with wsgistack passwd FILE USER"
    assert _mistakes(error) == [
        f"htpasswd: {htpasswd.path}:{line}: the hash of user {user!r} {problem}; {again}"
        for line, user, problem in [
            (1, "ann", "is not a hash in a supported format"),
            (4, "eve", "is a damaged hash"),
            (6, "dan", "is a damaged hash"),
            (7, "joe", "is a damaged hash"),
            (8, "kim", "is not a hash in a supported format"),
        ]
    ]


def test_reports_a_file_of_another_kind_in_few_lines(htpasswd: _Htpasswd) -> None:
    htpasswd.write(*(f"word{number}" for number in range(500)))
    with pytest.raises(ConfigError) as error:
        htpasswd.open()
    assert len(_mistakes(error)) == 11
    assert "has 490 more lines with such mistakes" in _mistakes(error)[-1]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param(None, "can't be read: No such file or directory", id="no file"),
        pytest.param(b"ann:\xff\n", "is not UTF-8", id="latin-1"),
        pytest.param(b"", "is empty", id="empty"),
        pytest.param(b"# nobody\n", "has no user; expected at least one", id="only a comment"),
        pytest.param(b"ann:{SHA}cut", ":1: the hash of user 'ann' is a damaged hash", id="cut"),
    ],
)
def test_says_why_a_file_can_not_be_used(content: bytes | None, problem: str, htpasswd: _Htpasswd) -> None:
    if content is not None:
        htpasswd.path.write_bytes(content)
    with pytest.raises(ConfigError, match=problem):
        htpasswd.open()


def test_follows_the_file_while_it_changes(htpasswd: _Htpasswd, caplog: pytest.LogCaptureFixture) -> None:
    htpasswd.write(f"ann:{_A}", f"bob:{_B}")
    verify = htpasswd.open().verify
    assert verify("ann", "a")
    htpasswd.write(f"ann:{_NEW}", "bob:broken")
    assert not verify("ann", "a")
    assert verify("ann", "new")
    assert not verify("bob", "b")
    assert not verify("bob", "broken")
    htpasswd.path.unlink()
    assert not verify("ann", "new")
    assert not verify("ann", "new")
    htpasswd.write(f"ann:{_A}")
    assert verify("ann", "a")
    htpasswd.write("# nobody")
    assert not verify("ann", "a")
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 3
    assert "2: the hash of user 'bob' is not a hash" in caplog.messages[0]
    assert "No such file or directory; expected an htpasswd file; nothing of it stays in force" in caplog.messages[1]
    assert "has no user" in caplog.messages[2]


@pytest.mark.parametrize(
    ("text", "encoding", "problem"),
    [
        pytest.param("", "utf-8", "is empty", id="empty"),
        pytest.param(f"ann:{_NEW}\näöü:{_NEW}\n", "latin-1", "is not UTF-8", id="latin-1"),
        pytest.param(f"ann:{_NEW}\nbob:{_NEW[:9]}", "utf-8", "ends within a line", id="ends in a hash"),
        pytest.param(f"ann:{_NEW}\nbo", "utf-8", "ends within a line", id="ends in a name"),
    ],
)
def test_keeps_the_previous_version_of_a_half_written_file(
    text: str, encoding: str, problem: str, htpasswd: _Htpasswd, caplog: pytest.LogCaptureFixture
) -> None:
    htpasswd.write(f"ann:{_A}", f"bob:{_B}")
    verify = htpasswd.open().verify
    htpasswd.write_text(text, encoding)
    for _ in range(3):
        assert verify("ann", "a")
        assert not verify("ann", "new")
        assert verify("bob", "b")
    [reported] = [message for message in caplog.messages if problem in message]
    assert reported.endswith(_KEPT)
    htpasswd.write(f"ann:{_NEW}")
    assert verify("ann", "new")
    assert not verify("bob", "b")


def test_keeps_the_previous_version_while_the_file_can_not_be_opened(
    htpasswd: _Htpasswd, caplog: pytest.LogCaptureFixture
) -> None:
    htpasswd.write(f"ann:{_A}")
    verify = htpasswd.open().verify
    htpasswd.write(f"ann:{_NEW}")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        for _ in range(3):
            assert verify("ann", "a")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert len(caplog.messages) == 1
    assert caplog.messages[0].endswith(_KEPT)
    assert verify("ann", "new")


def test_keeps_the_previous_version_where_a_library_is_missing(
    htpasswd: _Htpasswd, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    htpasswd.write(f"ann:{_A}")
    verify = htpasswd.open().verify
    htpasswd.write(f"ann:{PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash('new')}")
    monkeypatch.setitem(sys.modules, "argon2", None)
    assert verify("ann", "a")
    assert verify("ann", "a")
    [message] = caplog.messages
    assert message.endswith(f"pip install 'wsgistack[htpasswd]'; {_KEPT}")


@pytest.mark.parametrize(
    ("name", "stored"),
    [("sha1", ldap_sha1.hash("a")), ("des", des_crypt.hash("a")), ("plain", "a")],
    ids=["sha1", "des", "plain"],
)
def test_weak_formats_must_be_named(name: str, stored: str, htpasswd: _Htpasswd) -> None:
    htpasswd.write(f"ann:{stored}", f"bob:{_B}")
    with pytest.raises(ConfigError, match=r"htpasswd: .*:1: the hash of user 'ann' is"):
        htpasswd.open()
    verify = htpasswd.open(name).verify
    assert verify("ann", "a")
    assert not verify("ann", "b")
    assert verify("bob", "b")


def test_names_are_in_one_form(htpasswd: _Htpasswd) -> None:
    htpasswd.write(f"{normalize('NFD', 'änn')}:{_A}", f"änn:{_B}")
    verify = htpasswd.open().verify
    assert verify("änn", "a")
    assert not verify("änn", "b")


def test_a_reload_keeps_what_it_knows_of_users_who_did_not_change(
    htpasswd: _Htpasswd, monkeypatch: pytest.MonkeyPatch
) -> None:
    computed = []
    hashpw = bcrypt_library.hashpw

    def count(password: bytes, salt: bytes) -> bytes:
        computed.append(password)
        return hashpw(password, salt)

    monkeypatch.setattr(bcrypt_library, "hashpw", count)
    lines = [f"user{number}:{_A}" for number in range(1000)]
    ann, bob = (bcrypt.using(rounds=4).hash(password) for password in "ab")
    htpasswd.write(f"ann:{ann}", f"bob:{bob}", *lines)
    verify = htpasswd.open().verify
    del computed[:]
    for user, password in (("ann", "a"), ("bob", "b")):
        assert verify(user, password)
    htpasswd.write(f"ann:{bcrypt.using(rounds=4).hash('a')}", f"bob:{bob}", *lines, f"new:{_A}")
    del computed[:]
    for _ in range(3):
        assert verify("bob", "b")
    assert computed == []
    for _ in range(3):
        assert verify("ann", "a")
    assert computed == [b"a"]  # after the reload, the first request costs one hash more than the second
