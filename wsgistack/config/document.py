"""Reading a configuration in any format."""

import sys
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import TypeAlias

from wsgistack.config.loader import Document
from wsgistack.config.paste.document import IniFile
from wsgistack.config.source import read_source
from wsgistack.config.table.document import TableFile
from wsgistack.config.table.python import python_table
from wsgistack.config.table.toml import find_lines, read_toml

__all__ = ["File", "open_document"]

File: TypeAlias = str | PathLike[str] | Mapping[str, object]
"""A TOML, Python or ini file, or a table as the first two hold it."""


def open_document(file: File, global_conf: Mapping[str, str] | None = None) -> Document:
    """Read a configuration. Its folder is put first in :data:`sys.path`, so that modules there can be imported.

    :param global_conf: more of PasteDeploy's global configuration. It overrides that of the file.
    :raises ConfigError: it can't be read.
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
            return TableFile(*python_table(read_source(path), path), global_conf)
        case _:
            return IniFile(path, global_conf)
