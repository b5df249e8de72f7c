"""Values as the text of an ini file."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.config.export.layers import MODULE, TEXTS, Color
from tests.config.export.rereading import holding, layer
from wsgistack import ConfigError
from wsgistack.config.export.texts import flattened, option_text, setting, with_texts
from wsgistack.config.parts import Application
from wsgistack.config.paste.ini import interpolate, parse

EVERYTHING = f"{MODULE}:everything"


@given(st.sampled_from(["key", "a b", "/x"]) | TEXTS, TEXTS)
def test_a_setting_is_read_as_it_was_or_refused(key: str, text: str) -> None:
    try:
        written = setting(key, text)
    except ConfigError:
        return
    sections, mistakes = parse(f"[x]\nfirst = 1\n{written}\n[y]\nlast = 1\n", "")
    assert mistakes == []
    assert list(sections) == ["x", "y"]
    assert {name: interpolate(each.value, {}) for name, each in sections["x"].settings.items()} in (
        {"first": "1", key: text},
        {"first": text},
    )


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a", "k = a"),
        ("", "k ="),
        ("50%", "k = 50%%"),
        ("a\n\nb", "k = a\n\n    b"),
        ("\na = 1", "k =\n    a = 1"),
    ],
)
def test_writes_a_setting(text: str, written: str) -> None:
    assert setting("k", text) == written


@pytest.mark.parametrize("text", [" a", "a\n", "a\n# b", "a\n b", "\x1f", "a\rb"])
def test_refuses_what_would_be_read_as_something_else(text: str) -> None:
    with pytest.raises(ConfigError, match=r"^k: has a value that can't stand in an ini file$"):
        setting("k", text)


@pytest.mark.parametrize(
    ("option", "given", "text"),
    [
        ("number", None, "none"),
        ("flag", True, "true"),
        ("file", "a b/c", "a b/c"),
        ("file", "/etc/x", "/etc/x"),
        ("words", ["a", "b"], "a b"),
        ("words", ["a b", "c,d", "\n", "é"], '["a b", "c,d", "\\n", "é"]'),
        ("words", ["[a]"], '["[a]"]'),
        ("words", [], ""),
        ("numbers", [], "[]"),
        ("numbers", [1, 2], "1 2"),
        ("by_color", {Color.RED: 1.5, Color.DARK_BLUE: 2}, "\nred = 1.5\nDARK_BLUE = 2.0"),
        ("pairs", {}, ""),
        ("counts", {}, "{}"),
        ("pairs", {"a=b": " c"}, '{ "a=b" = " c" }'),
        ("nested", {"a": ["b", None]}, '{ a = ["b", "none"] }'),
        ("text", "${env:A} %", "${env:A} %"),
    ],
)
def test_takes_the_form_that_reads_well(option: str, given: Any, text: str, folder: Path) -> None:
    assert option_text(holding(), layer({"use": EVERYTHING, option: given}), option) == text


@pytest.mark.parametrize(
    ("option", "given"),
    [("maybe", "1 "), ("maybe", ""), ("text", "a\n"), ("hook", "json:dumps"), ("any", 1), ("any", [b""])],
)
def test_refuses_an_option_that_has_none(option: str, given: Any, folder: Path) -> None:
    spec = layer({"use": f"{MODULE}:loose" if option == "any" else EVERYTHING, option: given})
    if option == "hook":
        assert option_text(holding(), spec, option) == "json:dumps"
        return
    with pytest.raises(ConfigError, match=rf"^{option}: has a value that can't be written so that the same is read"):
        option_text(holding(), spec, option)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        pytest.param({"words": ["${env:A}", "b"]}, "${env:A} b", id="words"),
        pytest.param({"words": ["${env:A:-x y}", "b"]}, '["${env:A:-x y}", "b"]', id="default with a blank"),
        pytest.param({"pairs": {"a": "${env:A}", "b": "c"}}, "\na = ${env:A}\nb = c", id="mapping"),
        pytest.param({"pairs": {"a": "${file:x}\n y"}}, '{ a = "${file:x}\\n y" }', id="mapping with a newline"),
        pytest.param({"numbers": ["${env:A}", 2]}, "${env:A} 2", id="numbers"),
        pytest.param({"nested": {"a": ["${env:A}", None]}}, '{ a = ["${env:A}", "none"] }', id="lists in a mapping"),
        pytest.param({"text": "${env:A}"}, "${env:A}", id="text"),
    ],
)
def test_flattens_lists_and_mappings_with_references(given: dict[str, Any], text: str, folder: Path) -> None:
    spec = layer({"use": EVERYTHING, **given})
    assert [*flattened(spec).options.values()] == [text]


@pytest.mark.parametrize(
    "item",
    [
        pytest.param({"use": f"{MODULE}:loose", "any": ["${env:A}"]}, id="a list for which there is no type"),
        pytest.param({"use": EVERYTHING, "maybe": ["${env:A}"]}, id="a list where none can be"),
        pytest.param({"use": EVERYTHING, "nested": {"a": ["${env:A}", b""]}}, id="what TOML has not"),
    ],
)
def test_refuses_to_flatten_what_would_be_read_as_something_else(item: dict[str, Any], folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"^\w+: has a value that can't stand in an ini file$"):
        flattened(layer(item))


def test_says_which_options_of_an_application_become_text(folder: Path) -> None:
    losses: list[str] = []
    made = with_texts(Application("a:b", {"a": True, "b": 1, "c": "x", "d": [1]}), losses)
    assert made.options == {"a": "true", "b": "1", "c": "x", "d": [1]}
    assert losses == [f"a:b {key}: becomes text, for its factory to convert" for key in "ab"]
