"""A table as TOML: tomllib reads the same table, and the text is easy to read."""

import tomllib
from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgistack.config.contents import is_same_value
from wsgistack.config.export import format_toml, format_value

TEXTS = st.text(st.characters(codec="utf-8"))
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.booleans() | st.integers() | st.floats() | TEXTS | st.dates() | st.datetimes() | st.times(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(TEXTS, VALUES, max_size=4))
def test_tomllib_reads_the_same_table(table: dict[str, Any]) -> None:
    assert is_same_value(tomllib.loads(format_toml(table)), table)


@given(VALUES)
def test_tomllib_reads_the_same_value_from_one_line(value: Any) -> None:
    assert is_same_value(tomllib.loads(f"value = {format_value(value)}"), {"value": value})


def test_the_text_is_easy_to_read() -> None:
    table = {
        "app": {"use": "call:shop:make", "owner": "Ada"},
        "layers": ["gzip", {"use": "lint"}],
        "apps": {"a b": {"mounts": {"/": "x"}, "layers": ["gzip"] * 20}, "c": {"app": {"use": "x" * 100, "n": 1}}},
        "logging": {
            "root": {"level": "INFO"},
            "handlers": {"h": {"class": "x", "more": {"a": 1}}, "i": {"class": "y"}},
        },
        "empty": {},
    }
    names = '    "gzip",\n' * 20
    assert format_toml(table) == (
        'layers = [\n    "gzip",\n    { use = "lint" },\n]\n'
        '\n[app]\nuse = "call:shop:make"\nowner = "Ada"\n'
        f'\n[apps."a b"]\nlayers = [\n{names}]\n'
        '\n[apps."a b".mounts]\n"/" = "x"\n'
        f'\n[apps.c.app]\nuse = "{"x" * 100}"\nn = 1\n'
        '\n[logging.root]\nlevel = "INFO"\n'
        '\n[logging.handlers.h]\nclass = "x"\n'
        "\n[logging.handlers.h.more]\na = 1\n"
        '\n[logging.handlers.i]\nclass = "y"\n'
        "\n[empty]\n"
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (float("-inf"), "-inf"),
        ('a"\\\n\x00\x7fé', '"a\\"\\\\\\n\\u0000\\u007fé"'),
        (datetime(2020, 1, 2, 3, tzinfo=UTC), "2020-01-02T03:00:00+00:00"),
        (date(2020, 1, 2), "2020-01-02"),
        (time(3, 4), "03:04:00"),
        ({}, "{  }"),
        ([], "[]"),
    ],
)
def test_writes_rare_values(value: object, text: str) -> None:
    assert format_value(value) == text
