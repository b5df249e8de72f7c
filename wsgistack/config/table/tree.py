"""A table of tables as it is read: values by their paths, and what is wrong with them, each with its place."""

import pathlib
from collections.abc import Collection, Mapping
from typing import TypeAlias

from wsgistack.config.table.lines import Path, line_at
from wsgistack.errors import ConfigError, Mistake, Mistakes, Where, describe_type, suggest
from wsgistack.options.references import resolve

__all__ = ["Table", "Tree"]

Table: TypeAlias = Mapping[str, object]


class Tree:
    """A table of tables.

    :param file: its name, for the mistakes.
    :param lines: the line of each key, by its path from the top.
    :ivar mistakes: what was found wrong so far.
    """

    def __init__(self, content: Mapping[str, object], file: str, lines: Mapping[Path, int]) -> None:
        self.file = file
        self.lines = lines
        self.mistakes = Mistakes()
        with self.mistakes.collect():
            self.named(content, ())
        self.content: Table = {key: value for key, value in content.items() if isinstance(key, str)}

    def know(self, at: Path, table: Table, known: Collection[str]) -> None:
        """Refuse keys that a table can't have."""
        for key in table:
            if key not in known:
                self.mistakes += self.wrong((*at, key), "no such key", hint=suggest(key, known)).mistakes

    def table(self, within: Table, at: Path) -> Table:
        """The table under the last key of a path, or an empty one."""
        with self.mistakes.collect():
            return self.named(within.get(str(at[-1]), {}), at)
        return {}

    def tables(self, key: str) -> Mapping[str, Table]:
        """The tables in a table at the top."""
        found = {}
        for name, value in self.table(self.content, (key,)).items():
            with self.mistakes.collect():
                found[name] = self.named(value, (key, name))
        return found

    def texts(self, within: Table, at: Path) -> dict[str, str]:
        """The table under the last key of a path, with its numbers and truths as text."""
        found: dict[str, str] = {}
        for key, value in self.table(within, at).items():
            if isinstance(value, (str, int, float)):
                found[key] = str(value).lower() if isinstance(value, bool) else str(value)
            else:
                self.mistakes += self.wrong((*at, key), describe_type(value), "text").mistakes
        return found

    def named(self, value: object, at: Path) -> dict[str, object]:
        """A value as a table.

        :raises ConfigError: it is none, or has keys that are no text, as only Python can write them.
        """
        if not isinstance(value, Mapping):
            raise self.wrong(at, describe_type(value), "a table")
        mistakes = Mistakes()
        for key in value:
            if not isinstance(key, str):
                mistakes += self.wrong((*at, repr(key)), f"a key {describe_type(key)}", "text").mistakes
        mistakes.raise_if_any()
        return dict(value)

    def name(self, value: object, key: str, where: Where, folder: pathlib.Path | None) -> object:
        """A value that names something else, with its references filled in.

        :param folder: where relative paths start.
        :raises ConfigError: they can't be.
        """
        mistakes = Mistakes()
        with mistakes.collect(key, where):
            return str(resolve(value, base=folder)) if isinstance(value, str) else value
        raise ConfigError(*mistakes)

    def wrong(self, at: Path, problem: str, expected: str = "", hint: str = "") -> ConfigError:
        """What is wrong with the value at a path, as an error."""
        return ConfigError(Mistake(problem, key=str(at[-1]), expected=expected, hint=hint, where=self.where(at)))

    def where(self, at: Path) -> Where:
        """The place of a value, or of what it stands in."""
        return Where(self.file, line_at(at, self.lines), ".".join(map(str, at[:-1])))

    def places(self, at: Path, names: Collection[str]) -> dict[str, Where]:
        """The places of some keys of a table."""
        return {name: self.where((*at, name)) for name in names}
