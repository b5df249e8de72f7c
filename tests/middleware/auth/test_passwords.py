"""Users and their passwords: plain, hashed, and in an htpasswd file that changes while it is read."""

import logging
import os
import resource
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import bcrypt as bcrypt_library
import pytest
from passlib.hash import apr_md5_crypt, bcrypt, des_crypt, ldap_sha1, sha256_crypt, sha512_crypt

from wsgistack.errors import ConfigError
from wsgistack.middleware.auth.passwords import HtpasswdFile, checks_of, verifier

_FAST_BCRYPT = bcrypt.using(rounds=4)
_HASHES: dict[str, Callable[[str], str]] = {
    "bcrypt": _FAST_BCRYPT.hash,
    "bcrypt as PHP writes it": bcrypt.using(rounds=4, ident="2a").hash,
    "sha1": ldap_sha1.hash,
    "apr1": apr_md5_crypt.hash,
    "sha256": sha256_crypt.using(rounds=1000).hash,
    "sha512": sha512_crypt.using(rounds=1000).hash,
    "crypt": des_crypt.hash,
}
_DAMAGED_BCRYPT = _FAST_BCRYPT.hash("x")[:28] + "z" + _FAST_BCRYPT.hash("x")[29:]


class _Htpasswd:
    """A file of users, and the function that lets them in."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.changes = 0

    def write(self, *lines: str, encoding: str = "utf-8") -> None:
        self.path.write_text("".join(f"{line}\n" for line in lines), encoding)
        self.changes += 1
        os.utime(self.path, (self.changes, self.changes))

    def open(self) -> Callable[[str, str], bool]:
        return verifier(HtpasswdFile(self.path, key="htpasswd").checks)


@pytest.fixture
def htpasswd(tmp_path: Path) -> _Htpasswd:
    return _Htpasswd(tmp_path / "users.htpasswd")


def _mistakes(error: pytest.ExceptionInfo[ConfigError]) -> list[str]:
    return [str(mistake) for mistake in error.value.mistakes]


@pytest.mark.parametrize("name", _HASHES)
@pytest.mark.parametrize("password", ["secret", "pä:ß 猫", ""])
def test_checks_every_hash_that_htpasswd_writes(name: str, password: str, htpasswd: _Htpasswd) -> None:
    htpasswd.write(f"ann:{_HASHES[name](password)}")
    verify = htpasswd.open()
    assert verify("ann", password)
    assert verify("ann", password)
    assert not verify("ann", "x" + password)
    assert not verify("Ann", password)


def test_reads_as_much_of_a_password_as_bcrypt_does(htpasswd: _Htpasswd) -> None:
    htpasswd.write(f"ann:{_FAST_BCRYPT.hash('€' * 24)}")
    verify = htpasswd.open()
    assert verify("ann", "€" * 24)
    assert verify("ann", "€" * 300)
    assert not verify("ann", "€" * 23)
    assert not verify("ann", "x" + "€" * 23)


@pytest.mark.parametrize("name", _HASHES)
@pytest.mark.parametrize("password", [pytest.param("x" * 1_000_000, id="1 MB"), "nul\0"])
def test_refuses_a_password_that_no_hash_can_be_of(name: str, password: str, htpasswd: _Htpasswd) -> None:
    htpasswd.write(f"ann:{_HASHES[name]('secret')}")
    assert not htpasswd.open()("ann", password)


def test_passes_over_comments_and_blanks(htpasswd: _Htpasswd) -> None:
    htpasswd.write("# ann:plain", "", "  ", f"  bob:{ldap_sha1.hash('b')}  ", ":nobody")
    verify = htpasswd.open()
    assert verify("bob", "b")
    assert not verify("ann", "plain")
    assert not verify("", "nobody")


def test_takes_the_first_of_two_lines_as_apache_does(htpasswd: _Htpasswd) -> None:
    htpasswd.write(f"ann:{ldap_sha1.hash('first')}", f"ann:{ldap_sha1.hash('second')}")
    verify = htpasswd.open()
    assert verify("ann", "first")
    assert not verify("ann", "second")


def test_reads_a_file_with_a_byte_order_mark(htpasswd: _Htpasswd) -> None:
    htpasswd.write(f"ann:{ldap_sha1.hash('a')}", encoding="utf-8-sig")
    assert htpasswd.open()("ann", "a")


@pytest.mark.parametrize("warned", ["default", "error"])
def test_names_each_line_that_holds_no_hash(htpasswd: _Htpasswd, warned: str) -> None:
    good = ldap_sha1.hash("a")
    htpasswd.write(
        "ann:plain", f"ok:{good}", "bob", "eve:$2y$04$short", "#", f"dan:{_DAMAGED_BCRYPT}", "joe:$apr1$salt"
    )
    warnings.filterwarnings("error" if warned == "error" else "ignore", "encountered a bcrypt salt")
    with pytest.raises(ConfigError) as error:
        htpasswd.open()
    lines = [mistake.removeprefix(f"htpasswd: {htpasswd.path}:").partition(":")[0] for mistake in _mistakes(error)]
    assert lines == ["1", "3", "4", "6", "7"]
    assert _mistakes(error)[0].endswith("no hash that htpasswd knows; expected a hash as htpasswd -B writes it")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param(None, "No such file or directory", id="no file"),
        pytest.param(b"ann:\xff\n", "it is not UTF-8", id="latin-1"),
        pytest.param(b"", "names no user", id="empty"),
        pytest.param(b"# nobody\n", "names no user", id="only a comment"),
    ],
)
def test_says_why_a_file_can_not_be_used(content: bytes | None, problem: str, htpasswd: _Htpasswd) -> None:
    if content is not None:
        htpasswd.path.write_bytes(content)
    with pytest.raises(ConfigError, match=problem):
        htpasswd.open()


def test_follows_the_file_while_it_changes(htpasswd: _Htpasswd, caplog: pytest.LogCaptureFixture) -> None:
    old, new = ldap_sha1.hash("old"), ldap_sha1.hash("new")
    htpasswd.write(f"ann:{old}", f"bob:{old}")
    verify = htpasswd.open()
    assert verify("ann", "old")
    htpasswd.write(f"ann:{new}", "bob:broken")
    assert not verify("ann", "old")
    assert verify("ann", "new")
    assert not verify("bob", "old")
    assert not verify("bob", "broken")
    htpasswd.path.unlink()
    assert not verify("ann", "new")
    assert not verify("ann", "new")
    htpasswd.write(f"ann:{old}")
    assert verify("ann", "old")
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 2
    assert "2: no hash that htpasswd knows" in caplog.messages[0]
    assert "No such file" in caplog.messages[1]


def test_lets_users_in_again_after_the_file_could_not_be_opened(htpasswd: _Htpasswd) -> None:
    htpasswd.write(f"ann:{ldap_sha1.hash('a')}")
    verify = htpasswd.open()
    htpasswd.write(f"ann:{ldap_sha1.hash('b')}")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        assert not verify("ann", "b")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert verify("ann", "b")


def test_leaves_the_warning_filters_alone_while_threads_read_the_file(htpasswd: _Htpasswd) -> None:
    hashed = _FAST_BCRYPT.hash("a")
    htpasswd.write(*(f"user{number}:{hashed}" for number in range(100)))
    file = HtpasswdFile(htpasswd.path, key="htpasswd")
    before = list(warnings.filters)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(5):
            htpasswd.write(*(f"user{number}:{hashed}" for number in range(100)))
            threads = [Thread(target=file.checks) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert list(warnings.filters) == before


def test_checks_a_mapping_of_plain_and_hashed_passwords() -> None:
    checks = checks_of({"ann": "pä:ß", "bob": ldap_sha1.hash("b"), "cat": "c"}, key="users")
    verify = verifier(lambda: checks)
    assert verify("ann", "pä:ß")
    assert verify("bob", "b")
    assert verify("cat", "c")
    assert not verify("ann", "b")
    assert not verify("bob", "pä:ß")
    assert not verify("cat", "x")
    assert not verify("dan", "pä:ß")


def test_names_each_user_of_a_mapping_who_has_no_usable_hash() -> None:
    with pytest.raises(ConfigError) as error:
        checks_of({"ann": "$unknown$hash", "bob": "plain", "eve": "{FOO}"}, key="users")
    known = "no hash that htpasswd knows; expected a hash as htpasswd -B writes it"
    assert _mistakes(error) == [f"users: user 'ann': {known}", f"users: user 'eve': {known}"]


def test_wants_at_least_one_user() -> None:
    with pytest.raises(ConfigError, match="users: names no user; expected at least one"):
        checks_of({}, key="users")


def test_computes_a_hash_for_an_unknown_user_too(monkeypatch: pytest.MonkeyPatch) -> None:
    checks = checks_of({"eve": "plain", "ann": _FAST_BCRYPT.hash("a"), "bob": _FAST_BCRYPT.hash("b")}, key="users")
    verify = verifier(lambda: checks)
    assert verify("ann", "a")
    computed: list[bytes] = []
    hashpw = bcrypt_library.hashpw

    def counting(password: bytes, salt: bytes) -> bytes:
        computed.append(password)
        return hashpw(password, salt)

    monkeypatch.setattr(bcrypt_library, "hashpw", counting)
    assert verify("ann", "a")
    assert computed == []  # what was right is remembered
    assert not verify("bob", "a")
    assert not verify("nobody", "a")
    assert not verify("nobody", "b")
    assert computed == [b"a", b"a", b"b"]


def test_refuses_an_empty_password() -> None:
    with pytest.raises(ConfigError, match="user 'cat': has an empty password"):
        checks_of({"cat": ""}, key="users")


def test_lets_nobody_in_where_there_are_no_users() -> None:
    assert not verifier(dict)("ann", "a")


@pytest.fixture
def fresh_libpass(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """As if libpass had not been imported: what it has found out about its backends is forgotten."""
    for module in [name for name in sys.modules if name.split(".")[0] == "passlib"]:
        monkeypatch.delitem(sys.modules, module)
    with monkeypatch.context() as missing:
        yield missing
    for module in [name for name in sys.modules if name.split(".")[0] == "passlib"]:
        del sys.modules[module]


@pytest.mark.parametrize("library", ["passlib", "bcrypt"])
def test_names_the_extra_once_where_a_library_is_missing(library: str, fresh_libpass: pytest.MonkeyPatch) -> None:
    fresh_libpass.setitem(sys.modules, library, None)
    hashed = _FAST_BCRYPT.hash("a")
    with pytest.raises(ConfigError) as error:
        checks_of({"ann": hashed, "bob": hashed, "cat": "plain"}, key="users")
    [mistake] = _mistakes(error)
    assert mistake.startswith(f"users: needs the library {library}")
    assert mistake.endswith("pip install 'wsgistack[htpasswd]'")


def test_needs_no_library_for_plain_passwords(fresh_libpass: pytest.MonkeyPatch) -> None:
    fresh_libpass.setitem(sys.modules, "passlib", None)
    assert checks_of({"ann": "a"}, key="users")["ann"]("a")
