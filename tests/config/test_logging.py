"""Logging from a table, as dictConfig takes it: checked, and set up."""

import contextlib
import logging
import logging.handlers
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.config.logging_tree import cut, own_logging, read_ini, tree, written
from wsgistack import ConfigError
from wsgistack.config.logging import LoggingSetup, read_table_logging
from wsgistack.config.table.toml import Table, find_lines

OWN = "tests.config.logging_tree"

TABLE = """
[logging.formatters.short]
format = "%(message)s"

[logging.handlers.console]
class = "logging.StreamHandler"
stream = "ext://sys.stdout"
formatter = "short"

[logging.handlers.file]
class = "logging.handlers.RotatingFileHandler"
filename = "app.log"
level = "ERROR"

[logging.root]
level = "INFO"
handlers = ["console"]

[logging.loggers."sqlalchemy.engine"]
handlers = ["file"]
propagate = false
"""


def read(text: str, path: Path = Path("x.toml")) -> LoggingSetup:
    return read_table_logging(Table(tomllib.loads(text), str(path), find_lines(text)), path.absolute().parent)


def read_table(table: object) -> LoggingSetup:
    return read_table_logging(Table({"logging": table}, "x.py", {}), Path.cwd())


def test_sets_up_what_dict_config_does(tmp_path: Path) -> None:
    content: dict[str, Any] = tomllib.loads(TABLE)["logging"]
    content["handlers"]["file"]["filename"] = f"{tmp_path}/app.log"
    with own_logging():
        logging.getLogger("other").setLevel(5)
        logging.config.dictConfig({"version": 1, "disable_existing_loggers": False, **content})
        expected = tree()
    with own_logging():
        logging.getLogger("other").setLevel(5)
        setup = read(TABLE, tmp_path / "x.toml")
        untouched = tree()
        assert setup.check() == []
        assert tree() == untouched
        setup.apply()
        assert tree() == expected


def test_logs_to_a_file_beside_the_configuration(tmp_path: Path) -> None:
    with own_logging():
        read(TABLE, tmp_path / "x.toml").apply()
        logging.getLogger("sqlalchemy.engine").error("seen")
    assert (tmp_path / "app.log").read_text() == "seen\n"


def test_a_file_name_may_be_an_object_of_a_module(tmp_path: Path) -> None:
    with own_logging() as root:
        read(TABLE.replace("app.log", "ext://os.devnull").replace('["console"]', '["file"]')).apply()
        (handler,) = root.handlers
        assert isinstance(handler, logging.FileHandler)
        assert handler.baseFilename == os.devnull


def test_disables_existing_loggers_only_on_request() -> None:
    with own_logging():
        logger = logging.getLogger("early")
        read("[logging]\nversion = 1").apply()
        assert not logger.disabled
        read("[logging]\ndisable_existing_loggers = true").apply()
        assert logger.disabled


def test_references_are_filled_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAME", "app")
    monkeypatch.setenv("LEVEL", "ERROR")
    (tmp_path / "format").write_text("secret %(message)s\n")
    text = TABLE.replace("app.log", "${env:NAME}.txt").replace("INFO", "${env:LEVEL}")
    with own_logging() as root:
        read(text.replace("%(message)s", "${file:format}"), tmp_path / "x.toml").apply()
        assert root.level == logging.ERROR
        (console,) = root.handlers
        assert console.formatter is not None
        assert repr(console.formatter._fmt) == "'secret %(message)s'"
    assert (tmp_path / "app.txt").exists()


def test_a_table_of_python_may_hold_objects() -> None:
    class Only(logging.Filter):
        pass

    only, made = Only(), logging.NullHandler()
    table = {"handlers": {"one": {"()": lambda: made, "filters": (only,)}}, "root": {"handlers": ("one",)}}
    with own_logging() as root:
        setup = read_table(table)
        assert setup.check() == []
        setup.apply()
        assert root.handlers == [made]
        assert made.filters == [only]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "[logging]\nversion = 2\nhandler = {}\ndisable_existing_loggers = false\nroot = 5\nformatters = []",
            [
                "x.toml:2: logging version: unknown version; expected 1",
                "x.toml:3: logging handler: unknown key; did you mean 'handlers'?",
                "x.toml:5: logging root: is a number; expected a table",
                "x.toml:6: logging formatters: is a list; expected a table",
            ],
            id="top",
        ),
        pytest.param(
            "[logging.handlers]\na = 5\nb = {}",
            [
                "x.toml:2: logging.handlers a: is a number; expected a table",
                "x.toml:3: logging.handlers.b class: missing class; expected a class such as logging.StreamHandler",
            ],
            id="unknown handlers",
        ),
        pytest.param(
            '[logging.handlers]\nd = { class = "logging.StreamHandlr" }\ne = { class = "logging.Formatter" }\n'
            'f = { class = "json.dumps" }\ng = { class = "StreamHandler" }',
            [
                "x.toml:2: logging.handlers.d class: cannot be set up: AttributeError: module 'logging' has no attrib",
                "x.toml:3: logging.handlers.e class: cannot be set up: TypeError: logging.Formatter is not a handler",
                "x.toml:4: logging.handlers.f class: cannot be set up: TypeError: json.dumps is not a handler class",
                "x.toml:5: logging.handlers.g class: cannot be set up: ModuleNotFoundError: No module named 'StreamHa",
            ],
            id="classes of handlers",
        ),
        pytest.param(
            '[logging.handlers.a]\nclass = "logging.NullHandler"\n\nlevel = "INFOO"\nformatter = "g"\n'
            'filters = ["h"]\n[logging.filters.other]',
            [
                "x.toml:4: logging.handlers.a level: unknown level 'INFOO'; did you mean 'INFO'?",
                "x.toml:5: logging.handlers.a formatter: unknown formatter 'g'",
                "x.toml:6: logging.handlers.a filters: unknown filter 'h'; choose from other",
            ],
            id="misspelt settings of a handler",
        ),
        pytest.param(
            '[logging.handlers.a]\nclass = "logging.StreamHandler"\nlevel = []\nformatter = [1]\nfilters = "h"',
            [
                "x.toml:3: logging.handlers.a level: cannot be set up: TypeError: Level not an integer or a valid",
                "x.toml:4: logging.handlers.a formatter: cannot be set up: ValueError: Unable to set formatter [1]",
                "x.toml:5: logging.handlers.a filters: is text; expected a list of names",
            ],
            id="wrong types in a handler",
        ),
        pytest.param(
            '[logging.handlers.a]\nclass = "logging.StreamHandler"\nstream = "ext://sys.stdot"\n'
            '[logging.root]\nhandlers = [\n"a",\n"zz",\n]',
            [
                "x.toml:3: logging.handlers.a stream: cannot be set up: ValueError: Cannot resolve 'sys.stdot'",
                "x.toml:5: logging.root handlers: unknown handler 'zz'; choose from a",
            ],
            id="options and items",
        ),
        pytest.param(
            '[logging.formatters]\na = { fromat = "x" }\nb = { format = "%(x" }\nc = { style = "x" }\n'
            'd = { class = "json.x" }\ne = { "()" = "json.dumps" }\nf = { "()" = "json.x" }',
            [
                "x.toml:2: logging.formatters.a fromat: unknown key; did you mean 'format'?",
                "x.toml:3: logging.formatters.b format: cannot be set up: ValueError: Invalid format '%(x' for '%' sty",
                "x.toml:4: logging.formatters.c style: cannot be set up: ValueError: Style must be one of: %,{,$",
                "x.toml:5: logging.formatters.d class: cannot be set up: ",
                "x.toml:6: logging.formatters.e (): cannot be set up: TypeError: dumps() missing 1 required positional",
                "x.toml:7: logging.formatters.f (): cannot be set up: ValueError: Cannot resolve 'json.x'",
            ],
            id="formatters",
        ),
        pytest.param(
            '[logging.filters]\na = { nam = "x" }\nb = { "()" = "json.x" }\nc = { "()" = "json.dumps" }',
            [
                "x.toml:2: logging.filters.a nam: unknown key; did you mean 'name'?",
                "x.toml:3: logging.filters.b (): cannot be set up: ValueError: Cannot resolve 'json.x'",
                "x.toml:4: logging.filters.c (): cannot be set up: TypeError: dumps() missing 1 required positional",
            ],
            id="filters",
        ),
        pytest.param(
            '[logging.loggers.a]\nlevle = "x"\nhandlers = "x"\nfilters = ["x"]\npropagate = 1\n'
            "[logging.root]\nhandlers = [\n'x',\n]\nlevel = []",
            [
                "x.toml:2: logging.loggers.a levle: unknown key; did you mean 'level'?",
                "x.toml:3: logging.loggers.a handlers: is text; expected a list of names",
                "x.toml:4: logging.loggers.a filters: unknown filter 'x'",
                "x.toml:5: logging.loggers.a propagate: invalid value; expected true or false",
                "x.toml:7: logging.root handlers: unknown handler 'x'",
                "x.toml:10: logging.root level: cannot be set up: TypeError: Level not an integer",
            ],
            id="loggers",
        ),
        pytest.param(
            '[logging.handlers.a]\nclass = "logging.StreamHandler"\nstrem = "ext://sys.stdout"\n[logging.handlers.b]\n'
            'class = "logging.FileHandler"\nlevel = "INFO"\nfilename = "/no/such/folder/x"',
            [
                "x.toml:2: logging.handlers.a class: cannot be set up: TypeError: got an unexpected keyword argument",
                "x.toml:7: logging.handlers.b filename: folder '/no/such/folder' does not exist; create it",
            ],
            id="arguments of handlers",
        ),
        pytest.param(
            '[logging.handlers.a]\nclass = "${env:SECRET}"\nlevel = "${env:SECRET}"\n[logging.handlers.b]\n'
            'class = "logging.FileHandler"\nfilename = "${env:SECRET}/x"\n[logging.formatters.c]\n'
            'format = "${env:SECRET} {x"\n[logging.root]\nhandlers = ["${env:SECRET}"]',
            [
                "x.toml:2: logging.handlers.a class: cannot be set up: ModuleNotFoundError; the text of the error is",
                "x.toml:3: logging.handlers.a level: unknown level '<secret>'",
                "x.toml:6: logging.handlers.b filename: folder '",
                "x.toml:8: logging.formatters.c format: cannot be set up: ValueError; the text of the error",
                "x.toml:10: logging.root handlers: unknown handler '<secret>'",
            ],
            id="values from references are not shown",
        ),
    ],
)
def test_reports_mistakes(text: str, expected: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "hidden.thing")
    with own_logging():
        before = tree()
        setup = read(text)
        found = sorted(setup.check(), key=lambda each: each.where.line)
        assert cut(found, expected) == expected
        assert tree() == before


LISTENED = 'handlers = ["b"]\n[logging.handlers.b]\nclass = "logging.NullHandler"'


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
        pytest.param(
            '[logging.handlers.a]\nclass = "logging.handlers.QueueHandler"\nqueue = "queue.Queue"\n'
            + (
                ""
                if sys.version_info < (3, 12)
                else 'handlers = ["b"]\n[logging.handlers.b]\nclass = "logging.NullHandler"'
            ),
            id="queue",  # 3.12.1 requires the handlers of its listener, which 3.11 does not know
        ),
        pytest.param('[logging.handlers.a]\nclass = "logging.NullHandler"\n"." = { spare = 1 }', id="properties"),
    ],
)
def test_accepts_what_dict_config_accepts(text: str) -> None:
    with own_logging():
        setup = read(text)
        assert setup.check() == []
        setup.apply()


@pytest.mark.parametrize(
    ("handler", "expected"),
    [
        pytest.param(
            "class = FileHandler\nargs = (os.path.join('nowhere', 'x.log'),)",
            "x.ini:9: [handler_one]: cannot be set up: FileNotFoundError: [Errno 2] No such file or directory: ",
            id="file that can't be opened",
        ),
        pytest.param(
            "class = FileHandler\nargs = (len(5),)",
            "x.ini:9: [handler_one]: cannot be set up: TypeError: object of type 'int'",
            id="arguments that fail",
        ),
        pytest.param(
            "class = FileHandler\nargs = list('abcdefgh')",
            "x.ini:9: [handler_one]: cannot be set up: TypeError: ",
            id="too many arguments",
        ),
        pytest.param(
            "class = handlers.RotatingFileHandler\nargs = ('x', 'a', '${env:SECRET}')",
            "x.ini:9: [handler_one]: cannot be set up: TypeError: '>' not supported between ",
            id="argument of a wrong type",
        ),
        pytest.param(
            f"class = {OWN}.Refusing\nargs = ('${{env:SECRET}}',)",
            "x.ini:9: [handler_one]: cannot be set up: ValueError: I refuse <secret>",
            id="handler that tells a secret",
        ),
    ],
)
def test_reports_a_handler_that_fails(
    handler: str, expected: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "hidden")
    setup = read_ini(written(handler))
    assert setup.check() == []
    with own_logging(), pytest.raises(ConfigError) as caught:
        setup.apply()
    assert cut(caught.value.mistakes, [expected]) == [expected]
    assert (caught.value.__cause__ is None) is ("SECRET" in handler)


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (
            {"root": {"filters": [5]}},
            "x.py: logging.root filters: cannot be set up: ValueError: Unable to add filter 5",
        ),
        (
            {"handlers": {"a'b": {"class": "logging.handlers.MemoryHandler", "capacity": 1, "target": "a'b"}}},
            "x.py: logging.handlers a'b: cannot be set up: ValueError: Unable to set target handler \"a'b\"",
        ),
    ],
)
def test_reports_a_logger_that_fails(table: dict[str, object], expected: str) -> None:
    with own_logging(), pytest.raises(ConfigError) as caught:
        read_table(table).apply()
    assert str(caught.value) == expected


def test_reports_an_earlier_handler_that_fails() -> None:
    failures = [RuntimeError("disk is gone")]

    class Failing(logging.NullHandler):
        def flush(self) -> None:
            while failures:
                raise failures.pop()

    with own_logging() as root:
        root.addHandler(Failing())
        with pytest.raises(ConfigError) as caught:
            read_ini(written()).apply()
    assert str(caught.value) == "x.ini: cannot be set up: RuntimeError: disk is gone"


PROGRAM = """
import logging, sys
from pathlib import Path
from tests.config.logging_tree import read_ini
setup = read_ini(Path(sys.argv[1]).read_text(), Path(sys.argv[1]))
logging.getLogger("early")
setup.apply()
logging.getLogger("early").error("still heard")
logging.getLogger("quiet").info("not heard")
"""


def run(text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "x.ini").write_text(text)
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, folder / "x.ini"], capture_output=True, text=True, check=False
    )


def test_a_process_logs_as_configured(tmp_path: Path) -> None:
    text = written(
        f"class = FileHandler\nargs = ('{tmp_path}/a.log',)\nformatter = plain",
        formatter="format = %(levelname)s %(message)s",
    )
    done = run(text, tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "a.log").read_text() == "ERROR still heard\n"


def test_a_process_that_fails_closes_the_files_that_it_opened(tmp_path: Path) -> None:
    text = written(f"class = FileHandler\nargs = ('{tmp_path}/a.log',)").replace("keys = one", "keys = one, two")
    done = run(f"{text}[handler_two]\nclass = FileHandler\nargs = (str('nowhere/x'),)", tmp_path)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(
        f"wsgistack.errors.ConfigError: {tmp_path}/x.ini:14: [handler_two]: cannot be set up: FileNotFoundError: "
    )
    assert "Warning" not in done.stderr


LEAVES = st.sampled_from(
    [
        *["a", "", "INFO", "%(message)s", "{", "ext://sys.stdout", "ext://sys.nothing", "cfg://handlers.a", "cfg://a"],
        *["logging.StreamHandler", "logging.handlers.MemoryHandler", "logging.FileHandler", "json.dumps", "a/b"],
        *[1, True, 0.5, "${env:UNSET_NAME}"],
    ]
)
KEYS = ["a", "class", "()", ".", "level", "handlers", "filters", "formatter", "format", "style", "stream", "target"]
ENTRIES = LEAVES | st.dictionaries(
    st.sampled_from([*KEYS, "filename", "capacity", "propagate", "name"]), LEAVES | st.lists(LEAVES, max_size=2)
)
KINDS = ["formatters", "filters", "handlers", "loggers", "root", "version", "a"]
TABLES = st.dictionaries(
    st.sampled_from(KINDS), ENTRIES | st.dictionaries(st.sampled_from(["a", "b'"]), ENTRIES), max_size=5
)


@given(TABLES | LEAVES)
def test_reports_any_wrong_table_as_mistakes(tmp_path_factory: pytest.TempPathFactory, table: object) -> None:
    with own_logging(), contextlib.suppress(ConfigError):
        setup = read_table_logging(Table({"logging": table}, "x.toml", {}), tmp_path_factory.getbasetemp())
        setup.apply()
        assert setup.check() == []


def test_reports_a_module_that_fails(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "failing").mkdir()
    (folder / "failing" / "__init__.py").write_text("raise SystemExit(5)")
    monkeypatch.syspath_prepend(folder)
    with pytest.raises(ConfigError, match=r"cannot be set up: SystemExit: 5"):
        read('[logging.handlers.a]\nclass = "failing.inner.Handler"').apply()
