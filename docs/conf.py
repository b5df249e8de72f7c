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
html_css_files = ["site.css"]
html_show_sphinx = False
copybutton_prompt_text = "$ "
copybutton_only_copy_prompt_lines = True
default_role = "literal"


def link_pages(app: object, name: str, source: list[str]) -> None:
    """Link the pages of figures, which name each other's files so that they also work on GitHub."""
    if name.startswith("figures/"):
        source[0] = re.sub(r"`<(\w+)\.rst>`_", r":doc:`\1`", source[0])


def setup(app: Sphinx) -> None:
    """Register with Sphinx."""
    app.connect("source-read", link_pages)
