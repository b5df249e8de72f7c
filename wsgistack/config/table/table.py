"""A table of tables: its values by their paths, and its mistakes, each with its place."""

from collections.abc import Collection, Mapping

from wsgistack.config.place import Place
from wsgistack.config.table.toml import KeyPath, line_at
from wsgistack.errors import ConfigError, Mistakes, Where, describe_type, suggest

__all__ = ["Table"]

_MEANT = {"application": "app"}


class Table:
    """A table of tables, as TOML has it.

    :param file: its name, for the mistakes.
    :param lines: the line of each key, by its path from the top.
    :ivar mistakes: those found so far.
    """

    def __init__(self, content: Mapping[str, object], file: str, lines: Mapping[KeyPath, int]) -> None:
        self.file = file
        self.lines = lines
        self.mistakes = Mistakes()
        with self.mistakes.collect():
            self.check_table(content, ())
        self.content = {key: value for key, value in content.items() if isinstance(key, str)}

    def place(self, at: KeyPath) -> Place:
        """The place of a value, or of the innermost thing around it that has a line."""
        return Place(Where(self.file, line_at(at, self.lines), ".".join(map(str, at[:-1]))), str(at[-1]))

    def places(self, at: KeyPath, names: Collection[str]) -> dict[str, Where]:
        """The places of some keys of a table."""
        return {name: self.place((*at, name)).where for name in names}

    def check_keys(self, at: KeyPath, table: Mapping[str, object], known: Collection[str]) -> None:
        """Refuse keys that a table cannot have."""
        for key in table:
            if key not in known:
                self.mistakes.append(
                    self.place((*at, key)).mistake("unknown key", hint=suggest(_MEANT.get(key, key), known))
                )

    def check_table(self, value: object, at: KeyPath) -> dict[str, object]:
        """A value as a table.

        :raises ConfigError: it is not a table, or has keys that are not text, which only Python can write.
        """
        if not isinstance(value, Mapping):
            raise ConfigError(self.place(at).mistake(describe_type(value), expected="a table"))
        odd = [key for key in value if not isinstance(key, str)]
        if odd:
            raise ConfigError(*(self.place((*at, repr(key))).mistake("invalid key", expected="text") for key in odd))
        return dict(value)

    def get_tables(self, key: str) -> dict[str, dict[str, object]]:
        """The tables in a table at the top."""
        found = {}
        with self.mistakes.collect():
            for name, value in self.check_table(self.content.get(key, {}), (key,)).items():
                with self.mistakes.collect():
                    found[name] = self.check_table(value, (key, name))
        return found

    def get_texts(self, within: Mapping[str, object], at: KeyPath) -> dict[str, str]:
        """The table under the last key of a path, with its numbers and booleans as text."""
        found: dict[str, str] = {}
        with self.mistakes.collect():
            for key, value in self.check_table(within.get(str(at[-1]), {}), at).items():
                if isinstance(value, str | int | float):
                    found[key] = str(value).lower() if isinstance(value, bool) else str(value)
                else:
                    self.mistakes.append(self.place((*at, key)).mistake(describe_type(value), expected="text"))
        return found
