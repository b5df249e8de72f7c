"""Writes a page for each layer before the site is built.

It says what ``wsgistack list NAME`` says, with examples in TOML, links, and figures of the last benchmark.
"""

import ast
import json
import re
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping
from configparser import ConfigParser
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import indent
from typing import Any

from sphinx.application import Sphinx

from wsgistack.cli.content import Content, describe_default, read_content, summarize
from wsgistack.config.export import export_toml, format_value
from wsgistack.config.paste.document import IniFile
from wsgistack.options.conversion import describe
from wsgistack.options.schema import read_schema
from wsgistack.pipeline import registry
from wsgistack.types import Duration, Factory, Size

DOCS = Path(__file__).parent.parent
FIGURES = DOCS / "figures"
MAX_LINE = 88
INTRODUCTION = (
    "A list of layers starts with the outermost one. ``wsgistack init`` writes a file with the recommended order, and\n"
    ":doc:`/tasks/public-site` uses most of these layers. Here they are in the order of the alphabet."
)
LINKED = ("Place in a pipeline", "When not to use it")
TIERS = "`Cost tier <../writing-a-middleware.html#tiers>`__"


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("builder-inited", lambda app: write_pages(Path(app.srcdir) / "layers"))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def write_pages(folder: Path) -> None:
    """Write ``NAME.rst`` for each layer of wsgistack, and the list of them."""
    rows = [*read_figures()]
    folder.mkdir(exist_ok=True)
    layers = {name: registry.find(name) for name in registry.names()}
    ours = {name: layer for name, layer in layers.items() if layer.__module__.startswith("wsgistack.")}
    for name, layer in ours.items():
        write(folder / f"{name}.rst", make_page(name, layer, rows))
    listed = [f":doc:`{name}`\n    {summarize(layer)}\n" for name, layer in ours.items()]
    tree = [".. toctree::", "   :hidden:", "", *(f"   {name}" for name in ours)]
    write(folder / "index.rst", ["Layers", "======", "", INTRODUCTION, "", *listed, *tree])


def read_figures() -> Iterator[dict[str, Any]]:
    """Read the figures of the layers. ``compress`` has a benchmark of its own."""
    yield from json.loads((FIGURES / "layers.json").read_text("utf-8"))["rows"]
    for row in json.loads((FIGURES / "compress.json").read_text("utf-8"))["rows"]:
        yield {**row, "what": f"compress: {re.sub('^(wsgistack |layer: )', '', row['what'])}"}


def write(path: Path, lines: Iterable[str]) -> None:
    """Write a file, unless it is the same: Sphinx reads again what is newer."""
    text = "\n".join(lines) + "\n"
    if not path.exists() or path.read_text("utf-8") != text:
        path.write_text(text, "utf-8")


def make_page(name: str, layer: Factory, rows: list[dict[str, Any]]) -> Iterator[str]:
    """Make the lines of a page."""
    content = read_content(layer)
    known = {*registry.names()} - {name, *(option for option, _ in content.options)}
    shown = (show_example(block.text) if block.is_code else f"{link(block.text, known)}\n" for block in content.blocks)
    yield from (name, "=" * len(name), "", content.summary, "", *shown)
    yield from make_section("Options", [*describe_options(content)] or ["It declares no options.", ""])
    for title, texts in content.iterate_sections():
        cost = describe_cost(name, rows) if title == "Cost" else ()
        linked = [link(text, known) for text in texts] if title in LINKED else texts
        if title == "Cost":
            linked = [text.replace("Cost tier", TIERS, 1) for text in linked]
        items = [text if text.startswith("- ") else f"{text}\n" for text in linked]
        yield from make_section(title, [*items, *cost])


def make_section(title: str, lines: Iterable[str]) -> list[str]:
    """Make a section."""
    return ["", title, "-" * len(title), "", *lines, ""]


def link(text: str, known: Collection[str]) -> str:
    """Link the layers that a text names, but not an extra with the same name."""
    find = r"(?<!extra )``(\w+)``"
    return re.sub(find, lambda found: f":doc:`{found[1]}`" if found[1] in known else found[0], text)


def show_example(block: str) -> str:
    """Show an example: in tabs, or alone if it has one form only. TOML is made of ini."""
    python, ini = re.split(r"(?m)^(?=\[)|\Z", block, maxsplit=1)
    if "[[" in block and not python:
        return make_code("toml", ini)
    if not ini:
        return make_code("python" if is_python(python) else "text", python)
    tabs = {"Python": break_call(python), "TOML": convert_to_toml(ini), "ini": ini}
    shown = [make_tab(title, text) for title, text in tabs.items() if text.strip()]
    return ".. tab-set::\n   :sync-group: format\n\n" + indent("\n".join(shown), "   ")


def make_tab(title: str, text: str) -> str:
    """Make one tab."""
    code = indent(make_code(title.lower(), text), "   ")
    return f".. tab-item:: {title}\n   :sync: {title.lower()}\n\n{code}"


def make_code(language: str, text: str) -> str:
    """Make a block of code."""
    return f".. code-block:: {language}\n\n{indent(text.strip(), '   ')}\n"


def is_python(text: str) -> bool:
    """Whether a text is code."""
    try:
        compile(text, "example", "exec")
    except SyntaxError:
        return False
    return True


def break_call(text: str) -> str:
    """Write the last call with one argument in each line, if it is too long for one."""
    text = text.strip()
    match ast.parse(text).body:
        case [*_, ast.Expr(ast.Call(function, arguments, keywords) as call)] if is_long(text, call):
            before = text[: -len(ast.get_source_segment(text, call) or "")]
            parts = [ast.get_source_segment(text, part) for part in (*arguments, *keywords)]
            return before + "\n".join([f"{ast.unparse(function)}(", *(f"    {part}," for part in parts), ")"])
    return text


def is_long(text: str, call: ast.Call) -> bool:
    """Whether a call does not fit into a line."""
    return len(ast.get_source_segment(text, call) or "") > MAX_LINE


def convert_to_toml(ini: str) -> str:
    """Convert sections of filters to the layers of a TOML file, as ``wsgistack show --format toml`` does it."""
    names = re.findall(r"^\[filter:(\w+)\]", ini, re.MULTILINE)
    ini += f"\n[pipeline:main]\npipeline = {' '.join(names)} app\n\n[app:app]\nuse = wsgiref.simple_server:demo_app\n"
    with TemporaryDirectory() as folder:
        file = Path(folder) / "stack.ini"
        file.write_text(ini, "utf-8")
        filters = tomllib.loads(export_toml(IniFile(file))[0])["filters"]
    written = ConfigParser(interpolation=None)
    written.read_string(ini)
    items = [keep_units(filters[name], written[f"filter:{name}"]) for name in names]
    lines = [f"    {format_value(item)}," for item in items]
    if max(map(len, lines)) <= MAX_LINE:
        return "\n".join(["layers = [", *lines, "]"])
    return "\n".join(line for item in items for line in ("[[layers]]", *write_item(item))).strip()


def keep_units(item: dict[str, Any], section: Mapping[str, str]) -> dict[str, Any]:
    """Write sizes and durations with their units, as the ini file does."""
    options = read_schema(registry.find(item["use"])).options
    kinds = (describe(Size), describe(Duration))
    kept = {key for key in item if key in options and options[key].type_name.startswith(kinds)}
    return {key: section[key] if key in kept else value for key, value in item.items()}


def write_item(item: dict[str, Any]) -> Iterator[str]:
    """Write the lines of a table, with tables of their own for values that are too long for a line."""
    pairs = {key: f"{key} = {format_value(value)}" for key, value in item.items()}
    long = [key for key, pair in pairs.items() if len(pair) > MAX_LINE and isinstance(item[key], dict)]
    yield from (pair for key, pair in pairs.items() if key not in long)
    yield ""
    for key in long:
        yield f"[layers.{key}]"
        yield from (f"{format_value(name)} = {format_value(value)}" for name, value in item[key].items())
        yield ""


def describe_options(content: Content) -> Iterator[str]:
    """Make a table of the options."""
    if content.options:
        yield from (".. list-table::", "   :header-rows: 1", "   :widths: auto", "   :class: options", "")
        yield from ("   * - Option", "     - Meaning")
    for name, option in content.options:
        about = f"*{option.type_name}*: {option.doc}" if option.doc else f"*{option.type_name}*"
        default = re.sub(r"(default: )(.*)", r"\1``\2``", describe_default(option))
        yield from (f"   * - ``{name}``", f"     - {about}", "", f"       {default[0].upper()}{default[1:]}")
    yield ""


def describe_cost(name: str, rows: list[dict[str, Any]]) -> Iterator[str]:
    """Describe what the layer added to a request in the last benchmark."""
    costs = [row for row in rows if row["what"].partition(":")[0] == name and row["unit"] == "µs"]
    if costs:
        yield from ("In the last benchmark it added to a request:", "")
        yield from (f"- {row['what'].partition(': ')[2]}: {row['median']:.2f} µs" for row in costs)
