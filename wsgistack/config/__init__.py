"""Configurations in files, and what they say as a WSGI application."""

import sys
from os import PathLike
from pathlib import Path

from wsgistack.config.deploy import IniFile
from wsgistack.config.stack import Stack, in_order, stand_in
from wsgistack.config.toml import read_toml
from wsgistack.errors import ConfigError, Mistake, Where, nearest
from wsgistack.types import App

__all__ = ["check", "load", "read"]

_MAIN = "main"


def load(file: str | PathLike[str], name: str = _MAIN) -> App:
    """Give the WSGI application that a configuration describes, with all its layers around it.

    Modules beside the file can be imported: its folder is put in front of :data:`sys.path`.

    :param file: a TOML file, or else an ini file in PasteDeploy's dialect.
    :param name: in an ini file, the application or pipeline to take.
    :raises ConfigError: it holds every mistake of the configuration, each with its place.
    """
    return read(file, name).build()


def read(file: str | PathLike[str], name: str = _MAIN) -> Stack:
    """Read a configuration without building what it describes. Arguments as for :func:`load`.

    :raises ConfigError: the file can't be read.
    """
    path = _located(file)
    if not _is_toml(path):
        return IniFile(path).stack(name)
    if name != _MAIN:
        raise ConfigError(Mistake(f"no application {name!r}", where=Where(str(path)), hint=nearest(name, [_MAIN])))
    return read_toml(path)


def check(file: str | PathLike[str], name: str = _MAIN) -> list[Mistake]:
    """Find all that is wrong in a configuration, in what its main application needs and in all else.

    Applications and layers are built, as :func:`load` would.
    """
    path = _located(file)
    mistakes: list[Mistake] = []
    try:
        if _is_toml(path):
            read_toml(path).build()
        else:
            mistakes = _check_ini(IniFile(path), name)
    except ConfigError as error:
        mistakes += error.mistakes
    return in_order(mistakes)


def _check_ini(file: IniFile, wanted: str) -> list[Mistake]:
    mistakes: list[Mistake] = []
    for name in dict.fromkeys([wanted, *file.names()]):
        try:
            file.stack(name).build()
        except ConfigError as error:
            mistakes += error.mistakes
    for name in file.filters():
        try:
            layer = file.layer(name)
            if layer:
                layer.build(stand_in)
        except ConfigError as error:
            mistakes += error.mistakes
    return [*mistakes, *file.mistakes]


def _is_toml(path: Path) -> bool:
    return path.suffix.lower() == ".toml"


def _located(file: str | PathLike[str]) -> Path:
    path = Path(file)
    folder = str(path.absolute().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    return path
