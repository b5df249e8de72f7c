"""The keys of an issuer, from files and from a real server on loopback."""

import json
import logging
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from itertools import count
from pathlib import Path
from socket import create_server, socket
from threading import Barrier, Event, Thread
from threading import enumerate as enumerate_threads
from time import monotonic
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.waiting import MAX_WAIT, wait_until
from wsgistack import ConfigError, Identity, Refusal
from wsgistack.middleware.auth import jwks
from wsgistack.middleware.auth.jwks import MIN_INTERVAL, Keys
from wsgistack.middleware.auth.jwt import Jwts
from wsgistack.processes import forking

ONE, TWO = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
CURVE = ec.generate_private_key(ec.SECP256R1())


def as_jwk(key: Any, **more: Any) -> Mapping[str, Any]:
    kind = jwt.algorithms.RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else jwt.algorithms.ECAlgorithm
    return {**json.loads(kind.to_jwk(key.public_key())), **more}


def as_set(*keys: object) -> bytes:
    return json.dumps({"keys": keys}).encode()


def as_pem(key: Any) -> bytes:
    made: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return made


def sign(key: Any, algorithm: str = "RS256", **headers: Any) -> str:
    return jwt.encode({"sub": "ada"}, key, algorithm=algorithm, headers=headers)


class Issuer:
    """A server that publishes keys, and counts the requests."""

    def __init__(self) -> None:
        self.body = as_set(as_jwk(ONE, kid="one"))
        self.status = 200
        self.headers: Mapping[str, str] = {}
        self.requests = 0
        self.may_answer = Event()
        self.may_answer.set()
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.requests += 1
                issuer.may_answer.wait(MAX_WAIT)
                self.send_response(issuer.status)
                for name, value in {"Content-Length": str(len(issuer.body)), **issuer.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(issuer.body)

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/keys"

    def stop(self) -> None:
        self.may_answer.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def wait_for_reading() -> None:
    """Wait until no thread reads keys. It may do so still when its keys are in use."""
    for thread in enumerate_threads():
        if thread.name == "wsgistack-keys":
            thread.join(MAX_WAIT)
            assert not thread.is_alive()


@pytest.fixture(autouse=True)
def patiently(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Wait for an issuer for as long as it takes, but do not ask again meanwhile. No thread goes on after a test."""
    monkeypatch.setattr(jwks, "IO_TIMEOUT", MAX_WAIT)
    monkeypatch.setattr(jwks, "MIN_INTERVAL", 3600.0)
    yield
    wait_for_reading()


@pytest.fixture
def issuer(patiently: None) -> Iterator[Issuer]:
    made = Issuer()
    yield made
    made.stop()


@pytest.fixture
def quickly(patiently: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jwks, "MIN_INTERVAL", 0.0)
    monkeypatch.setattr(jwks, "FILE_INTERVAL", 0.0)


def make(**options: Any) -> Jwts:
    return Jwts(**{"algorithms": ["RS256", "ES256"], "required": [], "remember": 3600, **options})


def is_accepted(jwts: Jwts, token: str) -> bool:
    return isinstance(jwts.recall(token) or jwts.verify(token), Identity)


@pytest.mark.parametrize(
    ("data", "accepted"),
    [
        pytest.param(as_pem(ONE), [True, False, False], id="PEM"),
        pytest.param(as_pem(ONE) + b"\n# next\n" + as_pem(CURVE), [True, False, True], id="two in PEM"),
        pytest.param(as_set(as_jwk(ONE, kid="one")), [True, False, False], id="JWKS"),
        pytest.param(as_set(as_jwk(ONE), as_jwk(TWO), as_jwk(CURVE)), [True, True, True], id="keys without ids"),
        pytest.param(as_set(as_jwk(ONE, use="enc"), as_jwk(TWO, use="sig")), [False, True, False], id="for encryption"),
        pytest.param(as_set(as_jwk(ONE, alg="PS256"), as_jwk(TWO, alg="RS256")), [False, True, False], id="algorithm"),
        pytest.param(
            as_set({"kty": "new"}, {"kty": "RSA", "n": 1}, {"kty": "EC", "crv": "x"}, 5, as_jwk(TWO)),
            [False, True, False],
            id="unknown kinds",
        ),
        pytest.param(
            as_set(as_jwk(ONE, alg="none"), as_jwk(ONE, alg=["RS256"]), as_jwk(ONE, alg="HS256"), as_jwk(TWO)),
            [False, True, False],
            id="algorithms that are none",
        ),
        pytest.param(as_set({"kty": "oct", "k": "AAAA"}, as_jwk(ONE)), [True, False, False], id="a shared secret"),
    ],
)
def test_reads_a_file(data: bytes, accepted: list[bool], tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_bytes(data)
    jwts = make(keys=path)
    tokens = [sign(ONE), sign(TWO), sign(CURVE, "ES256")]
    assert [is_accepted(jwts, token) for token in tokens] == accepted


def test_finds_a_key_by_its_id(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_bytes(as_set(as_jwk(ONE, kid="one"), as_jwk(TWO, kid="two")))
    jwts = make(keys=path)
    assert is_accepted(jwts, sign(TWO, kid="two"))
    assert is_accepted(jwts, sign(TWO))
    assert not is_accepted(jwts, sign(TWO, kid="one"))
    assert not is_accepted(jwts, sign(TWO, kid="three"))


@pytest.mark.parametrize(
    ("token", "reason", "is_guess"),
    [
        (sign(TWO, kid="two"), "the issuer has no RS256 key with the kid of the token", False),
        (sign(CURVE, "ES256", kid="one"), "the issuer has no ES256 key with the kid of the token", False),
        (sign(TWO, kid="one"), "the token is not valid (InvalidSignatureError)", True),
        (sign(CURVE, "ES256"), "the token is not valid (InvalidSignatureError)", True),
        (sign("s" * 32, "HS256", kid="two"), "the token is not valid (InvalidSignatureError)", True),
    ],
)
def test_says_whether_the_issuer_has_the_key_of_a_token(
    token: str, reason: str, is_guess: bool, tmp_path: Path
) -> None:
    path = tmp_path / "keys"
    path.write_bytes(as_set(as_jwk(ONE, kid="one", alg="RS256")))
    found = make(keys=path).verify(token)
    assert isinstance(found, Refusal)
    assert (found.reason, found.is_guess, found.error) == (reason, is_guess, "invalid_token")


def test_leaves_the_private_parts_of_a_key_out(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_bytes(as_set(json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(ONE))))
    assert is_accepted(make(keys=path), sign(ONE))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "has no public key for signatures"),
        (b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "jwt.keys: "),
        (b"{", "jwt.keys: "),
        (b'{"keys": {}}', "has no public key for signatures"),
        (as_set({"kty": "oct", "k": "AAAA"}), "has no public key for signatures"),
        (b" " * 1_100_000, "the keys are too large"),
        (b'{"keys":' + b"[" * 100_000, "jwt.keys: "),
    ],
)
def test_says_what_is_wrong_with_a_file(data: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_bytes(data)
    with pytest.raises(ConfigError) as caught:
        make(keys=path)
    assert said in str(caught.value)
    assert "expected a file with public keys in PEM, or a JWKS" in str(caught.value)


INSECURE = ["http://issuer.example/keys", "file:///etc/passwd", "ftp://x/y", "//x/y"]


@pytest.mark.parametrize("url", INSECURE)
def test_keys_come_over_https(url: str) -> None:
    with pytest.raises(ConfigError, match="the keys could be replaced on the way"):
        make(jwks_url=url)


NO_URLS = ["https://", "https:x", "https://[x/", "https://x:port/", "https://ada:lovelace@x/", "http://localhost@x/"]


@pytest.mark.parametrize("url", NO_URLS)
def test_says_what_is_not_a_url(url: str) -> None:
    with pytest.raises(ConfigError, match=r"jwt\.jwks_url: not a valid URL") as caught:
        make(jwks_url=url)
    assert "lovelace" not in str(caught.value)


@pytest.mark.parametrize("url", ["https://issuer.example/keys", "http://localhost/keys", "http://[::1]:8080/keys"])
def test_or_from_the_same_machine(url: str) -> None:
    make(jwks_url=url)


@pytest.mark.usefixtures("quickly")
def test_reads_a_changed_file_in_the_background(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "keys"
    path.write_bytes(as_pem(ONE))
    jwts = make(keys=path)
    old, new = sign(ONE), sign(TWO)
    assert is_accepted(jwts, old)
    (tmp_path / "new").write_bytes(as_pem(TWO))
    (tmp_path / "new").replace(path)
    wait_until(lambda: is_accepted(jwts, new))
    assert jwts.recall(old) is None  # its key is gone
    assert not is_accepted(jwts, old)
    path.write_bytes(as_pem(ONE)[:40])
    wait_until(lambda: isinstance(jwts.verify(new), Identity) and "can't read the keys" in caplog.text)
    assert is_accepted(jwts, new)


def test_fetches_the_keys_once_for_all_first_requests(issuer: Issuer) -> None:
    jwts = make(jwks_url=issuer.url)
    assert issuer.requests == 0
    issuer.may_answer.clear()
    barrier = Barrier(9, timeout=MAX_WAIT)
    found: list[object] = []

    def ask() -> None:
        barrier.wait()
        found.append(is_accepted(jwts, sign(ONE, kid="one")))

    threads = [Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    barrier.wait()
    issuer.may_answer.set()
    for thread in threads:
        thread.join()
    assert found == [True] * 8
    assert issuer.requests == 1


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        pytest.param(500, {}, b"", id="error"),
        pytest.param(200, {}, b"<html>", id="page"),
        pytest.param(200, {}, b"{}", id="no keys"),
        pytest.param(302, {"Location": "http://127.0.0.1:1/"}, b"", id="redirect"),
        pytest.param(200, {}, b"{" + b" " * 1_100_000, id="too large"),
    ],
)
def test_lets_nobody_in_without_keys(
    status: int, headers: Mapping[str, str], body: bytes, issuer: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    issuer.status, issuer.headers, issuer.body = status, headers, body
    jwts = make(jwks_url=issuer.url)
    for _ in range(3):
        found = jwts.verify(sign(ONE, kid="one"))
        assert isinstance(found, Refusal)
        assert (found.status, found.retry_after) == (503, 5)
    assert issuer.requests == 1  # no client can make more
    [record] = caplog.records
    assert record.getMessage().startswith(f"can't read the keys of {issuer.url}: ")
    assert record.levelno == logging.WARNING


@pytest.mark.usefixtures("quickly")
def test_an_unknown_key_is_fetched_in_the_background_and_the_last_keys_stay_valid(issuer: Issuer) -> None:
    jwts = make(jwks_url=issuer.url, remember=0)
    assert is_accepted(jwts, sign(ONE, kid="one"))
    issuer.body = as_set(as_jwk(ONE, kid="one"), as_jwk(TWO, kid="two"))
    wait_until(lambda: is_accepted(jwts, sign(TWO, kid="two")))
    issuer.status = 500
    requests = issuer.requests
    wait_for_reading()
    assert not is_accepted(jwts, sign(CURVE, "ES256", kid="three"))
    wait_for_reading()
    assert issuer.requests == requests + 1
    assert is_accepted(jwts, sign(ONE, kid="one"))


def test_unknown_keys_fetch_nothing_more_than_every_ten_seconds(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(jwks, "monotonic", lambda: now)
    monkeypatch.setattr(jwks, "MIN_INTERVAL", MIN_INTERVAL)
    jwts = make(jwks_url=issuer.url)
    assert is_accepted(jwts, sign(ONE, kid="one"))
    for number in range(20):
        assert not is_accepted(jwts, sign(TWO, kid=f"unknown {number}"))
        now += 0.5
    wait_for_reading()
    assert issuer.requests == 1
    now += 0.5
    assert not is_accepted(jwts, sign(TWO, kid="unknown"))
    wait_for_reading()
    assert issuer.requests == 2


def test_a_process_without_a_thread_to_spare_keeps_its_keys(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    class NoThread(Thread):
        def start(self) -> None:
            raise RuntimeError("can't start new thread")

    monkeypatch.setattr(jwks, "MIN_INTERVAL", 0.0)
    keys = Keys(jwt, file=None, url=issuer.url, refresh=0)
    assert keys.find("one", "RS256")
    wait_for_reading()
    with monkeypatch.context() as patched:
        patched.setattr(jwks, "Thread", NoThread)
        assert keys.find("one", "RS256")
    assert issuer.requests == 1
    keys.find("two", "RS256")
    wait_for_reading()
    assert issuer.requests == 2


@contextmanager
def dripping(sent: bytes) -> Iterator[tuple[str, Event]]:
    """The URL of an issuer that sends one byte after the other, and what says that nobody reads it any more."""
    is_over = Event()

    def drip() -> None:
        with suppress(OSError), listener.accept()[0] as connection:
            connection.sendall(sent)
            while not is_over.wait(0.01):
                connection.sendall(b"H")
        is_over.set()

    with create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=drip)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/", is_over
        finally:
            is_over.set()
            thread.join()
    wait_for_reading()


def test_the_first_tokens_do_not_wait_long_for_a_slow_issuer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jwks, "IO_TIMEOUT", 0.3)
    with dripping(b"") as (url, _):
        jwts = make(jwks_url=url)
        for _ in range(3):  # which would not return
            found = jwts.verify(sign(ONE, kid="one"))
            assert isinstance(found, Refusal)
            assert found.status == 503


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.0 200 OK\r\nX-Slow: ", b"HTTP/1.0 200 OK\r\n\r\n"])
def test_a_slow_issuer_is_cut_off(
    sent: bytes, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(jwks, "monotonic", count().__next__)  # each byte comes in time
    with dripping(sent) as (url, is_over):
        found = make(jwks_url=url).verify(sign(ONE, kid="one"))
        assert isinstance(found, Refusal)
        assert found.status == 503
        assert is_over.wait(MAX_WAIT)
    assert "can't read the keys" in caplog.text
    assert "the issuer is too slow" in caplog.text


def test_reads_nothing_after_the_deadline() -> None:
    with socket() as connection, pytest.raises(TimeoutError):
        jwks._TimedReader(BytesIO(b"x"), connection, monotonic() - 1).read(1)


@pytest.mark.usefixtures("quickly")
def test_only_the_first_tokens_wait_for_an_issuer_that_does_not_answer(issuer: Issuer) -> None:
    jwts = make(jwks_url=issuer.url)
    issuer.status = 500
    assert not is_accepted(jwts, sign(ONE, kid="one"))
    wait_for_reading()
    issuer.status = 200
    issuer.may_answer.clear()
    assert not is_accepted(jwts, sign(ONE, kid="one"))
    assert "wsgistack-keys" in [thread.name for thread in enumerate_threads()]  # it did not wait
    issuer.may_answer.set()
    wait_until(lambda: is_accepted(jwts, sign(ONE, kid="one")))


def test_asks_no_proxy_for_the_keys_of_the_same_machine(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")  # nothing listens there
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert is_accepted(make(jwks_url=issuer.url), sign(ONE, kid="one"))


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # it is multi-threaded, and forks
def test_a_process_that_was_forked_during_a_fetch_fetches_the_keys_itself(issuer: Issuer) -> None:
    jwts = make(jwks_url=issuer.url)
    token = sign(ONE, kid="one")
    issuer.may_answer.clear()
    first = Thread(target=jwts.verify, args=(token,))
    first.start()
    wait_until(lambda: issuer.requests)
    child = os.fork()
    if not child:
        try:
            issuer.may_answer.set()  # the copy; the server is in the parent
            os._exit(0 if is_accepted(jwts, token) else 1)
        finally:
            os._exit(2)
    wait_until(lambda: issuer.requests == 2)
    issuer.may_answer.set()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    first.join()


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # it is multi-threaded, and forks
def test_a_forked_process_waits_for_no_lock_of_another_thread(issuer: Issuer) -> None:
    jwts = make(jwks_url=issuer.url)
    token = sign(ONE, kid="one")
    keys: Any = jwts._keys
    with keys._has_read._cond:  # as a thread has it for a moment when it waits
        child = os.fork()
        if not child:
            try:
                signal.alarm(MAX_WAIT)
                os._exit(0 if is_accepted(jwts, token) else 1)
            finally:
                os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_the_first_use_in_a_worker_of_uwsgi_renews_the_keys(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    """uWSGI calls no function of ``os.register_at_fork``."""
    jwts = make(jwks_url=issuer.url)
    keys: Any = jwts._keys
    inherited = keys._has_read
    monkeypatch.setattr(forking, "_process", 0)
    assert is_accepted(jwts, sign(ONE, kid="one"))
    assert keys._has_read is not inherited


@pytest.mark.usefixtures("quickly")
def test_tokens_stay_remembered_if_the_keys_are_the_same(issuer: Issuer) -> None:
    jwts = make(jwks_url=issuer.url)
    token = sign(ONE, kid="one")
    assert is_accepted(jwts, token)
    found = jwts.verify(token)
    wait_until(lambda: not is_accepted(jwts, sign(TWO, kid="two")) and issuer.requests >= 4)
    assert jwts.recall(token) is found


@pytest.mark.usefixtures("quickly")
def test_a_file_is_not_read_again_if_its_time_and_size_are_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "keys"
    path.write_bytes(as_pem(ONE))
    jwts = make(keys=path, remember=0)
    status = path.stat()
    path.write_bytes(b"x" * status.st_size)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    for _ in range(20):
        assert is_accepted(jwts, sign(ONE))
        wait_for_reading()
    assert caplog.text == ""
