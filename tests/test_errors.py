"""Tests of the errors: what they know as data, and say as text."""

import copy
import pickle
from datetime import UTC, date, datetime
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgistack import ConfigError, Mistake, Where, WsgistackError
from wsgistack.errors import (
    Mistakes,
    check_counts,
    check_durations,
    check_lists,
    check_mappings,
    describe_error,
    describe_type,
    forget_handled,
    suggest,
)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        pytest.param(Where(), "", id="nowhere"),
        pytest.param(Where("stack.ini"), "stack.ini:", id="file"),
        pytest.param(Where("stack.ini", 3), "stack.ini:3:", id="file and line"),
        pytest.param(Where("stack.ini", 3, "[filter:zip]"), "stack.ini:3: [filter:zip]", id="file, line and section"),
        pytest.param(Where(section="layer 2"), "layer 2", id="an item of a list"),
    ],
)
def test_says_where(where: Where, expected: str) -> None:
    assert str(where) == expected


@pytest.mark.parametrize(
    ("mistake", "expected"),
    [
        pytest.param(Mistake("it is empty"), "it is empty", id="problem"),
        pytest.param(Mistake("no such option", key="levl"), "levl: no such option", id="key"),
        pytest.param(
            Mistake("invalid value 'x'", key="level", value="x", expected="a whole number", hint="did you mean 1?"),
            "level: invalid value 'x'; expected a whole number; did you mean 1?",
            id="everything but where",
        ),
        pytest.param(
            Mistake("it is empty", where=Where("a.toml", 1)), "a.toml:1: it is empty", id="file without section"
        ),
        pytest.param(
            Mistake("no such option", key="levl", hint="choose from level", where=Where("a.ini", 7, "[filter:zip]")),
            "a.ini:7: [filter:zip] levl: no such option; choose from level",
            id="file, line, section and key",
        ),
    ],
)
def test_says_what_is_wrong(mistake: Mistake, expected: str) -> None:
    assert str(mistake) == expected


def test_does_not_say_the_value() -> None:
    mistake = Mistake("can't be used", key="password", value="hush")
    assert mistake.value == "hush"
    assert "hush" not in str(ConfigError(mistake))


def test_shows_the_value_in_no_repr() -> None:
    mistake = Mistake(
        "can't be used", key="password", value="hush", expected="text", hint="none", where=Where("a.ini", 1)
    )
    for shown in (repr(mistake), repr(ConfigError(mistake)), f"{[mistake]}"):
        assert "hush" not in shown
        assert "problem=\"can't be used\", key='password', expected='text', hint='none', where=Where(" in shown


def test_one_error_holds_all_mistakes() -> None:
    error = ConfigError(Mistake("is empty", key="codings"), Mistake("no level 12", key="level", value=12))
    assert [mistake.key for mistake in error.mistakes] == ["codings", "level"]
    assert str(error) == "codings: is empty\nlevel: no level 12"


def test_is_caught_as_a_value_error_and_as_one_of_ours() -> None:
    for kind in ValueError, WsgistackError:
        with pytest.raises(kind):
            raise ConfigError(Mistake("is empty"))


def test_travels_between_processes() -> None:
    error = ConfigError(Mistake("is empty", key="codings", value=(), where=Where("a.ini", 1)), Mistake("too long"))
    for twin in pickle.loads(pickle.dumps(error)), copy.copy(error):  # noqa: S301
        assert twin.mistakes == error.mistakes
        assert str(twin) == str(error)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("gzpi", "did you mean 'gzip'?", id="letters swapped"),
        pytest.param("GZIP", "did you mean 'gzip'?", id="case"),
        pytest.param("basic-auth", "did you mean 'basic_auth'?", id="dash"),
        pytest.param("ratelimit", "did you mean 'Rate-Limit'?", id="as the candidate is written"),
        pytest.param("bas", "did you mean 'basic_auth'?", id="beginning of a name"),
        pytest.param("ba", "choose from Rate-Limit, basic_auth, gzip", id="two letters are no beginning"),
        pytest.param("zstd", "choose from Rate-Limit, basic_auth, gzip", id="nothing near"),
        pytest.param("", "choose from Rate-Limit, basic_auth, gzip", id="empty"),
    ],
)
def test_says_what_was_perhaps_meant(name: str, expected: str) -> None:
    assert suggest(name, iter(["gzip", "basic_auth", "Rate-Limit", "gzip"])) == expected


@pytest.mark.parametrize(
    ("name", "candidate"),
    [
        ("gzpi", "gzip"),
        ("gzap", "gzip"),
        ("lgo", "log"),
        ("smal", "small"),
        ("formt", "format"),
        ("compres", "compress"),
    ],
)
def test_recognizes_a_short_name_with_one_slip(name: str, candidate: str) -> None:
    assert suggest(name, [candidate]) == f"did you mean {candidate!r}?"


@pytest.mark.parametrize(
    ("name", "candidate"), [("cors", "compress"), ("auth", "path"), ("csrf", "cors"), ("etag", "stage"), ("x", "y")]
)
def test_suggests_no_other_name_for_a_short_one(name: str, candidate: str) -> None:
    assert suggest(name, [candidate]) == f"choose from {candidate}"


def test_means_the_name_that_is_written_alike_before_one_in_capitals() -> None:
    assert suggest("ap", ["App", "app"]) == "did you mean 'app'?"


def test_says_nothing_where_there_is_nothing() -> None:
    assert suggest("gzip", []) == ""


@given(st.text(), st.lists(st.text(max_size=5), min_size=1))
def test_names_only_what_there_is(name: str, candidates: list[str]) -> None:
    said = suggest(name, candidates)
    assert said in {f"did you mean {each!r}?" for each in candidates} | {
        f"choose from {', '.join(sorted(set(candidates)))}"
    }


def test_collects_mistakes_to_raise_them_at_once() -> None:
    mistakes = Mistakes()
    mistakes.raise_if_any()
    with mistakes.collect():
        raise ConfigError(Mistake("one"), Mistake("two"))
    mistakes.append(Mistake("three"))
    with pytest.raises(ConfigError) as caught:
        mistakes.raise_if_any()
    assert [each.problem for each in caught.value.mistakes] == ["one", "two", "three"]


def test_gives_what_it_catches_a_key_and_a_place_unless_it_has_them() -> None:
    mistakes = Mistakes()
    here, there = Where("here.ini", 1), Where("there.ini", 2)
    with mistakes.collect("key", here):
        raise ConfigError(Mistake("one"), Mistake("two", key="own", where=there), Mistake("three", where=there))
    assert mistakes == [
        Mistake("one", key="key", where=here),
        Mistake("two", key="own", where=there),
        Mistake("three", key="key", where=there),
    ]


def test_keeps_the_first_cause_that_was_no_mistake() -> None:
    mistakes = Mistakes()
    causes = (None, OSError("first"), OSError("second"))
    for cause in causes:
        inner = ConfigError(Mistake("it fails"))
        inner.__cause__ = cause
        with mistakes.collect():
            raise ConfigError(Mistake("it fails")) from inner
    with pytest.raises(ConfigError) as caught:
        mistakes.raise_if_any()
    assert caught.value.__cause__ is causes[1]


class BrokenError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("broken as well")


@pytest.mark.parametrize(
    ("error", "expected"),
    [(OSError("no disk"), "OSError: no disk"), (OSError(), "OSError"), (BrokenError(), "BrokenError")],
)
def test_describes_an_error_by_its_type_and_message(error: Exception, expected: str) -> None:
    assert describe_error(error) == expected


def test_forgets_what_was_handled_before_an_error() -> None:
    handled, first, second, third = ValueError("secret"), KeyError(), OSError(), RuntimeError()
    first.__context__, second.__context__, third.__context__ = handled, first, first
    third.__cause__ = second
    forget_handled(third, handled)
    assert [each.__context__ for each in (third, second, first)] == [first, first, None]


def test_forgets_the_handled_error_in_a_group() -> None:
    handled, inner = ValueError("secret"), OSError()
    inner.__context__ = handled
    forget_handled(ExceptionGroup("two", [KeyError(), ExceptionGroup("one", [inner])]), handled)
    assert inner.__context__ is None


def test_forgets_nothing_of_a_circle_of_errors() -> None:
    one, other = ValueError(), KeyError()
    one.__cause__, other.__cause__ = other, one
    one.__context__ = other.__context__ = OSError()
    forget_handled(one, None)
    assert one.__context__ is other.__context__ is not None


def test_describes_a_value_by_its_type() -> None:
    values: list[object] = ["hidden", None, 5, True, [], {}, date(2026, 1, 2), datetime(2026, 1, 2, tzinfo=UTC), b""]
    assert [describe_type(each) for each in values] == [
        "is text",
        "missing value",
        "is a number",
        "is true or false",
        "is a list",
        "is a table",
        "is a date",
        "is a date",
        "is of type bytes",
    ]


def test_a_text_and_a_list_are_no_mappings() -> None:
    check_mappings(users={"ada": "lovelace"}, others={})
    with pytest.raises(ConfigError) as raised:
        check_mappings(users="ada:lovelace", others=[("a", "b")], more=None)
    assert str(raised.value).splitlines() == [
        "users: is text; expected a mapping",
        "others: is a list; expected a mapping",
        "more: missing value; expected a mapping",
    ]


def test_a_text_is_not_a_list() -> None:
    check_lists(names=["text"], others=(), more={"a": "b"})
    with pytest.raises(ConfigError) as raised:
        check_lists(names="text", others=[], more="", number=5, missing=None)
    assert str(raised.value).splitlines() == [
        "names: is text; expected a list; write ['text']",
        "more: is text; expected a list; write ['']",
        "number: is a number; expected a list",
        "missing: missing value; expected a list",
    ]


def test_a_count_is_a_whole_number() -> None:
    check_counts(sizes=0, others=10**30)
    check_counts("bytes", 5, size=5)
    with pytest.raises(ConfigError) as raised:
        check_counts("bytes", 5, size=4, half=5.0, truth=True, text="6")
    assert str(raised.value).splitlines() == [
        "size: invalid value 4; expected 5 bytes or more",
        "half: invalid value 5.0; expected 5 bytes or more",
        "truth: invalid value True; expected 5 bytes or more",
        "text: invalid value '6'; expected 5 bytes or more",
    ]
    with pytest.raises(ConfigError, match=r"^users: invalid value -1; expected 0 or more$"):
        check_counts(users=-1)


def test_a_duration_is_finite_and_not_negative() -> None:
    check_durations(age=0, interval=1.5)
    wrong = {"negative": -1, "infinite": inf, "unknown": nan, "truth": True, "text": "5m", "missing": None}
    with pytest.raises(ConfigError) as raised:
        check_durations(**wrong)
    assert [(each.key, each.value) for each in raised.value.mistakes] == [*wrong.items()]
    assert {each.expected for each in raised.value.mistakes} == {"0 seconds or more"}
    assert str(raised.value).splitlines()[0] == "negative: invalid value -1; expected 0 seconds or more"
