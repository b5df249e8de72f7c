"""PasteDeploy's protocols: which factory a name means, how it is called, and what its options are."""

from pathlib import Path
from typing import Annotated, Any

import pytest

from tests.config.written import MODULE
from tests.strangers import install
from wsgistack import ConfigError
from wsgistack.config.protocols import (
    APP_PROTOCOLS,
    FILTER_PROTOCOLS,
    SERVER_PROTOCOLS,
    PasteFactory,
    find_factory,
    find_layer,
    is_factory,
)
from wsgistack.options.schema import read_schema
from wsgistack.types import Secret


@pytest.mark.parametrize(
    ("uri", "protocols", "options"),
    [
        (f"call:{MODULE}:make_app", APP_PROTOCOLS, {}),
        ("paste.composite_factory:wsgistack.pipeline.mount:composite_factory", APP_PROTOCOLS, {}),
        ("call:builtins:dict", FILTER_PROTOCOLS, {}),
        (f"call:{MODULE}:make_filter", FILTER_PROTOCOLS, {"mark": Any}),
        (f"paste.filter_app_factory:{MODULE}:filter_app", FILTER_PROTOCOLS, {}),
        (f"call:{MODULE}:make_server", SERVER_PROTOCOLS, {"port": Any}),
        (f"paste.server_runner:{MODULE}:run_server", SERVER_PROTOCOLS, {}),
        (f"call:{MODULE}:make_secret", APP_PROTOCOLS, {"key": Annotated[Any, Secret]}),
    ],
)
def test_finds_a_factory_and_its_options(uri: str, protocols: tuple[str, ...], options: dict[str, object]) -> None:
    made = find_factory(uri, protocols, {})
    assert is_factory(uri)
    assert {name: option.annotation for name, option in read_schema(made).options.items()} == options


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("call:gzip", "'gzip' is not an import string; expected package.module:attribute"),
        ("paste.app_factory:x", "'x' is not an import string; expected package.module:attribute"),
        (
            "paste.app_factory:x:y",
            "a paste.app_factory cannot be used here; expected paste.filter_factory or paste.filter_app_factory",
        ),
        (
            f"call:{MODULE}:not_callable",
            f"'{MODULE}:not_callable' is not callable; expected a callable that takes the app",
        ),
        (
            f"call:{MODULE}:nothing",
            f"cannot call '{MODULE}:nothing': too many positional arguments; expected a pa",
        ),
        (
            f"call:{MODULE}:greet",
            f"'{MODULE}:greet' is an application; expected a paste.filter_factory, called with global_conf and",
        ),
        (
            f"call:{MODULE}:filter_app",
            f"'{MODULE}:filter_app' takes app and global_conf first; expected a paste.filter_factory",
        ),
        (
            f"paste.filter_app_factory:{MODULE}:make_filter",
            f"'{MODULE}:make_filter' takes global_conf and mark first; expected a paste.filter_app_factory",
        ),
        (
            "egg:wsgistack#mount",
            "'mount' of wsgistack is an application; expected a layer",
        ),
    ],
)
def test_reports_a_wrong_factory(uri: str, expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        find_factory(uri, FILTER_PROTOCOLS, {})
    assert str(caught.value).startswith(expected)


@pytest.mark.parametrize(
    ("uri", "protocols", "option", "hint"),
    [
        (
            "paste.filter_factory:wsgistack:Gzip",
            FILTER_PROTOCOLS,
            "app",
            "for a middleware, write use = wsgistack:Gzip",
        ),
        ("call:wsgistack:Gzip", FILTER_PROTOCOLS, "app", "for a middleware, write use = wsgistack:Gzip"),
        (
            f"paste.filter_app_factory:{MODULE}:Wrapper",
            FILTER_PROTOCOLS,
            "depth",
            f"for a middleware, write use = {MODULE}:Wrapper",
        ),
        (
            f"call:{MODULE}:Application",
            APP_PROTOCOLS,
            "import_name",
            f"write {MODULE}:Application() to call it with the options alone",
        ),
    ],
)
def test_refuses_to_pass_global_conf_as_an_option(uri: str, protocols: tuple[str, ...], option: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        find_factory(uri, protocols, {})
    [mistake] = caught.value.mistakes
    assert mistake.problem.endswith(f"would take global_conf as {option}")
    assert mistake.hint == hint


@pytest.mark.parametrize("name", ["conf", "global_config", "cfg", "settings", "_"])
def test_accepts_global_conf_under_another_usual_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = eval(f"lambda app, {name}: app")  # noqa: S307
    monkeypatch.setattr(f"{MODULE}.Wrapper", made)
    assert find_factory(f"paste.filter_app_factory:{MODULE}:Wrapper", FILTER_PROTOCOLS, {}).factory is made


def test_an_egg_names_the_layer_of_one_of_two_distributions(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one", "two"):
        factory = "marking" if name == "one" else "filed"
        points = f"[wsgistack.middleware]\nsa-me = {MODULE}:{factory} [extra]\n{name} = {MODULE}:filed\n"
        install(folder, monkeypatch, f"acme-{name}", points)
    assert find_layer("egg:acme-one#sa-me", {}).use == f"{MODULE}:marking"
    with pytest.raises(ConfigError, match="several distributions register a layer 'sa_me'"):
        find_layer("sa_me", {})


def test_factories_get_plain_text_except_for_composites(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUSH", "hushed")
    seen: list[Any] = []

    def factory(*arguments: Any) -> Any:
        seen.extend(each for each in arguments if isinstance(each, dict))
        return lambda app: app

    for protocol in (*APP_PROTOCOLS, *FILTER_PROTOCOLS, *SERVER_PROTOCOLS):
        PasteFactory("x", factory, protocol, {"a": "${env:HUSH}"})(None)
        assert seen[-1] == {"a": "hushed"}
        assert (type(seen[-1]["a"]) is str) == ("composit" not in protocol)
    assert len(seen) == 7


def test_suggests_the_protocol_that_fits() -> None:
    with pytest.raises(ConfigError, match=r"; write paste\.filter_app_factory instead of call$"):
        find_factory(f"call:{MODULE}:filter_app", FILTER_PROTOCOLS, {})
    with pytest.raises(ConfigError, match=r"; write paste\.filter_factory instead of paste\.filter_app_factory$"):
        find_factory(f"paste.filter_app_factory:{MODULE}:make_filter", FILTER_PROTOCOLS, {})
    made = find_factory(f"paste.filter_app_factory:{MODULE}:filter_app", FILTER_PROTOCOLS, {})
    assert made.protocol == "paste.filter_app_factory"
