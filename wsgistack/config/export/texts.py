"""Values as the text that an ini file has for them."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, get_origin

from wsgistack.config.contents import Contents
from wsgistack.config.export.plain import plain, readable, without_none
from wsgistack.config.export.toml import inline
from wsgistack.config.parts import Application
from wsgistack.config.paste.ini import parse
from wsgistack.config.words import as_text
from wsgistack.errors import ConfigError, Mistake, Mistakes
from wsgistack.options.annotations import COLLECTIONS, MAPPINGS, parts
from wsgistack.options.conversion import UnfitError, convert
from wsgistack.options.references import has_references
from wsgistack.pipeline.spec import Spec

__all__ = ["flattened", "in_lines", "option_text", "setting", "with_texts"]


def setting(key: str, text: str) -> str:
    """The lines of a setting.

    :raises ConfigError: an ini file can't hold it: a blank at its beginning, a line that begins as a comment does.
    """
    written = in_lines(key, text.replace("%", "%%"))
    sections, mistakes = parse(f"[s]\n{written}\n", "")
    read = {name: each.value.replace("%%", "%") for name, each in sections["s"].settings.items()}
    if mistakes or read != {key: text}:
        raise ConfigError(Mistake("has a value that can't stand in an ini file", key=key))
    return written


def in_lines(key: str, text: str) -> str:
    """A setting as it is written, the further lines of its text indented."""
    first, *further = text.split("\n")
    return "\n".join([f"{key} = {first}".rstrip(), *(f"    {line}".rstrip() for line in further)])


def option_text(target: Contents, spec: Spec, name: str) -> str:
    """An option of a layer as text that is read as its value.

    :raises ConfigError: there is none.
    """
    value = spec.options[name]
    if has_references(value):
        return str(value)
    forms = _standing(name, plain(target.relative(value)))
    return str(readable(spec, name, forms, base=target.folder, is_text=True))


def flattened(spec: Spec) -> Spec:
    """The same layer, with text for lists and mappings that hold references: what they are is known only later."""
    known = spec.schema().options
    mistakes = Mistakes()
    options = dict(spec.options)
    for name, value in spec.options.items():
        if has_references(value) and not isinstance(value, str):
            with mistakes.collect():
                options[name] = _with_references(name, plain(value), known[name].annotation if name in known else None)
    mistakes.raise_if_any()
    return replace(spec, options=options)


def with_texts(application: Application, losses: list[str]) -> Application:
    """The same application, with text for options that are numbers or truths.

    :param losses: to which is added which ones these are.
    """
    typed = [key for key, value in application.options.items() if isinstance(value, bool | int | float)]
    losses += [f"{application.use} {key}: becomes text, for its factory to convert" for key in typed]
    return replace(
        application, options={**application.options, **{key: as_text(application.options[key]) for key in typed}}
    )


def _with_references(name: str, value: Any, annotation: object) -> str:
    is_mapping = isinstance(value, Mapping)
    if {get_origin(each) or each for each in parts(annotation)} & set(MAPPINGS if is_mapping else COLLECTIONS):
        meant = dict[str, Any] if is_mapping else list[Any]
        texts = {key: as_text(each) for key, each in value.items()} if is_mapping else [*map(as_text, value)]
        for text in _standing(name, value):
            with suppress(UnfitError):
                if convert(text, meant, base=None, text=True) in (texts, without_none(value)):
                    return text
    raise ConfigError(Mistake("has a value that can't stand in an ini file", key=name))


def _standing(name: str, value: object) -> Iterator[str]:
    """The forms of a value that can stand in a file."""
    for text in _forms(value):
        with suppress(ConfigError):
            setting(name, text)
            yield text


def _forms(value: object) -> Iterator[str]:
    if not isinstance(value, list | Mapping):
        yield as_text(value)
        return
    items = value if isinstance(value, list) else value.values()
    if not any(isinstance(each, list | Mapping) for each in items):
        texts = [*map(as_text, items)]
        if isinstance(value, list):
            yield " ".join(texts)
        else:
            yield "".join(f"\n{key} = {text}" for key, text in zip(value, texts, strict=True))
    with suppress(ConfigError):
        yield inline(without_none(value))
