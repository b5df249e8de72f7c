"""Contents as an ini file."""

from pathlib import Path
from typing import Any

import pytest

from tests.config.export.layers import MODULE as LAYERS
from tests.config.export.rereading import reread, table
from tests.config.written import MODULE
from wsgistack import ConfigError
from wsgistack.config.contents import contents
from wsgistack.config.difference import differences
from wsgistack.config.export.ini import ini_text
from wsgistack.config.export.portable import edited
from wsgistack.config.export.texts import flattened

MAKE = f"call:{MODULE}:make_app"
COMPOSITE = f"paste.composite_factory:{MODULE}:make_app"
SERVER = f"paste.server_runner:{MODULE}:make_app"
MADE = COMPOSITE.replace("factory:", "factory = ")
MARK = f"call:{MODULE}:make_filter"
FILTER = f"paste.filter_factory:{MODULE}:make_filter"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        pytest.param({"app": "a:b"}, "[app:main]\nuse = a:b\n", id="an application"),
        pytest.param({"app": "a:b", "layers": ["gzip"]}, "[pipeline:main]\npipeline = gzip a:b\n", id="a layer"),
        pytest.param(
            {"app": {"use": MAKE, "x": 1, "y": True, "z": "50%"}, "layers": ["gzip"]},
            f"[pipeline:main]\npipeline = gzip main-app\n\n[app:main-app]\nuse = {MAKE}\nx = 1\ny = true\nz = 50%%\n",
            id="options",
        ),
        pytest.param(
            {"app": COMPOSITE, "layers": ["gzip"], "apps": {"main-app": {"app": "a:b"}}},
            f"[pipeline:main]\npipeline = gzip main-app-app\n\n[composite:main-app-app]\n{MADE}\n"
            "\n[app:main-app]\nuse = a:b\n",
            id="a name that is taken",
        ),
        pytest.param(
            {"app": "x", "layers": ["gzip"], "apps": {"x": {"mounts": {"/": "y"}}, "y": {"app": COMPOSITE}}},
            "[pipeline:main]\npipeline = gzip x\n\n[composite:x]\nuse = egg:wsgistack#mount\n/ = y\n"
            f"\n[composite:y]\n{MADE}\n",
            id="composites",
        ),
        pytest.param(
            {"app": "x y", "layers": ["gzip"], "apps": {"x y": {"app": COMPOSITE, "layers": ["lint"]}}},
            f"[pipeline:main]\npipeline = gzip lint main-app\n\n[composite:main-app]\n{MADE}\n"
            f"\n[pipeline:x y]\npipeline = lint x-y-app\n\n[composite:x-y-app]\n{MADE}\n",
            id="a name with a blank",
        ),
        pytest.param(
            {
                "app": "a:b",
                "layers": [
                    {"use": "gzip", "level": 9, "when": {"not": {"path": ["/a", "/b"]}}},
                    {"use": "basic_auth", "name": "demo", "users": {"a": "${env:A}", "b": "${env:B}"}, "when": "a:b"},
                    {"use": FILTER, "name": "x", "mark": "m"},
                ],
            },
            "[pipeline:main]\npipeline = gzip demo x a:b\n"
            "\n[filter:gzip]\nuse = gzip\nwhen_not_path = /a /b\nlevel = 9\n"
            "\n[filter:demo]\nuse = basic_auth\nwhen = a:b\nusers =\n    a = ${env:A}\n    b = ${env:B}\n"
            f"\n[filter:x]\npaste.filter_factory = {MODULE}:make_filter\nmark = m\n",
            id="layers",
        ),
        pytest.param(
            {
                "apps": {"main": {"app": MAKE, "layers": [MARK], "global": {"y": "2"}}},
                "global": {"x": "1%"},
                "servers": {"s": {"use": SERVER, "port": 1}},
            },
            f"[DEFAULT]\nx = 1%%\n\n[pipeline:main]\npipeline = {MARK} main-app\n"
            f"\n[filter:{MARK}]\nuse = {MARK}\nset y = 2\n\n[app:main-app]\nuse = {MAKE}\nset y = 2\n"
            f"\n[server:s]\npaste.server_runner = {MODULE}:make_app\nport = 1\n",
            id="global values and servers",
        ),
    ],
)  # fmt: skip
def test_reads_well_and_is_read_as_the_same(content: dict[str, Any], text: str, folder: Path) -> None:
    found = edited(contents(table(content)), flattened)
    written = ini_text(found)
    assert written == text
    changed = differences(found, contents(reread(written, "ini")))
    assert [line for line in changed if not line.startswith("+ application")] == []


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param({"app": {"use": MAKE, "x": [1]}}, "stack.py: app x: is of type list; expected text", id="a list"),
        pytest.param({"app": {"use": MAKE, "x": " 1"}}, "stack.py: app x: has a value that can't stand", id="a blank"),
        pytest.param({"global": {"a=b": "1"}}, "stack.py: a=b: has a value that can't stand in an ini", id="a name"),
        pytest.param(
            {"layers": [{"use": "access_log", "format": "a\n"}]},
            "stack.py: layer 1 (access_log) format: has a value that can't be written so that",
            id="an option",
        ),
        pytest.param(
            {"layers": [{"use": f"{LAYERS}:everything", "options": {"use": "x"}}]},
            f"stack.py: layer 1 ({LAYERS}:everything) use: can't stand in an ini file: it has another meaning there",
            id="the name of an option",
        ),
        pytest.param(
            {"layers": [{"use": f"{LAYERS}:loose", "set x": "x"}]},
            f"stack.py: layer 1 ({LAYERS}:loose) set x: can't stand in an ini file: it has another meaning there",
            id="the name of a setting",
        ),
        pytest.param(
            {"layers": [{"use": "gzip", "when": {"path": "/a b"}}]},
            "stack.py: layer 1 (gzip) when_path: cannot be written as text; expected globs without spaces",
            id="a condition",
        ),
    ],
)
def test_says_what_an_ini_file_can_not_hold(content: dict[str, Any], problem: str, folder: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        ini_text(contents(table({"app": "a:b", **content})))
    (mistake,) = caught.value.mistakes
    assert str(mistake).startswith(problem)
