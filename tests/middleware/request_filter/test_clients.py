"""Networks that may enter or not, also from files."""

import logging
import os
from itertools import count
from pathlib import Path

import pytest

from wsgistack import ConfigError
from wsgistack.middleware.request_filter.clients import NetworkFile, compile_client_rules, describe_client
from wsgistack.processes import watched_file

CHANGES = count(1_000_000_000)
HERE = "192.0.2.0/24"
NOBODY = "0.0.0.0"  # noqa: S104 (what forwarded writes for a client that a proxy does not know)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(watched_file, "monotonic", lambda: now[0])
    return now


def find(peer: str, allowed: tuple[str, ...] = (), denied: tuple[str, ...] = ()) -> str:
    find_rule = compile_client_rules(allowed, (), denied, ())
    assert find_rule
    return find_rule(peer)


def test_without_networks_no_client_is_looked_at() -> None:
    assert compile_client_rules((), (), (), ()) is None


@pytest.mark.parametrize(
    ("peer", "rule"),
    [
        ("192.0.2.7", ""),
        ("::ffff:192.0.2.7", ""),  # what dual-stack sockets report
        ("::FFFF:C000:0207", ""),
        ("198.51.100.7", "allowed_networks"),
        ("2001:db8::1", "allowed_networks"),
        *[(peer, "allowed_networks") for peer in ("", "unix:", "/run/x.sock", "localhost", "192.0.2.7, 1.2.3.4")],
        *[(peer, "allowed_networks") for peer in ("192.0.2.7:80", NOBODY, "192.0.2.07", "192.0.2", "3221225991")],
    ],
)
def test_only_allowed_networks_may_enter(peer: str, rule: str) -> None:
    assert find(peer, allowed=(HERE,)) == rule


@pytest.mark.parametrize(
    ("peer", "rule"),
    [
        ("198.51.100.7", ""),
        ("2001:db8::1", ""),
        ("192.0.2.7", "denied_networks"),
        ("::ffff:192.0.2.7", "denied_networks"),
        ("fe80::7%eth0", "denied_networks"),
        # who is not known may be denied; rack-attack's blocklist_ip raises an error for some of these
        *[(peer, "unknown address") for peer in ("", "unix:", "localhost", "192.0.2.7:80", NOBODY, "::")],
    ],
)
def test_denied_networks_may_not_enter(peer: str, rule: str) -> None:
    assert find(peer, denied=(HERE, "fe80::/10")) == rule


def test_what_is_denied_is_denied_although_it_is_allowed() -> None:
    assert find("192.0.2.7", allowed=(HERE,), denied=("192.0.2.7",)) == "denied_networks"
    assert find("192.0.2.8", allowed=(HERE,), denied=("192.0.2.7",)) == ""


def test_clients_on_a_unix_socket_must_be_allowed_by_name() -> None:
    assert find("", allowed=("unix",), denied=(HERE,)) == ""
    assert find("", allowed=("unix",), denied=("unix",)) == "denied_networks"
    assert find(NOBODY, allowed=("unix", "0.0.0.0/0")) == "unknown address"


def test_the_log_gets_addresses_alone() -> None:
    assert describe_client({"REMOTE_ADDR": "::ffff:192.0.2.7"}) == "192.0.2.7"
    assert describe_client({"REMOTE_ADDR": "fe80::7%eth0"}) == "fe80::7"
    for peer in ("", "refused 192.0.2.7 by scanners", "192.0.2.7\n"):
        assert describe_client({"REMOTE_ADDR": peer}) == "unknown"


FILE = """\
\ufeff; Spamhaus DROP List, with comments at the ends of lines
192.0.2.0/24 ; SBL123
# FireHOL
198.51.100.7\r
\t2001:db8:bad::/48#comment
192.0.2.0/24
203.0.113.0/255.255.255.128

"""


def write(path: Path, text: str) -> Path:
    """Replace a file as an operator should. It has a time of its own, also where several changes have the same one."""
    other = path.with_name("new")
    other.write_bytes(text.encode())
    os.utime(other, (next(CHANGES),) * 2)
    return other.replace(path)


def test_a_file_has_a_network_on_each_line(tmp_path: Path) -> None:
    file = write(tmp_path / "denied.txt", FILE)
    find_rule = compile_client_rules((), (), (), (file,))
    assert find_rule
    for peer in ("192.0.2.7", "198.51.100.7", "2001:db8:bad::1", "203.0.113.127"):
        assert find_rule(peer) == f"denied_files {file}", peer
    for peer in ("192.0.3.1", "198.51.100.8", "203.0.113.128"):
        assert find_rule(peer) == "", peer


def test_allowed_networks_may_be_in_files(tmp_path: Path) -> None:
    file = write(tmp_path / "allowed.txt", "198.51.100.7\n")
    find_rule = compile_client_rules((HERE,), (file, write(tmp_path / "none", "\n")), (), ())
    assert find_rule
    found = [find_rule(peer) for peer in ("198.51.100.7", "192.0.2.1", "203.0.113.1")]
    assert found == ["", "", "allowed_networks"]


def test_a_file_without_networks_allows_nobody(tmp_path: Path) -> None:
    find_rule = compile_client_rules((), (write(tmp_path / "none", "# nobody\n"),), (), ())
    assert find_rule
    assert find_rule("192.0.2.1") == "allowed_networks"


def test_a_changed_file_counts_within_about_a_second(tmp_path: Path, clock: list[float]) -> None:
    path = write(tmp_path / "denied.txt", "192.0.2.1\n")
    file = NetworkFile(path, key="denied_files")
    write(path, "192.0.2.2\n")
    clock[0] += watched_file.INTERVAL - 0.1
    assert file.contains_peer("192.0.2.1")
    clock[0] += 0.1
    assert not file.contains_peer("192.0.2.1")
    assert file.contains_peer("192.0.2.2")


BROKEN = [
    ("192.0.2.0/33\n", "{path}:1: not a valid network '192.0.2.0/33'"),
    ("# x\n192.0.2.1/24\n", "{path}:2: the network '192.0.2.1/24' has host bits set"),
    ("deny 192.0.2.1;\n", "{path}:1: not a valid network 'deny 192.0.2.1'"),
    ("192.0.2.1, 192.0.2.2\n", "{path}:1: not a valid network '192.0.2.1, 192.0.2.2'"),
    ("128.0.0.0/1", "'{path}' is cut off: the last line does not end"),  # of 128.0.0.0/16
    ("", "'{path}' is cut off: the last line does not end"),
    ("\udcff\n", "'{path}' is not UTF-8"),
]


@pytest.mark.parametrize(("text", "problem"), BROKEN)
def test_a_broken_file_is_a_mistake_at_the_start(text: str, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "denied.txt"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(ConfigError) as raised:
        NetworkFile(path, key="denied_files")
    assert str(raised.value).startswith(f"denied_files: {problem.format(path=path)}; expected ")


@pytest.mark.parametrize(("text", "problem"), BROKEN)
def test_a_broken_file_keeps_the_last_good_list_and_is_logged_once(
    text: str, problem: str, tmp_path: Path, clock: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    path = write(tmp_path / "denied.txt", "192.0.2.1\n")
    file = NetworkFile(path, key="denied_files")
    path.write_bytes(text.encode(errors="surrogateescape"))
    for _ in range(3):
        clock[0] += 1
        assert file.contains_peer("192.0.2.1")
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("wsgistack.request_filter", logging.ERROR)
    assert record.getMessage().startswith(f"denied_files: {problem.format(path=path)}; ")
    assert record.getMessage().endswith("; the previous version stays in force")
    write(path, "192.0.2.2\n")
    clock[0] += 1
    assert not file.contains_peer("192.0.2.1")


def test_many_mistakes_are_not_all_shown(tmp_path: Path) -> None:
    path = write(tmp_path / "denied.txt", "".join(f"host{number}\n" for number in range(1000)))
    with pytest.raises(ConfigError) as raised:
        NetworkFile(path, key="denied_files")
    assert len(raised.value.mistakes) == watched_file.MAX_REPORTED_LINES + 1
    expected = f"denied_files: '{path}' has 990 more lines with such mistakes; expected a list of networks"
    assert str(raised.value.mistakes[-1]) == expected


def test_a_missing_file_is_a_mistake_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        compile_client_rules(("x",), (tmp_path / "a",), ("y",), (tmp_path / "b",))
    assert [str(each).partition(";")[0] for each in raised.value.mistakes] == [
        "allowed_networks: not a valid network 'x'",
        "denied_networks: not a valid network 'y'",
        f"allowed_files: '{tmp_path / 'a'}' can't be read: No such file or directory",
        f"denied_files: '{tmp_path / 'b'}' can't be read: No such file or directory",
    ]


def test_a_removed_file_keeps_the_last_good_list(
    tmp_path: Path, clock: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    path = write(tmp_path / "denied.txt", "192.0.2.1\n")
    file = NetworkFile(path, key="denied_files")
    path.unlink()
    for _ in range(3):
        clock[0] += 1
        assert file.contains_peer("192.0.2.1")
    assert len(caplog.records) == 1
    write(path, "192.0.2.2\n")
    clock[0] += 1
    assert file.contains_peer("192.0.2.2")
