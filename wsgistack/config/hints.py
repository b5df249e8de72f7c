"""Common slips in a configuration, and what was meant."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from importlib.util import find_spec

from wsgistack.config.place import Place
from wsgistack.config.protocols import APP_PROTOCOLS, SERVER_PROTOCOLS
from wsgistack.errors import ConfigError, Mistake, did_you_mean, suggest

__all__ = [
    "add_hints",
    "make_kind_error",
    "make_unknown_error",
    "split_slip",
    "suggest_key",
    "suggest_layer",
    "suggest_scheme",
]

_COMMENT = re.compile(r"(?:^|(?<=\s))[#;].*", re.MULTILINE)
_SETTING = re.compile(r"\n([\w.-]+) *(?:=|: ).*")
_QUOTED = re.compile(r"([\"'])(.*)\1")
_COMMENT_INSIDE = "the value includes a comment"
_OWN_LINE = "write the comment on its own line"
_INDENTED = "an indented line continues the setting above; remove the indentation"
_APPLICATION = "an application"
_SCHEMES = ("egg", "call", "config")
_USABLE = {
    APP_PROTOCOLS: "write use = module:application, egg:…, call:… or a section name",
    SERVER_PROTOCOLS: "write use = egg:…, call:… or a section name",
}


def split_slip(value: str, known: Collection[str]) -> tuple[str, str, str]:
    """Split a value that names other things into what was meant, the problem, and a hint.

    No problem repeats a setting, because it may hold a secret.

    :param known: existing names, which are right whatever they look like.
    """
    comment, setting, quoted = _COMMENT.search(value), _SETTING.search(value), _QUOTED.fullmatch(value)
    if value in known or (comment and comment[0].split()[0] in known):
        return value, "", ""
    if comment:
        return _COMMENT.sub("", value).strip(), _COMMENT_INSIDE, _OWN_LINE
    if setting:
        return value[: setting.start()], f"the value includes the setting {setting[1]!r}", _INDENTED
    if quoted:
        return quoted[2], "the value has quotes", "write it without quotes"
    return value, "", ""


@contextmanager
def add_hints(values: Mapping[str, str]) -> Iterator[None]:
    """Add to the mistakes that are raised inside what may be wrong with the values."""
    try:
        yield
    except ConfigError as error:
        raise ConfigError(*(_add_hint(each, values.get(each.key, "")) for each in error.mistakes)) from error


def suggest_scheme(uri: str) -> str:
    """What a URI with a misspelt scheme was perhaps meant to be."""
    scheme, colon, rest = uri.partition(":")
    near = get_close_matches(scheme, _SCHEMES, n=1, cutoff=0.75)
    if not colon or not near or scheme in _SCHEMES or not scheme.isidentifier() or find_spec(scheme):
        return ""
    return f"did you mean {f'{near[0]}:{rest}'!r}?"


def suggest_key(given: Iterable[str], protocols: tuple[str, ...]) -> str:
    """What to write in a section without ``use``.

    :param given: its keys.
    :param protocols: those of the factories that it could name instead.
    """
    for key in given:
        if near := get_close_matches(key, ["use", *protocols], n=1):
            return f"did you mean {near[0]!r} instead of {key!r}?"
    return _USABLE.get(protocols, "write use = a layer, egg:…, call:… or a section name")


def suggest_layer(name: str, known: Collection[str]) -> str:
    """What to write in the section of a filter without ``use`` whose name is not that of a layer."""
    near = get_close_matches(name, known, n=1)
    return f"did you mean use = {near[0]}?" if near else f"write use = a layer: {', '.join(sorted(known))}"


def make_kind_error(name: str, found: str, asked: Place) -> ConfigError:
    """The error for a name that means a part of another kind.

    :param found: what it means, such as ``a filter``.
    """
    expected = "a filter" if found == _APPLICATION else _APPLICATION
    if asked.key != "pipeline":
        return ConfigError(asked.mistake(f"{name!r} is {found}", expected=expected))
    rule = f"{expected} before the last name" if found == _APPLICATION else f"{expected} as the last name"
    return ConfigError(asked.mistake(f"{name!r} is {found}", expected=rule))


def make_unknown_error(
    name: str, asked: Place, known: Collection[str], sections: Collection[str] | None = None
) -> ConfigError:
    """The error for a name that is not that of an application.

    :param known: the names that would be right.
    :param sections: the headers of an ini file.
    """
    without_colon = re.compile(rf"(app|pipeline|composite)[^\w:]+{re.escape(name)}")
    slip = next(filter(None, map(without_colon.fullmatch, sections or ())), None)
    if slip:
        hint = f"did you mean [{slip[1]}:{name}] instead of [{slip[0]}]?"
    elif near := did_you_mean(name, known):
        hint = near
    elif re.fullmatch(r"\w+(\.\w+)+", name):
        hint = f"did you mean {':'.join(name.rsplit('.', 1))!r}?"
    else:
        hint = suggest(name, known)
    kind = "application" if sections is None else "application or pipeline"
    if asked.key:
        expected = "" if hint else "module:application, egg:…, call:… or another application"
        return ConfigError(asked.mistake(f"unknown {kind} {name!r}", expected=expected, hint=hint))
    expected = "" if hint or sections is None else f"a section [app:{name}] or [pipeline:{name}]"
    problem = f"{'missing' if name == 'main' else 'unknown'} {kind} {name!r}"
    return ConfigError(asked.mistake(problem, expected=expected, hint=hint))


def _add_hint(mistake: Mistake, value: str) -> Mistake:
    """A mistake whose text does not repeat a comment or another setting, because these may hold a secret."""
    setting, first = _SETTING.search(value), value.partition("\n")[0]
    if _COMMENT.search(value) and (mistake.expected or not mistake.hint):
        return mistake._replace(problem=_COMMENT_INSIDE, hint=_OWN_LINE)
    if setting and not mistake.hint and first and "=" not in first:  # a mapping has its own lines
        return mistake._replace(problem=f"the value includes the setting {setting[1]!r}", hint=_INDENTED)
    return mistake
