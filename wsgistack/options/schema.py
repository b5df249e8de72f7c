"""A factory's signature, read as the schema of its options: names, types, defaults and docs."""

import re
import sys
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from inspect import Parameter, cleandoc, getdoc, signature
from pathlib import Path
from typing import Any, NamedTuple, get_origin

from wsgistack.errors import ConfigError, Mistake, Mistakes, suggest
from wsgistack.options.annotations import MAPPINGS, describe, is_secret, parts
from wsgistack.options.conversion import UnfitError, convert
from wsgistack.options.references import Resolved, has_references, is_only_references, resolve
from wsgistack.options.secrets import REDACTED, iterate_texts
from wsgistack.types import Factory

__all__ = ["Option", "Schema", "fit", "missing", "schema", "secrets", "shown"]

_PARAM = re.compile(r"^:param (\w+): ?(.*(?:\n[ \t]+.*)*)", re.MULTILINE)
_INFERRED = (bool, int, float, str)


class Option(NamedTuple):
    """One option of a factory."""

    name: str
    annotation: object
    default: object
    doc: str

    @property
    def is_required(self) -> bool:
        return self.default is Parameter.empty

    @property
    def is_secret(self) -> bool:
        return is_secret(self.annotation)

    @property
    def is_mapping(self) -> bool:
        """Whether text may stand for a mapping."""
        return any((get_origin(each) or each) in MAPPINGS for each in parts(self.annotation))

    @property
    def type_name(self) -> str:
        return describe(self.annotation)


class Schema(NamedTuple):
    """The options of a factory."""

    options: Mapping[str, Option]
    is_open: bool
    """Whether it takes options that its signature does not name."""


def schema(factory: Factory) -> Schema:
    """Read the options of a factory from its signature, and their docs from the ``:param`` lines of its docstring.

    :raises ConfigError: it can't be called with an application as the only positional argument.
    """
    try:
        return _remembered(factory)
    except TypeError:  # it can't be hashed
        return _read(factory)


def _read(factory: Factory) -> Schema:
    try:
        parameters = _parameters(factory)
    except (TypeError, ValueError):
        return Schema({}, is_open=True)
    if not parameters or parameters[0].kind in (Parameter.KEYWORD_ONLY, Parameter.VAR_KEYWORD):
        raise ConfigError(Mistake(f"{_name(factory)} takes no application", expected="it as the first argument"))
    if [each.name for each in parameters[1:]] == ["start_response"]:
        problem, hint = f"{_name(factory)} is an application", "only the last of a pipeline may be one"
        raise ConfigError(Mistake(problem, expected="a layer, which takes one first", hint=hint))
    docs = {name: " ".join(text.split()) for name, text in _PARAM.findall(_docs(factory))}
    named = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
    options = {
        each.name: Option(each.name, each.annotation, each.default, docs.get(each.name, ""))
        for each in parameters[1:]
        if each.kind in named
    }
    return Schema(options, is_open=any(each.kind is Parameter.VAR_KEYWORD for each in parameters))


_remembered = lru_cache(maxsize=256)(_read)  # it is asked for several times for each layer


def fit(
    factory: Factory,
    given: Mapping[str, object],
    *,
    base: Path | None = None,
    text: bool = False,
    whole: bool = True,
    resolving: bool = True,
) -> tuple[dict[str, object], list[Mistake]]:
    """Make given options fit what a factory takes.

    :param base: the folder that relative paths start from; None leaves them as they are.
    :param text: whether all values are text, as an ini file has them.
    :param whole: whether these are all, so that none that is required may be missing.
    :param resolving: whether references are filled in; or else a value that holds one is left as it is, unchecked.
    :returns: the options with their values converted, and every mistake.
    """
    known = schema(factory)
    fitted: dict[str, object] = {}
    mistakes = Mistakes()
    for name, value in given.items():
        if name not in known.options and not known.is_open:
            hint = suggest(name, known.options) or "it takes none"
            mistakes.append(Mistake(f"no such option of {_name(factory)}", key=name, value=value, hint=hint))
        elif has_references(value) and not resolving:
            fitted[name] = value
        else:
            with mistakes.collect():
                option = known.options.get(name) or Option(name, Any, None, "")
                fitted[name] = _fitted(option, value, base, text)
    if whole:
        mistakes += missing(factory, given)
    return fitted, mistakes


def missing(factory: Factory, given: Collection[str]) -> list[Mistake]:
    """Say which options a factory needs beside those that are given."""
    return [
        Mistake(
            f"{_name(factory)} needs this option",
            key=option.name,
            expected="" if option.type_name == describe(Any) else option.type_name,
        )
        for option in schema(factory).options.values()
        if option.is_required and option.name not in given
    ]


def secrets(factory: Factory, given: Mapping[str, object], fitted: Mapping[str, object]) -> set[str]:
    """Every text in the options of a factory that nobody may see: of those that are secret or came from references.

    :param given: the options as they are written.
    :param fitted: the same as :func:`fit` makes them.
    """
    known = schema(factory).options
    return {
        text
        for name, value in fitted.items()
        if has_references(given[name]) or (name in known and known[name].is_secret)
        for text in iterate_texts(value, names=has_references(given[name]))
    }


def shown(find: Callable[[], Factory], given: Mapping[str, object]) -> dict[str, object]:
    """The options of a factory for the eyes of people: without secrets.

    :param find: gives the factory. Where it can't, all options are perhaps secrets.
    :param given: the options as they are written.
    """
    try:
        known = schema(find())
    except ConfigError:
        known = Schema({}, is_open=False)

    def is_public(name: str, value: object) -> bool:
        option = known.options.get(name)
        if option is None:
            return known.is_open  # what has no place in the signature is perhaps a secret under a wrong name
        return not option.is_secret or is_only_references(value, is_mapping=option.is_mapping)

    return {name: value if is_public(name, value) else REDACTED for name, value in given.items()}


def _fitted(option: Option, value: object, base: Path | None, text: bool) -> object:
    try:
        resolved = resolve(value, base=base)
    except ConfigError as error:
        raise ConfigError(*(each._replace(key=option.name, value=value) for each in error.mistakes)) from error
    annotation = _annotation(option, text or isinstance(resolved, Resolved))
    wrong = Mistake("found a secret value", key=option.name, value=value, expected=option.type_name)
    try:
        return convert(resolved, annotation, base=base, text=text)
    except UnfitError as unfit:
        is_hidden = option.is_secret or has_references(value)
        problem = wrong.problem if is_hidden else f"found {value!r}"
        raise ConfigError(wrong._replace(problem=problem, expected=unfit.expected, hint=unfit.hint)) from None
    except ConfigError as error:
        if option.is_secret:
            raise ConfigError(wrong._replace(hint="it can't be imported")) from None
        raise ConfigError(*(each._replace(key=option.name) for each in error.mistakes)) from error


def _parameters(factory: Factory) -> list[Parameter]:
    try:
        return list(signature(factory, eval_str=True).parameters.values())
    except Exception:  # an annotation that only a type checker can read: the others are read without it
        names = vars(sys.modules.get(factory.__module__, sys))
        unread = signature(factory).parameters.values()
        return [each.replace(annotation=_evaluated(each.annotation, names)) for each in unread]


def _evaluated(annotation: object, names: dict[str, Any]) -> object:
    try:
        return eval(annotation, names) if isinstance(annotation, str) else annotation  # noqa: S307 - as eval_str does
    except Exception:
        return Parameter.empty


def _docs(factory: Factory) -> str:
    return cleandoc("\n".join(filter(None, (getdoc(factory), getdoc(getattr(factory, "__init__", None))))))


def _name(factory: Factory) -> str:
    name: str = getattr(factory, "__qualname__", None) or getattr(factory, "__name__", None) or type(factory).__name__
    return name


def _annotation(option: Option, text: bool) -> object:
    if option.annotation is Parameter.empty and text and type(option.default) in _INFERRED:
        return type(option.default)
    return option.annotation
