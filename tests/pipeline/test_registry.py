"""The registry: names of layers, whoever registers them."""

from pathlib import Path

import pytest

from tests.strangers import install
from wsgistack import Compress, Gzip
from wsgistack.errors import ConfigError
from wsgistack.pipeline import registry

LAYER = "def layer(app): return app"


@pytest.mark.parametrize("use", ["gzip", "wsgistack.middleware.compress:Gzip", "wsgistack:Gzip"])
def test_finds_a_layer_by_name_and_by_import_string(use: str) -> None:
    assert registry.find(use) is Gzip


def test_takes_a_hyphen_for_an_underscore() -> None:
    assert registry.find("request-id") is registry.find("request_id")


@pytest.mark.parametrize(
    ("use", "said"),
    [
        pytest.param("gzpi", "unknown layer 'gzpi'; did you mean 'gzip'?", id="misspelt"),
        pytest.param("Request-Ids", "unknown layer 'Request-Ids'; did you mean 'request_id'?", id="other case"),
        pytest.param(
            "json:__doc__", "'json:__doc__' is not callable; expected a callable that takes the app", id="no callable"
        ),
        pytest.param(":", "':' is not an import string", id="no import string"),
    ],
)
def test_says_what_is_wrong_with_a_name(use: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        registry.find(use)
    assert str(caught.value).startswith(said)


def test_lists_the_layers_when_none_is_like_the_name() -> None:
    with pytest.raises(ConfigError, match=f"choose from {', '.join(sorted(registry.names()))}"):
        registry.find("qqqqq")


def test_strangers_register_by_entry_points(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    points = "[wsgistack.middleware]\nan-own = registered_a:layer\nextra = registered_a : layer [more]\n"
    install(tmp_path, monkeypatch, "acme", points, registered_a=LAYER)
    for name in ("an-own", "an_own", "extra"):
        assert registry.find(name).__module__ == "registered_a"
    assert registry.name_of(registry.find("extra")) == "an_own"
    assert "gzip" in registry.names()


def test_a_name_of_two_distributions_needs_an_import_string(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in ("one", "two"):
        points = f"[wsgistack.middleware]\nsame = registered_{number}:layer\n"
        install(tmp_path, monkeypatch, f"acme-{number}", points, **{f"registered_{number}": LAYER})
    with pytest.raises(ConfigError) as caught:
        registry.find("same")
    assert str(caught.value) == (
        "several distributions register a layer 'same'; "
        "write its import string instead: registered_one:layer or registered_two:layer"
    )
    assert registry.find("registered_two:layer").__module__ == "registered_two"


def test_a_distribution_that_is_seen_twice_counts_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    points = "[wsgistack.middleware]\nseen = registered_b:layer\n"
    install(tmp_path, monkeypatch, "acme", points, registered_b=LAYER)
    install(tmp_path, monkeypatch, "acme-copy", points)
    assert registry.find("seen").__module__ == "registered_b"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        pytest.param("no such thing!", "'nosuchthing!' is not an import string", id="malformed"),
        pytest.param("registered_c", "'registered_c' is not an import string", id="module"),
        pytest.param("registered_c:gone", "module 'registered_c' has no attribute 'gone'", id="gone"),
    ],
)
def test_a_broken_entry_point_harms_nobody_else(
    value: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, "acme", f"[wsgistack.middleware]\nbroken = {value}\n", registered_c=LAYER)
    with pytest.raises(ConfigError, match=said):
        registry.find("broken")
    assert registry.find("gzip") is Gzip
    assert registry.name_of(Compress) == "compress"


def test_knows_the_name_of_what_is_registered() -> None:
    assert registry.name_of(Gzip) == "gzip"
    assert registry.name_of(lambda app: app) == ""


def test_finds_the_entry_points_of_an_egg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, "acme", "[one]\nmain = a:b\n[two]\nother = c:d\nmain = e:f\n")
    assert registry.egg_entry_point("acme", ("one", "two")).value == "a:b"
    assert registry.egg_entry_point("acme#", ("two", "one")).value == "e:f"
    assert registry.egg_entry_point("acme#other", ("one", "two")).value == "c:d"


@pytest.mark.parametrize(
    ("egg", "said"),
    [
        ("wsgistak#gzip", "distribution 'wsgistak' is not installed; did you mean 'wsgistack'?"),
        ("", "distribution '' is not installed"),
        ("wsgistack", "'main' of wsgistack is a server; expected a layer; choose from access_log, "),
        ("wsgistack#gzpi", "wsgistack has no entry point 'gzpi' in paste.filter_app_factory; did you mean 'gzip'?"),
    ],
)
def test_says_what_is_wrong_with_an_egg(egg: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "half_removed-1.0.dist-info").mkdir()  # such leftovers have no name
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigError) as caught:
        registry.egg_entry_point(egg, ("paste.filter_app_factory",))
    assert str(caught.value).startswith(said)
