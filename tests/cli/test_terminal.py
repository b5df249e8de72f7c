"""What a stream can show: colours, its width, and its characters."""

import os
import pty
import termios
from collections.abc import Iterator
from io import BytesIO, StringIO, TextIOWrapper
from typing import TextIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgistack.cli.terminal import Terminal, color, measure


@pytest.fixture
def tty(monkeypatch: pytest.MonkeyPatch) -> Iterator[TextIO]:
    """A terminal of 60 columns."""
    for name in ("COLUMNS", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (24, 60))
    with open(slave, "w", encoding="utf-8") as stream:  # noqa: PTH123
        yield stream
    os.close(master)


@pytest.mark.parametrize(
    ("environ", "choice", "on_a_terminal", "in_a_pipe"),
    [
        ({}, "auto", True, False),
        ({"NO_COLOR": "1"}, "auto", False, False),
        ({"NO_COLOR": "0"}, "auto", False, False),
        ({"NO_COLOR": ""}, "auto", True, False),
        ({"TERM": "dumb"}, "auto", False, False),
        ({"FORCE_COLOR": "1"}, "auto", True, True),
        ({"FORCE_COLOR": "1", "TERM": "dumb"}, "auto", True, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, "auto", False, False),
        ({"NO_COLOR": "1"}, "always", True, True),
        ({"FORCE_COLOR": "1"}, "never", False, False),
    ],
)
def test_has_colours_as_people_ask_for_them(
    environ: dict[str, str],
    choice: str,
    on_a_terminal: bool,
    in_a_pipe: bool,
    tty: TextIO,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    token = color.set(choice)
    try:
        assert [Terminal(each).has_color for each in (tty, StringIO())] == [on_a_terminal, in_a_pipe]
        painted = "\033[1;31mx\033[m" if on_a_terminal else "x"
        assert Terminal(tty).paint("x", "red") == painted
        assert Terminal(tty).paint("", "red") == ""
    finally:
        color.reset(token)


def test_is_as_wide_as_the_terminal(tty: TextIO, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Terminal(tty).width == 60
    for columns, width in (("100", 100), ("0", 60), ("-3", 60), ("wide", 60), ("5", 20)):
        monkeypatch.setenv("COLUMNS", columns)
        assert Terminal(tty).width == width
    assert Terminal(StringIO()).width == 80, "what a program reads does not depend on a window"


class Nowhere(StringIO):
    def isatty(self) -> bool:
        return True


def test_has_a_width_even_if_the_terminal_has_none(tty: TextIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert Terminal(Nowhere()).width == 80
    termios.tcsetwinsize(tty.fileno(), (0, 0))
    assert Terminal(tty).width == 80


def test_wraps_for_people_only(tty: TextIO) -> None:
    text = "word " * 20 + "x" * 70
    lines = Terminal(tty).wrap(text, "  ")
    assert lines == ["word " * 11 + "word", "  " + "word " * 7 + "word", "  " + "x" * 70], "no word is split"
    assert Terminal(StringIO()).wrap(text) == [text]
    assert max(map(len, Terminal(StringIO()).wrap(text, width=30)[:-1])) <= 30


def test_shows_no_control_characters_and_only_what_the_encoding_has() -> None:
    ascii_only = Terminal(TextIOWrapper(BytesIO(), encoding="ascii"))
    assert ascii_only.show("a\033[31mé\n\udc80") == "a\\x1b[31m\\xe9\\n\\udc80"
    assert Terminal(StringIO()).show("é\u202e\ta b") == "é\\u202e\\ta b"
    assert (ascii_only.ellipsis, Terminal(StringIO()).ellipsis) == ("...", "…")


def test_measures_columns() -> None:
    assert [measure(each) for each in ("", "ab", "é", "e\u0301", "日本", "🎈")] == [0, 2, 1, 1, 4, 2]


@given(st.text(), st.integers(-1, 30), st.booleans(), st.sampled_from(["utf-8", "ascii"]))
def test_cuts_a_text_to_a_width(text: str, width: int, is_end: bool, encoding: str) -> None:
    terminal = Terminal(TextIOWrapper(BytesIO(), encoding=encoding))
    shown = terminal.show(text)
    cut = terminal.cut(shown, width, is_end=is_end)
    assert measure(cut) <= max(width, 0)
    assert (cut == shown) == (measure(shown) <= width) or cut == shown == ""
    kept = cut.removesuffix(terminal.ellipsis) if is_end else cut.removeprefix(terminal.ellipsis)
    if len(kept) < len(cut):
        assert shown.startswith(kept) if is_end else shown.endswith(kept)
