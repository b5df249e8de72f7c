"""No page and no docstring has a block of code that no test runs, except for those that are listed here.

``tests/test_documents.py`` runs the Python and the consoles of its pages, and writes their files.
"""

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping
from configparser import ConfigParser
from pathlib import Path
from textwrap import dedent

import pytest

from tests.pages import Snippet, read_blocks
from tests.test_documents import DOCUMENTS, PAGES, ROOT, TUTORIAL

READ = {*DOCUMENTS, *PAGES, TUTORIAL}
"""Pages of which a slow test runs all Python and all consoles."""
CHECKED = {ROOT / "docs/reports.rst", *ROOT.glob("docs/migration/*.rst")}
"""Pages of which another test checks all configurations."""
WRITTEN = {ROOT / "docs/conformance.rst", *ROOT.glob("docs/figures/*.rst")}
"""Pages that the benchmarks write, and that their tests compare with the data."""
INSTALLS = re.compile(r"(\$ (python3 -m venv \.venv && \. \.venv/bin/activate|(python -m )?pip install .*)\n?)+")
OUTPUT = "output, with times or ids"
COMMAND = "runs until it is stopped; test_documents.py runs the same command on another page"
SYSTEM = "changes the system"
LISTED: Mapping[str, Mapping[str, str]] = {
    "CONTRIBUTING.rst": {
        "$ python3 -m venv": "installs",
        '"""The Sunset header': "test_documents.py",
        "[options.entry_points]": "test_documents.py",
        "from collections.abc": "test_documents.py",
        '"""The floor of sunset': "test_documents.py",
        "$ git tag -s": "publishes; .ci/run builds and checks the distributions",
    },
    "README.rst": {
        "$ python3 -m venv .venv && .venv/bin/pip install '.[serve]'": ".ci/run",
        "$ python3 -m venv .venv && .venv/bin/pip install -e '.[test]'": ".ci/run",
        "127.0.0.1 - - [": OUTPUT,
    },
    "docs/configuration.rst": {'gunicorn \'wsgistack:load("shop.ini"': COMMAND},
    "docs/errors.rst": {
        "[filter:catch_errors]": "middleware/catch_errors/test_frameworks.py",
        "class Shop(flask.Flask)": "middleware/catch_errors/test_frameworks.py",
        "LOGGING = {": "middleware/catch_errors/test_frameworks.py",
        "def propagate": "middleware/catch_errors/test_propagation.py",
        'settings = {"request.throw_errors"': "middleware/catch_errors/test_propagation.py",
        "webtest.TestApp": "middleware/catch_errors/test_callers.py",
        "GET /export failed after": "servers/test_mid_stream.py expects the same words",
        "GET /export failed in close()": "servers/test_mid_stream.py expects the same words",
    },
    "docs/tasks/deployment.rst": {
        "[Unit]": "for systemd, which does not run in a container",
        "$ sudo systemctl": SYSTEM,
        "FROM python": "for Docker, which does not run in a container",
        "$ docker build": "for Docker, which does not run in a container",
    },
    "docs/tutorial.rst": {"127.0.0.1 - - [": OUTPUT, "2026-11-30 09:15:40": OUTPUT},
    "docs/writing-a-middleware.rst": {
        "[project]": "recipes/test_my_layer.py",
        "$ pip install --editable": "recipes/test_my_layer.py",
    },
    "recipes/behind-a-proxy/README.rst": {
        "/usr/sbin/nginx": "recipes/test_behind_a_proxy.py",
        "$ curl -s -H 'Host": "recipes/test_behind_a_proxy.py",
        "gunicorn --workers 2": COMMAND,
    },
    "recipes/django/README.rst": {"INFO [my-own-id]": "recipes/test_django.py expects the same records"},
    "recipes/logrotate/README.rst": {"sudo install": SYSTEM},
    "recipes/my-layer/README.rst": {"$ python -m pip": "recipes/test_my_layer.py"},
    "recipes/oidc/README.rst": {
        "python issuer.py": "recipes/test_oidc.py",
        "$ token=": "recipes/test_oidc.py",
        "curl https://login.example.org": "asks an issuer of the reader",
    },
    "recipes/opentelemetry/README.rst": {"export OTEL_": COMMAND},
    "recipes/sentry/README.rst": {"export SENTRY_DSN": "sets a secret of the reader"},
    "recipes/staging/README.rst": {
        "gunicorn --bind": COMMAND,
        "[[layers]]": "recipes/test_staging.py",
        "curl -s -u ada:wrong": "recipes/test_staging.py",
        "sudo cp": SYSTEM,
    },
    "recipes/zope/README.rst": {
        "sed 's/%/%%/g": "recipes/test_zope.py",
        "trusted_proxy": "recipes/test_zope.py",
        "[filter:translogger]": "recipes/test_zope.py",
    },
}
"""The first words of each block that is not run as the others are: which test runs it, or why none does."""


def find_pages() -> list[Path]:
    """All pages but those that only include another one, or that a program writes."""
    pages = {*ROOT.glob("*.rst"), *ROOT.glob("docs/**/*.rst"), *ROOT.glob("recipes/*/README.rst")} - WRITTEN
    made = ("_build", "layers")
    included = ("docs/changes.rst", "docs/security.rst", "docs/contributing.rst")
    names = {page: page.relative_to(ROOT) for page in sorted(pages)}
    return [page for page, name in names.items() if not {*made} & {*name.parts} and str(name) not in included]


def read_own_blocks(page: Path) -> list[Snippet]:
    """The blocks of a page, but not those of another file that it includes."""
    text = page.read_text("utf-8")
    return [block for block in read_blocks(page) if block.text.splitlines()[0].strip() in text]


def is_run(block: Snippet, page: Path, others: list[Snippet]) -> bool:
    if page in CHECKED and block.language in ("toml", "ini"):
        return True
    if page not in READ:
        return False
    if block.language == "console":
        return "pip install" not in block.text or INSTALLS.fullmatch(block.text) is not None
    module = re.escape(block.file.removesuffix(".py"))
    uses = [other for other in others if other is not block and other.language in ("console", "python", "toml", "ini")]
    return block.language == "python" or (
        bool(block.file) and any(re.search(rf"\b{module}\b", other.text) for other in uses)
    )


@pytest.mark.parametrize("page", [pytest.param(page, id=str(page.relative_to(ROOT))) for page in find_pages()])
def test_each_block_is_run_or_listed(page: Path) -> None:
    blocks = read_own_blocks(page)
    listed = LISTED.get(str(page.relative_to(ROOT)), {})
    not_run = [block.text for block in blocks if not is_run(block, page, blocks)]
    assert [text for text in not_run if not text.startswith((*listed,))] == []
    assert [start for start in listed if not any(text.startswith(start) for text in not_run)] == []


def test_lists_only_tests_that_exist() -> None:
    reasons = {reason.partition(" ")[0] for listed in LISTED.values() for reason in listed.values()}
    assert [each for each in reasons if each.endswith(".py") and not (ROOT / "tests" / each).exists()] == []


NO_CODE = (
    "stack.toml:4: layer 3",
    "wrong credentials of user",
    "proxy_set_header",
    "uwsgi_param",
    "refused 203.0.113.9",
    "failregex",
    "sed -i",
    "$ rq worker",
    '{"time": ',
)
"""The first words of the blocks in docstrings that are output, or for other programs."""


def read_docstrings() -> Iterator[tuple[str, str]]:
    """Each indented block after ``::`` in a docstring of the package, divided where another language begins."""
    for file in sorted((ROOT / "wsgistack").rglob("*.py")):
        source = file.read_text("utf-8")
        for node in ast.walk(ast.parse(source)) if "::\n\n" in source else ():
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and (text := ast.get_docstring(node)):
                for block in re.findall(r"(?m)::\n\n((?:    .*\n|\n)+)", f"{text}\n"):
                    for part in re.split(r"(?m)\n(?=(?:\[|\$ ))", dedent(block)):
                        yield f"{file.relative_to(ROOT)}, {getattr(node, 'name', 'module')}", part.strip()


def parse(text: str) -> None:
    if text.startswith("[[") or re.match(r"\[layers\.", text):
        tomllib.loads(text)
    elif text.startswith("["):
        ConfigParser(interpolation=None).read_string(text)
    elif not text.startswith(NO_CODE):
        ast.parse(text)


def test_the_code_in_docstrings_parses() -> None:
    blocks = [*read_docstrings()]
    assert len(blocks) > 100
    for place, text in blocks:
        try:
            parse(text)
        except Exception as error:
            raise AssertionError(f"{place}:\n{text}") from error
