"""Configurations that a test writes into its folder, and their results."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from webtest import TestApp as Browser

from wsgistack import ConfigError, config, load
from wsgistack.config import open_document
from wsgistack.config.parts import Stack

MODULE = "tests.config.factories"
MADE = f"[app:main]\nuse = call:{MODULE}:make_app\n"
GREET = f"[app:greet]\nuse = {MODULE}:greet\n"
MARK = f"[filter:mark]\nuse = {MODULE}:marking\n"


def read_answer(name: str = "main", file: str = "stack.ini") -> Mapping[str, Any]:
    """The answer of the application that ``make_app`` makes, read from JSON."""
    answer: Mapping[str, Any] = Browser(load(file, name)).get("/").json
    return answer


def greeting(file: str = "stack.ini", name: str = "main") -> str:
    text: str = Browser(load(file, name)).get("/").text
    return text


def load_mistakes(file: str = "stack.ini") -> list[str]:
    """The mistakes that loading finds."""
    with pytest.raises(ConfigError) as caught:
        load(file)
    return [str(each) for each in caught.value.mistakes]


def read(file: str = "stack.ini", name: str = "main") -> Stack:
    return config.read(open_document(file), name)


def find_mistakes(file: str = "stack.ini", name: str = "main", *, strict: bool = False) -> list[str]:
    """The mistakes that checking finds."""
    return [str(each) for each in config.find_mistakes(open_document(file), name, strict=strict)]


def write(text: str, file: str = "stack.ini") -> None:
    Path(file).write_text(text, "utf-8")
