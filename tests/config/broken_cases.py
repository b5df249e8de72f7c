"""The cases in the folder ``broken``: broken configurations, and the messages for each.

A file there is a theme: a line about it, and cases that begin with ``=== TITLE``. In a case, ``--- NAME`` begins a
file (the first one is loaded), or

- ``--- environment``: variables that are set, as ``NAME = value``;
- ``--- says``: the messages of ``check``, ``load`` and ``serve``;
- ``--- serve says``: more messages of ``check`` and ``serve``;
- ``--- check says``: more messages of ``check`` alone, about parts that main does not use.

In the messages, ``{folder}`` is the folder of the file, ``{layers}`` all layers, ``{filters}`` all layers and
filters of the distribution, and ``{pieces}`` is ``pieces.py``.
"""

import re
from importlib.metadata import distribution
from pathlib import Path
from typing import NamedTuple

from wsgistack.pipeline import registry

__all__ = ["CASES", "Case"]

POINTS = distribution("wsgistack").entry_points
FILTERS = sorted({*POINTS.select(group=registry.GROUP).names, *POINTS.select(group="paste.filter_factory").names})
FOLDER = Path(__file__).parent / "broken"


class Case(NamedTuple):
    """One configuration, in one or more files."""

    id: str
    files: dict[str, str]
    environment: dict[str, str]
    messages: dict[str, list[str]]

    @property
    def file(self) -> str:
        """The one that is loaded."""
        return next(iter(self.files))

    def laid_down(self, folder: Path) -> "Case":
        """The same, with its files in a folder."""
        for name, text in self.files.items():
            (folder / name).write_text(text, "utf-8")
        pieces = str(FOLDER / "pieces.py")
        places = {"{folder}": str(folder), "{layers}": ", ".join(registry.names()), "{pieces}": pieces}
        places["{filters}"] = ", ".join(FILTERS)
        messages = {
            by: [re.sub("|".join(places), lambda found: places[found[0]], each) for each in said]
            for by, said in self.messages.items()
        }
        return self._replace(messages=messages)

    def said_by(self, *commands: str) -> list[str]:
        """The messages of all of these together."""
        return [each for by in commands for each in self.messages.get(by, [])]


def _case(theme: str, text: str) -> Case:
    title, _, body = text.partition("\n")
    written = re.split(r"^--- (.*)\n", body, flags=re.MULTILINE)
    blocks = {name: block.rstrip("\n") + "\n" for name, block in zip(written[1::2], written[2::2], strict=True)}
    variables = blocks.pop("environment", "").splitlines()
    pairs = (tuple(each.split(" = ", 1)) for each in variables)
    messages = {by: blocks.pop(by).splitlines() for by in ("says", "serve says", "check says") if by in blocks}
    return Case(f"{theme}: {title}", blocks, dict(pairs), messages)


CASES = [
    _case(path.stem, text)
    for path in sorted(FOLDER.glob("*.txt"))
    for text in re.split(r"^=== ", path.read_text("utf-8"), flags=re.MULTILINE)[1:]
]
