"""TOML: a text as a table, and the mistakes of other texts."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgistack import ConfigError, config
from wsgistack.config import open_document
from wsgistack.config.table.toml import read_toml

FILE = "stack.toml"


def test_reads_a_table() -> None:
    assert read_toml("a = 1\n[b]\nc = [2]", Path(FILE)) == {"a": 1, "b": {"c": [2]}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "a = 1\nlayers = [\n", ":2: invalid TOML: Invalid value; write a value, or close the list", id="unfinished"
        ),
        pytest.param("a = b:c\n", ":1: invalid TOML: Invalid value; write text in quotes", id="no quotes"),
        pytest.param(
            "\n; x\n", ":2: invalid TOML: Invalid statement; a comment begins with #", id="comment of an ini file"
        ),
        pytest.param("a = 1\nb\n", ":2: invalid TOML: Expected '=' after a key in a key/value pair", id="no value"),
        pytest.param("x = " + "9" * 5000, ": invalid TOML: Exceeds the limit", id="number that is too long"),
        pytest.param("x = " + "[" * 5000, ": invalid TOML: ", id="list that is too deep"),
    ],
)
def test_reports_mistakes(text: str, expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_toml(text, Path(FILE))
    assert str(caught.value).startswith(f"{FILE}{expected}")
    assert len(caught.value.mistakes) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a = 1\nb = 2\na = 3\nb = 1\n", "3: a: duplicate key; first set on line 1", id="key"),
        pytest.param('a = 1\na = """\n\n"""\n', "2: a: duplicate key; first set on line 1", id="text of some lines"),
        pytest.param("[a]\r\nb = 1\r\n[a.b]\r\n", "3: a.b: duplicate key; first set on line 2", id="table over a key"),
        pytest.param("a = 1\n[a.b]", "2: a: duplicate key; first set on line 1", id="table below a key"),
        pytest.param("a = 1\na.b = 2", "2: a: duplicate key; first set on line 1", id="key below a key"),
        pytest.param("[x.a]\n[x]\na.b = 2", "3: x.a: duplicate key; first set on line 1", id="key below a table"),
        pytest.param("[b]\n[a.c]\n[b]\n", "3: b: duplicate key; first set on line 1", id="table"),
        pytest.param("[a]\n[[a]]\n", "2: a: duplicate key; first set on line 1", id="list of tables over a table"),
        pytest.param("[[a]]\n[[a]]\n[a]\n", "3: a: duplicate key; first set on line 1", id="table over a list of them"),
        pytest.param("layers = [1]\n[[layers]]\n", "2: layers: duplicate key; first set on line 1", id="list"),
        pytest.param("[[a]]\n[[a]]\nx = 1\nx = 1", "4: a.1.x: duplicate key; first set on line 3", id="in an item"),
        pytest.param("a = {b = 1, b = {c = 2}, d = 3}", "1: a.b: duplicate key; first set on line 1", id="in one line"),
        pytest.param("a = [\n{b = 1, b = 2}]\n", "2: a.0.b: duplicate key; first set on line 2", id="in a list"),
        pytest.param(
            "a.b = 1\n[a]\n",
            "2: invalid TOML: Cannot declare ('a',) twice; this key or table is already set above",
            id="table of keys with dots",
        ),
    ],
)
def test_reports_both_lines_of_a_duplicate(text: str, expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_toml(text, Path(FILE))
    assert str(caught.value) == f"{FILE}:{expected}"


VALUES = st.recursive(
    st.sampled_from(
        ["1", "-0.5", "true", "''", '"gzip"', '"request_id"', '"json:dumps"', "1979-05-27", "nan", '"\\u0000"']
    ),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.dictionaries(st.sampled_from(["use", "name", "level", "users"]), inner, max_size=3).map(
            lambda table: f"{{ {', '.join(f'{key} = {value}' for key, value in table.items())} }}"
        )
    ),
    max_leaves=8,
)


@given(st.builds("app = {}\nlayers = {}\n{}".format, VALUES, VALUES, st.text(max_size=9)) | st.text())
def test_reports_any_wrong_text_as_mistakes(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzzed" / FILE
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(path.parent)
        try:
            mistakes = config.find_mistakes(open_document(path))
        except ConfigError as error:
            mistakes = [*error.mistakes]
    assert all(each.where.file for each in mistakes)
