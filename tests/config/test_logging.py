"""Logging from a table, as dictConfig takes it: checked, and set up."""

import contextlib
import logging
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.config.logging_tree import cut, own_logging, tree
from tests.config.logging_tree import read_ini as setup_of_ini
from tests.config.logging_tree import written
from wsgistack import ConfigError
from wsgistack.config.logging import LoggingSetup, import_dotted, read_table_logging
from wsgistack.config.table.toml import find_lines

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


def setup_of(text: str, path: Path = Path("x.toml")) -> LoggingSetup:
    return read_table_logging(tomllib.loads(text)["logging"], path, find_lines(text))


def test_sets_up_what_dict_config_does(tmp_path: Path) -> None:
    content: dict[str, Any] = tomllib.loads(TABLE)["logging"]
    content["handlers"]["file"]["filename"] = f"{tmp_path}/app.log"
    with own_logging():
        logging.getLogger("other").setLevel(5)
        logging.config.dictConfig({"version": 1, "disable_existing_loggers": False, **content})
        expected = tree()
    with own_logging():
        logging.getLogger("other").setLevel(5)
        setup = setup_of(TABLE, tmp_path / "x.toml")
        untouched = tree()
        assert setup.check() == []
        assert tree() == untouched
        setup.apply()
        assert tree() == expected


def test_logs_to_a_file_beside_the_configuration(tmp_path: Path) -> None:
    with own_logging():
        setup_of(TABLE, tmp_path / "x.toml").apply()
        logging.getLogger("sqlalchemy.engine").error("seen")
    assert (tmp_path / "app.log").read_text() == "seen\n"


def test_a_table_that_holds_itself_is_too_deep() -> None:
    table: dict[str, object] = {}
    table["root"] = table
    said = [str(each) for each in read_table_logging(table, Path("x.py"), {}).check()]
    assert said[0] == f"x.py: logging{'.root' * 50} root: is too deep"
    assert said[1].startswith("x.py: logging.root root: no such key")


def test_a_file_may_be_named_elsewhere(tmp_path: Path) -> None:
    with own_logging() as root:
        setup_of(TABLE.replace("app.log", "ext://os.devnull").replace('["console"]', '["file"]')).apply()
        (handler,) = root.handlers
        assert isinstance(handler, logging.FileHandler)
        assert handler.baseFilename == os.devnull


def test_disables_the_loggers_that_exist_only_if_told_so() -> None:
    with own_logging():
        logger = logging.getLogger("early")
        setup_of("[logging]\nversion = 1").apply()
        assert not logger.disabled
        setup_of("[logging]\ndisable_existing_loggers = true").apply()
        assert logger.disabled


def test_references_are_filled_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAME", "app")
    monkeypatch.setenv("LEVEL", "ERROR")
    (tmp_path / "format").write_text("secret %(message)s\n")
    text = TABLE.replace("app.log", "${env:NAME}.txt").replace("INFO", "${env:LEVEL}")
    with own_logging() as root:
        setup_of(text.replace("%(message)s", "${file:format}"), tmp_path / "x.toml").apply()
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
        setup = read_table_logging(table, Path("x.py"), {})
        assert setup.check() == []
        setup.apply()
        assert root.handlers == [made]
        assert made.filters == [only]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("logging = 5", ["x.toml:1: logging: is of type int; expected a table"], id="number"),
        pytest.param(
            f"[logging.root]\nx = {'[' * 60}{']' * 60}",
            ["x.toml:2: logging.root x: is too deep"],
            id="deep",
        ),
        pytest.param(
            '[logging.handlers.a]\nclass = "${env:UNSET_NAME}"\nlevel = "inf"',
            [
                "x.toml:2: logging.handlers.a class: the environment variable UNSET_NAME is not set; expected it",
                "x.toml:3: logging.handlers.a level: no level 'inf'; did you mean 'INFO'?",
            ],
            id="variable that is not set",
        ),
        pytest.param(
            '[logging.root]\nhandlers = [\n  "${env:UNSET_NAME}",\n]',
            ["x.toml:3: logging.root handlers: the environment variable UNSET_NAME is not set; expected it"],
            id="variable that is not set, in a list",
        ),
    ],
)
def test_says_what_is_wrong(text: str, expected: list[str]) -> None:
    assert cut(setup_of(text).check(), expected) == expected


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
def test_meets_any_table_with_mistakes_only(tmp_path_factory: pytest.TempPathFactory, table: object) -> None:
    with own_logging(), contextlib.suppress(ConfigError):
        setup = read_table_logging(table, tmp_path_factory.getbasetemp() / "x.toml", {})
        setup.apply()
        assert setup.check() == []




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
                "x.toml:2: logging.handlers.d class: no 'StreamHandlr' in logging; did you mean 'StreamHandler'?",
                "x.toml:3: logging.handlers.e class: 'logging.Formatter' is no handler; expected a class of handlers",
                "x.toml:4: logging.handlers.f class: 'json.dumps' is no handler; expected a class of handlers",
                "x.toml:5: logging.handlers.g (): no 'nope' in json",
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
                "x.toml:6: logging.handlers.a filters: no filter 'h'; there are: other",
                "x.toml:3: logging.handlers.a filname: no such option of FileHandler; did you mean 'filename'?",
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
                "x.toml:7: logging.handlers.b queue: no 'nope' in queue",
                "x.toml:4: logging.handlers.a target: no handler 'aa'; did you mean 'a'?",
                "x.toml:9: logging.handlers.b handlers: no handler 'zz'; there are: a, b",
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
                "x.toml:5: logging.formatters.d class: no 'x' in json",
                "x.toml:6: logging.formatters e: can't be made: TypeError: dumps() missing 1 required positional",
                "x.toml:7: logging.formatters.f (): no 'x' in json",
            ],
            id="formatters",
        ),
        pytest.param(
            '[logging.filters]\na = { nam = "x" }\nb = { "()" = "json.x" }\nc = { "()" = "json.dumps" }',
            [
                "x.toml:2: logging.filters.a nam: no such key; did you mean 'name'?",
                "x.toml:3: logging.filters.b (): no 'x' in json",
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
                "x.toml:3: logging.handlers.a level: no level <secret>; there are: CRITICAL, ",
                "x.toml:6: logging.handlers.b filename: the folder of <secret> is missing",
                "x.toml:10: logging.root handlers: no handler <secret>; there are: a, b",
            ],
            id="values from references are not shown",
        ),
    ],
)
def test_says_what_is_wrong(text: str, expected: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "hidden.thing")
    with own_logging():
        before = tree()
        setup = read_table_logging(tomllib.loads(text)["logging"], Path("x.toml"), find_lines(text))
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
        setup = read_table_logging(tomllib.loads(text)["logging"], Path("x.toml"), find_lines(text))
        assert setup.check() == []
        setup.apply()




@pytest.mark.parametrize(
    ("handler", "expected"),
    [
        pytest.param(
            "class = FileHandler\nargs = (os.path.join('nowhere', 'x.log'),)",
            "x.ini:9: [handler_one]: can't be set up: FileNotFoundError: [Errno 2] No such file or directory: ",
            id="file that can't be opened",
        ),
        pytest.param(
            "class = FileHandler\nargs = (len(5),)",
            "x.ini:9: [handler_one]: can't be set up: can't be evaluated: TypeError: object of type 'int' has no len()",
            id="arguments that fail",
        ),
        pytest.param(
            "class = FileHandler\nargs = list('abcdefgh')",
            "x.ini:9: [handler_one]: can't be set up: TypeError: ",
            id="too many arguments",
        ),
        pytest.param(
            "class = handlers.RotatingFileHandler\nargs = ('x', 'a', '${env:SECRET}')",
            "x.ini:9: [handler_one]: can't be set up: TypeError: '>' not supported between ",
            id="argument of a wrong type",
        ),
        pytest.param(
            f"class = {OWN}.Refusing\nargs = ('${{env:SECRET}}',)",
            "x.ini:9: [handler_one]: can't be set up: ValueError: I refuse <secret>",
            id="handler that tells a secret",
        ),
    ],
)
def test_says_what_fails(handler: str, expected: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "hidden")
    setup = setup_of(written(handler))
    assert setup.check() == []
    with own_logging(), pytest.raises(ConfigError) as caught:
        setup.apply()
    assert cut(caught.value.mistakes, [expected]) == [expected]
    assert (caught.value.__cause__ is None) is ("SECRET" in handler)


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({"root": {"filters": [5]}}, "x.py: logging root: can't be set up: KeyError: 5"),
        ({"loggers": {"a'b": {"filters": [5]}}}, "x.py: logging.loggers a'b: can't be set up: KeyError: 5"),
    ],
)
def test_says_which_logger_fails(table: dict[str, object], expected: str) -> None:
    with own_logging(), pytest.raises(ConfigError) as caught:
        read_table_logging(table, Path("x.py"), {}).apply()
    assert str(caught.value) == expected


def test_says_that_a_handler_from_before_fails() -> None:
    failures = [RuntimeError("disk is gone")]

    class Failing(logging.NullHandler):
        def flush(self) -> None:
            while failures:
                raise failures.pop()

    with own_logging() as root:
        root.addHandler(Failing())
        with pytest.raises(ConfigError) as caught:
            setup_of(written()).apply()
    assert str(caught.value) == "x.ini: can't be set up: RuntimeError: disk is gone"


PROGRAM = """
import logging, sys
from pathlib import Path
from tests.config.logging_tree import setup_of
setup = setup_of(Path(sys.argv[1]).read_text(), Path(sys.argv[1]))
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


def test_a_process_logs_as_it_was_told(tmp_path: Path) -> None:
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
        f"wsgistack.errors.ConfigError: {tmp_path}/x.ini:14: [handler_two]: can't be set up: FileNotFoundError: "
    )
    assert "Warning" not in done.stderr


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
        ("logging.handlers.Xyz", "no 'Xyz' in logging.handlers"),
        ("logging.StreamHandler.nothing.more", "no 'nothing' in logging"),
        ("nowhere.at.all", "no module 'nowhere'"),
        ("tests.config.log.nowhere.X", "no 'nowhere' in tests.config.log"),
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
    with pytest.raises(ConfigError, match="importing 'failing' failed: SystemExit: 5"):
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
                "filname: no such option of FileHandler; did you mean 'filename'?",
                "mod: no such option of FileHandler; did you mean 'mode'?",
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
            ["5: no such option of FileHandler; there are: delay, encoding, errors, filename, mode"],
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
