"""What a layer says of itself: its docstring, its signature and its attributes.

``wsgistack list NAME`` and the pages of the documentation show the same, each in its own form. All texts are in simple
reStructuredText: paragraphs, lists and literals, in which a role is only the name that it links.
"""

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from inspect import cleandoc
from textwrap import dedent
from typing import NamedTuple

from wsgistack.config.words import describe_value
from wsgistack.options.conversion import write
from wsgistack.options.schema import Option, name_roles, read_schema
from wsgistack.types import Changes, Factory

__all__ = ["Block", "Content", "describe_default", "name_options", "read_content", "summarize"]

_FIELD = re.compile(r"^:[a-z]+(?: [^:\n]+)?:(?!`).*\n(?:[ \t]+.*\n|\n(?=[ \t]))*", re.MULTILINE)
_RAISES = re.compile(r"^:raises? ([\w.]+): ?(.*\n(?:[ \t]+.*\n)*)", re.MULTILINE)
_CODE = re.compile(r"^(?:\.\. code(?:-block)?::.*|(.*)::)\n\n((?:[ \t]+.*\n|\n)+)", re.MULTILINE)
_SECOND_FORM = re.compile(r"\n\nor in an ini file::\n\n")
_LEAD = re.compile("(Example|In an ini file)$")
_LAST = re.compile("Cost tier|Place it|Not needed|Not for")
_SENTENCES = re.compile(r"\A(Cost tier.*?)?\s*(Place it.*?)?\s*(Not (?:needed|for).*)?\Z")
_CHANGES = {
    "body": "the bytes of the body",
    "answers": "the whole response, because it may answer in place of the application",
    "errors": "errors of the application, which it answers",
    "wraps": "the iterable that the body comes from; its bytes stay the same",
}
_KINDS = {
    "changes.answers": "all layers that may answer in place of the application",
    "changes.errors": "all layers that answer errors",
}
_CONDITION = "when."
_PLACES = {
    "must_be_inside": "Inside of",
    "must_be_outside": "Outside of",
    "must_not_be_with": "Not together with",
}


class Block(NamedTuple):
    """A paragraph, a list, or an example."""

    text: str
    is_code: bool = False


class Content(NamedTuple):
    """The parts of what a layer says of itself. What it does not say is empty."""

    summary: str = ""
    """What it does, in one line: the first paragraph of the docstring."""
    blocks: Sequence[Block] = ()
    """The other paragraphs, with examples."""
    options: Sequence[tuple[str, Option]] = ()
    """Each option under the name that mistakes use, followed by those of its mapping."""
    errors: Sequence[tuple[str, str]] = ()
    place: str = ""
    neighbors: Sequence[str] = ()
    """Which layers must be around or inside this one."""
    limits: str = ""
    """When not to use it."""
    changes: Sequence[str] = ()
    cost: str = ""

    def iterate_sections(self) -> Iterator[tuple[str, list[str]]]:
        """The sections after the options, which are not empty: their titles, and their paragraphs and items."""
        errors = [f"- ``{kind}``: {said}" for kind, said in self.errors]
        sections: dict[str, Sequence[str]] = {
            "Errors": errors,
            "Place in a pipeline": [self.place, *self.neighbors],
            "When not to use it": [self.limits],
            "What it changes": self.changes,
            "Cost": [self.cost],
        }
        for title, texts in sections.items():
            if any(texts):
                yield title, [*filter(None, texts)]


def read_content(factory: Factory) -> Content:
    """Read what a layer says of itself, or any other middleware."""
    doc = _read_docstring(factory)
    errors = [(kind, " ".join(said.split())) for kind, said in _RAISES.findall(doc)]
    paragraphs = re.split(r"\n{2,}", _FIELD.sub("", doc).strip())
    last = " ".join(" ".join(filter(_LAST.match, paragraphs)).split())
    text = "\n\n".join(each for each in paragraphs if not _LAST.match(each))
    changes = getattr(factory, "changes", None)
    [(cost, place, limits)] = _SENTENCES.findall(last)
    return Content(
        summary=summarize(factory),
        blocks=[*_add_import([*_split_blocks(f"{text}\n")][1:], factory)],
        options=[*name_options(read_schema(factory).options.values())],
        errors=errors,
        place=place,
        neighbors=[*_describe_neighbors(factory)],
        limits=limits,
        changes=[*_describe_changes(changes)] if isinstance(changes, Changes) else [],
        cost=cost,
    )


def summarize(factory: Factory) -> str:
    """Return the first sentence of the docstring of a layer, in one line."""
    first = _FIELD.sub("", _read_docstring(factory)).strip().partition("\n\n")[0]
    return re.sub("::$", ":", " ".join(first.split()))


def name_options(options: Iterable[Option], prefix: str = "") -> Iterator[tuple[str, Option]]:
    """Options, each followed by the options of its mapping, under the names that mistakes use."""
    for option in options:
        yield f"{prefix}{option.name}", option
        yield from name_options(option.inner, f"{prefix}{option.name}.")


def describe_default(option: Option) -> str:
    """Describe a default as a file would have it. An option may also be required by its docstring alone."""
    if option.is_required or option.doc.startswith("Required") or ". Required" in option.doc:
        return "required"
    return f"default: {describe_value(write(option.default, option.annotation))}"


def _read_docstring(factory: Factory) -> str:
    return name_roles(cleandoc(factory.__doc__ or "")) + "\n"


def _split_blocks(text: str) -> Iterator[Block]:
    """Split a text. The two forms of an example, in Python and ini, are one block."""
    text = _SECOND_FORM.sub("\n\n", text)
    start = 0
    for found in _CODE.finditer(text):
        lead = _LEAD.sub("", found[1] or "").rstrip()
        lead += ":" * bool(lead and not lead.endswith((".", ":")))
        yield from _split_paragraphs(text[start : found.start()] + lead)
        yield Block(dedent(found[2]).strip(), is_code=True)
        start = found.end()
    yield from _split_paragraphs(text[start:])


def _split_paragraphs(text: str) -> Iterator[Block]:
    yield from (Block(each.rstrip()) for each in re.split(r"\n{2,}", text.strip("\n")) if each.strip())


def _add_import(blocks: Iterable[Block], factory: Factory) -> Iterator[Block]:
    """Begin the first example in Python with the import of the layer."""
    name = getattr(factory, "__name__", "")
    statement = f"from {_find_home(factory, name)} import {name}\n\n"
    for block in blocks:
        is_call = block.is_code and re.match(rf"(?:\w+ = )?{re.escape(name)}\(", block.text)
        yield block._replace(text=statement + block.text) if is_call else block
        statement = "" if is_call else statement


def _find_home(factory: Factory, name: str) -> str:
    """The outermost package that exports a layer."""
    parts = factory.__module__.split(".")
    homes = (".".join(parts[:end]) for end in range(1, len(parts)))
    return next((home for home in homes if getattr(sys.modules.get(home), name, None) is factory), factory.__module__)


def _describe_neighbors(factory: Factory) -> Iterator[str]:
    """Say where each other layer belongs, with the reason, and for which middlewares of other projects this holds."""
    for attribute, place in _PLACES.items():
        reasons: dict[str, list[str]] = {}
        for other, reason in getattr(factory, attribute, {}).items():
            reasons.setdefault(reason, []).append(other)
        for reason, others in reasons.items():
            ours = [each for each in others if ":" not in each]
            theirs = [f"``{each}``" for each in others if each not in ours]
            also = f" The same holds for {', '.join(theirs)}." if ours and theirs else ""
            yield f"- {place} {', '.join(map(_name_neighbor, ours) if ours else theirs)}: otherwise {reason}.{also}"


def _name_neighbor(other: str) -> str:
    if other.startswith(_CONDITION):
        return f"a layer whose condition reads ``{other.removeprefix(_CONDITION)}``"
    name, _, option = other.partition(".")
    return _KINDS.get(other) or (f"``{name}`` with ``{option}``" if option else f"``{name}``")


def _describe_changes(changes: Changes) -> Iterator[str]:
    """Describe what the layer may change in a response."""
    if changes.headers:
        names = ", ".join(f"``{name.title()}``" for name in sorted(changes.headers))
        yield f"- these headers: {names}"
    flags = [said for flag, said in _CHANGES.items() if getattr(changes, flag)]
    yield from (f"- {said}" for said in flags)
    if not changes.headers and not flags:
        yield "It changes nothing in a response."
