"""The start imports only what is used."""

import json
import subprocess
import sys

import pytest

HEAVY = {"asyncio", "configparser", "http", "importlib.metadata", "inspect", "json", "logging", "tomllib", "webob"}


def imported_by(code: str) -> set[str]:
    code = f"import sys\n{code}\nmodules = list(sys.modules)\nimport json\nprint(json.dumps(modules))"
    shown = subprocess.run([sys.executable, "-I", "-c", code], check=True, capture_output=True, text=True).stdout
    return set(json.loads(shown))


def test_imports_no_module_of_the_package_but_itself() -> None:
    bare, ours = imported_by(""), imported_by("import wsgistack")
    assert not (ours - bare) & HEAVY
    assert {name for name in ours - bare if name.startswith("wsgistack")} == {"wsgistack"}


@pytest.mark.parametrize(
    ("name", "spared"),
    [
        pytest.param("Middleware", HEAVY - {"http"}, id="the base of a middleware"),
        pytest.param("RequestId", {"webob", "tomllib", "importlib.metadata"}, id="a layer without answers"),
        pytest.param("Pipeline", {"webob", "tomllib", "configparser"}, id="a pipeline without layers"),
        pytest.param("load", {"webob"}, id="a configuration without layers"),
    ],
)
def test_imports_only_what_a_name_needs(name: str, spared: set[str]) -> None:
    assert not (imported_by(f"import wsgistack; wsgistack.{name}") - imported_by("")) & spared
