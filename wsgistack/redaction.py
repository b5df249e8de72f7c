"""Keeping secrets out of what people are shown."""

from collections.abc import Collection, Iterable, Iterator, Mapping

from wsgistack.errors import Mistake

__all__ = ["REDACTED", "texts_in", "without"]

REDACTED = "<secret>"


def texts_in(value: object) -> Iterator[str]:
    """Every text that a value holds, at any depth, as it may turn up in a message."""
    if isinstance(value, Mapping):
        value = value.values()
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
        for each in value:
            yield from texts_in(each)
    elif not callable(value):
        text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
        yield from {text, repr(text)[1:-1]}


def without(hidden: Collection[str], mistake: Mistake) -> Mistake:
    """The mistake with every hidden text in it replaced."""
    for secret in sorted(filter(None, hidden), key=len, reverse=True):
        said = {name: getattr(mistake, name).replace(secret, REDACTED) for name in ("problem", "expected", "hint")}
        mistake = mistake._replace(**said)
    return mistake._replace(value=None) if hidden else mistake
