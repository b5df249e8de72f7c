"""Logging as a table describes it, in TOML or in Python."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wsgistack.config.log.factory import ELSEWHERE
from wsgistack.config.log.setup import LoggingSetup
from wsgistack.config.table import lines
from wsgistack.errors import Mistake, Mistakes, Where
from wsgistack.options.references import resolve

__all__ = ["table_logging"]

_DEEPEST = 50


def table_logging(table: object, path: Path, places: Mapping[lines.Path, int]) -> LoggingSetup:
    """Read the table ``logging`` of a configuration: what :func:`logging.config.dictConfig` takes, with a few changes.

    ``version`` may be left out, loggers that exist go on unless ``disable_existing_loggers`` says otherwise, the
    ``filename`` of a handler is relative to the folder of the file, and texts may hold references.

    :param path: the file.
    :param places: the line of each of its keys, by the path from the top.
    """
    mistakes = Mistakes()
    folder = path.absolute().parent

    def locate(at: lines.Path) -> tuple[Where, str]:
        names = ("logging", *at)
        line = lines.line_at(names, places)
        while isinstance(names[-1], int):
            names = names[:-1]
        return Where(str(path), line, ".".join(map(str, names[:-1]))), str(names[-1])

    def wrong(at: lines.Path, problem: str, expected: str = "") -> None:
        where, key = locate(at)
        mistakes.append(Mistake(problem, key=key, expected=expected, where=where))

    def filled(value: Any, at: lines.Path) -> Any:
        if len(at) > _DEEPEST:
            wrong(at, "is too deep")
            return None
        if isinstance(value, Mapping):
            return {key: filled(each, (*at, key)) for key, each in value.items()}
        if type(value) in (list, tuple):
            return type(value)([filled(each, (*at, number)) for number, each in enumerate(value)])
        if isinstance(value, str):
            where, key = locate(at)
            with mistakes.collect(key, where):
                text: Any = resolve(value, base=folder)
                is_file = at[2:] == ("filename",) and not text.startswith(ELSEWHERE)
                return type(text)(folder / text) if is_file else text
        return value

    if not isinstance(table, Mapping):
        wrong((), f"is of type {type(table).__name__}", "a table")
        return LoggingSetup({}, locate, mistakes)
    return LoggingSetup(filled(table, ()), locate, mistakes)
