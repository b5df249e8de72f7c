"""The exception tree. Every error carries what it knows as data, and says it as text."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, Self

__all__ = [
    "Breach",
    "ConfigError",
    "ContractError",
    "Mistake",
    "Mistakes",
    "Where",
    "WsgistackError",
    "describe_error",
    "describe_type",
    "did_you_mean",
    "suggest",
]


class Where(NamedTuple):
    """The place of a mistake: a file and line, and the section or item that stands there."""

    file: str = ""
    line: int = 0
    section: str = ""

    def __str__(self) -> str:
        line = f":{self.line}" if self.line else ""
        return " ".join(part for part in (f"{self.file}{line}:" if self.file else "", self.section) if part)


_NOWHERE = Where()


class _Fields(NamedTuple):
    problem: str
    key: str
    value: object
    expected: str
    hint: str
    where: Where


class Mistake(_Fields):
    """One thing that is wrong in a configuration: what, where, what was expected, and what was perhaps meant.

    :param problem: what is wrong, as a sentence without its full stop.
    :param key: the option or setting that holds the wrong value; empty where it is not about one.
    :param value: what was found there, for the program that asks; the text never shows it, for it may be a secret.
    :param expected: what would have been right.
    :param hint: the nearest right name, or what to do.
    :param where: the file, line and section; the loader fills it in for a mistake that a middleware reports.
    """

    __slots__ = ()

    def __new__(
        cls,
        problem: str,
        *,
        key: str = "",
        value: object = None,
        expected: str = "",
        hint: str = "",
        where: Where = _NOWHERE,
    ) -> Self:
        """Take all but the problem by keyword."""
        return super().__new__(cls, problem, key, value, expected, hint, where)

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, object]]:
        """For pickle and copy, which otherwise call ``__new__`` with positional arguments."""
        fields = self._asdict()
        return (fields.pop("problem"),), fields

    def __str__(self) -> str:
        place = " ".join(part for part in (str(self.where), self.key) if part)
        said = "; ".join(
            part for part in (self.problem, f"expected {self.expected}" if self.expected else "", self.hint) if part
        )
        if not place:
            return said
        return f"{place}{'' if place.endswith(':') else ':'} {said}"

    def __repr__(self) -> str:
        told = (f"{name}={each!r}" for name, each in self._asdict().items() if name != "value")
        return f"Mistake({', '.join(told)})"


class Mistakes(list[Mistake]):
    """Mistakes as they are found one after the other, to be raised all at once.

    :ivar cause: what failed first and was no mistake by itself, for whoever has to look for a fault in it.
    """

    cause: BaseException | None = None

    @contextmanager
    def collect(self, key: str = "", where: Where = _NOWHERE) -> Iterator[None]:
        """Take in those of a ConfigError that is raised inside, and go on.

        :param key: for those that name none.
        :param where: for those that have no place.
        """
        try:
            yield
        except ConfigError as error:
            self.extend(
                each._replace(key=each.key or key, where=each.where if each.where != _NOWHERE else where)
                for each in error.mistakes
            )
            cause: BaseException | None = error
            while isinstance(cause, ConfigError):
                cause = cause.__cause__
            self.cause = self.cause or cause

    def raise_if_any(self) -> None:
        """Raise a ConfigError with all of them."""
        if self:
            raise ConfigError(*self) from self.cause


class WsgistackError(Exception):
    """The root of all errors that wsgistack raises by itself."""


class ConfigError(WsgistackError, ValueError):
    """A configuration that can't work, with every mistake that was found in it.

    A middleware raises it from ``__init__`` for an option that its annotation can't judge; the pipeline adds where the
    option stands, and collects the mistakes of all layers before it raises.
    """

    mistakes: tuple[Mistake, ...]

    def __init__(self, *mistakes: Mistake) -> None:
        super().__init__(*mistakes)
        self.mistakes = mistakes

    def __str__(self) -> str:
        return "\n".join(map(str, self.mistakes))


class Breach(NamedTuple):
    """One way in which an application, a middleware or a server breaks the interface.

    :param rule: the name of the rule.
    :param clause: what the rule says, and where that stands.
    :param detail: what happened instead.
    """

    rule: str
    clause: str
    detail: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.detail}\n    {self.clause}"


class ContractError(WsgistackError, AssertionError):
    """The WSGI interface is broken, with every breach that was found."""

    breaches: tuple[Breach, ...]

    def __init__(self, *breaches: Breach) -> None:
        super().__init__(*breaches)
        self.breaches = breaches

    def __str__(self) -> str:
        return "\n".join(map(str, self.breaches))


def describe_error(error: BaseException) -> str:
    """The kind of an error, and what it says."""
    try:
        said = str(error)
    except Exception:  # it is not ours, and may be broken as well
        said = ""
    return f"{type(error).__name__}: {said}".removesuffix(": ")


def describe_type(value: object) -> str:
    """Say what a wrong value is, without telling it, for it may be a secret."""
    return "is missing" if value is None else f"is of type {type(value).__name__}"


def suggest(name: str, candidates: Iterable[str]) -> str:
    """Say which of the candidates was perhaps meant by a wrong name, or else which ones there are."""
    there = sorted(set(candidates))
    return did_you_mean(name, there) or (f"choose from {', '.join(there)}" if there else "")


def did_you_mean(name: str, candidates: Iterable[str]) -> str:
    """Say which of the candidates was perhaps meant by a wrong name; nothing where none is like it."""
    there = sorted(set(candidates))
    likeness = {each: _likeness(_folded(name), _folded(each)) for each in there}
    best = max(there, key=lambda each: (likeness[each], _likeness(name, each)), default="")
    return f"did you mean {best!r}?" if best and likeness[best] >= _ALIKE else ""


def _folded(name: str) -> str:
    return name.lower().replace("-", "_")


def _likeness(name: str, other: str) -> float:
    from difflib import SequenceMatcher

    shortest = 3  # of letters that tell enough to be the beginning of a name
    begins = len(name) >= shortest and other.startswith(name)
    return 1.0 if begins else SequenceMatcher(None, name, other).ratio()


_ALIKE = 0.6
