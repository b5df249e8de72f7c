"""Configurations in files, as WSGI applications, filters and servers."""

import sys
from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from typing import TypeAlias

from wsgistack.config.document import Document, read_source
from wsgistack.config.parts import Stack, in_order
from wsgistack.config.paste.document import IniFile
from wsgistack.config.table.document import TableFile
from wsgistack.config.table.toml import find_lines, read_toml
from wsgistack.errors import ConfigError, Mistake, Mistakes, did_you_mean, make_file_error
from wsgistack.types import App

__all__ = [
    "AppConfig",
    "appconfig",
    "find_mistakes",
    "load",
    "load_filter",
    "load_server",
    "open_document",
    "read",
    "setup_logging",
]

File: TypeAlias = str | PathLike[str] | Mapping[str, object]
"""A TOML or ini file, or a mapping with the tables of a TOML file."""


def load(file: File, name: str = "main", *, global_conf: Mapping[str, str] | None = None, logging: bool = False) -> App:
    """Build the WSGI application that a configuration describes, with all its layers around it.

    The folder of the file is put first in :data:`sys.path`, so that modules there can be imported.

    :param file: a ``.toml`` file; any other file is read as an ini file in PasteDeploy's dialect. Or a mapping with the
        keys of a TOML file, in which applications and layers may also be objects.
    :param name: the application, composite or pipeline.
    :param global_conf: more of PasteDeploy's global configuration. It overrides that of the file.
    :param logging: whether to set up the logging that the configuration describes, before the application is built;
        False by default, because logging belongs to the whole process.
    :raises ConfigError: the configuration has mistakes. The error holds all of them, each with its place.
    """
    return read(open_document(file, global_conf), name, logging=logging).build()


def setup_logging(file: File, *, global_conf: Mapping[str, str] | None = None) -> None:
    """Set up the logging that a configuration describes, for this process. Arguments as for :func:`load`.

    It is for a process that gets its application elsewhere, for example in ``gunicorn.conf.py``. Without sections or a
    table for logging, nothing changes.

    :raises ConfigError: the logging has mistakes.
    """
    if log := open_document(file, global_conf).logging():
        log.apply()


def load_filter(
    file: File, name: str = "main", *, global_conf: Mapping[str, str] | None = None
) -> Callable[[App], App]:
    """Make a filter: a callable that wraps it around an application. Arguments as for :func:`load`.

    :raises ConfigError: the filter is unknown or has mistakes.
    """
    document = open_document(file, global_conf)
    stack = document.filter(name, document.start()).fitted().with_mistakes(document.mistakes)
    stack.build()
    return stack.pipeline.wrap


def load_server(
    file: File, name: str = "main", *, global_conf: Mapping[str, str] | None = None
) -> Callable[[App], object]:
    """Make a server: a callable that serves an application until the server ends. Arguments as for :func:`load`.

    :raises ConfigError: the server is unknown, or its options do not fit.
    """
    document = open_document(file, global_conf)
    mistakes = Mistakes(document.mistakes)
    with mistakes.collect():
        server = document.server(name, document.start())
        mistakes += server.check()
    if mistakes:
        raise ConfigError(*in_order(mistakes))
    return server.run


class AppConfig(dict[str, object]):
    """The options of an application over the global configuration.

    :ivar local_conf: the options alone.
    :ivar global_conf: the global configuration alone.
    """

    def __init__(self, local_conf: Mapping[str, object], global_conf: Mapping[str, str]) -> None:
        super().__init__({**global_conf, **local_conf})
        self.local_conf: dict[str, object] = dict(local_conf)
        self.global_conf: dict[str, str] = dict(global_conf)


def appconfig(file: File, name: str = "main", *, global_conf: Mapping[str, str] | None = None) -> AppConfig:
    """Read the options of an application without making it. Arguments as for :func:`load`.

    References such as ``${env:NAME}`` are not filled in.

    :raises ConfigError: the application is unknown, or its values have mistakes.
    """
    stack = read(open_document(file, global_conf), name)
    if stack.application is None or stack.mistakes:
        raise ConfigError(*in_order(stack.mistakes))
    described = stack.filter_app or stack.application
    return AppConfig(described.options, described.global_conf)


def read(document: Document, name: str = "main", *, logging: bool = False) -> Stack:
    """Read an application with its layers, without building it.

    :param logging: whether to set up the logging that the configuration describes, if nothing is wrong.
    """
    stack = document.application(name, document.start()).fitted().with_mistakes(document.mistakes)
    if log := document.logging() if logging else None:
        stack = stack.with_mistakes(log.check())
        if not stack.mistakes:
            log.apply()
    return stack


def open_document(file: File, global_conf: Mapping[str, str] | None = None) -> Document:
    """Read a file. Its folder is put first in :data:`sys.path`, so that modules there can be imported.

    :param global_conf: more of PasteDeploy's global configuration. It overrides that of the file.
    :raises ConfigError: the file cannot be read, or is not a configuration.
    """
    if isinstance(file, Mapping):
        return TableFile(file, None, {}, global_conf)
    path = Path(file)
    if path.suffix.lower() == ".py":
        hint = "in Python use wsgistack.load({...}) or wsgistack.Pipeline, or write a TOML file"
        raise make_file_error(path, "Python code is not a configuration", hint=hint)
    folder = str(path.absolute().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    if path.suffix.lower() != ".toml":
        return IniFile(path, global_conf)
    text = read_source(path)
    return TableFile(read_toml(text, path), path, find_lines(text), global_conf)


def find_mistakes(document: Document, name: str = "main", *, strict: bool = False) -> list[Mistake]:
    """Find all mistakes of a configuration, also in parts that no application uses.

    Applications and layers are built, as by :func:`load`. Servers are not started, and logging is not set up.

    :param strict: whether a layer in the wrong order is a mistake.
    """
    mistakes = Mistakes(document.mistakes)
    start = document.start()
    names = [*document.applications]
    if name != "main" or not names or did_you_mean(name, names):  # a file may have no main on purpose
        names = [name, *names]
    for each in dict.fromkeys(names):
        stack = read(document, each)
        mistakes += stack.pipeline.misplaced() if strict else []
        with mistakes.collect():
            stack.build()
    for each in document.filters:
        with mistakes.collect():
            document.filter(each, start).fitted().build()
    log = document.logging()
    mistakes += log.check() if log else []
    for each in document.servers:
        with mistakes.collect():
            mistakes += document.server(each, start).check()
    return in_order(mistakes)
