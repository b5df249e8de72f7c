"""The formats of an access log line. Each is compiled once to a function that writes a line."""

import re
from collections.abc import Sequence

from wsgistack.errors import ConfigError, Mistake, Mistakes, suggest
from wsgistack.middleware.access_log.cleaning import Cleaning, escape_for
from wsgistack.middleware.access_log.directives import list_directives, read_directive, read_request_line
from wsgistack.middleware.access_log.fields import STRUCTURED, Fields, choose_fields, compile_fields
from wsgistack.middleware.access_log.line import Format, Line

__all__ = ["FORMATS", "PASTE_NAMES", "compile_format"]

_COMMON = '%h %l %u %t "%r" %>s %b'
_COMBINED = _COMMON + ' "%{Referer}i" "%{User-Agent}i"'
_PATTERNS = {
    "common": _COMMON,
    "combined": _COMBINED,
    "vhost_combined": "%V:%p " + _COMBINED,
    "extended": _COMBINED + " %D %L",
}
FORMATS = (*_PATTERNS, *STRUCTURED)

_DIRECTIVE = re.compile(
    r"%(?P<before>[!<>,0-9]*)(?:\{(?P<name>[^{}]*)\})?(?P<after>[!<>,0-9]*)(?P<letter>\^(?:FB|ti|to)|[%A-Za-z]|)"
)
_CODES = re.compile(r"[0-9]+")
_ESCAPE = re.compile(r"\\([\\\"tnr])")
_ESCAPED = {"t": "\t", "n": "\n", "r": "\r"}
_NAMED_BY_PYTHON = re.compile(r"%\((\{[^}]*\}[ieo]|\w+)\)[sd]")
PASTE_NAMES = {
    "HTTP_REFERER": "%{Referer}i",
    "HTTP_USER_AGENT": "%{User-Agent}i",
    "HTTP_VERSION": "%H",
    "REMOTE_ADDR": "%h",
    "REMOTE_USER": "%u",
    "REQUEST_METHOD": "%m",
    "REQUEST_URI": "%U%q",
    "bytes": "%b",
    "status": "%>s",
    "time": "%t",
}
"""What Paste's TransLogger calls what directives write."""

_NAMES_OF_GUNICORN = {
    **{each: f"%{each}" for each in "hlutrmUqHsBbDT"},
    "L": "%D",
    "M": "%{ms}T",
    "a": "%{User-Agent}i",
    "f": "%{Referer}i",
    "p": "%P",
}
_ABSENT = {None: "-", "": "-"}


def compile_format(
    format: str, cleaning: Cleaning, fields: Fields | None = None, extra_fields: Fields | None = None
) -> Format:
    """Compile a format to a function that writes a line.

    :param format: a name from ``FORMATS``, or a string with Apache's directives.
    :param cleaning: what is hidden, and how long values may be.
    :param fields: the fields in the place of those that the format has.
    :param extra_fields: more fields.
    :raises ConfigError: the format is neither, has a line break or a NUL, or has an unknown directive; or a field is
        unknown.
    """
    if format in STRUCTURED:
        return compile_fields(format, choose_fields(format, fields, extra_fields), cleaning)
    mistakes = Mistakes()
    for key, given in (("fields", fields), ("extra_fields", extra_fields)):
        if given:
            hint = f"choose from {', '.join(STRUCTURED)}"
            mistakes.append(Mistake("needs a format that has fields", key=key, value=given, hint=hint))
    with mistakes.collect():
        pattern = _PATTERNS.get(format, format)
        if "%" not in pattern:
            problem = f"unknown format {format!r}"
            raise ConfigError(Mistake(problem, key="format", value=format, hint=suggest(format, FORMATS)))
        write = _compile_pattern(pattern, *_split(pattern), cleaning)
    mistakes.raise_if_any()
    return write


def _split(pattern: str) -> tuple[list[str], list[re.Match[str]]]:
    """Split a pattern into its directives, and the texts before, between and after them."""
    if "\0" in pattern:  # not all versions of Python write it as a time
        raise ConfigError(Mistake("the log format has a NUL", key="format", value=pattern, expected="text without it"))
    texts, directives = [""], []
    end = 0
    for found in _DIRECTIVE.finditer(pattern):
        texts[-1] += _read_text(pattern[end : found.start()])
        if found["letter"] == "%":
            texts[-1] += "%"
        else:
            directives.append(found)
            texts.append("")
        end = found.end()
    texts[-1] += _read_text(pattern[end:])
    if any("\n" in text or "\r" in text for text in texts):
        raise ConfigError(Mistake("the log format has a line break", key="format", value=pattern, expected="one line"))
    return texts, directives


def _read_text(text: str) -> str:
    return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]), text)


def _compile_pattern(
    pattern: str, texts: Sequence[str], directives: Sequence[re.Match[str]], cleaning: Cleaning
) -> Format:
    line = Line(cleaning)
    for before, found, after in zip(texts, directives, texts[1:], strict=False):
        line.add_text(before)
        condition = _read_condition(found["before"] + found["after"])
        is_alone = before[-1:] == after[:1] == '"'  # all up to the next quote is its own
        end = "" if is_alone else after[:1]
        if found["letter"] == "r" and found["name"] is None:  # always three words, whatever the client sent
            for number, word in enumerate(read_request_line(cleaning)):
                line.add_text(" " if number else "")
                line.add(word, escape_for(f" {end}"), _ABSENT, condition)
            continue
        reading = read_directive(found["letter"], found["name"], cleaning)
        if reading is None:
            raise ConfigError(_describe_unknown(pattern, found))
        escape = escape_for("" if is_alone else f" {end}")
        line.add(reading, escape, {None: reading.empty, "": reading.empty}, condition)
    line.add_text(texts[-1])
    return line.compile(lambda shorter: _compile_pattern(pattern, texts, directives, shorter))


def _read_condition(modifiers: str) -> str:
    """Return an expression for ``400,501`` or ``!200,304``; empty without a condition."""
    codes = [code.lstrip("0") for code in _CODES.findall(modifiers)]  # numbers, as for Apache
    is_negated = modifiers.count("!") % 2
    return f"entry.code {'not in' if is_negated else 'in'} {tuple(codes)!r}" if codes else ""


def _describe_unknown(pattern: str, found: re.Match[str]) -> Mistake:
    text, place = found[0], f"at character {found.start() + 1} of the log format"
    by_python = _NAMED_BY_PYTHON.match(pattern, found.start())
    if by_python:
        name = by_python[1]
        meant = f"%{name}" if name[0] == "{" else (_NAMES_OF_GUNICORN | PASTE_NAMES).get(name, f"%{{{name}}}e")
        hint = f"write {meant}, as Apache does"
        return Mistake(f"unknown directive {by_python[0]!r} {place}", key="format", value=pattern, hint=hint)
    letter = found["letter"]
    if not letter and pattern[found.end() : found.end() + 1] == "{":
        text, hint = pattern[found.start() :], "write the name in braces: %{Name}i"
    elif not letter:
        text, hint = pattern[found.start() : found.end() + 1], "write %% for a percent sign"
    elif letter in "ieoC" and not found["name"]:
        hint = f"write the name in braces: %{{Name}}{letter}"
    elif letter in "io":
        hint = f"{found['name']!r} is no name of a header"
    else:
        hint = f"choose from {list_directives()}"
    return Mistake(f"unknown directive {text!r} {place}", key="format", value=pattern, hint=hint)
