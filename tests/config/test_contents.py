"""Everything that a configuration describes, read at once."""

from pathlib import Path
from typing import cast

import pytest

from tests.config.written import GREET, MADE, MARK, MODULE, write
from wsgistack import ConfigError
from wsgistack.config import open_document
from wsgistack.config.contents import Contents, drop_file_keys, is_composite, read_contents
from wsgistack.config.parts import Application

INI = (
    "[DEFAULT]\nsite = here\n"
    "[pipeline:main]\npipeline = gzip inner\n[pipeline:inner]\npipeline = mark greet\n"
    "[pipeline:other]\npipeline = mark\n greet\nset site = there\n"
    + GREET
    + MARK
    + "mark = m\n[server:main]\nuse = egg:wsgistack\nport = 1\n"
)


def read(file: str = "stack.ini") -> Contents:
    return read_contents(open_document(file))


def test_holds_all_parts(folder: Path) -> None:
    write(INI)
    found = read()
    assert {name: [spec.name for spec in stack.pipeline] for name, stack in found.applications.items()} == {
        "main": ["gzip", "mark"],
        "inner": ["mark"],
        "other": ["mark"],
        "greet": [],
    }
    assert {name: server.options for name, server in found.servers.items()} == {"main": {"port": "1"}}
    assert found.global_conf == drop_file_keys({"here": "x", "__file__": "y", "site": "here"}) == {"site": "here"}


def test_finds_the_global_values_of_a_part(folder: Path) -> None:
    write(INI)
    found = read()
    other, greet = (cast(Application, found.applications[name].application) for name in ("other", "greet"))
    assert [found.own_values(each) for each in (other, greet)] == [{"site": "there"}, {}]
    assert [found.own_values(spec) for spec in found.applications["main"].pipeline] == [{}, {}]


def test_makes_paths_below_its_folder_relative(folder: Path) -> None:
    write(INI)
    inside, outside = folder / "a/b", Path("/etc/c")
    value = {"a": [inside, outside], inside: ({outside},), "b": "c"}
    assert read().make_relative(value) == {"a": [Path("a/b"), outside], Path("a/b"): ({outside},), "b": "c"}


def test_reports_every_mistake(folder: Path) -> None:
    write(MADE + "[pipeline:p]\npipeline = gzpi main\n[fliter:a]\na = b\n[server:x]\nport = 1\n")
    with pytest.raises(ConfigError) as caught:
        read()
    assert [(each.where.line, each.where.section, each.key) for each in caught.value.mistakes] == [
        (4, "[pipeline:p]", "pipeline"),
        (5, "", ""),
        (7, "[server:x]", "use"),
    ]


@pytest.mark.parametrize(
    ("use", "expected"),
    [
        ("egg:wsgistack#mount", True),
        ("egg:wsgistack#nothing", False),
        (f"paste.composite_factory:{MODULE}:make_app", True),
        (f"call:{MODULE}:make_app", False),
        (f"{MODULE}:greet", False),
    ],
)
def test_recognizes_a_composite(use: str, expected: bool) -> None:
    assert is_composite(Application(use)) is expected
