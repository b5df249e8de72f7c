"""A table as TOML: what tomllib reads from it, and how it looks."""

import tomllib
from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgistack import ConfigError
from wsgistack.config.export.toml import inline, toml_text
from wsgistack.config.matching import alike

TEXTS = st.text(st.characters(codec="utf-8"))
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.booleans() | st.integers() | st.floats() | TEXTS | st.dates() | st.datetimes() | st.times(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(TEXTS, VALUES, max_size=4))
def test_is_read_as_what_was_written(table: dict[str, Any]) -> None:
    assert alike(tomllib.loads(toml_text(table)), table)


@given(VALUES)
def test_writes_any_value_in_one_line(value: Any) -> None:
    assert alike(tomllib.loads(f"value = {inline(value)}"), {"value": value})


def test_reads_well() -> None:
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
    assert toml_text(table) == (
        'app = { use = "call:shop:make", owner = "Ada" }\n'
        'layers = [\n    "gzip",\n    { use = "lint" },\n]\n'
        f'\n[apps."a b"]\nmounts = {{ "/" = "x" }}\nlayers = [\n{names}]\n'
        f'\n[apps.c.app]\nuse = "{"x" * 100}"\nn = 1\n'
        '\n[logging.root]\nlevel = "INFO"\n'
        '\n[logging.handlers]\ni = { class = "y" }\n'
        '\n[logging.handlers.h]\nclass = "x"\nmore = { a = 1 }\n'
        "\n[empty]\n"
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (float("-inf"), "-inf"),
        ('a"\\\n\x00\x7fé', '"a\\"\\\\\\n\\u0000\\u007Fé"'),
        (datetime(2020, 1, 2, 3, tzinfo=UTC), "2020-01-02T03:00:00+00:00"),
        (date(2020, 1, 2), "2020-01-02"),
        (time(3, 4), "03:04:00"),
        ({}, "{}"),
        ([], "[]"),
    ],
)
def test_writes_what_is_rare(value: object, text: str) -> None:
    assert inline(value) == text


def test_writes_a_number_of_any_length() -> None:
    assert inline([16**5000]) == f"[0x1{'0' * 5000}]"


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (None, "a.b c: is of type NoneType, which TOML has not"),
        ([{"x": b""}], "a.b c: is of type bytes, which TOML has not"),
        ("\udc80", "a.b c: is a text that is not UTF-8"),
    ],
)
def test_says_where_something_is_that_it_has_not(value: object, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        toml_text({"a": {"b c": value, "d": 1}})
    assert str(caught.value) == problem
    with pytest.raises(ConfigError) as caught:
        toml_text({"apps": {"x": {"app": {"use": value}}}})
    assert str(caught.value) == problem.replace("a.b c", "apps.x.app")
