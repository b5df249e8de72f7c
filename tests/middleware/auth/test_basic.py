"""Basic authentication: who is let in, what is told to others, and that no header can do harm."""

import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from passlib.hash import apr_md5_crypt, bcrypt, ldap_sha1
from webtest import TestApp

from tests.direct import Call, answering, environ_of
from wsgistack import BasicAuth, ConfigError
from wsgistack.types import Environ, StartResponse

_LATIN = st.text(st.characters(max_codepoint=255))
_WITHOUT_CONTROLS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20)


def _telling(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
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
def test_lets_in_who_gives_the_right_password(user: str, password: str) -> None:
    layer = BasicAuth(_telling, users=_USERS)
    assert _ask(layer, _basic(user, password), 200).text == f"Basic {user}"
    assert "WWW-Authenticate" in _ask(layer, _basic(user, password + "x"), 401).headers


@pytest.mark.parametrize("scheme", ["basic ", "BASIC ", "Basic   "])
def test_reads_the_scheme_as_http_has_it(scheme: str) -> None:
    assert _ask(BasicAuth(_telling, users=_USERS), _basic("ann", "secret", scheme), 200).text == "Basic ann"


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
    users = {"ann": ldap_sha1.hash("secret") if hashed else "secret"}
    call = Call(BasicAuth(_telling, users=users), **keys)
    body = call.read()
    assert call.status == "401 Unauthorized"
    assert call.headers["www-authenticate"] == 'Basic realm="Restricted", charset="UTF-8"'
    assert call.headers["content-length"] == str(len(body))
    assert b"needs a user name and a password" in body


@given(authorization=_LATIN | _LATIN.map("Basic ".__add__) | st.binary().map(lambda raw: f"Basic {b64encode(raw)!r}"))
@example(authorization="Basic " + b64encode(b"\xff\xfe:\xfd").decode())
def test_answers_whatever_header_comes(authorization: str) -> None:
    call = Call(BasicAuth(_telling, users={"ann": "secret"}), HTTP_AUTHORIZATION=authorization)
    assert call.status == "401 Unauthorized"


@given(raw=st.binary(max_size=60))
def test_answers_whatever_credentials_come(raw: bytes) -> None:
    authorization = "Basic " + b64encode(raw).decode()
    layer = BasicAuth(_telling, users={"ann": bcrypt.using(rounds=4, salt="a" * 21 + "e").hash("secret")})
    assert Call(layer, HTTP_AUTHORIZATION=authorization).status == "401 Unauthorized"


@given(user=_WITHOUT_CONTROLS.map(lambda text: text.replace(":", "")), password=_WITHOUT_CONTROLS)
def test_gives_the_check_what_the_client_sent(user: str, password: str) -> None:
    asked: list[tuple[str, str]] = []

    def check(user: str, password: str) -> bool:
        asked.append((user, password))
        return True

    call = Call(BasicAuth(_telling, check=check), HTTP_AUTHORIZATION=_basic(user, password))
    assert call.read() == f"Basic {user}".encode()
    assert asked == [(user, password)]


def test_asks_no_check_without_credentials() -> None:
    def check(user: str, password: str) -> bool:
        raise AssertionError("asked")

    assert _ask(BasicAuth(_telling, check=check), "Basic ???", 401)
    with pytest.raises(AssertionError, match="asked"):
        _ask(BasicAuth(_telling, check=check), _basic("ann", "secret"), 401)


def test_challenges_whom_the_check_refuses() -> None:
    layer = BasicAuth(_telling, check=lambda user, password: user == password)
    assert _ask(layer, _basic("same", "same"), 200).text == "Basic same"
    assert _ask(layer, _basic("ann", "other"), 401)


def test_trusts_no_user_who_was_set_before() -> None:
    layer = BasicAuth(_telling, users={"ann": "secret"})
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
    layer = BasicAuth(_telling, users={"a": "b"}, realm=realm)
    assert _ask(layer, None, 401).headers["WWW-Authenticate"] == challenge


@pytest.mark.parametrize("accept", ["text/html", "application/json", "text/plain"])
def test_challenges_in_the_form_that_the_client_accepts(accept: str) -> None:
    app = TestApp(BasicAuth(_telling, users={"a": "b"}))
    response = app.get("/", headers={"Accept": accept}, status=401)
    assert response.content_type == accept.replace("/json", "/problem+json")
    head = app.head("/", headers={"Accept": accept}, status=401)
    assert head.body == b""
    assert head.headers["WWW-Authenticate"] == response.headers["WWW-Authenticate"]


def test_changes_nothing_of_the_answer_inside() -> None:
    body = [b"1"]
    call = Call(BasicAuth(answering(body), users={"a": "b"}), HTTP_AUTHORIZATION=_basic("a", "b"))
    assert call.body is body
    assert call.starts == [("200 OK", [("Content-Type", "text/plain")])]


def test_reads_an_htpasswd_file_and_follows_its_changes(tmp_path: Path) -> None:
    path = tmp_path / "users"
    path.write_text(f"ann:{bcrypt.using(rounds=4).hash('a')}\nbob:{apr_md5_crypt.hash('b')}\n")
    layer = BasicAuth(_telling, htpasswd=path)
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
    layer = BasicAuth(_telling, users={"ann": "s3cret"}, realm="mine")
    assert "s3cret" not in repr(layer)
    assert "realm='mine'" in repr(layer)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "needs one source of users; expected exactly one of users, htpasswd and check"),
        ({"users": {"a": "b"}, "check": lambda user, password: True}, "needs one source of users"),
        ({"users": {}}, "users: names no user"),
        ({"users": {"a": "$bad$"}}, "users: user 'a': no hash that htpasswd knows"),
        ({"htpasswd": Path("/no/where")}, "htpasswd: can't read '/no/where': No such file or directory"),
        ({"users": {"a": "b"}, "realm": "a\r\nb"}, "realm: can't stand in a header; expected printable ASCII"),
        ({"users": {"a": "b"}, "realm": "tést"}, "realm: can't stand in a header"),
        ({"users": {"a:b": "c"}}, "users: user 'a:b': no client can send a name with a colon or a control character"),
        ({"users": {"a\n": "c"}}, "no client can send a name"),
    ],
)
def test_says_what_is_wrong_with_an_option(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        BasicAuth(_telling, **options)


def test_needs_libpass_for_hashes_alone(tmp_path: Path) -> None:
    program = """
import sys
sys.modules["passlib"] = sys.modules["bcrypt"] = None
from wsgistack import BasicAuth, ConfigError
BasicAuth(print, users={"ann": "plain"})
try:
    BasicAuth(print, users={"ann": "$2y$04$hash", "bob": "{SHA}hash"})
except ConfigError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path)
    hint = "pip install 'wsgistack[htpasswd]'"
    assert done.stdout == f"users: needs the library passlib.apache, which can't be imported; {hint}\n"


def test_serves_without_what_a_server_leaves_out() -> None:
    environ = environ_of()
    del environ["REQUEST_METHOD"]
    started: list[str] = []
    body = BasicAuth(_telling, users={"a": "b"})(environ, lambda status, *_: started.append(status))  # type: ignore[arg-type]
    assert started == ["401 Unauthorized"]
    assert b"".join(body)
