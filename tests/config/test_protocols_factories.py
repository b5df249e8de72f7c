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
    is_factory,
    paste_factory,
    used,
)
from wsgistack.options.schema import read_schema
from wsgistack.types import Secret


@pytest.mark.parametrize(
    ("uri", "protocols", "options"),
    [
        (f"call:{MODULE}:make_app", APP_PROTOCOLS, {}),
        (f"paste.composite_factory:{MODULE}:filter_app", APP_PROTOCOLS, {}),
        ("call:builtins:dict", FILTER_PROTOCOLS, {}),
        (f"call:{MODULE}:make_filter", FILTER_PROTOCOLS, {"mark": Any}),
        (f"paste.filter_app_factory:{MODULE}:filter_app", FILTER_PROTOCOLS, {}),
        (f"call:{MODULE}:make_server", SERVER_PROTOCOLS, {"port": Any}),
        (f"paste.server_runner:{MODULE}:run_server", SERVER_PROTOCOLS, {}),
        (f"call:{MODULE}:make_secret", APP_PROTOCOLS, {"key": Annotated[Any, Secret]}),
    ],
)
def test_finds_a_factory_and_its_options(uri: str, protocols: tuple[str, ...], options: dict[str, object]) -> None:
    made = paste_factory(uri, protocols, {})
    assert is_factory(uri)
    assert {name: option.annotation for name, option in read_schema(made).options.items()} == options


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("call:gzip", "'gzip' is not an import string; expected package.module:attribute"),
        ("paste.app_factory:x", "'x' is not an import string; expected package.module:attribute"),
        (
            "paste.app_factory:x:y",
            "paste.app_factory makes something else; expected paste.filter_factory or paste.filter",
        ),
        (
            f"call:{MODULE}:not_callable",
            f"'{MODULE}:not_callable' is not callable; expected a callable that takes the app",
        ),
        (
            f"call:{MODULE}:nothing",
            f"'{MODULE}:nothing' can't be called so: too many positional arguments; expected a pa",
        ),
        (
            f"call:{MODULE}:greet",
            f"'{MODULE}:greet' is an application; expected a paste.filter_factory, called with global_conf and",
        ),
        (
            "egg:wsgistack#mount",
            "wsgistack has no entry point 'mount' in paste.filter_factory or paste.filter_app_fact",
        ),
    ],
)
def test_says_why_there_is_no_such_factory(uri: str, expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        paste_factory(uri, FILTER_PROTOCOLS, {})
    assert str(caught.value).startswith(expected)


def test_an_egg_names_the_layer_of_a_distribution_though_another_has_the_same(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two"):
        factory = "marking" if name == "one" else "filed"
        points = f"[wsgistack.middleware]\nsa-me = {MODULE}:{factory} [extra]\n{name} = a:b\n"
        install(folder, monkeypatch, f"acme-{name}", points)
    assert used("egg:acme-one#sa-me", {}) == f"{MODULE}:marking"
    assert used("egg:acme-two#two", {}) == "two"
    with pytest.raises(ConfigError, match="several distributions register a layer 'sa_me'"):
        used("sa_me", {})


def test_gives_plain_text_to_factories_but_to_composites(monkeypatch: pytest.MonkeyPatch) -> None:
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
