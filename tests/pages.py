"""Reading the code of a page, also with the directives and roles of Sphinx that the site uses."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import docutils.frontend
import docutils.nodes
import docutils.parsers.rst
import docutils.utils
from docutils.parsers.rst import Directive, directives, roles
from docutils.parsers.rst.directives.body import CodeBlock


class Snippet:
    """A block of code. With a caption or a name, it is a file."""

    def __init__(self, node: docutils.nodes.literal_block) -> None:
        self.is_code = "code" in node["classes"]
        self.language = next((name for name in node["classes"] if name != "code"), "")
        self.file = next(iter(node["names"]), "")
        self.text = node.astext()

    def commands(self) -> list[tuple[str, str]]:
        """Each command of a console, with the output that the document shows."""
        found: list[tuple[str, str]] = []
        for line in self.text.splitlines():
            if line.startswith("$ "):
                found.append((line.removeprefix("$ "), ""))
            else:
                command, output = found[-1]
                found[-1] = command, f"{output}{line}\n"
        return found


class _Code(CodeBlock):
    option_spec: ClassVar[Any] = {**(CodeBlock.option_spec or {}), "caption": directives.unchanged}

    def run(self) -> list[docutils.nodes.Node]:
        nodes: list[docutils.nodes.Node] = super().run()  # type: ignore[no-untyped-call]
        for node in nodes:
            if isinstance(node, docutils.nodes.literal_block) and "caption" in self.options:
                node["names"] = [self.options["caption"]]
        return nodes


class _Parts(Directive):
    """Tabs and cards: what is in them."""

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[Any] = dict.fromkeys(
        ("sync", "sync-group", "link", "link-type", "gutter"), directives.unchanged
    )

    def run(self) -> list[docutils.nodes.Node]:
        container = docutils.nodes.container("", sync=self.options.get("sync", ""))
        self.state.nested_parse(self.content, self.content_offset, container)
        return [container]


class _Nothing(Directive):
    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[Any] = dict.fromkeys(
        ("caption", "language", "maxdepth", "hidden", "lines"), directives.unchanged
    )

    def run(self) -> list[docutils.nodes.Node]:
        return []


@cache
def know_sphinx() -> None:
    """Make docutils know what the pages use."""
    known: Mapping[str, type[Directive]] = {
        "code-block": _Code,
        "tab-set": _Parts,
        "tab-item": _Parts,
        "grid": _Parts,
        "grid-item-card": _Parts,
        "literalinclude": _Nothing,
        "toctree": _Nothing,
    }
    for name, directive in known.items():
        directives.register_directive(name, directive)
    roles.register_generic_role("doc", docutils.nodes.literal)


def read_page(document: Path) -> docutils.nodes.document:
    """Read a document. A mistake in it is an error."""
    return _parse(document, document.read_text("utf-8"))


def _parse(document: Path, text: str) -> docutils.nodes.document:
    know_sphinx()
    parser = docutils.parsers.rst.Parser()
    settings = docutils.frontend.get_default_settings(parser)
    settings.halt_level = docutils.utils.Reporter.WARNING_LEVEL
    tree = docutils.utils.new_document(str(document), settings)
    parser.parse(text, tree)
    return tree


def read_snippets(document: Path, tab: str = "") -> list[Snippet]:
    """Read the blocks of code of a document.

    :param tab: the ``sync`` of the tabs to choose; by default all.
    """
    return [block for block in read_blocks(document, tab) if block.is_code]


def read_blocks(document: Path, tab: str = "") -> tuple[Snippet, ...]:
    """Read all literal blocks of a document, also those without a language."""
    return _read_blocks(document, document.read_text("utf-8"), tab)


@cache
def _read_blocks(document: Path, text: str, tab: str) -> tuple[Snippet, ...]:
    tree = _parse(document, text)
    for container in list(tree.findall(docutils.nodes.container)):
        if tab and container["sync"] not in ("", tab):
            container.parent.remove(container)
    return tuple(map(Snippet, tree.findall(docutils.nodes.literal_block)))


def find_snippet(document: Path, text: str) -> str:
    """Find the only block of code with a text in it."""
    [found] = [snippet.text for snippet in read_snippets(document) if text in snippet.text]
    return found


def run_snippet(document: Path, text: str, **names: Any) -> dict[str, Any]:
    """Run the only block of code with a text in it, in Python.

    :returns: the given names and those that it defines.
    """
    exec(find_snippet(document, text), names)  # noqa: S102
    return names
