"""The recipe logrotate: in each way of rotating, every request has one line in one of the files."""

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.servers.running import Server, running
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

RECIPE = Path(__file__).parents[2] / "recipes" / "logrotate"
LOGROTATE = shutil.which("logrotate", path="/usr/sbin:/usr/bin:/sbin:/bin") or ""
GUNICORN = (sys.executable, "-m", "gunicorn", "--bind", "127.0.0.1:0", "--workers", "2")
WAYS = ["nocreate", "create 0640", "copytruncate"]


def rotate(folder: Path) -> None:
    command = [LOGROTATE, "--state", f"{folder}/status", "--force", f"{folder}/here.conf"]
    subprocess.run(command, check=True, capture_output=True)


def read_paths(file: Path) -> list[str]:
    """The paths in a log, which must consist of whole lines."""
    lines = file.read_text().splitlines()
    found = [re.fullmatch(r'127\.0\.0\.1 - - \[[^]]+\] "GET (\S+) HTTP/1\.1" 200 6 "-" "-"', line) for line in lines]
    assert all(found), lines
    return [each[1] for each in found if each]


def read_written_paths(file: Path) -> list[str]:
    """The paths in a log that may not exist yet, and whose last line may be half written."""
    return re.findall(r'"GET (\S+) .*\n', file.read_text()) if file.exists() else []


def ask(server: Server, numbers: range) -> list[str]:
    for number in numbers:
        assert server.get(f"/{number}").body == b"Hello\n"
    paths = [f"/{number}" for number in numbers]
    wait_until(lambda: {*paths} <= {*read_written_paths(server.folder / "access.log")})
    return paths


@pytest.mark.parametrize("way", WAYS)
def test_each_request_has_one_line(way: str, tmp_path: Path) -> None:
    if not LOGROTATE:
        pytest.skip("logrotate is not installed")
    folder = tmp_path / "recipe"
    shutil.copytree(RECIPE, folder)
    text = (folder / "logrotate.conf").read_text().replace("/var/log/greetings", str(folder))
    (folder / "here.conf").write_text(text.replace("nocreate", way))
    with running(folder, *GUNICORN, 'wsgistack:load("stack.ini")') as server:
        expected = []
        for turn in range(3):
            expected += [ask(server, range(turn * 40, turn * 40 + 40))]
            assert server.get("/health").body == b"Hello\n"
            rotate(folder)
            time.sleep(1.1)  # until both workers look at the name of the file
        expected += [ask(server, range(200, 210))]
    assert sorted(read_paths(folder / "access.log")) == sorted(expected[3])
    assert sorted(read_paths(folder / "access.log.1")) == sorted(expected[2])
    packed = sorted(folder.glob("access.log.*.gz"))
    assert len(packed) == 2
    for file in packed:
        subprocess.run(["gunzip", file], check=True)
    assert sorted(read_paths(folder / "access.log.2")) == sorted(expected[1])
    assert sorted(read_paths(folder / "access.log.3")) == sorted(expected[0])
    assert (folder / "access.log").stat().st_mode & 0o777 == 0o640
