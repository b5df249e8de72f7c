"""Conditions: for which requests a layer is there, and for which it is as if it were not."""

import inspect
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sized
from collections.abc import Set as AbstractSet
from functools import reduce
from pathlib import Path
from typing import Any, TypeAlias, cast

from wsgistack.errors import ConfigError, Mistake, Mistakes, nearest
from wsgistack.imports import import_object
from wsgistack.predicates import KINDS, Predicate, predicate
from wsgistack.references import Resolved, has_references, resolve
from wsgistack.types import App, Environ, StartResponse

__all__ = ["Condition", "Conditional", "canonical", "condition", "taken_apart"]

Condition: TypeAlias = Predicate
_Check: TypeAlias = Callable[[str], object]

_KEYS = (*KINDS, "not", "call")
_SETTING = re.compile(rf"when((?:_not)*)(?:_({'|'.join(_KEYS)}))?")
_SETTINGS = [f"when_{between}{key}" for between in ("", "not_") for key in _KEYS if key != "not"]
_ITEM = re.compile(r"(?:\$\{[^}]*\}|[^\s,])+")


class Conditional:
    """A layer that is there for some requests; all others go on to what it is around, and it takes no notice of them.

    :param layer: with the application inside.
    :param app: the application without the layer.
    :param condition: which requests go to the layer. What it raises passes, as from a middleware.
    :param when: what the condition was made of, to be shown.

    Cost tier T0, and the time of the condition.
    """

    __slots__ = ("_app", "_condition", "_layer", "_when")

    def __init__(self, layer: App, app: App, condition: Condition, when: object = None) -> None:
        self._layer = layer
        self._app = app
        self._condition = condition
        self._when = condition if when is None else when

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        return (self._layer if self._condition(environ) else self._app)(environ, start_response)

    def __repr__(self) -> str:
        return f"Conditional({self._layer!r}, when={self._when!r})"


def condition(given: object, *, base: Path | None = None) -> Condition:
    """Compile what stands under ``when``: a function that says of a request, by its environ, whether it is meant.

    :param given: an import string of such a function, the function itself, or a mapping. All of its keys have to be
        true of the request, each by one of its values, which is text or a list of texts:

        - ``path``: globs for SCRIPT_NAME + PATH_INFO, as :mod:`fnmatch` knows them: a ``*`` goes over slashes, ``[[]``
          is a bracket, case matters. ``/api/*`` is not ``/api``. The path is taken as UTF-8 where it is that;
        - ``method``: exact, and in upper case;
        - ``host``: globs for the Host that the client names, or else SERVER_NAME, in any case, without the port, the
          brackets of an IPv6 address and the dot of the root;
        - ``scheme``: ``http`` or ``https``;
        - ``header``: a mapping of names, in any case, to globs, all of which have to be true; or names, one of which
          has to be there. A Content-Type or Content-Length that is empty is not there (PEP 3333);
        - ``environ``: the same for the keys of the environ, and the values as ``str()`` gives them;
        - ``not``: another mapping like this one, that must not be true;
        - ``call``: an import string or a function, beside the other keys.
    :param base: the folder that relative paths in references start from.
    :raises ConfigError: with every mistake, by keys such as ``when.not.host``.

    It is no wall: ``//admin`` is another path, but perhaps not so for the application. To protect, say with ``not``
    what is public.
    """
    reader = _Reader(base, resolving=True)
    normal = reader.read(given, "when")
    reader.mistakes.raise_if_any()
    return predicate(normal)


def canonical(given: object) -> object:
    """Give the one form of what :func:`condition` takes, by which two conditions can be compared.

    Values become tuples, hosts, schemes and the names of headers lower case, methods upper case; a mapping of nothing
    but ``call`` becomes what is called. References and import strings stay what they are.

    :raises ConfigError: something in it has a wrong shape, with every such mistake.
    """
    reader = _Reader(None, resolving=False)
    normal = reader.read(given, "when")
    reader.mistakes.raise_if_any()
    return normal


def taken_apart(
    settings: Mapping[str, str], known: Collection[str], *, is_open: bool = False
) -> tuple[dict[str, str], object]:
    """Tell the conditions of an ini section from its options.

    They are ``when = module:callable``, and ``when_path``, ``when_not_path`` and so on: values have spaces, commas or
    newlines between them; ``when_header`` and ``when_environ`` have ``name = glob`` on each line, or names alone.

    :param known: the names of the layer's own options, which are left alone.
    :param is_open: whether it takes others as well; then ``when_idle`` is left alone too, but not ``when_pth``.
    :returns: the options, and the conditions in their canonical form; None if there are none.
    :raises ConfigError: a condition is unknown or wrong, with all of them, each by its key in the section.
    """
    mistakes = Mistakes()
    options: dict[str, str] = {}
    when: dict[str, Any] = {}
    keys: dict[str, str] = {}
    for key, value in settings.items():
        found = None if key in known else _SETTING.fullmatch(key)
        if found:
            path = ("when", *["not"] * found[1].count("not"), found[2] or "call")
            first = keys.setdefault(".".join(path), key)
            if first != key:
                problem = f"stands beside {first}, which says the same"
                mistakes.append(Mistake(problem, key, value, hint="keep one of them"))
            with mistakes.caught(key):
                inner = reduce(lambda outer, name: outer.setdefault(name, {}), path[1:-1], when)
                inner[path[-1]] = _parsed(path[-1], value)
        elif key not in known and _is_meant(key, is_open):
            mistakes.append(Mistake("no such condition", key, value, hint=nearest(key, _SETTINGS)))
        else:
            options[key] = value
    try:
        normal = canonical(when) if when else None
    except ConfigError as error:
        for each in error.mistakes:
            written = [key for dotted, key in keys.items() if f"{each.key}.".startswith(f"{dotted}.")]
            mistakes += [each._replace(key=key) for key in written]
    mistakes.raise_if_any()
    return options, normal


def _is_meant(setting: str, is_open: bool) -> bool:
    if setting[:5] not in ("when_", "when-", "when."):
        return False
    return not is_open or nearest(setting[5:], (name[5:] for name in _SETTINGS)).startswith("did")


def _parsed(name: str, text: str) -> object:
    if name == "call":
        return text.strip()
    lines = [line.partition("=") for line in text.splitlines() if line.strip()]
    if not KINDS[name].is_of_names or not any(equals for _, equals, _ in lines):
        return _ITEM.findall(text)
    named: dict[str, list[str]] = {}
    for key, equals, glob in lines:
        if not equals:
            raise ConfigError(
                Mistake("a name stands alone beside one with a glob", expected="name = glob on each line")
            )
        named.setdefault(key.strip(), []).append(glob.strip())
    return named


class _Reader:
    """Brings conditions into their canonical form, and notes what is wrong."""

    def __init__(self, base: Path | None, *, resolving: bool) -> None:
        self.mistakes = Mistakes()
        self._base = base
        self._resolving = resolving

    def read(self, given: object, key: str) -> object:
        if isinstance(given, str) or callable(given):
            return self._called(given, key)
        if not isinstance(given, Mapping) or not given:
            self._unfit(key, given, "an import string, a callable, or a mapping of conditions")
            return None
        for name in given:
            if name not in _KEYS:
                self._wrong("no such condition", f"{key}.{name}", hint=nearest(str(name), _KEYS))
        normal = {name: self._value(name, given[name], f"{key}.{name}") for name in _KEYS if name in given}
        return normal["call"] if [*normal] == ["call"] else normal

    def _value(self, name: str, given: object, key: str) -> object:
        if name == "not":
            return self.read(given, key)
        if name == "call":
            return self._called(given, key)
        if KINDS[name].is_of_names and isinstance(given, Mapping):
            return self._named(given, key, KINDS[name].check)
        return self._texts(given, key, KINDS[name].check)

    def _named(self, given: Mapping[object, object], key: str, check: _Check) -> dict[object, object]:
        if not given:
            self._unfit(key, given, "names and globs")
        normal: dict[object, object] = {}
        for name, globs in given.items():
            read = self._text(name, key, check)
            if read in normal:
                self._wrong(f"{name!r} stands twice", key, given, hint="give it a list of globs")
            normal[read] = self._texts(globs, f"{key}.{name}", str)
        return normal

    def _texts(self, given: object, key: str, check: _Check) -> tuple[object, ...]:
        items = (given,) if isinstance(given, str) else given
        if not isinstance(items, list | tuple | AbstractSet) or not items:
            self._unfit(key, given, "text or a list of texts")
            return ()
        in_order = sorted(items, key=str) if isinstance(items, AbstractSet) else items
        return tuple(dict.fromkeys(self._text(item, key, check) for item in in_order))

    def _called(self, given: object, key: str) -> object:
        if isinstance(given, str):
            return self._text(given, key, self._imported)
        with self.mistakes.caught(key):
            return _function(given)
        return None

    def _imported(self, text: str) -> object:
        return text if ":" in text and not self._resolving else _function(import_object(text))

    def _text(self, given: object, key: str, check: _Check) -> object:
        if not isinstance(given, str):
            self._unfit(key, given, "text")
            return ""
        if self._resolving or not has_references(given):
            with self.mistakes.caught(key):
                return _checked(cast(str, resolve(given, base=self._base)), check)
        return given

    def _unfit(self, key: str, value: object, expected: str) -> None:
        is_empty = isinstance(value, Sized) and not value
        self._wrong("is empty" if is_empty else f"is of type {type(value).__name__}", key, value, expected)

    def _wrong(self, problem: str, key: str, value: object = None, expected: str = "", hint: str = "") -> None:
        self.mistakes.append(Mistake(problem, key, value, expected, hint))


def _checked(text: str, check: _Check) -> object:
    if not text.strip():
        raise ConfigError(Mistake("is empty"))
    try:
        return check(text)
    except ConfigError as error:
        if not isinstance(text, Resolved):
            raise
        hidden = (Mistake("found a secret value", expected=each.expected) for each in error.mistakes)
        raise ConfigError(*hidden) from None


def _function(found: object) -> object:
    expected = "a function that takes environ and gives true or false"
    if not callable(found):
        raise ConfigError(Mistake(f"is of type {type(found).__name__}", "", found, expected))
    if inspect.iscoroutinefunction(found) or inspect.isgeneratorfunction(found):
        raise ConfigError(Mistake("what it gives is always true", "", found, expected))
    try:
        inspect.signature(found).bind({})
    except TypeError as error:
        raise ConfigError(Mistake(f"can't be called with environ alone: {error}", "", found, expected)) from error
    except ValueError:  # a callable made in C may have no signature
        pass
    return found
