"""How mistakes and warnings are printed: in full with the line that they are about, in one line each, or as JSON.

In full, a mistake reads as those of ruff and cargo, whether people or a program read it::

    stack.toml:4: layer 3 (gzip) minimum_size: invalid value '1 kX'
      |
    4 | { use = "gzip", minimum_size = "1 kX" },
      |                                ^^^^^^ expected a size such as 500, 64KiB or 10 MB

A JSON document has a list ``mistakes``. Each item has ``file``, ``line``, ``section``, ``key``, ``problem``,
``expected`` and ``hint``; what is not known is null.
"""

import json
import sys
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from enum import Enum
from math import isfinite

from wsgistack.cli.excerpt import LEFT_OUT, Excerpt, find_excerpt
from wsgistack.cli.terminal import Terminal, measure
from wsgistack.config.parts import in_order
from wsgistack.config.words import describe_value
from wsgistack.errors import Mistake

__all__ = ["as_items", "as_json", "format_mistake", "print_json", "print_mistakes", "summarize", "warn"]


def print_mistakes(mistakes: Iterable[Mistake], form: str = "full", *, is_warning: bool = False) -> None:
    """Print mistakes or warnings to standard error, by file and line.

    :param form: ``full``, or ``concise`` for one line each.
    """
    terminal = Terminal(sys.stderr)
    for mistake in in_order(mistakes):
        if form == "concise":
            lines = [_label(is_warning, terminal) + terminal.show(str(mistake))]
        else:
            lines = format_mistake(mistake, terminal, is_warning=is_warning)
        print(*lines, *([""] if len(lines) > 1 else []), sep="\n", file=sys.stderr, flush=True)


def warn(problems: Iterable[Mistake | str]) -> None:
    """Print warnings to standard error."""
    print_mistakes((each if isinstance(each, Mistake) else Mistake(each) for each in problems), is_warning=True)


def summarize(mistakes: Iterable[Mistake]) -> str:
    """How many mistakes there are, and in which files."""
    found = in_order(mistakes)
    files = dict.fromkeys(each.where.file for each in found if each.where.file)
    return f"{len(found)} mistake{'s'[: len(found) != 1]}{' in ' * bool(files)}{', '.join(files)}"


def as_items(mistakes: Iterable[Mistake]) -> list[dict[str, object]]:
    """Mistakes for a JSON document, without the wrong values."""
    return [
        {
            key: value or None
            for key, value in {**each.where._asdict(), **each._asdict()}.items()
            if key not in ("value", "where")
        }
        for each in in_order(mistakes)
    ]


def as_json(value: object) -> object:
    """A value of an option as JSON has it; as text, if JSON has no type for it."""
    if isinstance(value, Mapping):
        return {key if isinstance(key, str) else describe_value(key): as_json(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, AbstractSet)):
        items = [as_json(each) for each in value]
        return sorted(items, key=repr) if isinstance(value, AbstractSet) else items
    is_same = value is None or (isinstance(value, (str, int, float)) and not isinstance(value, Enum))
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    return value if is_same else describe_value(value)


def print_json(document: object) -> None:
    """Print a JSON document, in ASCII because a terminal may have any encoding."""
    print(json.dumps(document, indent=2))


def format_mistake(mistake: Mistake, terminal: Terminal, *, is_warning: bool = False) -> list[str]:
    """The lines for a mistake in full."""
    place = str(mistake._replace(problem="", expected="", hint="")).strip()
    problem = str(mistake._replace(expected="", hint="")).removeprefix(place)
    first, *more = problem.split("\n")  # another library may say more than a line
    lines = [f"{_label(is_warning, terminal)}{terminal.paint(terminal.show(place), 'bold')}{terminal.show(first)}"]
    lines += (f"  {terminal.show(each)}" for each in more)
    expected = terminal.show(f"expected {mistake.expected}") if mistake.expected else ""
    hint = terminal.show(f"hint: {mistake.hint}") if mistake.hint else ""
    margin = "  = "
    if excerpt := find_excerpt(mistake):
        drawn, has_room = _draw(excerpt, terminal, expected)
        lines += drawn
        expected = "" if has_room else expected
        margin = f"{'':{len(str(excerpt.line))}} = "
    for note in filter(None, (expected, hint)):
        first, *more = terminal.wrap(margin + note, " " * len(margin))
        lines += [first.replace("=", terminal.paint("=", "blue"), 1), *more]
    return lines


def _draw(excerpt: Excerpt, terminal: Terminal, note: str) -> tuple[list[str], bool]:
    """The line of an excerpt, cut to the width of the terminal, and a line with carets.

    :param note: what to write beside the carets.
    :returns: the lines, and whether they have room for the note.
    """
    number = str(excerpt.line)
    room = terminal.width - len(number) - len(" | ")
    before, marked, after = (
        terminal.show(each.replace("\t", "    ").replace(LEFT_OUT, terminal.ellipsis)) for each in excerpt[1:]
    )
    marked = terminal.cut(marked, max(room - measure(before) - len(terminal.ellipsis), room // 2))
    carets = "^" * (measure(marked) or 1)  # a value may be a mark that takes no column of its own
    beside = room - len(carets)
    before = terminal.cut(before, max(beside - measure(after), beside // 2), is_end=False)
    after = terminal.cut(after, beside - measure(before))
    has_room = measure(f"{before}{carets} {note}") <= room
    bar, said = terminal.paint("|", "blue"), f"{carets} {note}".rstrip() if has_room else carets
    lines = [
        f"{'':{len(number)}} {bar}",
        f"{terminal.paint(number, 'blue')} {bar} {before}{marked}{after}",
        f"{'':{len(number)}} {bar} {'':{measure(before)}}{terminal.paint(said, 'red')}",
    ]
    return lines, has_room


def _label(is_warning: bool, terminal: Terminal) -> str:
    return f"{terminal.paint('warning', 'yellow')}: " if is_warning else ""
