"""Forwarded: what trusted proxies say about a client, and nothing that anybody else says."""

from collections.abc import Mapping
from typing import Any

import pytest
from flask import Flask, request
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import Client

from tests.direct import Call
from wsgistack import AccessLog, ConfigError, Forwarded, OrderWarning, Pipeline
from wsgistack.types import Environ, StartResponse

PROXY, SECOND = "10.0.0.1", "10.0.0.2"
CLIENT = "203.0.113.7"
SEEN = ("REMOTE_ADDR", "REMOTE_PORT", "wsgi.url_scheme", "HTTP_HOST", "SERVER_NAME", "SERVER_PORT", "SCRIPT_NAME")


def seen(sent: Mapping[str, str], /, peer: str = PROXY, *, before: Any = (), **options: Any) -> Environ:
    """The environ of the application, for a request with these headers from a peer."""
    options = options if "hops" in options else {"trusted": ["10.0.0.0/8"], **options}
    keys = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in sent.items()}
    found: Environ = {}

    def app(environ: Environ, start_response: StartResponse) -> list[bytes]:
        found.update(environ)
        start_response("200 OK", [])
        return []

    start = {
        "SCRIPT_NAME": "",
        "REMOTE_ADDR": peer,
        "REMOTE_PORT": "5000",
        "HTTP_HOST": "internal:8000",
        "SERVER_PORT": "8000",
    }
    Call(Forwarded(app, **options), **{**start, **keys, **dict(before)})
    return found


def client(sent: Mapping[str, str], /, peer: str = PROXY, **options: Any) -> str:
    return str(seen(sent, peer, **options)["REMOTE_ADDR"])


# X-Forwarded-For, read from the right


@pytest.mark.parametrize(
    ("value", "address"),
    [
        (CLIENT, CLIENT),
        (f"1.1.1.1, {CLIENT}", CLIENT),  # the client wrote the left one
        (f"garbage, {CLIENT}", CLIENT),
        (f"10.0.0.9, {CLIENT}", CLIENT),
        (f"1.1.1.1,{CLIENT},{SECOND}", CLIENT),
        (f"1.1.1.1 , {CLIENT}\t, {SECOND} , 10.3.2.1", CLIENT),
        (SECOND, SECOND),  # a proxy made the request itself, such as a health check
        (f"10.0.0.8, {SECOND}", "10.0.0.8"),
        (f"{CLIENT}:49152", CLIENT),
        ("2001:DB8::0001", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        (f"::ffff:{CLIENT}", CLIENT),
        (f"{CLIENT}, ::ffff:{SECOND}", CLIENT),
        (f"{CLIENT}, [::ffff:{SECOND}]:80", CLIENT),
    ],
)
def test_the_first_address_from_the_right_that_is_no_proxy_is_the_client(value: str, address: str) -> None:
    assert client({"X-Forwarded-For": value}) == address


@pytest.mark.parametrize(
    "value",
    [
        *("unknown", "_hidden", "garbage", "<script>", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.4:99999", "1.2.3.4:"),
        *("localhost", "::g", "[::1", "-", "'", "1.2.3.4; 5.6.7.8", "1.2.3.4 5.6.7.8", "٣.1.1.1", "0x7f.1", "127.1"),
        # a proxy writes nothing if its variable for the address is empty, and the client wrote what is before that
        *(f"{CLIENT},", f"{CLIENT}, ,", f"{CLIENT}, , {SECOND}", ",", " "),
        *(f"{CLIENT}, unknown", f"{CLIENT}, unknown, {SECOND}", "1" * 9000),
    ],
)
def test_a_client_that_the_proxy_does_not_name_is_in_no_network(value: str) -> None:
    assert client({"X-Forwarded-For": value}) == "0.0.0.0"  # noqa: S104


def test_the_port_of_the_client_is_known_only_if_the_proxy_names_it() -> None:
    assert seen({"X-Forwarded-For": f"{CLIENT}:49152"})["REMOTE_PORT"] == "49152"
    assert "REMOTE_PORT" not in seen({"X-Forwarded-For": CLIENT})
    assert seen({})["REMOTE_PORT"] == "5000"


def test_without_the_header_the_proxy_is_the_client() -> None:
    assert client({}) == PROXY
    assert client({"X-Forwarded-For": ""}) == PROXY


@pytest.mark.parametrize("peer", [CLIENT, "", "unix:", "11.0.0.1", "::ffff:11.0.0.1", "localhost", "10.0.0.1 "])
def test_what_other_peers_say_is_removed(peer: str) -> None:
    spoofed = {
        "X-Forwarded-For": "1.1.1.1",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "evil.test",
        "X-Forwarded-Port": "1",
        "X-Forwarded-Prefix": "/x",
        "Forwarded": "for=1.1.1.1;proto=https;host=evil.test",
        "X-Real-IP": "1.1.1.1",
        "CF-Connecting-IP": "1.1.1.1",
    }
    found = seen(spoofed, peer, read=["proto", "host", "port", "prefix"])
    assert [found.get(key) for key in SEEN] == [peer, "5000", "http", "internal:8000", "127.0.0.1", "8000", ""]
    assert not {key for key in found if "FORWARDED" in key or key.endswith("_IP")}
    assert found["wsgistack.peer"]["HTTP_X_REAL_IP"] == "1.1.1.1"


@pytest.mark.parametrize(
    "name",
    [
        *("X-Forwarded-User", "X-Forwarded-Email", "X-Forwarded-Groups", "X-Forwarded-Access-Token"),  # oauth2-proxy
        *("X-Forwarded-Client-Cert", "X-Forwarded-Tls-Client-Cert", "X-Forwarded-Uri", "X-Forwarded-Method"),
        *("X-Original-URL", "X-Rewrite-URL"),  # CVE-2018-14773
        *("X-Script-Name", "X-Vhm-Root", "X-Host", "CF-Visitor", "CloudFront-Forwarded-Proto", "Fly-Client-IP"),
    ],
)
def test_headers_of_many_proxies_are_removed(name: str) -> None:
    assert f"HTTP_{name.upper().replace('-', '_')}" not in seen({name: "x"}, CLIENT)
    assert f"HTTP_{name.upper().replace('-', '_')}" in seen({name: "x"}, PROXY)


def test_a_scheme_that_the_server_took_from_a_client_is_http_or_https() -> None:
    for peer in (PROXY, CLIENT):  # uWSGI takes any scheme from X-Forwarded-Proto
        found = seen({"X-Forwarded-Proto": "javascript"}, peer, before={"wsgi.url_scheme": "javascript"})
        assert found["wsgi.url_scheme"] == "http"
        assert found["wsgistack.peer"]["wsgi.url_scheme"] == "javascript"


def test_the_name_of_the_proxy_is_not_that_of_the_client() -> None:
    found = seen({"X-Forwarded-For": CLIENT}, before={"REMOTE_HOST": "proxy.example.org"})
    assert "REMOTE_HOST" not in found
    assert found["wsgistack.peer"]["REMOTE_HOST"] == "proxy.example.org"
    assert seen({}, before={"REMOTE_HOST": "proxy.example.org"})["REMOTE_HOST"] == "proxy.example.org"


def test_a_second_layer_changes_nothing() -> None:
    found: list[Environ] = []

    def app(environ: Environ, start_response: StartResponse) -> list[bytes]:
        found.append(environ)
        start_response("200 OK", [])
        return []

    keys = {"HTTP_X_FORWARDED_FOR": CLIENT, "HTTP_X_FORWARDED_PREFIX": "/old, /shop", "SCRIPT_NAME": "/app"}
    for inner in ({"hops": 1, "read": ["prefix"]}, {"trusted": ["10.0.0.0/8"]}):
        Call(Forwarded(Forwarded(app, **inner), hops=1, read=["prefix"]), **keys)
        environ = found.pop()
        assert (environ["REMOTE_ADDR"], environ["SCRIPT_NAME"]) == (CLIENT, "/shop/app")
        assert (environ["HTTP_X_FORWARDED_FOR"], environ["HTTP_X_FORWARDED_PREFIX"]) == (CLIENT, "/shop")
        assert environ["wsgistack.peer"]["HTTP_X_FORWARDED_PREFIX"] == "/old, /shop"


def test_of_a_long_list_the_end_is_read() -> None:
    found = seen({"X-Forwarded-For": CLIENT, "X-Forwarded-Host": f"{'a' * 9000}, example.org"}, read=ALL)
    assert (found["HTTP_HOST"], found["HTTP_X_FORWARDED_HOST"]) == ("example.org", "example.org")
    for value in ("/x" * 5000, "/" + "x" * 5000):
        assert seen({"X-Forwarded-For": CLIENT, "X-Forwarded-Prefix": value}, read=ALL)["SCRIPT_NAME"] == ""


@pytest.mark.parametrize("peer", ["", "unix:", "localhost", "/run/app.sock"])
def test_a_unix_socket_is_trusted_only_by_name(peer: str) -> None:
    header = {"X-Forwarded-For": CLIENT}
    assert client(header, peer, trusted=["unix"]) == CLIENT
    assert client(header, peer, trusted=["10.0.0.0/8"]) == peer
    assert client({"X-Forwarded-For": f"{CLIENT}, unknown"}, peer, trusted=["unix"]) == "0.0.0.0"  # noqa: S104


def test_uwsgi_has_an_address_on_a_unix_socket() -> None:
    header = {"X-Forwarded-For": CLIENT}
    unspecified = "0.0.0.0"  # noqa: S104
    assert client(header, unspecified, trusted=["unix"]) == CLIENT
    assert client(header, unspecified, trusted=["10.0.0.0/8"]) == unspecified
    # From a layer forwarded further outside, it is a client that the proxy does not know.
    assert client(header, unspecified, trusted=["unix"], before={"wsgistack.peer": {}}) == unspecified


def test_an_ipv4_mapped_peer_is_its_ipv4_address() -> None:
    assert client({"X-Forwarded-For": CLIENT}, "::ffff:10.0.0.1") == CLIENT


# a number of hops


@pytest.mark.parametrize(
    ("value", "hops", "address"),
    [
        (CLIENT, 1, CLIENT),
        (f"1.1.1.1, {CLIENT}", 1, CLIENT),
        (f"1.1.1.1, {CLIENT}, 198.51.100.1", 2, CLIENT),
        (f"{CLIENT}, 198.51.100.1", 2, CLIENT),
        ("unknown", 1, "0.0.0.0"),  # noqa: S104
    ],
)
def test_hops_count_from_the_right(value: str, hops: int, address: str) -> None:
    assert client({"X-Forwarded-For": value}, "198.51.100.2", hops=hops) == address


@pytest.mark.parametrize("headers", [{}, {"X-Forwarded-For": ""}, {"X-Forwarded-For": "1.1.1.1"}])
def test_with_fewer_hops_nothing_is_believed(headers: dict[str, str]) -> None:
    found = seen({**headers, "X-Forwarded-Proto": "https", "X-Real-IP": "1.1.1.1"}, CLIENT, hops=2)
    assert (found["REMOTE_ADDR"], found["wsgi.url_scheme"]) == (CLIENT, "http")
    assert not {key for key in found if "FORWARDED" in key or key.endswith("_IP")}


# scheme, host, port, prefix


@pytest.mark.parametrize(
    ("value", "scheme"),
    [("https", "https"), ("HTTPS", "https"), ("http", "http"), ("https, http", "http"), ("javascript", "http"),
     ("https\x00", "http"), ("wss", "http"), ("", "http"), ("https https", "http")],
)  # fmt: skip
def test_the_scheme_is_http_or_https(value: str, scheme: str) -> None:
    assert seen({"X-Forwarded-For": CLIENT, "X-Forwarded-Proto": value})["wsgi.url_scheme"] == scheme


def test_each_list_is_read_where_the_client_is() -> None:
    two = {"X-Forwarded-For": f"1.1.1.1, {CLIENT}, {SECOND}", "X-Forwarded-Proto": "http, https, http"}
    assert seen(two)["wsgi.url_scheme"] == "https"
    assert seen(two)["HTTP_X_FORWARDED_PROTO"] == "https"  # for an application that reads it, too
    assert seen(two)["HTTP_X_FORWARDED_FOR"] == f"{CLIENT}, {SECOND}"
    overwritten = {"X-Forwarded-For": f"{CLIENT}, {SECOND}", "X-Forwarded-Proto": "https"}
    assert seen(overwritten)["wsgi.url_scheme"] == "https"


def test_the_scheme_changes_the_port() -> None:
    for host, port in (("example.org", "443"), ("example.org:8443", "8443"), ("", "8000"), ("a:b", "8000")):
        found = seen({"X-Forwarded-Proto": "https"}, before={"HTTP_HOST": host})
        assert (found["SERVER_PORT"], found["HTTP_HOST"]) == (port, host)


ALL = ["proto", "host", "port", "prefix"]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Host": "example.org"}, ("example.org", "example.org", "80")),
        ({"Host": "Example.org.:80"}, ("example.org", "example.org", "80")),
        ({"Host": "example.org:8080"}, ("example.org:8080", "example.org", "8080")),
        ({"Host": "example.org:"}, ("example.org", "example.org", "80")),
        ({"Host": "example.org", "Proto": "https"}, ("example.org", "example.org", "443")),
        ({"Host": "example.org:443", "Proto": "https"}, ("example.org", "example.org", "443")),
        ({"Host": "example.org:80", "Proto": "https"}, ("example.org:80", "example.org", "80")),
        ({"Host": "example.org", "Port": "8443", "Proto": "https"}, ("example.org:8443", "example.org", "8443")),
        ({"Host": "[2001:DB8::1]:8080"}, ("[2001:db8::1]:8080", "[2001:db8::1]", "8080")),
        ({"Port": "8443"}, ("internal:8443", "internal", "8443")),
        ({"Port": "0"}, ("internal:8000", "internal", "8000")),
        ({"Port": "99999"}, ("internal:8000", "internal", "8000")),
        ({"Port": "8e3"}, ("internal:8000", "internal", "8000")),
        ({"Host": "evil.test, example.org"}, ("example.org", "example.org", "80")),
    ],
)
def test_the_host_and_the_port(headers: dict[str, str], expected: tuple[str, str, str]) -> None:
    given = {"X-Forwarded-For": CLIENT, **{f"X-Forwarded-{name}": value for name, value in headers.items()}}
    found = seen(given, read=ALL)
    assert (found["HTTP_HOST"], found["SERVER_NAME"], found["SERVER_PORT"]) == expected


@pytest.mark.parametrize("host", ["<script>", "a b", "a:b:c", "u@example.org", "a/b", "", "..", "a" * 400, "[::1"])
def test_a_host_that_is_not_valid_is_ignored(host: str) -> None:
    found = seen({"X-Forwarded-For": CLIENT, "X-Forwarded-Host": host}, read=ALL)
    assert found["HTTP_HOST"] == "internal:8000"


def test_without_any_valid_host_none_is_made() -> None:
    found = seen({"X-Forwarded-Host": "a b", "X-Forwarded-Port": "1"}, read=ALL, before={"HTTP_HOST": ""})
    assert (found["HTTP_HOST"], found["SERVER_PORT"]) == ("", "8000")


@pytest.mark.parametrize(
    ("prefix", "script_name"),
    [("/shop", "/shop/app"), ("/shop/", "/shop/app"), ("/a/b", "/a/b/app"), ("shop", "/app"), ("//evil.test", "/app"),
     ("/../x", "/app"), ("/%2e", "/app"), ("/", "/app"), ("/x;y", "/app"), ("/a\r\nb", "/app")],
)  # fmt: skip
def test_the_prefix_comes_before_the_path(prefix: str, script_name: str) -> None:
    given = {"X-Forwarded-For": CLIENT, "X-Forwarded-Prefix": prefix}
    assert seen(given, read=ALL, before={"SCRIPT_NAME": "/app"})["SCRIPT_NAME"] == script_name


def test_what_is_not_read_is_removed() -> None:
    given = {
        "X-Forwarded-For": CLIENT,
        "X-Forwarded-Host": "evil.test",
        "Forwarded": "for=1.1.1.1",
        "X-Real-IP": CLIENT,
    }
    found = seen(given)
    assert found["HTTP_HOST"] == "internal:8000"
    assert not {"HTTP_X_FORWARDED_HOST", "HTTP_FORWARDED"} & found.keys()
    assert found["HTTP_X_REAL_IP"] == CLIENT  # a trusted proxy may set it, for an application that reads it


# Forwarded (RFC 7239)


@pytest.mark.parametrize(
    ("value", "address", "scheme", "host"),
    [
        (f"for={CLIENT}", CLIENT, "http", "internal:8000"),
        (f"For={CLIENT};Proto=HTTPS;Host=example.org", CLIENT, "https", "example.org"),
        (f'for="{CLIENT}:47011";host="example.org:8443";proto=https', CLIENT, "https", "example.org:8443"),
        ('for="[2001:db8:cafe::17]:4711"', "2001:db8:cafe::17", "http", "internal:8000"),
        ("for=1.1.1.1;proto=https, for=203.0.113.7;proto=http", CLIENT, "http", "internal:8000"),
        (f"for={CLIENT};proto=https;by=203.0.113.43, for={SECOND};proto=http", CLIENT, "https", "internal:8000"),
        (f"for={CLIENT};ext=1; proto = https", "0.0.0.0", "http", "internal:8000"),  # noqa: S104
        (f'for=", for={CLIENT}', CLIENT, "http", "internal:8000"),  # a client began a quoted text
        (f'for="1.1.1.1, for={CLIENT}', CLIENT, "http", "internal:8000"),
        (f'x="\\", for={CLIENT}', CLIENT, "http", "internal:8000"),
        ("for=unknown;proto=https", "0.0.0.0", "https", "internal:8000"),  # noqa: S104
        ("for=_SEVKISEK;proto=https", "0.0.0.0", "https", "internal:8000"),  # noqa: S104
        ("proto=https;host=example.org", "0.0.0.0", "https", "example.org"),  # noqa: S104
        (f"for={CLIENT};for=1.1.1.1;proto=https", "0.0.0.0", "http", "internal:8000"),  # noqa: S104
        (f"for={CLIENT};;proto=https;", CLIENT, "https", "internal:8000"),  # §4 allows empty pairs
        (f"for={CLIENT};=;proto=https", "0.0.0.0", "http", "internal:8000"),  # noqa: S104
        (f'for={CLIENT};x="a,b"', "0.0.0.0", "http", "internal:8000"),  # noqa: S104
        (f"for={CLIENT};x={'x' * 600}", "0.0.0.0", "http", "internal:8000"),  # noqa: S104
        ("for", "0.0.0.0", "http", "internal:8000"),  # noqa: S104
        ("", PROXY, "http", "internal:8000"),
    ],
)
def test_the_standard_header(value: str, address: str, scheme: str, host: str) -> None:
    spoofed = {"X-Forwarded-For": "1.1.1.1", "X-Forwarded-Proto": "https"}
    found = seen({"Forwarded": value, **spoofed}, headers="forwarded", read=["proto", "host"])
    assert (found["REMOTE_ADDR"], found["wsgi.url_scheme"], found["HTTP_HOST"]) == (address, scheme, host)
    assert "HTTP_X_FORWARDED_FOR" not in found


def test_the_standard_header_loses_what_the_client_wrote() -> None:
    found = seen({"Forwarded": f"for=1.1.1.1, for={CLIENT};proto=https"}, headers="forwarded", read=[])
    assert found["HTTP_FORWARDED"] == f"for={CLIENT};proto=https"
    assert found["wsgi.url_scheme"] == "http"


# what was before, and other layers


def test_the_values_of_the_connection_are_kept() -> None:
    found = seen({"X-Forwarded-For": CLIENT, "X-Forwarded-Proto": "https", "Forwarded": "for=1.1.1.1"})
    assert found["wsgistack.peer"] == {
        "REMOTE_ADDR": PROXY,
        "REMOTE_PORT": "5000",
        "wsgi.url_scheme": "http",
        "SERVER_PORT": "8000",
        "HTTP_FORWARDED": "for=1.1.1.1",
    }


@pytest.mark.parametrize("value", [CLIENT, f"1.1.1.1, {CLIENT}, {SECOND}", SECOND, "unknown", ""])
def test_twice_is_the_same_as_once(value: str) -> None:
    given = {"HTTP_X_FORWARDED_FOR": value, "HTTP_X_FORWARDED_PROTO": "https", "REMOTE_ADDR": PROXY}
    found: list[Environ] = []

    def app(environ: Environ, start_response: StartResponse) -> list[bytes]:
        found.append(environ)
        start_response("200 OK", [])
        return []

    Call(Forwarded(app, trusted=["10.0.0.0/8"]), **given)
    Call(Forwarded(Forwarded(app, trusted=["10.0.0.0/8"]), trusted=["10.0.0.0/8"]), **given)
    once, twice = ({key: each.get(key, "") for key in (*SEEN, "wsgistack.peer")} for each in found)
    first, second = once.pop("wsgistack.peer"), twice.pop("wsgistack.peer")
    assert {**second, **first} == second
    assert once == twice


@given(st.text(max_size=80), st.text(max_size=40), st.text(max_size=40))
def test_nothing_that_a_proxy_sends_raises(value: str, proto: str, host: str) -> None:
    for headers in ("x-forwarded", "forwarded"):
        given = {"X-Forwarded-For": value, "X-Forwarded-Proto": proto, "X-Forwarded-Host": host, "Forwarded": value}
        found = seen(given, headers=headers, read=ALL)
        assert found["wsgi.url_scheme"] in ("http", "https")


@given(st.text(st.sampled_from('0123456789.:,;= "abcforunknw[]%\\'), max_size=60))
def test_nobody_can_forge_an_address_in_front_of_that_of_the_proxy(written: str) -> None:
    assert client({"X-Forwarded-For": f"{written}, {CLIENT}"}) == CLIENT
    assert client({"Forwarded": f"{written}, for={CLIENT}"}, headers="forwarded") == CLIENT


def test_flask_makes_links_for_the_client() -> None:
    app = Flask(__name__)

    @app.get("/")
    def index() -> str:
        return f"{request.remote_addr} {request.url}"

    app.wsgi_app = Forwarded(app.wsgi_app, trusted=["10.0.0.1"], read=["proto", "host", "prefix"])  # type: ignore[assignment,method-assign]
    headers = {
        "X-Forwarded-For": CLIENT,
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "example.org",
        "X-Forwarded-Prefix": "/shop",
    }
    answer = Client(app).get("/", headers=headers, environ_base={"REMOTE_ADDR": "10.0.0.1"})
    assert answer.text == f"{CLIENT} https://example.org/shop/"


def test_it_belongs_outside_the_access_log() -> None:
    pipeline = Pipeline([{"use": "access_log", "output": "logging"}, {"use": "forwarded", "trusted": ["10.0.0.1"]}])
    with pytest.warns(OrderWarning, match="the log would show the address of the proxy"):
        assert isinstance(pipeline.wrap(lambda environ, start_response: []), AccessLog)


NEEDS = (
    "trusted: needs to know the proxies; "
    "expected exactly one of trusted, with the addresses of the proxies, and hops, with their number"
)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, NEEDS),
        ({"trusted": ["10.0.0.1"], "hops": 1}, NEEDS),
        ({"hops": -1}, NEEDS),
        (
            {"trusted": ["me"]},
            "trusted: not a valid network 'me'; expected an address, a network such as 10.0.0.0/8, or unix",
        ),
        ({"hops": 1, "headers": "X"}, "headers: invalid value 'X'; expected x-forwarded or forwarded"),
        ({"hops": 1, "read": ["prot"]}, "read: invalid value 'prot'; did you mean 'proto'?"),
    ],
)
def test_mistakes(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        Forwarded(lambda environ, start_response: [], **options)
    assert str(raised.value) == message
