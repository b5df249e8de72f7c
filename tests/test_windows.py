"""What can be tested for Windows without Windows: the package needs nothing that Python has on POSIX alone."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
FORGET = """
import os, signal, socket, sys
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import wsgistack


def import_all():
    names = [each.name for each in walk_packages(wsgistack.__path__, "wsgistack.")]
    return [import_module(name) for name in names if not name.endswith("__main__")]


before = len(import_all())
for name in [name for name in sys.modules if name.partition(".")[0] == "wsgistack"]:
    del sys.modules[name]
for name in ("fcntl", "grp", "pty", "pwd", "resource", "syslog", "termios", "tty"):
    sys.modules[name] = None
missing = {
    os: "chown fchmod fchown fork getegid geteuid getgid getuid killpg mkfifo nice openpty register_at_fork sendfile "
    "setsid sysconf uname O_CLOEXEC O_DIRECTORY O_NOCTTY O_NOFOLLOW O_NONBLOCK WNOHANG",
    signal: "SIGALRM SIGCHLD SIGHUP SIGKILL SIGPIPE SIGQUIT SIGUSR1 SIGUSR2 SIGWINCH",
    socket: "AF_UNIX SO_REUSEPORT",
}
for module, names in missing.items():
    for name in names.split():
        vars(module).pop(name, None)
sys.platform = "win32"

import wsgistack

assert len(import_all()) == before
from wsgistack.cli import main
from wsgistack.testing import Server

folder = Path(sys.argv[1])
assert main(["check", str(folder / "recipes/quickstart/stack.ini")]) == 0
application = wsgistack.load(folder / "recipes/quickstart/stack.ini")
assert Server().get(application, "/").status == "401 Unauthorized"

log = Path("access.log").absolute()
application = wsgistack.AccessLog(application, file=log)
Server().get(application, "/logged")
assert "GET /logged" in log.read_text()
"""


def test_works_without_what_python_has_on_posix_alone(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FORGET, str(ROOT)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
