"""Spec: nothing that is secret is shown, nor told in an error or in what led to it."""

import signal
import sys
import traceback
from pathlib import Path
from typing import Annotated, Any

import pytest

from tests.direct import answering
from wsgistack import ConfigError, Mistake, Pipeline, Spec
from wsgistack.types import App, Secret

APP = answering([b"hello"])
SECRET = "hus'h"


def layer(
    app: App, /, *, key: Annotated[str | int | None, Secret] = None, public: Any = None, at: Path = Path()
) -> App:
    """A layer that tells all it knows when it fails."""
    raise ValueError(f"no {key} {public} {at} {[key, public]}")


def refusing(app: App, /, *, key: Annotated[str, Secret] = "", public: Any = None, size: int = 0) -> App:
    """A layer that tells all it knows in a mistake."""
    raise ConfigError(
        Mistake(f"no {key} {public}", key="public", value=public, expected=f"not {key}", hint=f"not {public!r}")
    )


def open_layer(app: App, /, **options: Any) -> App:
    raise ValueError(f"no {options}")


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("HUSH", SECRET)
    monkeypatch.setenv("TWO", '["hus\'h", "other"]')
    monkeypatch.setenv("PAIRS", "ann = hus'h")
    (tmp_path / "hush").write_text(f"{SECRET}\n")
    return tmp_path


SPECS = [
    pytest.param(Spec(layer, {"key": SECRET}), id="secret option"),
    pytest.param(Spec(layer, {"key": 7654321}), id="secret number"),
    pytest.param(Spec(layer, {"public": "${env:HUSH}"}), id="reference"),
    pytest.param(Spec(layer, {"public": "<${file:hush}>"}), id="reference to a file"),
    pytest.param(Spec(layer, {"at": "${env:HUSH}"}), id="path from a reference"),
    pytest.param(Spec(layer, {"public": ["a", {"b": "${env:HUSH}"}]}), id="reference in a list"),
    pytest.param(Spec(layer, {"public": {"${env:HUSH}": "b"}}), id="reference in a name"),
    pytest.param(Spec(refusing, {"key": SECRET}), id="refused secret"),
    pytest.param(Spec(refusing, {"public": "${env:HUSH}"}), id="refused reference"),
    pytest.param(Spec(refusing, {"key": SECRET, "size": "x"}), id="refused beside what does not fit"),
    pytest.param(
        Spec(refusing, {"public": "${env:HUSH}", "size": "x"}), id="refused reference beside what does not fit"
    ),
    pytest.param(Spec(refusing, {"size": "${env:HUSH}"}), id="of a wrong type"),
    pytest.param(Spec(refusing, {"key": [SECRET]}), id="secret of a wrong type"),
    pytest.param(Spec(open_layer, {"key": "${env:HUSH}"}), id="option that is not declared"),
    pytest.param(Spec("gzip", {"codings": "${env:TWO}"}), id="list"),
    pytest.param(Spec("basic_auth", {"users": "${env:PAIRS}", "realm": "${env:HUSH}\n"}), id="two of them"),
    pytest.param(Spec("gzip", when={"path": "${env:HUSH:}"}), id="condition"),
    pytest.param(Spec("gzip", when={"method": "${env:HUSH}"}), id="condition of a wrong form"),
    pytest.param(Spec("${env:HUSH}"), id="use, which is no place for a reference"),
]


@pytest.mark.parametrize("spec", SPECS)
def test_shows_no_secret(spec: Spec, folder: Path) -> None:
    spec = Spec(spec.use, spec.options, when=spec.when, base=folder)
    shown = [repr(spec), repr(Pipeline([spec]))]
    texts = {name: str(value) for name, value in spec.options.items()}

    def parse(app: App) -> App:
        return Spec(spec.use, base=folder).parse(texts).build(app)

    for work in (spec.build, Pipeline([spec]).wrap, lambda app: spec.check().build(app), parse):
        try:
            shown.append(repr(work(APP)))
        except ConfigError as error:
            shown += [str(error), repr(error), *traceback.format_exception(error)]
    told = "\n".join(shown)
    assert "hus" not in told.replace("hush}", "")
    assert "7654321" not in told


def test_takes_it_for_a_mistake_when_a_layer_ends_the_process() -> None:
    def leaving(app: App, /, *, key: Annotated[str, Secret] = "") -> App:
        raise SystemExit(f"no {key}")

    with pytest.raises(ConfigError) as caught:
        Spec(leaving, {"key": SECRET}).build(APP)
    assert str(caught.value).startswith("cannot build leaving: SystemExit (")
    with pytest.raises(ConfigError):
        Spec(leaving, {"kye": SECRET}).check()


def test_a_signal_ends_the_process_while_a_layer_is_built() -> None:
    def slow(app: App, /, *, key: Annotated[str, Secret] = "") -> App:
        signal.raise_signal(signal.SIGTERM)
        return app

    before = signal.signal(signal.SIGTERM, lambda *arguments: sys.exit(1))
    try:
        with pytest.raises(SystemExit):
            Spec(slow, {"key": SECRET}).build(APP)
        with pytest.raises(SystemExit):
            Spec(slow, {"kye": SECRET}).check()
    finally:
        signal.signal(signal.SIGTERM, before)


def test_shows_values_that_are_not_secret() -> None:
    with pytest.raises(ConfigError) as caught:
        Spec(layer, {"public": "told"}).build(APP)
    assert str(caught.value).startswith("cannot build layer: ValueError: no None told . [None, 'told'] (")
    assert isinstance(caught.value.__cause__, ValueError), "the way to a fault is kept where it holds no secret"


def test_keeps_references_as_they_are_written() -> None:
    spec = Spec("basic_auth", {"users": "${env:PAIRS}", "realm": "<${env:HUSH}>"})
    assert repr(spec.check()) == "{'use': 'basic_auth', 'users': '${env:PAIRS}', 'realm': '<${env:HUSH}>'}"


@pytest.mark.parametrize(
    ("users", "shown"),
    [
        pytest.param("${env:PAIRS}", True, id="a reference"),
        pytest.param("\n ann = ${env:HUSH}\n bob = ${file:hush}", True, id="references under names"),
        pytest.param({"ann": ["${env:HUSH}", "${env:HUSH:-}"]}, True, id="references in a list"),
        pytest.param("\n ann = ${env:HUSH}\n bob = hush}", False, id="a secret under another name"),
        pytest.param({"ann": "hush}${env:HUSH}"}, False, id="a secret before a reference"),
        pytest.param({"ann": "${env:HUSH:-hush}"}, False, id="a secret as the default"),
        pytest.param({"ann": "$${env:HUSH}"}, False, id="an escaped reference"),
        pytest.param({"ann": 7654321}, False, id="a number"),
    ],
)
def test_shows_a_secret_option_that_is_nothing_but_references(users: object, shown: bool) -> None:
    assert repr(Spec("basic_auth", {"users": users})) == repr(
        {"use": "basic_auth", "users": users if shown else "<secret>"}
    )


def test_hides_a_name_in_a_secret_text() -> None:
    assert Spec(layer, {"key": "hush = ${env:HUSH}"}).shown() == {"key": "<secret>"}
