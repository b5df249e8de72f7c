"""Addresses of clients in the access log: truncated, or hashed with a key of the day."""

import os
import re
from concurrent.futures import ThreadPoolExecutor
from threading import Thread

import pytest

from tests.waiting import MAX_WAIT
from wsgistack.errors import ConfigError
from wsgistack.middleware.access_log import addresses
from wsgistack.middleware.access_log.addresses import carries_addresses, make_hider


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("203.0.113.77", "203.0.113.0"),
        ("203.0.113.77:4711", "203.0.113.0"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::"),
        ("[2001:db8:1:2::3]", "[2001:db8:1::]"),
        ("::ffff:203.0.113.77", "203.0.113.0"),
        ("2002:cb00:714d:1::5", "2002:cb00:7100::"),  # 6to4 of 203.0.113.77
        ("64:ff9b::203.0.113.77", "64:ff9b::"),  # NAT64
        ("2001:0:cb00:714d:0:fbff:34ff:8eb2", "2001:0:cb00::"),  # Teredo: half of its server's address remains
        ("::1", "::"),
        ("unix", "unix"),
        ("", ""),
        ("999.0.113.77", "-"),
        ("203.0.113.77.1", "-"),
        ("1.2.3.4, 2001:db8:1:2::3, unknown", "1.2.3.0, 2001:db8:1::, unknown"),
        ('for="[2001:db8:1:2::3]:80";by=10.0.0.9', 'for="[2001:db8:1::]-";by=10.0.0.0'),
    ],
)
def test_truncates_addresses(text: str, expected: str) -> None:
    hide = make_hider("truncated", None)
    assert hide is not None
    assert hide(text) == expected


@pytest.mark.parametrize("key", [None, "k"])
def test_hashes_addresses(key: str | None) -> None:
    hide = make_hider("hashed", key)
    assert hide is not None
    assert re.fullmatch("[0-9a-f]{16}", hide("203.0.113.77"))
    assert hide("203.0.113.77") == hide("::ffff:203.0.113.77") != hide("203.0.113.78")
    assert hide("-") == "-"


def test_processes_with_the_same_key_agree() -> None:
    one, same, other = (make_hider("hashed", key) for key in ("k", "k", "other"))
    assert one is not None
    assert same is not None
    assert other is not None
    assert one("::1") == same("::1") != other("::1")


@pytest.mark.parametrize("key", [None, "k"])
def test_the_hash_changes_each_day(key: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    hide = make_hider("hashed", key)
    assert hide is not None
    seen = []
    for now in (86_400 * 9, 86_400 * 10 - 1, 86_400 * 10):
        monkeypatch.setattr(addresses, "time", lambda now=now: now)
        seen.append(hide("203.0.113.77"))
    assert seen[0] == seen[1] != seen[2]


def test_threads_agree_on_the_key_of_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "time", lambda: 1000.0)
    hide = make_hider("hashed", None)
    assert hide is not None
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(hide, ["203.0.113.77"] * 64))) == 1


def test_a_line_that_a_garbage_collection_writes_meanwhile_has_the_same_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "time", lambda: 1000.0)
    hide = make_hider("hashed", None)
    assert hide is not None
    seen: list[str] = []
    urandom = os.urandom

    def collect(size: int) -> bytes:
        monkeypatch.setattr(os, "urandom", urandom)
        seen.append(hide("203.0.113.77"))  # in the same thread, which makes the key of the day
        return bytes(size)

    monkeypatch.setattr(os, "urandom", collect)
    thread = Thread(target=lambda: seen.append(hide("203.0.113.77")), daemon=True)
    thread.start()
    thread.join(MAX_WAIT)
    assert len(seen) == 2
    assert seen[0] == seen[1]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        *dict.fromkeys(
            ("X-Forwarded-For", "HTTP_X_FORWARDED_FOR", "Forwarded", "X-Real-IP", "REMOTE_ADDR"), True
        ).items(),
        *dict.fromkeys(
            ("CF-Connecting-IP", "wsgistack.peer", "True-Client-IP", "X-Client-IP", "REMOTE_HOST"), True
        ).items(),
        *dict.fromkeys(
            ("CloudFront-Viewer-Address", "X-Original-For", "X-Vercel-Proxied-For", "X-Nf-Client-Connection-IP"), True
        ).items(),
        *dict.fromkeys(("CF-Connecting-IPv6", "X-Envoy-External-Address", "X-Azure-SocketIP"), True).items(),
        *dict.fromkeys(("X-Forwarded-Host", "User-Agent", "X-Forwarded-Proto", "SERVER_ADDR"), False).items(),
    ],
)
def test_knows_what_carries_addresses(name: str, expected: bool) -> None:
    assert carries_addresses(name) is expected


def test_a_long_value_takes_a_time_that_grows_with_its_length() -> None:
    hide = make_hider("truncated", None)
    assert hide is not None
    text = "a" * 200_000  # took minutes once
    assert hide(f"{text}.1") == "-"
    assert hide(text) == text


def test_refuses_an_empty_key() -> None:
    with pytest.raises(ConfigError, match="address_key: is empty; expected a secret text, or none"):
        make_hider("hashed", "")


def test_addresses_in_full_need_nothing() -> None:
    assert make_hider("full", None) is None
