"""The settings of the documentation site."""

import re
import sys
from importlib.metadata import version as read_version
from pathlib import Path

from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

project = "wsgistack"
author = "The wsgistack authors"
copyright = "The wsgistack authors"  # noqa: A001
release = version = read_version("wsgistack")
extensions = ["sphinx_copybutton", "sphinx_design", "layers"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "wsgistack"
html_static_path = ["_static"]
html_favicon = "_static/favicon.svg"
html_css_files = ["site.css"]
html_show_sphinx = False
copybutton_prompt_text = "$ "
copybutton_only_copy_prompt_lines = True
default_role = "literal"


PAGES = {
    "CHANGES.rst": "changes",
    "CONTRIBUTING.rst": "contributing",
    "SECURITY.rst": "security",
    "recipes/logrotate": "tasks/log-rotation",
}
FILE = re.compile(r"``(docs/[\w/-]+\.rst|[A-Z]+\.rst|recipes/[\w-]+)/?``(  )?")


def link_page(found: re.Match[str]) -> str:
    """Link the page that a file has become, and keep the width of a column of a table."""
    file = found[1]
    page = PAGES.get(file) or re.sub(r"^recipes/", "tasks/", file.removeprefix("docs/").removesuffix(".rst"))
    if not (Path(__file__).parent / f"{page}.rst").exists():
        return found[0]
    link = f":doc:`/{page}`"
    return link.ljust(len(found[0])) if found[2] else link


def link_pages(text: str) -> str:
    """Link pages, which documents that are also read on GitHub name as files."""
    return FILE.sub(link_page, re.sub(r"`<(\w+)\.rst>`_", r"``docs/figures/\1.rst``", text))


def link_source(app: Sphinx, name: str, source: list[str]) -> None:
    """Link the pages that a page names."""
    source[0] = link_pages(source[0])


def link_included(app: Sphinx, path: Path, parent: str, source: list[str]) -> None:
    """Link the pages that an included file names."""
    source[0] = link_pages(source[0])


def setup(app: Sphinx) -> None:
    """Register with Sphinx."""
    app.connect("source-read", link_source)
    app.connect("include-read", link_included)
