"""The template of a package: a copy can be installed, tested and renamed by the commands of its README."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pages import read_snippets
from tests.test_documents import compare

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "writing-a-middleware.rst"
TEMPLATE = ROOT / "recipes" / "my-layer"
MADE = shutil.ignore_patterns("*.egg-info", "__pycache__", ".*_cache", "build")
SOURCE = ("wsgistack", "setup.cfg", "setup.py", "pyproject.toml", "README.rst", "LICENSE")


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """An environment of its own, with a wheel of this tree. Other packages come from the one that runs the tests."""
    venv, source = tmp_path / "venv", tmp_path / "source"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    [packages] = venv.glob("lib/python*/site-packages")
    others = [each for each in sys.path if each.endswith("site-packages")]
    (packages / "others.pth").write_text("".join(f"import site; site.addsitedir({each!r})\n" for each in others))
    source.mkdir()
    for name in SOURCE:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, source / name)
    environ = {
        **os.environ,
        "PATH": f"{venv / 'bin'}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    install: list[str | Path] = [venv / "bin" / "python", "-m", "pip", "install", "-q", "--no-deps", source]
    subprocess.run(install, env=environ, check=True)
    return environ


def test_a_copy_can_be_installed_tested_and_renamed(tmp_path: Path, environ: dict[str, str]) -> None:
    copy = tmp_path / "my-layer"
    shutil.copytree(TEMPLATE, copy, ignore=MADE)
    ran = []
    for snippet in read_snippets(copy / "README.rst"):
        for command, expected in snippet.commands():
            done = subprocess.run(
                ["bash", "-c", command], cwd=copy, env=environ, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, (command, done.stdout, done.stderr)
            compare(expected, done.stdout, command)
            ran.append(command)
    assert len(ran) == 12
    left = subprocess.run(["grep", "-rIE", "my[-_]layer|MyLayer", "."], cwd=copy, capture_output=True, check=False)
    assert left.stdout == b""


def test_the_package_of_the_page_can_be_installed_and_listed(tmp_path: Path, environ: dict[str, str]) -> None:
    folder = tmp_path / "powered"
    folder.mkdir()
    *_, last = snippets = read_snippets(PAGE)
    for snippet in snippets:
        if snippet.file in ("powered.py", "pyproject.toml"):
            (folder / snippet.file).write_text(snippet.text)
    for command, expected in last.commands():
        command = re.sub("^pip ", "python -m pip ", command)
        done = subprocess.run(
            ["bash", "-c", command], cwd=folder, env=environ, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        compare(expected, done.stdout, command)
