"""What a command works on: a configuration file, or an application and layers that the arguments name."""

import argparse
import ast
import os
import re
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from wsgistack.cli.arguments import split_pair
from wsgistack.config import open_document
from wsgistack.config.document import Document
from wsgistack.config.parts import Application, Stack
from wsgistack.config.place import Place
from wsgistack.config.protocols import find_layer, is_factory
from wsgistack.config.table.document import TableFile
from wsgistack.errors import ConfigError, Mistake, Mistakes, Where, make_file_error
from wsgistack.pipeline import Pipeline
from wsgistack.pipeline.spec import Spec
from wsgistack.types import App

__all__ = ["is_application", "open_application", "open_file", "open_target"]

_LAYER = "--layer"
_EXPECTED = "a configuration file, or module:application such as shop:app"
_APPLICATION = re.compile(r"(?!config:)[^/\\]+(?<!\.py):[^/\\]+(?<!\.ini)(?<!\.toml)")
_NAME = re.compile(r"[\w.]+(?:\(\))?")
_FACTORIES = ("create_app", "make_app")
_USUAL = ("app", "application", "wsgi_app", *_FACTORIES)


def open_target(parsed: argparse.Namespace) -> Document:
    """Read what the arguments of :func:`~wsgistack.cli.arguments.add_target` name.

    What exists as a file is a file. Otherwise ``module:name`` is an application; then modules in the current folder can
    be imported, as with gunicorn.

    :raises ConfigError: the target is neither, or it is a file and there are layers for an application.
    """
    if is_application(parsed.target):
        if parsed.values and not any(
            is_factory(each) and not each.endswith(")") for each in (parsed.target, *parsed.layers)
        ):  # a factory for PasteDeploy gets the global configuration
            expected = "a file, or a factory for PasteDeploy such as egg:shop"
            raise ConfigError(Mistake(f"{parsed.target} takes no values", key="NAME=VALUE", expected=expected))
        return open_application(parsed.target, parsed.layers, parsed.values)
    document = open_file(parsed.target, parsed.values)
    if parsed.layers:
        hint = f"write the layer in {parsed.target}"
        raise ConfigError(Mistake("only for module:application, not for a file", key=_LAYER, hint=hint))
    return document


def is_application(target: str) -> bool:
    """Whether a target names an application, and not a file, not even one that is missing."""
    return not os.path.exists(target) and bool(_APPLICATION.fullmatch(target))  # noqa: PTH110 (it never raises)


def open_application(
    target: str, layers: Sequence[str] = (), values: Mapping[str, str] = {}, *, folder: Path = Path()
) -> Document:
    """Read an application and the layers around it.

    :param layers: the layers, outermost first, each with its options: ``access_log format=combined``.
    :param values: the global configuration.
    :param folder: is put first in :data:`sys.path`.
    """
    importable = str(folder.absolute())
    if importable not in sys.path:
        sys.path.insert(0, importable)
    return _Arguments(target, layers, values)


class _Arguments(TableFile):
    """An application, which may be all that ``app`` of a TOML file can be, and the layers around it."""

    def __init__(self, use: str, layers: Sequence[str], global_conf: Mapping[str, str]) -> None:
        super().__init__({"app": use}, None, {}, global_conf)
        self.file = use
        self._layers = layers

    def _application(self, name: str | App, asked: Place) -> Stack:
        if name != "main":
            return super()._application(name, asked)
        conf = {**self.global_conf, **asked.global_conf}
        mistakes = Mistakes()
        specs = []
        for text in self._layers:
            with mistakes.collect(where=Where(_LAYER)):
                specs.append(_read_layer(text, conf))
        place = Place(Where(self.file), global_conf=conf)
        uri, _, given = self.file.partition("(")
        if given.strip(")"):
            hint = f"write {uri}(), and in a file its arguments as options"
            mistakes.append(place.mistake("arguments in an import string", hint=hint))
            return Stack(mistakes=tuple(mistakes))
        application = _Application(self.file, {}, conf, place.where, loader=self._make_loader(place))
        return Stack(application, Pipeline(specs), tuple(mistakes))


class _Application(Application):
    """An application whose options, if it needs any, only a file can hold."""

    def load(self) -> App:
        try:
            return super().load()
        except ConfigError as error:
            raise ConfigError(*map(self._add_hint, error.mistakes)) from error.__cause__

    def _add_hint(self, mistake: Mistake) -> Mistake:
        hint = f'in a file, write app = {{ use = "{self.use}", {mistake.key} = ... }}' if mistake.key else ""
        return mistake._replace(hint=mistake.hint or hint)


def _read_layer(text: str, global_conf: Mapping[str, str]) -> Spec:
    try:
        use, *options = shlex.split(text) or [""]
        settings = dict(map(split_pair, options))
    except (ValueError, argparse.ArgumentTypeError) as error:
        hint = "write it as 'access_log format=combined'"
        raise ConfigError(Mistake(f"not a valid layer: {error}", hint=hint)) from error
    if len(settings) < len(options):
        raise ConfigError(Mistake(f"an option of {use!r} is set twice", hint="keep one of them"))
    layer = find_layer(use, global_conf)
    where = Where(_LAYER, section=use)
    return replace(layer, name=use, where=where, base=Path.cwd()).parse(settings)


def open_file(target: str, values: Mapping[str, str]) -> Document:
    """Read a file. If it names something like an application, the mistake says which."""
    path = Path(target)
    is_there = os.path.exists(target)  # noqa: PTH110
    if not is_there or path.is_dir() or path.suffix == ".py":
        problem = "not a valid import string" if ":" in target else "file does not exist"
        if is_there:
            problem = "is a folder" if path.is_dir() else "Python code is not a configuration"
        if near := _find_application(target):
            raise make_file_error(target, problem, hint=f"did you mean {near!r}?")
    try:
        return open_document(target, values)
    except ConfigError as error:
        if path.suffix or not isinstance(error.__cause__, FileNotFoundError):
            raise
        found = (each._replace(expected="" if each.hint else _EXPECTED) for each in error.mistakes)
        raise ConfigError(*found) from error


def _find_application(target: str) -> str:
    """The import string of the application that is perhaps meant; empty without one. Nothing is imported."""
    path, _, name = target.partition(":")
    module = path.removeprefix("./").rstrip("/").removesuffix(".py").replace("/", ".")
    if not all(map(str.isidentifier, module.split("."))):
        return ""
    if name:
        return f"{module}:{name}" if _NAME.fullmatch(name) and module != "config" else ""  # which has its own hint
    names = _find_names(module)
    parent, _, last = module.rpartition(".")
    return next(
        (f"{module}:{each}{'()' if each in _FACTORIES else ''}" for each in _USUAL if each in names),
        f"{parent}:{last}" if last in _find_names(parent) else "",
    )


def _find_names(module: str) -> set[str]:
    """The names that a module in the current folder defines at its top."""
    path = Path(*module.split("."))
    for file in (path / "__init__.py", path.with_suffix(".py")) if module else ():
        with suppress(OSError, ValueError, SyntaxError):
            return set(_iterate_names(ast.parse(file.read_bytes())))
    return set()


def _iterate_names(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Assign(targets=targets):
                yield from (each.id for each in targets if isinstance(each, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                yield from (each.asname or each.name for each in names)
