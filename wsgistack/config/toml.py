"""A configuration in TOML: an application, and a list of layers as Python would write it."""

import re
import tomllib
from pathlib import Path

from wsgistack.config.source import read_source
from wsgistack.config.stack import Application, Stack
from wsgistack.errors import ConfigError, Mistake, Where, nearest
from wsgistack.pipeline import Pipeline
from wsgistack.spec import Item, Spec

__all__ = ["read_toml"]

_KEYS = ("app", "layers")
_LINE = re.compile(r" \(at line (\d+), column \d+\)")


def read_toml(path: Path) -> Stack:
    """Read a file that describes one application.

    Its keys are

    - ``app``: an import string of a WSGI application, or a table with ``use`` and the options of a factory;
    - ``layers``: a list of what a :class:`~wsgistack.pipeline.Pipeline` takes.

    :raises ConfigError: it can't be read, or is no TOML.
    """
    content = _parsed(read_source(path), str(path))
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
        mistakes.append(Mistake(f"is of type {type(layers).__name__}", "layers", layers, "a list", where=where))
        layers = []
    specs = []
    for number, item in enumerate(layers, 1):
        try:
            specs.append(_spec(item, number, path).fitted(base=folder))
        except ConfigError as error:
            mistakes += error.mistakes
    return Stack(application, Pipeline(specs), tuple(mistakes))


def _parsed(text: str, file: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # some numbers are too long for Python, and some tables too deep
        found = _LINE.search(str(error))
        where = Where(file, int(found[1]) if found else 0)
        raise ConfigError(Mistake(f"not TOML: {_LINE.sub('', str(error))}", where=where)) from error


def _application(given: object, folder: Path, where: Where) -> Application:
    table = {"use": given} if isinstance(given, str) else given
    expected = "an import string, or a table with use"
    if table is None:
        raise ConfigError(Mistake("is missing", "app", expected=expected, where=where))
    if not isinstance(table, dict) or not isinstance(table.get("use"), str):
        raise ConfigError(Mistake(f"is of type {type(given).__name__}", "app", given, expected, where=where))
    options = {name: value for name, value in table.items() if name != "use"}
    global_conf = {"here": str(folder), "__file__": str(folder / Path(where.file).name)}
    return Application(table["use"], options, global_conf, where._replace(section="app"))


def _spec(item: Item, number: int, path: Path) -> Spec:
    try:
        spec = Spec.of(item, number)
    except ConfigError as error:
        file = str(path)
        raise ConfigError(*(each._replace(where=each.where._replace(file=file)) for each in error.mistakes)) from error
    return spec.at(spec.where._replace(file=str(path)))
