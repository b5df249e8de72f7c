"""The anatomy of a layer: its names, its signature, its docs and its registrations."""

import inspect
import pkgutil
import re
from collections.abc import Collection, Sequence
from importlib import import_module
from importlib.metadata import distribution
from io import IOBase
from types import UnionType
from typing import get_args, get_origin
from wsgiref.simple_server import demo_app
from wsgiref.util import setup_testing_defaults

import pytest

from tests.stacks import OPTIONS
from wsgistack import middleware, peers, pipeline
from wsgistack.base import Middleware
from wsgistack.errors import ConfigError
from wsgistack.exchange import Exchange
from wsgistack.middleware.auth.layer import AuthLayer
from wsgistack.options.schema import read_schema
from wsgistack.pipeline import registry
from wsgistack.pipeline.spec import Spec
from wsgistack.testing.lint import Lint
from wsgistack.types import Changes

POINTS = distribution("wsgistack").entry_points
NAMES = [point.name for point in POINTS.select(group=registry.GROUP)]
PEERS = {*peers.CORS, *peers.FORWARDING, *peers.READING_ADDRESSES}
ALIASES = {"gzip": "compress"}
CLASSES = {"api_key": "ApiKeyAuth"}  # ApiKey is the scheme
HOMES = {
    "api_key": "wsgistack.middleware.auth.api_key",
    "bearer_auth": "wsgistack.middleware.auth.bearer",
    "basic_auth": "wsgistack.middleware.auth.basic",
    "gzip": "wsgistack.middleware.compress",
    "lint": "wsgistack.testing.lint",
}


def layer(name: str) -> type[Middleware] | type[Lint]:
    found = registry.find(name)
    assert isinstance(found, type)
    # lint belongs to the kit, which judges all layers and so does not use their base
    assert issubclass(found, Lint if name == "lint" else Middleware)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_name_file_and_class_agree(name: str) -> None:
    assert layer(name).__name__ == CLASSES.get(name, "".join(part.title() for part in name.split("_")))
    assert layer(name).__module__ == HOMES.get(name, f"wsgistack.middleware.{name}")


@pytest.mark.parametrize("name", NAMES)
def test_takes_the_application_by_position_and_annotated_options_by_keyword(name: str) -> None:
    app, *options = inspect.signature(layer(name)).parameters.values()
    assert app.kind is inspect.Parameter.POSITIONAL_ONLY
    for option in options:
        assert option.kind is inspect.Parameter.KEYWORD_ONLY, option
        assert option.annotation is not inspect.Parameter.empty, option
        assert option.default is not inspect.Parameter.empty, option


@pytest.mark.parametrize("name", NAMES)
def test_refuses_a_text_in_the_place_of_a_list(name: str) -> None:
    for option in read_schema(layer(name)).options.values():
        members = get_args(option.annotation) if isinstance(option.annotation, UnionType) else (option.annotation,)
        if {*map(get_origin, members)} & {Collection, Sequence, list, tuple}:
            with pytest.raises(ConfigError) as raised:
                registry.find(name)(demo_app, **{**OPTIONS.get(name, {}), option.name: "text"})
            assert any(mistake.key == option.name for mistake in raised.value.mistakes), option.name


@pytest.mark.parametrize("name", NAMES)
def test_documents_each_option_and_no_other(name: str) -> None:
    documented = re.findall(r"^ *:param (\w+):", layer(name).__doc__ or "", re.MULTILINE)
    assert documented == list(read_schema(layer(name)).options)
    assert all(option.doc for option in read_schema(layer(name)).options.values())


@pytest.mark.parametrize("name", NAMES)
def test_documents_what_an_operator_needs(name: str) -> None:
    for part in (":raises ConfigError:", "Cost tier T", "Place it"):
        assert part in (layer(name).__doc__ or "")


@pytest.mark.parametrize("name", NAMES)
def test_shows_an_example_in_python_and_ini(name: str) -> None:
    doc = inspect.cleandoc(layer(name).__doc__ or "")  # Python 3.13 strips the indentation itself
    assert re.search(rf"^ {{4}}(app(lication)? = )?{layer(name).__name__}\(\s*app", doc, re.MULTILINE)
    section = rf"^ {{4}}\[filter:\w+\]\n {{4}}use = egg:wsgistack#{name}\n((?: {{4}}\w+ = .*\n)*)"
    example = re.search(section, doc, re.MULTILINE)
    assert example
    settings = dict(re.findall(r"(\w+) = (.*)", example[1]))
    assert Spec(name).parse(settings).name == name


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ALIASES])
def test_documents_when_not_to_use_it(name: str) -> None:
    assert re.search(r"\bNot (needed|for)\b", layer(name).__doc__ or "")


@pytest.mark.parametrize("name", NAMES)
def test_declares_its_place_relative_to_existing_layers(name: str) -> None:
    places = layer(name).must_be_inside, layer(name).must_be_outside, layer(name).must_not_be_with
    named = {other for place in places for other in place}
    for other in named & {f"{name}.{option}" for name in NAMES for option in Spec(name).schema().options}:
        named = named - {other} | {other.partition(".")[0]}
    conditions = {other for other in named if re.match(r"when\.(scheme|environ\..+)", other)}
    assert {other for other in named - conditions if ":" not in other} <= {*NAMES, "changes.answers", "changes.errors"}
    assert {other for other in named if ":" in other} <= PEERS


@pytest.mark.parametrize("name", NAMES)
def test_declares_its_changes(name: str) -> None:
    changes = layer(name).changes
    assert isinstance(changes, Changes)
    assert changes.headers == {header.lower() for header in changes.headers}


@pytest.mark.parametrize("name", NAMES)
def test_shows_itself_by_its_options(name: str) -> None:
    assert repr(Spec(name, OPTIONS.get(name, {})).build(demo_app)).startswith(
        f"{layer(name).__name__}(<function demo_app "
    )


@pytest.mark.parametrize("name", NAMES)
def test_changes_nothing_on_the_instance_while_it_serves(name: str) -> None:
    built = Spec(name, OPTIONS.get(name, {})).build(demo_app)
    before = dict(vars(built))
    for path in ("/", "/other"):
        environ = {"PATH_INFO": path}
        setup_testing_defaults(environ)
        list(built(environ, lambda *_: lambda _: None))
    assert vars(built) == before


def test_each_layer_is_registered_for_paste_deploy() -> None:
    registered = {point.name: point.value for point in POINTS.select(group="paste.filter_app_factory")}
    assert registered == {name: f"wsgistack.config.protocols:{name}" for name in NAMES}


PARTS = [
    part
    for package in (middleware, pipeline)
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    for part in vars(import_module(found.name)).values()
    if inspect.isclass(part) and part.__module__ == found.name
]
EXCHANGES = [part for part in PARTS if issubclass(part, Exchange)]


def test_all_layers_are_registered() -> None:
    public = {part for part in PARTS if issubclass(part, Middleware) and not part.__name__.startswith("_")}
    assert public == {layer(name) for name in NAMES} - {Lint} | {AuthLayer}


def test_some_layers_have_an_exchange() -> None:
    assert {"CompressExchange", "_Guarded", "_Logged"} <= {kind.__name__ for kind in EXCHANGES}


@pytest.mark.parametrize("kind", EXCHANGES)
def test_leaves_the_way_of_a_response_to_the_exchange(kind: type[Exchange]) -> None:
    for name in ("run", "begin", "release", "write", "__iter__", "close"):
        method = getattr(kind, name)  # a copy, which has the name and the module of the original
        assert method.__name__ == name
        assert method.__module__.startswith("wsgistack.exchange")
    assert not hasattr(kind, "__next__")


def test_no_other_class_makes_a_body() -> None:
    for part in PARTS:
        if not issubclass(part, (Exchange, IOBase)):
            assert not hasattr(part, "__next__"), part
            assert not (hasattr(part, "__iter__") and hasattr(part, "close")), part
