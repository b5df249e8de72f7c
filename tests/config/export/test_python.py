"""A table as a module: what Python reads from it, and how it looks."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgistack import ConfigError
from wsgistack.config.export.python import literal, python_text
from wsgistack.config.matching import alike

LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.datetimes() | st.times()
VALUES: st.SearchStrategy[Any] = st.recursive(
    LEAVES | st.dates() | st.sets(st.text()) | st.frozensets(st.integers()),
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), VALUES, max_size=4))
def test_is_read_as_what_was_written(table: dict[str, Any]) -> None:
    names: dict[str, Any] = {}
    exec(python_text(table), names)  # noqa: S102 - as it is read
    assert alike(names["config"], table)


def test_reads_well() -> None:
    table = {"app": "a", "layers": ["gzip", {"use": "lint", "text": 'it\'s "x"', "more": "y" * 80}], "global": {"a": 1}}
    assert python_text(table) == (
        'config = {\n    "app": "a",\n    "layers": [\n        "gzip",\n        {\n            "use": "lint",\n'
        f'            "text": \'it\\\'s "x"\',\n            "more": "{"y" * 80}",\n        }},\n    ],\n'
        '    "global": {"a": 1},\n}\n'
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ((1,), "(1,)"),
        ((1, 2), "(1, 2)"),
        ({2, 1}, "set([1, 2])"),
        (frozenset(), "frozenset([])"),
        (float("nan"), 'float("nan")'),
        ("it's", '"it\'s"'),
    ],
)
def test_writes_what_is_rare(value: object, text: str) -> None:
    assert literal(value) == text


def test_writes_a_number_of_any_length() -> None:
    assert literal(16**5000) == f"0x1{'0' * 5000}"


@pytest.mark.parametrize("value", [Path("a"), [timedelta()], {"a": object}])
def test_says_what_has_no_literal(value: object) -> None:
    with pytest.raises(ConfigError, match=r"is of type \w+, which Python has no literal for"):
        literal(value)
