"""Keeping secrets out of what people are shown."""

import traceback
from pathlib import Path

import pytest

from wsgistack import ConfigError, Mistake
from wsgistack.options.secrets import hide_secrets, iterate_texts, redact_mistake


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("hidden", {"hidden"}, id="text"),
        pytest.param(b"hidden\xff", {"hidden\ufffd"}, id="bytes"),
        pytest.param(12345, {"12345"}, id="number"),
        pytest.param(Path("/srv"), {"/srv"}, id="path"),
        pytest.param({"ann": ("one", ["two"])}, {"one", "two"}, id="mapping of lists"),
        pytest.param(len, set(), id="what is imported"),
        pytest.param("", set(), id="nothing"),
    ],
)
def test_finds_every_text_that_may_turn_up(value: object, expected: set[str]) -> None:
    assert set(iterate_texts(value, names=False)) == expected


def test_finds_the_names_of_mappings_where_they_are_secret_as_well() -> None:
    assert set(iterate_texts([{"ann": {"bob": "hidden"}}], names=True)) == {"ann", "bob", "hidden"}


def test_replaces_every_hidden_text_the_longest_first() -> None:
    mistake = Mistake("no hush", key="key", value="hushed", expected="hushed or hush", hint="not hush!")
    assert redact_mistake({"hush", "hushed"}, mistake) == Mistake(
        "no <secret>", key="key", value=None, expected="<secret> or <secret>", hint="not <secret>!"
    )


def test_keeps_words_that_contain_a_short_secret_by_chance() -> None:
    told = redact_mistake({"b", "$1", "a.c"}, Mistake("can't be built: b, 'b', $1, $12, a.c, abc"))
    assert told.problem == "can't be built: <secret>, '<secret>', <secret>, $12, <secret>, abc"


def test_changes_nothing_where_nothing_is_hidden() -> None:
    mistake = Mistake("no ab", key="key", value="abc")
    assert redact_mistake((), mistake) == mistake


def fail(error: Exception, *hidden: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught, hide_secrets(hidden, "it fails"):
        raise error
    return caught.value


def test_reports_the_failure_and_keeps_the_cause() -> None:
    cause = OSError("no disk")
    error = fail(cause)
    assert str(error).startswith("it fails: OSError: no disk (")
    assert error.__cause__ is cause


def test_hides_secrets_also_in_what_led_to_the_error() -> None:
    for cause in (OSError("no hush"), ConfigError(Mistake("no hush", value="hush"))):
        error = fail(cause, "hush")
        assert "hush" not in "".join(traceback.format_exception(error))
        assert "hush" not in repr(error)
        assert str(error).partition(" (")[0] in ("it fails: OSError", "no <secret>")


def test_lets_a_server_exit() -> None:
    with hide_secrets({"hush"}, "it fails"):
        pass
    with pytest.raises(KeyboardInterrupt), hide_secrets({"hush"}, "it fails"):
        raise KeyboardInterrupt
    with pytest.raises(SystemExit), hide_secrets({"hush"}, "it fails", may_exit=True):
        raise SystemExit(3)
