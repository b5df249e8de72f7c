"""Where in a configuration a name stands that has to be found."""

from collections.abc import Mapping
from typing import NamedTuple, Self

from wsgistack.errors import ConfigError, Mistake, Where

__all__ = ["Place"]

_DEEPEST = 100


class Place(NamedTuple):
    """Where a name stands: for errors, with the parts on the way there, and the global configuration that they pass on.

    :param lines: the line of each key beside it.
    """

    where: Where
    key: str = ""
    trail: tuple[str, ...] = ()
    global_conf: Mapping[str, str] = {}
    lines: Mapping[str, int] = {}

    def at(self, key: str) -> Self:
        """The place of another key beside it."""
        return self._replace(where=self.where._replace(line=self.lines.get(key, self.where.line)), key=key)

    def wrong(self, problem: str, hint: str = "", expected: str = "") -> ConfigError:
        """What is wrong there, as an error."""
        return ConfigError(Mistake(problem, key=self.key, expected=expected, where=self.where, hint=hint))

    def step(self, part: str) -> tuple[str, ...]:
        """The way on to a part.

        :raises ConfigError: it leads in a circle, or too far.
        """
        if len(self.trail) == _DEEPEST:
            raise self.wrong(f"more than {_DEEPEST} parts, each in another")
        if part in self.trail:
            raise self.wrong(f"a circle: {' -> '.join([*self.trail[self.trail.index(part) :], part])}")
        return (*self.trail, part)
