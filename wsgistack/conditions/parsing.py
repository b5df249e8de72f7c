"""Reading conditions, also from the settings of an ini section: their normal form, and every mistake in them."""

import inspect
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sized
from collections.abc import Set as AbstractSet
from functools import reduce
from pathlib import Path
from typing import Any, TypeAlias, cast

from wsgistack.conditions.predicates import KINDS
from wsgistack.errors import ConfigError, Mistake, Mistakes, describe_type, did_you_mean, suggest
from wsgistack.imports import import_object
from wsgistack.options.references import has_references, resolve
from wsgistack.options.signatures import read_signature

__all__ = ["find_setting", "normalize_condition", "resolve_condition", "split_conditions"]

_Check: TypeAlias = Callable[[str], object]

_KEYS = (*KINDS, "not", "call")
_DEEPEST = 8  # levels of "not" in "not"
_SETTING = re.compile(rf"when((?:_not)*)(?:_(call|{'|'.join(KINDS)}))?")
_SETTINGS = [f"when_{between}{key}" for between in ("", "not_") for key in (*KINDS, "call")]
_ITEM = re.compile(r"(?:\$\{[^}]*\}|[^\s,])+")


def normalize_condition(given: object) -> object:
    """Bring a condition into its normal form, so that two conditions can be compared.

    Values become tuples, hosts, schemes and the names of headers lower case, methods upper case; a mapping of nothing
    but ``call`` becomes the function or import string. References and import strings stay unchanged.
    """
    return _Reader(None, resolving=False).read_all(given)


def resolve_condition(given: object, *, base: Path | None) -> object:
    """Give the normal form without references, and with functions for import strings."""
    return _Reader(base, resolving=True).read_all(given)


class _Reader:
    """Brings conditions into their normal form, and collects mistakes. In place of a wrong value it returns None."""

    def __init__(self, base: Path | None, *, resolving: bool) -> None:
        self._mistakes = Mistakes()
        self._base = base
        self._resolving = resolving

    def read_all(self, given: object) -> object:
        normal = self._read(given, "when")
        self._mistakes.raise_if_any()
        return normal

    def _read(self, given: object, key: str) -> object:
        if isinstance(given, str) or callable(given):
            return self._read_call(given, key)
        if not isinstance(given, Mapping) or not given:
            return self._refuse(key, given, "an import string, a callable, or a mapping of conditions")
        if key.count(".") > _DEEPEST:
            self._mistakes.append(Mistake("is nested too deep", key=key))
            return None
        for name in given:
            if name not in _KEYS:
                hint = suggest(str(name), _KEYS)
                self._mistakes.append(Mistake("unknown condition", key=f"{key}.{name}", hint=hint))
        normal = {name: self._value(name, given[name], f"{key}.{name}") for name in _KEYS if name in given}
        return normal["call"] if [*normal] == ["call"] else normal

    def _value(self, name: str, given: object, key: str) -> object:
        if name not in KINDS:
            return self._read(given, key) if name == "not" else self._read_call(given, key)
        check = KINDS[name].check
        if not (KINDS[name].is_of_names and isinstance(given, Mapping)):
            return self._texts(given, key, check)
        if not given:
            return self._refuse(key, given, "names and globs")
        normal: dict[object, object] = {}
        for each, globs in given.items():
            read = self._text(each, key, check)
            if read in normal:
                hint = "give it a list of globs"
                self._mistakes.append(Mistake(f"duplicate name {each!r}", key=key, value=given, hint=hint))
            normal[read] = self._texts(globs, f"{key}.{each}", str)
        return normal

    def _texts(self, given: object, key: str, check: _Check) -> object:
        items = (given,) if isinstance(given, str) else given
        if not isinstance(items, list | tuple | AbstractSet) or not items:
            return self._refuse(key, given, "text or a list of texts")
        in_order = sorted(items, key=str) if isinstance(items, AbstractSet) else items
        return tuple(dict.fromkeys(self._text(item, key, check) for item in in_order))

    def _read_call(self, given: object, key: str) -> object:
        if isinstance(given, str):
            return self._text(given, key, self._import)
        with self._mistakes.collect(key):
            return _function(given)
        return None

    def _import(self, text: str) -> object:
        return text if ":" in text and not self._resolving else _function(import_object(text))

    def _text(self, given: object, key: str, check: _Check) -> object:
        if not isinstance(given, str):
            return self._refuse(key, given, "text")
        if has_references(given) and not self._resolving:
            return given
        with self._mistakes.collect(key):
            text = cast(str, resolve(given, base=self._base))
            if not text.strip():
                raise ConfigError(Mistake("is empty"))
            try:
                return check(text)
            except ConfigError as error:
                if text is given:
                    raise
                hidden = (Mistake("invalid secret value", expected=each.expected) for each in error.mistakes)
                raise ConfigError(*hidden) from None
        return None

    def _refuse(self, key: str, value: object, expected: str) -> object:
        is_empty = isinstance(value, Sized) and not value
        problem = "is empty" if is_empty else describe_type(value)
        self._mistakes.append(Mistake(problem, key=key, value=value, expected=expected))
        return None


def _function(found: object) -> object:
    problem = ""
    if not callable(found):
        problem = describe_type(found)
    elif inspect.iscoroutinefunction(found) or inspect.isgeneratorfunction(found):
        problem = "is a coroutine or generator function, so its result is always true"
    else:
        try:
            read_signature(found).bind({})
        except TypeError as error:
            problem = f"cannot be called with environ alone: {error}"
        except ValueError:  # a callable made in C may have no signature
            pass
    if problem:
        expected = "a function that takes environ and returns true or false"
        raise ConfigError(Mistake(problem, value=found, expected=expected))
    return found


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
                parsed = _parse(path[-1], value)
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


def _parse(name: str, text: str) -> object:
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
