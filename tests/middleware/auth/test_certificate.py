"""The scheme of client certificates."""

from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from webtest import TestApp

from wsgistack import Auth, ConfigError
from wsgistack.middleware.auth.certificate import parse_name
from wsgistack.types import Environ, StartResponse

SUBJECT = "CN=ada,OU=staff,OU=orders,O=Example"
BY_PROXY = {"HTTP_X_SSL_CLIENT_VERIFY": "SUCCESS", "HTTP_X_SSL_CLIENT_S_DN": SUBJECT}
BY_SERVER = {"SSL_CLIENT_VERIFY": "SUCCESS", "SSL_CLIENT_S_DN": SUBJECT}


def show(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
    identity = environ["wsgistack.identity"]
    is_there = "HTTP_X_SSL_CLIENT_S_DN" in environ
    return [f"{identity.user} {sorted(identity.groups)} {environ['AUTH_TYPE']} {is_there}".encode()]


def get(extra: Mapping[str, object], status: int = 200, **options: Any) -> str:
    given: Any = options
    environ = {"REMOTE_ADDR": "10.0.0.1", **extra}
    text: str = TestApp(Auth(show, certificate=given)).get("/", extra_environ=environ, status=status).text
    return text


def test_lets_in_who_has_a_verified_certificate() -> None:
    assert get(BY_SERVER) == "ada ['orders', 'staff'] ClientCertificate False"
    assert get(BY_PROXY, trusted=["10.0.0.0/8"]) == "ada ['orders', 'staff'] ClientCertificate True"
    assert get(BY_SERVER, trusted=["192.0.2.1"]).startswith("ada ")
    assert get(BY_SERVER, user="subject").startswith(SUBJECT)
    mail = {**BY_SERVER, "SSL_CLIENT_S_DN": "emailAddress=ada@example.org,CN=Ada"}
    assert get(mail, user="emailAddress").startswith("ada@example.org ")


def test_the_subject_is_read_as_utf_8() -> None:
    assert get({**BY_SERVER, "SSL_CLIENT_S_DN": "CN=Zo\xc3\xab"}, user="subject").startswith("CN=Zoë ")


def test_believes_only_trusted_peers() -> None:
    assert get(BY_PROXY, 401)
    assert get(BY_PROXY, 401, trusted=["192.0.2.1"])
    assert get({**BY_PROXY, **BY_SERVER, "HTTP_X_SSL_CLIENT_S_DN": "CN=eve"}) == (
        "ada ['orders', 'staff'] ClientCertificate False"
    )
    behind = {**BY_PROXY, "REMOTE_ADDR": "203.0.113.9", "wsgistack.peer": {"REMOTE_ADDR": "10.0.0.1"}}
    assert get(behind, trusted=["10.0.0.1"]).startswith("ada ")
    forged = {**BY_PROXY, "REMOTE_ADDR": "10.0.0.1", "wsgistack.peer": {"REMOTE_ADDR": "203.0.113.9"}}
    assert get(forged, 401, trusted=["10.0.0.1"])


@pytest.mark.parametrize(
    ("extra", "options"),
    [
        pytest.param({}, {}, id="none"),
        pytest.param({**BY_SERVER, "SSL_CLIENT_VERIFY": "NONE"}, {}, id="not asked for"),
        pytest.param({**BY_SERVER, "SSL_CLIENT_VERIFY": "FAILED:certificate has expired"}, {}, id="expired"),
        pytest.param({**BY_SERVER, "SSL_CLIENT_VERIFY": "GENEROUS"}, {}, id="not verified"),
        pytest.param({**BY_SERVER, "SSL_CLIENT_VERIFY": "success"}, {}, id="other case"),
        pytest.param({"SSL_CLIENT_VERIFY": "SUCCESS"}, {}, id="no subject"),
        pytest.param({"SSL_CLIENT_S_DN": SUBJECT}, {}, id="only a subject"),
        pytest.param({**BY_SERVER, "SSL_CLIENT_S_DN": "O=Example"}, {}, id="no user"),
        pytest.param({**BY_SERVER, "SSL_CLIENT_S_DN": "CN=,O=Example"}, {}, id="empty user"),
        pytest.param({**BY_SERVER, "SSL_CLIENT_S_DN": "CN=ada,CN=root"}, {}, id="two users"),
        pytest.param({**BY_SERVER, "SSL_CLIENT_S_DN": "CN=ada+cn=root"}, {}, id="two users, in one part"),
        pytest.param({**BY_SERVER, "SSL_CLIENT_S_DN": "/O=Example/CN=ada"}, {}, id="slashes"),
        pytest.param({**BY_SERVER, "SSL_CLIENT_S_DN": SUBJECT}, {"user": "UID"}, id="other attribute"),
        pytest.param({**BY_SERVER, "SSL_CLIENT_S_DN": "CN=ada\xff"}, {}, id="not UTF-8"),
        pytest.param({**BY_SERVER, "SSL_CLIENT_S_DN": "CN=" + "a" * 2000}, {}, id="long"),
        pytest.param(BY_SERVER, {"trusted": ["10.0.0.0/8"]}, id="the proxy's own certificate"),
    ],
)
def test_refuses_everybody_else(extra: Mapping[str, str], options: Mapping[str, Any]) -> None:
    assert get(extra, 401, **options)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("CN=ada", [("CN", "ada")]),
        ("CN=ada, O=Example", [("CN", "ada"), ("O", "Example")]),
        ("2.5.4.3=ada+OU=x", [("2.5.4.3", "ada"), ("OU", "x")]),
        (r"CN=a\,CN\=root,O=x", [("CN", "a,CN=root"), ("O", "x")]),
        (r"CN=Zo\C3\AB", [("CN", "Zoë")]),
        ("CN=Zo\xc3\xab", [("CN", "Zoë")]),
        (r"CN=a\ ", [("CN", "a ")]),
        ("CN=", [("CN", "")]),
        ("", None),
        ("CN", None),
        ("=ada", None),
        ("CN=ada,", None),
        ("CN=ada\\", None),
        ("CN=ada;O=x", [("CN", "ada;O=x")]),
        ('CN="ada, root"', None),
        ("CN=#0403", None),
        ("CN= ada", None),
        ("CN=ada ", None),
        (r"CN=a\0a", None),
        (r"CN=\ff", None),
        ("CN=a\nb", None),
    ],
)
def test_reads_distinguished_names(written: str, read: object) -> None:
    assert parse_name(written) == read


@given(st.lists(st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=20), min_size=1, max_size=4))
def test_reads_back_what_was_written(values: list[str]) -> None:
    def escape(value: str) -> str:
        return "".join(f"\\{byte:02X}" for byte in value.encode())

    assert parse_name(",".join(f"OU={escape(value)}" for value in values)) == [("OU", value) for value in values]


@given(st.text(st.characters(max_codepoint=255)))
def test_reads_any_text_without_an_error(text: str) -> None:
    parse_name(text)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"trusted": ["10.0.0.0/40"]}, "certificate.trusted: not a valid network"),
        ({"verify_header": "a b"}, "certificate.verify_header: not a valid name of a header"),
        ({"user": "OU"}, "certificate.user: unknown attribute"),
    ],
)
def test_says_what_is_wrong(options: Mapping[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Auth(show, certificate=options)  # type: ignore[arg-type]
    assert said in str(caught.value)
