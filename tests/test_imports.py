"""Import strings: what they give, and what is said of those that give nothing."""

import json
from pathlib import Path

import pytest

from wsgistack.errors import ConfigError
from wsgistack.imports import import_object


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("json:dumps", json.dumps, id="function"),
        pytest.param("json.decoder:JSONDecoder", json.JSONDecoder, id="in a submodule"),
        pytest.param("json:JSONDecoder.decode", json.JSONDecoder.decode, id="attribute of an attribute"),
    ],
)
def test_gives_what_is_named(text: str, expected: object) -> None:
    assert import_object(text) is expected


@pytest.mark.parametrize(
    "text", ["", ":", "json", "json:", ":dumps", "js on:dumps", "json:dumps:x", "json..x:y", "1:2"]
)
def test_says_what_an_import_string_looks_like(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        import_object(text)
    assert str(caught.value) == f"{text!r} is no import string; expected package.module:attribute"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("wsgistak:load", "no module 'wsgistak'; did you mean 'wsgistack'?", id="package"),
        pytest.param("json.decoda:x", "no module 'json.decoda'; did you mean 'decoder'?", id="submodule"),
        pytest.param("json.decoder.deep:x", "no module 'json.decoder.deep'", id="below what is no package"),
        pytest.param("qqqqqqqqqqqq:x", "no module 'qqqqqqqqqqqq'", id="like nothing there is"),
        pytest.param("json:dumpss", "no 'dumpss' in json; did you mean 'dumps'?", id="attribute"),
        pytest.param("json:JSONDecoder.decod", "no 'decod' in json; did you mean 'decode'?", id="deep attribute"),
    ],
)
def test_names_the_nearest_right_name(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        import_object(text)
    assert str(caught.value) == said
    assert caught.value.mistakes[0].value == text


@pytest.mark.parametrize(
    ("source", "said"),
    [
        pytest.param("1 / 0", "ZeroDivisionError: division by zero", id="raises"),
        pytest.param("def", "SyntaxError: ", id="is no Python"),
        pytest.param("raise SystemExit(0)", "SystemExit: 0", id="exits"),
        pytest.param("import qqqqq", "ModuleNotFoundError: No module named 'qqqqq'", id="needs what is missing"),
        pytest.param("def __getattr__(name): raise ImportError('no ' + name)", "ImportError: no thing", id="lazy"),
    ],
)
def test_tells_why_a_module_fails(
    source: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    module = f"failing_{request.node.callspec.id.replace(' ', '_')}"
    (tmp_path / f"{module}.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigError) as caught:
        import_object(f"{module}:thing")
    assert str(caught.value).startswith(f"importing '{module}' failed: {said}")
    assert caught.value.__cause__ is not None
