"""Writes a page for each layer before the site is built.

What it says comes from the signature and the docstring of the layer, its attributes, and the last benchmark.
"""

import ast
import json
import re
import tomllib
from collections.abc import Iterable, Iterator
from inspect import cleandoc
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import dedent, indent
from typing import Any, NamedTuple

from sphinx.application import Sphinx

from wsgistack.cli.listing import name_options, summarize
from wsgistack.config.export import export_toml, format_value
from wsgistack.config.paste.document import IniFile
from wsgistack.config.words import describe_value
from wsgistack.options.schema import read_schema
from wsgistack.pipeline import registry
from wsgistack.types import Changes, Factory

DOCS = Path(__file__).parent.parent
FIGURES = DOCS / "figures" / "layers.json"
FIELD = re.compile(r"^:(?:param|raises) \w+:.*\n(?:[ \t]+.*\n)*", re.MULTILINE)
RAISES = re.compile(r"^:raises (\w+): ?(.*\n(?:[ \t]+.*\n)*)", re.MULTILINE)
BLOCK = re.compile(r"^(.*)::\n\n((?:[ ]{4}.*\n|\n)+)", re.MULTILINE)
ROLE = re.compile(r":[a-z:]+:`~?(?:\w+\.)*(\w+)`")
MAX_LINE = 88
CHANGED = {
    "body": "the bytes of the body",
    "answers": "the whole response, because it may answer without the application",
    "errors": "errors of the application, which it answers",
    "wraps": "the iterable of the body, which it may wrap without a change of the bytes",
}


class Parts(NamedTuple):
    """The parts of a docstring."""

    text: str
    errors: list[tuple[str, str]]
    cost: str
    place: str
    limits: str
    """When not to use the layer."""


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("builder-inited", lambda app: write_pages(Path(app.srcdir) / "layers"))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def write_pages(folder: Path) -> None:
    """Write ``NAME.rst`` for each layer of wsgistack, and the list of them."""
    rows = json.loads(FIGURES.read_text("utf-8"))["rows"]
    folder.mkdir(exist_ok=True)
    layers = {name: registry.find(name) for name in registry.names()}
    ours = {name: layer for name, layer in layers.items() if layer.__module__.startswith("wsgistack.")}
    for name, layer in ours.items():
        write(folder / f"{name}.rst", make_page(name, layer, rows))
    listed = [f":doc:`{name}`\n    {summarize(layer)}\n" for name, layer in ours.items()]
    tree = [".. toctree::", "   :hidden:", "", *(f"   {name}" for name in ours)]
    write(folder / "index.rst", ["Layers", "======", "", *listed, *tree])


def write(path: Path, lines: Iterable[str]) -> None:
    """Write a file, unless it is the same: Sphinx reads again what is newer."""
    text = "\n".join(lines) + "\n"
    if not path.exists() or path.read_text("utf-8") != text:
        path.write_text(text, "utf-8")


def make_page(name: str, layer: Factory, rows: list[dict[str, Any]]) -> Iterator[str]:
    """Make the lines of a page."""
    parts = read_docstring(layer)
    options = [*describe_options(layer)] or ["It has no options.", ""]
    place = [*filter(None, [parts.place]), "", *describe_place(layer)]
    cost = [*filter(None, [parts.cost]), "", *describe_cost(name, rows)]
    yield from (name, "=" * len(name), "", parts.text)
    yield from make_section("Options", options)
    yield from make_section("Errors", [f"- ``{kind}``: {said}" for kind, said in parts.errors])
    yield from make_section("Place in a pipeline", place)
    yield from make_section("When not to use it", [parts.limits])
    yield from make_section("What it changes", describe_changes(layer))
    yield from make_section("Cost", cost)


def make_section(title: str, lines: Iterable[str]) -> list[str]:
    """Make a section, unless it would be empty."""
    found = [*lines]
    return ["", title, "-" * len(title), "", *found, ""] if any(found) else []


def read_docstring(layer: Factory) -> Parts:
    """Take a docstring apart."""
    doc = ROLE.sub(r"``\1``", cleandoc(layer.__doc__ or "")) + "\n"
    errors = [(kind, " ".join(said.split())) for kind, said in RAISES.findall(doc)]
    kept, last = [], []
    for paragraph in re.split(r"\n{2,}", FIELD.sub("", doc).strip()):
        (last if re.match("Cost tier|Place it|Not needed|Not for", paragraph) else kept).append(paragraph)
    said = " ".join(" ".join(last).split())
    cost, place, limits = split_sentences(said)
    return Parts(show_examples("\n\n".join(kept) + "\n"), errors, cost, place, limits)


def split_sentences(said: str) -> tuple[str, str, str]:
    """Split what a docstring says at its end: the cost, the place, and when not to use the layer."""
    found = re.fullmatch(r"(Cost tier.*?)?\s*(Place it.*?)?\s*(Not (?:needed|for).*)?", said)
    return (found[1] or "", found[2] or "", found[3] or "") if found else ("", said, "")


def show_examples(text: str) -> str:
    """Show each example in tabs. One block may have a part in Python and a part in ini, of which TOML is made."""
    text = re.sub(r"\n\nor in an ini file::\n\n", "\n\n", text)
    return BLOCK.sub(lambda found: f"{end_sentence(found[1])}\n\n{show_block(dedent(found[2]))}\n\n", text)


def end_sentence(line: str) -> str:
    """End the line before an example."""
    line = re.sub("(Example|In an ini file)$", "", line).rstrip()
    return line if not line or line.endswith((".", ":")) else f"{line}:"


def show_block(block: str) -> str:
    """Show an example: in tabs, or alone if it has one form only."""
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
    """Write a call with one argument in each line, if it is too long for one."""
    text = text.strip()
    match ast.parse(text).body:
        case [ast.Expr(ast.Call(function, arguments, keywords))] if len(text) > MAX_LINE:
            parts = [ast.get_source_segment(text, part) for part in (*arguments, *keywords)]
            return "\n".join([f"{ast.unparse(function)}(", *(f"    {part}," for part in parts), ")"])
    return text


def convert_to_toml(ini: str) -> str:
    """Convert sections of filters to the layers of a TOML file, as ``wsgistack show --format toml`` does it."""
    names = re.findall(r"^\[filter:(\w+)\]", ini, re.MULTILINE)
    ini += f"\n[pipeline:main]\npipeline = {' '.join(names)} app\n\n[app:app]\nuse = wsgiref.simple_server:demo_app\n"
    with TemporaryDirectory() as folder:
        file = Path(folder) / "stack.ini"
        file.write_text(ini, "utf-8")
        filters = tomllib.loads(export_toml(IniFile(file))[0])["filters"]
    items = [filters[name] for name in names]
    lines = [f"    {format_value(item)}," for item in items]
    if max(map(len, lines)) <= MAX_LINE:
        return "\n".join(["layers = [", *lines, "]"])
    return "\n".join(line for item in items for line in ("[[layers]]", *write_item(item))).strip()


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


def describe_options(layer: Factory) -> Iterator[str]:
    """Make a table of the options, under the names that ``wsgistack list`` shows."""
    options = [*name_options(read_schema(layer).options.values())]
    if options:
        yield from (".. list-table::", "   :header-rows: 1", "   :widths: auto", "   :class: options", "")
        yield from ("   * - Option", "     - Meaning")
    for name, option in options:
        about = f"*{option.type_name}*: {option.doc}" if option.doc else f"*{option.type_name}*"
        default = "Required." if option.is_required else f"Default: ``{describe_value(option.default)}``"
        yield from (f"   * - ``{name}``", f"     - {about}", "", f"       {default}")
    yield ""


def describe_place(layer: Factory) -> Iterator[str]:
    """Describe which layers must be around or inside this one."""
    places = {
        "Inside of": getattr(layer, "must_be_inside", {}),
        "Outside of": getattr(layer, "must_be_outside", {}),
        "Not together with": getattr(layer, "must_not_be_with", {}),
    }
    for place, others in places.items():
        reasons: dict[str, list[str]] = {}
        for other, reason in others.items():
            link = f":doc:`{other}`" if other in registry.names() else f"``{other}``"
            reasons.setdefault(reason, []).append(link)
        for reason, names in reasons.items():
            yield f"- {place} {', '.join(names)}: otherwise {reason}."


def describe_changes(layer: Factory) -> Iterator[str]:
    """Describe what the layer may change in a response."""
    changes: Changes | None = getattr(layer, "changes", None)
    if changes is None:
        return
    if changes.headers:
        names = ", ".join(f"``{name.title()}``" for name in sorted(changes.headers))
        yield f"- these headers: {names}"
    flags = [said for flag, said in CHANGED.items() if getattr(changes, flag)]
    yield from (f"- {said}" for said in flags)
    if not changes.headers and not flags:
        yield "It changes nothing in a response."


def describe_cost(name: str, rows: list[dict[str, Any]]) -> Iterator[str]:
    """Describe what the layer added to a request in the last benchmark."""
    costs = [row for row in rows if row["what"].partition(":")[0] == name and row["unit"] == "µs"]
    if costs:
        yield from ("In the last benchmark it added to a request:", "")
        yield from (f"- {row['what'].partition(': ')[2]}: {row['median']:.2f} µs" for row in costs)
