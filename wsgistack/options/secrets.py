"""Keeping secrets out of messages."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager

from wsgistack.errors import ConfigError, Mistake, describe_error
from wsgistack.imports import describe_origin

__all__ = ["REDACTED", "hide_secrets", "iterate_texts", "redact_mistake"]

REDACTED = "<secret>"
_SHORT = 3  # letters: so few may also be a part of another word


def iterate_texts(value: object, *, names: bool) -> Iterator[str]:
    """Every text in a value, at any depth, as it could appear in a message.

    :param names: whether the keys of mappings are included.
    """
    if isinstance(value, Mapping):
        value = [*value.values(), *(value.keys() if names else ())]
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
        for each in value:
            yield from iterate_texts(each, names=names)
    elif not callable(value):
        text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
        yield from {text, repr(text)[1:-1]} - {""}


def redact_mistake(hidden: Collection[str], mistake: Mistake) -> Mistake:
    """The mistake with every hidden text in it replaced."""
    if not hidden:
        return mistake
    find = re.compile("|".join(map(_pattern, sorted(hidden, key=len, reverse=True))))
    problem, expected, hint = (find.sub(REDACTED, said) for said in (mistake.problem, mistake.expected, mistake.hint))
    return mistake._replace(problem=problem, value=None, expected=expected, hint=hint)


def _pattern(secret: str) -> str:
    is_short = len(secret) <= _SHORT
    return rf"(?<!\w){re.escape(secret)}(?!\w)" if is_short else re.escape(secret)


@contextmanager
def hide_secrets(hidden: Collection[str], problem: str, *, may_exit: bool = False) -> Iterator[None]:
    """Raise any exception inside as a ConfigError that contains no hidden text, and neither does its cause.

    :param problem: the beginning of the message where the exception is not a ConfigError.
    :param may_exit: whether SystemExit passes, because a server may end the process.
    """
    try:
        yield
    except (Exception, SystemExit) as error:
        if may_exit and isinstance(error, SystemExit):
            raise
        failed = Mistake(f"{problem}: {describe_error(error)}{describe_origin(error)}")
        found = error.mistakes if isinstance(error, ConfigError) else (failed,)
        raise ConfigError(*(redact_mistake(hidden, each) for each in found)) from (None if hidden else error)
