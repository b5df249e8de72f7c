"""Classes by their dotted names, and arguments for them."""

import logging.handlers
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from wsgistack import ConfigError
from wsgistack.config.log.factory import dotted, misfits


class Own(logging.FileHandler):
    """Its files may be anywhere."""


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("logging.StreamHandler", logging.StreamHandler),
        ("logging.handlers.MemoryHandler", logging.handlers.MemoryHandler),
        ("pathlib.Path.cwd", Path.cwd),
        ("logging.handlers", logging.handlers),
    ],
)
def test_finds_what_a_dotted_name_means(name: str, found: object) -> None:
    assert dotted(name) == found


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "Handler",
            "found 'Handler'; expected a dotted name, as logging.StreamHandler; did you mean 'logging.Handler'?",
        ),
        ("Nothing", "found 'Nothing'; expected a dotted name, as logging.StreamHandler"),
        ("", "found ''; expected a dotted name, as logging.StreamHandler"),
        ("a..b", "found 'a..b'; expected a dotted name, as logging.StreamHandler"),
        ("logging.handlers.Xyz", "module 'logging.handlers' has no attribute 'Xyz'"),
        ("logging.StreamHandler.nothing.more", "'StreamHandler' has no attribute 'nothing'"),
        ("nowhere.at.all", "cannot import module 'nowhere'"),
        ("tests.config.log.nowhere.X", "module 'tests.config.log' has no attribute 'nowhere'"),
    ],
)
def test_says_what_is_wrong_with_a_name(name: str, expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        dotted(name)
    assert str(caught.value) == expected


def test_says_that_a_module_fails(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "failing").mkdir()
    (folder / "failing" / "__init__.py").write_text("raise SystemExit(5)")
    monkeypatch.syspath_prepend(folder)
    with pytest.raises(ConfigError, match="cannot import module 'failing': SystemExit: 5"):
        dotted("failing.inner.Handler")


@pytest.mark.parametrize(
    ("factory", "args", "options", "expected"),
    [
        (logging.StreamHandler, (), {}, []),
        (
            logging.StreamHandler,
            (None,),
            {"stream": None},
            ["the arguments do not fit: multiple values for argument 'stream'"],
        ),
        (
            logging.FileHandler,
            (),
            {"filname": "x", "mod": "w"},
            [
                "filname: unknown option of FileHandler; did you mean 'filename'?",
                "mod: unknown option of FileHandler; did you mean 'mode'?",
            ],
        ),
        (logging.FileHandler, (), {}, ["the arguments do not fit: missing a required argument: 'filename'"]),
        (logging.FileHandler, ("nowhere/x",), {}, ["filename: the folder of 'nowhere/x' is missing"]),
        (logging.FileHandler, (Path("x"),), {}, []),
        (logging.FileHandler, (5,), {}, ["filename: is of type int; expected the name of a file"]),
        (logging.FileHandler, (".",), {}, ["filename: '.' is a folder; expected the name of a file"]),
        (logging.FileHandler, ("x" * 5000,), {}, [f"filename: '{'x' * 5000}' can't be opened: File name too long"]),
        (
            logging.FileHandler,
            ("x",),
            {5: 6},
            ["5: unknown option of FileHandler; choose from delay, encoding, errors, filename, mode"],
        ),
        (Own, ("nowhere/x",), {}, []),
        (dict, ([],), {"a": 1}, []),
        (lambda **options: None, (), {"a": 1}, []),
        (iter, ([],), {}, []),
    ],
)
def test_says_which_arguments_do_not_fit(
    factory: Callable[..., object],
    args: tuple[object, ...],
    options: Mapping[str, object],
    expected: list[str],
    folder: Path,
) -> None:
    assert [str(each) for each in misfits(factory, args, options)] == expected
