"""What the sdist and the wheel hold."""

import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from email import message_from_bytes
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parent.parent
IGNORED = [".git", *(line.rstrip("/") for line in (ROOT / ".gitignore").read_text("utf-8").split())]
MADE = {"PKG-INFO", "setup.cfg"}
"""What setuptools writes into an sdist."""


def is_ignored(name: PurePosixPath) -> bool:
    return any(fnmatch(text, pattern) for text in (str(name), name.name) for pattern in IGNORED)


def list_files(folder: Path = ROOT) -> Iterator[str]:
    """The names of the files that the repository holds."""
    for path in folder.iterdir():
        name = PurePosixPath(path.relative_to(ROOT).as_posix())
        if not is_ignored(name):
            yield from list_files(path) if path.is_dir() else [str(name)]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, copy = tmp_path_factory.mktemp("built"), tmp_path_factory.mktemp("copy")
    for name in list_files():  # setuptools writes into the tree, in which other tests are running
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, copy / name)
    subprocess.run([sys.executable, "-m", "build", "-q", "--outdir", folder, copy], check=True)
    return folder


def test_the_sdist_holds_every_file_of_the_repository(built: Path) -> None:
    (path,) = built.glob("wsgistack-*.tar.gz")
    with tarfile.open(path) as sdist:
        names = {each.name.partition("/")[2] for each in sdist.getmembers() if each.isfile()}
    assert {name for name in names if ".egg-info/" not in name} == {*list_files(), *MADE}
    assert {"tests/conftest.py", ".ci/run", ".github/workflows/ci.yml", "recipes/quickstart/stack.ini"} <= names


def test_the_wheel_holds_the_package_and_nothing_else(built: Path) -> None:
    (path,) = built.glob("wsgistack-*-py3-none-any.whl")
    with ZipFile(path) as wheel:
        (metadata,) = (message_from_bytes(wheel.read(each)) for each in wheel.namelist() if each.endswith("/METADATA"))
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert names == {name for name in list_files() if name.startswith("wsgistack/")}
    assert {PurePosixPath(name).suffix for name in names} == {".py", ".typed", ".css", ".js"}
    assert (metadata["License-Expression"], metadata["License-File"]) == ("MIT", "LICENSE")
