"""The signature of a factory as the schema of its options: names, types, defaults and docs."""

import re
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from inspect import Parameter, cleandoc, getdoc, signature
from pathlib import Path
from types import UnionType
from typing import (
    Annotated,
    Any,
    ForwardRef,
    NamedTuple,
    NotRequired,
    Required,
    Union,
    cast,
    get_args,
    get_origin,
    is_typeddict,
)

from wsgistack.errors import ConfigError, Mistake, Mistakes, Where, suggest
from wsgistack.imports import import_string_of
from wsgistack.options.conversion import UnfitError, convert, describe, is_mapping, is_secret, iterate_parts, write
from wsgistack.options.references import Text, has_references, is_only_references, map_leaves, resolve, unwrap_resolved
from wsgistack.options.secrets import REDACTED, hide_value, iterate_texts
from wsgistack.options.signatures import read_hints, read_signature
from wsgistack.types import Factory, Secret

__all__ = ["Option", "Schema", "name_roles", "parse_settings", "read_parameters", "read_schema", "show_options"]

_PARAM = re.compile(r"^:param (?:[^:\n]+ )?(\w+): ?(.*(?:\n[ \t]+.*)*)", re.MULTILINE)  # a type may be in it
_ROLE = re.compile(r":[a-z:]+:`(?:~(?:\w+\.)*)?!?([^`<]+?)(?: <[^`]*>)?`")
_STANDARD = re.compile(r":(RFC|PEP):`(\d+)`", re.IGNORECASE)
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
    def type_name(self) -> str:
        return describe(self.annotation)

    @property
    def inner(self) -> list["Option"]:
        """The options of a mapping, if the annotation is a TypedDict, or has one as its items.

        The docs and the defaults are those of the class that the docstring of the TypedDict names, or of itself.
        """
        meant: Any = next(filter(is_typeddict, iterate_parts(self.annotation)), None)
        if meant is None:
            return []
        named = _ROLE.search(meant.__doc__ or "")
        maker = getattr(sys.modules[meant.__module__], named[1], meant) if named else meant
        takes = {} if maker is meant else read_signature(maker).parameters
        defaults = {each.name: each.default for each in takes.values()}
        defaults = dict.fromkeys(meant.__required_keys__, Parameter.empty) | defaults
        docs = _read_docs(getdoc(maker) or "")
        hints = read_hints(meant).items()
        return [Option(name, hint, defaults.get(name), docs.get(name, "")) for name, hint in hints]

    def iterate_secrets(self, value: object) -> Iterator[str]:
        """Every text in a converted value that must not be shown. Of a mapping with known names, only some are secret.

        Others, such as the name of a file, are needed in messages.
        """
        if not self.is_secret:
            return
        inner = self._find_inner(value)
        if inner:
            for name, part in cast("Mapping[str, object]", value).items():
                yield from inner[name].iterate_secrets(part)
        else:
            yield from iterate_texts(value, names=False)

    def hide(self, value: object) -> object:
        """A value for people to read: without secrets, but with references."""
        if not self.is_secret or is_only_references(value, is_mapping(self.annotation)):
            return value
        inner = self._find_inner(value)
        if not inner:
            return REDACTED
        parts = cast("Mapping[str, object]", value).items()
        return {name: inner[name].hide(part) if name in inner else REDACTED for name, part in parts}

    def _find_inner(self, value: object) -> dict[str, "Option"]:
        """The options of a mapping with known names, of which only some are secret. Empty if the whole value may be."""
        kinds = [*_list_kinds(self.annotation)]
        mappings = [each for each in kinds if is_mapping(each)]
        is_known = Secret not in kinds and len(mappings) == 1 and is_typeddict(mappings[0])
        return {each.name: each for each in self.inner} if is_known and isinstance(value, Mapping) else {}

    def convert(self, written: object, base: Path | None) -> object:
        """Fill in the references in a value, and convert it."""
        value = resolve(written, base=base)
        is_hidden = self.is_secret or has_references(written)
        problem = f"invalid value {written!r}"
        is_inferred = self.annotation is Parameter.empty and isinstance(value, Text) and type(self.default) in _INFERRED
        try:
            made = convert(value, type(self.default) if is_inferred else self.annotation)
        except UnfitError as unfit:
            has_lines = is_mapping(self.annotation) and not str(written).lstrip().startswith("{")
            is_by_line = has_lines or not isinstance(written, str)
            where = Where(line=unfit.item if is_by_line else 0)  # the item, whose line only the loader knows
            kept = None if self.is_secret else unwrap_resolved(written)  # an error may be pickled
            mistake = Mistake(problem, value=kept, expected=unfit.expected, hint=unfit.hint, where=where)
            raise ConfigError(hide_value(mistake) if is_hidden else mistake) from None
        except ConfigError:
            if not is_hidden:
                raise
            hidden = Mistake(problem, expected=self.type_name, hint="it can't be imported")
            raise ConfigError(hide_value(hidden)) from None
        return map_leaves(made, lambda each: isinstance(each, Path), base.joinpath) if base else made


class Schema(NamedTuple):
    """The options of a factory."""

    factory: str
    """Its name, for messages."""
    options: Mapping[str, Option]
    is_open: bool
    """Whether it accepts options that its signature does not name."""

    def convert(
        self, given: Mapping[str, object], *, base: Path | None, resolving: bool
    ) -> tuple[dict[str, object], Mistakes]:
        """Convert options.

        :param resolving: whether to fill in references; otherwise the options with references stay as they are written.
        :returns: the options that fit, and what is wrong with the others.
        """
        values: dict[str, object] = {}
        mistakes = Mistakes()
        for name, value in given.items():
            with mistakes.collect(name):
                if name not in self.options and not self.is_open:
                    hint = suggest(name, self.options) or "it has no options"
                    raise ConfigError(Mistake(f"unknown option of {self.factory}", value=value, hint=hint))
                stays = not resolving and has_references(value)
                values[name] = value if stays else self._option(name).convert(value, base)
        return values, mistakes

    def write(self, values: Mapping[str, object]) -> dict[str, object]:
        """Converted options as a file would have them: sizes and durations with a unit."""
        return {name: write(value, self._option(name).annotation) for name, value in values.items()}

    def find_missing(self, given: Collection[str]) -> list[Mistake]:
        """Say which options are required, but not given."""
        problem = f"missing option of {self.factory}"
        missing = [each for each in self.options.values() if each.is_required and each.name not in given]
        return [
            Mistake(problem, key=each.name, expected=each.type_name.removeprefix(describe(Any))) for each in missing
        ]

    def find_secrets(self, given: Mapping[str, object], values: Mapping[str, object]) -> set[str]:
        """All texts in options that must not be shown: from secret options and from references.

        :param values: the same options as :meth:`convert` returns them, with references filled in.
        """
        found: set[str] = set()
        for name, value in values.items():
            is_given = not has_references(given[name])
            found |= {*(self._option(name).iterate_secrets(value) if is_given else iterate_texts(value, names=True))}
        return found

    def _option(self, name: str) -> Option:
        return self.options.get(name) or Option(name, Any, None, "")


def parse_settings(settings: Mapping[str, str]) -> dict[str, object]:
    """Settings of an ini file as options: text may also be of another type, as the factory says."""
    return {name: value if has_references(value) else Text(value) for name, value in settings.items()}


def read_schema(factory: Factory) -> Schema:
    """Read the options of a factory from its signature, and their docs from the ``:param`` lines of its docstring."""
    try:
        return _read_once(factory)
    except TypeError:  # it can't be hashed
        return _read(factory)


def show_options(
    find: Callable[[], Schema], given: Mapping[str, object], *, has_units: bool = True
) -> dict[str, object]:
    """Options for people to read: without secrets.

    :param find: returns the schema. If it fails, any option may be a secret.
    :param has_units: whether sizes and durations have a unit, as in a file; otherwise they are numbers, for programs.
    """
    try:
        schema = find()
    except ConfigError:
        return dict.fromkeys(given, REDACTED)
    shown = dict(given)
    for name, value in given.items():
        option = schema.options.get(name)
        if option is not None:
            shown[name] = option.hide(value)
        elif not schema.is_open:
            shown[name] = REDACTED  # an unknown option may be a secret under a misspelt name
    return schema.write(shown) if has_units else shown


def _list_kinds(annotation: object) -> Iterator[object]:
    """The annotations of which a value has one, and ``Secret`` if it is marked so as a whole."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        yield from (Secret for mark in arguments[1:] if mark is Secret or isinstance(mark, Secret))
        yield from _list_kinds(arguments[0])
    elif origin in (Union, UnionType, NotRequired, Required):
        for each in arguments:
            yield from _list_kinds(each)
    else:
        yield annotation


def _read(factory: Factory) -> Schema:
    name = getattr(factory, "__qualname__", None) or getattr(factory, "__name__", None) or type(factory).__name__
    try:
        parameters = read_parameters(factory)
    except (TypeError, ValueError):
        return Schema(name, {}, is_open=True)
    if not parameters or parameters[0].kind in (Parameter.KEYWORD_ONLY, Parameter.VAR_KEYWORD):
        raise ConfigError(Mistake(f"{name} takes no application", expected="it as the first argument"))
    if [each.name for each in parameters[1:]] == ["start_response"]:
        subject = repr(import_string_of(factory)) if hasattr(factory, "__qualname__") else name
        hint = "put an application last in a pipeline"
        raise ConfigError(Mistake(f"{subject} is an application", expected="a layer", hint=hint))
    text = "\n".join(filter(None, (getdoc(factory), getdoc(getattr(factory, "__init__", None)))))
    docs = _read_docs(text)
    options = {
        each.name: Option(each.name, each.annotation, each.default, docs.get(each.name, ""))
        for each in parameters[1:]
        if each.kind in (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
    }
    return Schema(name, options, is_open=any(each.kind is Parameter.VAR_KEYWORD for each in parameters))


def _read_docs(text: str) -> dict[str, str]:
    """The texts of the ``:param`` lines of a docstring."""
    found = _PARAM.findall(cleandoc(text))
    return {name: name_roles(" ".join(doc.split())) for name, doc in found}


def name_roles(text: str) -> str:
    """Return a text in which a role is only what it shows, such as the name that it links."""
    text = _STANDARD.sub(lambda found: f"{found[1].upper()} {found[2]}", text)
    return _ROLE.sub(r"``\1``", text)


_read_once = lru_cache(maxsize=256)(_read)  # a layer is checked, built and shown


def read_parameters(factory: Factory) -> list[Parameter]:
    """Read the parameters of a factory, with their annotations evaluated."""
    try:
        return list(signature(factory, eval_str=True).parameters.values())
    except Exception:  # an annotation that only a type checker can read: the others are read without it
        names = vars(sys.modules.get(factory.__module__, sys))
        unread = read_signature(factory).parameters.values()
        return [each.replace(annotation=_evaluate(each.annotation, names)) for each in unread]


def _evaluate(annotation: object, names: dict[str, Any]) -> object:
    with suppress(Exception):
        annotation = eval(annotation, names) if isinstance(annotation, str) else annotation  # noqa: S307 - as eval_str does
    is_unread = isinstance(annotation, (str, ForwardRef)) and not is_secret(annotation)
    return Parameter.empty if is_unread else annotation
