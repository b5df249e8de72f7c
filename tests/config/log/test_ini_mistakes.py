"""What is wrong in the sections of an ini file about logging."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.config.log.trees import cut, own_logging, setup_of, tree, written
from wsgistack import ConfigError

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
def test_meets_any_settings_with_mistakes_only(text: str) -> None:
    with own_logging(), contextlib.suppress(ConfigError):
        setup = setup_of(text, here="/srv")
        setup.apply()
        assert setup.check() == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            written("class = NullHandler\nlevel = info\nformatter = plian", root="level = 10\nhandlers = oen"),
            [
                "x.ini:12: [handler_one] level: no level 'info'; did you mean 'INFO'?",
                "x.ini:13: [handler_one] formatter: no formatter 'plian'; did you mean 'plain'?",
                "x.ini:8: [logger_root] level: no level '10'; choose from CRITICAL, DEBUG, ",
                "x.ini:9: [logger_root] handlers: no handler 'oen'; did you mean 'one'?",
            ],
            id="levels and names",
        ),
        pytest.param(
            written(more="[logger_a]\nlevel = DEBUG").replace("keys = root", "keys = root,a"),
            [
                "x.ini:13: [logger_a] handlers: is missing; expected names with commas between them, or nothing",
                "x.ini:13: [logger_a] qualname: is missing; expected the name that the logger has in Python",
            ],
            id="logger without what it needs",
        ),
        pytest.param(
            written(more="[logger_a]\nqualname = a\nhandlers = one, two\npropagate = yes\nlevel = X").replace(
                "keys = root", "keys = root,a"
            ),
            [
                "x.ini:16: [logger_a] propagate: is no number; expected 1 or 0",
                "x.ini:17: [logger_a] level: no level 'X'",
                "x.ini:15: [logger_a] handlers: no handler 'two'; choose from one",
            ],
            id="logger with wrong values",
        ),
        pytest.param(
            written(root="handlers = one", formatter="class = json.X\ndefaults = {") + "[logger_b]\n",
            [
                "x.ini:13: [formatter_plain] defaults: is no expression of Python: ",
                "x.ini:12: [formatter_plain] class: module 'json' has no attribute 'X'",
            ],
            id="class and defaults of a formatter",
        ),
        pytest.param(
            written(formatter="format = %(message)z"),
            ["x.ini:12: [formatter_plain] format: can't be made: ValueError: Invalid format '%(message)z' for"],
            id="format",
        ),
        pytest.param(
            written(formatter="style = x\nformat = y\ndefaults = nope"),
            [
                "x.ini:14: [formatter_plain] defaults: can't be evaluated: NameError: name 'nope' is not defined",
                "x.ini:12: [formatter_plain] style: no style 'x'; expected %, { or $",
            ],
            id="style",
        ),
        pytest.param(
            written("class = handlers.MemoryHandler\nargs = (1,)\ntarget = two"),
            ["x.ini:12: [handler_one] target: no handler 'two'; choose from one"],
            id="target",
        ),
    ],
)
def test_says_what_is_wrong(text: str, expected: list[str]) -> None:
    with own_logging():
        before = tree()
        setup = setup_of(text)
        assert cut(setup.check(), expected) == expected
        with pytest.raises(ConfigError) as caught:
            setup.apply()
        assert cut(caught.value.mistakes, expected) == expected
        assert tree() == before
