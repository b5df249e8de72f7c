"""Writes a page for each layer from its signature, its docstring and the last benchmark, before the site is built."""

import json
import re
from collections.abc import Iterator
from inspect import cleandoc
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from wsgistack.config.words import describe_value
from wsgistack.options.schema import read_schema
from wsgistack.pipeline import registry

FIELD = re.compile(r"^:(?:param (\w+)|raises \w+): ?((?:.*)(?:\n(?:[ \t]+.*)?)*)", re.MULTILINE)
BLOCK = re.compile(r"^(.*)::\n\n((?:[ ]{4}.*\n|\n)+)", re.MULTILINE)
FIGURES = Path(__file__).parent.parent / "figures" / "layers.json"
DOCS = Path(__file__).parent.parent


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("builder-inited", write_pages)
    return {"parallel_read_safe": True}


def write_pages(app: Sphinx) -> None:
    """Write ``layers/NAME.rst`` for each layer, and the list of them."""
    rows = json.loads(FIGURES.read_text("utf-8"))["rows"]
    folder = DOCS / "layers"
    folder.mkdir(exist_ok=True)
    summaries = []
    for name in registry.names():
        factory = registry.find(name)
        if not factory.__module__.startswith("wsgistack."):  # another distribution is installed here
            continue
        text = "\n".join(make_page(name, factory, rows)) + "\n"
        summaries.append((name, cleandoc(factory.__doc__ or "").partition("\n\n")[0].replace("\n", " ")))
        write(folder / f"{name}.rst", text)
    listed = [f":doc:`{name}`\n    {summary}\n" for name, summary in summaries]
    tree = [".. toctree::", "   :hidden:", "", *(f"   {name}" for name, _ in summaries)]
    write(folder / "index.rst", "\n".join(["Layers", "======", "", *listed, *tree]) + "\n")


def write(path: Path, text: str) -> None:
    """Write a file, unless it is the same: Sphinx reads again what is newer."""
    if not path.exists() or path.read_text("utf-8") != text:
        path.write_text(text, "utf-8")


def make_page(name: str, factory: Any, rows: list[dict[str, Any]]) -> Iterator[str]:
    """Make the lines of a page."""
    doc = cleandoc(factory.__doc__ or "") + "\n"
    errors = re.findall(r"^:raises (\w+): ?((?:.*)(?:\n[ \t]+.*)*)", doc, re.MULTILINE)
    body = FIELD.sub("", doc)
    yield from (name, "=" * len(name), "")
    yield from split_examples(body).splitlines()
    yield from ("", "Options", "-------", "")
    options = read_schema(factory).options.values()
    for option in options:
        default = "required" if option.is_required else f"default: {describe_value(option.default)}"
        yield from (f"``{option.name}`` : {option.type_name}", f"    {option.doc} *({default})*", "")
    if not options:
        yield "None."
    if errors:
        yield from ("", "Errors", "------", "")
        for kind, said in errors:
            yield from (f"``{kind}``: {' '.join(said.split())}", "")
    yield from describe_place(factory)
    yield from describe_changes(factory)
    costs = [row for row in rows if row["what"].split(":")[0] == name and row["unit"] == "µs"]
    if costs:
        yield from ("", "Cost", "----", "", "What it added to a request in the last benchmark:", "")
        yield from (f"- {row['what'].partition(': ')[2]}: {row['median']:.2f} µs" for row in costs)


def split_examples(body: str) -> str:
    """Give each example its language: a literal block may have a part in Python and a part in ini."""

    def replace(found: re.Match[str]) -> str:
        before, block = found.groups()
        parts = re.split(r"(?m)^(?=[ ]{4}\[)", block, maxsplit=1)
        made = [f"{before}:" if before else ""]
        for part in parts:
            if part.strip():
                language = "toml" if "[[" in part else "ini" if part.lstrip().startswith("[") else "python"
                made.append(f"\n\n.. code-block:: {language}\n\n{part.rstrip()}\n")
        return "".join(made) + "\n"

    return BLOCK.sub(replace, body)


def describe_place(factory: Any) -> Iterator[str]:
    """The layers that must be around or inside this one."""
    places = {
        "inside": getattr(factory, "must_be_inside", {}),
        "outside": getattr(factory, "must_be_outside", {}),
        "not together with": getattr(factory, "must_not_be_with", {}),
    }
    if any(places.values()):
        yield from ("", "Place in a pipeline", "-------------------", "")
        for place, others in places.items():
            for other, reason in others.items():
                yield f"- {place} ``{other}``: else {reason}"


def describe_changes(factory: Any) -> Iterator[str]:
    """What the layer changes in a response."""
    changes = getattr(factory, "changes", None)
    if changes is None:
        return
    said = [f"the header ``{name}``" for name in sorted(changes.headers)]
    words = {
        "body": "the bytes of the body",
        "answers": "it may answer without the application",
        "errors": "it answers errors of the application",
        "wraps": "it may wrap the body",
    }
    said += [text for flag, text in words.items() if getattr(changes, flag)]
    yield from ("", "What it changes in a response", "-----------------------------", "")
    yield ", ".join(said) + "." if said else "Nothing."
