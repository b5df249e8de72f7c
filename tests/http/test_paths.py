"""The forms of a path: each spelling of a path leads to it, and the work is bounded."""

import posixpath
import re
from urllib.parse import unquote

import pytest
from flask import Flask
from hypothesis import example, given
from hypothesis import strategies as st

from tests.direct import Call
from wsgistack.errors import ConfigError
from wsgistack.http.forms import MAX_FORMS, Forms
from wsgistack.http.paths import (
    MAX_PATH,
    compile_exemptions,
    compile_prefixes,
    is_ambiguous,
    normal_form,
    path_forms,
)

_PARTS = (
    "/",
    "//",
    ".",
    "..",
    "admin",
    "x",
    "%2f",
    "%2e",
    "%5c",
    "%3b",
    "%25",
    "%252e",
    "%",
    ";",
    ";v=1",
    "\\",
    "é",
    "A",
)
_PATHS = st.lists(st.sampled_from(_PARTS), max_size=10).map("".join)


_UNDER_ADMIN = compile_prefixes(["/admin"]).match


def _forms(path: str, script_name: str = "") -> Forms:
    return path_forms({"PATH_INFO": path, "SCRIPT_NAME": script_name})


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/admin",
        "/admin/",
        "/Admin/x.y/~z/@me",
        "/.well-known/x",
        "/a..b/...",
        "/caf\xc3\xa9 au lait",
        "/100%",
        "/50%off",
        "/a:b,c=d&e",
        pytest.param("/" + "x" * 10_000, id="long"),
    ],
)
def test_an_ordinary_path_has_one_form(path: str) -> None:
    assert _forms(path) == ((path,), True)
    assert normal_form(path) == path
    assert not is_ambiguous(path)


@pytest.mark.parametrize(
    "path",
    [
        "//admin/x",
        "///admin///x",
        "/%2fadmin/x",
        "/%2Fadmin%2Fx",
        "/%252fadmin/x",
        "/%25252fadmin/x",
        "/./admin/x",
        "/admin/./x",
        "/x/../admin/x",
        "/../admin/x",
        "/../../admin/x",
        "/a/b/../../admin/x",
        "/%2e/admin/x",
        "/y/%2e%2e/admin/x",
        "/y/.%252e/admin/x",
        "/admin;x/x",
        "/admin;v=1/x;w=2",
        "/..;/admin/x",
        "/y/..;a=b/admin/x",
        "/admin%3bx/x",
        "\\admin\\x",
        "/y\\..\\admin\\x",
        "/%5cadmin/x",
        "/%61dmin/x",
        "admin/x",
        "./admin/x",
        "%2fadmin/x",
    ],
)
def test_each_spelling_has_the_same_normal_form(path: str) -> None:
    assert normal_form(path) == "/admin/x"
    assert "/admin/x" in _forms(path).values
    assert path in _forms(path).values
    assert _forms(path).any(_UNDER_ADMIN)
    assert is_ambiguous(path)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", "/"),
        (".", "/"),
        ("..", "/"),
        ("*", "/*"),
        ("//", "/"),
        ("/.", "/"),
        ("/..", "/"),
        ("/x/.", "/x/"),
        ("/x/..", "/"),
        ("/x//", "/x/"),
        ("/x;a/", "/x/"),
        ("/.well-known/../x", "/x"),
        ("/a%20b", "/a b"),
        ("/%C3%A9", "/\xc3\xa9"),
        ("/%zz/../x%", "/x%"),
    ],
)
def test_normalizes_a_path(path: str, expected: str) -> None:
    assert normal_form(path) == expected


def test_readers_that_disagree_leave_no_normal_form() -> None:
    assert {"/admin", "/x/admin"} <= set(_forms("/x//../admin").values)
    assert normal_form("/x//../admin") is None
    assert is_ambiguous("/x//../admin")


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/admin\0", id="NUL"),
        pytest.param("/ad\tmin", id="tab"),
        pytest.param("/x%0d%0a", id="encoded line break"),
        pytest.param("/x%2500", id="NUL, encoded twice"),
        pytest.param("/%" + "25" * 20 + "61dmin", id="encoded too often"),
        pytest.param("//" + "x" * MAX_PATH, id="too long"),
        pytest.param("".join(f"/{'%' + '25' * depth}2e{'/' * depth};\\" for depth in range(8)), id="too many forms"),
    ],
)
def test_an_undecidable_path_passes_and_fails_each_test_on_the_safe_side(path: str) -> None:
    forms = _forms(path)
    assert not forms.is_complete
    assert path in forms.values
    assert forms.any(lambda form: False)
    assert not forms.all(lambda form: True)
    assert normal_form(path) is None
    assert is_ambiguous(path)


def test_a_path_has_forms_with_and_without_script_name() -> None:
    forms = _forms("/admin", "/zzz")
    assert forms.values == ("/admin", "/zzz/admin")
    assert forms.is_complete
    assert forms.any(_UNDER_ADMIN)
    assert not forms.all(_UNDER_ADMIN)
    assert forms.all(lambda form: form.endswith("/admin"))
    assert _forms("", "/app").values == ("", "/", "/app")
    assert "/admin" in _forms("/../admin", "/zzz").values
    assert not _forms("/x", "/zzz\n").is_complete
    assert path_forms({}) == (("", "/"), True)


@pytest.mark.parametrize(
    ("path", "prefix", "expected"),
    [
        ("/admin", "/admin", True),
        ("/admin/", "/admin", True),
        ("/admin/x/y", "/admin", True),
        ("/admin", "/admin/", True),
        ("/admin/x", "/admin/", True),
        ("/administrators", "/admin", False),
        ("/Admin", "/admin", False),
        ("/x/admin", "/admin", False),
        ("/adm", "/admin", False),
        ("/", "/admin", False),
        ("/", "/", True),
        ("/x", "/", True),
        ("x", "/", False),
    ],
)
def test_a_path_is_under_whole_segments(path: str, prefix: str, expected: bool) -> None:
    assert bool(compile_prefixes([prefix]).match(path)) is expected


def test_the_longest_prefix_wins() -> None:
    found = compile_prefixes(["/a", "/", "/a/b.c"]).match("/a/b.c/d")
    assert found
    assert found[0] == "/a/b.c"


@pytest.mark.parametrize("path", ["/ad\xffmin/x", "/admin\xe9/x", "/%ffadmin/x"])
def test_bytes_that_are_not_utf_8_may_be_dropped_and_leave_no_normal_form(path: str) -> None:
    assert "/admin/x" in _forms(path).values
    assert _forms(path).is_complete
    assert normal_form(path) is None
    assert is_ambiguous(path)


@given(_PATHS)
@example("/x//../admin")
def test_all_forms_have_the_normal_form_of_the_path(path: str) -> None:
    normal = normal_form(path)
    if normal is not None:
        assert normal_form(normal) == normal
        assert _forms(normal) == ((normal,), True)
        assert not is_ambiguous(normal)
        assert {normal_form(form) for form in _forms(path).values} == {normal}


@given(_PATHS)
def test_finds_what_common_readers_see(path: str) -> None:
    forms = _forms(f"/{path}")
    if not forms.is_complete:
        return
    rooted = f"/{path}"
    assert rooted in forms.values
    assert re.sub("/+", "/", rooted) in forms.values
    assert unquote(rooted, "latin-1") in forms.values
    for reading in (rooted, unquote(rooted, "latin-1"), rooted.replace("\\", "/")):
        resolved = posixpath.normpath(re.sub("/+", "/", reading))
        assert resolved in {form.rstrip("/") or "/" for form in forms.values}


@given(_PATHS, _PATHS)
def test_the_forms_are_closed(path: str, script_name: str) -> None:
    forms = _forms(path, script_name)
    assert len(forms.values) <= 2 * (MAX_FORMS + 1)
    if forms.is_complete:
        for form in forms.values:
            assert set(_forms(form).values) <= set(forms.values)


@given(st.text(st.characters(max_codepoint=255)), st.text(st.characters(max_codepoint=255)))
def test_reads_every_path(path: str, script_name: str) -> None:
    forms = _forms(path, script_name)
    assert path in forms.values
    assert script_name + path in forms.values


_FLASK = Flask("paths")
_FLASK.add_url_rule("/admin", view_func=lambda **_: "admin", endpoint="admin")
_FLASK.add_url_rule("/admin/<path:rest>", view_func=lambda **_: "admin", endpoint="below")
_FLASK.add_url_rule("/<path:rest>", view_func=lambda **_: "public", endpoint="public")


@given(_PATHS | _PATHS.map("/admin".__add__) | _PATHS.map("/".__add__), st.sampled_from(["", "/zzz", "/admin", "//"]))
@example("//admin/x", "")
@example("/admin", "/zzz")
def test_finds_each_path_that_flask_routes_to_a_page(path: str, script_name: str) -> None:
    body = Call(_FLASK, PATH_INFO=path, SCRIPT_NAME=script_name).read()
    if body == b"admin":
        assert _forms(path, script_name).any(_UNDER_ADMIN)


def test_exempt_are_paths_whose_every_form_is_under_a_prefix() -> None:
    is_exempt = compile_exemptions(["/health", "/.well-known/acme-challenge/"], key="exempt")
    for path in ("/health", "/health/", "/health/live", "/.well-known/acme-challenge/x"):
        assert is_exempt({"PATH_INFO": path}), path
    for path in (
        "",
        "/",
        "/healthy",
        "//health",
        "/health/../admin",
        "/health/%2e%2e/admin",
        "/x/health",
        "/health\x00",
    ):
        assert not is_exempt({"PATH_INFO": path}), path
    assert not is_exempt({"SCRIPT_NAME": "/x", "PATH_INFO": "/health"})
    assert not compile_exemptions([], key="exempt")({"PATH_INFO": "/health"})


def test_wrong_exemptions_are_mistakes() -> None:
    with pytest.raises(ConfigError) as raised:
        compile_exemptions(["/", "health", "/a/*"], key="exempt")
    assert str(raised.value).splitlines() == [
        "exempt: invalid value '/'; expected the beginning of a path other than /",
        "exempt: invalid value 'health'; expected the beginning of a path, without wildcards; did you mean '/health'?",
        "exempt: invalid value '/a/*'; expected the beginning of a path, without wildcards; did you mean '/a'?",
    ]
