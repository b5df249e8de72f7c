"""Fewer guesses: in memory, and with a real Redis."""

import logging
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from webtest import TestApp

from tests.direct import answering
from tests.middleware.auth.cards import Card
from tests.waiting import MAX_WAIT, wait_until
from wsgistack import ApiKeyAuth, Auth, ConfigError, Credentials, Identity, Refusal
from wsgistack.middleware.auth import counters
from wsgistack.middleware.auth import throttle as module
from wsgistack.middleware.auth.basic import Basic
from wsgistack.middleware.auth.throttle import Throttle
from wsgistack.types import Environ


class Redis:
    """A Redis server on loopback."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}"
        self._folder = folder
        self.start()

    def start(self) -> None:
        command = [
            "redis-server",
            "--port",
            str(self.port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--dir",
            str(self._folder),
        ]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        wait_until(self._listens)

    def _listens(self) -> bool:
        assert self._process.poll() is None, "the server has ended"
        try:
            socket.create_connection(("127.0.0.1", self.port)).close()
        except OSError:
            return False
        return True

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which only the test moves."""
    now = [1000.0]
    for home in (module, counters):
        for name in ("monotonic", "time"):
            monkeypatch.setattr(home, name, lambda: now[0])
    return now


@pytest.fixture
def redis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Redis]:
    monkeypatch.setattr(module, "IO_TIMEOUT", MAX_WAIT)
    if not shutil.which("redis-server"):
        pytest.skip("needs redis-server")
    server = Redis(tmp_path)
    yield server
    server.stop()


def fail(throttle: Throttle, client: str, user: str = "", times: int = 1) -> list[int | None]:
    return [throttle.count_failure(throttle.find_counters(client, user)) for _ in range(times)]


def check(throttle: Throttle, client: str, user: str) -> Refusal | None:
    return throttle.check(throttle.find_counters(client, user))


def get(client: TestApp, password: str) -> Any:
    client.authorization = ("Basic", ("ada", password))
    return client.get("/", extra_environ={"REMOTE_ADDR": "192.0.2.1"}, expect_errors=True)


@pytest.mark.usefixtures("clock")
def test_a_client_waits_after_too_many_failures() -> None:
    throttle = Throttle(per_client=3, per_user=0, period=60)
    assert check(throttle, "192.0.2.1", "ada") is None
    assert fail(throttle, "192.0.2.1", "ada", 4) == [2, 1, 0, -1]
    refusal = check(throttle, "192.0.2.1", "bob")
    assert refusal
    assert (refusal.status, refusal.retry_after) == (429, 60)
    assert check(throttle, "192.0.2.2", "ada") is None


def test_a_user_waits_wherever_the_failures_came_from() -> None:
    throttle = Throttle(per_client=0, per_user=3)
    for number in range(3):
        fail(throttle, f"192.0.2.{number}", "ada")
        fail(throttle, f"192.0.2.{number}")
    assert check(throttle, "198.51.100.1", "ada")
    assert check(throttle, "198.51.100.1", "bob") is None
    assert check(throttle, "198.51.100.1", "") is None


def test_names_that_a_directory_takes_for_one_user_count_as_one() -> None:
    throttle = Throttle(per_client=0, per_user=3)
    for name in ("Ada B", "ADA b", " ada  b "):
        fail(throttle, "192.0.2.1", name)
    assert check(throttle, "192.0.2.1", "ada b")
    # as RFC 4518 prepares names for LDAP, and as databases compare without accents
    for name in ("\uff41da b", "\U0001d400da b", "a\xadd\u200ba b", "\xe0d\xe5 b", "\u1ea0DA\u3000B"):
        assert check(throttle, "192.0.2.1", name), ascii(name)
    assert check(throttle, "192.0.2.1", "bob") is None


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("2001:db8::1", "2001:db8::ffff", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("", "unix", False),
        ("x" * 500, "x" * 600, True),
    ],
)
def test_counts_networks(one: str, other: str, is_same: bool) -> None:
    throttle = Throttle(per_client=1, per_user=0)
    fail(throttle, one)
    assert (check(throttle, other, "") is not None) == is_same


def test_the_wait_ends(clock: list[float]) -> None:
    throttle = Throttle(per_client=1, period=1)
    fail(throttle, "192.0.2.1")
    clock[0] += 0.9
    assert check(throttle, "192.0.2.1", "")
    clock[0] += 0.1
    assert check(throttle, "192.0.2.1", "") is None


def test_a_million_attackers_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_COUNTERS", 10)
    throttle = Throttle(per_client=2, per_user=2)
    for number in range(100):
        fail(throttle, f"192.0.2.{number}", "a" * 1000 + str(number))
    assert len(throttle._memory._counters) == 10
    assert check(throttle, "192.0.2.1", "a" * 2000)  # long names count as one


@pytest.mark.usefixtures("clock")
def test_only_guesses_count_and_remembered_credentials_need_no_attempt(caplog: pytest.LogCaptureFixture) -> None:
    class Known(Card):
        def read(self, environ: Environ) -> Credentials | Identity | Refusal | None:
            found = super().read(environ)
            is_known = isinstance(found, Credentials) and found.user == "ada:known"
            return Identity("ada", "Card") if is_known else found

    client = TestApp(Auth(answering([b"hello"]), schemes=[Known], throttle={"per_client": 2}))
    origin = {"REMOTE_ADDR": "192.0.2.1"}

    def get(card: str, **options: Any) -> Any:
        return client.get("/", headers={"X-Card": card}, extra_environ=origin, **options)

    get("ada:busy", status=503)
    get("ada:forged", status=401)
    get("bob")
    get("ada:forged", status=401)
    answer = get("bob", status=429)
    assert answer.headers["Retry-After"] == "600"
    assert "WWW-Authenticate" not in answer.headers
    get("ada:known")
    said = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert 'locked out user "ada:forged" from 192.0.2.1 after too many failures' in said
    assert said[-1] == 'refused user "bob" from 192.0.2.1: too many failures'


class Interrupted(Basic):
    """While it verifies the password "right", other attempts are made."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        super().__init__(users={"ada": "right"})
        self.meanwhile = meanwhile

    def verify(self, credentials: Credentials) -> Identity | Refusal:
        if credentials.secret[0] == "right":
            self.meanwhile()
        return super().verify(credentials)


@pytest.fixture(params=["memory", "redis"])
def store(request: pytest.FixtureRequest) -> str:
    return request.getfixturevalue("redis").url if request.param == "redis" else "memory://"


def test_of_attempts_at_once_no_more_than_allowed_are_answered(store: str, caplog: pytest.LogCaptureFixture) -> None:
    together = Barrier(8)

    class Slow(Basic):
        def verify(self, credentials: Credentials) -> Identity | Refusal:
            together.wait(MAX_WAIT)  # all have passed the check by now
            return super().verify(credentials)

    app = Auth(
        answering([b"hello"]),
        schemes=[lambda: Slow(users={"ada": "right"})],
        throttle={"per_client": 3, "store": store},
    )
    with ThreadPoolExecutor(8) as threads:
        statuses = [*threads.map(lambda number: get(TestApp(app), f"guess{number}").status_int, range(8))]
    assert sorted(statuses) == [401] * 3 + [429] * 5
    assert get(TestApp(app), "right").status_int == 429
    assert [record.getMessage() for record in caplog.records if record.getMessage().startswith("locked")] == [
        'locked out user "ada" from 192.0.2.1 after too many failures'
    ]


def test_a_right_guess_is_not_seen_once_too_many_others_failed(store: str) -> None:
    def meanwhile() -> None:
        for number in range(3):
            assert get(client, f"guess{number}").status_int == 401

    scheme = Interrupted(meanwhile)
    app = Auth(answering([b"hello"]), schemes=[lambda: scheme], throttle={"per_client": 3, "store": store})
    client = TestApp(app)
    answer = get(client, "right")
    assert answer.status_int == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 600
    scheme.meanwhile = lambda: None
    assert get(client, "right").status_int == 429  # it is not remembered


def test_guessed_keys_count() -> None:
    keys = {"ci": sha256(b"abc").hexdigest()}
    client = TestApp(ApiKeyAuth(answering([b"hello"]), keys=keys, throttle={"per_client": 2}))
    for status in (401, 401, 429):
        client.get("/", headers={"X-API-Key": "x"}, status=status)
    client.get("/", headers={"X-API-Key": "abc"}, status=429)


def test_several_processes_share_the_counters_in_redis(redis: Redis) -> None:
    one, two = (Throttle(per_client=2, per_user=0, store=redis.url) for _ in range(2))
    assert fail(one, "192.0.2.1") == [1]
    assert fail(two, "192.0.2.1") == [0]
    for throttle in (one, two):
        refusal = check(throttle, "192.0.2.1", "ada")
        assert refusal
        assert 0 < refusal.retry_after <= 600
        assert check(throttle, "192.0.2.2", "ada") is None


def test_counts_by_itself_while_redis_is_down(
    redis: Redis, clock: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    counting = Throttle(per_client=2, per_user=0, store=redis.url)
    refusing = Throttle(per_client=2, per_user=0, store=redis.url, when_down="refuse")
    redis.stop()
    assert fail(counting, "192.0.2.1", times=2) == [1, 0]
    assert fail(refusing, "192.0.2.1", times=2) == [None, None]
    refusal = check(counting, "192.0.2.1", "")
    assert refusal
    assert refusal.status == 429
    assert check(refusing, "192.0.2.2", "") == Refusal("the store of the counters does not answer", 503, retry_after=10)
    assert len([record for record in caplog.records if "does not answer" in record.getMessage()]) == 2  # not for each
    redis.start()
    clock[0] += module.PAUSE
    assert check(refusing, "192.0.2.2", "") is None
    assert check(counting, "192.0.2.1", "") is None  # Redis has no failures
    stores: list[Any] = [counting._store, refusing._store]
    for each in stores:
        each.storage.connection_pool.disconnect()  # otherwise a later test gets the warning about open sockets


def test_a_redis_that_hangs_counts_as_down(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:  # which accepts connections, and sends nothing
        url = f"redis://127.0.0.1:{listener.getsockname()[1]}"
        assert check(Throttle(store=url), "192.0.2.1", "ada") is None
        refusal = check(Throttle(store=url, when_down="refuse"), "192.0.2.1", "ada")
    assert refusal
    assert refusal.status == 503
    assert caplog.text.count("the store of failed attempts does not answer: TimeoutError") == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"per_client": -1}, "throttle.per_client: invalid value -1; expected 0 or more"),
        ({"per_user": True}, "throttle.per_user: invalid value True"),
        ({"per_client": 0, "per_user": 0}, "throttle.per_client: counts nothing"),
        ({"period": 0}, "throttle.period: not a valid period"),
        ({"when_down": "open"}, "throttle.when_down: unknown choice; expected count or refuse"),
        ({"store": "reddis://:hunter2@x"}, "throttle.store: can't be opened; expected a URL such as memory://"),
    ],
)
def test_says_what_is_wrong(options: Mapping[str, Any], said: str) -> None:
    given: Any = options
    with pytest.raises(ConfigError) as caught:
        Auth(answering([]), schemes=[Card], throttle=given)
    assert said in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "limits.storage", None)
    Auth(answering([]), schemes=[Card], throttle={})
    with pytest.raises(ConfigError) as caught:
        Auth(answering([]), schemes=[Card], throttle={"store": "redis://localhost"})
    assert str(caught.value).startswith("throttle.store: ")
    assert "wsgistack[throttle]" in str(caught.value)
