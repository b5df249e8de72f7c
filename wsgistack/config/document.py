"""Reads a configuration: a TOML file, an ini file, or a table in Python."""

import sys
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import TypeAlias

from wsgistack.config.loader import Document
from wsgistack.config.paste.document import IniFile
from wsgistack.config.source import read_source
from wsgistack.config.table.document import TableFile
from wsgistack.config.table.toml import find_lines, read_toml
from wsgistack.errors import ConfigError, Mistake, Where

__all__ = ["File", "open_document"]

File: TypeAlias = str | PathLike[str] | Mapping[str, object]
"""A TOML or ini file, or a mapping with the tables of a TOML file."""

_NO_PYTHON = "wsgistack does not read Python files as configuration"
_INSTEAD = "call wsgistack.load({...}) or use a Pipeline in your own module, or write a TOML file"


def open_document(file: File, global_conf: Mapping[str, str] | None = None) -> Document:
    """Read a configuration. Its folder is put first in :data:`sys.path`, so that modules there can be imported.

    :param global_conf: more of PasteDeploy's global configuration. It overrides that of the file.
    :raises ConfigError: the file cannot be read, or is a Python file.
    """
    if isinstance(file, Mapping):
        return TableFile(file, None, {}, global_conf)
    path = Path(file)
    folder = str(path.absolute().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    match path.suffix.lower():
        case ".toml":
            text = read_source(path)
            return TableFile(read_toml(text, path), path, find_lines(text), global_conf)
        case ".py":
            raise ConfigError(Mistake(_NO_PYTHON, where=Where(str(path)), hint=_INSTEAD))
        case _:
            return IniFile(path, global_conf)
