"""The place of a name in a configuration."""

from collections.abc import Mapping
from typing import NamedTuple, Self

from wsgistack.errors import ConfigError, Mistake, Where

__all__ = ["Place"]

_MAX_DEPTH = 100


class Place(NamedTuple):
    """The place of a name in a configuration, for mistakes and for what the name means.

    :param key: the setting that holds the name.
    :param trail: the parts that led here, to find a circle.
    :param global_conf: what these parts pass on.
    :param lines: the line of each key in the same section.
    """

    where: Where
    key: str = ""
    trail: tuple[str, ...] = ()
    global_conf: Mapping[str, str] = {}
    lines: Mapping[str, int] = {}

    def at(self, key: str) -> Self:
        """The place of another key in the same section."""
        return self._replace(where=self.where._replace(line=self.lines.get(key, self.where.line)), key=key)

    def mistake(self, problem: str, *, expected: str = "", hint: str = "") -> Mistake:
        """A mistake at this place."""
        return Mistake(problem, key=self.key, expected=expected, hint=hint, where=self.where)

    def step(self, part: str) -> tuple[str, ...]:
        """The trail with one more part."""
        if len(self.trail) == _MAX_DEPTH:
            raise ConfigError(self.mistake("too many nested parts", expected=f"at most {_MAX_DEPTH}"))
        if part in self.trail:
            circle = " -> ".join([*self.trail[self.trail.index(part) :], part])
            raise ConfigError(self.mistake(f"circular reference: {circle}"))
        return (*self.trail, part)
