"""Configurations in Python: a module's ``config`` as a table, with lines."""

from pathlib import Path

import pytest

from tests.config.written import MODULE, checked, greeting, said, write
from wsgistack.config.table.python import python_table

FILE = "stack.py"


def test_runs_the_module(folder: Path) -> None:
    write(
        f"""from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from {MODULE} import greet, marking

@dataclass
class Mark:
    mark: str = Path(__file__).name

def mine(app):
    return marking(app, mark=Mark().mark)

config: dict = {{
    "app": greet,
    "layers": [mine, {{"use": marking, "mark": "m"}}],
}}
""",
        FILE,
    )
    assert greeting(FILE) == "hello stack.py m"
    assert checked(FILE) == []


def test_knows_the_lines_of_what_is_written_at_once(folder: Path) -> None:
    text = """other = config = {}
config["x"] = 1
config = {
    "app": "a:b",
    "layers": [
        "gzip",
        {"use": "gzip",
         "level": 9, **other},
        *(),
    ],
    5: 6,
    other: (1,
            2),
}
"""
    table, path, lines = python_table(text.replace("other: (", '"other": ('), Path(FILE))
    assert path == Path(FILE)
    assert table["app"] == "a:b"
    assert lines == {
        ("app",): 4,
        ("layers",): 5,
        ("layers", 0): 6,
        ("layers", 1): 7,
        ("layers", 1, "use"): 7,
        ("layers", 1, "level"): 8,
        ("layers", 2): 9,
        ("other",): 12,
        ("other", 0): 12,
        ("other", 1): 13,
    }


def test_takes_any_mapping_that_is_made_in_any_way(folder: Path) -> None:
    write(f"from types import MappingProxyType as M\nconfig = M({{'app': '{MODULE}:greet'}})\n", FILE)
    assert greeting(FILE) == "hello"
    write(f"config = {{}}\nconfig['app'] = '{MODULE}:gret'\n", FILE)
    assert said(FILE) == [f"stack.py: app: module '{MODULE}' has no attribute 'gret'; did you mean 'greet'?"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("confg = {}", ": config: is missing; expected a dict; did you mean 'confg'?", id="misspelt"),
        pytest.param("x = {}", ": config: is missing; expected a dict", id="missing"),
        pytest.param("config = ['hidden']", ": config: is of type list; expected a dict", id="list"),
        pytest.param("config = {\n  'app': 5,", ":1: SyntaxError: '{' was never closed", id="syntax"),
        pytest.param("x = 1\n1 / 0\n", ":2: ZeroDivisionError: division by zero", id="raises"),
        pytest.param("def f():\n  raise OSError\nf()\n", ":2: OSError", id="raises in a function"),
        pytest.param("import json\n\njson.loads('')\n", ":3: JSONDecodeError: Expecting", id="raises elsewhere"),
        pytest.param("def f(): f()\nf()\n", ":1: RecursionError: ", id="recursion"),
        pytest.param("raise SystemExit(3)", ":1: SystemExit: 3", id="exits"),
        pytest.param("import qqqqq", ":1: ModuleNotFoundError: No module named 'qqqqq'", id="imports nothing"),
        pytest.param("x = " + "(" * 5000, ":1: SyntaxError: too many nested", id="too deep"),
    ],
)
def test_says_why_there_is_no_table(text: str, expected: str, folder: Path) -> None:
    write(text, FILE)
    (found,) = said(FILE)
    assert found.startswith(f"stack.py{expected}")
    assert "hidden" not in found


def test_says_that_a_key_is_written_twice(folder: Path) -> None:
    write("config = {'app': 1, 'app': {'use': 2,\n'use': 3},\n 'layers': [{'use': 1, 'use': 2}]}", FILE)
    assert said(FILE) == [
        "stack.py:1: app: set a second time, after line 1",
        "stack.py:2: app.use: set a second time, after line 1",
        "stack.py:3: layers.0.use: set a second time, after line 3",
    ]


def test_lets_an_interruption_through(folder: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        python_table("raise KeyboardInterrupt", Path(FILE))
