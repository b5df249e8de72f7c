"""The pages of the layers on the site, which an extension of Sphinx writes."""

import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any
from wsgiref.simple_server import demo_app

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from docutils import nodes
from passlib.hash import bcrypt

from tests.pages import read_page, read_snippets
from wsgistack.cli import main
from wsgistack.config import load
from wsgistack.pipeline import registry
from wsgistack.testing import Server

DOCS = Path(__file__).parent.parent / "docs"
REFUSING = ("api_key", "auth", "basic_auth", "bearer_auth", "https")
"""Layers that answer a plain request over http by themselves."""
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
    main(["list", name])
    said = read_sections(capsys.readouterr().out)
    assert read_sections_of_page(folder / f"{name}.rst") == said
    assert {"", "Options", "Place in a pipeline", "What it changes", "Cost"} <= {*said}
    assert min(map(len, said.values())) >= 3


def read_sections(printed: str) -> dict[str, list[str]]:
    """Read the words of each section that the command prints, without the examples."""
    first, *rest = re.split(r"(?m)^([A-Z][a-z]+(?: [a-z]+)*)\n(?=  \S)", printed)
    described = re.sub(r"(?m)^    .*|^\d+\. ", "", first)
    return {title: split_words(text) for title, text in [("", described), *zip(rest[::2], rest[1::2], strict=True)]}


def read_sections_of_page(page: Path) -> dict[str, list[str]]:
    """Read the words of each section of a page, without the examples and the last benchmark."""
    [root] = read_page(page).findall(lambda node: isinstance(node, nodes.section) and node.parent.parent is None)
    left_out = nodes.literal_block | nodes.thead | nodes.system_message
    for node in [*root.findall(lambda node: isinstance(node, left_out))]:
        node.parent.remove(node)
    described = [part for part in root.children if not isinstance(part, nodes.section)]
    sections = {part[0].astext(): part.children[1:] for part in root.findall(nodes.section) if part is not root}
    texts = {title: "\n".join(part.astext() for part in parts) for title, parts in {"": described, **sections}.items()}
    return {title: split_words(text.partition("In the last benchmark")[0]) for title, text in texts.items()}


def split_words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


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


def test_each_page_says_when_not_to_use_the_layer_and_what_it_costs(folder: Path) -> None:
    texts = {name: (folder / f"{name}.rst").read_text("utf-8") for name in LAYERS}
    for title in ("Errors", "When not to use it"):
        assert [name for name, text in texts.items() if f"\n{title}\n---" not in text] == []
    assert [name for name, text in texts.items() if not re.search(r"(?m)^- .+: [\d.]+ µs$", text)] == ["lint"]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with the files and the modules that the examples name."""
    shop = ModuleType("shop.version")
    vars(shop)["find_build"] = lambda environ: "1.2"
    for module in ("shop", "shop.version"):
        monkeypatch.setitem(sys.modules, module, shop)
    (tmp_path / "users.htpasswd").write_text(f"ada:{HASH}\n")
    (tmp_path / "denied.txt").write_text("192.0.2.0/24\n")
    (tmp_path / "issuer.pem").write_text(write_public_key())
    (tmp_path / "public").mkdir()
    (tmp_path / "errors").mkdir()
    (tmp_path / "errors" / "4xx.html").write_text("<h1>Refused</h1>")
    (tmp_path / "errors" / "5xx.html").write_text("<h1>Broken</h1>")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@cache  # a key takes a long time
def write_public_key() -> str:
    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return rsa.generate_private_key(65537, 2048).public_key().public_bytes(encoding, form).decode()


def read_examples(page: Path, language: str) -> list[str]:
    texts = [snippet.text for snippet in read_snippets(page) if snippet.language == language]
    assert texts
    return [re.sub("/var/log/site|/etc/site", ".", text) for text in texts]


@pytest.mark.parametrize("name", LAYERS)
def test_the_examples_in_toml_are_right(name: str, folder: Path, site: Path) -> None:
    for text in read_examples(folder / f"{name}.rst", "toml"):
        file = site / "stack.toml"
        file.write_text(f'app = "wsgiref.simple_server:demo_app"\n{text}', "utf-8")
        load(file)


@pytest.mark.parametrize("name", LAYERS)
def test_the_examples_in_python_are_right(name: str, folder: Path, site: Path) -> None:
    """The first one imports the layer. Each makes an application that answers a request."""
    middleware: Any = registry.find(name)
    given = {"app": demo_app, "application": demo_app, "legacy": demo_app, "describe": lambda environ, problem: {}}
    imported = ""
    for text in read_examples(folder / f"{name}.rst", "python"):
        names: dict[str, Any] = {**given}
        before, _, call = text.rpartition("\n\n")
        imported = before or imported
        made = re.match(r"(\w+) = ", call)
        exec(f"{imported}\n{call if made else f'application = {call}'}", names)  # noqa: S102
        application = names[made[1] if made else "application"]
        assert type(application) is middleware
        status = Server().get(application, headers={"Host": "www.example.org"}).status
        assert status.startswith(("308", "401") if name in REFUSING else "200"), status


def test_converts_sections_of_an_ini_file(extension: ModuleType) -> None:
    ini = "[filter:uploads]\nuse = body_limit\nmax_size = 1 GiB\n\n[filter:gzip]\nwhen_under = /a\n"
    assert extension.convert_to_toml(ini) == (
        "layers = [\n"
        '    { use = "body_limit", max_size = "1 GiB" },\n'
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
    broken = f"Gzip(\n    app,\n    types={['text/html'] * 12},\n)"
    assert extension.break_call(long) == broken
    line = "from wsgistack import Gzip\n\n"
    assert extension.break_call(f"{line}{long}") == f"{line}{broken}"
