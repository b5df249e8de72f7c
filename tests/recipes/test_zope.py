"""The recipe for Zope: an instance as mkwsgiinstance makes it logs the same lines as with Paste, and some more."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.pages import find_snippet
from tests.servers.running import WSGISTACK, Server, running
from tests.waiting import MAX_WAIT, wait_until

README = Path(__file__).parents[2] / "recipes" / "zope" / "README.rst"
pytestmark = pytest.mark.slow

MAKE = "import sys; from Zope2.utilities.mkwsgiinstance import main; sys.exit(main())"
RUN = "import sys; from Zope2.Startup.serve import main; sys.exit(main())"
ASKED = [
    ("GET", "/", 200),
    ("HEAD", "/", 200),
    ("GET", "/?a=b%20c", 200),
    ("GET", "/manage_main", 401),
    ("GET", "/missing", 404),
    ("GET", "/@@missing", 404),
]


@contextmanager
def serving(folder: Path, log: str, *command: str, options: str = "", section: str = "") -> Iterator[Server]:
    """Serve a new instance, with one word of its file changed, with more options of its server, or another section."""
    subprocess.run([sys.executable, "-c", MAKE, "-d", "instance", "-u", "admin:admin"], cwd=folder, check=True)
    file = folder / "instance" / "etc" / "zope.ini"
    text = file.read_text()
    assert text.count("egg:Paste#translogger") == 1
    text = text.replace("egg:Paste#translogger", log).replace("port = 8080", f"port = 0\n{options}")
    file.write_text(re.sub(r"(?s)\[filter:translogger\].*?\n\n", f"{section}\n\n", text) if section else text)
    with running(folder, *command) as server:
        yield server


def ask(server: Server, lines: int) -> list[str]:
    """Send the requests, and return the sorted lines of the log, without their time."""
    for method, path, status in ASKED:
        with closing(HTTPConnection("127.0.0.1", server.port, timeout=MAX_WAIT)) as connection:
            connection.request(method, path, headers={"User-Agent": "a browser"})
            assert connection.getresponse().status == status
    log = server.folder / "instance" / "var" / "log" / "Z4.log"
    wait_until(lambda: log.read_text().count("\n") >= lines)
    return sorted(re.sub(r"\[[^]]+\]", "[]", line) for line in log.read_text().splitlines())


def test_one_word_changes_and_the_lines_stay_the_same(tmp_path: Path) -> None:
    lines = []
    for name, expected in {"Paste": len(ASKED) - 2, "wsgistack": len(ASKED)}.items():
        (tmp_path / name).mkdir()
        command = (sys.executable, "-c", RUN, "instance/etc/zope.ini")
        with serving(tmp_path / name, f"egg:{name}#translogger", *command) as server:
            lines.append(ask(server, expected))
    theirs, ours = lines
    assert len(ours) == len(ASKED)
    more = [f'127.0.0.1 - - [] "GET {path} HTTP/1.1" 404 - "-" "a browser"' for path in ("/missing", "/@@missing")]
    assert ours == sorted([*theirs, *more])


def test_wsgistack_serves_the_same_file(tmp_path: Path) -> None:
    command = (*WSGISTACK, "serve", "instance/etc/zope.ini", "--port", "0")
    with serving(tmp_path, "egg:wsgistack#translogger", *command) as server:
        assert len(ask(server, len(ASKED))) == len(ASKED)


def test_the_log_has_the_address_that_a_proxy_has_seen(tmp_path: Path) -> None:
    command = (sys.executable, "-c", RUN, "instance/etc/zope.ini")
    options = find_snippet(README, "trusted_proxy")
    with serving(tmp_path, "egg:wsgistack#translogger", *command, options=options) as server:
        with closing(HTTPConnection("127.0.0.1", server.port, timeout=MAX_WAIT)) as connection:
            connection.request("GET", "/", headers={"X-Forwarded-For": "192.0.2.7"})
            connection.getresponse().read()
        log = server.folder / "instance" / "var" / "log" / "Z4.log"
        assert wait_until(log.read_text).startswith("192.0.2.7 - - [")


def test_the_layer_in_its_place_writes_json(tmp_path: Path) -> None:
    command = (*WSGISTACK, "serve", "instance/etc/zope.ini", "--port", "0")
    section = find_snippet(README, "format = json")
    with serving(tmp_path, "egg:wsgistack#translogger", *command, section=section) as server:
        with closing(HTTPConnection("127.0.0.1", server.port, timeout=MAX_WAIT)) as connection:
            connection.request("GET", "/")
            connection.getresponse().read()
        log = server.folder / "instance" / "var" / "log" / "access.jsonl"
        line = wait_until(lambda: log.read_text().rpartition("\n")[0] if log.exists() else None)
        assert json.loads(line)["status"] == 200


def test_sed_makes_a_template_for_buildout(tmp_path: Path) -> None:
    made = tmp_path / "parts" / "instance" / "etc" / "wsgi.ini"
    made.parent.mkdir(parents=True)
    made.write_text("[filter:translogger]\nuse = egg:Paste#translogger\nhome = %(here)s\n")
    subprocess.run(["bash", "-c", find_snippet(README, "s/%/%%/g")], cwd=tmp_path, check=True)
    expected = "[filter:translogger]\nuse = egg:wsgistack#translogger\nhome = %%(here)s\n"
    assert (tmp_path / "wsgi.ini.in").read_text() == expected
