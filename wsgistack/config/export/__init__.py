"""Writing a configuration anew, in any format, so that the same is read from it."""

from dataclasses import replace
from functools import partial

from wsgistack.config.contents import Contents, contents, is_composite
from wsgistack.config.difference import differences
from wsgistack.config.export.held import python_value, toml_value
from wsgistack.config.export.ini import ini_text
from wsgistack.config.export.names import with_section_names
from wsgistack.config.export.others import other_sections, other_tables
from wsgistack.config.export.portable import edited, portable
from wsgistack.config.export.python import python_text
from wsgistack.config.export.table import table_of, with_common_values
from wsgistack.config.export.texts import flattened, with_texts
from wsgistack.config.export.toml import toml_text
from wsgistack.config.loader import Document
from wsgistack.config.paste.document import IniFile
from wsgistack.config.table.document import MOUNTS, TableFile
from wsgistack.config.table.python import python_table
from wsgistack.config.table.toml import read_toml
from wsgistack.errors import ConfigError, Mistake, Where

__all__ = ["written"]

_NAMED_AT_ONCE = 3


def written(document: Document, format: str) -> tuple[str, list[str]]:
    """Write all that a configuration holds.

    The text is for a file in the same folder. Secrets that the configuration holds itself are replaced by references
    to the environment; which options hold some, the layers say.

    :param format: toml, python or ini.
    :returns: the text, and what gets lost, in sentences for people.
    :raises ConfigError: the configuration has mistakes, or the format has no form for something in it.
    """
    losses: list[str] = []
    target = portable(contents(document), losses, is_ini=format == "ini")
    path = target.file.with_suffix(f".{format}")
    back: Document
    is_asked = format != "ini" and any(
        is_composite(each.application) and each.application.use != MOUNTS
        for each in target.applications.values()
        if each.application
    )
    target = target if is_asked else replace(target, filters=target.unlisted)
    if format == "ini":
        target = edited(with_section_names(target, losses), flattened, partial(with_texts, losses=losses))
        text = ini_text(target) + other_sections(document, target, losses)
        back = IniFile(path, text=text)
    else:
        target = with_common_values(target, losses)
        hold, write = (toml_value, toml_text) if format == "toml" else (python_value, python_text)
        text = write({**table_of(target, hold), **other_tables(document, target, losses)})
        back = TableFile(read_toml(text, path), path, {}) if format == "toml" else TableFile(*python_table(text, path))
    _compare(target, back)
    if _has_here(document) and str(target.folder) in text:
        losses.append(f"%(here)s is written as what it stands for, {target.folder}")
    return text, [*dict.fromkeys(losses)]


def _has_here(document: Document) -> bool:
    sections = document.sections.all.values() if isinstance(document, IniFile) else ()
    return any("%(here)s" in setting.value for section in sections for setting in section.settings.values())


def _compare(target: Contents, document: Document) -> None:
    """Hold what was written to what was meant.

    :raises ConfigError: there is a difference.
    """
    try:
        back = contents(document)
    except ConfigError as error:
        lines = [each.problem for each in error.mistakes]
    else:
        known = {name: each for name, each in back.applications.items() if name in target.applications}
        lines = differences(target, replace(back, applications=known))
    if lines:
        problem = f"can't be written so that the same is read again: {', '.join(lines[:_NAMED_AT_ONCE])}"
        raise ConfigError(Mistake(problem, where=Where(str(target.file))))
