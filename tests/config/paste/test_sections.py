"""The sections of an ini file by type and name, and their values."""

from collections.abc import Mapping
from pathlib import Path
from typing import cast

import pytest

from wsgistack import ConfigError, Where
from wsgistack.config.paste.sections import Sections
from wsgistack.config.place import Place


def sections(text: str, passed: Mapping[str, str] | None = None) -> Sections:
    return Sections(Path("stack.ini"), text, passed or {})


def values(text: str, **passed: str) -> tuple[Mapping[str, str], Place, list[str]]:
    """The values of the main application, its place, and what is wrong."""
    made = sections(text)
    found, mistakes = made.values(made.named["application"]["main"], Place(Where("x"), global_conf=passed))
    return found.values, found.place, [str(each) for each in mistakes]


def test_finds_sections_by_type_and_name(folder: Path) -> None:
    made = sections("[app]\n[app: b c ]\n[filter:main]\n[other:x]\n[DEFAULT]\n[composite:d:e#f]\n")
    assert {what: list(parts) for what, parts in made.named.items()} == {
        "application": ["main", "b c", "d:e#f"],
        "filter": ["main"],
        "server": [],
    }
    assert made.mistakes == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[compsite:x]", "1: unknown section type 'compsite'; did you mean [composite:x]?"),
        ("[ap:x]", "1: unknown section type 'ap'; did you mean [app:x]?"),
        ("[App:x]", "1: unknown section type 'App'; did you mean [app:x]?"),
        ("[default]", "1: unknown section type 'default'; did you mean [DEFAULT]?"),
        ("[app:x]\n[composite: x]", "2: [composite: x]: duplicate application 'x'; first in [app:x] on line 1"),
        ("[app]\n[app:main]", "2: [app:main]: duplicate application 'main'; first in [app] on line 1"),
        ("[app:x]\n[filter:y", "2: section header without closing ]; did you mean [filter:y]?"),
        ("[app:x]\n[app:x]", "2: duplicate section [app:x]; first on line 1"),
    ],
)
def test_reports_wrong_sections(text: str, expected: str, folder: Path) -> None:
    assert [str(each) for each in sections(text).mistakes] == [f"stack.ini:{expected}"]


@pytest.mark.parametrize("section", ["service:x", "apple:x", "uwsgi", "celery:app", "app_extra", "Defaults:x"])
def test_leaves_other_sections_alone(section: str, folder: Path) -> None:
    assert sections(f"[{section}]\na = %(nothing)s\n").mistakes == []


def test_sets_and_gets_global_values(folder: Path) -> None:
    text = (
        "[DEFAULT]\na = 1\nb = %(a)s2\n[app:main]\nset b = own\nset  c d = %(b)s\nget x = b\nx = lost\n"
        "get y = c d\nz = %(b)s\n"
    )
    found, place, mistakes = values(text)
    assert found == {"x": "own", "y": "12", "z": "12"}
    conf = {"here": str(folder), "__file__": str(folder / "stack.ini"), "a": "1", "b": "own", "c d": "12"}
    assert (place.global_conf, mistakes) == (conf, [])
    assert place.at("get y").where == Where("stack.ini", 9, "[app:main]")


def test_every_section_inherits_set_and_get(folder: Path) -> None:
    found, place, _ = values("[DEFAULT]\nset a = %(b)s\nset c = 1\nget d = a\n[app:main]\nb = 2\nset c = 3\n")
    assert found == {"b": "2", "d": "2"}
    assert (place.global_conf["a"], place.global_conf["c"]) == ("2", "3")


def test_passed_values_override_the_file_but_not_its_set(folder: Path) -> None:
    found, place, _ = values("[DEFAULT]\na = 1\nb = 1\n[app:main]\nset b = own\nx = %(a)s\n", a="2", b="2")
    assert {key: place.global_conf[key] for key in "ab"} == {"a": "2", "b": "own"}
    assert found == {"x": "1"}


def test_accepts_any_value_from_python(folder: Path) -> None:
    made = Sections(Path("stack.ini"), "[app:main]\nx = %(debug)s\n", cast(Mapping[str, str], {"debug": True}))
    found, _ = made.values(made.named["application"]["main"], Place(Where("x"), global_conf=made.global_conf))
    assert found.values == {"x": "True"}
    assert found.place.global_conf["debug"] is True  # type: ignore[comparison-overlap]


def test_reports_wrong_values(folder: Path) -> None:
    text = (
        "[DEFAULT]\nname = 1\n[app:main]\nget x = nmae\nrequire = wsgistack qqqqq\n  ???\nuse = %(nothing)s\n"
        "paste.app_factory = ${env:XYZZY_APP}\nset a = %(nam)s\n"
    )
    with pytest.raises(ConfigError) as caught:  # for it can't be known where the section leads
        values(text)
    assert [str(each) for each in caught.value.mistakes] == [
        (
            "stack.ini:7: [app:main] use: unknown reference %(nothing)s; choose from __file__, get x, here, name, "
            "paste.app_factory, require, set a; for the text itself, write %%(nothing)s"
        ),
        (
            "stack.ini:8: [app:main] paste.app_factory: environment variable XYZZY_APP is not set; set it, "
            "or write a default: ${env:XYZZY_APP:-default}"
        ),
        "stack.ini:9: [app:main] set a: unknown reference %(nam)s; did you mean 'name'?",
        "stack.ini:5: [app:main] require: distribution 'qqqqq' is not installed; pip install qqqqq",
        "stack.ini:5: [app:main] require: distribution '???' is not installed; pip install '???'",
        "stack.ini:4: [app:main] get x: unknown global value 'nmae'; did you mean 'name'?",
    ]


def test_requires_what_is_installed(folder: Path) -> None:
    found, _, mistakes = values("[app:main]\nrequire = wsgistack\n  webob\nuse = x\n")
    assert (found, mistakes) == ({"use": "x"}, [])


def test_fills_in_references_only_in_names_of_parts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PART", "a")
    (folder / "part").write_text("b\n")
    found, _, _ = values("[app:main]\nuse = ${env:PART}\nnext = ${file:part}\nother = ${env:PART}\n")
    assert found == {"use": "a", "next": "b", "other": "${env:PART}"}


def test_global_values_name_the_same_files_in_another_file(folder: Path) -> None:
    text = "[DEFAULT]\na = ${file:x}\n[app:main]\nset b = ${file:y}\nc = ${file:z}\n"
    _, place, _ = values(text)
    assert (place.global_conf["a"], place.global_conf["b"]) == ("${file:x}", "${file:y}")
    found, place, _ = values(text, here="/elsewhere")
    assert (place.global_conf["a"], place.global_conf["b"]) == ("${file:x}", f"${{file:{folder}/y}}")
    there = sections(text, {"here": "/elsewhere"})
    assert there.global_conf["a"] == f"${{file:{folder}/x}}"
    assert found == {"c": "${file:z}"}


def test_reports_a_circle_with_file_and_section(folder: Path) -> None:
    made = sections("[app:main]\n")
    part = made.named["application"]["main"]
    found, _ = made.values(part, Place(Where("x")))
    assert found.place.trail == ("stack.ini [app:main]",)
    with pytest.raises(ConfigError, match=r"circular reference: stack.ini \[app:main\] -> stack.ini \[app:main\]"):
        made.values(part, found.place)
