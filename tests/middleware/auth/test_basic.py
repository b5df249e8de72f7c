"""Basic authentication: who may enter, what others get, and that no header causes an error."""

import pickle
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterable
from pathlib import Path
from threading import Event, Semaphore, Thread
from typing import Any
from unicodedata import normalize

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from passlib.hash import apr_md5_crypt, bcrypt, ldap_salted_sha1
from webtest import TestApp

from tests.direct import Call, answering, environ_of
from tests.middleware.auth.authorization_headers import HEADERS
from tests.waiting import MAX_WAIT, wait_until
from wsgistack import BasicAuth, ConfigError, Pipeline
from wsgistack.middleware.auth import hashing, passwords
from wsgistack.middleware.auth.credentials import prepare_name, prepare_password
from wsgistack.processes import watched_file
from wsgistack.types import Environ, StartResponse

_SLOW = bcrypt.using(rounds=4).hash("secret")
_LATIN = st.text(st.characters(max_codepoint=255))
_WITHOUT_CONTROLS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20)


def _show_user(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
    user: str = environ["REMOTE_USER"]
    return [environ["AUTH_TYPE"].encode(), b" ", user.encode("latin-1")]


def _basic(user: str, password: str, scheme: str = "Basic ") -> str:
    return scheme + b64encode(f"{user}:{password}".encode()).decode()


def _ask(layer: BasicAuth, authorization: str | None, status: int, **keys: str) -> Any:
    given = {} if authorization is None else {"Authorization": authorization}
    return TestApp(layer, extra_environ=keys).get("/", headers=given, status=status)


_USERS = {"ann": "secret", "änn": "pä:ß€", "": "nameless", "colon": "a:b:"}


@pytest.mark.parametrize(("user", "password"), _USERS.items())
def test_lets_users_in_with_the_right_password(user: str, password: str) -> None:
    layer = BasicAuth(_show_user, users=_USERS)
    assert _ask(layer, _basic(user, password), 200).text == f"Basic {user}"
    assert "WWW-Authenticate" in _ask(layer, _basic(user, password + "x"), 401).headers


@pytest.mark.parametrize("scheme", ["basic ", "BASIC ", "Basic   "])
def test_the_scheme_may_be_in_any_case(scheme: str) -> None:
    assert _ask(BasicAuth(_show_user, users=_USERS), _basic("ann", "secret", scheme), 200).text == "Basic ann"


@pytest.mark.parametrize(
    "authorization",
    [
        pytest.param(None, id="no header"),
        pytest.param("", id="empty"),
        pytest.param("Basic", id="only the scheme"),
        pytest.param("Basic ", id="no credentials"),
        pytest.param(_basic("ann", "secret", "Basic"), id="no space"),
        pytest.param(_basic("ann", "secret", "Basic\t"), id="a tab"),
        pytest.param(_basic("ann", "secret", "Bearer "), id="another scheme"),
        pytest.param(_basic("ann", "secret") + ", " + _basic("ann", "secret"), id="two of them"),
        pytest.param("Basic !!!!", id="no base64"),
        pytest.param("Basic YW5uOnNlY3JldA", id="no padding"),
        pytest.param("Basic YW5u\nOnNlY3JldA==", id="a line feed"),
        pytest.param("Basic " + b64encode(b"annsecret").decode(), id="no colon"),
        pytest.param("Basic " + b64encode(b"\xe4nn:secret").decode(), id="latin-1"),
        pytest.param("Basic " + b64encode(b"ann:secret\0").decode(), id="NUL"),
        pytest.param("Basic " + b64encode(b"ann\n:secret").decode(), id="a line feed in the name"),
        pytest.param("Basic \xe4\xf6", id="not in ASCII"),
        pytest.param("Basic " + "A" * 1_000_000, id="1 MB"),
        pytest.param(_basic("ann", "x" * 750_000), id="1 MB of password"),
        pytest.param(_basic("x" * 750_000, "secret"), id="1 MB of name"),
        pytest.param(_basic("ann", "Secret"), id="wrong password"),
        pytest.param(_basic("Ann", "secret"), id="unknown user"),
        pytest.param(_basic("ann", ""), id="no password"),
    ],
)
@pytest.mark.parametrize("hashed", [False, True])
def test_challenges_everybody_else(authorization: str | None, hashed: bool) -> None:
    keys = {} if authorization is None else {"HTTP_AUTHORIZATION": authorization}
    users = {"ann": ldap_salted_sha1.hash("secret") if hashed else "secret"}
    call = Call(BasicAuth(_show_user, users=users), **keys)
    body = call.read()
    assert call.status == "401 Unauthorized"
    assert call.headers["www-authenticate"] == 'Basic realm="Restricted", charset="UTF-8"'
    assert call.headers["content-length"] == str(len(body))
    assert b"needs valid credentials" in body


@given(authorization=_LATIN | _LATIN.map("Basic ".__add__) | st.binary().map(lambda raw: f"Basic {b64encode(raw)!r}"))
@example(authorization="Basic " + b64encode(b"\xff\xfe:\xfd").decode())
def test_answers_any_header(authorization: str) -> None:
    call = Call(BasicAuth(_show_user, users={"ann": "secret"}), HTTP_AUTHORIZATION=authorization)
    assert call.status == "401 Unauthorized"


@given(raw=st.binary(max_size=60))
def test_answers_any_credentials(raw: bytes) -> None:
    authorization = "Basic " + b64encode(raw).decode()
    layer = BasicAuth(_show_user, users={"ann": bcrypt.using(rounds=4, salt="a" * 21 + "e").hash("secret")})
    assert Call(layer, HTTP_AUTHORIZATION=authorization).status == "401 Unauthorized"


@given(user=_WITHOUT_CONTROLS.map(lambda text: text.replace(":", "")), password=_WITHOUT_CONTROLS)
def test_calls_the_check_with_what_the_client_sent(user: str, password: str) -> None:
    checked: list[tuple[str, str]] = []

    def check(user: str, password: str) -> bool:
        checked.append((user, password))
        return True

    call = Call(BasicAuth(_show_user, check=check), HTTP_AUTHORIZATION=_basic(user, password))
    assert call.read() == f"Basic {prepare_name(user)}".encode()
    assert checked == [(prepare_name(user), prepare_password(password))]


@pytest.mark.parametrize("latin_1", [False, True])
@pytest.mark.parametrize("users", [{"ann": "secret"}, {"ann": _SLOW}], ids=["plain", "hashed"])
def test_answers_each_hostile_header_with_a_challenge(latin_1: bool, users: dict[str, str]) -> None:
    layer = BasicAuth(_show_user, users=users, latin_1=latin_1)
    body: Any = None  # to read it would be an error
    for name, header in HEADERS.items():
        call = Call(layer, HTTP_AUTHORIZATION=header, CONTENT_LENGTH="1000", **{"wsgi.input": body})
        assert call.status == "401 Unauthorized", name
        assert call.headers["www-authenticate"] == 'Basic realm="Restricted", charset="UTF-8"', name


@pytest.mark.parametrize(
    ("raw", "latin_1", "status"),
    [
        ("änn:pä:ß".encode(), False, 200),
        (normalize("NFD", "änn:pä:ß").encode(), False, 200),
        ("änn:pä:ß".encode("latin-1"), False, 401),
        ("änn:pä:ß".encode("latin-1"), True, 200),
        ("änn:pä:ß".encode(), True, 200),
    ],
)
def test_reads_names_and_passwords_in_several_encodings(raw: bytes, latin_1: bool, status: int) -> None:
    layer = BasicAuth(_show_user, users={"änn": "pä:ß"}, latin_1=latin_1)
    response = _ask(layer, f"Basic {b64encode(raw).decode()}", status)
    assert status == 401 or response.text == "Basic änn"


def test_tells_clients_to_come_back_if_too_many_passwords_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    layer = BasicAuth(_show_user, users={"ann": _SLOW, "bob": "plain"}, max_hashes=1)
    assert _ask(layer, _basic("ann", "secret"), 200)
    is_checking, may_go_on = Semaphore(0), Event()

    def check_slowly(stored: str, password: str) -> bool:
        is_checking.release()
        assert may_go_on.wait(MAX_WAIT)
        return False

    monkeypatch.setattr(hashing, "MAX_WAIT", MAX_WAIT)
    monkeypatch.setattr(passwords, "verify_hash", check_slowly)
    statuses: list[str] = []
    guesses = [_basic("ann", f"guess {number}") for number in range(16)]
    threads = [
        Thread(target=lambda guess: statuses.append(Call(layer, HTTP_AUTHORIZATION=guess).status), args=(guess,))
        for guess in guesses
    ]
    for thread in threads:
        thread.start()
    assert is_checking.acquire(timeout=MAX_WAIT)
    wait_until(lambda: len(statuses) == 14)
    assert statuses == ["503 Service Unavailable"] * 14
    refused = _ask(layer, _basic("nobody", "guess"), 503, REMOTE_USER="root")
    assert refused.headers["Retry-After"] == "1"
    assert "WWW-Authenticate" not in refused.headers
    assert "REMOTE_USER" not in refused.request.environ
    for user, password in (("ann", "secret"), ("bob", "plain")):  # they need no hash
        assert _ask(layer, _basic(user, password), 200).text == f"Basic {user}"
    may_go_on.set()
    for thread in threads:
        thread.join(MAX_WAIT)
    assert statuses[14:] == ["401 Unauthorized"] * 2


def test_greenlets_do_not_lock_each_other_out() -> None:
    pytest.importorskip("gevent")
    program = f"""
from gevent import monkey
monkey.patch_all()
import gevent
from tests.direct import Call, answering
from wsgistack import BasicAuth
from wsgistack.middleware.auth import hashing
hashing.MAX_WAIT = {MAX_WAIT}
layer = BasicAuth(answering([]), users={{"ann": {_SLOW!r}}}, max_hashes=1)
ask = lambda header: Call(layer, HTTP_AUTHORIZATION=header).status[:3]
headers = {[_basic("ann", "secret")] * 20 + [_basic("ann", f"guess {number}") for number in range(20)]}
jobs = [gevent.spawn(ask, header) for header in headers]
gevent.joinall(jobs, timeout={MAX_WAIT})
print(*(job.value for job in jobs))
print(*map(ask, headers))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    first, second = done.stdout.splitlines()
    assert first.split()[:20] == ["200"] * 20
    assert {*first.split()[20:]} <= {"401", "503"}
    assert second.split() == ["200"] * 20 + ["401"] * 20


def test_does_not_call_the_check_without_credentials() -> None:
    def check(user: str, password: str) -> bool:
        raise AssertionError("called")

    assert _ask(BasicAuth(_show_user, check=check), "Basic ???", 401)
    with pytest.raises(AssertionError, match="called"):
        _ask(BasicAuth(_show_user, check=check), _basic("ann", "secret"), 401)


def test_challenges_users_whom_the_check_refuses() -> None:
    layer = BasicAuth(_show_user, check=lambda user, password: user == password)
    assert _ask(layer, _basic("same", "same"), 200).text == "Basic same"
    assert _ask(layer, _basic("ann", "other"), 401)


def test_does_not_trust_an_earlier_remote_user() -> None:
    layer = BasicAuth(_show_user, users={"ann": "secret"})
    spoofed = {"REMOTE_USER": "root", "AUTH_TYPE": "Kerberos", "HTTP_REMOTE_USER": "root"}
    assert _ask(layer, _basic("ann", "secret"), 200, **spoofed).text == "Basic ann"
    refused = _ask(layer, None, 401, **spoofed)
    assert "REMOTE_USER" not in refused.request.environ


@pytest.mark.parametrize(
    ("realm", "challenge"),
    [
        ("wsgi stack", 'Basic realm="wsgi stack", charset="UTF-8"'),
        ('say "hi" \\ bye', r'Basic realm="say \"hi\" \\ bye", charset="UTF-8"'),
        ("", 'Basic realm="", charset="UTF-8"'),
    ],
)
def test_names_the_realm(realm: str, challenge: str) -> None:
    layer = BasicAuth(_show_user, users={"a": "b"}, realm=realm)
    assert _ask(layer, None, 401).headers["WWW-Authenticate"] == challenge


@pytest.mark.parametrize("accept", ["text/html", "application/json", "text/plain"])
def test_challenges_in_the_media_type_that_the_client_accepts(accept: str) -> None:
    app = TestApp(BasicAuth(_show_user, users={"a": "b"}))
    response = app.get("/", headers={"Accept": accept}, status=401)
    assert response.content_type == accept.replace("/json", "/problem+json")
    head = app.head("/", headers={"Accept": accept}, status=401)
    assert head.body == b""
    assert head.headers["WWW-Authenticate"] == response.headers["WWW-Authenticate"]


def test_does_not_change_the_response_behind_it() -> None:
    body = [b"1"]
    call = Call(BasicAuth(answering(body), users={"a": "b"}), HTTP_AUTHORIZATION=_basic("a", "b"))
    assert call.body is body
    assert call.starts == [("200 OK", [("Content-Type", "text/plain")])]


def test_reads_an_htpasswd_file_and_follows_its_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "users"
    path.write_text(f"ann:{bcrypt.using(rounds=4).hash('a')}\nbob:{apr_md5_crypt.hash('b')}\n")
    monkeypatch.setattr(watched_file, "INTERVAL", 0.0)
    layer = BasicAuth(_show_user, htpasswd=path)
    assert _ask(layer, _basic("ann", "a"), 200).text == "Basic ann"
    assert _ask(layer, _basic("ann", "a"), 200).text == "Basic ann"
    assert _ask(layer, _basic("bob", "b"), 200).text == "Basic bob"
    path.write_text(f"ann:{bcrypt.using(rounds=4).hash('changed')}\n")
    assert _ask(layer, _basic("ann", "a"), 401)
    assert _ask(layer, _basic("bob", "b"), 401)
    assert _ask(layer, _basic("ann", "changed"), 200)
    path.unlink()
    assert _ask(layer, _basic("ann", "changed"), 401)


def test_shows_no_password_in_its_repr() -> None:
    layer = BasicAuth(_show_user, users={"ann": "s3cret"}, realm="mine")
    assert "s3cret" not in repr(layer)
    assert "realm='mine'" in repr(layer)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "needs one source of users; expected exactly one of users, htpasswd and check"),
        ({"users": {"a": "b"}, "check": lambda user, password: True}, "needs one source of users"),
        ({"users": {}}, "users: has no user"),
        ({"users": [("a", "b")]}, "users: is a list; expected a mapping"),
        ({"users": {"a": "$bad$"}}, "users: the password of user 'a' is not a hash in a supported format"),
        ({"htpasswd": Path("/no/where")}, "htpasswd: '/no/where' can't be read: No such file or directory"),
        (
            {"users": {"a": "b"}, "realm": "a\r\nb"},
            "realm: a header can't contain this realm; expected printable ASCII",
        ),
        ({"users": {"a": "b"}, "realm": "tést"}, "realm: a header can't contain this realm"),
        ({"users": {"a:b": "c"}}, "users: the name of user 'a:b' has a colon, which no client can send"),
        ({"users": {"a\n": "c"}}, "has a control character, which no client can send"),
        ({"users": {"a": "b"}, "max_hashes": -1}, "max_hashes: invalid value -1; expected 1 or more"),
        ({"users": {"a": "b"}, "max_hashes": 0}, "max_hashes: invalid value 0; expected 1 or more"),
        ({"users": {"a": "b"}, "weak_hashes": ["md4"]}, "weak_hashes: unknown format 'md4'; choose from"),
    ],
)
def test_refuses_invalid_options_with_the_reason(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        BasicAuth(_show_user, **options)


def test_a_pickled_mistake_does_not_hold_the_password() -> None:
    with pytest.raises(ConfigError, match="invalid secret value") as error:
        Pipeline([{"use": "basic_auth", "users": {"ann": ["lovelace"]}}]).wrap(_show_user)
    assert b"lovelace" not in pickle.dumps(error.value)


def test_needs_libpass_only_for_hashes(tmp_path: Path) -> None:
    program = """
import sys
sys.modules["passlib"] = sys.modules["bcrypt"] = None
from wsgistack import BasicAuth, ConfigError, Pipeline
BasicAuth(print, users={"ann": "plain"})
try:
    BasicAuth(print, users={"ann": "$2y$04$" + "a" * 21 + "e" * 32, "bob": "$apr1$a$" + "a" * 22})
except ConfigError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.startswith("users: ")
    assert "passlib" in done.stdout
    assert done.stdout.endswith("pip install 'wsgistack[htpasswd]'\n")


def test_serves_without_a_request_method() -> None:
    environ = environ_of()
    del environ["REQUEST_METHOD"]
    started: list[str] = []
    body = BasicAuth(_show_user, users={"a": "b"})(environ, lambda status, *_: started.append(status))  # type: ignore[arg-type]
    assert started == ["401 Unauthorized"]
    assert b"".join(body)


@pytest.mark.parametrize("returned", [1, "yes", object(), [True]], ids=["1", "text", "object", "list"])
def test_only_true_means_a_right_password(returned: object) -> None:
    app = BasicAuth(answering([b"secret"]), check=lambda user, password: returned)  # type: ignore[arg-type,return-value]
    assert Call(app, HTTP_AUTHORIZATION="Basic YWRhOmxvdmVsYWNl").status == "401 Unauthorized"
