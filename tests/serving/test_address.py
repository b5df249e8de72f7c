"""The addresses that a server can listen on."""

import socket
from pathlib import Path

import pytest

from wsgistack.errors import ConfigError
from wsgistack.serving.address import Address, find_wrong_addresses, parse_address

FORMS = "HOST:PORT, [IPV6]:PORT or unix:PATH"


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"host": "::1", "port": 0},
        {"host": "*", "port": "65535"},
        {"listen": "127.0.0.1:8080 [::1]:80 [::1] localhost *:0 \n localhost:http"},
    ],
)
def test_accepts_what_a_server_can_listen_on(options: dict[str, object]) -> None:
    assert find_wrong_addresses(options) == []


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"host": " ", "port": ""}, ["host: not a valid host", "port: not a valid port"]),
        ({"port": True}, ["port: not a valid port"]),
        ({"listen": ":80"}, ["listen: not a valid host"]),
        ({"listen": "a:65536 b:-1 c:no-such-service"}, ["listen: not a valid port"] * 3),
    ],
)
def test_finds_wrong_addresses(options: dict[str, object], expected: list[str]) -> None:
    assert [str(each).partition(";")[0] for each in find_wrong_addresses(options)] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1:8080", Address("127.0.0.1", 8080)),
        ("localhost:0", Address("localhost", 0)),
        ("[::1]:80", Address("::1", 80)),
        ("unix:/run/x.sock", Address(path="/run/x.sock")),
        ("unix:///run/x.sock", Address(path="/run/x.sock")),
        ("unix:x:1.sock", Address(path=f"{Path.cwd()}/x:1.sock")),
    ],
)
def test_parses_an_address(text: str, expected: Address) -> None:
    parsed = parse_address(text)
    assert parsed == expected
    assert parse_address(str(parsed)) == parsed


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        (":8080", "not a valid host; expected an address such as 127.0.0.1; 0.0.0.0 is all of them"),
        ("8000", f"not a valid address; expected {FORMS}; did you mean 127.0.0.1:8000?"),
        ("localhost", f"not a valid address; expected {FORMS}"),
        ("::1", f"not a valid address; expected {FORMS}"),
        ("[::1]", f"not a valid address; expected {FORMS}"),
        ("[::1:80", f"not a valid address; expected {FORMS}"),
        ("http://localhost:80", f"not a valid address; expected {FORMS}"),
        ("[::1]:x", "not a valid port; expected 0 to 65535"),
        ("localhost:65536", "not a valid port; expected 0 to 65535"),
        ("unix:", f"not a valid path of a socket; expected {FORMS}"),
        ("unix:a\0b", f"not a valid path of a socket; expected {FORMS}"),
    ],
)
def test_refuses_what_is_not_an_address(text: str, mistake: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_address(text)
    assert str(caught.value) == mistake


@pytest.mark.parametrize(
    ("address", "url"),
    [
        (Address("127.0.0.1", 80), "http://127.0.0.1:80/"),
        (Address("::1", 80), "http://[::1]:80/"),
        (Address(path="/run/x"), "unix:/run/x"),
    ],
)
def test_has_a_url(address: Address, url: str) -> None:
    assert address.url == url


def test_describes_a_listening_socket(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert Address.of(listener) == Address("127.0.0.1", listener.getsockname()[1])
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "x"))
        assert Address.of(listener) == Address(path=str(tmp_path / "x"))
