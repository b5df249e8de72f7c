"""The signature of a factory as the schema of its options: names, types, defaults and docs."""

import re
import sys
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache, partial
from inspect import Parameter, cleandoc, getdoc, signature
from pathlib import Path
from typing import Any, NamedTuple, get_origin

from wsgistack.errors import ConfigError, Mistake, Mistakes, suggest
from wsgistack.options.annotations import MAPPINGS, describe, is_secret, parts
from wsgistack.options.conversion import UnfitError, convert
from wsgistack.options.references import Resolved, has_references, is_only_references, resolve
from wsgistack.options.secrets import REDACTED, iterate_texts
from wsgistack.types import Factory

__all__ = ["Option", "Schema", "read_parameters", "read_schema", "show_options"]

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
        """Whether text may be a mapping."""
        return any((get_origin(each) or each) in MAPPINGS for each in parts(self.annotation))

    @property
    def type_name(self) -> str:
        return describe(self.annotation)

    def check(self, value: object, *, base: Path | None, text: bool) -> object:
        """Convert a value; one with references stays as it is written."""
        return value if has_references(value) else self._convert(value, value, base, text)

    def resolve(self, value: object, *, base: Path | None) -> object:
        """Fill in the references of a value, and convert it."""
        try:
            filled = resolve(value, base=base)
        except ConfigError as error:
            raise ConfigError(*(each._replace(value=value) for each in error.mistakes)) from error
        return self._convert(value, filled, base, text=False)

    def _convert(self, written: object, filled: object, base: Path | None, text: bool) -> object:
        annotation = self.annotation
        may_be_read = text or isinstance(filled, Resolved)
        if annotation is Parameter.empty and may_be_read and type(self.default) in _INFERRED:
            annotation = type(self.default)
        try:
            return convert(filled, annotation, base=base, text=text)
        except UnfitError as unfit:
            problem = (
                "invalid secret value" if self.is_secret or has_references(written) else f"invalid value {written!r}"
            )
            raise ConfigError(Mistake(problem, value=written, expected=unfit.expected, hint=unfit.hint)) from None
        except ConfigError:
            if not self.is_secret:
                raise
            hint = "it can't be imported"
            raise ConfigError(
                Mistake("invalid secret value", value=written, expected=self.type_name, hint=hint)
            ) from None


class Schema(NamedTuple):
    """The options of a factory."""

    factory: str
    """Its name, for messages."""
    options: Mapping[str, Option]
    is_open: bool
    """Whether it accepts options that its signature does not name."""

    def check(
        self, given: Mapping[str, object], *, base: Path | None = None, text: bool = False
    ) -> tuple[dict[str, object], Mistakes]:
        """Convert options; those with references stay as they are written.

        :param base: the folder that relative paths start from; None leaves them as they are.
        :param text: whether all values are text, as an ini file has them.
        :returns: the options that fit, and what is wrong with the others.
        """
        return self._each(given, partial(Option.check, base=base, text=text))

    def resolve(self, given: Mapping[str, object], *, base: Path | None = None) -> tuple[dict[str, object], Mistakes]:
        """Fill in the references of options, and convert them.

        :param base: the folder that relative paths start from.
        :returns: as from :meth:`check`.
        """
        return self._each(given, partial(Option.resolve, base=base))

    def _each(
        self, given: Mapping[str, object], convert: Callable[[Option, object], object]
    ) -> tuple[dict[str, object], Mistakes]:
        values: dict[str, object] = {}
        mistakes = Mistakes()
        for name, value in given.items():
            option = self.options.get(name) or Option(name, Any, None, "")
            with mistakes.collect(name):
                if name not in self.options and not self.is_open:
                    hint = suggest(name, self.options) or "it has no options"
                    raise ConfigError(Mistake(f"unknown option of {self.factory}", value=value, hint=hint))
                values[name] = convert(option, value)
        return values, mistakes

    def find_missing(self, given: Collection[str]) -> list[Mistake]:
        """Say which options are required, but not given."""
        return [
            Mistake(
                f"missing option of {self.factory}",
                key=option.name,
                expected="" if option.type_name == describe(Any) else option.type_name,
            )
            for option in self.options.values()
            if option.is_required and option.name not in given
        ]

    def find_secrets(self, given: Mapping[str, object], values: Mapping[str, object]) -> set[str]:
        """All texts in options that must not be shown: from secret options and from references.

        :param given: the options as they are written.
        :param values: the same as :meth:`resolve` gives them.
        """
        return {
            text
            for name, value in values.items()
            if has_references(given[name]) or (name in self.options and self.options[name].is_secret)
            for text in iterate_texts(value, names=has_references(given[name]))
        }


def read_schema(factory: Factory) -> Schema:
    """Read the options of a factory from its signature, and their docs from the ``:param`` lines of its docstring.

    :raises ConfigError: it does not take an application as its first argument, or is itself an application.
    """
    try:
        return _read_once(factory)
    except TypeError:  # it can't be hashed
        return _read(factory)


def show_options(find: Callable[[], Schema], given: Mapping[str, object]) -> dict[str, object]:
    """Options for people to read: without secrets.

    :param find: gives the schema. Where it fails, any option may be a secret.
    :param given: the options as they are written.
    """
    try:
        schema = find()
    except ConfigError:
        schema = Schema("", {}, is_open=False)

    def is_public(name: str, value: object) -> bool:
        option = schema.options.get(name)
        if option is None:
            return schema.is_open  # an unknown option may be a secret under a misspelt name
        return not option.is_secret or is_only_references(value, is_mapping=option.is_mapping)

    return {name: value if is_public(name, value) else REDACTED for name, value in given.items()}


def _read(factory: Factory) -> Schema:
    name = _name(factory)
    try:
        parameters = read_parameters(factory)
    except (TypeError, ValueError):
        return Schema(name, {}, is_open=True)
    if not parameters or parameters[0].kind in (Parameter.KEYWORD_ONLY, Parameter.VAR_KEYWORD):
        raise ConfigError(Mistake(f"{name} takes no application", expected="it as the first argument"))
    if [each.name for each in parameters[1:]] == ["start_response"]:
        expected, hint = "a layer, which takes an application first", "only the last of a pipeline may be one"
        raise ConfigError(Mistake(f"{name} is an application", expected=expected, hint=hint))
    docs = {option: " ".join(text.split()) for option, text in _PARAM.findall(_docs(factory))}
    named = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
    options = {
        each.name: Option(each.name, each.annotation, each.default, docs.get(each.name, ""))
        for each in parameters[1:]
        if each.kind in named
    }
    return Schema(name, options, is_open=any(each.kind is Parameter.VAR_KEYWORD for each in parameters))


_read_once = lru_cache(maxsize=256)(_read)  # a layer is checked, built and shown


def read_parameters(factory: Factory) -> list[Parameter]:
    """Read the parameters of a factory, with their annotations evaluated."""
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
