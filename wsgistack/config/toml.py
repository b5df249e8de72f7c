"""A configuration in TOML: an application, and a list of layers as Python would write it."""

import tomllib
from pathlib import Path

from wsgistack.config.source import read_source
from wsgistack.config.stack import Application, Stack
from wsgistack.errors import ConfigError, Mistake, Where, nearest
from wsgistack.pipeline import Pipeline
from wsgistack.spec import Item, Spec

__all__ = ["read_toml"]

_KEYS = ("app", "layers")


def read_toml(path: Path) -> Stack:
    """Read a file that describes one application.

    Its keys are

    - ``app``: an import string of a WSGI application, or a table with ``use`` and the options of a factory;
    - ``layers``: a list of what a :class:`~wsgistack.pipeline.Pipeline` takes.

    :raises ConfigError: it can't be read, or is no TOML.
    """
    try:
        content = tomllib.loads(read_source(path))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(Mistake(f"not TOML: {error}", where=Where(str(path)))) from error
    folder = path.absolute().parent
    where = Where(str(path))
    mistakes = [
        Mistake("no such key", key, content[key], hint=nearest(key, _KEYS), where=where)
        for key in content
        if key not in _KEYS
    ]
    application = None
    try:
        application = _application(content.get("app"), folder, where)
    except ConfigError as error:
        mistakes += error.mistakes
    layers = content.get("layers", [])
    if not isinstance(layers, list):
        mistakes.append(Mistake(f"found {layers!r}", "layers", layers, "a list", where=where))
        layers = []
    specs = []
    for number, item in enumerate(layers, 1):
        try:
            specs.append(_spec(item, number, path).fitted(base=folder))
        except ConfigError as error:
            mistakes += error.mistakes
    return Stack(application, Pipeline(specs), tuple(mistakes))


def _application(given: object, folder: Path, where: Where) -> Application:
    table = {"use": given} if isinstance(given, str) else given
    if table is None:
        raise ConfigError(Mistake("is missing", "app", expected="an import string, or a table with use", where=where))
    use = table.pop("use", None) if isinstance(table, dict) else None
    if not isinstance(table, dict) or not isinstance(use, str):
        raise ConfigError(
            Mistake(f"found {given!r}", "app", given, "an import string, or a table with use", where=where)
        )
    global_conf = {"here": str(folder), "__file__": str(folder / Path(where.file).name)}
    return Application(use, table, global_conf, where._replace(section="app"))


def _spec(item: Item, number: int, path: Path) -> Spec:
    try:
        spec = Spec.of(item, number)
    except ConfigError as error:
        file = str(path)
        raise ConfigError(*(each._replace(where=each.where._replace(file=file)) for each in error.mistakes)) from error
    return spec.at(spec.where._replace(file=str(path)))
