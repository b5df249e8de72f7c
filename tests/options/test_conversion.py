"""Conversion: which values fit an annotation, and what becomes of them."""

import json
from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from enum import Enum, IntEnum
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal, NewType, NotRequired, Optional, TypedDict, Union

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgistack.errors import ConfigError
from wsgistack.options.conversion import UnfitError, convert, describe, is_mapping, is_secret
from wsgistack.options.references import Resolved, Text
from wsgistack.types import Duration, Secret, Size

LIST = "a list, each item"
MAPPING = "a mapping"
DURATION = "a duration such as 1.5s, 1h30m or 30d"
TOML_LIST = 'what begins with [ is read as TOML, such as ["a", "b"]'
TOML_MAPPING = 'what begins with { is read as TOML, such as {a = "b"}'
LINES = "a mapping (one name = value on each line)"
IN_BRACES = 'write it in braces, such as { name = "value" }'
UNQUOTED = "write it without quotes"
POINT = "write it without a decimal point"


class Coding(Enum):
    BR = "br"
    OFF = False


class Level(IntEnum):
    LOW = 1
    HIGH = 2


Port = NewType("Port", int)
ANNOTATIONS = [
    *(bool, int, float, str, Path, Coding, Level, Port, Size, Duration, Any, Callable[[], Any]),
    *(Literal["a", 1, True], Sequence[int], list[str | None], set[Any], frozenset[list[str]], tuple[int, str]),
    *(Mapping[str, int], dict[float | None, Sequence[str]], Mapping[Any, Any], Sequence[Mapping[str, Duration]]),
    *(str | Size | None, Path | str, Coding | Level | str, Sequence[int] | Mapping[str, int] | bool, float | int),
]
WRITTEN = st.text() | st.lists(
    st.sampled_from(
        ["[", "]", "{", "}", '"', ",", "a", "=", "1", ".", "e", "-", "none", "json:dumps", "inf", " ", "\n"]
    )
).map("".join)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WRITTEN | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WRITTEN, inner, max_size=3),
    max_leaves=6,
)
WORDS = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters=",["), min_size=1)


@pytest.mark.parametrize(
    ("written", "annotation", "expected"),
    [
        pytest.param("log/access", Path, Path("log/access"), id="relative path"),
        pytest.param("/var/log", Path, Path("/var/log"), id="absolute path"),
        pytest.param("", Path | None, None, id="empty optional path"),
        pytest.param("none", Path | None, None, id="optional path that is none"),
        pytest.param("None", Optional[str], None, id="optional text that is none"),  # noqa: UP045 - strangers write it
        pytest.param("none", Callable[[str], bool] | None, None, id="optional callable that is none"),
        pytest.param("", Mapping[str, str] | None, None, id="optional mapping that is none"),
        pytest.param("5", Union[int, str], 5, id="int or text, a number"),  # noqa: UP007 - strangers write it
        pytest.param("5", str | int, 5, id="text or int, a number"),
        pytest.param("many", int | str, "many", id="int or text, a word"),
        pytest.param("no", str | bool | None, False, id="text or bool"),
        pytest.param(r"\.js$", Callable[..., bool] | str, r"\.js$", id="callable or text, no import string"),
        pytest.param("json:dumps", Callable[..., str], json.dumps, id="callable"),
        pytest.param("br, gzip", Sequence[str], ("br", "gzip"), id="sequence, commas"),
        pytest.param("\nbr\n\ngzip,\n", list[str], ["br", "gzip"], id="list, lines"),
        pytest.param(" , ", Sequence[str], (), id="empty sequence"),
        pytest.param("1 2 1", set[int], {1, 2}, id="set"),
        pytest.param("1 2", AbstractSet[int], frozenset({1, 2}), id="abstract set"),
        pytest.param("1 2", Iterable[int], (1, 2), id="iterable"),
        pytest.param("a 2", tuple[str, int], ("a", 2), id="tuple of different kinds"),
        pytest.param("1 2 3", tuple[int, ...], (1, 2, 3), id="tuple of any length"),
        pytest.param("a b", Collection, ("a", "b"), id="bare collection"),
        pytest.param("\na = 1=2\n b=\n", Mapping[str, str], {"a": "1=2", "b": ""}, id="mapping"),
        pytest.param("gzip = 9", dict[str, int], {"gzip": 9}, id="mapping to numbers"),
        pytest.param("a = b", Mapping, {"a": "b"}, id="bare mapping"),
        pytest.param("none", Size | None, None, id="optional size"),
        pytest.param("a b", str | Sequence[str], "a b", id="text or sequence"),
        pytest.param("low", str | Level, Level.LOW, id="text or enum"),
        pytest.param("none", Literal["lax", "none"] | None, "none", id="literal before none"),
        pytest.param("8080", Port | None, 8080, id="optional new type"),
        pytest.param('["a b", "c"]', Sequence[str], ("a b", "c"), id="list as TOML"),
        pytest.param('\n[\n"a", # first\n"b",\n]\n', list[str], ["a", "b"], id="list as TOML in several lines"),
        pytest.param("[[1, 2], [3]]", tuple[list[int], ...], ([1, 2], [3]), id="list of lists"),
        pytest.param("[a-z]*, [!b]/*", Sequence[str], ("[a-z]*", "[!b]/*"), id="globs"),
        pytest.param("[::1]:80", Sequence[str], ("[::1]:80",), id="address with a port"),
        pytest.param('{"a b" = [1], c = []}', Mapping[str, list[int]], {"a b": [1], "c": []}, id="mapping as TOML"),
        pytest.param("a = 1, 2\nb = [3]", Mapping[str, list[int]], {"a": [1, 2], "b": [3]}, id="mapping to lists"),
        pytest.param("1 = a", Mapping[int, str], {1: "a"}, id="mapping from numbers"),
        pytest.param("{a = 1}", Sequence[str] | Mapping[str, int], ("{a", "=", "1}"), id="list before mapping"),
        pytest.param("5", Any, "5", id="anything"),
        pytest.param("5", ["odd"], "5", id="annotation that is no type"),
    ],
)
def test_reads_text(written: str, annotation: object, expected: object) -> None:
    made = convert(Text(written), annotation)
    assert made == expected
    assert type(made) is type(expected)


@pytest.mark.parametrize(
    ("value", "annotation", "expected"),
    [
        pytest.param("", str | None, "", id="empty text stays text"),
        pytest.param("5", int | str, "5", id="number in quotes stays text"),
        pytest.param("None", str | None, None, id="none, which TOML has no other word for"),
        pytest.param({"1": "a"}, Mapping[int, str], {1: "a"}, id="names that are numbers, as TOML has them"),
        pytest.param([["a"]], Sequence[set[str]], ({"a"},), id="sets in a list"),
        pytest.param(Path("a"), Path, Path("a"), id="path"),
        pytest.param(["a"], Sequence[str], ("a",), id="list for a sequence"),
        pytest.param(("a", 2), tuple[str, int], ("a", 2), id="tuple of different kinds"),
        pytest.param({"a": "b"}, Mapping[str, Path], {"a": Path("b")}, id="paths in a mapping"),
        pytest.param(OrderedDict(a=1), OrderedDict[str, int], OrderedDict(a=1), id="mapping of a special kind"),
        pytest.param(deque([1]), deque[int], deque([1]), id="collection of a special kind"),
        pytest.param(b"abc", bytes, b"abc", id="bytes"),
        pytest.param(json.dumps, Callable, json.dumps, id="callable"),
        pytest.param("json:dumps", Callable[..., str] | str, json.dumps, id="import string"),
        pytest.param(Fraction(1, 2), Fraction, Fraction(1, 2), id="something of a stranger"),
    ],
)
def test_takes_typed_values(value: object, annotation: object, expected: object) -> None:
    made = convert(value, annotation)
    assert made == expected
    assert type(made) is type(expected)


@pytest.mark.parametrize(
    ("written", "annotation", "expected", "hint"),
    [
        pytest.param("", Path, "a path", "", id="empty path"),
        pytest.param("x", int | None, "a whole number or none", "", id="optional"),
        pytest.param("ture", int | bool, "a whole number or true or false", "did you mean 'true'?", id="union"),
        pytest.param("1 a", Sequence[int], "a whole number in item 2", "", id="item"),
        pytest.param("1 a", Sequence[int] | None, "a whole number in item 2", "", id="item of an optional list"),
        pytest.param("[[1, 2], [3.0]]", list[list[int]], "a whole number in item 1 in item 2", POINT, id="inner item"),
        pytest.param("a", list[int] | set[float], f"{LIST} a whole number or {LIST} a number", "", id="lists"),
        pytest.param("a", tuple[str, int], "a list of exactly 2: text, a whole number", "", id="too few items"),
        pytest.param("[1, 2", list[int], f"{LIST} a whole number", TOML_LIST, id="list that does not end"),
        pytest.param("[a, b]", list[str], f"{LIST} text", TOML_LIST, id="list without quotes"),
        pytest.param('["a"]x', list[str], f"{LIST} text", TOML_LIST, id="list with more behind"),
        pytest.param("[1]\na = 2", list[int], f"{LIST} a whole number", TOML_LIST, id="list and a key"),
        pytest.param("[" * 9999, list[int], f"{LIST} a whole number", TOML_LIST, id="list of endless depth"),
        pytest.param('["5"]', list[int], "a whole number in item 1", UNQUOTED, id="list of numbers in quotes"),
        pytest.param("[[1]]", set[Any], f"{LIST} anything", "a set can't hold lists or mappings", id="set of lists"),
        pytest.param("{a = 1", Mapping[str, str], MAPPING, TOML_MAPPING, id="mapping that does not end"),
        pytest.param("{a = 1}", Mapping[str, str], "text in item 1", "write it in quotes", id="number in a mapping"),
        pytest.param("no equals sign", Mapping[str, str], LINES, "", id="mapping"),
        pytest.param("x", Mapping[str, str] | None, f"{LINES} or none", "", id="optional mapping"),
        pytest.param("= a", Mapping[str, str], LINES, "", id="mapping without a name"),
        pytest.param("a = 1\na = 2", Mapping[str, str], "each name once", "", id="name twice"),
        pytest.param("a = 1\na = 2", Mapping[str, str] | None, "each name once", "", id="name twice or none"),
        pytest.param("1 = a\n01 = b", Mapping[int, str], "each name once", "", id="same name, written differently"),
    ],
)
def test_refuses_text(written: str, annotation: object, expected: str, hint: str) -> None:
    with pytest.raises(UnfitError) as caught:
        convert(Text(written), annotation)
    assert (caught.value.expected, caught.value.hint) == (expected, hint)


@pytest.mark.parametrize(
    ("value", "annotation", "expected", "hint"),
    [
        pytest.param(1.5, int | None, "a whole number or none", "", id="fraction for int"),
        pytest.param("1.5", float | None, "a number or none", UNQUOTED, id="text for float"),
        pytest.param(1, Path, "a path", "", id="int for a path"),
        pytest.param(1, Callable, "module:callable", "", id="int for a callable"),
        pytest.param("a b", Sequence[str], f"{LIST} text", "write it in brackets", id="text for a list"),
        pytest.param({"a": 1}, Sequence[str], f"{LIST} text", "", id="mapping for a list"),
        pytest.param(1, Sequence[str], f"{LIST} text", "", id="int for a list"),
        pytest.param("a = b", Mapping[str, str], MAPPING, IN_BRACES, id="text for a mapping"),
        pytest.param([], Mapping[str, str], MAPPING, "", id="list for a mapping"),
        pytest.param({"a": 1}, Mapping[str, str] | None, "text for 'a'", "write it in quotes", id="int in a mapping"),
    ],
)
def test_refuses_typed_values(value: object, annotation: object, expected: str, hint: str) -> None:
    with pytest.raises(UnfitError) as caught:
        convert(value, annotation)
    assert (caught.value.expected, caught.value.hint) == (expected, hint)


@pytest.mark.parametrize("annotation", [Callable[..., str], Callable[..., str] | None])
def test_explains_why_a_callable_cannot_be_imported(annotation: object) -> None:
    with pytest.raises(ConfigError, match=r"module 'json' has no attribute 'dumpss'; did you mean 'dumps'\?"):
        convert(Text("json:dumpss"), annotation)


@pytest.mark.parametrize(
    ("value", "annotation", "expected"),
    [
        pytest.param(Resolved("5"), int, 5, id="int"),
        pytest.param(Resolved("a"), str, "a", id="text"),
        pytest.param(Resolved("none"), str | None, None, id="optional"),
        pytest.param(Resolved("log"), Path, Path("log"), id="path"),
        pytest.param(Resolved("json:dumps"), Callable[..., str], json.dumps, id="callable"),
        pytest.param(Resolved("a, b"), Sequence[str], ("a", "b"), id="text for a list"),
        pytest.param([1, Resolved("2")], Sequence[int], (1, 2), id="item"),
        pytest.param({"a": Resolved("b")}, Mapping[str, str], {"a": "b"}, id="value in a mapping"),
        pytest.param(Resolved("a"), Any, "a", id="anything"),
        pytest.param({"a": [Resolved("b")]}, Any, {"a": ["b"]}, id="anything in anything"),
        pytest.param([Resolved("b")], Fraction, ["b"], id="something of a stranger"),
    ],
)
def test_reads_what_came_from_a_reference_as_text_and_gives_common_text(
    value: object, annotation: object, expected: object
) -> None:
    made = convert(value, annotation)
    assert made == expected
    assert repr(made) == repr(expected)  # that of what came from a reference is <secret>


@given(st.lists(WORDS), st.sampled_from([" ", ",", ", ", "\n", "\n\n", " ,\n"]))
def test_splits_any_words(words: list[str], separator: str) -> None:
    assert convert(Text(separator.join(words)), list[str]) == words


@given(WRITTEN, st.sampled_from(ANNOTATIONS), st.booleans())
def test_converts_or_refuses_any_text(written: str, annotation: object, text: bool) -> None:
    with suppress(UnfitError, ConfigError):
        made = convert(Text(written) if text else written, annotation)
        # what has been read has to fit as it is, for options are fitted once more when the layer is built
        again = convert(made, annotation)
        assert again == made or repr(again) == repr(made)


@given(VALUES, st.sampled_from(ANNOTATIONS))
def test_converts_or_refuses_any_value(value: object, annotation: object) -> None:
    with suppress(UnfitError, ConfigError):
        made = convert(value, annotation)
        again = convert(made, annotation)
        assert again == made or repr(again) == repr(made)


NAMES = "only the names keys, folder, wait"


class Door(TypedDict):
    keys: Annotated[Sequence[str], Secret]
    folder: NotRequired[Path]
    wait: NotRequired[Duration]


@pytest.mark.parametrize(
    ("value", "made"),
    [
        pytest.param({"keys": ["a"]}, {"keys": ("a",)}, id="mapping"),
        pytest.param(Text("keys = a b\nwait = 2m"), {"keys": ("a", "b"), "wait": 120.0}, id="lines"),
        pytest.param(Text('{keys = ["a"], folder = "x"}'), {"keys": ("a",), "folder": Path("x")}, id="TOML"),
    ],
)
def test_converts_each_value_of_a_typed_mapping(value: object, made: object) -> None:
    assert convert(value, Door) == convert(value, Door | None) == made


@pytest.mark.parametrize(
    ("value", "expected", "hint"),
    [
        pytest.param(
            {"keys": ["a"], "foldr": "x"}, "only the names keys, folder, wait", "did you mean 'folder'?", id="typo"
        ),
        pytest.param(Text("keys = a\nsecret = x"), "only the names keys, folder, wait", "", id="unknown, in text"),
        pytest.param({"folder": "x"}, "a value for 'keys'", "", id="missing"),
        pytest.param({"keys": ["a"], "wait": "long"}, f"{DURATION} for 'wait'", "", id="wrong value"),
        pytest.param(["keys"], MAPPING, "", id="list"),
    ],
)
def test_says_what_is_wrong_in_a_typed_mapping(value: object, expected: str, hint: str) -> None:
    with pytest.raises(UnfitError) as caught:
        convert(value, Door)
    assert (caught.value.expected, caught.value.hint) == (expected, hint)


def test_finds_a_secret_in_a_typed_mapping() -> None:
    assert is_secret(Door | None)
    assert is_mapping(Door | None)
    assert describe(Door) == MAPPING


def test_a_misspelled_choice_beside_a_callable_gets_a_hint() -> None:
    with pytest.raises(ConfigError, match=r"'uuid' is not an import string; .*did you mean 'uuid[47]'"):
        convert(Text("uuid"), Literal["hex", "uuid4", "uuid7"] | Callable[[], str])
