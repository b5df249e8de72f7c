"""Values and conditions in the words that people are shown."""

from pathlib import Path
from typing import Any

import pytest

from tests.config.factories import marking
from tests.config.typed_layers import Color
from wsgistack.conditions.parsing import normalize_condition
from wsgistack.config.words import describe_condition, describe_value


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("a b", "'a b'"),
        (True, "true"),
        (None, "none"),
        (1.5, "1.5"),
        (Path("/srv/x"), "/srv/x"),
        (Color.RED, "red"),
        (Color.DARK_BLUE, "DARK_BLUE"),
        (["a", Path("b")], "['a', b]"),
        ((1, 2), "[1, 2]"),
        (frozenset("ba"), "['a', 'b']"),
        ({"a": [Path("b")]}, "{'a': [b]}"),
        (marking, "tests.config.factories:marking"),
        ("<secret>", "<secret>"),
        (["<secret>"], "[<secret>]"),
    ],
)
def test_describes_a_value(value: object, words: str) -> None:
    assert describe_value(value) == words


@pytest.mark.parametrize(
    ("when", "parts"),
    [
        ({"path": ["/a", "/b*"]}, {"when.path": "/a, /b*"}),
        ({"path": "/a", "method": "get"}, {"when.method": "GET", "when.path": "/a"}),
        ({"not": {"path": "/a", "not": {"host": "b"}}}, {"when.not.path": "/a", "when.not.not.host": "b"}),
        (
            {"header": {"X-A": ["1", "2"], "X-B": "*"}, "environ": "KEY"},
            {"when.header.x-a": "1, 2", "when.header.x-b": "*", "when.environ": "KEY"},
        ),
        ({"not": "a.b:c", "scheme": "http"}, {"when.scheme": "http", "when.not": "a.b:c"}),
        ("a.b:c", {"when": "a.b:c"}),
        (describe_value, {"when": "wsgistack.config.words:describe_value"}),
    ],
)
def test_describes_a_condition(when: Any, parts: dict[str, str]) -> None:
    assert describe_condition(normalize_condition(when)) == parts
