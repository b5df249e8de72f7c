"""Slips in ini files: what is meant by a value, and what does not belong to it."""

import pytest

from wsgistack.config.hints import hint_of_use, meant, no_application, of_other_kind, parted, with_hints
from wsgistack.config.place import Place
from wsgistack.config.protocols import APP_PROTOCOLS, FILTER_PROTOCOLS, SERVER_PROTOCOLS
from wsgistack.errors import ConfigError, Mistake, Where

OWN_LINE = "a comment needs a line of its own"
INDENTED = "a line that is indented goes on with the one above"


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        pytest.param("gzip app  # from outside", ("gzip app", "# from outside", OWN_LINE), id="comment"),
        pytest.param("shop:app ; mine", ("shop:app", "; mine", OWN_LINE), id="semicolon"),
        pytest.param("gzip # one\napp # two", ("gzip \napp", "# one", OWN_LINE), id="comments on several lines"),
        pytest.param("shop:app\nlevel = 5", ("shop:app", "level = 5", INDENTED), id="indented setting"),
        pytest.param("shop:app\nlevel: 5", ("shop:app", "level: 5", INDENTED), id="indented setting with a colon"),
        pytest.param('"shop:app"', ("shop:app", '"shop:app"', "write it without quotes"), id="quotes"),
        pytest.param("egg:Shop#main", ("egg:Shop#main", "", ""), id="name after a hash"),
        pytest.param("gzip\nshop:app", ("gzip\nshop:app", "", ""), id="several lines"),
        pytest.param("a #b", ("a #b", "", ""), id="name that there is"),
        pytest.param("gzip #filter app", ("gzip #filter app", "", ""), id="name that there is in a list"),
    ],
)
def test_parts_what_is_meant_from_what_is_not(value: str, parts: tuple[str, str, str]) -> None:
    assert parted(value, ["a #b", "#filter"]) == parts


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        pytest.param("6 ; six", OWN_LINE, id="comment"),
        pytest.param("6\nlevel = 9", INDENTED, id="indented setting"),
        pytest.param("six", "", id="neither"),
        pytest.param("\na = 1", "", id="mapping"),
        pytest.param("a = 1\nb = 2", "", id="mapping from the first line on"),
        pytest.param("a#b", "", id="hash in a word"),
    ],
)
def test_hints_at_what_is_perhaps_wrong_with_a_value(value: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught, with_hints({"a": value}):
        raise ConfigError(Mistake("x", key="a"), Mistake("y", key="a", hint="own"), Mistake("z", key="other"))
    assert [each.hint for each in caught.value.mistakes] == [hint, "own", ""]


def test_a_comment_behind_a_value_goes_before_what_its_words_are_like() -> None:
    with pytest.raises(ConfigError) as caught, with_hints({"a": "/x # all"}):
        raise ConfigError(
            Mistake("x", key="a", expected="y", hint="did you mean '/#'?"), Mistake("z", key="a", hint="own")
        )
    assert [each.hint for each in caught.value.mistakes] == [OWN_LINE, "own"]


@pytest.mark.parametrize(
    ("uri", "hint"),
    [
        pytest.param("eg:Shop#main", "did you mean 'egg:Shop#main'?", id="egg"),
        pytest.param("cal:shop:make", "did you mean 'call:shop:make'?", id="call"),
        pytest.param("confg:other.ini", "did you mean 'config:other.ini'?", id="config"),
        pytest.param("egg:Shop", "", id="right"),
        pytest.param("json:dumps", "", id="module"),
        pytest.param("calc", "", id="no scheme"),
        pytest.param("e/gg:Shop", "", id="no word"),
    ],
)
def test_knows_schemes_that_are_misspelt(uri: str, hint: str) -> None:
    assert meant(uri) == hint


@pytest.mark.parametrize(
    ("given", "protocols", "hint"),
    [
        pytest.param(["level", "ues"], APP_PROTOCOLS, "did you mean it by 'ues'?", id="misspelt"),
        pytest.param(["paste.ap_factory"], APP_PROTOCOLS, "did you mean it by 'paste.ap_factory'?", id="protocol"),
        pytest.param([], APP_PROTOCOLS, "use = module:application, egg:…, call:… or a section", id="application"),
        pytest.param(["level"], FILTER_PROTOCOLS, "use = a layer, egg:…, call:… or a section", id="filter"),
        pytest.param(["port"], SERVER_PROTOCOLS, "use = egg:…, call:… or a section", id="server"),
    ],
)
def test_says_what_to_use(given: list[str], protocols: tuple[str, ...], hint: str) -> None:
    assert hint_of_use(given, protocols) == hint


@pytest.mark.parametrize(
    ("key", "found", "said"),
    [
        pytest.param("use", "a filter", "'x' is a filter; expected an application", id="filter"),
        pytest.param("use", "an application", "'x' is an application; expected a filter", id="application"),
        pytest.param(
            "pipeline", "a filter", "'x' is a filter; the last of a pipeline has to be an application", id="last"
        ),
        pytest.param(
            "pipeline", "an application", "'x' is an application; only the last of a pipeline may be one", id="not last"
        ),
    ],
)
def test_says_what_has_to_be_there(key: str, found: str, said: str) -> None:
    assert str(of_other_kind("x", found, Place(Where(), key))) == f"{key}: {said}"


@pytest.mark.parametrize(
    ("name", "known", "sections", "said"),
    [
        pytest.param("shpo", ["shop"], None, "no application 'shpo'; did you mean 'shop'?", id="misspelt"),
        pytest.param("a.b", ["shop"], None, "no application 'a.b'; did you mean 'a:b'?", id="dot for a colon"),
        pytest.param("main", [], None, "no application 'main'", id="nothing"),
        pytest.param(
            "main",
            [],
            ["app main"],
            "no application or pipeline 'main'; did you mean it by [app main]?",
            id="section without a colon",
        ),
        pytest.param(
            "main",
            [],
            ["apple"],
            "no application or pipeline 'main'; expected a section [app:main] or [pipeline:main]",
            id="no section",
        ),
    ],
)
def test_says_that_there_is_no_application(name: str, known: list[str], sections: list[str] | None, said: str) -> None:
    assert str(no_application(name, Place(Where()), known, sections)) == said
