"""The syntax of ini files: sections and settings with their lines, and references ``%(name)s``."""

import re
from collections.abc import Mapping
from io import StringIO
from typing import NamedTuple

from wsgistack.config.place import Place
from wsgistack.errors import ConfigError, Mistake, Where, did_you_mean, suggest

__all__ = ["KINDS", "LOGGING", "TYPES", "Section", "Setting", "interpolate", "is_known", "parse"]

KINDS: Mapping[str, tuple[str, ...]] = {
    "application": ("app", "application", "composite", "composit", "pipeline", "filter-app"),
    "filter": ("filter",),
    "server": ("server",),
}
"""The section types of each kind of part."""
TYPES: list[str] = [each for types in KINDS.values() for each in types]
LOGGING = re.compile(r"(?:logger|handler|formatter)(?:s|_.*)", re.DOTALL)
"""The names of sections about logging."""
_KNOWN = re.compile(rf"(?:{'|'.join(TYPES)})(?::.*)?|DEFAULT|{LOGGING.pattern}", re.DOTALL)
_HEADER = re.compile(r"\[(.+)\]")
_OPEN_HEADER = re.compile(rf"\[((?:{'|'.join(TYPES)})(?::[^\]=\[]*)?)")
_SETTING = re.compile(r"(.*?)\s*[=:]\s*(.*)")
_REFERENCE = re.compile(r"%(?:%|\(([^)]*)\)(s|(?=/|\Z)))")


class Setting(NamedTuple):
    """The lines of a value as they are written, and their numbers."""

    lines: list[str]
    numbers: list[int]

    @property
    def line(self) -> int:
        return self.numbers[0]

    @property
    def value(self) -> str:
        return "\n".join(self.lines).rstrip()


class Section(NamedTuple):
    """A section: its name as written between the brackets, its line, and its settings."""

    name: str
    line: int
    settings: dict[str, Setting]

    def place(self, file: str) -> Place:
        """Its place in a file, with the line of each setting, and of each item of a value that may be a mapping."""
        lines = {key: setting.line for key, setting in self.settings.items()}
        for key, setting in self.settings.items():
            if "%(" not in setting.value:  # a global value may hold several items
                written = (number for number, line in zip(setting.numbers, setting.lines, strict=True) if line)
                lines |= {f"{key}.{item}": number for item, number in enumerate(written)}
        return Place(Where(file, self.line, f"[{self.name}]"), lines=lines)


def is_known(section: str) -> bool:
    """Whether a section has a meaning here. Any other section belongs to another program, such as ``[uwsgi]``."""
    return bool(_KNOWN.fullmatch(section))


def parse(text: str, file: str) -> tuple[dict[str, Section], list[Mistake]]:
    """Read the sections of an ini file as :mod:`configparser` does, but with their lines. A mistake does not end it.

    A line that begins with ``#`` or ``;`` is a comment. A line that is indented deeper than a setting continues it.
    No message repeats a line, because it may hold a secret. A section of another program may set a key repeatedly.
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
            open_setting.numbers.append(number)
            continue
        if not stripped:
            continue
        open_setting, indent = None, depth
        where = Where(file, number, f"[{section.name}]" if section else "")
        unclosed = _OPEN_HEADER.fullmatch(stripped)
        if header := _HEADER.match(stripped) or unclosed:
            if unclosed:
                hint = f"did you mean [{header[1]}]?"
                mistakes.append(Mistake("section header without closing ]", where=Where(file, number), hint=hint))
            section = Section(header[1], number, {})
            first = sections.setdefault(section.name, section)
            if section.name == "DEFAULT":  # a file may have it repeatedly
                section = first
            elif first is not section:
                problem = f"duplicate section [{section.name}]; first on line {first.line}"
                mistakes.append(Mistake(problem, where=Where(file, number)))
        elif section is None:
            expected = "a section header such as [app:main] above it"
            mistakes.append(Mistake("line outside of a section", expected=expected, where=where))
        elif (found := _SETTING.fullmatch(stripped)) and found[1]:
            open_setting = Setting([found[2]], [number])
            earlier = section.settings.setdefault(found[1], open_setting)
            if earlier is not open_setting and is_known(section.name):
                mistakes.append(Mistake(f"duplicate key; first set on line {earlier.line}", key=found[1], where=where))
        else:
            mistakes.append(Mistake("line is not a setting", expected="name = value", where=where))
    return sections, mistakes


def interpolate(value: str, variables: Mapping[str, str], trail: tuple[str, ...] = ()) -> str:
    """Fill in ``%(name)s``, and replace ``%%`` by ``%``. Any other ``%`` stays unchanged.

    :param trail: the references that are being filled in.
    """

    def fill(found: re.Match[str]) -> str:
        name = found[1]
        if name is None:
            return "%"
        if not found[2]:
            if name in variables:
                raise ConfigError(Mistake(f"incomplete reference {found[0]}", hint=f"did you mean {found[0]}s?"))
            return found[0]
        if name not in variables:
            others = [each for each, text in variables.items() if found[0] not in text]
            hint = did_you_mean(name, others) or "; ".join(
                filter(None, [suggest(name, others), f"for the text itself, write %{found[0]}"])  # in a log format
            )
            raise ConfigError(Mistake(f"unknown reference {found[0]}", hint=hint))
        if found[0] in trail:
            circle = " -> ".join([*trail[trail.index(found[0]) :], found[0]])
            raise ConfigError(Mistake(f"circular reference: {circle}"))
        return interpolate(variables[name], variables, (*trail, found[0]))

    return _REFERENCE.sub(fill, value)
