"""The pages of the layers on the site, which an extension of Sphinx writes."""

import re
import sys
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
from passlib.hash import bcrypt

from tests.pages import read_snippets
from wsgistack.cli import main
from wsgistack.config import load
from wsgistack.options.schema import read_schema
from wsgistack.pipeline import registry

DOCS = Path(__file__).parent.parent / "docs"
HASH = bcrypt.using(rounds=4).hash("lovelace")
LAYERS = [name for name in registry.names() if registry.find(name).__module__.startswith("wsgistack.")]


@pytest.fixture(scope="module")
def extension() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(DOCS / "_extensions")
        yield import_module("layers")
        del sys.modules["layers"]


@pytest.fixture(scope="module")
def folder(extension: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "layers"
    extension.write_pages(folder)
    return folder


def test_each_layer_has_a_page_that_the_list_links(folder: Path) -> None:
    assert {page.stem for page in folder.iterdir()} == {"index", *LAYERS}
    index = (folder / "index.rst").read_text("utf-8")
    assert [name for name in LAYERS if f":doc:`{name}`\n" not in index] == []


def test_does_not_write_a_page_again_that_is_the_same(extension: ModuleType, folder: Path) -> None:
    times = {page: page.stat().st_mtime_ns for page in folder.iterdir()}
    extension.write_pages(folder)
    assert {page: page.stat().st_mtime_ns for page in folder.iterdir()} == times


@pytest.mark.parametrize("name", LAYERS)
def test_says_what_the_command_list_says(name: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = " ".join((folder / f"{name}.rst").read_text("utf-8").split())
    main(["list", name])
    said = capsys.readouterr().out
    for option in read_schema(registry.find(name)).options.values():
        assert f"``{option.name}`` - *{option.type_name}*: {option.doc} Default: ``" in page
        assert f"  {option.name} " in said
    if options := read_schema(registry.find("auth")).options["certificate"].inner * (name == "auth"):
        assert all(f"``certificate.{option.name}``" in page for option in options)


@pytest.mark.parametrize("name", LAYERS)
def test_has_examples_in_all_formats_and_all_sections(name: str, folder: Path) -> None:
    page = folder / f"{name}.rst"
    languages = {snippet.language for snippet in read_snippets(page)}
    assert {"python", "toml", "ini"} <= languages
    text = page.read_text("utf-8")
    for title in ("Options", "Place in a pipeline", "What it changes", "Cost"):
        assert f"\n{title}\n{'-' * len(title)}\n" in text
    assert ":param" not in text
    assert ":raises" not in text


@pytest.mark.parametrize("name", LAYERS)
def test_the_examples_in_toml_are_right(
    name: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = ModuleType("shop.version")
    vars(shop)["find_build"] = lambda environ: "1.2"
    for module in ("shop", "shop.version"):
        monkeypatch.setitem(sys.modules, module, shop)
    (tmp_path / "users.htpasswd").write_text(f"ada:{HASH}\n")
    (tmp_path / "denied.txt").write_text("192.0.2.0/24\n")
    (tmp_path / "public").mkdir()
    (tmp_path / "errors").mkdir()
    (tmp_path / "errors" / "4xx.html").touch()
    for snippet in read_snippets(folder / f"{name}.rst"):
        if snippet.language == "toml":
            file = tmp_path / "stack.toml"
            text = re.sub("/var/log/site|/etc/site", str(tmp_path), snippet.text)
            file.write_text(f'app = "wsgiref.simple_server:demo_app"\n{text}', "utf-8")
            load(file)


def test_converts_sections_of_an_ini_file(extension: ModuleType) -> None:
    ini = "[filter:uploads]\nuse = body_limit\nmax_size = 1 GiB\n\n[filter:gzip]\nwhen_under = /a\n"
    assert extension.convert_to_toml(ini) == (
        "layers = [\n"
        '    { use = "body_limit", max_size = 1073741824 },\n'
        '    { use = "gzip", when = { under = ["/a"] } },\n'
        "]"
    )


def test_writes_a_long_mapping_as_a_table_of_its_own(extension: ModuleType) -> None:
    paths = {f"{status}": f"/errors/of/the/status/{status}" for status in range(401, 405)}
    ini = "[filter:error_documents]\npaths =\n" + "".join(f"  {each} = {path}\n" for each, path in paths.items())
    written = tomllib.loads(extension.convert_to_toml(ini))
    assert written == {"layers": [{"use": "error_documents", "paths": paths}]}
    assert "\n\n[layers.paths]\n" in extension.convert_to_toml(ini)


def test_breaks_a_long_call_only(extension: ModuleType) -> None:
    assert extension.break_call("Gzip(app)") == "Gzip(app)"
    long = f"Gzip(app, types={['text/html'] * 12})"
    assert extension.break_call(long) == f"Gzip(\n    app,\n    types={['text/html'] * 12},\n)"


def test_takes_the_end_of_a_docstring_apart(extension: ModuleType) -> None:
    said = "Cost tier T1; T2 for files. Place it outside. Inside too. Not needed with nginx. Not for files."
    parts = ("Cost tier T1; T2 for files.", "Place it outside. Inside too.", "Not needed with nginx. Not for files.")
    assert extension.split_sentences(said) == parts
    assert extension.split_sentences("It depends.") == ("", "It depends.", "")
