"""A table of tables: values by their paths, each with its place."""

from typing import Any

import pytest

from wsgistack import ConfigError, Where
from wsgistack.config.table.tree import Tree

CONTENT: dict[Any, Any] = {
    "a": {"b": {"c": 1}, "d": 5, 6: {}},
    "texts": {"t": "x", "n": 1.5, "y": True, "z": None},
    7: 8,
}
LINES: dict[tuple[str | int, ...], int] = {("a",): 1, ("a", "b"): 2, ("texts",): 4, ("texts", "z"): 5}


def tree() -> Tree:
    return Tree(CONTENT, "x.py", LINES)


def said(made: Tree) -> list[str]:
    return [str(each) for each in made.mistakes]


def test_refuses_keys_that_are_no_text_and_goes_on_without_them() -> None:
    made = tree()
    assert made.content == {key: value for key, value in CONTENT.items() if key != 7}
    assert said(made) == ["x.py: 7: a key is of type int; expected text"]


def test_fills_in_references_in_names() -> None:
    made, where = tree(), Where("x.py", 1)
    assert made.name("${env:UNSET_NAME:-b}", "a", where, None) == "b"
    assert made.name(made, "a", where, None) is made
    with pytest.raises(ConfigError, match=r"^x\.py:1: a: environment variable UNSET_NAME is not set"):
        made.name("${env:UNSET_NAME}", "a", where, None)


def test_gives_tables_and_says_what_is_none() -> None:
    made = Tree({"a": {"b": {"c": 1}, "d": 5}}, "x.py", LINES)
    assert made.tables("a") == {"b": {"c": 1}}
    assert made.tables("nothing") == {}
    assert made.table(made.content, ("a",)) == {"b": {"c": 1}, "d": 5}
    assert made.table({"b": "hidden"}, ("a", "b")) == {}
    assert said(made) == [
        "x.py:1: a d: is of type int; expected a table",
        "x.py:2: a b: is of type str; expected a table",
    ]


def test_gives_numbers_and_truths_as_text() -> None:
    made = tree()
    made.mistakes.clear()
    assert made.texts(made.content, ("texts",)) == {"t": "x", "n": "1.5", "y": "true"}
    assert said(made) == ["x.py:5: texts z: is missing; expected text"]


def test_refuses_keys_that_a_table_can_not_have() -> None:
    made = tree()
    made.mistakes.clear()
    made.know(("a",), {"b": 1, "xyz": 2}, ["b"])
    assert said(made) == ["x.py:1: a xyz: no such key; choose from b"]


def test_a_table_has_names_as_keys() -> None:
    with pytest.raises(ConfigError) as caught:
        tree().named({5: 1, "x": 2, None: 3}, ("a", "b"))
    assert [str(each) for each in caught.value.mistakes] == [
        "x.py:2: a.b 5: a key is of type int; expected text",
        "x.py:2: a.b None: a key is missing; expected text",
    ]


def test_a_place_is_that_of_what_is_around_where_its_own_is_not_known() -> None:
    made = tree()
    assert made.where(("a", "b", "c", 0)) == Where("x.py", 2, "a.b.c")
    assert made.places(("a",), ["b", "x"]) == {"b": Where("x.py", 2, "a"), "x": Where("x.py", 1, "a")}
    assert made.where(()) == Where("x.py")
