"""Descriptions of annotations, and the marks in them."""

import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from enum import Enum, IntEnum, auto
from fractions import Fraction
from inspect import Parameter
from pathlib import Path
from typing import Annotated, Any, List, Literal, NewType, Optional, TypeVar, Union  # noqa: UP035 - strangers write it

import pytest

from wsgistack.options.conversion import describe, is_mapping, is_secret
from wsgistack.types import Duration, Secret, Size

DURATION = "a duration such as 1.5s, 1h30m or 30d"
SIZE = "a size such as 500, 64KiB or 10 MB"


class Coding(Enum):
    BR = "br"
    GZIP = "gzip"


class Level(IntEnum):
    LOW = auto()
    HIGH = auto()


Port = NewType("Port", int)
Password = NewType("Password", Annotated[str, Secret])
Limit = NewType("Limit", Size)


@pytest.mark.parametrize(
    ("annotation", "said"),
    [
        (Parameter.empty, "anything"),
        (Any, "anything"),
        (object, "anything"),
        (None, "none"),
        (Size, SIZE),
        (Limit, SIZE),
        (Annotated[Size | None, Secret], f"{SIZE} or none"),
        (Annotated[str, "bytes"], "text"),
        (Duration, DURATION),
        (Annotated[int, "seconds"], "a whole number"),
        (int | float | None, "a whole number or a number or none"),
        (Optional[Union[int, bool]], "a whole number or true or false or none"),  # noqa: UP007, UP045 - likewise
        (Literal["a", 1, None, True], "a, 1, none or true"),  # noqa: PYI061 - likewise
        (Coding, "br or gzip"),
        (Level | None, "LOW, HIGH or none"),
        (Literal["a"] | Coding | None, "a, br, gzip or none"),
        (Literal["a"], "a"),
        (Literal["a", "b", "c"] | Path, "a, b or c or a path"),
        (Port, "a whole number"),
        (Callable[[str], bool], "module:callable"),
        (Callable, "module:callable"),
        (Path, "a path"),
        (Mapping[str, str], "a mapping"),
        (Sequence[str], "a list, each item text"),
        (List[int], "a list, each item a whole number"),  # noqa: UP006 - likewise
        (list[Port], "a list, each item a whole number"),
        (tuple, "a list, each item anything"),
        (tuple[int, ...], "a list, each item a whole number"),
        (tuple[int, str], "a list of exactly 2: a whole number, text"),
        (tuple[int], "a list of exactly 1: a whole number"),
        (Iterable[int], "a list, each item a whole number"),
        (Collection, "a list, each item anything"),
        (bytes, "bytes"),
        (Fraction, "Fraction"),
        (TypeVar("T"), "T"),
        ("Unknown", "Unknown"),
        (["odd"], "anything"),
    ],
)
def test_describes_what_fits(annotation: object, said: str) -> None:
    assert describe(annotation) == said


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (Annotated[Mapping[str, Password] | None, Secret()], True),
        (Password, True),
        (Mapping[str, list[Annotated[Size, Secret]]], True),
        ("Annotated[Unknown, Secret]", True),
        (Mapping[str, Port], False),
        (Callable[[str], Any], False),
    ],
)
def test_finds_a_mark_at_any_depth(annotation: object, expected: bool) -> None:
    assert is_secret(annotation) is expected


@pytest.mark.parametrize(
    ("annotation", "expected"), [(Annotated[Mapping[str, str] | None, Secret], True), (dict, True), (list[str], False)]
)
def test_finds_a_mapping_at_any_depth(annotation: object, expected: bool) -> None:
    assert is_mapping(annotation) is expected


@pytest.mark.skipif(sys.version_info < (3, 12), reason="the statement is newer")
def test_looks_through_aliases() -> None:
    names: dict[str, Any] = {"Annotated": Annotated, "Secret": Secret, "Size": Size}
    exec("type Key = Annotated[str, Secret]\ntype Limit = Size | None", names)  # noqa: S102 - older ones can't read it
    assert is_secret(names["Key"])
    assert describe(names["Limit"]) == f"{SIZE} or none"
