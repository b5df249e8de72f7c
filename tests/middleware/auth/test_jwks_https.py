"""The keys of an issuer over https, from a real server on loopback."""

import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from itertools import count
from pathlib import Path
from socket import create_server
from threading import Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.waiting import MAX_WAIT
from wsgistack.middleware.auth import jwks

KEYS = b'{"keys": []}'


def write_certificate(path: Path) -> Path:
    """Write a certificate for the loopback, which is its own authority, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "issuer")])
    now, key_id = datetime.now(UTC), x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(key_id, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(key_id), critical=False)
        .sign(key, SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(made.public_bytes(Encoding.PEM) + private)
    return path


@pytest.fixture(params=[False, True], ids=["whole", "dripping"])
def issuer(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of an issuer that this process trusts. It answers one request, and then may send byte after byte."""
    path = write_certificate(tmp_path / "issuer.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)

    def answer() -> None:
        with suppress(OSError), context.wrap_socket(listener.accept()[0], server_side=True) as connection:
            connection.recv(1000)
            connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + KEYS)
            while request.param:
                connection.sendall(b" ")

    with create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=answer)
        thread.start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}/keys"
        thread.join(MAX_WAIT)
        assert not thread.is_alive()


@pytest.mark.parametrize("issuer", [False], indirect=True)
def test_reads_keys_over_tls(issuer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jwks, "IO_TIMEOUT", MAX_WAIT)
    assert jwks._fetch(issuer) == KEYS


@pytest.mark.parametrize("issuer", [True], indirect=True)
def test_a_slow_issuer_is_cut_off_over_tls(issuer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jwks, "monotonic", count().__next__)  # each byte comes in time
    with pytest.raises(TimeoutError, match="the issuer is too slow"):
        jwks._fetch(issuer)


def test_a_python_without_ssl_can_authenticate() -> None:
    program = """
import sys
sys.modules["ssl"] = None
from wsgistack import Auth, ConfigError
Auth(print, bearer={"tokens": {"ci": "0" * 64}})
"""
    subprocess.run([sys.executable, "-c", program], check=True)
