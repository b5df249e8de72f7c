"""Logging from the sections of an ini file, as pserve reads them."""

import contextlib
import logging
import logging.config
import logging.handlers
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.config.logging_tree import cut, own_logging, read_ini, tree, written
from wsgistack import ConfigError
from wsgistack.config.paste.ini import parse
from wsgistack.config.paste.logging import read_ini_logging

OWN = "tests.config.logging_tree"
UNSET = "environment variable UNSET_NAME is not set"
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


MEMORY = written(
    "class = handlers.MemoryHandler\nargs = (10,)\ntarget = {0}", more="[handler_{0}]\nclass = StreamHandler"
).replace("keys = one", "keys = one, {0}")


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
            id="own name in DEFAULT",
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
            written(root="handlers = one, one\nparent = x\nqualname = root\npropagate = 1"),
            id="ignored settings",
        ),
        pytest.param(written(root="level = ERROR\nhandlers ="), id="no handlers"),
        pytest.param(MEMORY.format("aone"), id="target that is made before"),
        pytest.param(MEMORY.format("two"), id="target that is made after"),
        pytest.param(written(more="[logger_a]\n[handler_b]\n[formatter_c]"), id="unlisted sections"),
        pytest.param(
            written(more="[logger_a]\nhandlers = one\nqualname = a.b\nlevel = DEBUG\npropagate = 1").replace(
                "keys = root", "keys = a,root"
            ),
            id="another logger",
        ),
    ],
)
def test_sets_up_what_pserve_sets_up(text: str, tmp_path: Path) -> None:
    path = tmp_path / "x.ini"
    path.write_bytes(text.encode())
    defaults = {"here": str(tmp_path), "__file__": str(path)}
    with own_logging():
        logging.getLogger("a.b.c").setLevel(5)
        logging.config.fileConfig(path, defaults, disable_existing_loggers=False)
        expected = tree()
    with own_logging():
        logging.getLogger("a.b.c").setLevel(5)
        setup = read_ini(text, path, **defaults)
        untouched = tree()
        assert setup.check() == []
        assert tree() == untouched
        setup.apply()
        assert tree() == expected
    assert expected != untouched


def test_a_file_without_logging_sections_has_no_logging() -> None:
    sections, _ = parse("[app:main]\nuse = x\n", "x.ini")
    assert read_ini_logging(Path("x.ini"), sections, {}) is None


def test_a_check_opens_no_file(tmp_path: Path) -> None:
    setup = read_ini(PYRAMID, here=str(tmp_path))
    assert setup.check() == []
    assert [*tmp_path.iterdir()] == []


def test_references_are_filled_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGS", f"{tmp_path}/it's")
    monkeypatch.setenv("SIZE", "77")
    monkeypatch.setenv("LEVEL", "ERROR")
    (tmp_path / "it's").mkdir()
    args = "('${env:LOGS}/app.log',)\nkwargs = {'maxBytes': int('${env:SIZE}')}\nlevel = ${env:LEVEL}"
    with own_logging() as root:
        read_ini(written(f"class = handlers.RotatingFileHandler\nargs = {args}")).apply()
        (handler,) = root.handlers
        assert isinstance(handler, logging.handlers.RotatingFileHandler)
        assert handler.baseFilename == f"{tmp_path}/it's/app.log"
        assert (handler.maxBytes, handler.level) == (77, logging.ERROR)


def test_a_percent_sign_without_a_reference_is_itself() -> None:
    with own_logging() as root:
        read_ini(written(f"class = {OWN}.Kept\nargs = ('100% %h %%(here)s %(here)s',)"), here="/srv").apply()
        (handler,) = root.handlers
        assert vars(handler)["given"] == ("100% %h %(here)s /srv", (), [])


def test_evaluates_a_call_only_when_logging_is_set_up(folder: Path) -> None:
    setup = read_ini(written(f"class = {OWN}.Kept\nargs = (open('made', 'w').close(),)"))
    assert setup.check() == []
    assert not (folder / "made").exists()
    with own_logging():
        setup.apply()
    assert (folder / "made").exists()


WORDS = st.sampled_from(
    [
        *[
            "root",
            "one",
            "plain",
            "a",
            "",
            "%",
            "%(here)s",
            "%(a)s",
            "${env:UNSET_NAME}",
            "INFO",
            "levle",
            "StreamHandler",
        ],
        *["handlers.MemoryHandler", "FileHandler", "json.dumps", "(sys.stderr,)", "()", "(1,", "('a/b',)", "{'a': 5}"],
        *["{5: 5}", "('\\0',)", "(sys,)", "5", "-1", "é\0", "one, two"],
    ]
)
KEYS = [
    "class",
    "args",
    "kwargs",
    "level",
    "levle",
    "handlers",
    "qualname",
    "propagate",
    "formatter",
    "target",
    "format",
]
SETTINGS = st.dictionaries(st.sampled_from([*KEYS, "style", "defaults", "a"]), WORDS, max_size=6)
LISTS = st.builds("keys = {}, {}".format, st.sampled_from(["root", "one", "plain"]), WORDS) | st.just("")
SECTIONS = SETTINGS.map(lambda settings: "\n".join(f"{key} = {value}" for key, value in settings.items()))
TEXTS = st.fixed_dictionaries(
    {"loggers": LISTS, "handlers": LISTS, "formatters": LISTS},
    optional=dict.fromkeys(["logger_root", "logger_a", "handler_one", "formatter_plain", "DEFAULT"], SECTIONS),
).map(lambda made: "".join(f"[{name}]\n{settings}\n" for name, settings in made.items()))


@given(TEXTS)
def test_reports_any_wrong_settings_as_mistakes(text: str) -> None:
    with own_logging(), contextlib.suppress(ConfigError):
        setup = read_ini(text, here="/srv")
        setup.apply()
        assert setup.check() == []


@given(st.text("(){}[]'\"\\,.${}env:a1+- \n\0") | st.text() | st.just("-" * 5000 + "1"))
def test_reports_any_wrong_expression_as_a_mistake(text: str) -> None:
    lines = "\n ".join(text.splitlines())
    with contextlib.suppress(AssertionError):  # it is not one setting
        read_ini(written(f"class = NullHandler\nargs = {lines}")).check()


HANDLERS = {
    "": ":9: [handler_one]: missing class; expected a class such as logging.StreamHandler",
    "Class = StreamHandler": ":10: [handler_one] Class: unknown setting; did you mean 'class'?",
    "class = StreamHandlr": (
        ":10: [handler_one] class: cannot be set up: AttributeError: module 'logging' has no attribute 'StreamHandlr'"
    ),
    "class = handlers.RotatingFileHandlr": ":10: [handler_one] class: cannot be set up: AttributeError: module 'loggi",
    "class = nowhere.Handler": ":10: [handler_one] class: cannot be set up: ModuleNotFoundError: No module named 'now",
    "class = json.Handler": ":10: [handler_one] class: cannot be set up: AttributeError: module 'json' has no attribu",
    "class = a b": ":10: [handler_one] class: ",
    "class = json.dumps": ":10: [handler_one] class: cannot be set up: TypeError: json.dumps is not a handler class",
    "class = Formatter": ":10: [handler_one] class: cannot be set up: TypeError: logging.Formatter is not a handler c",
    "class = ${env:SECRET}": ":10: [handler_one] class: cannot be set up: AttributeError; the text of the error is le",
    "class = StreamHandler\nargs = (sys.stdrr,)": (
        ":11: [handler_one] args: cannot be evaluated: AttributeError: module 'sys' has no attribute 'stdrr'"
    ),
    "class = StreamHandler\nargs = (sys.stderr": ":11: [handler_one] args: cannot be evaluated: SyntaxError: '(' was",
    "class = StreamHandler\nargs = (${env:SECRET},)": (
        ":11: [handler_one] args: cannot be evaluated: SyntaxError: invalid syntax"
    ),
    "class = FileHandler\nargs = ('x.log')": (":11: [handler_one] args: is text; expected a tuple"),
    "class = FileHandler\nkwargs = 5": ":11: [handler_one] kwargs: is a number; expected a dict",
    "class = FileHandler\nargs = ('a.log', 'a', None, False, 5, 6)": (
        ":11: [handler_one] args: cannot be set up: TypeError: too many positional arguments"
    ),
    "class = FileHandler": ":10: [handler_one] class: cannot be set up: TypeError: missing a required argument: 'file",
    "class = FileHandler\nkwargs = {'filname': 'x.log'}": (
        ":11: [handler_one] kwargs: cannot be set up: TypeError: missing a required argument: 'filename'"
    ),
    "class = FileHandler\nargs = ('no/such/folder/x.log',)": (
        ":11: [handler_one] args: folder 'no/such/folder' does not exist; create it"
    ),
    "class = FileHandler\nargs = ('${env:UNSET_NAME}', '${env:UNSET_OTHER}')": f":11: [handler_one] args: {UNSET}",
}


@pytest.mark.parametrize("handler", HANDLERS)
def test_reports_a_wrong_handler(handler: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "hidden")
    found = [str(each) for each in read_ini(written(handler)).check()]
    assert found[0].startswith(f"x.ini{HANDLERS[handler]}")
    assert "hidden" not in "".join(found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            written("class = NullHandler\nlevel = info\nformatter = plian", root="level = 10\nhandlers = oen"),
            [
                "x.ini:13: [handler_one] formatter: unknown formatter 'plian'; did you mean 'plain'?",
                "x.ini:12: [handler_one] level: unknown level 'info'; did you mean 'INFO'?",
                "x.ini:9: [logger_root] handlers: unknown handler 'oen'; did you mean 'one'?",
                "x.ini:8: [logger_root] level: unknown level '10'; ",
            ],
            id="levels and names",
        ),
        pytest.param(
            written(more="[logger_a]\nqualname = a\nhandlers = one, two\npropagate = yes\nlevel = X").replace(
                "keys = root", "keys = root,a"
            ),
            [
                "x.ini:15: [logger_a] handlers: unknown handler 'two'; ",
                "x.ini:17: [logger_a] level: unknown level 'X'",
                "x.ini:16: [logger_a] propagate: invalid value; expected true or false (1 or 0 in an ini file)",
            ],
            id="logger with wrong values",
        ),
        pytest.param(
            written(root="handlers = one", formatter="class = json.X\ndefaults = {") + "[logger_b]\n",
            [
                "x.ini:13: [formatter_plain] defaults: cannot be evaluated: SyntaxError: ",
                "x.ini:12: [formatter_plain] class: cannot be set up: ",
            ],
            id="class and defaults of a formatter",
        ),
        pytest.param(
            written(formatter="defaults = dict(a=print())"),
            ["x.ini:12: [formatter_plain] defaults: contains a call; expected a dict"],
            id="call in defaults",
        ),
        pytest.param(
            written(formatter="format = %(message)z"),
            ["x.ini:12: [formatter_plain] format: cannot be set up: ValueError: Invalid format '%(message)z'"],
            id="format",
        ),
        pytest.param(
            written(formatter="style = x\nformat = y\ndefaults = nope"),
            [
                "x.ini:14: [formatter_plain] defaults: cannot be evaluated: NameError: name 'nope' is not defined",
                "x.ini:12: [formatter_plain] style: cannot be set up: ValueError: Style must be one of: %,{,$",
            ],
            id="style",
        ),
        pytest.param(
            written("class = handlers.MemoryHandler\nargs = (1,)\ntarget = two"),
            ["x.ini:12: [handler_one] target: unknown handler 'two'"],
            id="target",
        ),
        pytest.param(
            written().replace("[formatters]\nkeys = plain\n", ""),
            ["x.ini:9: [formatter_plain]: missing list of formatters; expected [formatters] with keys = plain"],
            id="list",
        ),
        pytest.param(
            "[logger_a]\nqualname = a\n[handler_b]\nclass = NullHandler\n",
            [
                "x.ini:3: [handler_b]: missing list of handlers; expected [handlers] with keys = b",
                "x.ini:1: [logger_a]: missing list of loggers; expected [loggers] with keys = a",
            ],
            id="no list",
        ),
        pytest.param(
            written().replace("keys = one\n", ""),
            ["x.ini:3: [handlers]: missing list of handlers; expected [handlers] with keys = one"],
            id="keys",
        ),
        pytest.param(
            written().replace("keys = one", "kyes = one"),
            ["x.ini:4: [handlers] kyes: unknown setting; did you mean 'keys'?"],
            id="misspelt keys",
        ),
        pytest.param(
            written().replace("keys = one", "keys = %(handlers)s"),
            ["x.ini:4: [handlers] keys: unknown reference %(handlers)s; "],
            id="keys with a wrong reference",
        ),
        pytest.param(
            written().replace("[handler_one]", "[handler_oen]"),
            [
                "x.ini:4: [handlers] keys: missing section [handler_one]",
                "x.ini:8: [logger_root] handlers: unknown handler 'one'",
            ],
            id="misspelt section",
        ),
        pytest.param(
            written().replace("keys = root", "keys = root other"),
            [
                "x.ini:2: [loggers] keys: missing section [logger_root other]",
            ],
            id="commas",
        ),
        pytest.param(
            written(
                "class = NullHandler\nformatter = two", root="handlers = two", more="[handler_two]\n[formatter_two]"
            ),
            [
                "x.ini:11: [handler_one] formatter: unknown formatter 'two'; choose from plain",
                "x.ini:8: [logger_root] handlers: unknown handler 'two'; choose from one",
            ],
            id="unlisted sections",
        ),
        pytest.param(
            written("clas = x\nlevle = x\nargs = ()\nstream = x\nname = x"),
            [
                "x.ini:10: [handler_one] clas: unknown setting; did you mean 'class'?",
                "x.ini:11: [handler_one] levle: unknown setting; did you mean 'level'?",
            ],
            id="misspelt settings",
        ),
        pytest.param(
            written("class = NullHandler\nflushlevel = x\nfilename = x", root="handlers = one\nname = x\nhandler = x"),
            [],
            id="ignored settings",
        ),
        pytest.param(
            written("class = FileHandler\nargs = ('%(her)s/x',)\nlevel = %(level)s"),
            [
                "x.ini:11: [handler_one] args: unknown reference %(her)s; did you mean 'here'?",
                "x.ini:12: [handler_one] level: circular reference: %(level)s -> %(level)s",
            ],
            id="references to settings",
        ),
        pytest.param(
            written("class = ${env:UNSET_NAME}", formatter="format = ${env:UNSET_NAME}"),
            [f"x.ini:12: [formatter_plain] format: {UNSET}", f"x.ini:10: [handler_one] class: {UNSET}"],
            id="references to the environment",
        ),
        pytest.param(
            written("class = NullHandler\nformatter = ${env:SECRET}").replace(
                "keys = root", "keys = root, ${env:SECRET}"
            ),
            [
                "x.ini:2: [loggers] keys: missing section [logger_<secret>]",
                "x.ini:11: [handler_one] formatter: unknown formatter '<secret>'",
            ],
            id="secrets are not shown",
        ),
    ],
)
def test_reports_mistakes(text: str, expected: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "hidden")
    with own_logging():
        before = tree()
        setup = read_ini(text, here="/srv")
        assert cut(setup.check(), expected) == expected
        if expected:
            with pytest.raises(ConfigError) as caught:
                setup.apply()
            assert cut(caught.value.mistakes, expected) == expected
        assert tree() == before
