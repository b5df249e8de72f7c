"""Listening sockets: those of Unix, and the check of an address. tests/serving/test_serve.py has those of TCP."""

import os
import socket
from pathlib import Path

import pytest

from wsgistack.errors import ConfigError
from wsgistack.serving.address import Address
from wsgistack.serving.listener import check_address, listen, open_listener


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.sock"


def refusal(path: Path) -> str:
    with pytest.raises(ConfigError) as caught, listen(Address(path=str(path))):
        pass
    return str(caught.value)


@pytest.mark.parametrize(("options", "mode"), [({}, 0o600), ({"mode": 0o660}, 0o660)])
def test_listens_on_a_unix_socket_and_removes_it(options: dict[str, int], mode: int, path: Path) -> None:
    with listen(Address(path=str(path)), **options) as listener, socket.socket(socket.AF_UNIX) as client:
        assert path.stat().st_mode & 0o777 == mode
        client.connect(str(path))
        listener.accept()[0].close()
    assert not path.exists()


def test_listens_at_a_host_and_a_port() -> None:
    with listen(Address("127.0.0.1", 0)) as listener:
        socket.create_connection(listener.getsockname()).close()


def test_replaces_a_socket_that_was_left_behind(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as old:
        old.bind(str(path))
        old.listen()
    assert path.is_socket()
    with listen(Address(path=str(path))), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))


def test_does_not_replace_a_socket_in_use(path: Path) -> None:
    with listen(Address(path=str(path))):
        assert refusal(path) == f"can't listen on unix:{path}: Address already in use; choose another path"
        assert path.is_socket()


def test_does_not_replace_another_file(path: Path) -> None:
    path.write_text("precious")
    assert refusal(path) == f"can't listen on unix:{path}: the file exists; choose another path"
    assert path.read_text() == "precious"


def test_leaves_the_socket_of_a_successor_alone(path: Path) -> None:
    with listen(Address(path=str(path))):
        path.unlink()
        successor = socket.socket(socket.AF_UNIX)
        successor.bind(str(path))
    assert path.is_socket()
    successor.close()


def test_bears_that_its_socket_is_gone(path: Path) -> None:
    with listen(Address(path=str(path))):
        path.unlink()


@pytest.mark.parametrize(
    ("name", "reason"), [("no/folder", "No such file or directory"), ("x" * 200, "AF_UNIX path too long")]
)
def test_reports_why_it_can_not_listen(name: str, reason: str, tmp_path: Path) -> None:
    path = tmp_path / name
    assert refusal(path) == f"can't listen on unix:{path}: {reason}; choose another path"


def test_reports_that_the_system_has_no_unix_sockets(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(socket, "AF_UNIX")
    problem = "this system has no Unix sockets; choose a host and a port"
    assert refusal(path) == f"can't listen on unix:{path}: {problem}"


def test_checks_the_path_of_a_unix_socket(path: Path) -> None:
    check_address(Address(path=str(path)))
    assert not path.exists()
    with listen(Address(path=str(path))), pytest.raises(ConfigError, match="already in use"):
        check_address(Address(path=str(path)))


@pytest.mark.skipif(os.name != "posix", reason="Windows has no SO_REUSEPORT")
@pytest.mark.parametrize("is_shared", [True, False])
def test_checks_a_port_which_servers_may_share(is_shared: bool) -> None:
    with open_listener("127.0.0.1", 0, reuse_port=is_shared) as listener:
        address = Address.of(listener)
        if is_shared:
            check_address(address)
        else:
            with pytest.raises(
                ConfigError, match=r": Address already in use; choose another port, or stop the program that has it$"
            ):
                check_address(address)
    check_address(address)
