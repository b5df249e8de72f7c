"""Every snippet of the README and of the recipes' READMEs, run in order as a reader would."""

import doctest
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import docutils.frontend
import docutils.nodes
import docutils.parsers.rst
import docutils.utils
import pytest

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.rst", ROOT / "docs/configuration.rst", *sorted(ROOT.glob("recipes/*/README.rst"))]
SERVERS = ("wsgistack serve", "flask --app", "gunicorn")
PORT = "8080"


class Snippet:
    def __init__(self, node: docutils.nodes.literal_block) -> None:
        self.language = next((name for name in node["classes"] if name != "code"), "")
        self.file = next(iter(node["names"]), "")
        self.text = node.astext()

    def commands(self) -> list[tuple[str, str]]:
        """Each command of a console, with the output that the document shows."""
        found: list[tuple[str, str]] = []
        for line in self.text.splitlines():
            if line.startswith("$ "):
                found.append((line.removeprefix("$ "), ""))
            else:
                command, output = found[-1]
                found[-1] = command, f"{output}{line}\n"
        return found


def snippets(document: Path) -> list[Snippet]:
    parser = docutils.parsers.rst.Parser()
    settings = docutils.frontend.get_default_settings(parser)
    settings.halt_level = docutils.utils.Reporter.WARNING_LEVEL
    tree = docutils.utils.new_document(str(document), settings)
    parser.parse(document.read_text("utf-8"), tree)
    return [Snippet(node) for node in tree.findall(docutils.nodes.literal_block) if "code" in node["classes"]]


class Reader:
    """A reader at work in a folder of their own, with a port of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = str(free.getsockname()[1])
        self.environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONUNBUFFERED": "1",
        }
        self.servers: list[subprocess.Popen[str]] = []

    def run_python(self, code: str) -> None:
        subprocess.run([sys.executable, "-c", code], cwd=self.folder, check=True, timeout=60)

    def run(self, command: str, expected: str) -> None:
        command = command.replace(PORT, self.port)
        if command.startswith(SERVERS):
            self.serve(command, expected)
        else:
            done = subprocess.run(
                ["bash", "-c", f"{command} 2>&1"],
                cwd=self.folder,
                env=self.environment,
                stdout=subprocess.PIPE,
                text=True,
                timeout=60,
                check=False,
            )
            self.compare(expected, done.stdout.replace("\r", ""), command)

    def serve(self, command: str, expected: str) -> None:
        log = self.folder / "server.log"
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
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", int(self.port))) == 0 and (log.read_text() or not expected):
                    break
            assert server.poll() is None, log.read_text()
            time.sleep(0.1)
        self.compare(expected, log.read_text() if expected else "", command)

    def compare(self, expected: str, output: str, command: str) -> None:
        shown = expected.replace(PORT, self.port)
        same = not shown or doctest.OutputChecker().check_output(shown, f"{output.rstrip()}\n", doctest.ELLIPSIS)
        assert same, f"$ {command}\n{output}\nThe document shows:\n{shown}"

    def leave(self) -> None:
        for server in self.servers:
            server.terminate()
            server.wait(timeout=30)


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


LEFT_BEHIND = (".git", ".venv", "wsgistack", "tests", "build", "__pycache__")


@pytest.mark.parametrize("document", [pytest.param(path, id=str(path.relative_to(ROOT))) for path in DOCUMENTS])
def test_does_what_it_shows(document: Path, start_reading: Callable[[Path], Reader]) -> None:
    if shutil.which("curl") is None:
        pytest.skip("the documents ask with curl, which is not installed")
    reader = start_reading(document)
    ran = 0
    for snippet in snippets(document):
        if snippet.file:
            (reader.folder / snippet.file).write_text(snippet.text, "utf-8")
        if snippet.language == "python":
            reader.run_python(snippet.text)
            ran += 1
        elif snippet.language == "console" and "pip install" not in snippet.text:
            for command, output in snippet.commands():
                reader.run(command, output)
                ran += 1
    assert ran
