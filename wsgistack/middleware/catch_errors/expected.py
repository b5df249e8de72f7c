"""Exceptions that an application raises in order to answer: they are no failures, unless they answer 5xx."""

import re
from collections.abc import Iterable, Mapping
from itertools import filterfalse
from typing import Any, NamedTuple, TypeAlias

from wsgistack.errors import ConfigError, Mistake, Mistakes, check_mappings, describe_type, suggest
from wsgistack.http.headers import is_field_name
from wsgistack.http.responses import ERRORS
from wsgistack.middleware.catch_errors.attributes import mro_of
from wsgistack.types import App, Environ, ExcInfo, Headers, Write

__all__ = ["Answer", "ExpectedErrors", "Planned", "ask_error"]

Answer: TypeAlias = tuple[str, Headers, list[bytes]]

_FIELDS = {"status", "detail", "headers"}
_EXPECTED = "a status such as 409, or a mapping with status, detail and headers"
_STATUS = re.compile(r"[2-5][0-9][0-9](?: [ -~\x80-\xff]*)?")
_OF_THE_ANSWER = ("content-type", "content-length", "vary")


class Planned(NamedTuple):
    """What an exception is answered with."""

    status: int
    detail: str
    headers: Headers


class ExpectedErrors:
    """Which exceptions have an answer of their own.

    :param answers: a status, or a mapping with status, detail and headers, for each type of exception. It counts for
        derived types, too, unless they have their own.
    :raises ConfigError: something of it is not valid; its key is ``answers``.
    """

    def __init__(self, answers: Mapping[Any, object]) -> None:
        check_mappings(answers=answers)
        mistakes = Mistakes()
        self._planned: dict[type, Planned] = {}
        for kind, planned in answers.items():
            with mistakes.collect("answers"):
                if not (isinstance(kind, type) and issubclass(kind, Exception)):
                    problem = f"{getattr(kind, '__qualname__', repr(kind))} is no type of exception"
                    raise ConfigError(Mistake(problem, expected="one, such as KeyError"))
                self._planned[kind] = _read_plan(kind.__qualname__, planned)
        mistakes.raise_if_any()

    def find(self, error: Exception) -> Planned | None:
        """Return the answer that is planned for an exception; None without one."""
        if not self._planned:
            return None
        known = self._planned.items()  # a type may have no hash
        return next((plan for kind in mro_of(type(error)) for each, plan in known if each is kind), None)


def ask_error(error: Exception, environ: Environ) -> Answer | None:
    """Return the answer of an exception that answers for itself; None if it does not, or has no valid status.

    The ``HTTPException`` of WebOb, Pyramid and Werkzeug is a WSGI application, which makes its answer.
    """
    if not callable(error) or (getattr(error, "code", error) is None and getattr(error, "response", None) is None):
        return None  # Werkzeug would answer 200 for an HTTPException without a code
    app: App = error
    starts: list[tuple[str, Headers]] = []
    written: list[bytes] = []

    def start(status: str, headers: Headers, exc_info: ExcInfo | None = None) -> Write:
        starts.append((status, [*headers]))
        return written.append

    body: Iterable[bytes] = app(environ, start)
    try:
        chunks = [*body]
    finally:
        getattr(body, "close", bool)()
    status, headers = starts[-1]
    return (status, headers, [b"".join([*written, *chunks])]) if _STATUS.fullmatch(status) else None


def _read_plan(name: str, planned: object) -> Planned:
    given = planned if isinstance(planned, Mapping) else {"status": planned}
    status, detail, headers = given.get("status"), given.get("detail", ""), given.get("headers") or {}
    for unknown in sorted({*map(str, given)} - _FIELDS):
        hint = suggest(unknown, _FIELDS)
        raise ConfigError(Mistake(f"unknown key {unknown!r} for {name}", value=planned, expected=_EXPECTED, hint=hint))
    if type(status) is not int:
        problem = f"{describe_type(planned)} for {name}" if given is not planned else f"wrong mapping for {name}"
        raise ConfigError(Mistake(problem, value=planned, expected=_EXPECTED))
    if status not in ERRORS:
        problem = f"invalid value {status} for {name}"
        raise ConfigError(Mistake(problem, value=status, expected="a status of HTTP from 400 to 599"))
    if not isinstance(detail, str):
        raise ConfigError(Mistake(f"the detail {describe_type(detail)} for {name}", value=detail, expected="text"))
    expected = 'a mapping with texts such as {Retry-After = "60"}, without Content-Type, Content-Length and Vary'
    if not isinstance(headers, Mapping):
        raise ConfigError(Mistake(f"invalid headers for {name}", value=headers, expected=expected))
    for key, value in filterfalse(_is_header, headers.items()):
        raise ConfigError(Mistake(f"invalid header {key} = {value!r} for {name}", value=headers, expected=expected))
    return Planned(status, detail, [*headers.items()])


def _is_header(item: tuple[object, object]) -> bool:
    name, value = item
    if not (isinstance(name, str) and isinstance(value, str) and is_field_name(name)):
        return False
    is_latin = all(each == "\t" or " " <= each <= "~" or "\xa0" <= each <= "\xff" for each in value)
    return is_latin and name.lower() not in _OF_THE_ANSWER
