"""Slips that are often made in an ini file, and what was meant."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from importlib.util import find_spec

from wsgistack.config.place import Place
from wsgistack.config.protocols import APP_PROTOCOLS, SERVER_PROTOCOLS
from wsgistack.errors import ConfigError, Mistake, did_you_mean, suggest

__all__ = ["hint_of_use", "meant", "no_application", "of_other_kind", "parted", "with_hints"]

_COMMENT = re.compile(r"(?:^|(?<=\s))[#;].*", re.MULTILINE)
_SETTING = re.compile(r"\n([\w.-]+ *(?:=|: ).*)")
_QUOTED = re.compile(r"([\"'])(.*)\1")
_OWN_LINE = "a comment needs a line of its own"
_INDENTED = "a line that is indented goes on with the one above"
_APPLICATION = "an application"
_SCHEMES = ("egg", "call", "config")
_USABLE = {
    APP_PROTOCOLS: "use = module:application, egg:…, call:… or a section",
    SERVER_PROTOCOLS: "use = egg:…, call:… or a section",
}


def parted(value: str, known: Collection[str]) -> tuple[str, str, str]:
    """Part a value that names other things into what was meant, what does not belong there, and a hint.

    :param known: names that there are, however they look.
    """
    comment, setting, quoted = _COMMENT.search(value), _SETTING.search(value), _QUOTED.fullmatch(value)
    if value in known or (comment and comment[0].split()[0] in known):
        return value, "", ""
    if comment:
        return _COMMENT.sub("", value).strip(), comment[0], _OWN_LINE
    if setting:
        return value[: setting.start()], setting[1], _INDENTED
    if quoted:
        return quoted[2], value, "write it without quotes"
    return value, "", ""


@contextmanager
def with_hints(values: Mapping[str, str]) -> Iterator[None]:
    """Add to the mistakes that are raised inside what is perhaps wrong with the values that they are about."""
    try:
        yield
    except ConfigError as error:
        hinted = (each._replace(hint=_hint_of(each, values.get(each.key, ""))) for each in error.mistakes)
        raise ConfigError(*hinted) from error


def meant(uri: str) -> str:
    """What a URI was perhaps meant to be whose scheme is misspelt."""
    scheme, colon, rest = uri.partition(":")
    near = get_close_matches(scheme, _SCHEMES, n=1, cutoff=0.75)
    if not colon or not near or scheme in _SCHEMES or not scheme.isidentifier() or find_spec(scheme):
        return ""
    return f"did you mean {f'{near[0]}:{rest}'!r}?"


def hint_of_use(given: Iterable[str], protocols: tuple[str, ...]) -> str:
    """What to write where a section does not say what it uses.

    :param given: the keys that it has.
    :param protocols: those of the factories that it could name instead.
    """
    slip = next((key for key in given if get_close_matches(key, ["use", *protocols])), "")
    if slip:
        return f"did you mean it by {slip!r}?"
    return _USABLE.get(protocols, "use = a layer, egg:…, call:… or a section")


def of_other_kind(name: str, found: str, asked: Place) -> ConfigError:
    """What is wrong with a name that means something else than has to be there.

    :param found: what it means, such as ``a filter``.
    """
    expected = "a filter" if found == _APPLICATION else _APPLICATION
    if asked.key != "pipeline":
        return asked.wrong(f"{name!r} is {found}", expected=expected)
    if found == _APPLICATION:
        return asked.wrong(f"{name!r} is {found}", "only the last of a pipeline may be one")
    return asked.wrong(f"{name!r} is {found}", f"the last of a pipeline has to be {expected}")


def no_application(
    name: str, asked: Place, known: Collection[str], sections: Collection[str] | None = None
) -> ConfigError:
    """What to say where there is no application of a name.

    :param known: the names that there are.
    :param sections: how the sections of an ini file are called.
    """
    without_colon = re.compile(rf"(app|pipeline|composite)[^\w:]+{re.escape(name)}")
    slip = next(filter(without_colon.fullmatch, sections or ()), "")
    near = f"did you mean it by [{slip}]?" if slip else did_you_mean(name, known)
    if not near and re.fullmatch(r"\w+(\.\w+)+", name):
        near = f"did you mean {':'.join(name.rsplit('.', 1))!r}?"
    near = near or suggest(name, known)
    if sections is None:
        return asked.wrong(f"no application {name!r}", near)
    expected = "" if known or slip else f"a section [app:{name}] or [pipeline:{name}]"
    return asked.wrong(f"no application or pipeline {name!r}", near, expected)


def _hint_of(mistake: Mistake, value: str) -> str:
    if _COMMENT.search(value) and (mistake.expected or not mistake.hint):
        return _OWN_LINE
    if mistake.hint:
        return mistake.hint
    first = value.partition("\n")[0]
    is_mapping = not first or "=" in first
    return _INDENTED if _SETTING.search(value) and not is_mapping else ""
