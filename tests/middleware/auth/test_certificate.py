"""The scheme of client certificates."""

import ssl
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http.client import HTTPSConnection
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st
from webtest import TestApp

from tests.waiting import MAX_WAIT
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


KEY = ec.generate_private_key(ec.SECP256R1())
COMMON, UNIT, MAIL = x509.NameOID.COMMON_NAME, x509.NameOID.ORGANIZATIONAL_UNIT_NAME, x509.NameOID.EMAIL_ADDRESS
ORGANIZATION, POSTAL = x509.NameOID.ORGANIZATION_NAME, x509.NameOID.POSTAL_CODE
Subject = Sequence[tuple[x509.ObjectIdentifier, str]]
OTHER_USES = "content_commitment key_encipherment data_encipherment key_agreement crl_sign encipher_only decipher_only"
USAGE = {**dict.fromkeys(OTHER_USES.split(), False), "digital_signature": True}


def write_certificate(folder: Path, subject: Subject) -> Path:
    """Write a certificate with its key, which the authority of these tests has signed.

    It has all extensions of RFC 5280, because Python verifies them from 3.13 on.
    """
    is_authority = (COMMON, "authority") in subject
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(*each) for each in subject]))
        .issuer_name(x509.Name([x509.NameAttribute(COMMON, "authority")]))
        .public_key(KEY.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(KEY.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(KEY.public_key()), critical=False)
        .add_extension(x509.KeyUsage(**USAGE, key_cert_sign=is_authority), critical=True)
        .sign(KEY, SHA256())
    )
    key = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path = folder / f"{len([*folder.iterdir()])}.pem"
    path.write_bytes(made.public_bytes(Encoding.PEM) + key)
    return path


@pytest.fixture
def attribute() -> str:
    """The one that is the user."""
    return "CN"


@pytest.fixture
def cheroot_port(attribute: Any, tmp_path: Path) -> Iterator[int]:
    adapter = pytest.importorskip("cheroot.ssl.builtin", reason="cheroot is not installed").BuiltinSSLAdapter
    from cheroot.wsgi import Server

    authority = str(write_certificate(tmp_path, [(COMMON, "authority")]))
    server = Server(("127.0.0.1", 0), Auth(show, certificate={"user": attribute}), numthreads=1)
    server.ssl_adapter = adapter(authority, authority)
    server.ssl_adapter.context.load_verify_locations(authority)
    server.ssl_adapter.context.verify_mode = ssl.CERT_REQUIRED
    server.prepare()
    thread = Thread(target=server.serve)
    thread.start()
    yield server.bind_addr[1]
    server.stop()
    thread.join()


def ask(port: int, folder: Path, subject: Subject) -> tuple[int, str]:
    """Send a request with a certificate for a subject."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.load_cert_chain(write_certificate(folder, subject))
    with closing(HTTPSConnection("127.0.0.1", port, context=context, timeout=MAX_WAIT)) as connection:
        connection.request("GET", "/")
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


@pytest.mark.parametrize("attribute", ["CN", "emailAddress"])
def test_a_comma_in_a_name_makes_no_other_user_or_group_on_cheroot(cheroot_port: int, tmp_path: Path) -> None:
    ada: Subject = [(ORGANIZATION, "Example"), (UNIT, "staff"), (UNIT, "orders"), (COMMON, "ada"), (MAIL, "ada")]
    assert ask(cheroot_port, tmp_path, ada) == (200, "ada ['orders', 'staff'] ClientCertificate False")
    assert ask(cheroot_port, tmp_path, [(COMMON, "ada"), (MAIL, "ada")]) == (200, "ada [] ClientCertificate False")
    eve: Subject = [(COMMON, "eve"), (MAIL, "eve")]
    for subject in (
        [(ORGANIZATION, "x,CN=ada,emailAddress=ada,Email=ada")],
        [(POSTAL, "1,CN=ada,Email=ada")],
        [(COMMON, "eve,OU=staff"), (MAIL, "eve")],
        [(ORGANIZATION, "x,OU=staff"), *eve],
        [(UNIT, "x,OU=staff"), *eve],
        [(POSTAL, "1,OU=staff"), *eve],
        [(UNIT, "x+OU=staff"), *eve],
    ):
        assert ask(cheroot_port, tmp_path, subject)[0] == 401, subject


@pytest.mark.parametrize("name", ["Zoë", "Ağaç", "王芳", "😀", "Zo\xc3\xab"])
def test_cheroot_writes_names_as_text(name: str, cheroot_port: int, tmp_path: Path) -> None:
    subject = [(UNIT, f"{name} x"), (COMMON, name)]
    assert ask(cheroot_port, tmp_path, subject) == (200, f"{name} ['{name} x'] ClientCertificate False")


@pytest.mark.parametrize("attribute", ["subject"])
def test_cheroot_writes_subjects_as_text(cheroot_port: int, tmp_path: Path) -> None:
    assert ask(cheroot_port, tmp_path, [(COMMON, "Zoë")]) == (200, "CN=Zoë [] ClientCertificate False")
    assert ask(cheroot_port, tmp_path, [(COMMON, "Zoë"), (ORGANIZATION, "x,OU=é")])[0] == 401


def test_the_variables_of_mod_ssl_agree_with_the_subject() -> None:
    # in the order of the certificate, of which the subject is the reverse
    each = {"SSL_CLIENT_S_DN_O": "Example", "SSL_CLIENT_S_DN_OU": "orders", "SSL_CLIENT_S_DN_OU_1": "staff"}
    each["SSL_CLIENT_S_DN_CN"] = "ada"
    assert get({**BY_SERVER, **each}).startswith("ada ['orders', 'staff']")
    for key in each:
        assert get({**BY_SERVER, **each, key: "x"}, 401)
    name = {**BY_SERVER, "SSL_CLIENT_S_DN": r"CN=Zo\C3\AB\, A", "SSL_CLIENT_S_DN_CN": "Zo\xc3\xab, A"}
    assert get(name).startswith("Zoë, A []")
    assert get({**name, "SSL_CLIENT_S_DN_CN": "\xff"}, 401)


def test_the_log_says_which_variables_do_not_agree_with_the_subject(caplog: pytest.LogCaptureFixture) -> None:
    get({**BY_SERVER, "SSL_CLIENT_S_DN_CN": "eve", "SSL_CLIENT_S_DN_O": "Example", "SSL_CLIENT_S_DN_L": "x"}, 401)
    [record] = caplog.records
    assert record.reason == (  # type: ignore[attr-defined]
        "not as in SSL_CLIENT_S_DN: SSL_CLIENT_S_DN_CN differs, SSL_CLIENT_S_DN_OU is missing, SSL_CLIENT_S_DN_L "
        "differs; with uwsgi_param, pass neither SSL_CLIENT_S_DN_* nor SSL_CLIENT_I_DN_*"
    )
    assert get({**BY_SERVER, "SSL_CLIENT_S_DN": "CN=ada", "SSL_CLIENT_S_DN_CN": "ada"}).startswith("ada ")


def test_a_backslash_in_a_name_is_doubled_only_by_mod_ssl() -> None:
    name = {**BY_SERVER, "SSL_CLIENT_S_DN": r"CN=SHOP\\ada", "SSL_CLIENT_S_DN_CN": r"SHOP\\ada"}
    assert get({**name, "SSL_VERSION_INTERFACE": "mod_ssl/2.4.71"}).startswith(r"SHOP\ada []")
    assert get(name, 401)  # on cheroot, the name has two
