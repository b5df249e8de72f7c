"""Conditions as an ini file has them: text, beside the options of the layer."""

from collections.abc import Collection

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgistack.conditions.parsing import find_setting, normalize_condition, split_conditions


def said(settings: dict[str, str], known: Collection[str], *, is_open: bool = False) -> list[str]:
    _, _, mistakes = split_conditions(settings, known, is_open=is_open)
    return [str(each) for each in mistakes]


def test_takes_conditions_out_of_a_section() -> None:
    settings = {
        "minimum_size": "10",
        "when_path": "/api/*  /v2/*,\n/api/*",
        "when": " a.b:is_debugging ",
        "when_method": "put, get",
        "when_host": "*.example.org, [::1]",
        "when_scheme": "https",
        "when_header": "X-Debug = 1*",
        "when_environ": "A B",
        "when_under": "/v3 /v4/",
        "when_not_path": "/api/health",
        "when_not_not_header": "X-A",
    }
    options, when, _ = split_conditions(settings, ["minimum_size"])
    assert options == {"minimum_size": "10"}
    assert when == {
        "scheme": ("https",),
        "method": ("PUT", "GET"),
        "host": ("*.example.org", "::1"),
        "under": ("/v3", "/v4"),
        "path": ("/api/*", "/v2/*"),
        "header": {"x-debug": ("1*",)},
        "environ": ("A", "B"),
        "not": {"path": ("/api/health",), "not": {"header": ("x-a",)}},
        "call": "a.b:is_debugging",
    }


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        pytest.param({}, None, id="none"),
        pytest.param({"when": "a.b:c"}, "a.b:c", id="function"),
        pytest.param({"when_call": "a.b:c"}, "a.b:c", id="function by its other name"),
        pytest.param({"when_not": "a.b:c"}, {"not": "a.b:c"}, id="not a function"),
        pytest.param({"when_not_call": "a.b:c"}, {"not": "a.b:c"}, id="not a function, by its other name"),
        pytest.param(
            {"when_header": "\nX-A = 1, 2\nx-b=a=b\nX-A = *3\n"},
            {"header": {"x-a": ("1, 2", "*3"), "x-b": ("a=b",)}},
            id="headers",
        ),
        pytest.param({"when_header": "X-A\nX-B"}, {"header": ("x-a", "x-b")}, id="names of headers"),
        pytest.param({"when_path": "${env:A:-/a b}/* /c"}, {"path": ("${env:A:-/a b}/*", "/c")}, id="reference"),
    ],
)
def test_reads_conditions_of_text(settings: dict[str, str], expected: object) -> None:
    assert split_conditions(settings, []) == ({}, expected, [])


def test_leaves_an_option_of_the_layer_alone() -> None:
    settings = {"when": "midnight", "when_path": "x", "whenever": "now"}
    assert split_conditions(settings, ["when", "when_path"], is_open=True) == (settings, None, [])


def test_gives_unknown_settings_to_a_layer_that_takes_any_option() -> None:
    assert split_conditions({"when_idle": "5"}, [], is_open=True) == ({"when_idle": "5"}, None, [])


@pytest.mark.parametrize("is_open", [False, True])
@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("when_pth", "when_path"),
        ("when-path", "when_path"),
        ("when_not_hots", "when_not_host"),
        ("when.host", "when_host"),
    ],
)
def test_says_which_condition_is_misspelt(key: str, meant: str, is_open: bool) -> None:
    assert said({key: "/a"}, [], is_open=is_open) == [f"{key}: unknown condition; did you mean {meant!r}?"]


def test_says_what_is_wrong_by_the_keys_of_the_section() -> None:
    settings = {
        "when": "a:b",
        "when_idle": "x",
        "when_call": "a:b",
        "when_header": "X-A = 1\nX-B",
        "when_not_header": "X_A = 1",
        "when_method": "GTE",
        "when_path": " ",
        "when_not_host": "a:1",
        "when_not": "a",
    }
    lines = said(settings, [])
    assert sorted(line.partition(":")[0] for line in lines) == sorted({*settings} - {"when"})
    assert "when_call: conflicts with 'when', which means the same; keep one of them" in lines
    assert "when_header: mixes names with and without a glob; expected name = glob on each line" in lines
    assert "when_path: is empty; expected text or a list of texts" in lines


@given(st.dictionaries(st.text() | st.from_regex(r"when(_not)*_(path|header|host|call)", fullmatch=True), st.text()))
def test_reads_any_section_or_says_what_is_wrong(settings: dict[str, str]) -> None:
    options, when, mistakes = split_conditions(settings, ["known"])
    keys = {each.key for each in mistakes} or {*settings} - {*options}
    if not mistakes:
        assert bool(keys) == (when is not None)
        assert when is None or normalize_condition(when) == when
    assert keys <= {*settings}


def test_refuses_conditions_that_are_nested_too_deep() -> None:
    key = f"when{'_not' * 5000}_path"
    assert said({key: "/a"}, []) == [f"{key}: is nested too deep"]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        pytest.param("when.path", "when_path", id="key"),
        pytest.param("when.not.header.x-a", "when_not_header", id="name in a key"),
        pytest.param("when.call", "when", id="function"),
        pytest.param("when.not.not", "when_not_not_call", id="function alone"),
        pytest.param("when.host", "when.host", id="key that is not in the section"),
        pytest.param("level", "level", id="option"),
    ],
)
def test_says_which_setting_a_mistake_is_about(key: str, expected: str) -> None:
    settings = ["level", "levels", "when_path", "when", "when_not_header", "when_not_not_call"]
    assert find_setting(key, settings) == expected
