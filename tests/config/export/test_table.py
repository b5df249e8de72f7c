"""Contents as one table."""

from pathlib import Path
from typing import Any

import pytest

from tests.config.export.layers import MODULE as LAYERS
from tests.config.export.rereading import reread, table
from tests.config.written import MODULE
from wsgistack import ConfigError
from wsgistack.config.contents import contents
from wsgistack.config.difference import differences
from wsgistack.config.export.held import toml_value
from wsgistack.config.export.table import table_of, with_common_values
from wsgistack.config.loader import Document

MAKE = f"call:{MODULE}:make_app"
MARK = f"call:{MODULE}:make_filter"


def made(document: Document) -> dict[str, Any]:
    return table_of(contents(document), toml_value)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param({"app": "a:b"}, id="an application"),
        pytest.param({"app": {"use": MAKE, "x": [1, {"y": True}]}}, id="a factory"),
        pytest.param({"app": "inner", "layers": ["gzip"], "apps": {"inner": {"app": "a:b"}}}, id="one in another"),
        pytest.param({"mounts": {"/": "x"}, "apps": {"x": {"app": "a:b", "layers": ["lint"]}}}, id="mounts"),
        pytest.param(
            {
                "app": "x",
                "layers": ["gzip"],
                "apps": {"x": {"app": "y", "layers": ["lint"]}, "y": {"app": "a:b", "layers": ["request_id"]}},
            },
            id="the largest one in another",
        ),
        pytest.param(
            {"app": "a:b", "global": {"x": "1"}, "servers": {"s": {"use": "egg:wsgistack", "port": 1}}}, id="the rest"
        ),
        pytest.param({"apps": {"main": {"app": MAKE, "global": {"x": "1"}}}}, id="main with global values of its own"),
        pytest.param(
            {
                "app": "a:b",
                "layers": [
                    {"use": "gzip", "name": "small", "minimum_size": 1, "when": {"path": "/x", "host": ["a", "b"]}},
                    {"use": "lint", "when": {"not": {"header": {"x-a": ["1", "2"]}}}},
                    {"use": f"{LAYERS}:everything", "text": "a", "options": {"use": "b", "name": "c"}},
                    {"use": f"paste.filter_factory:{MODULE}:make_filter", "mark": "m", "when": "a:b"},
                ],
            },
            id="layers",
        ),
    ],
)  # fmt: skip
def test_is_the_table_that_the_contents_came_from(content: dict[str, Any], folder: Path) -> None:
    assert made(table(content)) == content


def test_an_inner_application_without_layers_of_its_own_is_named(folder: Path) -> None:
    ini = f"[pipeline:main]\npipeline = gzip in\n[app:in]\nuse = {MAKE}\na = b\n[app:out]\nuse = in\n"
    inner = {"app": {"use": MAKE, "a": "b"}}
    assert made(reread(ini, "ini")) == {"app": "in", "layers": ["gzip"], "apps": {"in": inner, "out": inner}}


PIPELINE = (
    f"[DEFAULT]\nx = 0\n[pipeline:main]\npipeline = mark make\n[filter:mark]\nuse = {MARK}\n[app:make]\nuse = {MAKE}\n"
)


@pytest.mark.parametrize(
    ("ini", "expected", "losses"),
    [
        pytest.param(
            PIPELINE.replace("mark make", "mark make\nset x = 1"),
            {
                "main": {"app": MAKE, "layers": [{"use": MARK, "name": "mark"}], "global": {"x": "1"}},
                "make": {"app": MAKE},
            },
            [],
            id="of a pipeline",
        ),
        pytest.param(
            f"{PIPELINE}set x = 1\n",
            {
                "main": {"app": "make", "layers": [{"use": MARK, "name": "mark"}], "global": {"x": "1"}},
                "make": {"app": MAKE, "global": {"x": "1"}},
            },
            ["main: mark has the global values of the application, and not its own"],
            id="of an application",
        ),
        pytest.param(
            PIPELINE.replace("make_filter", "make_filter\nset y = 1"),
            None,
            ["main: mark has the global values of the application, and not its own"],
            id="of a layer",
        ),
        pytest.param(
            f"{PIPELINE}[server:s]\nuse = egg:wsgistack\nset y = 1\n",
            None,
            ["server s: its own global values are lost"],
            id="of a server",
        ),
        pytest.param(
            f"{PIPELINE}[filter:asked]\npaste.filter_factory = {MODULE}:make_filter\nset y = 1\n",
            None,
            ["filter asked: its own global values are lost"],
            id="of a filter that no list names",
        ),
    ],
)  # fmt: skip
def test_global_values_are_of_an_application_and_what_is_in_it(
    ini: str, expected: dict[str, Any] | None, losses: list[str], folder: Path
) -> None:
    found: list[str] = []
    target = with_common_values(contents(reread(ini, "ini")), found)
    table_made = table_of(target, toml_value)
    assert found == losses
    assert table_made["global"] == {"x": "0"}
    if expected:
        assert table_made["apps"] == expected
    assert differences(target, contents(table(table_made))) == []


def test_says_of_each_option_that_has_no_form_where_it_is(folder: Path) -> None:
    layers = ["gzip", {"use": f"{LAYERS}:loose", "a": b"", "b": None}]
    with pytest.raises(ConfigError) as caught:
        made(table({"app": "a:b", "layers": layers, "apps": {"x": {"app": "a:c", "layers": layers[1:]}}}))
    assert [str(each).partition(": has")[0] for each in caught.value.mistakes] == [
        f"stack.py: layer 2 ({LAYERS}:loose) a: is of type bytes, which TOML has not",
        f"stack.py: layer 2 ({LAYERS}:loose) b",
        f"stack.py: apps.x layer 1 ({LAYERS}:loose) a: is of type bytes, which TOML has not",
        f"stack.py: apps.x layer 1 ({LAYERS}:loose) b",
    ]
