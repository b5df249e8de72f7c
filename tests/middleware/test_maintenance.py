"""Maintenance: a flag file takes the site down, but not for everybody."""

from pathlib import Path
from typing import Any

import pytest

from tests.direct import Call
from wsgistack import ConfigError, Maintenance
from wsgistack.types import Environ, StartResponse


def hello(environ: Environ, start_response: StartResponse) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


def test_the_flag_takes_the_site_down_and_back(tmp_path: Path) -> None:
    flag = tmp_path / "down"
    app = Maintenance(hello, flag=flag, retry_after=90.4, message="Back at noon.")
    assert Call(app).read() == b"hello"
    flag.touch()
    answer = Call(app, HTTP_ACCEPT="text/plain")
    assert answer.status == "503 Service Unavailable"
    assert answer.headers["retry-after"] == "90"
    assert answer.headers["cache-control"] == "no-store"
    assert b"Back at noon." in answer.read()
    flag.unlink()
    assert Call(app).read() == b"hello"


@pytest.mark.parametrize(
    ("address", "path", "is_answered"),
    [
        ("192.0.2.7", "/", True),
        ("::ffff:192.0.2.7", "/", True),
        ("192.0.3.7", "/", False),
        ("", "/", False),
        ("203.0.113.1", "/health", True),
        ("203.0.113.1", "/health/../", False),
        ("203.0.113.1", "/healthy", False),
    ],
)
def test_some_clients_and_paths_are_answered_nevertheless(address: str, path: str, is_answered: bool) -> None:
    app = Maintenance(hello, enabled=True, allowed=["192.0.2.0/24"], exempt=["/health"])
    answer = Call(app, path, REMOTE_ADDR=address)
    assert answer.status == ("200 OK" if is_answered else "503 Service Unavailable")


@pytest.mark.parametrize("path", ["/no/such/folder/flag", "/etc/passwd/flag"])
def test_a_file_that_cannot_be_looked_up_does_not_take_the_site_down(path: str) -> None:
    assert Call(Maintenance(hello, flag=Path(path))).read() == b"hello"


FLAG = "the name of a file that begins the maintenance when it is made, such as /run/site/maintenance"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, f"flag: is not set; expected {FLAG}"),
        (
            {"flag": Path("/\0")},
            "flag: not a valid file name '/\\x00'; expected a path without the character NUL",
        ),
        (
            {"enabled": True, "retry_after": -1},
            "retry_after: invalid value -1; expected 0 seconds or more",
        ),
        (
            {"enabled": True, "exempt": ["/"]},
            "exempt: invalid value '/'; expected the beginning of a path other than /",
        ),
        (
            {"enabled": True, "allowed": ["me"]},
            "allowed: not a valid network 'me'; expected an address, a network such as 10.0.0.0/8, or unix",
        ),
    ],
)
def test_mistakes(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        Maintenance(hello, **options)
    assert str(raised.value) == message
