"""Pages for errors, made from the templates of a folder."""

import re
from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path
from string import Template
from typing import Any, TypeAlias

from wsgistack.environ import CSP_NONCE
from wsgistack.errors import ConfigError, Mistake, Mistakes, describe_error, suggest
from wsgistack.http.responses import ERRORS, Problem
from wsgistack.imports import require_extra
from wsgistack.types import Environ

__all__ = ["Page", "list_values", "read_templates"]

Page: TypeAlias = Callable[[Mapping[str, object]], str]

_VALUES = frozenset((*Problem._fields, "csp_nonce"))
_KINDS = (".html", ".html.j2")
_NAMED = re.compile(r"([0-9].*?)(\.html(?:\.j2)?)")
_STATUSES = {*map(str, ERRORS), "4xx", "5xx"}
_EXPECTED = "the name of a status, such as 404.html, or 4xx.html or 5xx.html"
_KEY = "templates"


def read_templates(folder: Path) -> Mapping[str, Page]:
    """Read the templates of a folder.

    :returns: what makes each page, by a status or by ``4xx`` and ``5xx``.
    :raises ConfigError: the folder has none, or some of them can't be used.
    """
    try:
        found = [(path, named) for path in sorted(folder.iterdir()) if (named := _NAMED.fullmatch(path.name))]
    except OSError as error:
        problem = f"can't read the folder {folder}: {error.strerror}"
        raise ConfigError(Mistake(problem, _KEY, folder, "a folder with templates")) from error
    if not found:
        raise ConfigError(Mistake(f"no template in {folder}", _KEY, folder, "files such as 404.html and 5xx.html"))
    mistakes = Mistakes()
    pages: dict[str, Page] = {}
    for path, named in found:
        status, kind = named[1].lower(), named[2]
        with mistakes.collect(_KEY):
            if status not in _STATUSES:
                hint = suggest(status, {"4xx", "5xx"}) if "x" in status else ""
                raise ConfigError(Mistake(f"no status is called {path.name}", expected=_EXPECTED, hint=hint))
            if status in pages:
                raise ConfigError(Mistake(f"two templates for {status}", hint=f"remove {status}.html or {path.name}"))
            pages[status] = _read_template(path) if kind == ".html" else _read_jinja(folder, path.name)
            _try_page(pages[status], path.name, int(status.replace("x", "0")))
    mistakes.raise_if_any()
    return pages


def list_values(environ: Environ, problem: Problem) -> Mapping[str, object]:
    """Return what a template can show."""
    return {**problem._asdict(), "csp_nonce": environ.get(CSP_NONCE, "")}  # str() makes the nonce, if it is shown


def _read_template(path: Path) -> Page:
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(Mistake(f"can't read {path.name}: {error}", expected="a text in UTF-8")) from error
    mistakes = Mistakes()
    for found in Template.pattern.finditer(text):
        name = found["named"] or found["braced"]
        place = f"line {text.count(chr(10), 0, found.start()) + 1} of {path.name}"
        if name is not None:
            mistakes += _find_unknown({name}, place)
        elif found["escaped"] is None:
            mistakes.append(Mistake(f"{place} has a $ without a name", hint="write $$ for a dollar"))
    mistakes.raise_if_any()
    template = Template(text)
    names = template.get_identifiers()
    return lambda values: template.substitute({name: escape(str(values[name])) for name in names})


def _read_jinja(folder: Path, name: str) -> Page:
    jinja2: Any = require_extra("jinja2", extra="templates", key=_KEY)
    meta: Any = require_extra("jinja2.meta", extra="templates", key=_KEY)
    loader = jinja2.FileSystemLoader(folder)
    environment = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)
    try:
        source = loader.get_source(environment, name)[0]
        template = environment.get_template(name)
        unknown = meta.find_undeclared_variables(environment.parse(source)) - {*environment.globals}
    except jinja2.TemplateSyntaxError as error:
        raise ConfigError(Mistake(f"line {error.lineno} of {error.name or name}: {error.message}")) from error
    except (jinja2.TemplateError, OSError, UnicodeDecodeError) as error:
        raise ConfigError(Mistake(f"can't read {name}: {error}", expected="a template of Jinja2 in UTF-8")) from error
    Mistakes(_find_unknown(unknown, name)).raise_if_any()
    page: Page = template.render
    return page


def _try_page(page: Page, name: str, status: int) -> None:
    """Make the page once: a parent may be missing, or have an unknown value."""
    try:
        text = page(list_values({}, Problem(status, "Title", "Detail.", "id", "/path")))
    except Exception as error:
        problem = f"can't make the page {name}: {describe_error(error)}"
        raise ConfigError(Mistake(problem, expected="a template that works for every error")) from error
    if not text.strip():
        raise ConfigError(Mistake(f"{name} makes an empty page", expected="a page"))


def _find_unknown(names: set[str], place: str) -> list[Mistake]:
    unknown = sorted(names - _VALUES)
    return [Mistake(f"{place} has an unknown value {name!r}", hint=suggest(name, _VALUES)) for name in unknown]
