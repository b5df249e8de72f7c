"""PasteDeploy's own tests of its loader, run on the loader of this package."""

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

import wsgistack

pytestmark = pytest.mark.slow

VERSION = "3.1.0"
LOADER_TESTS = ("tests/test_basic_app.py", "tests/test_config.py", "tests/test_filter.py")

# this loader with the arguments of PasteDeploy's, and the words of the mistake that its tests expect
STAND_IN = """
import importlib.metadata
import sys
from pathlib import Path
from types import ModuleType

from wsgistack.config import ConfigError, appconfig, load


def loading(load):
    def loading(uri, name=None, relative_to="", global_conf=None):
        uri, _, fragment = uri.partition("#")
        scheme, _, path = uri.partition(":")
        name = name or fragment or "main"
        try:
            if scheme == "config":
                return load(Path(relative_to) / path, name, global_conf=global_conf)
            return load({"app": f"{uri}#{name}"}, global_conf=global_conf)
        except ConfigError as error:
            said = str(error).replace("unknown setting of a pipeline", "has extra (disallowed) settings")
            raise LookupError(f"Error in file {error.mistakes[0].where.file}: {said}") from error

    return loading


for name in ("paste", "paste.deploy", "paste.deploy.util"):
    sys.modules[name] = ModuleType(name)
sys.modules["paste.deploy"].loadapp = loading(load)
sys.modules["paste.deploy"].appconfig = loading(appconfig)
sys.modules["paste.deploy.util"].importlib_metadata = importlib.metadata
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """PasteDeploy as it is distributed, with its tests."""
    folder = tmp_path_factory.mktemp("paste-deploy")
    download = ["download", "--quiet", "--no-deps", "--no-binary", "PasteDeploy", f"PasteDeploy=={VERSION}"]
    done = subprocess.run(
        [sys.executable, "-m", "pip", *download, "--dest", str(folder)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"the sources of PasteDeploy cannot be downloaded: {done.stderr.strip().splitlines()[-1]}")
    [archive] = folder.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    return folder / f"PasteDeploy-{VERSION}"


def run_its_tests(source: Path, stand_in: str) -> str:
    (source / "stand_in.py").write_text(stand_in)
    ours = Path(wsgistack.__file__).parents[1]
    path = os.pathsep.join(map(str, [source, source / "tests/fake_packages/FakeApp.egg", ours]))
    alone = ["-c", os.devnull, "--rootdir", ".", "-p", "no:cacheprovider", "-p", "stand_in"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *alone, *LOADER_TESTS],
        cwd=source,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def test_the_loader_passes_the_tests_of_paste_deploy(source: Path) -> None:
    printed = run_its_tests(source, STAND_IN)
    assert "\n23 passed in " in printed, printed


def test_the_tests_run_on_this_loader(source: Path) -> None:
    printed = run_its_tests(source, STAND_IN.replace("import ConfigError, appconfig, load", "import nothing_of_ours"))
    assert "cannot import name 'nothing_of_ours' from 'wsgistack.config'" in printed
