"""Handlers as the sections of an ini file describe them."""

from pathlib import Path

import pytest

from tests.config.log.trees import cut, setup_of, written


@pytest.mark.parametrize(
    ("handler", "expected"),
    [
        pytest.param(
            "", ":9: [handler_one] class: is missing; expected a class of handlers, as StreamHandler", id="no class"
        ),
        pytest.param(
            "class = StreamHandlr",
            ":10: [handler_one] class: module 'logging' has no attribute 'StreamHandlr'; did you mean 'StreamHandler'?",
            id="misspelt class",
        ),
        pytest.param(
            "class = handlers.RotatingFileHandlr",
            ":10: [handler_one] class: module 'logging.handlers' has no attribute 'RotatingFileHandlr'; did you mean",
            id="misspelt class in a module",
        ),
        pytest.param(
            "class = nowhere.Handler", ":10: [handler_one] class: cannot import module 'nowhere'", id="no module"
        ),
        pytest.param(
            "class = json.Handler",
            ":10: [handler_one] class: module 'json' has no attribute 'Handler'",
            id="nothing in a module",
        ),
        pytest.param(
            "class = a b",
            ":10: [handler_one] class: found 'a b'; expected a dotted name, as logging.StreamHandler",
            id="no name",
        ),
        pytest.param(
            "class = json.dumps",
            ":10: [handler_one] class: 'json.dumps' is no handler; expected a class of handlers",
            id="function",
        ),
        pytest.param(
            "class = Formatter",
            ":10: [handler_one] class: 'Formatter' is no handler; expected a class of handlers",
            id="another class",
        ),
        pytest.param(
            "class = ${env:SECRET}",
            ":10: [handler_one] class: what its references give can't be imported",
            id="class from a reference",
        ),
        pytest.param(
            "class = StreamHandler\nargs = (sys.stdrr,)",
            ":11: [handler_one] args: can't be evaluated: AttributeError: module 'sys' has no attribute 'stdrr'",
            id="no such name",
        ),
        pytest.param(
            "class = StreamHandler\nargs = (sys.stderr",
            ":11: [handler_one] args: is no expression of Python: ",
            id="open bracket",
        ),
        pytest.param(
            "class = FileHandler\nargs = ('x.log')",
            ":11: [handler_one] args: is of type str; expected a tuple, as (sys.stderr,) with its comma",
            id="no comma",
        ),
        pytest.param(
            "class = FileHandler\nkwargs = 5",
            ":11: [handler_one] kwargs: is of type int; expected a dict, as {'delay': True}",
            id="no dict",
        ),
        pytest.param(
            "class = FileHandler",
            ":9: [handler_one] args: the arguments do not fit: missing a required argument: 'filename'",
            id="no argument",
        ),
        pytest.param(
            "class = FileHandler\nargs = ('x', 'a', None, 1, None, 6)",
            ":11: [handler_one] args: the arguments do not fit: too many positional arguments",
            id="too many",
        ),
        pytest.param(
            "class = FileHandler\nkwargs = {'filname': 'x'}",
            ":11: [handler_one] kwargs: filname: unknown option of FileHandler; did you mean 'filename'?",
            id="misspelt argument",
        ),
        pytest.param(
            "class = FileHandler\nargs = ('nowhere/x.log',)",
            ":11: [handler_one] args: filename: the folder of 'nowhere/x.log' is missing",
            id="no folder",
        ),
        pytest.param(
            "class = FileHandler\nargs = ('${env:SECRET}/x',)",
            ":11: [handler_one] args: filename: the folder of '<secret>' is missing",
            id="no folder, from a reference",
        ),
        pytest.param(
            "class = FileHandler\nargs = ('${env:UNSET_NAME}',)",
            ":11: [handler_one] args: environment variable UNSET_NAME is not set",
            id="variable that is not set",
        ),
    ],
)
def test_says_what_is_wrong(handler: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "hidden")
    assert cut(setup_of(written(handler)).check(), [f"x.ini{expected}"]) == [f"x.ini{expected}"]


def test_a_module_of_ones_own_may_have_a_name_that_logging_has(folder: Path) -> None:
    (folder / "handlers.py").write_text("import logging\nclass Own(logging.NullHandler): pass\n")
    assert setup_of(written("class = handlers.RotatingFileHandler\nargs = ('x',)")).check() == []
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        assert setup_of(written("class = handlers.Own")).check() == []
