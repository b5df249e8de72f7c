"""The snippets of the documents.

The fast tests run what needs no other process: Python, and ``wsgistack`` commands without a shell. The slow tests run
every snippet in order, with a shell, servers and other programs, as a reader would. The conformance kit judges the
example middleware of CONTRIBUTING.rst.
"""

import doctest
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from configparser import ConfigParser
from contextlib import suppress
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.pages import Snippet, find_snippet, read_snippets
from tests.servers.running import find_port, is_refused
from tests.waiting import MAX_WAIT, wait_until
from wsgistack.cli import main
from wsgistack.options.schema import read_schema
from wsgistack.pipeline import registry
from wsgistack.testing import Judge, Server

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.rst", ROOT / "docs/configuration.rst", *sorted(ROOT.glob("recipes/*/README.rst"))]
COMMANDS = ROOT / "docs/commands.rst"
TEMPLATE = ROOT / "recipes/my-layer/README.rst"
"""A page for an installed copy of its folder, which ``tests/recipes/test_my_layer.py`` makes."""
TUTORIAL = ROOT / "docs/tutorial.rst"
PARTS = [ROOT / "docs/debug-page.rst", ROOT / "docs/reports.rst"]
"""Pages that show parts of files."""
FRAMEWORKS = ("flask", "django", "plain")
PAGES = [
    COMMANDS,
    *PARTS,
    ROOT / "docs/writing-a-middleware.rst",
    *(ROOT / f"docs/tasks/{name}.rst" for name in ("deployment", "several-applications", "testing")),
    *sorted(set(ROOT.glob("docs/migration/*.rst")) - {ROOT / "docs/migration/index.rst"}),
]
ERRORS = ROOT / "docs/errors.rst"
"""A page whose code the tests of ``catch_errors`` run."""
CONTRIBUTING = ROOT / "CONTRIBUTING.rst"
LEFT_BEHIND = ("_build", ".git", ".nox", ".venv", "wsgistack", "tests", "build", "__pycache__")
SERVERS = ("wsgistack serve", "flask --app", "gunicorn", "granian", "uwsgi", "waitress-serve")
COPIED = (".py", ".toml", ".ini", ".conf", ".html", ".css")
"""Files of a recipe that a reader copies from its page."""
SHELL = re.compile(r"[|<>&;$=]|^(?!wsgistack (check|list|show|diff|audit|explain) )")
PORT = re.compile(r"\b80[08]0\b")
"""The ports of all servers in the documents, but for one that the system chooses."""
SERVER_LOG = "server.log"
READS_A_LOG = re.compile(r"(sleep 1; )?(grep|tail) ")
"""A server logs a request after its answer, and a busy machine may take longer than the document waits."""


def compare(expected: str, output: str, command: str) -> None:
    assert is_shown(expected, output), f"$ {command}\n{output}\nThe document shows:\n{expected}"


def is_shown(expected: str, output: str) -> bool:
    return not expected or doctest.OutputChecker().check_output(expected, f"{output.rstrip()}\n", doctest.ELLIPSIS)


def write(snippet: Snippet, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write the file of a snippet; another test may have imported a module of this name from elsewhere."""
    (folder / snippet.file).write_text(snippet.text, "utf-8")
    monkeypatch.delitem(sys.modules, snippet.file.removesuffix(".py"), raising=False)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current folder, from which modules are imported during this test only."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(tmp_path) in (getattr(sys.modules[name], "__file__", "") or ""):
            del sys.modules[name]


@pytest.mark.parametrize("document", [pytest.param(path, id=path.name) for path in (*DOCUMENTS[:2], COMMANDS)])
def test_python_and_plain_commands_do_what_the_document_shows(
    document: Path, folder: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = 0
    for snippet in read_snippets(document):
        if snippet.file:
            write(snippet, folder, monkeypatch)
        if snippet.language == "python":
            exec(compile(snippet.text, snippet.file or document.name, "exec"), {"__name__": "__main__"})  # noqa: S102
            ran += 1
        elif snippet.language == "console" and not any(SHELL.search(command) for command, _ in snippet.commands()):
            for command, expected in snippet.commands():
                capfd.readouterr()
                main(shlex.split(command)[1:])
                compare(expected, "".join(reversed(capfd.readouterr())), command)
                ran += 1
    assert ran >= 3


def test_the_readme_links_each_layer_to_its_code() -> None:
    links = re.findall(r"`(\w+) <([\w./]+)>`_", (ROOT / "README.rst").read_text("utf-8"))
    assert {name for name, _ in links} == {name for name in registry.names() if not name.startswith("oslo_")}
    assert [target for _, target in links if not (ROOT / target).exists()] == []


def load_module(name: str, file: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = spec_from_file_location(name, file)
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)
    spec.loader.exec_module(module)
    return module


def test_the_example_middleware_passes_the_kit_and_its_tests(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = {snippet.file: snippet.text for snippet in read_snippets(CONTRIBUTING) if snippet.file}
    for name, text in written.items():
        (folder / name).write_text(text, "utf-8")
    middleware = load_module("wsgistack.middleware.sunset", folder / "sunset.py", monkeypatch).Sunset
    tests = load_module("example_tests", folder / "test_sunset.py", monkeypatch)
    floor = load_module("example_floor", folder / "floor.py", monkeypatch).Sunset

    options: dict[str, Any] = tests.TestSunset.options
    for factory in (tests.TestSunset.factory, floor):
        judge = Judge(factory, options, changes=middleware.changes)
        assert [verdict for verdict in judge.judge_all() if verdict.breaches] == []
    examples = [test for name, test in vars(tests).items() if name.startswith("test_")]
    for test in examples:
        test()
    assert len(examples) == 2
    responses = [Server().get(factory(tests.application, **options), "/") for factory in (middleware, floor)]
    assert responses[0].headers == responses[1].headers


def test_the_example_middleware_has_the_anatomy_of_the_others(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = {snippet.file: snippet.text for snippet in read_snippets(CONTRIBUTING) if snippet.file}
    (folder / "sunset.py").write_text(written["sunset.py"], "utf-8")
    middleware = load_module("wsgistack.middleware.sunset", folder / "sunset.py", monkeypatch).Sunset
    documented = re.findall(r"^ *:param (\w+):", middleware.__doc__, re.MULTILINE)
    assert documented == list(read_schema(middleware).options)
    for part in (":raises ConfigError:", "Cost tier T1", "Place it", "Not needed"):
        assert part in middleware.__doc__

    shown, ours = ConfigParser(), ConfigParser(interpolation=None)
    shown.read_string(written["setup.cfg"])
    ours.read(ROOT / "setup.cfg")
    for group, lines in shown["options.entry_points"].items():
        existing = dict(re.findall(r"(\w+) = (\S+)", ours["options.entry_points"][group]))
        ((name, value),) = re.findall(r"(\w+) = (\S+)", lines)
        expected = existing["request_id"].replace("request_id", "sunset").replace("RequestId", "Sunset")
        assert (name, value) == ("sunset", expected)


@pytest.mark.parametrize("document", [pytest.param(path, id=path.name) for path in PARTS])
def test_parts_of_files_are_right(document: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "shop"]:
        monkeypatch.delitem(sys.modules, name)  # of another test
    (folder / "shop.py").write_text("from wsgiref.simple_server import demo_app as app\n")
    snippets = read_snippets(document)
    for snippet in snippets:
        if snippet.language == "python":
            (folder / snippet.file).write_text(snippet.text)
    for snippet in snippets:
        if snippet.language in ("toml", "ini"):
            names = " ".join(re.findall(r"(?m)^\[filter:(\w+)\]", snippet.text))
            rest = {"toml": 'app = "shop:app"', "ini": f"[pipeline:main]\npipeline = {names} shop:app\n"}
            file = folder / f"stack.{snippet.language}"
            file.write_text(snippet.text if snippet.file else f"{rest[snippet.language]}\n{snippet.text}")
            assert main(["check", str(file)]) == 0


def test_the_commands_for_files_of_openstack_change_all_names(tmp_path: Path) -> None:
    document = ROOT / "docs/configuration.rst"
    expected = find_snippet(document, "egg:wsgistack#oslo_cors")
    file = tmp_path / "api-paste.ini"
    file.write_text(
        expected.replace("wsgistack#oslo_", "oslo.middleware#").replace("wsgistack.oslo", "oslo_middleware")
    )
    commands = find_snippet(document, "s/egg:oslo").replace("$ ", "")
    subprocess.run(["bash", "-e", "-c", commands], cwd=tmp_path, check=True)
    assert file.read_text() == expected


def test_a_task_page_shows_every_file_of_its_recipe() -> None:
    pages = {page: page.read_text("utf-8") for page in ROOT.glob("docs/tasks/*.rst")}
    recipes = {page: name for page, text in pages.items() for name in re.findall(r"recipes/(.+)/README.rst", text)}
    for page, name in recipes.items():
        folder = ROOT / "recipes" / name
        files = [file for file in folder.rglob("*.*") if file.suffix in COPIED and file.stat().st_size]
        expected = {str(file.relative_to(folder)) for file in files}
        shown = re.findall(rf"literalinclude:: .*recipes/{name}/(.+)\n   :caption: \1\n", pages[page])
        assert set(shown) == expected, page
    assert len(recipes) >= 14


def test_documents_name_only_files_that_exist() -> None:
    for document in (
        *DOCUMENTS,
        CONTRIBUTING,
        ROOT / "SECURITY.rst",
        ERRORS,
        ROOT / "docs/profile.rst",
    ):
        text = document.read_text("utf-8")
        paths = re.findall(r"``((?:\.ci|benchmarks|docs|recipes|tests|wsgistack)/[\w./]*)``", text)
        missing = [path for path in paths if "sunset" not in path and not (ROOT / path).exists()]
        assert not missing, document


def test_each_picture_is_on_a_page() -> None:
    shown = {name for page in ROOT.glob("docs/**/*.rst") for name in re.findall(r"images/\S+", page.read_text("utf-8"))}
    assert {f"images/{picture.name}" for picture in ROOT.glob("docs/images/*")} <= shown


class Reader:
    """A reader with a folder and a port of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = str(find_port())
        self.environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONUNBUFFERED": "1",
        }
        self.servers: list[subprocess.Popen[str]] = []
        self.unlogged: tuple[bytes, ...] | None = None

    def run_python(self, snippet: Snippet) -> None:
        code = [snippet.file] if snippet.file else ["-c", snippet.text]
        subprocess.run([sys.executable, *code], cwd=self.folder, check=True, timeout=MAX_WAIT)

    def run(self, command: str, expected: str) -> None:
        has_port = PORT.search(command) is not None
        command, expected = (PORT.sub(self.port, each) for each in (command, expected))
        if command.startswith(SERVERS):
            if has_port:
                self.leave()  # the server before it, which has the port
            self.serve(command, expected, has_port=has_port)
            return
        if command == "sleep 1" and self.unlogged is not None:
            wait_until(lambda: self.read_logs() != self.unlogged)
        self.unlogged = self.read_logs() if command.startswith("curl") else None
        if READS_A_LOG.match(command):
            with suppress(AssertionError):  # the comparison shows more
                wait_until(lambda: is_shown(expected, self.call(command)))
        compare(expected, self.call(command), command)

    def call(self, command: str) -> str:
        done = subprocess.run(
            ["bash", "-c", f"{command} 2>&1"],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
            timeout=MAX_WAIT,
            check=False,
        )
        return done.stdout.replace("\r", "")

    def read_logs(self) -> tuple[bytes, ...]:
        return tuple(log.read_bytes() for log in sorted(self.folder.glob("*.log")) if log.name != SERVER_LOG)

    def serve(self, command: str, expected: str, *, has_port: bool) -> None:
        log = self.folder / SERVER_LOG
        with log.open("w") as output:
            server = subprocess.Popen(
                ["bash", "-c", f"exec {command}"],
                cwd=self.folder,
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
            )
        self.servers.append(server)

        def is_ready() -> bool:
            assert server.poll() is None, log.read_text()
            return not (has_port and is_refused(int(self.port))) and is_shown(expected, log.read_text())

        with suppress(AssertionError):  # the comparison shows more
            wait_until(is_ready)
        assert not has_port or not is_refused(int(self.port)), log.read_text()
        compare(expected, log.read_text(), command)

    def leave(self) -> None:
        for server in self.servers:
            server.terminate()
            server.wait(timeout=MAX_WAIT)
        self.servers.clear()


@pytest.fixture
def start_reading(tmp_path: Path) -> Iterator[Callable[[Path], Reader]]:
    readers: list[Reader] = []

    def start(document: Path) -> Reader:
        folder = tmp_path / "folder"
        shutil.copytree(document.parent, folder, ignore=lambda _, names: [n for n in names if n in LEFT_BEHIND])
        readers.append(Reader(folder))
        return readers[0]

    yield start
    for reader in readers:
        reader.leave()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("document", "tab"),
    [
        *(pytest.param(path, "", id=str(path.relative_to(ROOT))) for path in (*DOCUMENTS, *PAGES) if path != TEMPLATE),
        *(pytest.param(TUTORIAL, tab, id=f"tutorial-{tab}") for tab in FRAMEWORKS),
    ],
)
def test_every_snippet_does_what_the_document_shows(
    document: Path, tab: str, start_reading: Callable[[Path], Reader]
) -> None:
    if shutil.which("curl") is None:
        pytest.skip("the documents use curl, which is not installed")
    reader = start_reading(document)
    ran = 0
    for snippet in read_snippets(document, tab):
        if snippet.file:
            (reader.folder / snippet.file).write_text(snippet.text, "utf-8")
        if snippet.language == "python":
            reader.run_python(snippet)
            ran += 1
        elif snippet.language == "console" and "pip install" not in snippet.text:
            for command, output in snippet.commands():
                reader.run(command, output)
                ran += 1
    assert ran
