"""The settings of the documentation site."""

import sys
from importlib.metadata import version as read_version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

project = "wsgistack"
author = "The wsgistack authors"
copyright = "The wsgistack authors"  # noqa: A001
release = version = read_version("wsgistack")
extensions = ["sphinx.ext.autodoc", "sphinx_copybutton", "sphinx_design", "layers"]
exclude_patterns = ["_build", "figures"]
html_theme = "furo"
html_title = "wsgistack"
copybutton_prompt_text = "$ "
copybutton_only_copy_prompt_lines = True
nitpicky = False
default_role = "literal"
