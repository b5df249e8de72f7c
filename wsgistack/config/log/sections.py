"""The sections of an ini file that are about logging: the lists, and what they name."""

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple, cast

from wsgistack.config.log.code import Code
from wsgistack.config.paste.ini import Section, interpolate
from wsgistack.errors import ConfigError, Mistake, Mistakes, Where
from wsgistack.options.references import Resolved, resolve
from wsgistack.options.secrets import REDACTED

__all__ = ["KINDS", "Entry", "LogSections"]

KINDS = {"formatters": "formatter", "handlers": "handler", "loggers": "logger"}
"""The names of the sections that are lists, and what the names of the others begin with."""

_KEYS = {
    "formatters": ("class", "datefmt", "defaults", "format", "style"),
    "handlers": ("args", "class", "formatter", "kwargs", "level", "target"),
    "loggers": ("handlers", "level", "propagate", "qualname"),
}
_RAW = ("datefmt", "defaults", "format", "style")  # a % in these is meant for the formatter
_CODE = ("args", "defaults", "kwargs")  # the references in these are filled in later


class Entry(NamedTuple):
    """The settings of a section that mean something, with what they refer to filled in.

    :param lines: of its settings.
    """

    where: Where
    values: Mapping[str, str]
    lines: Mapping[str, int]

    def at(self, key: str) -> Where:
        """The place of a setting."""
        return self.where._replace(line=self.lines.get(key, self.where.line))

    def lacks(self, *keys: str) -> list[str]:
        """Those settings that are not there, not even with a mistake that was told."""
        return [key for key in keys if key not in self.values and key not in self.lines]

    def is_broken(self, *keys: str) -> bool:
        """Whether one of some settings has a mistake that was told."""
        return any(key in self.lines and key not in self.values for key in keys)

    def names(self, key: str) -> list[str]:
        """The names in a list."""
        text = self.values.get(key, "")
        return [type(text)(name) for each in text.split(",") if (name := each.strip())]  # perhaps from a reference


class LogSections:
    """The sections of an ini file that are about logging.

    :param path: the file.
    :param sections: all of them, without ``[DEFAULT]``.
    :param defaults: what each section has that sets nothing else, not yet filled in.
    """

    def __init__(self, path: Path, sections: Mapping[str, Section], defaults: Mapping[str, str]) -> None:
        self.path = path
        self.mistakes = Mistakes()
        self.hidden: list[str] = []
        """What came from references, and may be a secret."""
        self._sections = sections
        self._lists: dict[str, Entry] = {}
        self._defaults = {**_lower(defaults), **defaults}

    def listed(self, kind: str) -> Iterator[tuple[str, Entry | None]]:
        """The sections that a list names; None for one that is missing."""
        if kind not in self._sections:
            problem = f"the section [{kind}] is missing"
            others = [
                name for name in self._sections if not name.startswith(tuple(f"{each}_" for each in KINDS.values()))
            ]
            meant = _nearest(kind, others)
            hint = f"did you mean [{meant}]?" if meant else ""
            self.mistakes.append(Mistake(problem, hint=hint, where=Where(str(self.path))))
            return
        listing = self._lists[kind] = self._entry(self._sections[kind], ("keys",))
        names = listing.names("keys")
        if listing.lacks("keys"):
            self.wrong(listing, "keys", "is missing", "names with commas between them, or nothing after =")
        elif kind == "loggers" and "keys" in listing.values and "root" not in " ".join(names).split():
            self.wrong(listing, "keys", "does not name root")
        for name in names:
            section = self._sections.get(f"{KINDS[kind]}_{name}")
            if not section:
                self._miss(listing, kind, name)
            yield name, self._entry(section, _KEYS[kind]) if section else None

    def is_unlisted(self, kind: str, name: str) -> bool:
        """Whether a name has a section that no list names, or the list itself is wrong; either is then told."""
        listing = self._lists.get(kind)
        if not listing or "keys" not in listing.values:
            return True
        section = f"{KINDS[kind]}_{name}"
        if section in self._sections:
            self.wrong(listing, "keys", f"does not name {name}, though there is [{section}]")
        return section in self._sections

    def code(self, text: str) -> Code:
        """Read what is written in Python.

        :raises ConfigError: it is none.
        """
        code = Code(text, self.path.absolute().parent)
        self.hidden += code.hidden
        return code

    def wrong(self, entry: Entry, key: str, problem: str, expected: str = "", hint: str = "") -> None:
        """Say that a setting is wrong."""
        self.mistakes.append(Mistake(problem, key=key, expected=expected, hint=hint, where=entry.at(key)))

    def _miss(self, listing: Entry, kind: str, name: str) -> None:
        shown = REDACTED if isinstance(name, Resolved) else name
        problem = f"there is no section [{KINDS[kind]}_{shown}]"
        if len(name.split()) > 1:
            self.wrong(listing, "keys", problem, "commas between the names")
        else:
            listed = {f"{KINDS[kind]}_{each}" for each in listing.names("keys")}
            meant = _nearest(f"{KINDS[kind]}_{name}", self._sections.keys() - listed)
            self.wrong(listing, "keys", problem, hint=f"did you mean [{meant}]?" if meant else "")

    def _entry(self, section: Section, known: tuple[str, ...]) -> Entry:
        own = {name.lower(): setting for name, setting in section.settings.items()}
        lines = {name: setting.line for name, setting in own.items()}
        values: dict[str, str] = {}
        entry = Entry(Where(str(self.path), section.line, f"[{section.name}]"), values, lines)
        for key in own:
            meant = _nearest(key, [each for each in known if each not in own])
            if key not in known and meant:  # to others pserve pays no attention
                self.wrong(entry, key, "no such setting", hint=f"did you mean {meant!r}?")
                lines[meant] = lines[key]
        texts = {name: setting.value for name, setting in section.settings.items()}
        variables = {**self._defaults, **_lower(texts), **texts}
        for key in known:
            if key in variables:
                with self.mistakes.collect(key, entry.at(key)):
                    values[key] = self._value(key, variables)
        return entry

    def _value(self, key: str, variables: Mapping[str, str]) -> str:
        value = variables[key]
        try:
            if key not in _RAW:
                value = interpolate(value, variables)
        except LookupError as error:
            problem, hint = error.args
            raise ConfigError(Mistake(problem, hint=hint)) from None
        return value if key in _CODE else cast(str, resolve(value, base=self.path.absolute().parent))


def _nearest(name: str, candidates: Iterable[str]) -> str:
    return "".join(get_close_matches(name, candidates, n=1, cutoff=0.75))  # less may be meant as it is


def _lower(texts: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): text for name, text in texts.items()}
