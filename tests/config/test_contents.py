"""All that a configuration describes, whatever it is written in."""

from pathlib import Path
from typing import cast

import pytest

from tests.config.written import GREET, MADE, MARK, MODULE, write
from wsgistack import ConfigError
from wsgistack.config.contents import Contents, contents, is_composite, told
from wsgistack.config.document import open_document
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
    return contents(open_document(file))


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
    assert found.global_conf == told({"here": "x", "__file__": "y", "site": "here"}) == {"site": "here"}


def test_tells_what_a_part_has_of_its_own_and_what_is_within_another(folder: Path) -> None:
    write(INI)
    found = read()
    other, greet = (cast(Application, found.applications[name].application) for name in ("other", "greet"))
    assert [found.own_values(each) for each in (other, greet)] == [{"site": "there"}, {}]
    assert [found.own_values(spec) for spec in found.applications["main"].pipeline] == [{}, {}]
    assert [found.within(found.applications[name]) for name in ("main", "inner", "other", "greet")] == [
        ("inner", 1),
        ("greet", 0),
        ("", 0),
        ("", 0),
    ]


def test_takes_what_is_written_twice_for_two(folder: Path) -> None:
    made = MADE.removeprefix("[app:main]\n")
    write(f"[app:blue]\n{made}[app:green]\n{made}[pipeline:main]\npipeline = gzip green\n")
    found = read()
    assert found.within(found.applications["main"]) == ("green", 0)


def test_writes_paths_from_its_folder(folder: Path) -> None:
    write(INI)
    inside, outside = folder / "a/b", Path("/etc/c")
    value = {"a": [inside, outside], inside: ({outside},), "b": "c"}
    assert read().relative(value) == {"a": [Path("a/b"), outside], Path("a/b"): ({outside},), "b": "c"}


def test_tells_every_mistake(folder: Path) -> None:
    write(MADE + "[pipeline:p]\npipeline = gzpi main\n[fliter:a]\na = b\n[server:x]\nport = 1\n")
    with pytest.raises(ConfigError) as caught:
        read()
    assert [str(each).partition(";")[0] for each in caught.value.mistakes] == [
        "stack.ini:4: [pipeline:p] pipeline: no layer 'gzpi'",
        "stack.ini:5: unknown section type 'fliter'",
        "stack.ini:7: [server:x] use: missing value",
    ]


@pytest.mark.parametrize(
    ("use", "is_one"),
    [
        ("egg:wsgistack#mount", True),
        ("egg:wsgistack#nothing", False),
        (f"paste.composite_factory:{MODULE}:make_app", True),
        (f"call:{MODULE}:make_app", False),
        (f"{MODULE}:greet", False),
    ],
)
def test_tells_what_is_made_of_other_applications(use: str, is_one: bool) -> None:
    assert is_composite(Application(use)) is is_one
