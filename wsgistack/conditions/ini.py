"""Conditions as the settings of an ini section, beside the options of the layer: all of them text."""

import re
from collections.abc import Collection, Iterable, Mapping
from functools import reduce
from typing import Any

from wsgistack.conditions.parsing import normalize_condition
from wsgistack.conditions.predicates import KINDS
from wsgistack.errors import ConfigError, Mistake, Mistakes, did_you_mean, suggest

__all__ = ["find_setting", "split_conditions"]

_SETTING = re.compile(rf"when((?:_not)*)(?:_(call|{'|'.join(KINDS)}))?")
_SETTINGS = [f"when_{between}{key}" for between in ("", "not_") for key in (*KINDS, "call")]
_ITEM = re.compile(r"(?:\$\{[^}]*\}|[^\s,])+")


def split_conditions(
    settings: Mapping[str, str], known: Collection[str], *, is_open: bool = False
) -> tuple[dict[str, str], object, Mistakes]:
    """Separate the conditions of an ini section from its options.

    They are ``when = module:callable``, and ``when_path``, ``when_not_path`` and so on, with values separated by
    spaces, commas or newlines; ``when_header`` and ``when_environ`` have ``name = glob`` on each line, or names alone.

    :param known: the names of the layer's own options, which are never conditions.
    :param is_open: whether it takes other options as well. Then ``when_idle`` is an option,
        but ``when_pth`` still a mistake.
    :returns: the options; the conditions in their normal form, or None without any; and what is wrong with conditions,
        by their keys in the section.
    """
    mistakes = Mistakes()
    options: dict[str, str] = {}
    when: dict[str, Any] = {}
    keys: dict[str, str] = {}
    for key, value in settings.items():
        path = [] if key in known else _path(key)
        if path:
            first = keys.setdefault(".".join(path), key)
            if first != key:
                problem = f"conflicts with {first!r}, which means the same"
                mistakes.append(Mistake(problem, key=key, value=value, hint="keep one of them"))
            with mistakes.collect(key):
                parsed = _parsed(path[-1], value)
                reduce(lambda outer, name: outer.setdefault(name, {}), path[1:-1], when)[path[-1]] = parsed
        elif key not in known and _is_meant(key, is_open):
            mistakes.append(Mistake("unknown condition", key=key, value=value, hint=suggest(key, _SETTINGS)))
        else:
            options[key] = value
    normal = None
    try:
        normal = normalize_condition(when) if when else None
    except ConfigError as error:
        mistakes += (each._replace(key=find_setting(each.key, keys.values())) for each in error.mistakes)
    return options, normal, mistakes


def find_setting(key: str, settings: Iterable[str]) -> str:
    """Find the setting of a section that a mistake is about, ``when_not_path`` for ``when.not.path``.

    :param key: as a mistake of :func:`wsgistack.conditions.condition` names it.
    :param settings: those of the section. Without such a setting, the key itself is returned.
    """
    for setting in settings:
        path = _path(setting)
        if path and all(one == other for one, other in zip(path, key.split("."), strict=False)):
            return setting
    return key


def _path(setting: str) -> list[str]:
    found = _SETTING.fullmatch(setting)
    return ["when", *["not"] * found[1].count("not"), found[2] or "call"] if found else []


def _is_meant(setting: str, is_open: bool) -> bool:
    if setting[:5] not in ("when_", "when-", "when."):
        return False
    return not is_open or bool(did_you_mean(setting[5:], (name[5:] for name in _SETTINGS)))


def _parsed(name: str, text: str) -> object:
    if name == "call":
        return text.strip()
    lines = [line.partition("=") for line in text.splitlines() if line.strip()]
    if not KINDS[name].is_of_names or not any(equals for _, equals, _ in lines):
        return _ITEM.findall(text)
    named: dict[str, list[str]] = {}
    for key, equals, glob in lines:
        if not equals:
            raise ConfigError(Mistake("mixes names with and without a glob", expected="name = glob on each line"))
        named.setdefault(key.strip(), []).append(glob.strip())
    return named
