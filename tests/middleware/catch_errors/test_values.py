"""Values as text: nothing runs, nothing is secret, nothing is long."""

import re
import uuid
from collections import OrderedDict, defaultdict, deque, namedtuple
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from enum import Enum
from pathlib import PurePosixPath
from types import MappingProxyType, MethodType, ModuleType
from typing import Any, ClassVar, Never
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgistack.errors import class_name
from wsgistack.http.redaction import REDACTED, Redaction
from wsgistack.middleware.catch_errors.values import MAX_VALUE, Values

VALUES = Values(Redaction(), ["hunter2", "abc", 'it\'s "quoted"\n', "geheimnißvoll", "x" * 5000])


class Hostile:
    """Every method that something might call fails."""

    def _fail(self, *_: object) -> Never:
        raise RuntimeError("ran code of the application")

    __repr__ = __str__ = __len__ = __iter__ = __bool__ = __eq__ = __hash__ = __getattr__ = _fail
    __class__ = property(_fail)


class HostileDict(dict[str, object]):
    __repr__ = __iter__ = items = __len__ = keys = Hostile._fail


class HostileText(str):
    __slots__ = ()
    __repr__ = __str__ = __len__ = __format__ = Hostile._fail


class NoAttributes:
    __slots__ = ("__weakref__",)


class HiddenAttributes:
    @property
    def __dict__(self) -> Any:  # type: ignore[override]
        raise RuntimeError("ran code of the application")


class Zone(tzinfo):
    tzname = dst = utcoffset = Hostile._fail


class Color(Enum):
    RED = 1


@dataclass
class User:
    name: str
    password: str
    kind: ClassVar = 1


class Lazy:
    """Like a QuerySet."""

    def __init__(self) -> None:
        self.result_cache = None

    def __repr__(self) -> str:
        raise AssertionError("asked the database")


Point = namedtuple("Point", "x y")  # noqa: PYI024
HERE = __name__


def _function() -> None: ...


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "None"),
        (True, "True"),
        (..., "Ellipsis"),
        (5, "5"),
        (2**512, "<int of 513 bits>"),
        (0.5, "0.5"),
        (1j, "1j"),
        ("a'b", '"a\'b"'),
        (b"a\xff", "b'a\\xff'"),
        (bytearray(b"a"), "bytearray(b'a')"),
        ([1, "a", []], "[1, 'a', []]"),
        ((1,), "(1,)"),
        ((), "()"),
        ((1, 2), "(1, 2)"),
        ({1}, "{1}"),
        (set(), "set()"),
        (frozenset(), "frozenset()"),
        (frozenset([1]), "frozenset({1})"),
        (deque([1]), "deque([1])"),
        ({}, "{}"),
        ({"a": {1: 2}}, "{'a': {1: 2}}"),
        (OrderedDict(a=1), "OrderedDict({'a': 1})"),
        (defaultdict(None, a=1), "defaultdict({'a': 1})"),
        (Point(1, 2), "Point(x=1, y=2)"),
        (date(2026, 1, 2), "datetime.date(2026, 1, 2)"),
        (datetime(2026, 1, 2, tzinfo=UTC), "datetime('2026-01-02T00:00:00+00:00')"),
        (datetime(2026, 1, 2, tzinfo=Zone()), "datetime('2026-01-02T00:00:00')"),
        (time(1, 2), "time('01:02:00')"),
        (timedelta(1), "datetime.timedelta(days=1)"),
        (Decimal("1.5"), "Decimal('1.5')"),
        (uuid.UUID(int=1), "UUID('00000000-0000-0000-0000-000000000001')"),
        (PurePosixPath("/a"), "PurePosixPath('/a')"),
        (int, "<class int>"),
        (Color, f"<class {HERE}.Color>"),
        (Color.RED, "<Color.RED>"),
        (_function, "<function _function>"),
        (len, "<builtin_function_or_method len>"),
        (Lazy().__repr__, "<method __repr__>"),
        (ModuleType("m"), "<module 'm'>"),
        (ValueError("a", 1), "ValueError('a', 1)"),
        (User("ann", "hunter3"), f"<{HERE}.User name='ann', password={REDACTED}>"),
        (NoAttributes(), f"<{HERE}.NoAttributes object>"),
        (MappingProxyType({}), "<mappingproxy object>"),
        (re.compile("a"), "re.compile('a')"),
    ],
)
def test_shows_values_without_running_their_code(value: object, text: str) -> None:
    assert VALUES.show(value) == text


def test_runs_no_code_of_hostile_and_lazy_objects() -> None:
    assert VALUES.show(Hostile()) == f"<{HERE}.Hostile object>"
    assert VALUES.show([Hostile()], "name") == f"[<{HERE}.Hostile object>]"
    assert VALUES.show((Hostile(), 1)) == f"(<{HERE}.Hostile object>, 1)"
    assert VALUES.show(KeyError(Hostile())) == f"KeyError(<{HERE}.Hostile object>,)"
    assert VALUES.show(HostileDict(a=1)) == "HostileDict({'a': 1})"
    assert VALUES.show(HostileText("abcd")) == "HostileText('abcd')"
    assert VALUES.show(HiddenAttributes()) == f"<{HERE}.HiddenAttributes object>"
    assert VALUES.show(Lazy()) == f"<{HERE}.Lazy result_cache=None>"


def test_a_method_of_a_callable_object_has_no_name() -> None:
    class Callable_:  # noqa: N801
        def __call__(self) -> None: ...

    assert VALUES.show(MethodType(Callable_(), 1)) == "<method …>"


@pytest.mark.parametrize(
    "value",
    [
        {"password": "p"},
        {b"api_key": "p"},
        {"Authorization": ["Bearer p"]},
        [("Set-Cookie", "p=p")],
        ["token", "p"],
        User("ann", "p"),
        {"a": [{"secret": "p"}]},
    ],
)
def test_redacts_what_has_a_secret_name(value: object) -> None:
    shown = VALUES.show(value)
    assert REDACTED in shown
    assert not re.search(r"\bp\b", shown)


def test_redacts_a_variable_with_a_secret_name() -> None:
    assert VALUES.show("p", "password") == REDACTED


@pytest.mark.parametrize(
    "value",
    [
        "my hunter2!",
        b"my hunter2!",
        "abc",
        'it\'s "quoted"\n',
        "geheimnißvoll".encode(),
        [{"a": "xhunter2"}],
        ValueError("hunter2"),
        PurePosixPath("/hunter2"),
        "z" * 495 + "hunter2",
        "?password=hunter3&a=1",
        '{"password": "hunter3"}',
        "Authorization: Digest hunter3 hunter4",
        "password=Bearer hunter3",
        "postgres://user:hunter3@host/",
        "x" * 6000,
        b"x" * 6000,
        b"a" + b"x" * 9999 + b"hunter2",
        "y" * 690 + "hunter2" + "y" * 9999,
    ],
    ids=range(18),
)
def test_redacts_known_secrets_and_forms_of_secrets_in_texts(value: object) -> None:
    shown = VALUES.show(value)
    assert not re.search("hunter|abc|quoted|geheim|xxxxxx", shown)


@pytest.mark.parametrize(
    "secret", ["hunter2", 'it\'s\na "secret"', "päss wörd&", "back\\slash", "half \ud800 full"], ids=ascii
)
def test_redacts_the_other_forms_of_a_known_secret(secret: str) -> None:
    values = Values(Redaction(), [secret])
    data = secret.encode("utf-8", "surrogatepass")
    forms = [secret, secret.upper(), repr(secret), ascii(secret), repr(data), quote(data), quote_plus(data)]
    for text in forms:
        assert REDACTED in values.cut(f"<{text}>", 500), ascii(text)
        assert REDACTED in values.show([f"<{text}>"]), ascii(text)
    assert REDACTED in values.show(b"<" + data + b">")


def test_leaves_short_secrets_in_other_words_and_code_as_it_is() -> None:
    assert VALUES.show("abcde") == "'abcde'"
    assert VALUES.cut("login(password=password)", 100, is_code=True) == "login(password=password)"
    assert VALUES.cut("color=red", 100) == "color=red"


def test_cuts_what_is_long() -> None:
    assert VALUES.show("a" * 10**7) == f"'{'a' * 500}'… (10000000 characters)"
    assert VALUES.show(b"a" * 10**7) == f"b'{'a' * 500}'… (10000000 bytes)"
    assert VALUES.show([1] * 10**6).endswith("1, … (1000000 items)]")
    assert VALUES.show([*range(100)]) == f"[{', '.join(map(str, range(20)))}, … (100 items)]"
    assert len(VALUES.show(["a" * 400] * 20)) <= MAX_VALUE + 500
    assert VALUES.show([["a" * 400] * 20] * 20).endswith("…")


def test_ends_at_cycles_and_at_a_depth() -> None:
    items: list[object] = []
    items.append(items)
    table: dict[str, object] = {}
    table["a"] = table
    user = User("ann", "")
    user.name = user  # type: ignore[assignment]
    assert VALUES.show(items) == "[[…]]"
    assert VALUES.show(table) == "{'a': {…}}"
    assert VALUES.show(user) == f"<{HERE}.User name=<{HERE}.User object>, password={REDACTED}>"
    assert VALUES.show([[[[[1]]]]]) == "[[[[[…]]]]]"
    assert VALUES.show({1: {1: {1: {1: {1: 1}}}}}) == "{1: {1: {1: {1: {…}}}}}"


def test_a_value_that_fails_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> Never:
        raise RuntimeError("dictionary changed size during iteration")

    monkeypatch.setattr(Values, "_show_object", fail)
    assert VALUES.show(Lazy()) == f"<{HERE}.Lazy, which can't be shown>"


def test_names_types() -> None:
    odd = type("Odd", (), {"__module__": 5})
    assert class_name(odd) == "Odd"
    assert class_name(int) == "int"
    assert class_name(Lazy) == f"{HERE}.Lazy"


_TEXTS = st.text() | st.sampled_from(["hunter2", "xhunter2y", "password", "token"])
_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | _TEXTS | st.binary() | st.dates() | st.decimals()
_ANY = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner) | st.dictionaries(_TEXTS, inner) | st.tuples(inner, inner) | st.builds(User, inner, inner)
    ),
    max_leaves=30,
)


@given(_ANY, _TEXTS)
def test_no_value_is_long_or_shows_a_secret(value: object, name: str) -> None:
    shown = VALUES.show(value, name)
    assert type(shown) is str
    assert len(shown) <= MAX_VALUE + 1
    assert "hunter2" not in shown


@given(st.text(alphabet="ab", min_size=6, max_size=12), st.integers(0, 800), st.integers(0, 9999), st.integers(1, 600))
def test_no_part_of_a_secret_remains_where_a_text_is_cut(secret: str, before: int, after: int, limit: int) -> None:
    shown = Values(Redaction(), [secret]).cut("-" * before + secret + "+" * after, limit)
    assert "a" not in re.sub(r"\[redacted\]|\[r?e?d?a?c?t?e?d?…|characters", "", shown)
    assert "b" not in shown


def test_a_queryset_and_a_lazy_object_of_django_are_not_evaluated() -> None:
    from django.db.models import QuerySet  # type: ignore[import-untyped]
    from django.utils.functional import SimpleLazyObject  # type: ignore[import-untyped]

    def fail() -> Never:
        raise AssertionError("evaluated")

    rows: Any = QuerySet()
    rows._fetch_all = fail
    assert VALUES.show(rows).startswith("<django.db.models.query.QuerySet model=None, ")
    assert rows._result_cache is None
    assert VALUES.show(SimpleLazyObject(fail)).startswith(
        "<django.utils.functional.SimpleLazyObject _setupfunc=<function"
    )


@pytest.mark.parametrize(
    "text",
    [
        "password: s3cret s3cret",
        "{'password': 's3cret",
        '{"password" : "s3cret"}',
        "pass%77ord=s3cret",
        "Authorization: Digest a=s3cret, b=s3cret",
        "Proxy-Authorization: Basic s3cret",
    ],
)
def test_redacts_the_value_beside_a_secret_name(text: str) -> None:
    shown = VALUES.cut(text, 100)
    assert "s3cret" not in shown
    assert shown.count(REDACTED) == 1
    assert VALUES.cut(shown, 100) == shown


def test_keeps_what_an_error_about_a_secret_says() -> None:
    text = "jwt.InvalidTokenError: it has expired"
    assert VALUES.cut(text, 100) == text


def test_shows_no_text_if_there_are_too_many_secrets() -> None:
    values = Values(Redaction(), (f"secret{number}" for number in range(600)))
    assert values.show(["a", 1]) == "[[redacted], 1]"
    assert values.cut("a", 10, is_code=True) == REDACTED


Account = namedtuple("Account", "user password")  # noqa: PYI024


class Special(Account):
    __slots__ = ()


@pytest.mark.parametrize(
    "value",
    [
        Account("ann", "hunter3"),
        Special("ann", "hunter3"),
        ["mysql", "--password", "hunter3", "shop"],
        ValueError(["mysql", "--password", "hunter3"]),
        "password: hunter3",
        "postgres://shop:hunter3@db/shop",
    ],
)
def test_a_name_beside_a_value_makes_it_a_secret(value: object) -> None:
    shown = VALUES.show(value)
    assert REDACTED in shown
    assert "hunter3" not in shown


def test_a_long_text_that_is_redacted_as_a_whole_says_so() -> None:
    values = Values(Redaction(), [f"secret number {number}" for number in range(600)])
    assert values.cut("a" * 10_000, 100) == f"{REDACTED}… (10000 characters)"
