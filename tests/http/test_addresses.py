"""Addresses of clients and peers, and the networks that contain them."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgistack.errors import ConfigError
from wsgistack.http.addresses import PEER, Networks, find_peer, parse_address, parse_node
from wsgistack.types import Environ


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:DB8::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::ffff:c000:201", "192.0.2.1"),
    ],
)
def test_addresses_have_one_form(text: str, address: str) -> None:
    assert parse_address(text) == ip_address(address)


@pytest.mark.parametrize(
    "text",
    ["", "unix:", "localhost", "192.0.2", "192.0.2.01", "192.0.2.1:80", "127.0.0.1%eth0", "[::1]", "::1%"],
)
def test_other_texts_are_no_addresses(text: str) -> None:
    assert parse_address(text) is None


@pytest.mark.parametrize(
    ("text", "address", "port"),
    [
        ("192.0.2.1", "192.0.2.1", None),
        ("192.0.2.1:80", "192.0.2.1", 80),
        ("192.0.2.1:_obf.-1", "192.0.2.1", None),
        ("[2001:db8::1]:_obf", "2001:db8::1", None),
        ("192.0.2.1:0", "192.0.2.1", 0),
        ("2001:db8::1", "2001:db8::1", None),
        ("[2001:db8::1]", "2001:db8::1", None),
        ("[2001:db8::1]:65535", "2001:db8::1", 65535),
        ("[fe80::1%eth0]:8080", "fe80::1", 8080),
        ("fe80::1%25eth0", "fe80::1", None),
        ("::ffff:192.0.2.1", "192.0.2.1", None),
        ("[::ffff:192.0.2.1]:80", "192.0.2.1", 80),
    ],
)
def test_nodes_may_have_ports(text: str, address: str, port: int | None) -> None:
    assert parse_node(text) == (ip_address(address), port)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "unknown", "_hidden", "-", "example.org", "192.0.2.1:", "192.0.2.1:http", "192.0.2.1:65536"),
        *("192.0.2.1:-1", "192.0.2.256", "[192.0.2.1]", "[::1", "::1]", "[::1]80", "[::1]:", "1.2.3.4, 5.6.7.8"),
        *("192.0.2.1:_", "192.0.2.1:_a b", "[::1]:_a:1", "::1:_a"),
        *("192.0.2.1\n", " 192.0.2.1", "<script>", "::1" * 50, "[::1%]"),
    ],
)
def test_other_texts_are_no_nodes(text: str) -> None:
    assert parse_node(text) is None


@given(st.ip_addresses(), st.one_of(st.none(), st.integers(0, 65535)))
def test_every_address_is_read_back(address: object, port: int | None) -> None:
    bare = str(address)
    host = f"[{bare}]" if ":" in bare else bare
    node = parse_node(host if port is None else f"{host}:{port}")
    assert node == (parse_address(bare), port)


@given(st.text())
def test_no_text_raises(text: str) -> None:
    assert parse_node(text) is None or parse_node(text.strip()) is not None


def test_networks_contain_addresses() -> None:
    networks = Networks(["10.0.0.0/8", "2001:db8::/32", "192.0.2.1", "::ffff:198.51.100.0/120"], key="trusted")
    for peer in ("10.1.2.3", "::ffff:10.1.2.3", "2001:db8::5", "192.0.2.1", "198.51.100.7"):
        assert networks.contains_peer(peer), peer
    for peer in ("11.0.0.1", "2001:db9::1", "192.0.2.2", "198.51.101.1", "", "unix:", "/run/x.sock", "localhost"):
        assert not networks.contains_peer(peer), peer
    assert ip_address("10.0.0.1") in networks


def test_a_network_of_ipv6_is_not_one_of_ipv4() -> None:
    assert not Networks(["::/0"], key="trusted").contains_peer("10.1.2.3")
    assert Networks(["::fffe:0:0/95"], key="trusted").contains_peer("::fffe:0:1")


def test_peers_on_a_unix_socket_are_named() -> None:
    networks = Networks(["unix"], key="trusted")
    for peer in ("", "localhost", "<local>", "unix:", "unix:/run/x", "/run/x", "@x"):  # as servers write it
        assert networks.contains_peer(peer), peer
    # ProxyFix may put any text there that a proxy or a client sends.
    for peer in ("unknown", "_hidden", "10.0.0.1, 192.0.2.1", " ", "192.0.2.1:80", "[::1]", "x/run", "0.0.0.0"):  # noqa: S104
        assert not networks.contains_peer(peer), peer
    assert not networks.contains_peer("127.0.0.1")


@pytest.mark.parametrize(
    ("entry", "problem", "hint"),
    [
        ("10.1.2.3/8", "the network '10.1.2.3/8' has host bits set", "; write 10.0.0.0/8"),
        ("10.0.0.0/33", "not a valid network '10.0.0.0/33'", ""),
        ("example.org", "not a valid network 'example.org'", ""),
    ],
)
def test_wrong_networks_are_mistakes(entry: str, problem: str, hint: str) -> None:
    with pytest.raises(ConfigError) as raised:
        Networks([entry, "::1"], key="trusted")
    expected = "expected an address, a network such as 10.0.0.0/8, or unix"
    assert str(raised.value) == f"trusted: {problem}; {expected}{hint}"


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"REMOTE_ADDR": "192.0.2.1"}, "192.0.2.1"),
        ({"REMOTE_ADDR": "203.0.113.7", PEER: {"REMOTE_ADDR": "192.0.2.1"}}, "192.0.2.1"),
        ({"REMOTE_ADDR": "203.0.113.7", PEER: {"REMOTE_ADDR": None}}, ""),
        ({"REMOTE_ADDR": "192.0.2.1", PEER: {"HTTP_HOST": "a"}}, "192.0.2.1"),
        pytest.param({"REMOTE_ADDR": "0.0.0.0"}, "", id="uWSGI on a Unix socket"),  # noqa: S104
        ({"REMOTE_ADDR": ""}, ""),
        ({}, ""),
    ],
)
def test_finds_the_other_end_of_the_connection(environ: Environ, expected: str) -> None:
    assert find_peer(environ) == expected
