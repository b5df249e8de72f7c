"""The lines of an ini file: sections and settings, each with the line that it stands on, and references filled in."""

import re
from collections.abc import Mapping
from io import StringIO
from typing import NamedTuple

from wsgistack.errors import Mistake, Where, suggest

__all__ = ["Section", "Setting", "interpolate", "parse"]

_HEADER = re.compile(r"\[(.+)\]")
_SETTING = re.compile(r"(.*?)\s*[=:]\s*(.*)")
_REFERENCE = re.compile(r"%(?:%|\(([^)]*)\)(s|(?=/|\Z)))")
_DEEPEST = 100


class Setting(NamedTuple):
    """The lines of a value as they are written, and the number of the first."""

    lines: list[str]
    line: int

    @property
    def value(self) -> str:
        return "\n".join(self.lines).rstrip()


class Section(NamedTuple):
    """A section: its name as written between the brackets, its line, and its settings."""

    name: str
    line: int
    settings: dict[str, Setting]


def parse(text: str, file: str) -> tuple[dict[str, Section], list[Mistake]]:
    """Read the sections of an ini file, as :mod:`configparser` does, but with lines, and to the end.

    A line that begins with ``#`` or ``;`` is a comment; one that is indented deeper than a setting goes on with it.

    :param file: its name, for the mistakes.
    """
    sections: dict[str, Section] = {}
    mistakes: list[Mistake] = []
    section: Section | None = None
    open_setting: Setting | None = None
    indent = 0
    for number, line in enumerate(StringIO(text, newline=None), 1):
        stripped = line.strip()
        if stripped.startswith(("#", ";")):
            continue
        depth = len(line) - len(line.lstrip())
        if open_setting and (not stripped or depth > indent):
            open_setting.lines.append(stripped)
            continue
        if not stripped:
            continue
        open_setting, indent = None, depth
        where = Where(file, number, f"[{section.name}]" if section else "")
        if header := _HEADER.match(stripped):
            section = Section(header[1], number, {})
            first = sections.setdefault(section.name, section)
            if section.name == "DEFAULT":  # it may be written in several parts
                section = first
            elif first is not section:
                problem = f"a second section [{section.name}], after the one in line {first.line}"
                mistakes.append(Mistake(problem, where=Where(file, number)))
        elif section is None:
            mistakes.append(Mistake(f"found {stripped!r}", expected="the [name] of a section first", where=where))
        elif (found := _SETTING.fullmatch(stripped)) and found[1]:
            open_setting = Setting([found[2]], number)
            earlier = section.settings.setdefault(found[1], open_setting)
            if earlier is not open_setting:
                mistakes.append(Mistake(f"set a second time, after line {earlier.line}", key=found[1], where=where))
        else:
            mistakes.append(Mistake(f"found {stripped!r}", expected="name = value", where=where))
    return sections, mistakes


def interpolate(value: str, variables: Mapping[str, str], trail: tuple[str, ...] = ()) -> str:
    """Fill in ``%(name)s``, and write ``%%`` as ``%``. Any other ``%`` stays what it is.

    :param trail: the references whose values led here.
    :raises LookupError: a name is not among the variables, or refers to itself; it says so, and gives a hint.
    """

    def fill(found: re.Match[str]) -> str:
        name = found[1]
        if name is None:
            return "%"
        if not found[2]:
            if name in variables:
                raise LookupError(f"found {found[0]}", f"did you mean {found[0]}s?")
            return found[0]
        if name not in variables:
            raise LookupError(f"no value for {found[0]}", suggest(name, variables))
        if found[0] in trail:
            raise LookupError(f"a circle: {' -> '.join([*trail[trail.index(found[0]) :], found[0]])}", "")
        if len(trail) == _DEEPEST:
            raise LookupError(f"more than {_DEEPEST} references, each in the value of another", "")
        return interpolate(variables[name], variables, (*trail, found[0]))

    return _REFERENCE.sub(fill, value)
