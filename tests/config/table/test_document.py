"""Configurations as tables: what their keys mean."""

from pathlib import Path

import pytest
from webtest import TestApp as Browser

from tests.config import factories
from tests.config.written import MODULE, find_mistakes, greeting, read, read_answer, write
from wsgistack import Gzip, Spec, Where, config, load
from wsgistack.config import open_document
from wsgistack.config.place import Place

FILE = "stack.toml"
APP = f'app = "{MODULE}:greet"\n'


def test_builds_an_application_with_its_layers(folder: Path) -> None:
    write(
        f"""app = "{MODULE}:greet"
layers = [
    "request-id",
    {{ use = "{MODULE}:marking", mark = "a", times = 2 }},
    {{ use = "{MODULE}:marking", name = "again", mark = "100% %(here)s" }},
]
""",
        FILE,
    )
    assert greeting(FILE) == "hello a a 100% %(here)s"
    assert repr(read(FILE).pipeline).endswith(", 'name': 'again', 'mark': '100% %(here)s'}])")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(APP, id="without layers"),
        pytest.param(f"\ufeff{APP}layers = []\r\n", id="byte order mark and CRLF"),
        pytest.param(f'[app]\nuse = "{MODULE}:greet"', id="table"),
    ],
)
def test_needs_an_application_only(text: str, folder: Path) -> None:
    write(text, FILE)
    assert greeting(FILE) == "hello"


def test_options_reach_a_factory(folder: Path) -> None:
    write(f'[app]\nuse = "call:{MODULE}:make_app"\nlevel = 5\n', FILE)
    assert read_answer(file=FILE)["options"] == {"level": 5}
    assert read_answer(file=FILE)["global"] == {"here": str(folder), "__file__": str(folder / FILE)}


def test_paths_are_relative_to_the_file(folder: Path) -> None:
    (folder / "sub").mkdir()
    write(f'{APP}[[layers]]\nuse = "{MODULE}:filed"\nfile = "a"\nother = "/b"\n', "sub/stack.toml")
    assert greeting("sub/stack.toml") == f"hello {folder}/sub/a /b"


def test_uses_middlewares_of_other_projects(folder: Path) -> None:
    (folder / "style.css").write_text("p {}")
    write(
        f"""{APP}
[[layers]]
use = "werkzeug.middleware.proxy_fix:ProxyFix"
x_host = 1

[[layers]]
use = "whitenoise:WhiteNoise"
root = '{folder}'
prefix = "static"
immutable_file_test = '^.+\\.css$'
""",
        FILE,
    )
    browser = Browser(load(FILE))
    assert "immutable" in browser.get("/static/style.css").headers["Cache-Control"]
    assert browser.get("/", headers={"X-Forwarded-Host": "real"}).request.environ["HTTP_HOST"] == "real"


MANY = f"""
layers = [{{ use = "call:{MODULE}:make_filter", mark = "top" }}]

[mounts]
"/" = "main page"
"/api" = "api"

[global]
site = "s"
debug = true
level = 5

[apps."main page"]
app = {{ use = "call:{MODULE}:make_app", title = "home" }}

[apps.api]
layers = [{{ use = "paste.filter_app_factory:{MODULE}:filter_app", mark = "api" }}]
app = {{ use = "main page", version = 2 }}

[apps.api.global]
site = "api's"

[servers.main]
use = "egg:waitress#main"
port = 8080
"""


def test_holds_several_applications(folder: Path) -> None:
    write(MANY, FILE)
    browser = Browser(load(FILE))
    conf = {"here": str(folder), "__file__": str(folder / FILE), "site": "s", "debug": "true", "level": "5"}
    assert browser.get("/x").json == {"global": conf, "marks": ["s:top"], "options": {"title": "home"}}
    api = {
        "global": {**conf, "site": "api's"},
        "marks": ["s:top", "api's:api"],
        "options": {"title": "home", "version": 2},
    }
    assert browser.get("/api/x").json == api
    assert read_answer("api", FILE) == {**api, "marks": ["api's:api"]}
    assert find_mistakes(FILE) == []


def test_passed_values_override_the_file(folder: Path) -> None:
    write(MANY, FILE)
    passed = {"site": "passed", "new": "n"}
    globals_of = Browser(load(FILE, "main page", global_conf=passed)).get("/").json["global"]
    assert (globals_of["site"], globals_of["new"], globals_of["level"]) == ("passed", "n", "5")


def test_uses_the_server_that_it_names(folder: Path) -> None:
    write(MANY + f'[servers.other]\nuse = "call:{MODULE}:make_server"\nport = "1"\n', FILE)
    served = config.load_server(FILE, "other")(factories.greet)
    assert served == (
        {"here": str(folder), "__file__": str(folder / FILE), "site": "s", "debug": "true", "level": "5"},
        {"port": "1"},
        factories.greet,
    )
    assert config.load_server(FILE, f"paste.server_runner:{MODULE}:run_server")(factories.greet) == "ran"


def test_holds_real_objects_in_python() -> None:
    table = {
        "layers": [Gzip, Spec(factories.marking, {"mark": "spec"}), {"use": factories.marking, "mark": "m"}],
        "mounts": {"/a": factories.greet, "/b": "b"},
        "apps": {"b": {"app": {"use": factories.greet}}},
    }
    browser = Browser(load(table))
    assert browser.get("/a").text == browser.get("/b").text == "hello spec m"
    assert [spec.name for spec in config.read(open_document(table)).pipeline] == [
        "Gzip",
        "marking",
        "marking",
    ]


def test_fills_in_references_in_names(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAYER", "gzip")
    text = f"""
app = "${{env:UNSET_APP:-call:{MODULE}:make_app}}"
layers = ["${{env:LAYER}}", {{ use = "${{env:LAYER}}", level = 3 }}]

[apps.other]
app = {{ use = "${{env:UNSET_APP:-call:{MODULE}:make_app}}", title = "home" }}

[servers.main]
use = "${{env:UNSET_SERVER:-egg:waitress}}"
"""
    write(text, FILE)
    assert find_mistakes(FILE) == []
    stack = read(FILE)
    assert list(stack.pipeline) == [Spec("gzip"), Spec("gzip", {"level": 3})]
    assert [each.name for each in stack.pipeline] == ["gzip", "gzip"]
    assert open_document(FILE).server("main", Place(Where())).use == "egg:waitress"
