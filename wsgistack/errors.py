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
    """The place of a mistake: a file, a line, and the section or item there."""

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
    """One mistake in a configuration: what is wrong, where, what was expected, and what to write.

    :param problem: what is wrong, as a sentence without its full stop.
    :param key: the option or setting with the wrong value; empty where the mistake is not about one.
    :param value: the wrong value, for programs. The text never shows it, because it may be a secret.
    :param expected: what is right.
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
        fields = (f"{name}={each!r}" for name, each in self._asdict().items() if name != "value")
        return f"Mistake({', '.join(fields)})"


class Mistakes(list[Mistake]):
    """Mistakes, collected one after the other and raised all at once.

    :ivar cause: the first exception that was not itself a ConfigError, for debugging.
    """

    cause: BaseException | None = None

    @contextmanager
    def collect(self, key: str = "", where: Where = _NOWHERE) -> Iterator[None]:
        """Collect the mistakes of a ConfigError that is raised inside, and go on.

        :param key: for mistakes without a key.
        :param where: for mistakes without a place.
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
    """The base of all errors that wsgistack raises."""


class ConfigError(WsgistackError, ValueError):
    """A configuration with mistakes: it holds all that were found.

    A middleware raises it from ``__init__`` for an option that its annotation can't check. The pipeline adds the
    place of the option, and collects the mistakes of all layers before it raises.
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
    :param clause: what the rule says, and where it is written.
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
    except Exception:  # somebody else's error may fail here as well
        said = ""
    return f"{type(error).__name__}: {said}".removesuffix(": ")


def describe_type(value: object) -> str:
    """Describe a wrong value by its type, because the value may be a secret."""
    return "is missing" if value is None else f"is of type {type(value).__name__}"


def suggest(name: str, candidates: Iterable[str]) -> str:
    """The candidate that is most like a wrong name, or else a list of all candidates, as a hint."""
    there = sorted(set(candidates))
    return did_you_mean(name, there) or (f"choose from {', '.join(there)}" if there else "")


def did_you_mean(name: str, candidates: Iterable[str]) -> str:
    """The candidate that is most like a wrong name, as a hint; empty where no candidate is like it."""
    there = sorted(set(candidates))
    likeness = {each: _likeness(_folded(name), _folded(each)) for each in there}
    best = max(there, key=lambda each: (likeness[each], _likeness(name, each)), default="")
    return f"did you mean {best!r}?" if best and likeness[best] >= _ALIKE else ""


def _folded(name: str) -> str:
    return name.lower().replace("-", "_")


def _likeness(name: str, other: str) -> float:
    from difflib import SequenceMatcher

    shortest = 3  # letters: less is not enough to recognize the beginning of a name
    begins = len(name) >= shortest and other.startswith(name)
    return 1.0 if begins else SequenceMatcher(None, name, other).ratio()


_ALIKE = 0.6
