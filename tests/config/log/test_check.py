"""What is wrong in a table for logging."""

import tomllib
from pathlib import Path

import pytest

from tests.config.log.trees import cut, own_logging, tree
from wsgistack.config.log import table_logging
from wsgistack.config.table.lines import lines_of

OWN = "tests.config.log.trees"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            '[logging]\nversion = 2\nhandler = {}\ndisable_existing_loggers = "no"\nroot = 5\nformatters = []',
            [
                "x.toml:6: logging formatters: is of type list; expected a table",
                "x.toml:3: logging handler: no such key; did you mean 'handlers'?",
                "x.toml:2: logging version: found 2; expected 1",
                "x.toml:4: logging disable_existing_loggers: is of type str; expected true or false",
                "x.toml:5: logging root: is of type int; expected a table",
            ],
            id="top",
        ),
        pytest.param(
            "[logging.handlers]\na = 5\nb = {}\nc = { class = 5 }",
            [
                "x.toml:2: logging.handlers a: is of type int; expected a table",
                "x.toml:3: logging.handlers.b class: is missing; expected the dotted name of a class",
                "x.toml:4: logging.handlers.c class: is of type int; expected the dotted name of a class",
            ],
            id="no handlers",
        ),
        pytest.param(
            '[logging.handlers]\nd = { class = "logging.StreamHandlr" }\ne = { class = "logging.Formatter" }\n'
            'f = { class = "json.dumps" }\ng = { "()" = "ext://json.nope" }\nh = { "()" = "sys.path" }',
            [
                (
                    "x.toml:2: logging.handlers.d class: module 'logging' has no attribute 'StreamHandlr'; "
                    "did you mean 'StreamHandler'?"
                ),
                "x.toml:3: logging.handlers.e class: 'logging.Formatter' is no handler; expected a class of handlers",
                "x.toml:4: logging.handlers.f class: 'json.dumps' is no handler; expected a class of handlers",
                "x.toml:5: logging.handlers.g (): module 'json' has no attribute 'nope'",
                "x.toml:6: logging.handlers.h (): is of type list; expected the dotted name of a class",
            ],
            id="classes of handlers",
        ),
        pytest.param(
            '[logging.handlers.a]\nclass = "logging.FileHandler"\nfilname = "x"\nlevel = "INFOO"\nformatter = "g"\n'
            'filters = ["h"]\n[logging.filters.other]',
            [
                "x.toml:4: logging.handlers.a level: no level 'INFOO'; did you mean 'INFO'?",
                "x.toml:5: logging.handlers.a formatter: no formatter 'g'",
                "x.toml:6: logging.handlers.a filters: no filter 'h'; choose from other",
                "x.toml:3: logging.handlers.a filname: unknown option of FileHandler; did you mean 'filename'?",
            ],
            id="misspelt settings of a handler",
        ),
        pytest.param(
            '[logging.handlers.a]\nclass = "logging.FileHandler"\nlevel = true\nformatter = [1]\nfilters = "h"',
            [
                "x.toml:3: logging.handlers.a level: is of type bool; expected the name of a level",
                "x.toml:4: logging.handlers.a formatter: is of type list; expected the name of a formatter",
                "x.toml:5: logging.handlers.a filters: is of type str; expected a list of names",
                "x.toml:1: logging.handlers a: the arguments do not fit: missing a required argument: 'filename'",
            ],
            id="wrong types in a handler",
        ),
        pytest.param(
            '[logging.handlers.a]\nclass = "logging.handlers.MemoryHandler"\ncapacity = 1\ntarget = "aa"\n'
            '[logging.handlers.b]\nclass = "logging.handlers.QueueHandler"\nqueue = "ext://queue.nope"\n'
            'handlers = [\n"zz",\n"a",\n5]',
            [
                "x.toml:7: logging.handlers.b queue: module 'queue' has no attribute 'nope'",
                "x.toml:4: logging.handlers.a target: no handler 'aa'; did you mean 'a'?",
                "x.toml:9: logging.handlers.b handlers: no handler 'zz'; choose from a, b",
                "x.toml:11: logging.handlers.b handlers: is of type int; expected the name of a handler",
            ],
            id="handlers of handlers",
        ),
        pytest.param(
            '[logging.formatters]\na = { fromat = "x" }\nb = { format = "%(x" }\nc = { style = "x" }\n'
            'd = { class = "json.x" }\ne = { "()" = "json.dumps" }\nf = { "()" = "json.x" }',
            [
                "x.toml:2: logging.formatters.a fromat: no such key; did you mean 'format'?",
                "x.toml:3: logging.formatters.b format: can't be made: ValueError: Invalid format '%(x' for '%' style",
                "x.toml:4: logging.formatters.c style: no style 'x'; expected %, { or $",
                "x.toml:5: logging.formatters.d class: module 'json' has no attribute 'x'",
                "x.toml:6: logging.formatters e: can't be made: TypeError: dumps() missing 1 required positional",
                "x.toml:7: logging.formatters.f (): module 'json' has no attribute 'x'",
            ],
            id="formatters",
        ),
        pytest.param(
            '[logging.filters]\na = { nam = "x" }\nb = { "()" = "json.x" }\nc = { "()" = "json.dumps" }',
            [
                "x.toml:2: logging.filters.a nam: no such key; did you mean 'name'?",
                "x.toml:3: logging.filters.b (): module 'json' has no attribute 'x'",
                "x.toml:4: logging.filters.c (): can't be made: TypeError: dumps() missing 1 required positional",
            ],
            id="filters",
        ),
        pytest.param(
            '[logging.loggers.a]\nlevle = "x"\nhandlers = "x"\nfilters = ["x"]\npropagate = 1\n'
            "[logging.root]\nhandlers = [\n'x',\n]\nlevel = []",
            [
                "x.toml:2: logging.loggers.a levle: no such key; did you mean 'level'?",
                "x.toml:3: logging.loggers.a handlers: is of type str; expected a list of names",
                "x.toml:4: logging.loggers.a filters: no filter 'x'",
                "x.toml:5: logging.loggers.a propagate: is of type int; expected true or false",
                "x.toml:10: logging.root level: is of type list; expected the name of a level",
                "x.toml:8: logging.root handlers: no handler 'x'",
            ],
            id="loggers",
        ),
        pytest.param(
            '[logging.handlers.a]\nclass = "${env:SECRET}"\nlevel = "${env:SECRET}"\n[logging.handlers.b]\n'
            'class = "logging.FileHandler"\nfilename = "${env:SECRET}/x"\n[logging.formatters.c]\n'
            'format = "${env:SECRET} {x"\n[logging.root]\nhandlers = ["${env:SECRET}"]',
            [
                "x.toml:8: logging.formatters.c format: can't be made: ValueError: Invalid format '<secret>' for",
                "x.toml:2: logging.handlers.a class: what its references give can't be imported",
                "x.toml:3: logging.handlers.a level: no level <secret>; choose from CRITICAL, ",
                "x.toml:6: logging.handlers.b filename: the folder of <secret> is missing",
                "x.toml:10: logging.root handlers: no handler <secret>; choose from a, b",
            ],
            id="values from references are not shown",
        ),
    ],
)
def test_says_what_is_wrong(text: str, expected: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "hidden.thing")
    with own_logging():
        before = tree()
        setup = table_logging(tomllib.loads(text)["logging"], Path("x.toml"), lines_of(text))
        assert cut(setup.check(), expected) == expected
        assert tree() == before


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('[logging.handlers.a]\n"()" = "logging.StreamHandler"\nstream = "ext://sys.stdout"', id="factory"),
        pytest.param('[logging.handlers.a]\n"()" = "ext://logging.NullHandler"', id="factory elsewhere"),
        pytest.param('[logging.handlers.a]\nclass = "logging.NullHandler"\nformatter = ""\nlevel = 25', id="number"),
        pytest.param(
            f'[logging.handlers.a]\nclass = "{OWN}.Kept"\nfirst = 1\nextra = "cfg://version"', id="any options"
        ),
        pytest.param(f'[logging.formatters.a]\n"()" = "{OWN}.Loud"\nfmt = "%(message)s"', id="factory of a formatter"),
        pytest.param(f'[logging.formatters.a]\nclass = "{OWN}.Loud"\n[logging.formatters.b]\nclass = ""', id="class"),
        pytest.param('[logging.formatters.a]\nstyle = "{"\nformat = "x"\nvalidate = false', id="style"),
        pytest.param(
            '[logging.filters]\na = { name = "x" }\nb = { "()" = "logging.Filter", name = "y" }', id="filters"
        ),
        pytest.param('[logging.handlers.a]\nclass = "logging.NullHandler"\n"." = { spare = 1 }', id="properties"),
    ],
)
def test_takes_what_dict_config_takes(text: str) -> None:
    with own_logging():
        setup = table_logging(tomllib.loads(text)["logging"], Path("x.toml"), lines_of(text))
        assert setup.check() == []
        setup.apply()
