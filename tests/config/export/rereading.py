"""What is read again from a text, as from a file in the working directory."""

from pathlib import Path
from typing import Any

from wsgistack.config.contents import Contents, contents
from wsgistack.config.loader import Document
from wsgistack.config.paste.document import IniFile
from wsgistack.config.table.document import TableFile
from wsgistack.config.table.python import python_table
from wsgistack.config.table.toml import read_toml
from wsgistack.pipeline.spec import Spec

FORMATS = ["ini", "python", "toml"]


def table(content: dict[str, Any]) -> TableFile:
    return TableFile(content, Path("stack.py"), {})


def reread(text: str, format: str) -> Document:
    path = Path(f"stack.{format}")
    if format == "ini":
        return IniFile(path, text=text)
    return TableFile(read_toml(text, path), path, {}) if format == "toml" else TableFile(*python_table(text, path))


def holding(*layers: object, **more: object) -> Contents:
    """The contents of a table with layers around some application."""
    return contents(table({"app": "json:dumps", "layers": layers, **more}))


def layer(*layers: object) -> Spec:
    (spec,) = holding(*layers).applications["main"].pipeline
    return spec
