"""Spec: one layer as it is configured, found, fitted, built and shown."""

import copy
import pickle
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any, cast

import pytest

from tests.direct import answering
from tests.strangers import install
from wsgistack import AccessLog, BasicAuth, ConfigError, Gzip, Mistake, Pipeline, RequestId, Spec, Where
from wsgistack.types import App, Secret

APP = answering([b"hello"])
PLACE = Where("stack.ini", 3, "[filter:small]")


def said(error: pytest.ExceptionInfo[ConfigError]) -> list[str]:
    return [str(each) for each in error.value.mistakes]


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        pytest.param("gzip", Spec("gzip"), id="name"),
        pytest.param("json:dumps", Spec("json:dumps", name="json:dumps"), id="import string"),
        pytest.param(Gzip, Spec(Gzip, name="Gzip"), id="class"),
        pytest.param({"use": "gzip"}, Spec("gzip"), id="mapping"),
        pytest.param({"use": "gzip", "name": "small", "types": []}, Spec("gzip", {"types": []}, "small"), id="options"),
        pytest.param(Spec("gzip", name="small"), Spec("gzip", name="small"), id="Spec"),
    ],
)
def test_is_made_of_an_item(item: Any, expected: Spec) -> None:
    made = Spec.of(item, 2)
    assert made == expected
    assert hash(made) == hash(expected)
    assert made.where.section == f"layer 2 ({expected.name})"


def test_keeps_the_place_in_its_file() -> None:
    assert Spec.of(Spec("gzip", where=PLACE), 7).where == PLACE


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        pytest.param(5, "layer 2: is a number; expected a name, an import string, ", id="number"),
        pytest.param([{"users": "hidden"}], "layer 2: is a list; expected a name, an import", id="list"),
        pytest.param({}, "layer 2 use: missing value; expected a name, an import string or a callable", id="nothing"),
        pytest.param({"use": ["hidden"]}, "layer 2 use: is a list; expected a name, an import", id="use"),
        pytest.param({"use": "gzip", "name": 5}, "layer 2 name: is a number; expected text", id="name"),
        pytest.param({"use": "gzip", "options": "hidden"}, "layer 2 options: is text; expected a mapping", id="o"),
        pytest.param({"use": "gzip", 5: "hidden"}, "layer 2 options: is a table; expected a mapping", id="key"),
    ],
)
def test_refuses_invalid_items_without_their_values(item: Any, expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Spec.of(item, 2)
    assert str(caught.value).startswith(expected)
    assert "hidden" not in str(caught.value)


def labelled(label: str, app: App, /, *, word: str = "") -> App:
    return app


def test_names_an_object_by_its_type_and_hides_its_contents() -> None:
    layer = partial(labelled, "hidden")
    assert Spec(layer).name == "partial"
    with pytest.raises(ConfigError) as caught:
        Spec(layer, {"wrd": 5}).check()
    assert said(caught) == ["wrd: unknown option of partial; did you mean 'word'?"]


def test_takes_the_options_of_a_partial_for_its_own() -> None:
    spec = Spec(partial(BasicAuth, users={"ada": "hidden"}, realm="a"), {"realm": "b"})
    assert (spec.use, spec.name) == (BasicAuth, "BasicAuth")
    assert spec.options == {"users": {"ada": "hidden"}, "realm": "b"}
    assert "hidden" not in repr(Pipeline([partial(BasicAuth, users={"ada": "hidden"})]))
    with pytest.raises(ConfigError) as caught:
        Spec(partial(cast("Any", BasicAuth), usrs={"ada": "hidden"})).check()
    assert said(caught)[0] == "usrs: unknown option of BasicAuth; did you mean 'users'?"


def test_its_options_are_its_own() -> None:
    given: dict[str, object] = {"minimum_size": 5}
    spec = Spec("gzip", given)
    given["minimum_size"] = 6
    assert spec.options == {"minimum_size": 5}


def test_converts_its_options_and_leaves_the_old_alone() -> None:
    spec = Spec("access_log", {"file": "log"})
    assert replace(spec, base=Path("/srv")).check().options == {"file": Path("/srv/log")}
    assert spec.options == {"file": "log"}


def test_places_each_mistake_in_its_line() -> None:
    options = {"minimum_siz": "5", "levels": "9"}
    spec = Spec("gzip", options, where=PLACE, lines={"minimum_siz": 4})
    with pytest.raises(ConfigError) as caught:
        spec.check()
    assert said(caught) == [
        "stack.ini:4: [filter:small] minimum_siz: unknown option of Gzip; did you mean 'minimum_size'?",
        "stack.ini:3: [filter:small] levels: unknown option of Gzip; did you mean 'level'?",
    ]


def refusing(app: App) -> App:
    raise ConfigError(Mistake("no good", key="level"))


def failing(app: App) -> App:
    raise OSError("no disk")


@pytest.mark.parametrize(
    ("spec", "mistake"),
    [
        pytest.param(Spec("gzpi"), "use: unknown layer 'gzpi'; did you mean 'gzip'?", id="no layer"),
        pytest.param(Spec("access_log", {"format": "%Q"}), "format: ", id="refused by the layer"),
        pytest.param(Spec(refusing, lines={"level": 8}), "level: no good", id="refused by a stranger"),
        pytest.param(Spec(failing), "cannot build failing: OSError: no disk", id="fails"),
        pytest.param(
            Spec(lambda app: 5, name="five"),  # type: ignore[arg-type,return-value]
            "five returns a value of type int; expected a WSGI application",
            id="makes no application",
        ),
        pytest.param(Spec(lambda: APP, name="x"), "test_spec.<lambda> takes no application", id="takes no application"),
    ],
)
def test_says_why_it_can_not_be_built(spec: Spec, mistake: str) -> None:
    with pytest.raises(ConfigError) as caught:
        replace(spec, where=PLACE).build(APP)
    (message,) = said(caught)
    assert message.startswith(f"stack.ini:{8 if 'level' in mistake else 3}: [filter:small]")
    assert mistake.removeprefix("test_spec.") in message


def test_builds_a_layer() -> None:
    layer = Spec("gzip", {"minimum_size": "1 kB"}).build(APP)
    assert isinstance(layer, Gzip)
    assert (layer.app, layer.minimum_size) == (APP, 1000)


@pytest.mark.parametrize(
    ("spec", "shown"),
    [
        pytest.param(Spec("gzip"), "'gzip'", id="name"),
        pytest.param(Spec("gzip", name="small"), "{'use': 'gzip', 'name': 'small'}", id="own name"),
        pytest.param(Spec("gzip", {"level": 9}), "{'use': 'gzip', 'level': 9}", id="options"),
        pytest.param(Spec(Gzip), repr(Gzip), id="class"),
        pytest.param(
            Spec("basic_auth", {"users": {"ann": "hidden"}, "realm": "here"}),
            "{'use': 'basic_auth', 'users': '<secret>', 'realm': 'here'}",
            id="secret",
        ),
        pytest.param(
            Spec("basic_auth", {"users": {"ann": "${env:ANN}", "bob": "hidden"}}),
            "{'use': 'basic_auth', 'users': '<secret>'}",
            id="secret beside a reference",
        ),
        pytest.param(
            Spec("basic_auth", {"users": {"ann": "${env:ANN}"}}),
            "{'use': 'basic_auth', 'users': {'ann': '${env:ANN}'}}",
            id="reference",
        ),
        pytest.param(
            Spec(BasicAuth, {"user": {"ann": "hidden"}}),
            f"{{'use': {BasicAuth!r}, 'user': '<secret>'}}",
            id="secret under a misspelt name",
        ),
        pytest.param(
            Spec("basic-aut", {"users": {"ann": "hidden"}}),
            "{'use': 'basic-aut', 'users': '<secret>'}",
            id="secret of nobody knows what",
        ),
        pytest.param(Spec(partial, {"level": 9}), f"{{'use': {partial!r}, 'level': 9}}", id="open signature"),
    ],
)
def test_reads_as_the_item_and_hides_secrets(spec: Spec, shown: str) -> None:
    assert repr(spec) == shown


def test_hides_a_secret_in_what_it_says() -> None:
    def layer(app: App, *, key: Annotated[int, Secret] | None = None) -> App:
        return app

    with pytest.raises(ConfigError) as caught:
        Spec(layer, {"key": "hidden"}).build(APP)
    assert "hidden" not in str(caught.value)


def test_knows_where_a_layer_belongs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # a name that a stranger registers is another one than that of the module where the class stands
    points = "[wsgistack.middleware]\nown = belonging_a:layer\nother = belonging_a:other\n"
    source = """
from types import MappingProxyType

def layer(app): return app
layer.__module__ = "belonging_a.inner"

def other(app): return app
other.must_be_inside = MappingProxyType({"own": "so it is", "request_id": "and so", "gzip.types": "too"})
other.must_be_outside = "no mapping"
"""
    install(tmp_path, monkeypatch, "acme", points, belonging_a=source)
    assert Spec("other").belongs("must_be_inside", Spec("own")) == "so it is"
    assert Spec("other").belongs("must_be_inside", Spec("request-id", name="ids")) == "and so"
    assert Spec("other").belongs("must_be_inside", Spec(RequestId)) == "and so"
    assert Spec("other").belongs("must_be_inside", Spec("gzip")) == ""
    assert Spec("other").belongs("must_be_inside", Spec("gzip", {"level": 0, "types": ["text/html"]})) == "too"
    assert Spec("other").belongs("must_be_inside", Spec("gzip", {"types": []})) == ""
    assert Spec("other").belongs("must_be_outside", Spec("gzip")) == ""
    assert Spec(AccessLog).belongs("must_be_outside", Spec(lambda app: app)) == ""


def test_names_at_once_what_does_not_fit_and_what_the_layer_refuses() -> None:
    options = {"trust": "maybe", "maximum_length": 0, "header": "a b"}
    with pytest.raises(ConfigError) as caught:
        Spec("request_id", options).check()
    assert {each.key for each in caught.value.mistakes} == {"trust", "maximum_length", "header"}


def test_omits_mistakes_that_follow_from_another() -> None:
    for options in ({"users": 3}, {"header": "X", "gibberish": 1}):
        use = "basic_auth" if "users" in options else "request_id"
        with pytest.raises(ConfigError) as caught:
            Spec(use, options).check()
        assert len(caught.value.mistakes) == 1


def test_ignores_a_factory_that_fails_without_an_option() -> None:
    def needing(app: App, /, *, size: int) -> App:
        return app

    with pytest.raises(ConfigError) as caught:
        Spec(needing, {"size": "x"}).check()
    assert [each.key for each in caught.value.mistakes] == ["size"]


def test_can_be_copied_and_pickled() -> None:
    spec = Spec("gzip", {"level": 9}, "small", {"path": "/a"}, Where("a.ini", 3), {"level": 4}, Path("/srv"))
    for other in (copy.deepcopy(spec), pickle.loads(pickle.dumps(spec))):  # noqa: S301
        assert (other, other.where, other.lines, other.base) == (spec, spec.where, spec.lines, spec.base)


unpicklable = lambda app: app  # noqa: E731 - a function with another name than its attribute


def test_a_layer_that_was_looked_up_can_be_pickled() -> None:
    spec = Spec(f"{__name__}:unpicklable")
    assert spec.factory() is unpicklable
    assert pickle.loads(pickle.dumps(spec)).factory() is unpicklable  # noqa: S301


def test_a_copy_with_another_use_is_looked_up_again() -> None:
    spec = Spec("gzip")
    assert spec.factory() is Gzip
    assert replace(spec, use="request_id").factory() is RequestId


def test_refuses_a_number_as_use() -> None:
    with pytest.raises(ConfigError, match="expected a name, an import string or a callable"):
        Spec(3)  # type: ignore[arg-type]


def named(app: App, *, name: str = "nobody") -> App:
    return app


def test_refuses_a_key_of_a_mapping_that_is_an_option_too() -> None:
    expected = (
        "layer 1 (ada) name: belongs to the layer itself, but named has an option 'name', too; "
        "write options = { name = … }, or options = {}"
    )
    with pytest.raises(ConfigError) as caught:
        Pipeline([{"use": named, "name": "ada"}]).wrap(APP)
    assert said(caught) == [expected]
    assert Pipeline([{"use": named, "name": "ada", "options": {"name": "ada"}}]).wrap(APP) is APP
    assert Pipeline([{"use": named, "name": "ada", "options": {}}]).wrap(APP) is APP
    assert Spec(named, name="ada").build(APP) is APP, "what names the layer without doubt"
