"""Changes of htpasswd files: which lines they touch, what stays of the file, and that they are never lost."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import MAX_WAIT
from wsgistack.errors import ConfigError
from wsgistack.middleware.auth.htpasswd_changes import change_user


@pytest.mark.parametrize(
    ("before", "after", "was_there"),
    [
        ("", "ann:new\n", False),
        ("bob:b\n", "bob:b\nann:new\n", False),
        ("bob:b", "bob:b\nann:new\n", False),
        ("ann:a\nbob:b\n", "ann:new\nbob:b\n", True),
        ("ann:a", "ann:new", True),
        ("ann:a:Ann Lee\n", "ann:new:Ann Lee\n", True),
        ("ann:a\r\nbob:b\r\n", "ann:new\r\nbob:b\r\n", True),
        ("ann:a:Ann\r\n", "ann:new:Ann\r\n", True),
        ("# ann:x\n\nann:!a\nbob:b\nann:old\n", "# ann:x\n\nann:new\nbob:b\n", True),
        ("Ann:a\n", "Ann:a\nann:new\n", False),
        ("ann\n", "ann:new\n", True),
        ("\ufeffann:a\n", "ann:new\n", True),
    ],
)
def test_sets_a_hash(before: str, after: str, was_there: bool, tmp_path: Path) -> None:
    path = tmp_path / "users"
    path.write_bytes(before.encode())
    assert change_user(path, "ann", "new") is was_there
    assert path.read_bytes().decode() == after


@pytest.mark.parametrize(
    ("before", "after", "was_there"),
    [
        ("", "", False),
        ("bob:b", "bob:b", False),
        ("ann:a\nbob:b\n", "bob:b\n", True),
        ("bob:b\nann:a\n", "bob:b\n", True),
        ("ann:a\nbob:b\nann:older\n", "bob:b\n", True),  # which would count from now on
        ("ann:a\n", "", True),
    ],
)
def test_removes_a_user(before: str, after: str, was_there: bool, tmp_path: Path) -> None:
    path = tmp_path / "users"
    path.write_bytes(before.encode())
    assert change_user(path, "ann", None) is was_there
    assert path.read_bytes().decode() == after


def test_a_new_file_is_not_for_everybody(tmp_path: Path) -> None:
    mask = os.umask(0)
    try:
        assert not change_user(tmp_path / "users", "ann", "new")
    finally:
        os.umask(mask)
    assert stat.S_IMODE((tmp_path / "users").stat().st_mode) == 0o640
    assert not change_user(tmp_path / "none", "ann", None)
    assert [each.name for each in tmp_path.iterdir()] == ["users"]


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o440])
def test_keeps_mode_and_owner(mode: int, tmp_path: Path) -> None:
    path = tmp_path / "users"
    path.write_text("ann:a\n")
    owner = (65534, 65534) if os.geteuid() == 0 else (os.geteuid(), os.getegid())
    os.chown(path, *owner)
    path.chmod(mode)
    before = path.stat()
    assert change_user(path, "ann", "new")
    after = path.stat()
    assert stat.S_IMODE(after.st_mode) == mode
    assert (after.st_uid, after.st_gid) == owner
    assert after.st_ino != before.st_ino  # a reader has the whole old file, or the whole new one


def test_replaces_the_file_that_a_link_names(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    target, link = tmp_path / "etc" / "users", tmp_path / "link"
    link.symlink_to(Path("etc") / "users")
    for stored in ("first", "second"):  # the first creates the file
        change_user(link, "ann", stored)
        assert link.is_symlink()
        assert target.read_text() == f"ann:{stored}\n"


def test_an_unchanged_file_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "users"
    path.write_text("bob:b\n")
    before = path.stat()
    assert not change_user(path, "ann", None)
    assert path.stat().st_ino == before.st_ino


@pytest.mark.parametrize("content", [None, b"\xff:x\n"], ids=["a folder", "Latin-1"])
def test_refuses_what_is_no_file_of_users(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "users"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    problem = "is not UTF-8" if content else "is not a file that can be replaced"
    with pytest.raises(ConfigError, match=f"{path}: {problem}"):
        change_user(path, "ann", "new")


def test_says_that_the_folder_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no/users: can't be changed: No such file or directory"):
        change_user(tmp_path / "no" / "users", "ann", "new")


def test_leaves_the_old_file_and_no_other_if_it_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "users"
    path.write_text("ann:a\n")

    def fail(path: Path, target: Path) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(ConfigError, match="users: can't be changed: No space left on device"):
        change_user(path, "ann", "new")
    assert [each.name for each in tmp_path.iterdir()] == ["users"]
    assert path.read_text() == "ann:a\n"


def test_no_change_of_several_processes_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "users"
    program = """
import sys
from pathlib import Path
from wsgistack.middleware.auth.htpasswd_changes import change_user
for number in range(20):
    change_user(Path(sys.argv[1]), f"user{sys.argv[2]}x{number}", "hash")
"""
    started = [subprocess.Popen([sys.executable, "-c", program, path, str(number)]) for number in range(4)]
    assert [process.wait(MAX_WAIT) for process in started] == [0] * 4
    assert len({*path.read_text().splitlines()}) == 80
