"""Conversion: which values fit an annotation, and what becomes of them."""

import json
import math
from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Iterable, Mapping, MutableMapping, MutableSequence, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from fractions import Fraction
from inspect import Parameter
from pathlib import Path
from typing import Annotated, Any, Literal, Optional, Union

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgistack.conversion import UnfitError, convert, describe
from wsgistack.errors import ConfigError
from wsgistack.references import Resolved
from wsgistack.types import Size

BASE = Path("/etc/site")
WORDS = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters=","), min_size=1)


@pytest.mark.parametrize(
    ("written", "annotation", "expected"),
    [
        pytest.param("true", bool, True, id="bool"),
        pytest.param("OFF", bool, False, id="bool in capitals"),
        pytest.param("0", bool, False, id="bool as a digit"),
        pytest.param("-7", int, -7, id="int"),
        pytest.param("1.5", float, 1.5, id="float"),
        pytest.param("1", float, 1.0, id="whole float"),
        pytest.param("none", str, "none", id="str"),
        pytest.param("", str, "", id="empty str"),
        pytest.param("log/access", Path, BASE / "log/access", id="relative path"),
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
        pytest.param("stdout", Literal["stderr", "stdout"], "stdout", id="literal"),
        pytest.param("2", Literal[1, 2], 2, id="literal number"),
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
        pytest.param("64KiB", Size, 65536, id="size, binary"),
        pytest.param("1.001k", Size, 1001, id="size with a fraction"),
        pytest.param("9007199254740993", Size, 9007199254740993, id="size beyond the precision of floats"),
        pytest.param("none", Size | None, None, id="optional size"),
        pytest.param("a b", str | Sequence[str], "a b", id="text or sequence"),
        pytest.param("5", Annotated[int, "seconds"], 5, id="annotated otherwise"),
        pytest.param("5", Any, "5", id="anything"),
        pytest.param("5", ["odd"], "5", id="annotation that is no type"),
    ],
)
def test_reads_text(written: str, annotation: object, expected: object) -> None:
    made = convert(written, annotation, base=BASE, text=True)
    assert made == expected
    assert type(made) is type(expected)


@pytest.mark.parametrize(
    ("value", "annotation", "expected"),
    [
        pytest.param(True, bool, True, id="bool"),
        pytest.param(3, float, 3.0, id="int for float"),
        pytest.param("none", str | None, "none", id="text stays text"),
        pytest.param("1 k", Size, 1000, id="size"),
        pytest.param(0, Size, 0, id="size as a number"),
        pytest.param(Path("a"), Path, BASE / "a", id="path"),
        pytest.param(["a"], Sequence[str], ("a",), id="list for a sequence"),
        pytest.param(("a", 2), tuple[str, int], ("a", 2), id="tuple of different kinds"),
        pytest.param((1,), MutableSequence[int], [1], id="mutable sequence"),
        pytest.param({"a": "b"}, Mapping[str, Path], {"a": BASE / "b"}, id="paths in a mapping"),
        pytest.param({"a": 1}, MutableMapping[str, int], {"a": 1}, id="mutable mapping"),
        pytest.param(OrderedDict(a=1), OrderedDict[str, int], OrderedDict(a=1), id="mapping of a special kind"),
        pytest.param(deque([1]), deque[int], deque([1]), id="collection of a special kind"),
        pytest.param(b"abc", bytes, b"abc", id="bytes"),
        pytest.param(json.dumps, Callable, json.dumps, id="callable"),
        pytest.param("json:dumps", Callable[..., str] | str, json.dumps, id="import string"),
        pytest.param(Fraction(1, 2), Fraction, Fraction(1, 2), id="something of a stranger"),
    ],
)
def test_takes_typed_values(value: object, annotation: object, expected: object) -> None:
    made = convert(value, annotation, base=BASE, text=False)
    assert made == expected
    assert type(made) is type(expected)


def test_leaves_relative_paths_alone_where_there_is_no_folder() -> None:
    assert convert("a", Path, base=None, text=False) == Path("a")


@pytest.mark.parametrize(
    ("written", "annotation", "expected", "hint"),
    [
        pytest.param("yess", bool, "true or false", "did you mean 'yes'?", id="bool"),
        pytest.param("1.0", int, "a whole number", "", id="int"),
        pytest.param("1" * 5000, int, "a whole number", "", id="int of thousands of digits"),
        pytest.param("one", float, "a number", "", id="float"),
        pytest.param("", Path, "a path", "", id="empty path"),
        pytest.param("stdot", Literal["stderr", "stdout"], "stderr or stdout", "did you mean 'stdout'?", id="literal"),
        pytest.param("x", int | None, "a whole number or none", "", id="optional"),
        pytest.param("ture", int | bool, "a whole number or true or false", "did you mean 'true'?", id="union"),
        pytest.param("a", Sequence[int], "a whole number", "", id="item"),
        pytest.param("a", tuple[str, int], "2 items", "", id="too few items"),
        pytest.param("no equals sign", Mapping[str, str], "name = value on each line", "", id="mapping"),
        pytest.param("5 apples", Size, "a size such as 500, 64KiB or 10 MB", "", id="size"),
        pytest.param("-1", Size, "a size such as 500, 64KiB or 10 MB", "", id="negative size"),
        pytest.param("9" * 400, Size, "a size such as 500, 64KiB or 10 MB", "", id="size without end"),
    ],
)
def test_refuses_text(written: str, annotation: object, expected: str, hint: str) -> None:
    with pytest.raises(UnfitError) as caught:
        convert(written, annotation, base=None, text=True)
    assert (caught.value.expected, caught.value.hint) == (expected, hint)


@pytest.mark.parametrize(
    ("value", "annotation", "expected"),
    [
        pytest.param("true", bool, "true or false", id="text for bool"),
        pytest.param(1, bool, "true or false", id="int for bool"),
        pytest.param(True, int, "a whole number", id="bool for int"),
        pytest.param("1", int, "a whole number", id="text for int"),
        pytest.param(True, float, "a number", id="bool for float"),
        pytest.param(10**400, float, "a number", id="int that no float can hold"),
        pytest.param(1, str, "text", id="int for text"),
        pytest.param("", None, "none", id="text for none"),
        pytest.param(1, Path, "a path", id="int for a path"),
        pytest.param(1, Callable, "module:callable", id="int for a callable"),
        pytest.param(3, Literal["a"], "a", id="int for a literal"),
        pytest.param("a b", Sequence[str], "a list", id="text for a list"),
        pytest.param({"a": 1}, Sequence[str], "a list", id="mapping for a list"),
        pytest.param(1, Sequence[str], "a list", id="int for a list"),
        pytest.param("a = b", Mapping[str, str], "a mapping", id="text for a mapping"),
        pytest.param([], Mapping[str, str], "a mapping", id="list for a mapping"),
        pytest.param(True, Size, "a size such as 500, 64KiB or 10 MB", id="bool for a size"),
    ],
)
def test_refuses_typed_values(value: object, annotation: object, expected: str) -> None:
    with pytest.raises(UnfitError) as caught:
        convert(value, annotation, base=None, text=False)
    assert caught.value.expected == expected


@pytest.mark.parametrize("annotation", [Callable[..., str], Callable[..., str] | None])
def test_tells_why_a_callable_can_not_be_imported(annotation: object) -> None:
    with pytest.raises(ConfigError, match=r"no 'dumpss' in json; did you mean 'dumps'\?"):
        convert("json:dumpss", annotation, base=None, text=True)


@pytest.mark.parametrize(
    ("annotation", "said"),
    [
        (Parameter.empty, "anything"),
        (Any, "anything"),
        (Size, "a size such as 500, 64KiB or 10 MB"),
        (Annotated[int, "seconds"], "a whole number"),
        (int | float | None, "a whole number or a number or none"),
        (Literal["a", 1], "a or 1"),
        (Callable[[str], bool], "module:callable"),
        (Mapping[str, str], "a mapping, one name = value on each line in an ini file"),
        (Sequence[str], "a list, each item text"),
        (tuple, "a list, each item anything"),
        (Iterable[int], "a list, each item a whole number"),
        (bytes, "bytes"),
        (Fraction, "Fraction"),
        ("Unknown", "Unknown"),
    ],
)
def test_describes_what_fits(annotation: object, said: str) -> None:
    assert describe(annotation) == said


@pytest.mark.parametrize(
    ("value", "annotation", "expected"),
    [
        pytest.param(Resolved("5"), int, 5, id="int"),
        pytest.param(Resolved("a"), str, "a", id="text"),
        pytest.param(Resolved("none"), str | None, None, id="optional"),
        pytest.param(Resolved("log"), Path, BASE / "log", id="path"),
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
    made = convert(value, annotation, base=BASE, text=False)
    assert made == expected
    assert repr(made) == repr(expected)  # that of what came from a reference is <secret>


@pytest.mark.parametrize("annotation", [Callable[..., str], Sequence[Callable[..., str]], Callable[..., str] | None])
def test_does_not_tell_what_came_from_a_reference_and_can_not_be_imported(annotation: object) -> None:
    with pytest.raises(UnfitError) as caught:
        convert(Resolved("json:s3cret"), annotation, base=None, text=False)
    assert "s3cret" not in str(caught.value)
    assert caught.value.hint == "it can't be imported"


@given(st.lists(WORDS), st.sampled_from([" ", ",", ", ", "\n", "\n\n", " ,\n"]))
def test_splits_any_words(words: list[str], separator: str) -> None:
    assert convert(separator.join(words), list[str], base=None, text=True) == words


@given(st.integers(0, 10**9), st.integers(0, 999), st.sampled_from(["", "k", "M", "G", "T"]), st.booleans())
def test_reads_any_size_exactly(whole: int, thousandths: int, prefix: str, binary: bool) -> None:
    unit = f"{prefix}{'i' if prefix and binary else ''}B"
    factor = (1024 if "i" in unit else 1000) ** " kMGT".index(prefix or " ")
    exact = (whole + Fraction(thousandths, 1000)) * factor
    assert convert(f"{whole}.{thousandths:03} {unit}", Size, base=None, text=True) == math.floor(exact)


@given(st.text(), st.sampled_from([bool, int, float, Size, Path, Sequence[int], Mapping[str, int], Literal["a"]]))
def test_meets_any_text_with_a_value_or_a_refusal(written: str, annotation: object) -> None:
    with suppress(UnfitError):
        made = convert(written, annotation, base=None, text=True)
        # what has been read has to fit as it is, for options are fitted once more when the layer is built
        assert repr(convert(made, annotation, base=None, text=False)) == repr(made)
