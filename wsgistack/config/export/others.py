"""What a configuration holds besides applications, layers and servers: logging, and what other programs read."""

from typing import Any

from wsgistack.config.contents import Contents
from wsgistack.config.export.texts import in_lines
from wsgistack.config.loader import Document
from wsgistack.config.paste.document import IniFile
from wsgistack.config.table.document import TableFile

__all__ = ["other_sections", "other_tables"]

_LOGGING = "logging"


def other_tables(document: Document, target: Contents, losses: list[str]) -> dict[str, Any]:
    """The table ``logging``, if there is one.

    :param losses: to which is added what a table can't have.
    """
    if isinstance(document, IniFile):
        losses += [f"[{name}] is not written: a table has no form for it" for name in _sections(document)]
        losses += _unwritten(document, target)
    content = document.table.content if isinstance(document, TableFile) else {}
    return {_LOGGING: content[_LOGGING]} if _LOGGING in content else {}


def other_sections(document: Document, target: Contents, losses: list[str]) -> str:
    """Those sections of an ini file that are about something else, as they are.

    :param losses: to which is added what an ini file can't have.
    """
    if isinstance(document, TableFile) and _LOGGING in document.table.content:
        losses.append("logging is not written: in an ini file it has another form")
    if not isinstance(document, IniFile):
        return ""
    losses += _unwritten(document, target)
    return "".join(f"\n[{name}]\n{text}" for name, text in _sections(document).items())


def _sections(document: IniFile) -> dict[str, str]:
    known = {part.section.name for parts in document.sections.named.values() for part in parts.values()}
    return {
        name: "".join(f"{in_lines(key, each.value)}\n" for key, each in section.settings.items())
        for name, section in document.sections.all.items()
        if name not in known
    }


def _unwritten(document: IniFile, target: Contents) -> list[str]:
    """What is said of filters that no list names, and that are not one whole layer."""
    there = {spec.where.section for stack in target.applications.values() for spec in stack.pipeline}
    sections = {name: part.section for name, part in document.sections.named["filter"].items()}
    return [
        f"[{each.name}] is not written: no pipeline names it, and it {_lack(document, name)}"
        for name, each in sections.items()
        if name not in target.filters and f"[{each.name}]" not in there
    ]


def _lack(document: IniFile, name: str) -> str:
    is_compound = len(document.filter(name, document.start()).pipeline) > 1
    return "has other filters around it" if is_compound else "needs more options"
