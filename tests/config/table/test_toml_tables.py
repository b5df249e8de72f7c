"""A table of tables: values by their paths, each with its place."""

from typing import Any

import pytest

from wsgistack import ConfigError, Where
from wsgistack.config.table.toml import Table

CONTENT: dict[Any, Any] = {
    "a": {"b": {"c": 1}, "d": 5, 6: {}},
    "texts": {"t": "x", "n": 1.5, "y": True, "z": None},
    7: 8,
}
LINES: dict[tuple[str | int, ...], int] = {("a",): 1, ("a", "b"): 2, ("texts",): 4, ("texts", "z"): 5}


def make() -> Table:
    return Table(CONTENT, "x.py", LINES)


def describe(made: Table) -> list[str]:
    return [str(each) for each in made.mistakes]


def test_refuses_a_key_that_is_not_text_and_ignores_it() -> None:
    made = make()
    assert made.content == {key: value for key, value in CONTENT.items() if key != 7}
    assert describe(made) == ["x.py: 7: invalid key; expected text"]


def test_finds_tables_and_reports_other_values() -> None:
    made = Table({"a": {"b": {"c": 1}, "d": 5}}, "x.py", LINES)
    assert made.get_tables("a", "{ c = 1 }") == {"b": {"c": 1}}
    assert made.get_tables("nothing", "{ c = 1 }") == {}
    assert made.get_texts({"b": "hidden"}, ("a", "b")) == {}
    assert describe(made) == [
        "x.py:1: a d: is a number; expected a table such as { c = 1 }",
        "x.py:2: a b: is text; expected a table",
    ]


def test_converts_numbers_and_booleans_to_text() -> None:
    made = make()
    made.mistakes.clear()
    assert made.get_texts(made.content, ("texts",)) == {"t": "x", "n": "1.5", "y": "true"}
    assert describe(made) == ["x.py:5: texts z: missing value; expected text"]


def test_refuses_an_unknown_key() -> None:
    made = make()
    made.mistakes.clear()
    made.check_keys(("a",), {"b": 1, "xyz": 2}, ["b"])
    assert describe(made) == ["x.py:1: a xyz: unknown key; choose from b"]


def test_refuses_a_table_with_other_keys_than_text() -> None:
    with pytest.raises(ConfigError) as caught:
        make().check_table({5: 1, "x": 2, None: 3}, ("a", "b"))
    assert [str(each) for each in caught.value.mistakes] == [
        "x.py:2: a.b 5: invalid key; expected text",
        "x.py:2: a.b None: invalid key; expected text",
    ]


def test_the_place_of_a_value_without_a_line_is_that_of_the_table_around_it() -> None:
    made = make()
    assert made.place(("a", "b", "c", 0)).where == Where("x.py", 2, "a.b.c")
    assert made.places(("a",), ["b", "x"]) == {"b": Where("x.py", 2, "a"), "x": Where("x.py", 1, "a")}
