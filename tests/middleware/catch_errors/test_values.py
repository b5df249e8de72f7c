"""Values in a report: short, without secrets, and without running code of the application."""

from collections import OrderedDict, defaultdict
from enum import IntEnum
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgistack.errors import class_name
from wsgistack.http.redaction import REDACTED, Redaction
from wsgistack.middleware.catch_errors.values import MAX_TEXT, Hiding, cut

HIDING = Hiding(Redaction(["ahv-number"]), ["hunter2 & co", "ab"])


class Loud:
    """Every special method of it is a mistake."""

    def __repr__(self) -> str:
        raise AssertionError("repr() was called")

    __str__ = __repr__


class Login(NamedTuple):
    name: str
    word: str


class Level(IntEnum):
    HIGH = 3


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "None"),
        (True, "True"),
        (1.5, "1.5"),
        (12, "12"),
        (Level.HIGH, "3"),
        (1 << 5000, "<int of 5001 bits>"),
        ("it's", '"it\'s"'),
        (b"a\xff", "b'aÿ'"),
        (bytearray(b"a"), "b'a'"),
        ([1, "a"], "[1, 'a']"),
        ((1, 2, 3), "(1, 2, 3)"),
        ({1}, "{1}"),
        (frozenset({1}), "frozenset({1})"),
        ({"a": {"b": [1]}}, "{'a': {'b': [1]}}"),
        (OrderedDict(a=1), "{'a': 1}"),
        (defaultdict(int, a=1), "{'a': 1}"),
        (Loud(), "<tests.middleware.catch_errors.test_values.Loud object>"),
        (Loud, "<class tests.middleware.catch_errors.test_values.Loud>"),
        (Login("ada", "lovelace"), "<tests.middleware.catch_errors.test_values.Login object>"),
        ([[[[[1]]]]], "[[[[<list>]]]]"),
        ([*range(30)], f"[{', '.join(map(str, range(25)))}, ... 5 more]"),
    ],
)
def test_shows_built_in_types_and_the_class_of_others(value: object, shown: str) -> None:
    assert HIDING.show(value) == shown


@pytest.mark.parametrize(
    "value",
    [
        {"password": "s3cret"},
        {b"Api-Key": "s3cret"},
        {"user": {"AHV-Number": "s3cret"}},
        [("Authorization", "Basic s3cret")],
        ("token", b"s3cret"),
        "https://example.org/?q=1&token=s3cret",
        '{"password": "s3cret"}',
        "{'password': 's3cret",
        b"password: s3cret s3cret",
        "HUNTER2 & CO",
        "q=hunter2%20%26%20co",
        "q=hunter2+%26+co",
        "eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0",
    ],
)
def test_hides_secrets(value: object) -> None:
    shown = HIDING.show(value)
    assert REDACTED in shown
    assert not any(word in shown.lower() for word in ("s3cret", "hunter", "eyj"))


def test_hides_the_value_of_a_secret_name() -> None:
    assert HIDING.show("x", "user_password") == REDACTED
    assert HIDING.show("x", "user") == "'x'"


def test_keeps_what_an_error_about_a_secret_says() -> None:
    assert HIDING.hide("jwt.InvalidTokenError: it has expired") == "jwt.InvalidTokenError: it has expired"
    assert HIDING.hide("abc is short") == "abc is short", "a short secret is in many words"


def test_shows_no_text_if_there_are_too_many_secrets() -> None:
    hiding = Hiding(Redaction(), (f"secret{number}" for number in range(300)))
    assert hiding.show(["a", 1]) == "['[redacted]', 1]"


def test_shows_the_beginning_of_long_values() -> None:
    shown = HIDING.show("a" * 100_000_000)
    assert len(shown) < MAX_TEXT + 100
    assert "more characters" in shown
    assert cut("abc", 3) == "abc"
    assert cut("abcd", 3) == "abc... (1 more characters)"


def test_survives_a_class_that_breaks_everything() -> None:
    class Odd(type):
        def __getattribute__(cls, name: str) -> object:
            raise RuntimeError

    class Value(metaclass=Odd):
        __class__ = property(lambda self: 1 / 0)

    assert HIDING.show(Value()).endswith(".Value object>")
    assert class_name(ValueError) == "ValueError"


def test_survives_a_value_that_changes_meanwhile() -> None:
    changing: dict[object, object] = {}

    class Key(str):
        __slots__ = ()

        def __hash__(self) -> int:
            return 1

    changing[Key("a")] = changing
    assert HIDING.show(changing).startswith("{'a': {'a': ")

    class Broken(dict[str, str]):
        def __len__(self) -> int:
            raise RuntimeError

    assert HIDING.show(Broken(a="b")) == "<can't be shown>"


SCALARS = st.text() | st.binary() | st.integers() | st.none()


@given(st.recursive(SCALARS, lambda items: st.lists(items) | st.dictionaries(st.text(), items)))
def test_shows_any_value(value: object) -> None:
    assert len(HIDING.show(value)) < MAX_TEXT + 100
