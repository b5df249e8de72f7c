"""The line that a mistake is about, without anything that may be a secret.

The place in the line is found when a mistake is printed, by its key and by the value that its message quotes. So the
loaders need to know nothing but lines, and no rule of its own decides which values are secret: a message never quotes
one. An excerpt shows the key, the value that the message quotes, and what else can only be the name of a layer, of a
section or of a key of the structure, or a reference without a default. All else is left out.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from wsgistack.config.export import format_value
from wsgistack.config.paste.sections import PROTOCOLS
from wsgistack.errors import Mistake
from wsgistack.options.references import is_only_references
from wsgistack.pipeline import registry

__all__ = ["LEFT_OUT", "Excerpt", "find_excerpt"]

LEFT_OUT = "…"
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
_AS_VALUE = re.compile(rf"(?:invalid|unknown) [\w ]*?({_QUOTED.pattern}|%\(\w+\)s|(?:True|False|-?\d[\w.+-]*)$)")
_NOT_SET = re.compile(r"environment variable (\w+) is not set")
_SEPARATOR = re.compile(r"[\s,:=\[\]{}()\"']+")
_INI_HEADER = re.compile(r"\[([^\]]+)\]")
_TOML_HEADER = re.compile(r"\s*\[{1,2}\s*((?:apps|filters|global|layers|logging|servers)\b[^\]]*)\]")
_STRUCTURE = {"use", "name", "app", "apps", "layers", "filters", "servers", "mounts", "when", "pipeline", "filter-with"}
_NAME = r"\w[\w./#()-]*(?::[\w./#()-]+)*"
_INI_NAMES = re.compile(rf"(?:{_NAME},?(?:\s+|$))+$")
_TOML_NAME = re.compile(rf"([\"']){_NAME}\1")
_USE = re.compile(r"(?:layers\s*=\s*\[\s*)?\{\s*use\s*=\s*(?:\"[\w-]+\"|'[\w-]+'),")
_MASKED = re.compile(r"([\s,]*)\S.*?((?:\s*[\]}],?)?|\s*)$")
_TOML_VALUE = re.compile(rf"{_QUOTED.pattern}|[^\s,\]}}#\"']+")


class Excerpt(NamedTuple):
    """A part of a file.

    :param line: its number.
    :param marked: what the mistake is about.
    """

    line: int
    before: str
    marked: str
    after: str


def find_excerpt(mistake: Mistake) -> Excerpt | None:
    """Find what a mistake is about; None if its file is gone, or if nothing on its line may be shown."""
    lines = _read_lines(mistake.where.file)
    return _Source(mistake, lines).find() if 0 < mistake.where.line <= len(lines) else None


def _read_lines(file: str) -> Sequence[str]:
    """The lines of a file; none of what is not a regular file, because a pipe can be read only once."""
    with suppress(OSError, ValueError):
        if Path(file).is_file():
            text = Path(file).read_bytes().decode("utf-8-sig", "replace")
            return StringIO(text, newline=None).read().split("\n")
    return ()


class _Source:
    """The lines of a file, for one mistake."""

    def __init__(self, mistake: Mistake, lines: Sequence[str]) -> None:
        self._lines = lines
        self._mistake = mistake
        self._is_toml = mistake.where.file.lower().endswith(".toml")
        self._key = mistake.key.rpartition(".")[2] if self._is_toml else mistake.key
        header = _TOML_HEADER if self._is_toml else _INI_HEADER
        headers = (found[1] for each in lines if (found := header.match(each)))
        names = (name for each in headers for form in (each, each.replace(".", " ")) for name in _SEPARATOR.split(form))
        self._names = {*_STRUCTURE, *names}

    def find(self) -> Excerpt | None:
        """Find the setting, or what the message quotes, or a line of nothing but names."""
        number = self._mistake.where.line
        line = self._lines[number - 1].strip()
        start, end = (r"(?<![\w\"'-])([\"']?)", r"\1") if self._is_toml else (r"^([gs]et\s+)?", "")
        key = rf"{start}{re.escape(self._key)}{end}[ \t]*[=:][ \t]*"
        for name in self._list_values() if self._is_toml and self._key == "use" else ():
            key += rf"(?=[\"']{re.escape(name)}[\"'])"  # other layers on the line have this key, too
        match [*re.finditer(key, line)] if self._key else []:
            case [found]:
                return self._find_in_setting(number, line[: found.start()], found[0], line[found.end() :])
            case []:
                return self._find_in_line(number, line)
        return None  # which of them it is, is not sure

    def _find_in_setting(self, number: int, before: str, key: str, value: str) -> Excerpt:
        """Find what the message quotes in a value, or else mark the key."""
        outside = _QUOTED.sub("", before)
        is_inner = outside.count("{") > outside.count("}") + 1  # a key of an option, as in users = { use = "x" }
        has_names = self._has_names and not is_inner
        before = self._mask(before)
        named = self._find_name(before + key, value) if has_names else None
        if found := named or self._find_value(before + key, value):
            return found
        marked = key.rstrip(" \t=:")
        return Excerpt(number, before, marked, key[len(marked) :] + (self._mask(value) if has_names else _hide(value)))

    def _find_in_line(self, number: int, line: str) -> Excerpt | None:
        """Find what the message quotes in a line without the key."""
        layer = re.findall(r"\(([\w-]+)\)$", self._mistake.where.section)  # as in: layers layer 2 (gzip)
        for value in (*self._list_values(), *layer):
            match [*_find_words(value, line)]:
                case [(start, end)]:
                    return Excerpt(number, self._mask(line[:start]), line[start:end], self._mask(line[end:]))
            if line in value.split("\n"):  # an item of a value with several lines
                return Excerpt(number, "", line, "")
        has_names = not self._key or self._has_names or line.startswith(("[", "{"))
        is_whole = line and has_names and self._is_public(line)
        return Excerpt(number, "", line.rstrip(" ,"), line[len(line.rstrip(" ,")) :]) if is_whole else None

    @property
    def _has_names(self) -> bool:
        """Whether the value of the key can only be names, which every message quotes."""
        key, section = self._key, self._mistake.where.section
        if key.startswith("/"):  # the prefix of an application that is mounted
            return section.endswith("mounts") if self._is_toml else section.startswith(("[app", "[composit"))
        if self._is_toml:
            return key == "use" or (key in ("app", "layers") and (not section or section.startswith("apps.")))
        kinds = {"pipeline": "[pipeline", "next": "[filter-app"}  # elsewhere, these may be options
        return key in ("use", "filter-with", *PROTOCOLS) or (key in kinds and section.startswith(kinds[key]))

    def _find_name(self, before: str, value: str) -> Excerpt | None:
        """Find a name that the message quotes, or else the value, if it is nothing but names."""
        number = self._mistake.where.line
        found = (_TOML_NAME if self._is_toml else _INI_NAMES).match(value)
        names = found[0] if found else ""
        more = ((row, "", text) for row, text in self._continuation() if _INI_NAMES.match(text))
        rows = [(number, before, names), *more]
        for quoted in reversed([*_unquote(self._mistake.problem)]):
            for row, lead, text in rows:
                for start, end in _find_words(quoted, text):
                    after = text[end:] + (self._mask(value[len(text) :]) if row == number else "")
                    return Excerpt(row, lead + text[:start], text[start:end], after)
        return Excerpt(number, before, names, self._mask(value[len(names) :])) if names else None

    def _continuation(self) -> Iterator[tuple[int, str]]:
        """The lines that continue a setting of an ini file, without comments."""
        start = self._mistake.where.line
        for number, text in enumerate(() if self._is_toml else self._lines[start:], start + 1):
            if text.strip() and not text.lstrip().startswith(("#", ";")):
                if not text[0].isspace():
                    return
                yield number, text.strip()

    def _find_value(self, before: str, value: str) -> Excerpt | None:
        """Find a value that the message quotes as a whole or in part, or that is nothing but references."""
        number = self._mistake.where.line
        found = _TOML_VALUE.match(value) if self._is_toml else None
        whole = found[0] if found else value
        written = whole.strip("\"'") if self._is_toml else whole
        quoted = self._list_values()
        spellings = [format_value(each) for each in quoted] if self._is_toml else []
        firsts = [each.partition("\n")[0] for each in quoted]
        if written and (whole in spellings or written in firsts or is_only_references(written)):
            return Excerpt(number, before, whole, self._mask(value[len(whole) :]))
        own = value.partition("=")[0] if self._is_toml else value
        for each in quoted:
            is_reference = each.startswith("${")  # which is public wherever it is
            rows = [(number, before, value), *((row, "", text) for row, text in self._continuation() if is_reference)]
            for row, lead, text in rows:
                for start, end in _find_words(each, text if is_reference else own):
                    return Excerpt(row, lead + _hide(text[:start]), text[start:end], _hide(text[end:]))
        return None

    def _list_values(self) -> list[str]:
        """What the message quotes as the wrong value."""
        if found := _NOT_SET.match(self._mistake.problem):
            return [f"${{env:{found[1]}}}"]
        found = _AS_VALUE.match(self._mistake.problem)
        words = found[1] if found else ""
        if words[:1] in ("'", '"'):
            return [*_unquote(words)]
        return [words.lower() if words in ("True", "False") else words] if words else []

    def _mask(self, text: str) -> str:
        """A text, if it is public; or else a mark in its place, behind the name of a layer."""
        if self._is_public(text):
            return text
        found = _USE.match(text)
        layer = found[0] if found and self._is_public(found[0]) else ""
        return layer + _MASKED.sub(rf"\1{LEFT_OUT}\2", text[len(layer) :], count=1)

    def _is_public(self, text: str) -> bool:
        """Whether a text is nothing but names of layers, sections and keys of the structure."""
        names = filter(None, _SEPARATOR.split(text))
        return all(each in self._names or registry.has(each) for each in names)


def _hide(text: str) -> str:
    """A mark in the place of a text, with the blanks around it."""
    inner = text.strip()
    return text.replace(inner, LEFT_OUT) if inner else text


def _unquote(text: str) -> Iterator[str]:
    for each in _QUOTED.findall(text):
        with suppress(SyntaxError, ValueError):
            if words := ast.literal_eval(each):
                yield words


def _find_words(words: str, text: str) -> Iterator[tuple[int, int]]:
    """Where some words are in a text, with the quotes around them."""
    for found in re.finditer(rf"(?:(?<!\w)|(?!\w)){re.escape(words)}(?:(?!\w)|(?<!\w))", text):
        start, end = found.span()
        is_quoted = start and text[start - 1] in "\"'" and text[end : end + 1] == text[start - 1]
        yield (start - 1, end + 1) if is_quoted else (start, end)
