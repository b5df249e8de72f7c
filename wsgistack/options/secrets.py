"""Keeping secrets out of messages."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager

from wsgistack.errors import ConfigError, Mistake, describe_error
from wsgistack.imports import describe_origin, is_by_signal

__all__ = ["REDACTED", "hide_secrets", "hide_value", "iterate_texts", "redact_mistake"]

REDACTED = "<secret>"
_LEFT_OUT = "the text of the error is left out, because it may hold a secret"
_SHORT = 3  # letters: so few may also be a part of another word
_WORD = re.compile(rf"\w{{{_SHORT + 1},}}")


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
        yield from [text] if text else []


def redact_mistake(hidden: Collection[str], mistake: Mistake, referenced: Collection[str] = ()) -> Mistake:
    """The mistake with every hidden text in it replaced, in any form that it usually takes, and each word of it.

    :param referenced: the options with references. A mistake about one of them may show a part of its value, so that
        only what was expected is left of it.
    """
    if hidden:
        forms = sorted({form for text in hidden for form in _list_forms(text)}, key=len, reverse=True)
        words = {word for text in hidden for word in _WORD.findall(text)}
        patterns = [re.escape(each) if len(each) > _SHORT else _bound(each) for each in forms]
        find = re.compile("|".join([*patterns, *map(_bound, words)]), re.IGNORECASE)
        problem, expected, hint = (
            find.sub(REDACTED, said) for said in (mistake.problem, mistake.expected, mistake.hint)
        )
        if problem != mistake.problem and "did you mean" in hint:  # a similar name would reveal the value as well
            hint = ""
        mistake = mistake._replace(problem=problem, value=None, expected=expected, hint=hint)
    return hide_value(mistake) if mistake.key.partition(".")[0] in referenced else mistake


def hide_value(mistake: Mistake) -> Mistake:
    """The mistake with nothing about the value but what was expected."""
    hint = "" if "did you mean" in mistake.hint else mistake.hint
    return mistake._replace(problem="invalid secret value", value=None, hint=hint)


def _list_forms(secret: str) -> set[str]:
    from base64 import b64encode  # both imports are slow
    from urllib.parse import quote, quote_plus

    encoded = secret.encode("utf-8", "surrogateescape")
    escaped = {repr(secret)[1:-1], ascii(secret)[1:-1], repr(encoded)[2:-1]}
    return {secret, *escaped, quote(encoded), quote_plus(encoded), b64encode(encoded).decode()}


def _bound(text: str) -> str:
    return rf"(?<!\w){re.escape(text)}(?!\w)"


@contextmanager
def hide_secrets(
    hidden: Collection[str], problem: str, *, may_exit: bool = False, referenced: Collection[str] = ()
) -> Iterator[None]:
    """Raise any exception inside as a ConfigError that contains no hidden text, and neither does its cause.

    A ConfigError is written for the operator: its hidden texts are replaced. The text of any other exception is left
    out where there is something to hide, because a secret may be in it in any form.

    :param problem: the beginning of the message where the exception is not a ConfigError.
    :param may_exit: whether SystemExit passes, because a server may end the process.
    :param referenced: the options with references.
    """
    try:
        yield
    except (Exception, SystemExit) as error:
        if (may_exit and isinstance(error, SystemExit)) or is_by_signal(error):
            raise
        said = type(error).__name__ if hidden else describe_error(error)
        failed = Mistake(f"{problem}: {said}{describe_origin(error)}", hint=_LEFT_OUT if hidden else "")
        found = error.mistakes if isinstance(error, ConfigError) else (failed,)
        raise ConfigError(*(redact_mistake(hidden, each, referenced) for each in found)) from (
            None if hidden else error
        )
