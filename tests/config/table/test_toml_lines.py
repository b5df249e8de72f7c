"""The lines of the keys in TOML."""

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path as File
from random import Random
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wsgistack import ConfigError
from wsgistack.config.table.toml import KeyPath as Path
from wsgistack.config.table.toml import find_lines, read_toml

KEYS = st.sampled_from(["a", "b", "c-1", "2", "é]", 'q"', "x.y", "#", "", "tab\t", "'"])
SCALARS = st.sampled_from(
    [
        *[
            "1",
            "-0.5e3",
            "true",
            "nan",
            "1979-05-27 07:32:00.5",
            "1979-05-27 07:32:00-07:00",
            '""',
            "''",
            '"a # ] \\" ="',
            "'\\'",
            '"""a"""',
        ],
        *['"""\n[x]\ny = 1 \\""" \\\n  ""\'#""""', "'''\n[[x]]\n'' , \n''''"],
    ]
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=12
)
Table = dict[str, Any]


class Writer:
    """Writes a document in a layout that chance chooses, and keeps the line of everything."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.text = ""
        self.lines: dict[Path, int] = {}

    def put(self, *texts: str) -> None:
        self.text += "".join(texts)

    def mark(self, path: Path) -> None:
        for end in range(1, len(path) + 1):
            self.lines.setdefault(path[:end], self.text.count("\n") + 1)

    def chance(self) -> bool:
        return self.random.random() < 0.4

    def space(self) -> str:
        return self.random.choice(["", "", " ", "\t "])

    def gap(self) -> str:
        return self.random.choice(["", " ", "\n", " # ] [b] ''' \"\n", "\n\n\t"])

    def keys(self, names: Path) -> str:
        return f"{self.space()}.{self.space()}".join(self.key(str(name)) for name in names)

    def key(self, name: str) -> str:
        if name.replace("-", "").isalnum() and name.isascii() and self.chance():
            return name
        return f"'{name}'" if "'" not in name and self.chance() else json.dumps(name, ensure_ascii=self.chance())

    def table(self, table: Table, path: Path = (), names: Path = (), brackets: str = "") -> None:
        apart = {name: value for name, value in table.items() if tables_of(value) and self.chance()}
        here = {name: value for name, value in table.items() if name not in apart}
        if brackets == "[[" or (brackets and (here or not table or self.chance())):
            self.mark(path)
            closing = brackets.replace("[", "]")
            self.put(self.space(), brackets, self.space(), self.keys(names), self.space(), closing, self.space(), "\n")
        for name, whole in here.items():
            for inner, dotted, value in self.flat(whole, (name,), (name,)):
                self.put(self.space())
                self.pair(value, (*path, *inner), dotted)
                self.put(self.random.choice(["\n", "  # = [\n", "\n\n"]))
        for name, value in apart.items():
            if isinstance(value, dict):
                self.table(value, (*path, name), (*names, name), "[")
                continue
            for number, element in enumerate(value):
                self.table(element, (*path, name, number), (*names, name), "[[")

    def flat(self, value: object, path: Path, names: Path) -> Iterator[tuple[Path, Path, object]]:
        if value and isinstance(value, dict) and self.chance():
            for name, item in value.items():
                yield from self.flat(item, (*path, name), (*names, name))
        else:
            yield path, names, value

    def pair(self, value: object, path: Path, names: Path) -> None:
        self.mark(path)
        self.put(self.keys(names), self.space(), "=", self.space())
        self.value(value, path)

    def value(self, value: object, path: Path) -> None:
        if isinstance(value, list):
            self.put("[", self.gap())
            for number, item in enumerate(value):
                self.mark((*path, number))
                self.value(item, (*path, number))
                comma = "," if number + 1 < len(value) or self.chance() else ""
                self.put(self.gap(), comma, self.gap())
            self.put("]")
        elif isinstance(value, dict):
            pairs = [each for name in value for each in self.flat(value[name], (*path, name), (name,))]
            self.put("{", self.space())
            for number, (inner, names, item) in enumerate(pairs):
                self.put("," if number else "", self.space())
                self.pair(item, inner, names)
                self.put(self.space())
            self.put("}")
        else:
            self.put(str(value))


def tables_of(value: object) -> bool:
    """Whether it can be written under headers."""
    return isinstance(value, dict) or bool(
        value and isinstance(value, list) and all(isinstance(each, dict) for each in value)
    )


def paths(value: object, path: Path = ()) -> Iterator[Path]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in pairs:
        yield (*path, name)
        yield from paths(inner, (*path, name))


@given(st.dictionaries(KEYS, VALUES, max_size=4), st.randoms(use_true_random=False), st.sampled_from(["\n", "\r\n"]))
def test_finds_the_line_of_each_table_item_and_key(table: Table, random: Random, end: str) -> None:
    writer = Writer(random)
    writer.table(table)
    text = writer.text.replace("\n", end)
    assert find_lines(text) == writer.lines
    assert set(writer.lines) == set(paths(tomllib.loads(text)))


def test_finds_the_lines_of_a_configuration() -> None:
    text = """# one
app = "x # ]" # [no]

[[layers]]
use = 'a' # ] [b]
[layers.when]
path = [ "/api", # seven
  "/b",
  { x = 1, y.z = [
     1979-05-27 07:32:00, 3 ] },
]
[[layers]]
minimum_size = 6
  [ apps . "bl]og" ]
app = 1.5e3
[apps]
x.y = 1
x.z = 2
"""
    assert find_lines(text) == {
        ("app",): 2,
        ("layers",): 4,
        ("layers", 0): 4,
        ("layers", 0, "use"): 5,
        ("layers", 0, "when"): 6,
        ("layers", 0, "when", "path"): 7,
        ("layers", 0, "when", "path", 0): 7,
        ("layers", 0, "when", "path", 1): 8,
        ("layers", 0, "when", "path", 2): 9,
        ("layers", 0, "when", "path", 2, "x"): 9,
        ("layers", 0, "when", "path", 2, "y"): 9,
        ("layers", 0, "when", "path", 2, "y", "z"): 9,
        ("layers", 0, "when", "path", 2, "y", "z", 0): 10,
        ("layers", 0, "when", "path", 2, "y", "z", 1): 10,
        ("layers", 1): 12,
        ("layers", 1, "minimum_size"): 13,
        ("apps",): 16,
        ("apps", "bl]og"): 14,
        ("apps", "bl]og", "app"): 15,
        ("apps", "x"): 17,
        ("apps", "x", "y"): 17,
        ("apps", "x", "z"): 18,
    }


LINES = st.sampled_from(
    ["[a]", "[a.b]", "[[a]]", "[[a.b]]", "[b.a.a]", "a = 1", "a.b = 1", "b = { a = 1 }", "a = [{ b = 2 }]", "b.a.a = 1"]
)


@given(st.lists(LINES, max_size=6).map("\n".join) | st.text("ab.=,[]{}\"'#\\\n\r \t") | st.text())
@example("[a]\nb.c = 1\n[a.b.d]")
def test_finds_a_line_of_everything_or_reports_a_mistake(text: str) -> None:
    try:
        document = read_toml(text, File("x.toml"))
    except ConfigError:
        with pytest.raises((tomllib.TOMLDecodeError, RecursionError)):
            tomllib.loads(text)
    else:
        assert set(find_lines(text)) == set(paths(document))
