"""The addresses that a server can listen on."""

import pytest

from wsgistack.serving.address import find_wrong_addresses


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
