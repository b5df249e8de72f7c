"""``wsgistack list``: the layers that are installed, and what one does.

``--format json`` prints one object:

- ``layers``: each with ``name``, ``summary``, ``description``, ``options``, ``sections``, and ``mistakes``, which say
  why it cannot be loaded;
- ``mistakes``: those of the layer that the argument names. If there are any, ``layers`` is empty.

The description is a list of paragraphs and examples, each with ``text`` and ``is_code``. The sections are a mapping of
titles to paragraphs and items. All of them are in simple reStructuredText.

An option has ``name``, ``type``, ``default``, ``is_required``, ``is_secret``, ``doc``, and ``options``: those that a
mapping has, or each mapping in a list. A default that JSON has no type for is text; it is null if the option is
required. Mistakes are those of :mod:`wsgistack.cli.reporting`.
"""

import argparse
import re
import sys
from contextlib import redirect_stdout
from textwrap import indent

from wsgistack.cli.content import Block, Content, describe_default, read_content, summarize
from wsgistack.cli.parser import Commands, add_parser
from wsgistack.cli.reporting import as_items, as_json, print_json
from wsgistack.cli.terminal import Terminal
from wsgistack.errors import ConfigError, Mistakes
from wsgistack.options.schema import Option
from wsgistack.pipeline import registry

__all__ = ["add_command", "list_layers"]

_DESCRIPTION = """\
Lists the layers that you can write in a file, with what they do. With NAME, it shows all about one layer: examples,
options with their types, meanings and defaults, errors, its place in a pipeline, and its cost. In the cost, T0 looks at
the request alone, T1 also at the start of the response, and T2 at each chunk of its body."""
_EXAMPLES = {
    "List all layers": "wsgistack list",
    "Show all about one": "wsgistack list basic_auth",
    "Show the options of any other middleware": "wsgistack list werkzeug.middleware.proxy_fix:ProxyFix",
}
_ITEM = re.compile(r"^((?:[-*•]|\d+\.|#\.) +)", re.MULTILINE)
_AS_IT_IS = re.compile(r"^([ \t]|>>>|==|--|~~|\+-|\|)", re.MULTILINE)
"""A line of a text that is no paragraph: indented, of Python, below a title, or of a table."""
_MARKUP = re.compile(r"``(.+?)``|\*\*(.+?)\*\*|(?<![\w*`])\*(?=\S)([^*`]+?)(?<=\S)\*(?![\w*`])")


def add_command(commands: Commands) -> None:
    """Add ``wsgistack list``."""
    command = add_parser(
        commands,
        "list",
        summary="list the layers that you can use, or show all about one",
        description=_DESCRIPTION,
        examples=_EXAMPLES,
    )
    about = (
        "text, or json: one object with layers and mistakes; each layer has name, summary, description, options, "
        "sections and mistakes (default: %(default)s)"
    )
    command.add_argument("--format", choices=("text", "json"), default="text", help=about)
    command.add_argument("layer", nargs="?", metavar="NAME", help="a layer, or package.module:middleware")
    command.set_defaults(run=list_layers)


def list_layers(parsed: argparse.Namespace) -> int:
    """List all layers, or show one."""
    if parsed.layer is not None:
        sys.path.insert(0, "")
    if parsed.format == "json":
        return _list_json(parsed.layer)
    terminal = Terminal(sys.stdout)
    if parsed.layer is None:
        width = max((len(terminal.show(name)) for name in registry.names()), default=0) + 2
        for name in registry.names():
            try:
                summary = summarize(registry.find(name))
            except ConfigError as error:
                summary = f"(cannot be loaded: {error})"
            _print_column(terminal, terminal.show(name), width, summary)
        return 0
    _show(terminal, parsed.layer, read_content(registry.find(parsed.layer)))
    return 0


def _list_json(layer: str | None) -> int:
    with redirect_stdout(sys.stderr):  # a module may print when it is imported
        layers = [_describe(name) for name in (registry.names() if layer is None else [layer])]
    mistakes = [] if layer is None else layers[0]["mistakes"]
    print_json({"layers": [] if mistakes else layers, "mistakes": mistakes})
    return 1 if mistakes else 0


def _describe(name: str) -> dict[str, object]:
    mistakes = Mistakes()
    content = Content()
    with mistakes.collect():
        content = read_content(registry.find(name))
    return {
        "name": name,
        "summary": content.summary,
        "description": [block._asdict() for block in content.blocks],
        "options": [_describe_option(option) for key, option in content.options if "." not in key],
        "sections": dict(content.iterate_sections()),
        "mistakes": as_items(mistakes),
    }


def _describe_option(option: Option) -> dict[str, object]:
    return {
        "name": option.name,
        "type": option.type_name,
        "default": None if option.is_required else as_json(option.default),
        "is_required": option.is_required,
        "is_secret": option.is_secret,
        "doc": option.doc,
        "options": [*map(_describe_option, option.inner)],
    }


def _show(terminal: Terminal, name: str, content: Content) -> None:
    """Show all about a layer."""
    title = f"{name}: {_remove_markup(content.summary)}".removesuffix(": ")
    terminal.write(*terminal.wrap(title, width=terminal.width))
    for block in content.blocks:
        print()
        _print_block(terminal, block)
    _print_title(terminal, "Options")
    names = [terminal.show(f"  {name}") for name, _ in content.options]
    width = max(map(len, names), default=0) + 2
    for name, (_, option) in zip(names, content.options, strict=True):
        _print_column(terminal, name, width, option.type_name)
        _print_column(terminal, "", width, _remove_markup(option.doc))
        _print_column(terminal, "", width, describe_default(option))
    if not content.options:
        print("  It declares no options.")
    for title, texts in content.iterate_sections():
        _print_title(terminal, title)
        for text in texts:
            _print_block(terminal, Block(text), "  ")


def _print_title(terminal: Terminal, title: str) -> None:
    print(f"\n{terminal.paint(title, 'bold')}")


def _print_block(terminal: Terminal, block: Block, margin: str = "") -> None:
    """Print a paragraph or the items of a list in lines that fit. All else keeps its lines, such as an example."""
    if block.is_code:
        terminal.write(*indent(block.text, f"{margin}    ").splitlines())
    elif _ITEM.match(block.text):
        _, *parts = _ITEM.split(block.text)
        for mark, text in zip(parts[::2], parts[1::2], strict=True):
            _print_paragraph(terminal, f"{margin}{mark}", text)
    elif _AS_IT_IS.search(block.text):
        terminal.write(*indent(block.text, margin).splitlines())
    else:
        _print_paragraph(terminal, margin, block.text)


def _print_paragraph(terminal: Terminal, mark: str, text: str) -> None:
    """Print a text after a mark, with blanks below the mark."""
    first, *others = terminal.wrap(_remove_markup(" ".join(text.split())), width=terminal.width - len(mark)) or [""]
    terminal.write(f"{mark}{first}", *(f"{'':{len(mark)}}{line}" for line in others))


def _remove_markup(text: str) -> str:
    """Return a text as people read it in a terminal, without the marks of reStructuredText."""
    return _MARKUP.sub(lambda found: f"`{found[1]}`" if found[1] else found[2] or found[3], text)


def _print_column(terminal: Terminal, name: str, width: int, text: str) -> None:
    """Print a text in a column of its own, beside a name as :meth:`Terminal.show` returns it."""
    for line in terminal.wrap(text, width=terminal.width - width) or [""] * bool(name):
        print(f"{terminal.paint(name, 'bold')}{'':{width - len(name)}}{terminal.show(line)}".rstrip())
        name = ""
