"""The forms of a host: each spelling of a host leads to it, and the work is bounded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgistack.errors import ConfigError
from wsgistack.http.forms import MAX_FORMS, Forms
from wsgistack.http.hosts import MAX_HOST, HostPatterns, host_forms, split_host


def _forms(host: str) -> Forms:
    return host_forms({"HTTP_HOST": host, "SERVER_NAME": "server"})


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("example.org", "example.org"),
        ("EXAMPLE.org:8080", "example.org"),
        ("my_service-1", "my_service-1"),
        ("127.0.0.1:80", "127.0.0.1"),
        ("[::1]", "::1"),
        ("[2001:DB8::1]:443", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.1"),
        ("", "server"),
    ],
)
def test_an_ordinary_host_has_one_form(host: str, expected: str) -> None:
    assert _forms(host) == ((expected,), True)


@pytest.mark.parametrize(
    "host",
    [
        "admin.org.",
        "admin.org..",
        "admin.org:",
        "admin.org:80:80",
        "admin.org.:80",
        "admin.org:80.",
        "admin.org:123456",
        "admin.org:x",
        "user@admin.org",
        "user:password@admin.org:80",
        "a@b@admin.org",
        "admin.org@example.org",
        "admin.org:80@example.org",
        "[admin.org]",
        "[admin.org]:80",
        "Admin.org..:80",
    ],
)
def test_each_spelling_has_the_host_among_its_forms(host: str) -> None:
    forms = _forms(host)
    assert forms.any(lambda form: form == "admin.org")
    assert not forms.all(lambda form: form == "admin.org")
    assert host.lower() in forms.values


@pytest.mark.parametrize(
    "host", ["a,b", "a b", "a/b", "a\\b", "a\tb", "a\0", "\xe4", "a%62", "a?b", "a#b", "a" * MAX_HOST + "."]
)
def test_an_unreadable_host_passes_and_fails_each_test_on_the_safe_side(host: str) -> None:
    assert not _forms(host).is_complete
    assert _forms(host).any(lambda form: False)
    assert not _forms(host).all(lambda form: True)


def test_a_request_without_a_host_is_unreadable() -> None:
    assert host_forms({}) == (("",), False)


@given(
    st.lists(st.sampled_from(["a", "b", ".", ":", "80", "@", "[", "]", "::", "-"]), max_size=12).map("".join)
    | st.text(max_size=20)
)
def test_the_forms_are_closed(host: str) -> None:
    forms = _forms(host)
    assert 1 <= len(forms.values) <= MAX_FORMS + 1
    if forms.is_complete:
        for form in forms.values:
            assert _forms(form).is_complete
            assert set(_forms(form).values) <= set(forms.values)


@pytest.mark.parametrize(
    ("host", "name", "port"),
    [
        ("example.org", "example.org", None),
        ("Example.ORG.:8080", "example.org", 8080),
        ("localhost", "localhost", None),
        ("my_host-1", "my_host-1", None),
        ("192.0.2.1:80", "192.0.2.1", 80),
        ("[2001:DB8:0::1]", "2001:db8::1", None),
        ("[::1]:8080", "::1", 8080),
        ("example.org:", "example.org", None),  # RFC 3986 section 3.2.3: the port may be empty
        ("Example.org.:", "example.org", None),
        ("[::1]:", "::1", None),
    ],
)
def test_a_valid_host_has_a_name_and_a_port(host: str, name: str, port: int | None) -> None:
    assert split_host(host) == (name, port)


@pytest.mark.parametrize(
    "host",
    [
        *(
            "",
            ".",
            ":80",
            ":",
            "a::",
            "a:b",
            "a:80:80",
            "a..",
            "a..b",
            ".a",
            "-a",
            "a-",
            "a:65536",
            "u@a",
            "a/b",
            "a b",
            "a,b",
        ),
        *("a b", "a,b", "[::1", "::1", "[a]", "[]", "[::1]80", "exämple.org", "a" * 301, "a\n", "a\x00", "*.a", "a%2e"),
    ],
)
def test_other_hosts_are_not_valid(host: str) -> None:
    assert split_host(host) is None


def test_hosts_match_whole_labels_and_any_port() -> None:
    hosts = HostPatterns(["example.org", "*.example.net", "[::1]", "2001:DB8::1", "192.0.2.1"], key="allowed")
    for host in (
        *("example.org", "EXAMPLE.org.:8080", "a.example.net", "a.b.example.net:1", "[::1]:80", "[2001:db8::1]"),
        "192.0.2.1:8000",
    ):
        assert hosts.contains(host), host
    for host in ("a.example.org", "example.net", "badexample.net", "evil.test", "", "example.org@evil.test", "[::2]"):
        assert not hosts.contains(host), host


@pytest.mark.parametrize(
    ("entry", "hint"),
    [
        ("example.org:80", "; write example.org"),
        ("*.a.org:80", "; write *.a.org"),
        ("example.org:", "; write example.org"),
        (".example.org", "; write *.example.org"),  # as in Django
        ("https://Example.org:8443/x", "; write example.org"),
        *(("*", ""), ("", ""), ("a b", ""), ("https://", "")),
    ],
)
def test_wrong_hosts_are_mistakes(entry: str, hint: str) -> None:
    with pytest.raises(ConfigError) as raised:
        HostPatterns([entry], key="allowed")
    expected = "expected a name without a port, such as example.org or *.example.org"
    assert str(raised.value) == f"allowed: not a valid host {entry!r}; {expected}{hint}"
