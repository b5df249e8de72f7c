"""Files and folders that can't be written are found before the first request."""

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.direct import answering
from wsgistack import AccessLog, CatchErrors, ConfigError

NOBODY = 65534
pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user can reach, unlike ``tmp_path``."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name)
        path.chmod(0o755)
        (path / "inner").mkdir()
        (path / "file").touch(0o600)
        yield path
        path.chmod(0o755)


def build_as_user(option: str, path: Path) -> str:
    """Build a layer in a process that root's permissions do not help, and return what it says."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        signal.alarm(30)  # ends a child that hangs
        try:
            if os.geteuid() == 0:
                os.setegid(NOBODY)
                os.seteuid(NOBODY)
            layer = AccessLog if option == "file" else CatchErrors
            layer(answering([b""]), **{option: path})  # type: ignore[arg-type]
        except ConfigError as error:
            os.write(writing, str(error).encode())
        finally:
            os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with os.fdopen(reading) as pipe:
        return pipe.read()


@pytest.mark.parametrize(
    ("option", "name"),
    [
        *((option, name) for option in ("file", "report_file") for name in ("new", "file", "inner/new")),
        *(("capsules", name) for name in ("", "new", "inner", "inner/new")),
    ],
)
@pytest.mark.parametrize("mode", [0o555, 0o000], ids=["read-only", "locked"])
def test_refuses_what_the_server_may_not_write(option: str, name: str, mode: int, folder: Path) -> None:
    path = folder / name
    if mode and os.geteuid() != 0:
        (folder / "file").chmod(0o400)
        (folder / "inner").chmod(0o555)
    folder.chmod(mode)
    verb = "write to" if option == "capsules" else "open"
    assert build_as_user(option, path).startswith(f"{option}: cannot {verb} {str(path)!r}: Permission denied; expected")


@pytest.mark.parametrize("option", ["file", "report_file", "capsules"])
@pytest.mark.parametrize(("name", "reason"), [("a\0b", "embedded null"), ("\ud800", "surrogates not allowed")])
def test_refuses_what_can_not_be_the_name_of_a_file(option: str, name: str, reason: str, tmp_path: Path) -> None:
    layer = AccessLog if option == "file" else CatchErrors
    path: dict[str, Any] = {option: tmp_path / name}
    with pytest.raises(ConfigError, match=f"^{option}: cannot .*{reason}.*; expected a f"):
        layer(answering([b""]), **path)


@pytest.mark.parametrize(("option", "name"), [("file", "new"), ("report_file", "file"), ("capsules", "inner")])
def test_accepts_what_the_server_may_write_and_creates_nothing(option: str, name: str, folder: Path) -> None:
    for each in (folder, folder / "inner", folder / "file"):
        each.chmod(0o777)
    assert build_as_user(option, folder / name) == ""
    assert {each.name for each in folder.iterdir()} == {"inner", "file"}
    assert not [*(folder / "inner").iterdir()]
