"""A line of an access log: one function that reads, cleans and joins its values."""

import ast
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias, cast

from wsgistack.http.addresses import PEER
from wsgistack.middleware.access_log.cleaning import Cleaned, Cleaning, as_text
from wsgistack.middleware.access_log.directives import NAMES_IN_EXPRESSIONS, Reading
from wsgistack.types import Environ, Headers

__all__ = ["Entry", "Format", "Line"]


class Entry(Protocol):
    """What is known about a request at the end of its response."""

    environ: Environ
    headers: Headers
    client: str
    method: str
    path: str
    query: str
    protocol: str
    code: str
    outcome: str
    sent: int
    started: float
    """Seconds since 1970."""
    duration: float
    """Seconds from the call of the application to the end of the response."""
    failure: str | None
    """The type of the exception, if the application failed."""

    @property
    def first_byte(self) -> float | None:
        """Seconds to the first byte of the body. None without one, and for a file that the server sends."""


Format: TypeAlias = Callable[[Entry], str]


class Line:
    """Collects what a line has, and compiles it.

    :param names: more names that the expressions use.
    """

    def __init__(self, cleaning: Cleaning, names: Mapping[str, object] = MappingProxyType({})) -> None:
        self._cleaning = cleaning
        self._parts: list[ast.expr] = []
        self._names: dict[str, Any] = {**NAMES_IN_EXPRESSIONS, **names}

    def add_text(self, text: str) -> None:
        """Add a text of the format."""
        self._parts.append(ast.Constant(text))

    def add_safe(self, expression: str, condition: str = "") -> None:
        """Add a value that can't break the line."""
        code = f"({expression}) if {condition} else '-'" if condition else expression
        value = ast.parse(code, mode="eval").body
        self._parts.append(ast.FormattedValue(value, conversion=-1))

    def add(
        self, reading: Reading, escape: Callable[[str], str], absent: Mapping[Any, str], condition: str = ""
    ) -> None:
        """Add a value, which is cleaned if it is not safe.

        :param condition: an expression; where it is not true, the line has ``-``.
        """
        expression = reading.expression
        if reading.show is not None:
            expression = f"{self.clean(reading, escape, absent)}[{expression}]"
        self.add_safe(expression, condition)

    def clean(self, reading: Reading, escape: Callable[[str], str], absent: Mapping[Any, str]) -> str:
        """Return the name, in the expressions, of what cleans values like this."""
        limit = self._cleaning.limit
        return self.name(Cleaned(reading.show or str, escape, limit, absent, keeps=reading.keeps))

    def name(self, value: object) -> str:
        """Give a value a name in the expressions."""
        name = f"value{len(self._names)}"
        self._names[name] = value
        return name

    def compile(self, recompile: Callable[[Cleaning], Format]) -> Format:
        """Return the function that writes a line.

        :param recompile: compiles the same line with shorter values.
        """
        read = self._evaluate(ast.JoinedStr(self._parts))
        line_limit, shorter = self._cleaning.line_limit, self._cleaning.shorten()
        compile_shorter = cache(recompile)

        def write(entry: Entry) -> str:
            try:
                line: str = read(entry, entry.environ.get)
            except Exception:  # a value in the environ that is neither text nor a key
                line = read(entry, _reading_texts(entry.environ))
            return line if len(line) <= line_limit or shorter is None else compile_shorter(shorter)(entry)

        return write

    def compile_facts(self, names: Sequence[str]) -> Callable[[Entry], dict[str, Any]]:
        """Return a function that returns the values by these names, for a line without texts.

        :param names: one for each value.
        """
        values = [part.value for part in self._parts if isinstance(part, ast.FormattedValue)]
        read = self._evaluate(ast.Dict([ast.Constant(name) for name in names], values))

        def collect(entry: Entry) -> dict[str, Any]:
            try:
                facts: dict[str, Any] = read(entry, entry.environ.get)
            except Exception:  # as above
                facts = read(entry, _reading_texts(entry.environ))
            return facts

        return collect

    def _evaluate(self, body: ast.expr) -> Callable[[Entry, Callable[..., object]], Any]:
        # One expression reads all values: a call for each of them would make a line 40 % slower. Users choose
        # expressions from these modules, but can't write them: the name of a header is a literal.
        tree = ast.parse("lambda entry, get: None", mode="eval")
        cast(ast.Lambda, tree.body).body = body
        code = compile(ast.fix_missing_locations(tree), "<format of the access log>", "eval")
        read: Callable[[Entry, Callable[..., object]], Any] = eval(code, self._names)  # noqa: S307
        return read


def _reading_texts(environ: Environ) -> Callable[[str, object], object]:
    def get(key: str, default: object = None) -> object:
        value = environ.get(key, default)
        if key == PEER:
            return value if isinstance(value, dict) else {}
        return value if value is None else as_text(value)

    return get
