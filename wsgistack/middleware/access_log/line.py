"""A line of an access log: one function that reads, cleans and joins its values."""

import ast
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from types import CodeType, MappingProxyType
from typing import Any, Protocol, TypeAlias

from wsgistack.http.addresses import PEER
from wsgistack.middleware.access_log.cleaning import Cleaned, CleanedIds, Cleaning, as_text
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
        self._parts: list[_Part] = []
        self._names: dict[str, Any] = {**NAMES_IN_EXPRESSIONS, **names}

    def add_text(self, text: str) -> None:
        """Add a text of the format."""
        self._parts.append((text, False))

    def add_safe(self, expression: str, condition: str = "") -> None:
        """Add a value that can't break the line."""
        self._parts.append((f"({expression}) if {condition} else '-'" if condition else expression, True))

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
        if reading.is_id:
            return self.name(CleanedIds(reading.show or str, escape, limit, absent))
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
        shorter = self._cleaning.shorten()
        compile_shorter = cache(recompile)

        def cut(line: str, entry: Entry) -> str:
            return line if shorter is None else compile_shorter(shorter)(entry)

        read: Format = self._define(_compile(tuple(self._parts)), self._cleaning.line_limit, cut)
        return read

    def compile_facts(self, names: Sequence[str]) -> Callable[[Entry], dict[str, Any]]:
        """Return a function that returns the values by these names, for a line without texts.

        :param names: one for each value.
        """
        read: Callable[[Entry], dict[str, Any]] = self._define(_compile(tuple(self._parts), tuple(names)))
        return read

    def _define(
        self, code: CodeType, limit: float = float("inf"), cut: Callable[[str, Entry], str] | None = None
    ) -> Any:
        names = {**self._names, "read_as_text": _read_as_text, "limit": limit, "cut": cut}
        exec(code, names)  # noqa: S102
        return names["read"]


_Part: TypeAlias = tuple[str, bool]
"""A text of the format and False, or an expression and True."""


@lru_cache(maxsize=100)  # many layers of a process write the same line
def _compile(parts: tuple[_Part, ...], names: tuple[str, ...] | None = None) -> CodeType:
    """Compile the parts of a line; or expressions alone, to a dictionary with these names."""
    # One expression reads all values: a call for each of them would make a line 40 % slower. Users choose
    # expressions from these modules, but can't write them: the name of a header is a literal.
    result: ast.expr
    if names is None:
        result = ast.JoinedStr(
            [
                ast.FormattedValue(_parse(text), conversion=-1) if is_code else ast.Constant(text)
                for text, is_code in parts
            ]
        )
    else:
        result = ast.Dict([*map(ast.Constant, names)], [_parse(text) for text, _ in parts])
    tree = ast.parse(_FUNCTION)
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            node.value = result
    return compile(ast.fix_missing_locations(tree), "<format of the access log>", "exec")


def _parse(expression: str) -> ast.expr:
    return ast.parse(expression, mode="eval").body


_FUNCTION = """
def read(entry):
    get = entry.environ.get
    try:
        result = ...
    except Exception:  # a value in the environ that is neither text nor a key
        get = read_as_text(entry.environ)
        result = ...
    return result if len(result) <= limit else cut(result, entry)
"""


def _read_as_text(environ: Environ) -> Callable[[str, object], object]:
    def get(key: str, default: object = None) -> object:
        value = environ.get(key, default)
        if key == PEER:
            return value if isinstance(value, dict) else {}
        return value if value is None else as_text(value)

    return get
