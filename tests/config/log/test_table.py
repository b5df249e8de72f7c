"""Logging from a table, as dictConfig takes it."""

import contextlib
import logging
import os
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.config.log.trees import cut, own_logging, tree
from wsgistack import ConfigError
from wsgistack.config.log import LoggingSetup, table_logging
from wsgistack.config.table.lines import lines_of

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
    return table_logging(tomllib.loads(text)["logging"], path, lines_of(text))


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
    said = [str(each) for each in table_logging(table, Path("x.py"), {}).check()]
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
        setup = table_logging(table, Path("x.py"), {})
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
                "x.toml:2: logging.handlers.a class: environment variable UNSET_NAME is not set; set it, or ",
                "x.toml:3: logging.handlers.a level: no level 'inf'; did you mean 'INFO'?",
            ],
            id="variable that is not set",
        ),
        pytest.param(
            '[logging.root]\nhandlers = [\n  "${env:UNSET_NAME}",\n]',
            ["x.toml:3: logging.root handlers: environment variable UNSET_NAME is not set; set it, or "],
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
        setup = table_logging(table, tmp_path_factory.getbasetemp() / "x.toml", {})
        setup.apply()
        assert setup.check() == []
