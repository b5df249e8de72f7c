"""Sessions of nox: the tests on every supported Python, lint, types and documents.

An interpreter that is not installed is skipped.
"""

from pathlib import Path

import nox

nox.needs_version = ">=2024.3"
nox.options.error_on_missing_interpreters = False
nox.options.reuse_existing_virtualenvs = True

PYTHONS = ("3.11", "3.12", "3.13", "3.14", "3.14t")


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the fast tests, or pass the arguments to pytest."""
    session.install("-e", ".[test]")
    session.run("python", "-m", "pytest", *(session.posargs or ["-n", "auto"]))


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and format."""
    session.install("ruff>=0.11")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check types, also those of the installed package: pyright does not see an editable one."""
    session.install(".[lint]")
    session.run("mypy")
    session.run("pyright", "-p", "tests/typing")
    session.run("pyright", "--verifytypes", "wsgistack", "--ignoreexternal")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site, and check that the documents outside it are valid."""
    session.install("-e", ".[docs]")
    session.run("python", "-m", "sphinx", "-W", "-q", "-b", "html", "docs", "docs/_build")
    for pattern in ("*.rst", "docs/figures/*.rst", "recipes/*/README.rst"):
        for document in sorted(Path().glob(pattern)):
            session.run("python", "-m", "docutils", "--halt=warning", str(document), "/dev/null", silent=True)
