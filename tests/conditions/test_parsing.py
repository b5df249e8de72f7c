"""Conditions: their one form, the references in them, and every mistake."""

import pickle
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from wsgistack import ConfigError
from wsgistack.conditions import condition
from wsgistack.conditions.parsing import normalize_condition
from wsgistack.types import Environ

FULL = {
    "call": "tests.conditions.test_parsing:is_debugging",
    "under": ["/api/", "/gr\u00fc\u00dfe"],
    "path": ["/api/*", "/v2/*", "/api/*"],
    "method": {"put", "GET"},
    "host": ["*.Example.org.", "[::1]"],
    "scheme": "HTTPS",
    "header": {"X-Debug": "1*"},
    "environ": ("A", "B"),
    "not": {"path": "/api/health", "not": {"header": ["X-A"]}},
}
NORMAL = {
    "scheme": ("https",),
    "method": ("GET", "PUT"),
    "host": ("*.example.org", "::1"),
    "under": ("/api", "/gr\u00fc\u00dfe"),
    "path": ("/api/*", "/v2/*"),
    "header": {"x-debug": ("1*",)},
    "environ": ("A", "B"),
    "not": {"path": ("/api/health",), "not": {"header": ("x-a",)}},
    "call": "tests.conditions.test_parsing:is_debugging",
}


def is_debugging(environ: Environ) -> bool:
    return "HTTP_X_DEBUG" in environ


def said(make: Callable[[object], object], given: object) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        make(given)
    return str(caught.value).splitlines()


def always(environ: Environ) -> bool:
    return True


async def later(environ: Environ) -> bool:
    return True


def generating(environ: Environ) -> Iterable[bool]:
    yield False


NOT_CALLABLE = 3


# The one form


def test_gives_one_form() -> None:
    normal = normalize_condition(FULL)
    assert normal == NORMAL
    assert isinstance(normal, dict)
    assert list(normal) == list(NORMAL)


def test_the_one_form_stays_what_it_is_and_can_be_pickled() -> None:
    assert normalize_condition(normalize_condition(FULL)) == NORMAL
    assert pickle.loads(pickle.dumps(normalize_condition(FULL))) == NORMAL  # noqa: S301 - our own


def test_does_not_change_with_what_it_was_made_of() -> None:
    paths = ["/a"]
    given = {"not": {"path": paths}}
    normal = normalize_condition(given)
    paths.append("/b")
    given["not"]["path"] = []
    assert normal == {"not": {"path": ("/a",)}}


@pytest.mark.parametrize("when", [always, "tests.conditions.test_parsing:always"])
def test_gives_a_function_alone_for_a_mapping_that_has_nothing_else(when: object) -> None:
    assert normalize_condition(when) == normalize_condition({"call": when}) == when
    assert condition(when) is condition({"call": when}) is always


def test_imports_a_function_when_it_is_compiled() -> None:
    absent = "no_such_module:flag"
    assert normalize_condition({"call": absent, "path": "/a"}) == {"path": ("/a",), "call": absent}
    assert said(condition, {"call": absent, "path": "/a"}) == [
        "when.call: cannot import module 'no_such_module'; install it, or put it into the folder of the configuration"
    ]
    assert said(condition, absent) == [
        "when: cannot import module 'no_such_module'; install it, or put it into the folder of the configuration"
    ]


# References


def test_fills_in_references_when_it_is_compiled(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("METHOD", "put")
    (tmp_path / "key").write_text("open sesame\n")
    when = normalize_condition({"method": "${env:METHOD}", "header": {"X-Key": "${file:key}"}})
    assert when == {"method": ("${env:METHOD}",), "header": {"x-key": ("${file:key}",)}}
    compiled = condition(when, base=tmp_path)
    assert compiled({"REQUEST_METHOD": "PUT", "HTTP_X_KEY": "open sesame"})
    assert not compiled({"REQUEST_METHOD": "PUT", "HTTP_X_KEY": "${file:key}"})


def test_hides_texts_from_references(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "tellnone:it")
    keys = ("method", "host", "scheme", "path", "header", "call")
    lines = said(condition, dict.fromkeys(keys, "${env:SECRET}"))
    assert len(lines) == len(keys)
    assert not [line for line in lines if "tellnone" in line or "invalid secret value" not in line]


def test_reports_a_reference_that_cannot_be_filled_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ABSENT_X", raising=False)
    [line] = said(condition, {"not": {"path": "${env:ABSENT_X}"}})
    assert line.startswith("when.not.path: environment variable ABSENT_X is not set")


# Mistakes

TEXTS = "expected text or a list of texts"
FUNCTION = "expected a function that takes environ and returns true or false"
UNDER = "expected the beginning of a path, without wildcards"
SHAPE = "expected an import string, a callable, or a mapping of conditions"
HOST = "expected a glob of hosts in ASCII, without scheme and port"


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        pytest.param(3, f"when: is a number; {SHAPE}", id="a number"),
        pytest.param(["/a"], f"when: is a list; {SHAPE}", id="a list"),
        pytest.param({}, f"when: is empty; {SHAPE}", id="nothing"),
        pytest.param("", "when: is empty", id="no text"),
        pytest.param(
            "/a", "when: '/a' is not an import string; expected package.module:attribute", id="no import string"
        ),
        pytest.param({"pth": "/"}, "when.pth: unknown condition; did you mean 'path'?", id="misspelt"),
        pytest.param(
            {7: "/"},
            "when.7: unknown condition; choose from call, environ, header, host, method, not, path, scheme, under",
            id="no name",
        ),
        pytest.param({"path": 3}, f"when.path: is a number; {TEXTS}", id="path of a number"),
        pytest.param({"path": {"a": "b"}}, f"when.path: is a table; {TEXTS}", id="path of a mapping"),
        pytest.param({"path": []}, f"when.path: is empty; {TEXTS}", id="no path"),
        pytest.param({"path": ""}, "when.path: is empty", id="empty path"),
        pytest.param({"path": ["/a", ["/b"]]}, "when.path: is a list; expected text", id="list in a list"),
        pytest.param(
            {"path": "api/*"},
            "when.path: invalid value 'api/*'; expected a path or pattern that begins with a slash, such as /api/*; "
            "did you mean '/api/*'?",
            id="path without a slash",
        ),
        *(
            pytest.param(
                {"under": given},
                f"when.under: invalid value {given!r}; {UNDER}; did you mean {meant!r}?",
                id=f"under {given}",
            )
            for given, meant in [
                ("admin", "/admin"),
                ("/admin/*", "/admin"),
                ("/admin*", "/admin"),
                ("//admin", "/admin"),
                ("/a/../admin/", "/admin"),
                ("/%61dmin", "/admin"),
                ("/admin;x", "/admin"),
            ]
        ),
        *(
            pytest.param(
                {"under": given},
                f"when.under: invalid value {given!r}; expected the beginning of a path other than /; "
                "for the start page alone, write path = /",
                id=f"under {given!r}",
            )
            for given in ("/", "//", "*", "/\x00")
        ),
        pytest.param(
            {"method": "GTE"},
            "when.method: invalid value 'GTE'; expected a method; did you mean 'GET'?",
            id="misspelt method",
        ),
        pytest.param({"method": "*"}, "when.method: invalid value '*'; expected a method", id="glob of methods"),
        pytest.param({"scheme": "ftp"}, "when.scheme: invalid value 'ftp'; expected http or https", id="scheme"),
        pytest.param({"host": "a:80"}, f"when.host: invalid value 'a:80'; {HOST}", id="port"),
        pytest.param({"host": "[::1]:80"}, f"when.host: invalid value '[::1]:80'; {HOST}", id="port of IPv6"),
        pytest.param({"host": "http://a"}, f"when.host: invalid value 'http://a'; {HOST}", id="URL for a host"),
        pytest.param(
            {"host": "b\u00fc.de"}, f"when.host: invalid value 'b\u00fc.de'; {HOST}", id="host that is not ASCII"
        ),
        pytest.param({"host": "."}, f"when.host: invalid value '.'; {HOST}", id="nothing but a dot"),
        pytest.param(
            {"header": "HTTP_X_A"},
            "when.header: invalid value 'HTTP_X_A'; expected the name of a header; did you mean 'X-A'?",
            id="header as in environ",
        ),
        pytest.param(
            {"header": "a b"}, "when.header: invalid value 'a b'; expected the name of a header", id="no header"
        ),
        pytest.param({"header": {}}, "when.header: is empty; expected names and globs", id="no headers"),
        pytest.param({"header": {"X-A": 1}}, f"when.header.X-A: is a number; {TEXTS}", id="header is a number"),
        pytest.param({"header": {"X-A": ""}}, "when.header.X-A: is empty", id="empty glob"),
        pytest.param({"header": {3: "a"}}, "when.header: is a number; expected text", id="header without a name"),
        pytest.param(
            {"header": {"X-A": "1", "x-a": "2"}},
            "when.header: duplicate name 'x-a'; give it a list of globs",
            id="header stands twice",
        ),
        pytest.param({"environ": None}, f"when.environ: missing value; {TEXTS}", id="environ of None"),
        pytest.param(
            {"not": "/a"}, "when.not: '/a' is not an import string; expected package.module:attribute", id="not"
        ),
        pytest.param({"not": {"hots": "a"}}, "when.not.hots: unknown condition; did you mean 'host'?", id="in a not"),
        pytest.param({"not": {"not": {}}}, f"when.not.not: is empty; {SHAPE}", id="in two nots"),
        pytest.param({"call": 3}, f"when.call: is a number; {FUNCTION}", id="call of a number"),
        pytest.param(
            later,
            f"when: is a coroutine or generator function, so its result is always true; {FUNCTION}",
            id="coroutine function",
        ),
        pytest.param(
            generating,
            f"when: is a coroutine or generator function, so its result is always true; {FUNCTION}",
            id="generator function",
        ),
        pytest.param(
            lambda: True,
            f"when: cannot be called with environ alone: too many positional arguments; {FUNCTION}",
            id="function of nothing",
        ),
    ],
)
def test_says_what_is_wrong(when: object, expected: str) -> None:
    assert said(condition, when) == [expected]
    assert said(normalize_condition, when) == [expected]


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        pytest.param(
            "tests.conditions.test_parsing:alwys",
            "when: module 'tests.conditions.test_parsing' has no attribute 'alwys'; did you mean 'always'?",
            id="name",
        ),
        pytest.param("tests.conditions.test_parsing:NOT_CALLABLE", f"when: is a number; {FUNCTION}", id="number"),
        pytest.param("tests.conditions.test_parsing:FULL", f"when: is a table; {FUNCTION}", id="mapping"),
        pytest.param(
            "tests.conditions.test_parsing:later",
            f"when: is a coroutine or generator function, so its result is always true; {FUNCTION}",
            id="coroutine",
        ),
        pytest.param(
            "tests.conditions.test_parsing:said",
            f"when: cannot be called with environ alone: missing a required argument: 'given'; {FUNCTION}",
            id="more arguments",
        ),
    ],
)
def test_says_what_is_wrong_with_what_it_imports(when: str, expected: str) -> None:
    assert said(condition, when) == [expected]


def test_says_all_that_is_wrong() -> None:
    when = {"pth": 1, "path": ["a", 3], "not": {"method": "P T", "x": 1}, "call": "os:nothing_like_this"}
    keys = ["when.pth", "when.path", "when.path", "when.not.x", "when.not.method", "when.call"]
    assert [line.partition(":")[0] for line in said(condition, when)] == keys


@pytest.mark.parametrize("method", ["PURGE", "REPORT", "PROPPATCH", "SUBSCRIBE", "X-OWN"])
def test_takes_methods_that_are_rare(method: str) -> None:
    assert condition({"method": method})({"REQUEST_METHOD": method})


def test_takes_a_function_that_has_no_signature() -> None:
    assert condition(max)({"A": 1})
