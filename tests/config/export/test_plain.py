"""Values as files can hold them."""

from datetime import date, timedelta
from functools import partial
from pathlib import Path

import pytest

from tests.config.export.layers import MODULE, Color, Depth
from tests.config.export.rereading import layer
from tests.config.factories import filter_app, greet, marking
from wsgistack import ConfigError
from wsgistack.config.export.plain import import_string, plain, readable, without_none
from wsgistack.config.protocols import PasteFactory


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (5, 5),
        (None, None),
        (date(2020, 1, 2), date(2020, 1, 2)),
        (Color.RED, "red"),
        (Color.DARK_BLUE, "DARK_BLUE"),
        (Depth.LOW, "LOW"),
        (Path("a/b"), "a/b"),
        (timedelta(seconds=1.5), 1.5),
        ((1, [Path("a")]), [1, ["a"]]),
        (frozenset("cab"), ["a", "b", "c"]),
        ({Color.RED: {1: None}, True: greet}, {"red": {"1": None}, "true": "tests.config.factories:greet"}),
    ],
)
def test_makes_a_value_plain(value: object, expected: object) -> None:
    assert plain(value) == expected


def test_writes_the_word_none() -> None:
    assert without_none({"a": [None, 1, {"b": None}]}) == {"a": ["none", 1, {"b": "none"}]}


def test_names_a_callable() -> None:
    assert import_string(marking) == "tests.config.factories:marking"
    assert import_string(PasteFactory("egg:a#b", filter_app, "paste.filter_app_factory")) == "egg:a#b"


def inner() -> object:
    def hidden() -> None: ...

    return hidden


@pytest.mark.parametrize(
    ("found", "name"),
    [
        pytest.param(partial(marking, mark="m"), "partial", id="partial"),
        pytest.param(lambda app: app, "<lambda>", id="lambda"),
        pytest.param(inner(), "inner.<locals>.hidden", id="function in a function"),
        pytest.param(type("marking", (), {"__module__": "tests.config.factories"}), "marking", id="namesake"),
    ],
)
def test_says_what_has_no_name(found: object, name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        import_string(found)
    assert str(caught.value) == f"{name} can't be written; expected what an import string names"


def test_takes_the_first_form_that_reads_back() -> None:
    spec = layer({"use": f"{MODULE}:everything", "number": 5})
    assert readable(spec, "number", ["x", "5", "05"], base=Path(), is_text=True) == "5"
    with pytest.raises(ConfigError, match="number: has a value that can't be written so that the same is read again"):
        readable(spec, "number", ["x", "5"], base=Path(), is_text=False)
