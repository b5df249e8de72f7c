"""The formats of password hashes: supported ones are checked, all others are refused with the reason."""

import re
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module

import argon2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from passlib import hash as libpass
from werkzeug.security import generate_password_hash

from wsgistack.errors import ConfigError
from wsgistack.middleware.auth.hashes import (
    NEW,
    WEAK,
    HashError,
    check_weak_hashes,
    hash_password,
    identify_hash,
    refuse_foreign_hash,
    require_libraries,
    verify_hash,
)


def _make_argon2(kind: argon2.Type) -> Callable[[str], str]:
    return argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1, type=kind).hash


_BCRYPT = libpass.bcrypt.using(rounds=4)
_SUPPORTED: dict[str, Callable[[str], str]] = {
    "bcrypt": _BCRYPT.hash,
    "bcrypt 2a": libpass.bcrypt.using(rounds=4, ident="2a").hash,
    "bcrypt 2y": libpass.bcrypt.using(rounds=4, ident="2y").hash,
    "argon2id": _make_argon2(argon2.Type.ID),
    "argon2i": _make_argon2(argon2.Type.I),
    "argon2d": _make_argon2(argon2.Type.D),
    "apr1": libpass.apr_md5_crypt.hash,
    "$1$": libpass.md5_crypt.hash,
    "SHA": libpass.ldap_sha1.hash,
    "SSHA": libpass.ldap_salted_sha1.hash,
    "SSHA, 5 bytes of salt": libpass.ldap_salted_sha1.using(salt_size=5).hash,
    "SSHA, 6 bytes of salt": libpass.ldap_salted_sha1.using(salt_size=6).hash,
    "SSHA, 16 bytes of salt": libpass.ldap_salted_sha1.using(salt_size=16).hash,
    "sha256": libpass.sha256_crypt.using(rounds=1000).hash,
    "sha512": libpass.sha512_crypt.using(rounds=1000).hash,
    "DES": libpass.des_crypt.hash,
}
_DJANGO = (
    "PBKDF2PasswordHasher",
    "PBKDF2SHA1PasswordHasher",
    "Argon2PasswordHasher",
    "BCryptSHA256PasswordHasher",
    "BCryptPasswordHasher",
    "ScryptPasswordHasher",
    "MD5PasswordHasher",
)


@pytest.mark.parametrize("name", _SUPPORTED)
@pytest.mark.parametrize("password", ["secret", "pä:ß 猫", ""])
def test_verifies_each_supported_hash(name: str, password: str) -> None:
    stored = _SUPPORTED[name](password)
    assert verify_hash(stored, password)
    assert not verify_hash(stored, "x" + password)


@pytest.mark.parametrize("name", _SUPPORTED)
def test_refuses_a_password_that_no_hash_can_have(name: str) -> None:
    assert not verify_hash(_SUPPORTED[name]("secret"), "nul\0")


def test_verifies_only_what_bcrypt_reads_of_a_password() -> None:
    stored = _BCRYPT.hash("€" * 24)
    assert verify_hash(stored, "€" * 24)
    assert verify_hash(stored, "€" * 170)
    assert not verify_hash(stored, "€" * 23)
    assert not verify_hash(stored, "x" + "€" * 23)


@pytest.mark.parametrize("name", [name for name in _SUPPORTED if not name.startswith(("DES", "SSHA", "argon2"))])
def test_refuses_a_hash_that_is_cut_or_too_long(name: str) -> None:
    stored = _SUPPORTED[name]("secret")
    for damaged in (stored[:-1], stored + "a", stored[:10], stored + "\n"):
        with pytest.raises(HashError, match="is a damaged hash"):
            identify_hash(damaged)


@pytest.mark.parametrize("wrong", ["$2y$03$", "$2y$32$", "$2y$99$"])
def test_refuses_bcrypt_with_impossible_rounds(wrong: str) -> None:
    with pytest.raises(HashError, match="is a damaged hash"):
        identify_hash(wrong + _BCRYPT.hash("x")[7:])


def test_refuses_bcrypt_with_an_impossible_salt() -> None:
    stored = _BCRYPT.hash("x")
    with pytest.raises(HashError, match="is a damaged hash"):
        identify_hash(f"{stored[:28]}z{stored[29:]}")


_EXAMPLES = [make("x") for make in _SUPPORTED.values()]


@given(stored=st.sampled_from(_EXAMPLES), position=st.integers(0, 120), other=st.sampled_from("$./=,09azAZ"))
def test_libpass_reads_each_hash_in_a_supported_format(stored: str, position: int, other: str) -> None:
    changed = stored[:position] + other + stored[position + 1 :]
    with suppress(HashError):
        assert getattr(libpass, identify_hash(changed, ["sha1", "des"])).from_string(changed)


def _check_refusal(stored: str, problem: str) -> None:
    for refuse in (identify_hash, refuse_foreign_hash):
        with pytest.raises(HashError, match=re.escape(problem)) as error:
            refuse(stored)
        assert stored not in str(error.value) + error.value.hint
        assert error.value.hint


@pytest.mark.parametrize("method", ["pbkdf2:sha256:10", "pbkdf2:sha512:10", "scrypt:1024:8:1"])
def test_refuses_hashes_of_werkzeug(method: str) -> None:
    _check_refusal(generate_password_hash("secret", method), "is a Werkzeug hash")


@pytest.mark.parametrize("name", _DJANGO)
def test_refuses_hashes_of_django(name: str) -> None:
    hasher = getattr(import_module("django.contrib.auth.hashers"), name)()
    if hasattr(hasher, "iterations"):
        hasher.iterations = 10
    if hasattr(hasher, "rounds"):
        hasher.rounds = 4
    _check_refusal(hasher.encode("secret", hasher.salt()), "Django")


def test_refuses_the_unusable_password_of_django() -> None:
    _check_refusal(import_module("django.contrib.auth.hashers").make_password(None), "Django")


def test_refuses_hashes_of_passlib() -> None:
    _check_refusal(libpass.pbkdf2_sha256.using(rounds=10).hash("x"), "is a Passlib hash")


@pytest.mark.parametrize(
    ("stored", "problem"),
    [
        ("sha256$salt$" + "0" * 64, "is a Django or Werkzeug hash"),
        ("crypt$$ab1234567890A", "is a Django hash"),
        ("$$2y$$05$$" + "a" * 53, "has each $ twice"),
        ("$P$B" + "a" * 30, "WordPress"),
        ("$wp$2y$10$" + "a" * 53, "WordPress"),
        ("$S$D" + "a" * 51, "Drupal"),
        ("$y$j9T$" + "a" * 20, "yescrypt"),
        ("{SSHA256}" + "a" * 48, "LDAP or Dovecot"),
        ("{BLF-CRYPT}$2y$05$" + "a" * 53, "LDAP or Dovecot"),
        ("{CRYPT}$6$" + "a" * 20, "LDAP or Dovecot"),
        ("SCRAM-SHA-256$4096:x", "PostgreSQL"),
        ("md5" + "0" * 32, "PostgreSQL"),
        ("*" + "0" * 40, "MySQL"),
    ],
    ids=lambda value: value[:14] if isinstance(value, str) else "",
)
def test_names_the_system_of_a_foreign_hash(stored: str, problem: str) -> None:
    _check_refusal(stored, problem)


@pytest.mark.parametrize("stored", ["plain", "", "$", "$unknown$hash", "no hash at all", "{", "x" * 100_000])
def test_refuses_what_is_not_a_hash(stored: str) -> None:
    with pytest.raises(HashError, match="is not a hash in a supported format"):
        identify_hash(stored)


def test_refuses_a_plain_password_that_looks_like_des_crypt() -> None:
    refuse_foreign_hash("correcthorses")
    refuse_foreign_hash("Secret1234567")
    with pytest.raises(HashError, match="looks like a DES crypt hash"):
        refuse_foreign_hash("B49y6LMzfXYMg")


@pytest.mark.parametrize(
    "password", ["secret", "pä:ß", "pbkdf2", "md5$", "scrypt:me", "!", "*", "0" * 32, "{x", "SCRAM"]
)
def test_accepts_an_ordinary_password(password: str) -> None:
    refuse_foreign_hash(password)


@pytest.mark.parametrize(("scheme", "library"), [("bcrypt", "bcrypt"), ("argon2", "argon2"), ("ldap_sha1", "passlib")])
def test_names_the_extra_of_a_missing_library(scheme: str, library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in [name for name in sys.modules if name.split(".")[0] == library]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ConfigError, match=rf"users: .*{library}.*pip install 'wsgistack\[htpasswd\]'"):
        require_libraries({scheme, "sha512_crypt"}, key="users")
    require_libraries((), key="users")


@pytest.mark.parametrize(
    ("name", "made"), [("sha1", libpass.ldap_sha1.hash("x")), ("des", libpass.des_crypt.hash("x"))], ids=["sha1", "des"]
)
def test_accepts_a_weak_hash_only_if_it_is_named(name: str, made: str) -> None:
    others = [other for other in WEAK if other != name]
    for weak in ([], others):
        with pytest.raises(HashError, match=f"is a weak {name} hash") as error:
            identify_hash(made, weak)
        assert error.value.hint.endswith(f'or write weak_hashes = ["{name}"]')
    assert identify_hash(made, [name]) == WEAK[name]


@pytest.mark.parametrize("stored", ["secret", "pä:ß", "*"])
def test_accepts_a_plain_password_only_if_it_is_named(stored: str) -> None:
    with pytest.raises(HashError, match="is not a hash in a supported format"):
        identify_hash(stored)
    assert identify_hash(stored, ["plain"]) == "plain"


@pytest.mark.parametrize("stored", ["", "$2y$05$damaged", "pbkdf2:sha256:1$s$h", "B49y6LMzfXYMg", "{SSHA256}aaaa"])
def test_takes_no_hash_and_no_empty_text_for_a_plain_password(stored: str) -> None:
    with pytest.raises(HashError):
        identify_hash(stored, ["plain"])


def test_refuses_an_unknown_weak_format() -> None:
    check_weak_hashes(["sha1", "des", "plain"])
    with pytest.raises(ConfigError) as error:
        check_weak_hashes(["sha", "md5"])
    assert [str(each) for each in error.value.mistakes] == [
        "weak_hashes: unknown format 'sha'; did you mean 'sha1'?",
        "weak_hashes: unknown format 'md5'; choose from des, plain, sha1",
    ]


@pytest.mark.usefixtures("cheap_hashes")
@pytest.mark.parametrize("name", NEW)
def test_makes_hashes_that_it_can_check(name: str) -> None:
    made = hash_password("pä:ß", name)
    assert identify_hash(made) == NEW[name][0]
    assert verify_hash(made, "pä:ß")
    assert hash_password("pä:ß", name) != made


def test_a_new_hash_of_bcrypt_has_the_usual_cost() -> None:
    assert hash_password("x", "bcrypt").startswith("$2y$12$")


@pytest.mark.usefixtures("cheap_hashes")
def test_does_not_hash_half_a_password() -> None:
    assert verify_hash(hash_password("é" * 36, "bcrypt"), "é" * 36)
    with pytest.raises(HashError, match="is longer than 72 bytes, and bcrypt does not read more"):
        hash_password("é" * 36 + "x", "bcrypt")
    assert verify_hash(hash_password("é" * 256, "argon2"), "é" * 256)
