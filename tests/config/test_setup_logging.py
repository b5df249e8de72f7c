"""The logging of a configuration, set up by a server that loads it."""

import logging
import os
from pathlib import Path

import pytest
from webtest import TestApp as Browser

from tests.config.logging_tree import own_logging, tree
from tests.config.logging_tree import written as ini
from tests.config.written import GREET, MODULE, load_mistakes, write
from wsgistack import ConfigError, load, setup_logging

APP = GREET.replace("greet", "main", 1)
CONSOLE = ini("class = FileHandler\nargs = ('%(here)s/%(name)s.log',)").replace("[", "[DEFAULT]\nname = app\n[", 1)


def test_sets_up_the_logging_of_an_ini_file(folder: Path) -> None:
    write(CONSOLE)
    with own_logging():
        setup_logging("stack.ini", global_conf={"name": "other"})
        logging.error("seen")
    assert [each.name for each in folder.glob("*.log")] == ["app.log"]  # [DEFAULT] overrides what is passed


def test_sets_up_the_logging_of_a_table(folder: Path) -> None:
    handler = {"class": "logging.FileHandler", "filename": "app.log"}
    table = {"handlers": {"file": handler}, "root": {"handlers": ["file"]}}
    with own_logging():
        setup_logging({"logging": table})
        logging.error("seen")
    assert (folder / "app.log").read_text() == "seen\n"


def test_changes_nothing_without_logging(folder: Path) -> None:
    write(APP)
    with own_logging():
        before = tree()
        setup_logging("stack.ini")
        load("stack.ini", logging=True)
        assert tree() == before


def test_loads_with_logging_if_asked(folder: Path) -> None:
    write(APP + CONSOLE)
    with own_logging():
        before = tree()
        load("stack.ini")
        assert tree() == before
        assert Browser(load("stack.ini", logging=True)).get("/").status_int == 200
        logging.error("seen")
    assert (folder / "app.log").read_text() == "seen\n"


def test_changes_nothing_after_a_mistake(folder: Path) -> None:
    write(f"[app:main]\nuse = {MODULE}:no_such\n" + CONSOLE.replace("FileHandler", "FileHandlr"))
    with own_logging():
        before = tree()
        with pytest.raises(ConfigError) as caught:
            load("stack.ini", logging=True)
        with pytest.raises(ConfigError) as of_logging:
            setup_logging("stack.ini")
        assert tree() == before
    assert [each.where.section for each in caught.value.mistakes] == ["[app:main]", "[handler_one]"]
    assert [each.where.section for each in of_logging.value.mistakes] == ["[handler_one]"]
    assert len(load_mistakes()) == 1


def test_reports_a_mistake_in_a_table_from_python() -> None:
    with pytest.raises(ConfigError) as caught:
        setup_logging({"logging": {"handler": {}}})
    assert str(caught.value) == "logging handler: unknown key; did you mean 'handlers'?"


@pytest.mark.skipif(os.name != "posix", reason="gunicorn needs a POSIX system")
def test_gunicorn_loads_with_logging(folder: Path) -> None:
    util = pytest.importorskip("gunicorn.util", reason="gunicorn is not installed")
    write(APP + CONSOLE)
    with own_logging() as root:
        assert callable(util.import_app('wsgistack:load("stack.ini", logging=True)'))
        assert len(root.handlers) == 1
