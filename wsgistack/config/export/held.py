"""Options of layers in the form that a table has for them."""

from collections.abc import Iterator
from contextlib import suppress

from wsgistack.config.contents import Contents
from wsgistack.config.export.plain import plain, readable, without_none
from wsgistack.config.export.python import literal
from wsgistack.config.export.toml import inline
from wsgistack.errors import ConfigError
from wsgistack.options.references import has_references
from wsgistack.pipeline.spec import Spec

__all__ = ["python_value", "toml_value"]


def toml_value(target: Contents, spec: Spec, name: str) -> object:
    """An option as TOML has it, where the word none stands for none.

    :raises ConfigError: TOML has no form that would be read as the same.
    """
    value = without_none(plain(target.relative(spec.options[name])))
    inline(value)
    return value if has_references(value) else readable(spec, name, [value], base=target.folder, is_text=False)


def python_value(target: Contents, spec: Spec, name: str) -> object:
    """An option as Python has it: as in TOML, or else as it is.

    :raises ConfigError: there is no literal that would be read as the same.
    """
    value = target.relative(spec.options[name])
    if has_references(value):
        return plain(value)
    return readable(spec, name, _literals(plain(value), value), base=target.folder, is_text=False)


def _literals(*values: object) -> Iterator[object]:
    for value in values:
        with suppress(ConfigError):
            literal(value)
            yield value
