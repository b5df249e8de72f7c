"""Importing what a configuration names, what is said where that fails, and whose code it is."""

import json
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import webob

from wsgistack import ConfigError, Mistake
from wsgistack.errors import suggest
from wsgistack.imports import describe_origin, import_object, is_own_code, require_extra

HINT = "install it, or put it into the folder of the configuration"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("json:dumps", json.dumps, id="function"),
        pytest.param("json.decoder:JSONDecoder", json.JSONDecoder, id="in a submodule"),
        pytest.param("json:JSONDecoder.decode", json.JSONDecoder.decode, id="attribute of an attribute"),
    ],
)
def test_gives_what_is_named(text: str, expected: object) -> None:
    assert import_object(text) is expected


@pytest.mark.parametrize(
    "text", ["", ":", "json", "json:", ":dumps", "js on:dumps", "json:dumps:x", "json..x:y", "1:2"]
)
def test_says_what_an_import_string_looks_like(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        import_object(text)
    assert str(caught.value) == f"{text!r} is not an import string; expected package.module:attribute"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("wsgistak:load", "cannot import module 'wsgistak'; did you mean 'wsgistack'?", id="package"),
        pytest.param(
            "json.decoda:x", "cannot import module 'json.decoda'; did you mean 'json.decoder'?", id="submodule"
        ),
        pytest.param("json.decoder.deep:x", "cannot import module 'json.decoder.deep'", id="below what is no package"),
        pytest.param("jsn:x", f"cannot import module 'jsn'; {HINT}", id="like one of Python's own alone"),
        pytest.param("qqqqqqqqqqqq:x", f"cannot import module 'qqqqqqqqqqqq'; {HINT}", id="like nothing there is"),
        pytest.param("json:dumpss", "module 'json' has no attribute 'dumpss'; did you mean 'dumps'?", id="attribute"),
        pytest.param(
            "json:JSONDecoder.decod",
            "'JSONDecoder' has no attribute 'decod'; did you mean 'decode'?",
            id="deep attribute",
        ),
    ],
)
def test_names_the_nearest_right_name(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        import_object(text)
    assert str(caught.value) == said
    assert caught.value.mistakes[0].value == text


@pytest.mark.parametrize(
    ("source", "said"),
    [
        pytest.param("1 / 0", "ZeroDivisionError: division by zero", id="raises"),
        pytest.param("def", "SyntaxError: ", id="is no Python"),
        pytest.param("raise SystemExit(0)", "SystemExit: 0", id="exits"),
        pytest.param("import qqqqq", "ModuleNotFoundError: No module named 'qqqqq'", id="needs what is missing"),
        pytest.param("def __getattr__(name): raise ImportError('no ' + name)", "ImportError: no thing", id="lazy"),
    ],
)
def test_explains_why_a_module_fails(
    source: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    module = f"failing_{request.node.callspec.id.replace(' ', '_')}"
    (tmp_path / f"{module}.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigError) as caught:
        import_object(f"{module}:thing")
    assert str(caught.value).startswith(f"cannot import module '{module}': {said}")
    assert caught.value.__cause__ is not None


class Worker:
    def stop(self, *arguments: object) -> None:
        """End the process as a worker of gunicorn does, which imports the application for too long."""
        sys.exit(1)


@pytest.fixture
def stopping() -> Iterator[None]:
    before = signal.signal(signal.SIGTERM, Worker().stop)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.usefixtures("stopping")
def test_a_signal_ends_the_process_while_a_module_is_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "stopped.py").write_text("import signal\nsignal.raise_signal(signal.SIGTERM)\n")
    (tmp_path / "interrupted.py").write_text("raise KeyboardInterrupt")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(SystemExit):
        import_object("stopped:app")
    with pytest.raises(KeyboardInterrupt):
        import_object("interrupted:app")


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
def test_distinguishes_the_application_from_installed_code(file: str, expected: bool) -> None:
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


def test_names_the_innermost_file_of_the_application(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "outer_shop.py").write_text("import inner_shop")
    (tmp_path / "inner_shop.py").write_text("\n\nnothing")
    with pytest.raises(ConfigError) as caught:
        import_object("outer_shop:app")
    said = "cannot import module 'outer_shop': NameError: name 'nothing' is not defined (inner_shop.py, line 3)"
    assert str(caught.value) == said


def test_names_the_file_when_the_current_folder_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_gives_the_module() -> None:
    assert require_extra("os.path", extra="compress", key="codings").__name__ == "posixpath"


def test_names_the_extra_that_installs_it() -> None:
    with pytest.raises(ConfigError) as caught:
        require_extra("no_such_library.at_all", extra="compress", key="codings")
    problem = "needs the library no_such_library.at_all, which can't be imported"
    assert caught.value.mistakes == (Mistake(problem, key="codings", hint="pip install 'wsgistack[compress]'"),)


def test_a_library_that_misses_its_own_counts_as_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "half_a_library.py").write_text("import the_other_half_of_it\n", "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigError, match="half_a_library, which can't be imported") as caught:
        require_extra("half_a_library", extra="compress", key="codings")
    assert isinstance(caught.value.__cause__, ModuleNotFoundError)
    assert caught.value.__cause__.name == "the_other_half_of_it"


def test_an_error_in_a_library_is_not_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_library.py").write_text("1 // 0\n", "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ZeroDivisionError):
        require_extra("broken_library", extra="compress", key="codings")
