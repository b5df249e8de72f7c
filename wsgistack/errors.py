"""The exception tree. Every error carries what it knows as data, and says it as text."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from math import inf
from typing import NamedTuple, TypeVar

__all__ = [
    "Breach",
    "ConfigError",
    "ContractError",
    "Mistake",
    "Mistakes",
    "Where",
    "WsgistackError",
    "check_counts",
    "check_durations",
    "check_lists",
    "check_mappings",
    "check_options",
    "class_name",
    "describe_error",
    "describe_type",
    "did_you_mean",
    "forget_handled",
    "make_file_error",
    "read_each",
    "suggest",
]

_Entry = TypeVar("_Entry")
_Read = TypeVar("_Read")


class Where(NamedTuple):
    """The place of a mistake: a file, a line, and the section or item there."""

    file: str = ""
    line: int = 0
    section: str = ""

    def __str__(self) -> str:
        line = f":{self.line}" if self.line else ""
        return " ".join(filter(None, (f"{self.file}{line}:" if self.file else "", self.section)))


_NOWHERE = Where()


class Mistake(NamedTuple):
    """One mistake in a configuration: what is wrong, where, what was expected, and what to write.

    :param problem: what is wrong, as a sentence without its full stop.
    :param key: the option or setting with the wrong value; empty where the mistake is not about one.
    :param value: the wrong value, for programs. The text never shows it, because it may be a secret.
    :param expected: what is right.
    :param hint: the nearest right name, or what to do.
    :param where: the file, line and section; the loader fills it in for a mistake that a middleware reports.
    """

    problem: str
    key: str = ""
    value: object = None
    expected: str = ""
    hint: str = ""
    where: Where = _NOWHERE

    def __str__(self) -> str:
        place = " ".join(filter(None, (str(self.where), self.key)))
        expected = f"expected {self.expected}" if self.expected else ""
        said = "; ".join(filter(None, (self.problem, expected, self.hint)))
        return f"{place}{'' if place.endswith(':') else ':'} {said}" if place else said

    def __repr__(self) -> str:
        fields = (f"{name}={each!r}" for name, each in self._asdict().items() if name != "value")
        return f"Mistake({', '.join(fields)})"


class Mistakes(list[Mistake]):
    """Mistakes, collected one after the other and raised all at once.

    :ivar cause: the first exception that was not itself a ConfigError, for debugging.
    """

    cause: BaseException | None = None

    @contextmanager
    def collect(self, key: str = "", where: Where = _NOWHERE, *, prefix: str = "") -> Iterator[None]:
        """Collect the mistakes of a ConfigError that is raised inside, and go on.

        :param key: for mistakes without a key.
        :param where: for mistakes without a place.
        :param prefix: the option whose value has the keys of the mistakes.
        """
        try:
            yield
        except ConfigError as error:
            for each in error.mistakes:
                place = where if each.where == _NOWHERE else each.where
                inner = f"{prefix}.{each.key}" if prefix and each.key else prefix
                self.append(each._replace(key=inner or each.key or key, where=place))
            cause: BaseException | None = error
            while isinstance(cause, ConfigError):
                cause = cause.__cause__
            self.cause = self.cause or cause

    def raise_if_any(self) -> None:
        """Raise a ConfigError with all of them."""
        if self:
            raise ConfigError(*self) from self.cause


def read_each(read: Callable[[_Entry], _Read], entries: Iterable[_Entry], *, key: str) -> list[_Read]:
    """Read the entries of an option, and raise the mistakes of all of them at once.

    :param key: the option, for mistakes without a key.
    """
    mistakes = Mistakes()
    found = []
    for entry in entries:
        with mistakes.collect(key):
            found.append(read(entry))
    mistakes.raise_if_any()
    return found


class WsgistackError(Exception):
    """The base of all errors that wsgistack raises."""


class ConfigError(WsgistackError, ValueError):
    """A configuration with mistakes: it holds all that were found.

    A middleware raises it from ``__init__`` for an option that its annotation can't check. The pipeline adds the
    place of the option, and collects the mistakes of all layers before it raises. Whatever reads a configuration raises
    it for what is wrong there.
    """

    mistakes: tuple[Mistake, ...]

    def __init__(self, *mistakes: Mistake) -> None:
        super().__init__(*mistakes)
        self.mistakes = mistakes

    def __str__(self) -> str:
        return "\n".join(map(str, self.mistakes))


def make_file_error(file: object, problem: str, *, line: int = 0, expected: str = "", hint: str = "") -> ConfigError:
    """Make the error for a file, or for a line of it.

    :param file: its name or path.
    """
    return ConfigError(Mistake(problem, expected=expected, hint=hint, where=Where(str(file), line)))


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


def forget_handled(error: BaseException, handled: BaseException | None) -> None:
    """Cut the chain of an error before the one that was handled when it happened.

    That one is logged elsewhere, without its secrets. The traceback of a helper that failed meanwhile would show it.
    """
    found = {id(error): error}
    waiting = [error]
    while waiting:
        each = waiting.pop()
        if each.__context__ is handled:
            each.__context__ = None
        more = (each.__cause__, each.__context__, *getattr(each, "exceptions", ()))
        new = {id(one): one for one in more if isinstance(one, BaseException) and id(one) not in found}
        found |= new  # a chain may be a circle
        waiting += new.values()


def check_lists(**options: object) -> None:
    """Refuse what is not a list, such as a text: Python would take each of its letters for an item.

    :raises ConfigError: for each option that is a text, or no collection.
    """
    Mistakes(
        Mistake(describe_type(value), key, value, "a list", f"write [{value!r}]" if isinstance(value, str) else "")
        for key, value in options.items()
        if isinstance(value, str) or not isinstance(value, Collection)
    ).raise_if_any()


def check_mappings(**options: object) -> None:
    """Refuse what is not a mapping, such as a text that lists names and values.

    :raises ConfigError: for each option that is not a mapping.
    """
    Mistakes(
        Mistake(describe_type(value), key, expected="a mapping")
        for key, value in options.items()
        if not isinstance(value, Mapping)
    ).raise_if_any()


def check_counts(unit: str = "", least: int = 0, /, **options: object) -> None:
    """Refuse what is not a whole number from the least one on, such as infinity.

    :param unit: what is counted, for the error.
    :raises ConfigError: for each option that is not one.
    """
    expected = f"{least} {unit} or more" if unit else f"{least} or more"
    Mistakes(
        Mistake(f"invalid value {value!r}", key, value, expected)
        for key, value in options.items()
        if type(value) is not int or value < least  # true and false are of another type
    ).raise_if_any()


def check_durations(**options: object) -> None:
    """Refuse what is not a number of seconds, such as a negative one, infinity or nan.

    :raises ConfigError: for each option that is not one.
    """
    Mistakes(
        Mistake(f"invalid value {value!r}", key, value, "0 seconds or more")
        for key, value in options.items()
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < inf
    ).raise_if_any()


def check_options(options: object, make: Callable[..., object]) -> None:
    """Refuse what is not a mapping of options, and options that a callable does not take.

    :raises ConfigError: for each of them.
    """
    from wsgistack.options.signatures import read_signature  # slow to import

    if not isinstance(options, Mapping):
        raise ConfigError(Mistake(describe_type(options), value=options, expected="a mapping of options"))
    known = read_signature(make).parameters if options else ()  # a callable written in C may have no signature
    unknown = [str(name) for name in options if name not in known]
    Mistakes(Mistake("unknown option", name, hint=suggest(name, known)) for name in unknown).raise_if_any()


def describe_type(value: object) -> str:
    """Describe a wrong value by its type, because the value may be a secret."""
    if value is None:
        return "missing value"
    name = type(value).__name__
    return f"is {_WORDS[name]}" if name in _WORDS else f"is of type {name}"


_WORDS = {  # what a TOML file can hold, by the name of its type: to import datetime would slow every start
    "str": "text",
    "bool": "true or false",
    **dict.fromkeys(("int", "float"), "a number"),
    "list": "a list",
    "dict": "a table",
    **dict.fromkeys(("date", "datetime"), "a date"),
    "time": "a time",
}


def suggest(name: str, candidates: Iterable[str]) -> str:
    """The candidate that is most like a wrong name, or else a list of all candidates, as a hint."""
    there = sorted(set(candidates))
    return did_you_mean(name, there) or (f"choose from {', '.join(there)}" if there else "")


def did_you_mean(name: str, candidates: Iterable[str]) -> str:
    """The candidate that is most like a wrong name, as a hint; empty where no candidate is like it."""
    from difflib import SequenceMatcher

    def compare(other: str) -> tuple[float, float]:
        one, two = (each.lower().replace("-", "_") for each in (name, other))
        is_beginning = len(one) >= _BEGINNING and two.startswith(one)
        as_written = SequenceMatcher(None, name, other).ratio()
        return 1.0 if is_beginning else _compare_letters(one, two), as_written

    rated = ((compare(each), each) for each in sorted(set(candidates), reverse=True))
    likeness, best = max(rated, default=((0, 0), ""))
    return f"did you mean {best!r}?" if likeness[0] >= _ALIKE else ""


def _compare_letters(one: str, two: str) -> float:
    """How alike two names are, from 0 to 1. A short name may have one slip, as otherwise any other name is like it."""
    from difflib import SequenceMatcher

    ratio = SequenceMatcher(None, one, two).ratio()
    has_one_slip = (
        ratio >= _ALIKE_IF_SHORT
        or sorted(one) == sorted(two)
        or (len(one) == len(two) and sum(map(str.__ne__, one, two)) == 1)
    )
    return ratio if len(one) > _SHORT or has_one_slip else 0


_BEGINNING = 3  # letters: fewer are not enough to recognize the beginning of a name
_SHORT = 5  # letters: in a longer name, several may be wrong
_ALIKE = 0.6  # the ratio of SequenceMatcher, which is 1 for equal names
_ALIKE_IF_SHORT = 0.8


def class_name(kind: type) -> str:
    """The name of a class with its module, but for built-in ones, although its code may override how they are read."""
    name: str = type.__dict__["__qualname__"].__get__(kind)
    module = type.__dict__["__dict__"].__get__(kind).get("__module__", "builtins")
    return name if module == "builtins" or type(module) is not str else f"{module}.{name}"
