"""Users and their passwords, plain and hashed."""

import sys

import bcrypt as bcrypt_library
import pytest
from passlib.hash import bcrypt, ldap_sha1

from wsgistack.errors import ConfigError
from wsgistack.middleware.auth.passwords import LOCKED, Passwords

_FAST_BCRYPT = bcrypt.using(rounds=4)


def _mistakes(error: pytest.ExceptionInfo[ConfigError]) -> list[str]:
    return [str(mistake) for mistake in error.value.mistakes]


def test_checks_plain_and_hashed_passwords() -> None:
    users = {"ann": "pä:ß", "bob": ldap_sha1.hash("b"), "cat": "c", "dog": _FAST_BCRYPT.hash("d")}
    verify = Passwords.from_users(users, key="users").verify
    assert verify("ann", "pä:ß")
    assert verify("bob", "b")
    assert verify("cat", "c")
    assert verify("dog", "d")
    assert not verify("ann", "b")
    assert not verify("bob", "pä:ß")
    assert not verify("bob", users["bob"])
    assert not verify("cat", "x")
    assert not verify("dan", "pä:ß")
    assert not verify("Ann", "pä:ß")


def test_names_each_user_without_a_usable_password_and_shows_no_password() -> None:
    users = {
        "ann": "$unknown$hash",
        "bob": "plain",
        "cat": "",
        "eve": "pbkdf2:sha256:600000$salt$" + "0" * 64,
        "joe": "B49y6LMzfXYMg",
        "kim": "not UTF-8 \udcff",
    }
    with pytest.raises(ConfigError) as error:
        Passwords.from_users(users, key="users")
    expected = "expected a password or a hash as htpasswd -B writes it"
    again = "hash the password again with htpasswd -nB USER"
    assert _mistakes(error) == [
        f"users: the password of user 'ann' is not a hash in a supported format; {expected}; {again}",
        "users: the password of user 'cat' is empty; expected a password",
        f"users: the password of user 'eve' is a Werkzeug hash; {expected}; {again}",
        f"users: the password of user 'joe' looks like a DES crypt hash; {expected}; if it is a password, {again}",
        "users: the password of user 'kim' is not UTF-8, so that no client can send it; expected a password",
    ]


def test_wants_at_least_one_user() -> None:
    with pytest.raises(ConfigError, match="users: has no user; expected at least one"):
        Passwords.from_users({}, key="users")


def test_locks_a_user() -> None:
    verify = Passwords({"ann": LOCKED, "bob": ldap_sha1.hash("b")}).verify
    assert not verify("ann", "")
    assert not verify("ann", "b")
    assert verify("bob", "b")


@pytest.mark.parametrize("passwords", [Passwords({}), Passwords({"ann": LOCKED})])
def test_lets_nobody_in_without_a_password(passwords: Passwords) -> None:
    assert not passwords.verify("ann", "")
    assert not passwords.verify("bob", "")


def test_computes_a_hash_for_every_wrong_password(monkeypatch: pytest.MonkeyPatch) -> None:
    hashes = {"out": LOCKED, "ann": _FAST_BCRYPT.hash("a"), "bob": _FAST_BCRYPT.hash("b")}
    verify = Passwords(hashes, {"eve": "plain"}).verify
    assert verify("ann", "a")
    computed: list[bytes] = []
    hashpw = bcrypt_library.hashpw

    def count(password: bytes, salt: bytes) -> bytes:
        computed.append(password)
        return hashpw(password, salt)

    monkeypatch.setattr(bcrypt_library, "hashpw", count)
    assert verify("ann", "a")
    assert verify("eve", "plain")
    assert computed == []  # the right one is remembered
    for user in ("bob", "nobody", "nobody", "out", "eve"):
        assert not verify(user, "a")
    assert computed == [b"a"] * 5


@pytest.mark.parametrize("library", ["passlib", "bcrypt"])
def test_names_the_extra_of_a_missing_library_once(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in [name for name in sys.modules if name.split(".")[0] == library]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, library, None)
    hashed = _FAST_BCRYPT.hash("a")
    with pytest.raises(ConfigError) as error:
        Passwords.from_users({"ann": hashed, "bob": hashed, "cat": "plain"}, key="users")
    [mistake] = _mistakes(error)
    assert library in mistake
    assert mistake.endswith("pip install 'wsgistack[htpasswd]'")
    assert Passwords.from_users({"ann": "a"}, key="users").verify("ann", "a")
