"""The lines of an ini file, read as configparser does; and references filled in."""

from configparser import ConfigParser, DuplicateOptionError, Error
from io import StringIO

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from wsgistack import ConfigError
from wsgistack.config.paste.ini import interpolate, is_known, parse

WORD = st.text("abxyzé;#[]%. ", min_size=1, max_size=6)
INDENT = st.sampled_from(["", "", "", " ", "  ", "\t"])
SETTING = st.builds("{}{}{}".format, WORD, st.sampled_from(["=", ":", " = ", " : ", "\t=\t"]), WORD | st.just(""))
LINE = st.one_of(
    st.builds(
        "[{}]{}".format, st.sampled_from(["a", "app:c", "DEFAULT", " d ", "e]f"]), st.sampled_from(["", "", " x"])
    ),
    SETTING,
    SETTING,
    st.builds("{}{}".format, st.sampled_from(["#", ";", "# ", ";="]), WORD),
    WORD,
    st.just(""),
)
INI = st.builds(
    lambda lines, end: end.join(["[first]", *(indent + line for indent, line in lines)]),
    st.lists(st.tuples(INDENT, LINE), max_size=12),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
Sections = dict[str, dict[str, str]]


def as_configparser_reads(text: str) -> Sections | None:
    """Each section with the defaults in it; None where it refuses the text."""
    parser = ConfigParser(interpolation=None, strict=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_file(StringIO(text, newline=None))
    except Error as error:
        if isinstance(error, DuplicateOptionError):
            assume(is_known(str(error.section)))  # otherwise only configparser refuses it
        return None
    return {"DEFAULT": dict(parser.defaults()), **{name: dict(parser.items(name)) for name in parser.sections()}}


def as_we_read(text: str) -> Sections | None:
    sections, mistakes = parse(text, "x.ini")
    if mistakes:
        return None
    read = {name: {key: each.value for key, each in section.settings.items()} for name, section in sections.items()}
    default = read.pop("DEFAULT", {})
    return {"DEFAULT": default, **{name: {**default, **settings} for name, settings in read.items()}}


@given(INI)
def test_reads_what_configparser_reads(text: str) -> None:
    expected = as_configparser_reads(text)
    assume(expected is not None)
    assert as_we_read(text) == expected


@given(st.text("[]=:;#% \t\nab\r\x0b\x0c\x85\u2028", max_size=40).map("[a]\n".__add__) | INI | st.text())
@example("[a]\nb=1\x0cc=2\n")
@example("[a]\nb=1\u2028 c=2\n")
@example("[DEFAULT]\na=1\n[b]\n[DEFAULT]\nc=1\n")
@example("[DEFAULT]\na=1\n[b]\n[DEFAULT]\na=1\n")
def test_refuses_what_configparser_refuses_and_nothing_else(text: str) -> None:
    assert as_we_read(text) == as_configparser_reads(text)


def test_keeps_the_line_of_each_section_and_setting() -> None:
    text = "# one\n\n[app:main]\n; four\nuse = x\n\npaths =\n  a\n  # nine\n\n  b\n[b]\nkey : \n"
    sections, mistakes = parse(text, "x.ini")
    assert not mistakes
    lines = {
        name: (each.line, {key: item.line for key, item in each.settings.items()}) for name, each in sections.items()
    }
    assert lines == {"app:main": (3, {"use": 5, "paths": 7}), "b": (12, {"key": 13})}
    assert sections["app:main"].settings["paths"].value == "\na\n\nb"


def test_continues_after_each_mistake() -> None:
    text = "early = 1\n[app]\nuse = x\nlonely\n= 5\nuse = y\n[b]\nkey = 1\n[app]\nother = 1\nother = 2\n"
    sections, mistakes = parse(text, "x.ini")
    assert [str(each) for each in mistakes] == [
        "x.ini:1: line outside of a section; expected a section header such as [app:main] above it",
        "x.ini:4: [app]: line is not a setting; expected name = value",
        "x.ini:5: [app]: line is not a setting; expected name = value",
        "x.ini:6: [app] use: duplicate key; first set on line 3",
        "x.ini:9: duplicate section [app]; first on line 2",
        "x.ini:11: [app] other: duplicate key; first set on line 10",
    ]
    assert list(sections) == ["app", "b"]
    assert sections["app"].settings["use"].value == "x"


@pytest.mark.parametrize("section", ["uwsgi", "program:shop", "application_x"])
def test_a_section_of_another_program_may_repeat_a_key(section: str) -> None:
    _, mistakes = parse(f"[{section}]\nenv = A=1\nenv = B=2\n", "x.ini")
    assert mistakes == []


@pytest.mark.parametrize("section", ["app:x", "server", "DEFAULT", "loggers", "handler_x"])
def test_a_section_that_is_read_must_not_repeat_a_key(section: str) -> None:
    _, mistakes = parse(f"[{section}]\nkeys = a\nkeys = b\n", "x.ini")
    assert [str(each) for each in mistakes] == [f"x.ini:3: [{section}] keys: duplicate key; first set on line 2"]


@pytest.mark.parametrize(
    ("value", "filled"),
    [
        ("%(here)s/static", "/srv/static"),
        ("%(url)s!", "http://host/!"),
        ("%(here)s%(here)s", "/srv/srv"),
        ("100%", "100%"),
        ("100%% sure %(here)s", "100% sure /srv"),
        ("%%(here)s", "%(here)s"),
        ("%h %(here)x %(here", "%h %(here)x %(here"),
        ("%(hour)/%(day)", "%(hour)/%(day)"),
        ("%(a(b)s", "odd"),
    ],
)
def test_fills_in_references(value: str, filled: str) -> None:
    variables = {"here": "/srv", "url": "http://%(host)s/", "host": "host", "a(b": "odd"}
    assert interpolate(value, variables) == filled


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("%(her)s", ("unknown reference %(her)s", "did you mean 'here'?")),
        ("%()s", ("unknown reference %()s", "choose from a, b, c, here; for the text itself, write %%()s")),
        ("%(here)/x", ("incomplete reference %(here)", "did you mean %(here)s?")),
        ("x %(here)", ("incomplete reference %(here)", "did you mean %(here)s?")),
        ("%(a)s", ("circular reference: %(a)s -> %(b)s -> %(a)s", "")),
        ("%(c)s", ("circular reference: %(c)s -> %(c)s", "")),
    ],
)
def test_reports_a_wrong_reference(value: str, said: tuple[str, str]) -> None:
    with pytest.raises(ConfigError) as caught:
        interpolate(value, {"here": "/srv", "a": "%(b)s", "b": "x%(a)s", "c": "%(c)s"})
    assert [(each.problem, each.hint) for each in caught.value.mistakes] == [said]


def test_follows_many_nested_references() -> None:
    variables = {str(number): f"%({number + 1})s" for number in range(50)} | {"50": "there"}
    assert interpolate("%(0)s", variables) == "there"
