"""Values of the access log: secrets, limits, and what is remembered."""

import json
from collections import UserDict
from collections.abc import KeysView
from math import inf, nan
from typing import Any

import pytest

from tests.middleware.access_log.entries import Request, compile_format
from wsgistack.errors import ConfigError
from wsgistack.http.redaction import REDACTED, Redaction
from wsgistack.middleware.access_log.cleaning import Cleaned, Cleaning, make_cleaning
from wsgistack.middleware.access_log.format import FORMATS

_SECRET = "s3cr3t-0123456789"
_JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    "changes",
    [
        {"query": f"page=2&token={_SECRET}"},
        {"query": f"user%5Bpassword%5D={_SECRET}"},
        {"path": f"/reset/{_SECRET}"},
        {"path": f"/files;jsessionid={_SECRET}"},
        {"environ": {"HTTP_REFERER": f"https://ann:{_SECRET}@shop.example/?code={_SECRET}#access_token={_SECRET}"}},
        {"environ": {"HTTP_USER_AGENT": f"program {_JWT}"}},
    ],
    ids=str,
)
def test_hides_secrets_in_each_format(format: str, changes: dict[str, Any]) -> None:
    line = compile_format(format)(Request(**changes))
    assert _SECRET not in line
    assert _JWT not in line


@pytest.mark.parametrize(
    ("format", "expected"),
    [
        ("%r", "GET /reset/[redacted]?page=2&token=[redacted] HTTP/1.1"),
        ("%U%q", "/reset/[redacted]?page=2&token=[redacted]"),
        ("%{Authorization}i %{Cookie}i %{X-Api-Key}i", "[redacted] [redacted] [redacted]"),
        ("%{HTTP_COOKIE}e %{QUERY_STRING}e", "[redacted] page=2&token=[redacted]"),
        ("%{REQUEST_URI}e", "/reset/[redacted]?token=[redacted]"),
        ("%{session}C %{lang}C", "[redacted] en"),
        ("%{Set-Cookie}o %{Location}o", "[redacted] /next?ticket=[redacted]"),
    ],
)
def test_hides_secrets_of_a_directive(format: str, expected: str) -> None:
    environ = {
        "HTTP_AUTHORIZATION": f"Bearer {_SECRET}",
        "HTTP_COOKIE": f"session={_SECRET}; lang=en",
        "HTTP_X_API_KEY": _SECRET,
        "QUERY_STRING": f"page=2&token={_SECRET}",
        "REQUEST_URI": f"/reset/{_SECRET}?token={_SECRET}",
    }
    headers = [("Set-Cookie", f"session={_SECRET}"), ("Location", f"/next?ticket={_SECRET}")]
    request = Request(environ, headers, path=f"/reset/{_SECRET}", query=f"page=2&token={_SECRET}")
    assert compile_format(format)(request) == expected


def test_hides_what_an_operator_adds_and_shows_all_if_asked() -> None:
    request = Request(query="iban=DE123&token=abc")
    for redact, expected in ((["iban"], f"?iban={REDACTED}&token={REDACTED}"), (None, "?iban=DE123&token=abc")):
        cleaning = make_cleaning(redact, "full", None, max_value=2000, max_line=16_000)
        assert compile_format("%q", cleaning)(request) == expected


def test_hides_secrets_of_fields() -> None:
    extra: dict[str, Any] = {
        "key": "request_header:X-Api-Key",
        "cookie": "environ:HTTP_COOKIE",
        "call": lambda _: f"to {_JWT}",
    }
    environ = {"HTTP_X_API_KEY": _SECRET, "HTTP_COOKIE": _SECRET}
    facts = json.loads(compile_format("json", extra_fields=extra)(Request(environ)))
    assert (facts["key"], facts["cookie"], facts["call"]) == (REDACTED, REDACTED, f"to {REDACTED}")


@pytest.mark.parametrize(
    ("format", "mode", "expected"),
    [
        ("%h %a %{c}a", "full", "203.0.113.77 203.0.113.77 10.0.0.9"),
        ("%h %a %{c}a", "truncated", "203.0.113.0 203.0.113.0 10.0.0.0"),
        ('"%{X-Forwarded-For}i"', "truncated", '"203.0.113.0, 2001:db8:1::"'),
        ("%{REMOTE_ADDR}e %{X-Real-IP}i", "truncated", "203.0.113.0 198.51.100.0"),
        ("%{Forwarded}i", "truncated", r"for=203.0.113.0;proto=https"),
    ],
)
def test_hides_addresses(format: str, mode: str, expected: str) -> None:
    environ = {
        "wsgistack.peer": {"REMOTE_ADDR": "10.0.0.9"},
        "HTTP_X_FORWARDED_FOR": "203.0.113.77, 2001:db8:1:2::3",
        "HTTP_X_REAL_IP": "198.51.100.4",
        "HTTP_FORWARDED": "for=203.0.113.77;proto=https",
        "REMOTE_ADDR": "203.0.113.77",
    }
    cleaning = make_cleaning((), mode, None, max_value=2000, max_line=16_000)
    request = Request(environ, client="203.0.113.77")
    assert compile_format(format, cleaning)(request) == expected
    facts = json.loads(compile_format("json", cleaning)(request))
    assert facts["client"] == ("203.0.113.77" if mode == "full" else "203.0.113.0")


def test_cuts_long_values() -> None:
    cleaning = Cleaning(Redaction(), None, limit=20, line_limit=1000)
    write = compile_format('"%{X}i" %U %q', cleaning)
    line = write(Request({"HTTP_X": "x" * 100}, path="/" + "p" * 100, query="q" * 100))
    assert line == f'"{"x" * 20}..." /{"p" * 19}... ?{"q" * 19}...'
    assert write(Request({"HTTP_X": "x" * 20}, path="/", query="")) == f'"{"x" * 20}" / '


def test_cuts_after_a_secret_is_hidden() -> None:
    write = compile_format("%q", Cleaning(Redaction(), None, limit=20, line_limit=1000))
    assert write(Request(query=f"token={'x' * 100}")) == "?token=[redacted]"
    assert write(Request(query="a=1&token=1&b=2&c=3&d=4")) == "?a=1&token=[redacted..."


def test_remembers_few_values_and_no_secrets() -> None:
    cleaned = Cleaned(Cleaning(Redaction(), None, 1000, 9000).show("X"), str.upper, 1000, {None: "-"})
    assert [cleaned[value] for value in ("a", "a", None, f"/reset/{_SECRET}", "x" * 201)] == [
        *("A", "A", "-", "/RESET/[REDACTED]", "X" * 201)
    ]
    assert set(cleaned) == {"a", None}
    assert [cleaned[value] for value in (1, True, 1.0)] == ["1", "TRUE", "1.0"]
    for number in range(2000):
        assert cleaned[str(number)] == str(number)
    assert len(cleaned) <= 500
    assert cleaned[None] == "-"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"addresses": "hased"}, "addresses: unknown mode 'hased'; did you mean 'hashed'"),
        ({"address_key": "k"}, "address_key: changes nothing; write addresses = hashed"),
        *(
            ({"max_value": number}, f"max_value: invalid value {number}; expected 20 characters or more")
            for number in (19, -1, True, inf, nan)
        ),
        *(
            ({"max_line": number}, f"max_line: invalid value {number}; expected 500 characters or more")
            for number in (0, -1, True, inf, nan)
        ),
    ],
)
def test_refuses_an_invalid_option_with_the_reason(options: dict[str, Any], message: str) -> None:
    usual: dict[str, Any] = {"addresses": "full", "address_key": None, "max_value": 2000, "max_line": 16_000}
    with pytest.raises(ConfigError, match=message):
        make_cleaning((), **(usual | options))


def test_refuses_a_switch_in_the_place_of_names() -> None:
    with pytest.raises(ConfigError, match="redact: not the name of a secret: 'False'; expected names, or none to show"):
        make_cleaning(["False"], "full", None, max_value=2000, max_line=16_000)


@pytest.mark.parametrize(
    ("format", "quote"), [pytest.param("%L", "", id="Apache"), pytest.param("json", '"', id="JSON")]
)
@pytest.mark.parametrize(
    ("request_id", "redact", "written"),
    [
        pytest.param("d0e5d8a0-c97b", [], "d0e5d8a0-c97b", id="hexadecimal"),
        pytest.param("eyJhbGciOiJIUzI1NiJ9.e30.x", [], REDACTED, id="token"),
        pytest.param("d0e5", ["request-id"], REDACTED, id="hidden by its name"),
    ],
)
def test_writes_ids(format: str, quote: str, request_id: str, redact: list[str], written: str) -> None:
    cleaning = make_cleaning(redact, "full", None, max_value=2000, max_line=16_000)
    line = compile_format(format, cleaning)(Request({"wsgistack.request_id": request_id}))
    assert f"{quote}{written}{quote}" in line


def test_a_thread_sees_what_is_absent_also_while_another_one_forgets_the_others() -> None:
    seen: list[str] = []

    class Absent(UserDict[Any, str]):
        """Another thread reads at the moment when this one writes again what is absent."""

        def keys(self) -> KeysView[Any]:
            if cleaned is not None:
                seen.extend(cleaned[value] for value in (None, ""))
            return super().keys()

    cleaned: Cleaned | None = None
    cleaned = Cleaned(str, str, 100, Absent({None: "-", "": "-"}))
    for number in range(501):
        assert cleaned[str(number)] == str(number)
    assert set(seen) == {"-"}
    assert cleaned[""] == "-"
