"""Common slips in a configuration, and what was meant."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import PurePath

from wsgistack.config.place import Place
from wsgistack.config.protocols import APP_PROTOCOLS, SERVER_PROTOCOLS
from wsgistack.errors import ConfigError, Mistake, did_you_mean, suggest

__all__ = ["add_hints", "make_kind_error", "make_unknown_error", "split_slip", "suggest_key", "suggest_name"]

_COMMENT = re.compile(r"(?:^|(?<=\s))[#;].*", re.MULTILINE)
_SETTING = re.compile(r"\n([\w.-]+) *(?:=|: ).*")
_DOTTED = re.compile(r"(\w+(?:\.\w+)*)\.(\w+(?:\(\))?)")
_QUOTED = re.compile(r"([\"'])(.*)\1")
_OWN_LINE = "write the comment on its own line"
_INDENTED = "an indented line continues the setting above; remove the indentation"
_APPLICATION = "an application"
_USABLE = {
    APP_PROTOCOLS: "write use = module:application, egg:…, call:… or a section name",
    SERVER_PROTOCOLS: "write use = egg:…, call:… or a section name",
}


def split_slip(value: str) -> tuple[str, str, str]:
    """Split a value that names other things into what was meant, the problem, and a hint.

    No problem repeats a setting, because it may hold a secret.
    """
    if _COMMENT.search(value):
        return _COMMENT.sub("", value).strip(), "the value includes a comment", _OWN_LINE
    if setting := _SETTING.search(value):
        return value[: setting.start()], f"the value includes the setting {setting[1]!r}", _INDENTED
    if quoted := _QUOTED.fullmatch(value):
        return quoted[2], "the value has quotes", "write it without quotes"
    return value, "", ""


@contextmanager
def add_hints(values: Mapping[str, str]) -> Iterator[None]:
    """Add to the mistakes that are raised inside what may be wrong with the values."""
    try:
        yield
    except ConfigError as error:
        raise ConfigError(*(_add_hint(each, values.get(each.key, "")) for each in error.mistakes)) from error


def suggest_key(given: Iterable[str], protocols: tuple[str, ...]) -> str:
    """What to write in a section without ``use``.

    :param protocols: those of the factories that it could name instead.
    """
    for key in given:
        if near := get_close_matches(key, ["use", *protocols], n=1):
            return f"did you mean {near[0]!r} instead of {key!r}?"
    return _USABLE.get(protocols, "write use = a layer, egg:…, call:… or a section name")


def suggest_name(name: str, known: Collection[str], asked: Place) -> str:
    """What to write instead of an unknown name."""
    if "," not in name or asked.key != "pipeline":
        return suggest(name, known)
    return "; ".join(filter(None, ("separate names with spaces", did_you_mean(name, known))))


def make_kind_error(name: str, found: str, asked: Place) -> ConfigError:
    """The error for a name that means a part of another kind.

    :param found: what it means, such as ``a filter``.
    """
    expected, position = ("a filter", "before") if found == _APPLICATION else (_APPLICATION, "as")
    expected += f" {position} the last name" if asked.key == "pipeline" else ""
    return ConfigError(asked.mistake(f"{name!r} is {found}", expected=expected))


def make_unknown_error(name: str, asked: Place, known: Collection[str], *, has_sections: bool = False) -> ConfigError:
    """The error for a name that is not that of an application.

    :param has_sections: whether an application is described in a section, as in an ini file.
    """
    if name == "main" and not (known or has_sections or asked.key):
        return ConfigError(asked.mistake("missing key 'app'", expected='app = "module:application"'))
    hint = suggest_name(name, known, asked)
    expected = f"a section [app:{name}] or [pipeline:{name}]" if has_sections else ""
    expected = "module:application, egg:…, call:… or another application" if asked.key else expected
    if not did_you_mean(name, known):
        if name.endswith(".py"):
            hint, expected = "", f"module:attribute, such as {PurePath(name).stem}:application"
        elif dotted := _DOTTED.fullmatch(name):
            hint = f"did you mean '{dotted[1]}:{dotted[2]}'?"
    kind = "application or pipeline" if has_sections else "application"
    problem = f"{'missing' if name == 'main' and not asked.key else 'unknown'} {kind} {name!r}"
    return ConfigError(asked.mistake(problem, expected="" if hint else expected, hint=hint))


def _add_hint(mistake: Mistake, value: str) -> Mistake:
    """A mistake whose text does not repeat a comment or another setting, because these may hold a secret."""
    _, problem, hint = split_slip(value)
    first = value.partition("\n")[0]
    is_comment = hint == _OWN_LINE and bool(mistake.expected or not mistake.hint)
    is_setting = (
        hint == _INDENTED and not mistake.hint and bool(first) and "=" not in first
    )  # a mapping has its own lines
    return mistake._replace(problem=problem, hint=hint) if is_comment or is_setting else mistake
