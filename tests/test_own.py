"""Whose code it is: what the application is made of, and where it failed."""

import json
import re
import sys
from pathlib import Path

import pytest
import webob

from wsgistack import ConfigError
from wsgistack.errors import suggest
from wsgistack.imports import import_object
from wsgistack.own import describe_origin, is_own_code


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        pytest.param(__file__, True, id="ours"),
        pytest.param("shop.py", True, id="beside us"),
        pytest.param(json.__file__, False, id="Python's"),
        pytest.param(webob.__file__, False, id="installed"),
        pytest.param("/usr/lib/python3/dist-packages/shop.py", False, id="installed by the system"),
    ],
)
def test_tells_the_application_from_what_is_installed(file: str, expected: bool) -> None:
    assert is_own_code(file) is expected


def failing(text: str) -> BaseException:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - which one, they say
        exec(compile(text, "shop.py", "exec"), {"json": json, "suggest": suggest})  # noqa: S102
    return caught.value


@pytest.mark.parametrize(
    ("text", "place"),
    [
        pytest.param("1\n1 / 0", "shop.py, line 2", id="in itself"),
        pytest.param("\njson.loads('{')", "shop.py, line 2", id="in what it calls of Python"),
        pytest.param("\n\neval('1 +')", "shop.py, line 3", id="in text that it runs"),
        pytest.param("suggest(1, 2)", "shop.py, line 1", id="in what it calls of this package"),
    ],
)
def test_says_where_the_application_failed(text: str, place: str) -> None:
    assert describe_origin(failing(text)) == f" ({place})"


def test_says_it_of_the_innermost_of_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "outer_shop.py").write_text("import inner_shop")
    (tmp_path / "inner_shop.py").write_text("\n\nnothing")
    with pytest.raises(ConfigError) as caught:
        import_object("outer_shop:app")
    said = "importing 'outer_shop' failed: NameError: name 'nothing' is not defined (inner_shop.py, line 3)"
    assert str(caught.value) == said


def test_says_it_where_the_folder_of_the_process_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert describe_origin(failing("1 / 0")) == " (shop.py, line 1)"


def test_says_nothing_where_none_of_it_was_running() -> None:
    error = failing("def")
    assert describe_origin(error) == "", "a SyntaxError says it by itself"
    assert re.search(r"\(shop.py, line 1\)", str(error))
    assert describe_origin(ValueError("never raised")) == ""
    assert sys.exc_info() == (None, None, None)
