"""Common slips in a configuration, and what was meant."""

import pytest

from wsgistack.config.hints import add_hints, make_kind_error, make_unknown_error, split_slip, suggest_key
from wsgistack.config.place import Place
from wsgistack.config.protocols import APP_PROTOCOLS, FILTER_PROTOCOLS, SERVER_PROTOCOLS
from wsgistack.errors import ConfigError, Mistake, Where

COMMENT = ("the value includes a comment", "write the comment on its own line")
SETTING = (
    "the value includes the setting 'level'",
    "an indented line continues the setting above; remove the indentation",
)


@pytest.mark.parametrize(
    ("value", "meant", "slip"),
    [
        pytest.param("gzip app  # from outside", "gzip app", COMMENT, id="comment"),
        pytest.param("shop:app ; mine", "shop:app", COMMENT, id="semicolon"),
        pytest.param("gzip # one\napp # two", "gzip \napp", COMMENT, id="comments on several lines"),
        pytest.param("shop:app\nlevel = 5", "shop:app", SETTING, id="indented setting"),
        pytest.param("shop:app\nlevel: 5", "shop:app", SETTING, id="indented setting with a colon"),
        pytest.param('"shop:app"', "shop:app", ("the value has quotes", "write it without quotes"), id="quotes"),
        pytest.param("egg:Shop#main", "egg:Shop#main", ("", ""), id="name after a hash"),
        pytest.param("gzip\nshop:app", "gzip\nshop:app", ("", ""), id="several lines"),
    ],
)
def test_splits_a_slip_from_what_was_meant(value: str, meant: str, slip: tuple[str, str]) -> None:
    assert split_slip(value) == (meant, *slip)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("6 ; six", COMMENT, id="comment"),
        pytest.param("6\nlevel = 9", SETTING, id="indented setting"),
        pytest.param("six", ("x", ""), id="neither"),
        pytest.param("\na = 1", ("x", ""), id="mapping"),
        pytest.param("a = 1\nb = 2", ("x", ""), id="mapping from the first line on"),
        pytest.param("a#b", ("x", ""), id="hash in a word"),
    ],
)
def test_adds_what_may_be_wrong_with_a_value(value: str, expected: tuple[str, str]) -> None:
    with pytest.raises(ConfigError) as caught, add_hints({"a": value}):
        raise ConfigError(Mistake("x", key="a"), Mistake("y", key="a", hint="own"), Mistake("z", key="other"))
    assert [(each.problem, each.hint) for each in caught.value.mistakes] == [expected, ("y", "own"), ("z", "")]


def test_a_comment_matters_more_than_a_similar_word() -> None:
    with pytest.raises(ConfigError) as caught, add_hints({"a": "/x # all"}):
        raise ConfigError(
            Mistake("x", key="a", expected="y", hint="did you mean '/#'?"), Mistake("z", key="a", hint="own")
        )
    assert [each.hint for each in caught.value.mistakes] == [COMMENT[1], "own"]


@pytest.mark.parametrize(
    ("given", "protocols", "hint"),
    [
        pytest.param(["level", "ues"], APP_PROTOCOLS, "did you mean 'use' instead of 'ues'?", id="misspelt"),
        pytest.param(
            ["paste.ap_factory"],
            APP_PROTOCOLS,
            "did you mean 'paste.app_factory' instead of 'paste.ap_factory'?",
            id="protocol",
        ),
        pytest.param([], APP_PROTOCOLS, "write use = module:application, egg:…, call:… or ", id="application"),
        pytest.param(["level"], FILTER_PROTOCOLS, "write use = a layer, egg:…, call:… or ", id="filter"),
        pytest.param(["port"], SERVER_PROTOCOLS, "write use = egg:…, call:… or a section name", id="server"),
    ],
)
def test_suggests_a_key(given: list[str], protocols: tuple[str, ...], hint: str) -> None:
    assert suggest_key(given, protocols).startswith(hint)


@pytest.mark.parametrize(
    ("key", "found", "message"),
    [
        pytest.param("use", "a filter", "'x' is a filter; expected an application", id="filter"),
        pytest.param("use", "an application", "'x' is an application; expected a filter", id="application"),
        pytest.param("pipeline", "a filter", "'x' is a filter; expected an application as the last name", id="last"),
        pytest.param(
            "pipeline", "an application", "'x' is an application; expected a filter before the last name", id="not last"
        ),
    ],
)
def test_reports_a_part_of_another_kind(key: str, found: str, message: str) -> None:
    assert str(make_kind_error("x", found, Place(Where(), key))) == f"{key}: {message}"


@pytest.mark.parametrize(
    ("name", "key", "known", "message"),
    [
        pytest.param("shpo", "", ["shop"], "unknown application 'shpo'; did you mean 'shop'?", id="misspelt"),
        pytest.param("a.b", "", ["shop"], "unknown application 'a.b'; did you mean 'a:b'?", id="dot"),
        pytest.param("a.b()", "", ["shop"], "unknown application 'a.b()'; did you mean 'a:b()'?", id="dot and call"),
        pytest.param(
            "hello.py",
            "app",
            ["main"],
            "app: unknown application 'hello.py'; expected module:attribute, such as hello:application",
            id="file",
        ),
        pytest.param(
            "./shop/hello.py",
            "app",
            [],
            "app: unknown application './shop/hello.py'; expected module:attribute, such as hello:application",
            id="path of a file",
        ),
        pytest.param("x", "", [], "unknown application 'x'", id="another name than main"),
        pytest.param("main", "", ["shop"], "missing application 'main'; choose from shop", id="no main"),
        pytest.param("main", "", [], "missing key 'app'; expected app = \"module:application\"", id="nothing"),
        pytest.param(
            "x",
            "app",
            [],
            "app: unknown application 'x'; expected module:application, egg:…, call:…",
            id="nothing else",
        ),
    ],
)
def test_reports_an_unknown_application(name: str, key: str, known: list[str], message: str) -> None:
    assert str(make_unknown_error(name, Place(Where(), key), known)).startswith(message)


def test_names_the_sections_that_would_describe_an_application() -> None:
    assert str(make_unknown_error("main", Place(Where()), [], has_sections=True)) == (
        "missing application or pipeline 'main'; expected a section [app:main] or [pipeline:main]"
    )
