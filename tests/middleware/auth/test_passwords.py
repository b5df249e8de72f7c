"""Users and their passwords, plain and hashed."""

import sys
from concurrent.futures import ThreadPoolExecutor
from unicodedata import normalize

import bcrypt as bcrypt_library
import pytest
from passlib.hash import apr_md5_crypt, bcrypt, ldap_salted_sha1, ldap_sha1, sha256_crypt

from tests.waiting import MAX_WAIT
from wsgistack.errors import ConfigError
from wsgistack.middleware.auth import hashing
from wsgistack.middleware.auth.passwords import LOCKED, Passwords, Users, Verification

_FAST_BCRYPT = bcrypt.using(rounds=4)


def _mistakes(error: pytest.ExceptionInfo[ConfigError]) -> list[str]:
    return [str(mistake) for mistake in error.value.mistakes]


def _open(users: Users) -> Passwords:
    return Passwords(lambda: users)


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The salts of the bcrypt hashes that were computed."""
    salts: list[bytes] = []
    hashpw = bcrypt_library.hashpw

    def count(password: bytes, salt: bytes) -> bytes:
        salts.append(salt)
        return hashpw(password, salt)

    _FAST_BCRYPT.hash("x")  # libpass checks the library at the first use
    monkeypatch.setattr(bcrypt_library, "hashpw", count)
    return salts


def test_checks_plain_and_hashed_passwords() -> None:
    users = {"ann": "pä:ß", "bob": ldap_salted_sha1.hash("b"), "cat": "c", "dog": _FAST_BCRYPT.hash("d")}
    verify = _open(Users.from_mapping(users, key="users")).verify
    assert verify("ann", "pä:ß") is Verification.RIGHT
    assert verify("bob", "b") is Verification.RIGHT
    assert verify("cat", "c") is Verification.RIGHT
    assert verify("dog", "d") is Verification.RIGHT
    assert verify("ann", "b") is Verification.WRONG
    assert verify("bob", "pä:ß") is Verification.WRONG
    assert verify("bob", users["bob"]) is Verification.WRONG
    assert verify("cat", "x") is Verification.WRONG
    assert verify("dan", "pä:ß") is Verification.UNKNOWN
    assert verify("Ann", "pä:ß") is Verification.UNKNOWN


def test_names_each_user_without_a_usable_password_and_shows_no_password() -> None:
    users = {
        "ann": "$unknown$hash",
        "bob": "plain",
        "cat": "",
        "eve": "pbkdf2:sha256:600000$salt$" + "0" * 64,
        "joe": "B49y6LMzfXYMg",
        "kim": "not UTF-8 \udcff",
        "lee": "x" * 513,
        "mia": "line\nfeed",
        "ned": ldap_sha1.hash("n"),
    }
    with pytest.raises(ConfigError) as error:
        Users.from_mapping(users, key="users")
    expected = "expected a password or a hash as wsgistack passwd writes it"
    again = "set the password again with wsgistack passwd FILE USER"
    named = 'or write weak_hashes = ["sha1"]'
    assert _mistakes(error) == [
        f"users: the password of user 'ann' is not a hash in a supported format; {expected}; {again}",
        "users: the password of user 'cat' is empty; expected a password",
        f"users: the password of user 'eve' is a Werkzeug hash; {expected}; {again}",
        f"users: the password of user 'joe' looks like a DES crypt hash; {expected}; if it is a password, {again}",
        "users: the password of user 'kim' is not UTF-8, so that no client can send it; expected a password",
        "users: the password of user 'lee' is longer than 512 bytes; expected a password",
        "users: the password of user 'mia' has a control character, which no client can send; expected a password",
        f"users: the password of user 'ned' is a weak sha1 hash; {expected}; {again}, {named}",
    ]


def test_wants_at_least_one_user() -> None:
    with pytest.raises(ConfigError, match="users: has no user; expected at least one"):
        Users.from_mapping({}, key="users")


def test_names_and_passwords_are_in_one_form() -> None:
    decomposed = {normalize("NFD", "änn"): normalize("NFD", "pä ß") + "\xa0x"}
    verify = _open(Users.from_mapping(decomposed, key="users")).verify
    assert verify("änn", "pä ß x") is Verification.RIGHT
    with pytest.raises(ConfigError) as error:
        Users.from_mapping({"änn": "a", **decomposed}, key="users")
    assert _mistakes(error) == [
        "users: user 'änn' is there twice, as Unicode has two forms of the name; expected one of them"
    ]


def test_locks_a_user() -> None:
    verify = _open(Users({"ann": LOCKED, "bob": ldap_salted_sha1.hash("b")})).verify
    assert verify("ann", "") is Verification.LOCKED
    assert verify("ann", "b") is Verification.LOCKED
    assert verify("bob", "b") is Verification.RIGHT


@pytest.mark.parametrize(
    ("users", "verdict"), [(Users({}), Verification.UNKNOWN), (Users({"ann": LOCKED}), Verification.LOCKED)]
)
def test_lets_nobody_in_without_a_password(users: Users, verdict: Verification) -> None:
    assert _open(users).verify("ann", "") is verdict
    assert _open(users).verify("bob", "") is Verification.UNKNOWN


def test_computes_a_hash_for_every_wrong_password(computed: list[bytes]) -> None:
    hashes = {"out": LOCKED, "ann": _FAST_BCRYPT.hash("a"), "bob": _FAST_BCRYPT.hash("b")}
    verify = _open(Users(hashes, {"eve": "plain"})).verify
    assert verify("ann", "a") is Verification.RIGHT
    del computed[:]
    assert verify("ann", "a") is Verification.RIGHT
    assert verify("eve", "plain") is Verification.RIGHT
    assert computed == []  # the right one is remembered
    for user in ("bob", "nobody", "nobody", "out", "eve"):
        assert verify(user, "a") is not Verification.RIGHT
    assert len(computed) == 5


def test_twenty_first_requests_compute_one_hash(computed: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing, "MAX_WAIT", MAX_WAIT)
    verify = _open(Users({"ann": bcrypt.using(rounds=10).hash("a")})).verify
    del computed[:]
    with ThreadPoolExecutor(20) as threads:
        verdicts = [*threads.map(lambda _: verify("ann", "a"), range(20))]
    assert verdicts == [Verification.RIGHT] * 20
    assert len(computed) == 1


def test_the_password_of_another_user_is_not_right_for_an_unknown_one() -> None:
    verify = _open(Users({"ann": _FAST_BCRYPT.hash("a")})).verify
    for _ in range(3):
        assert verify("nobody", "a") is Verification.UNKNOWN
        assert verify("ann", "a") is Verification.RIGHT


def test_the_hashes_for_unknown_users_are_as_mixed_as_those_of_known_ones() -> None:
    slow, quick, other = _FAST_BCRYPT.hash("x"), apr_md5_crypt.hash("x"), sha256_crypt.using(rounds=1000).hash("x")
    mixed = [slow] * 20 + [quick] * 60 + [other] * 20
    users = Users({"locked": LOCKED, **{f"user{number}": stored for number, stored in enumerate(mixed)}})
    found = [users.find_decoy(f"nobody{number}") for number in range(2000)]
    for stored, expected in ((slow, 400), (quick, 1200), (other, 400)):
        assert abs(found.count(stored) - expected) < 120  # more than 6 standard deviations
    assert found == [users.find_decoy(f"nobody{number}") for number in range(2000)]


def test_a_new_user_leaves_the_hashes_of_nearly_all_unknown_ones() -> None:
    hashes = {f"user{number}": _FAST_BCRYPT.hash("x")[:-3] + f"{number:03}" for number in range(100)}
    names = [f"nobody{number}" for number in range(500)]
    before, after = Users(hashes), Users({**hashes, "new": ldap_salted_sha1.hash("x")})
    order = [*after.hashes.values()]
    moves = [order.index(after.find_decoy(name)) - order.index(before.find_decoy(name)) for name in names]
    assert set(moves) <= {0, 1}


@pytest.mark.parametrize("password", ["x" * 513, "é" * 257, "x" * 4096, "x" * 1_000_000])
@pytest.mark.parametrize("user", ["ann", "bob", "nobody"])
def test_refuses_a_long_password_before_any_hash(user: str, password: str, computed: list[bytes]) -> None:
    verify = _open(Users({"ann": _FAST_BCRYPT.hash("x" * 72)}, {"bob": "b"})).verify
    del computed[:]
    assert verify(user, password) is Verification.TOO_LONG
    assert computed == []
    assert verify("ann", "x" * 512) is Verification.RIGHT


def test_a_changed_hash_counts_at_once() -> None:
    current = [Users({"ann": _FAST_BCRYPT.hash("a")})]
    verify = Passwords(lambda: current[0]).verify
    assert verify("ann", "a") is Verification.RIGHT
    current[0] = Users({"ann": _FAST_BCRYPT.hash("new")})
    assert verify("ann", "a") is Verification.WRONG
    assert verify("ann", "new") is Verification.RIGHT
    current[0] = Users({"ann": LOCKED})
    assert verify("ann", "new") is Verification.LOCKED
    current[0] = Users({})
    assert verify("ann", "new") is Verification.UNKNOWN


def test_users_with_the_same_password_are_not_mistaken() -> None:
    shared = _FAST_BCRYPT.hash("a")
    verify = _open(Users({"ann": shared, "b": shared, "bob": LOCKED})).verify
    assert verify("ann", "a") is Verification.RIGHT
    assert verify("b", "a") is Verification.RIGHT
    assert verify("bob", "a") is Verification.LOCKED
    assert verify("b", f"{shared}:a") is Verification.WRONG


@pytest.mark.parametrize("library", ["passlib", "bcrypt"])
def test_names_the_extra_of_a_missing_library_once(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in [name for name in sys.modules if name.split(".")[0] == library]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, library, None)
    hashed = _FAST_BCRYPT.hash("a")
    with pytest.raises(ConfigError) as error:
        Users.from_mapping({"ann": hashed, "bob": hashed, "cat": "plain"}, key="users")
    [mistake] = _mistakes(error)
    assert library in mistake
    assert mistake.endswith("pip install 'wsgistack[htpasswd]'")
    users = Users.from_mapping({"ann": "a"}, key="users")
    assert _open(users).verify("ann", "a") is Verification.RIGHT
