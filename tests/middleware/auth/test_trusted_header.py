"""The scheme of a proxy that names the user."""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

import pytest
from webtest import TestApp

from wsgistack import Auth, ConfigError
from wsgistack.types import Environ, StartResponse


def show(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
    identity = environ.get("wsgistack.identity")
    left = [environ.get(key) for key in ("HTTP_X_FORWARDED_USER", "HTTP_X_FORWARDED_GROUPS")]
    return [f"{identity and identity.user} {identity and sorted(identity.groups)} {left}".encode()]


def get(headers: Mapping[str, str], status: int = 200, peer: str = "10.0.0.1", **options: Any) -> str:
    given: Any = {"trusted": ["10.0.0.0/8"], **options}
    client = TestApp(Auth(show, trusted_header=given, optional=status == 200))
    text: str = client.get("/", headers=headers, extra_environ={"REMOTE_ADDR": peer}, status=status).text
    return text


def test_lets_in_whom_the_proxy_names() -> None:
    headers = {"X-Forwarded-User": "ada", "X-Forwarded-Groups": "staff, orders,,"}
    assert get(headers) == "ada ['orders', 'staff'] ['ada', 'staff, orders,,']"
    assert get({"X-Forwarded-User": "ada"}) == "ada [] ['ada', None]"
    headers = {"X-Remote": "zo\xc3\xab", "X-Teams": "a,caf\xc3\xa9"}
    assert get(headers, user="X-Remote", groups="X-Teams").startswith("zoë ['a', 'café']")


def test_removes_the_headers_of_everybody_else() -> None:
    headers = {"X-Forwarded-User": "root", "X-Forwarded-Groups": "wheel"}
    assert get(headers, peer="192.0.2.1") == "None None [None, None]"
    assert get({"X-Forwarded-Groups": "wheel"}) == "None None [None, None]"
    assert get(headers, 401, peer="192.0.2.1")
    assert get(headers, 401, peer="")


def test_removes_them_wherever_it_does_not_read_them() -> None:
    headers = {"X-Forwarded-User": "root", "X-Forwarded-Groups": "wheel", "X-API-Key": "b"}
    key: Any = {"keys": {"ci": sha256(b"b").hexdigest()}}
    given: Any = {"trusted": ["10.0.0.0/8"]}
    client = TestApp(Auth(show, certificate={}, trusted_header=given, api_key=key, public=["/open"]))
    stranger = {"REMOTE_ADDR": "192.0.2.1"}
    assert client.get("/open", headers=headers, extra_environ=stranger).text == "None None [None, None]"
    certified = {**stranger, "SSL_CLIENT_VERIFY": "SUCCESS", "SSL_CLIENT_S_DN": "CN=bob"}
    assert client.get("/", headers=headers, extra_environ=certified).text == "bob [] [None, None]"
    assert client.get("/", headers=headers, extra_environ=stranger).text == "ci [] [None, None]"


@pytest.mark.parametrize(
    "name",
    ["ada, root", "ada,root", " ", "\xff", "a\x1bb", "x" * 300],
    ids=["two", "two, close", "blank", "bytes", "control", "long"],
)
def test_refuses_what_is_not_one_name(name: str) -> None:
    assert get({"X-Forwarded-User": name}, 401)


def test_refuses_groups_that_are_not_utf_8() -> None:
    assert get({"X-Forwarded-User": "ada", "X-Forwarded-Groups": "staff,\xff"}, 401)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"trusted": []}, "trusted_header.trusted: trusts no proxy; expected the addresses of the proxy"),
        ({"trusted": ["x"]}, "trusted_header.trusted: not a valid network 'x'"),
        ({"trusted": ["::1"], "user": ""}, "trusted_header.user: not a valid name of a header"),
    ],
)
def test_says_what_is_wrong(options: Mapping[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Auth(show, trusted_header=options)  # type: ignore[arg-type]
    assert said in str(caught.value)
