"""Options of layers in the form that a table has for them."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.config.export.layers import MODULE, Color, condition
from tests.config.export.rereading import holding, layer
from wsgistack import ConfigError
from wsgistack.config.export.held import python_value, toml_value

EVERYTHING = f"{MODULE}:everything"
LOOSE = f"{MODULE}:loose"


@pytest.mark.parametrize(
    ("option", "given", "in_toml", "in_python"),
    [
        pytest.param("number", None, "none", None, id="none"),
        pytest.param("nested", {"a": [None]}, {"a": ["none"]}, {"a": [None]}, id="none within"),
        pytest.param("file", "a/b", "a/b", "a/b", id="path in the folder"),
        pytest.param("files", ["/etc/x", "y"], ["/etc/x", "y"], ["/etc/x", "y"], id="path elsewhere"),
        pytest.param("color", Color.DARK_BLUE, "DARK_BLUE", "DARK_BLUE", id="Enum"),
        pytest.param("hook", condition, f"{MODULE}:condition", f"{MODULE}:condition", id="callable"),
        pytest.param("tags", ["b", "a"], ["a", "b"], ["a", "b"], id="set"),
        pytest.param("pair", ["a", 1], ["a", 1], ["a", 1], id="tuple"),
        pytest.param("words", ("${env:A}", "b"), ["${env:A}", "b"], ["${env:A}", "b"], id="references"),
    ],
)
def test_takes_what_reads_well(option: str, given: object, in_toml: object, in_python: object, folder: Path) -> None:
    item = {"use": EVERYTHING, option: given}
    assert toml_value(holding(), layer(item), option) == in_toml
    assert python_value(holding(), layer(item), option) == in_python


@pytest.mark.parametrize("given", [(1, 2), None, b"bytes", {1: 2}, frozenset("ab")])
def test_takes_what_python_alone_can_write(given: object, folder: Path) -> None:
    spec = layer({"use": LOOSE, "any": given})
    assert python_value(holding(), spec, "any") == given
    with pytest.raises(ConfigError, match=r"^(any: has a value that can't be|is of type bytes, which TOML has not)"):
        toml_value(holding(), spec, "any")


@pytest.mark.parametrize("given", [Path("a"), Color.RED, condition, timedelta(1), [object()]])
def test_refuses_what_no_literal_gives(given: Any, folder: Path) -> None:
    with pytest.raises(ConfigError, match="any: has a value that can't be written so that the same is read again"):
        python_value(holding(), layer({"use": LOOSE, "any": given}), "any")
