"""Logging from the sections of an ini file, as pserve has it."""

import logging
import logging.config
from pathlib import Path

import pytest

from tests.config.log.trees import own_logging, setup_of, tree, written
from wsgistack.config.log import ini_logging
from wsgistack.config.paste.ini import parse

OWN = "tests.config.log.trees"
PYRAMID = """[app:main]
use = egg:myapp

[loggers]
keys = root, myapp, sqlalchemy

[handlers]
keys = console, filelog

[formatters]
keys = generic

[logger_root]
level = INFO
handlers = console

[logger_myapp]
level = DEBUG
handlers =
qualname = myapp

[logger_sqlalchemy]
level = WARN
handlers = filelog
qualname = sqlalchemy.engine
propagate = 0
# "level = INFO" logs SQL queries.

[handler_console]
class = StreamHandler
args = (sys.stderr,)
level = NOTSET
formatter = generic

[handler_filelog]
class = FileHandler
args = ('%(here)s/app.log', 'a')
level = INFO
formatter = generic

[formatter_generic]
format = %(asctime)s %(levelname)-5.5s [%(name)s:%(lineno)s][%(threadName)s] %(message)s
"""


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(PYRAMID, id="as pyramid writes it"),
        pytest.param(PYRAMID.replace("\n", "\r\n"), id="with CRLF"),
        pytest.param(
            "[DEFAULT]\nlevel = ERROR\nLogDir = sub\n" + written(root="handlers = one"), id="level from DEFAULT"
        ),
        pytest.param(
            "[DEFAULT]\nLogDir = %(here)s\n" + written("class = FileHandler\nargs = ('%(LogDir)s/a.log', 'w')"),
            id="name of one's own in DEFAULT",
        ),
        pytest.param(
            "[DEFAULT]\nLogDir = %(here)s\n" + written("class = FileHandler\nargs = ('%(logdir)s/a.log', 'w')"),
            id="name in DEFAULT, in another case",
        ),
        pytest.param(
            written("Class = StreamHandler\nARGS = ( sys.stdout , )", root="Handlers=one\nLEVEL=INFO"), id="case"
        ),
        pytest.param(written("class = StreamHandler\nargs =\n  (\n    sys.stdout,\n  )"), id="several lines"),
        pytest.param(written("class = logging.handlers.BufferingHandler\nargs = (2 * 5,)"), id="dotted name"),
        pytest.param(
            written("class = handlers.SysLogHandler\nargs = (('localhost', handlers.SYSLOG_UDP_PORT), 8)"),
            id="names of logging",
        ),
        pytest.param(
            written("class = handlers.RotatingFileHandler\nkwargs = {'filename': '%(here)s/%%h', 'maxBytes': 10*1024}"),
            id="kwargs and a percent sign",
        ),
        pytest.param(
            written(f"class = {OWN}.Kept\nargs = (os.path.join('%(here)s', 'x'), 1)\nkwargs = {{'a': [1]}}"),
            id="own class and a call",
        ),
        pytest.param(
            written(
                "class = StreamHandler\nformatter = plain",
                formatter="format = {message} %% %(here)s\nstyle = {\ndatefmt = %H:%M",
            ),
            id="style and datefmt",
        ),
        pytest.param(
            written("class = StreamHandler\nformatter =\nlevel = WARN", formatter=f"class = {OWN}.Loud"),
            id="no formatter",
        ),
        pytest.param(
            written("class = StreamHandler\nformatter = plain", formatter=f"class = {OWN}.Loud"),
            id="class of a formatter",
        ),
        pytest.param(
            written("class = StreamHandler\nformatter = plain", formatter="class =\nformat ="), id="empty values"
        ),
        pytest.param(
            written("class = handlers.MemoryHandler\nargs = (10, ERROR)\ntarget = two").replace(
                "keys = one", "keys = one, two"
            )
            + "[handler_two]\nclass = StreamHandler\ntarget = nothing\n",
            id="handler for another handler",
        ),
        pytest.param(
            written(root="handlers = one, one\nparent = x\nqualname = root\npropagate = 1"),
            id="settings that do nothing",
        ),
        pytest.param(written(root="level = ERROR\nhandlers ="), id="no handlers"),
        pytest.param(written(more="[logger_a]\n[handler_b]\n[formatter_c]"), id="sections that are not listed"),
        pytest.param(
            written(more="[logger_a]\nhandlers = one\nqualname = a.b\nlevel = DEBUG\npropagate = 1").replace(
                "keys = root", "keys = a,root"
            ),
            id="another logger",
        ),
    ],
)
def test_sets_up_what_pserve_does(text: str, tmp_path: Path) -> None:
    path = tmp_path / "x.ini"
    path.write_bytes(text.encode())
    defaults = {"here": str(tmp_path), "__file__": str(path)}
    with own_logging():
        logging.getLogger("a.b.c").setLevel(5)
        logging.config.fileConfig(path, defaults, disable_existing_loggers=False)
        expected = tree()
    with own_logging():
        logging.getLogger("a.b.c").setLevel(5)
        setup = setup_of(text, path, **defaults)
        untouched = tree()
        assert setup.check() == []
        assert tree() == untouched
        setup.apply()
        assert tree() == expected
    assert expected != untouched


def test_nothing_where_no_section_is_about_logging() -> None:
    sections, _ = parse("[app:main]\nuse = x\n", "x.ini")
    assert ini_logging(Path("x.ini"), sections, {}) is None


def test_checking_opens_no_file(tmp_path: Path) -> None:
    setup = setup_of(PYRAMID, here=str(tmp_path))
    assert setup.check() == []
    assert [*tmp_path.iterdir()] == []


def test_references_are_filled_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGS", f"{tmp_path}/it's")
    monkeypatch.setenv("SIZE", "77")
    monkeypatch.setenv("LEVEL", "ERROR")
    (tmp_path / "it's").mkdir()
    args = "('${env:LOGS}/app.log',)\nkwargs = {'maxBytes': int('${env:SIZE}')}\nlevel = ${env:LEVEL}"
    with own_logging() as root:
        setup_of(written(f"class = handlers.RotatingFileHandler\nargs = {args}")).apply()
        (handler,) = root.handlers
        assert isinstance(handler, logging.handlers.RotatingFileHandler)
        assert handler.baseFilename == f"{tmp_path}/it's/app.log"
        assert (handler.maxBytes, handler.level) == (77, logging.ERROR)
