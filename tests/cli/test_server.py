"""The arguments of serve that choose the server and where it listens."""

import argparse
import json
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.cli.files import layers, read_mistakes, written
from tests.linking import linked
from tests.servers.running import find_port
from tests.waiting import MAX_WAIT, wait_until
from wsgistack.cli import main
from wsgistack.cli.server import find_program_hosts
from wsgistack.serving.address import Address
from wsgistack.serving.programs import SERVERS, Program

ONCE = "[server:main]\npaste.server_runner = tests.cli.servers:once\n"
SERVED = layers("gzip") + ONCE
ABLE = "gunicorn, uwsgi, granian or cheroot"


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The mistake in arguments, which end the program with status 2."""
    with pytest.raises(SystemExit, match=r"^2$"):
        main(["serve", *arguments])
    out, err = capsys.readouterr()
    assert out == ""
    return err.splitlines()[-1].removeprefix("wsgistack serve: error: ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--bind", ":80"], "-b/--bind: not a valid host; expected an address such as 127.0.0.1; 0.0.0.0 is all of"),
        (["-b", "8000"], "-b/--bind: not a valid address; expected HOST:PORT, [IPV6]:PORT or unix:PATH; did you mean"),
        (["--port", "-1"], "-p/--port: not a valid port; expected 0 to 65535"),
        (["--port", ""], "-p/--port: not a valid port; expected 0 to 65535"),
        (["--port", "http"], "-p/--port: not a valid port; expected 0 to 65535"),
        (["--host", ""], "--host: not a valid host; expected an address such as 127.0.0.1"),
        (["--workers", "0"], "--workers: not a valid number '0'; expected 1 or more"),
        (["--threads", "-1"], "--threads: not a valid number '-1'; expected 1 or more"),
        (["--threads", "9" * 5000], "--threads: not a valid number '9999"),
        (["-b", "[::1]:80", "--port", "80"], "--bind: not allowed with argument --port"),
        (["-b", "[::1]:80", "--port", "80", "--host", "::1"], "--bind: not allowed with argument --host"),
        (["--server-name", "main", "--port", "0"], "--server-name: not allowed with argument --port"),
        (["--server-name", "main", "--server", "gunicorn"], "--server-name: not allowed with argument --server"),
        (["--server-name", "main", "--", "x"], "--server-name: not allowed with argument --"),
        (["--server", "main"], "--server: unknown server 'main'; did you mean --server-name main?"),
        (["--server", "gunicron"], "--server: unknown server 'gunicron'; did you mean 'gunicorn'?"),
        (["--server", ""], "--server: unknown server ''; choose from cheroot, granian, gunicorn, uwsgi, waitress, "),
        (["--workers", "2"], "--workers: waitress runs in one process; use --server gunicorn, uwsgi or granian"),
        (["--server", "cheroot", "--workers", "2"], "--workers: cheroot runs in one process; use --server gunicorn, "),
        (["--server", "wsgiref", "--threads", "2"], "--threads: wsgiref serves one request at a time; use --server "),
        (["--server", "wsgiref", "-b", "unix:x"], "--bind: wsgiref does not listen on Unix sockets; use --server "),
        (["--server", "wsgiref", "--", "x"], f"--: wsgiref takes no arguments; use --server waitress, {ABLE}"),
        (["--threads", "2"], "--threads: not allowed with the server main of {}; set it there, or choose a server "),
        (["--", "--threads=2"], "--: not allowed with the server main of {}; set it there, or choose a server with --"),
        (["--reload", "--server", "gunicorn"], "--reload: only with waitress, and not with gunicorn; gunicorn has an "),
        (["--reload", "--server", "uwsgi"], "uwsgi has an option of its own: write -- --py-autoreload=1"),
        (["--reload", "--server", "cheroot"], "--reload: only with waitress, and not with cheroot"),
        (["--server", "waitress", "--", "--lisen=x"], "--: option --lisen not recognized; see waitress-serve --help"),
        (["--server", "waitress", "--", "--listen=*:80"], "--: option --listen is only for waitress-serve; use --bind"),
        (["--server", "waitress", "--", "--call"], "--: option --call is only for waitress-serve"),
        (["--server", "waitress", "--", "x"], "--: 'x' is not an option; expected options such as --threads=16"),
        (["--server", "waitress", "--", "--unix-socket-perms=9"], "--: not valid permissions in --unix-socket-perms; "),
    ],
)
def test_names_the_wrong_argument(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert message.format(file := written(tmp_path, SERVED)) in refused(capsys, file, *arguments)


def test_bears_a_missing_file_beside_an_unknown_server(capsys: pytest.CaptureFixture[str]) -> None:
    assert refused(capsys, "--server", "mian", "nothing.ini").startswith("argument --server: unknown server 'mian'; ")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--server", "waitress"], "--server: waitress is not installed; pip install 'wsgistack[serve]'"),
        (["--server", "gunicorn"], "--server: gunicorn is not installed; pip install gunicorn"),
        (["--server", "uwsgi"], "--server: uwsgi is not installed; pip install pyuwsgi"),
        (["--server", "cheroot"], "--server: cheroot is not installed; pip install cheroot"),
        (
            ["--reload", "-b", "127.0.0.1:0"],
            "--reload: needs the library waitress, which can't be imported; pip install",
        ),
    ],
)
def test_says_how_to_install_a_server(
    arguments: list[str],
    problem: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("waitress", "gunicorn", "cheroot"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    monkeypatch.setenv("PATH", "/nowhere")
    assert main(["serve", written(tmp_path, layers("gzip")), *arguments]) == 1
    [said] = read_mistakes(capsys.readouterr().err)
    assert said.startswith(problem)


@contextmanager
def visiting(port: int | str) -> Iterator[list[bytes]]:
    """Make a request as soon as a server listens on a port or a Unix socket, and then interrupt this process."""
    answers: list[bytes] = []

    def ask() -> bool:
        connection = HTTPConnection("localhost", timeout=MAX_WAIT)
        try:
            if isinstance(port, str):
                connection.sock = socket.socket(socket.AF_UNIX)
                connection.sock.connect(port)
            else:
                connection.sock = socket.create_connection(("127.0.0.1", port), timeout=MAX_WAIT)
            connection.request("GET", "/")
            answers.append(connection.getresponse().read())
        except OSError:
            return False
        finally:
            connection.close()
        return True

    def visit() -> None:
        try:
            wait_until(ask)
        finally:
            os.kill(os.getpid(), signal.SIGINT)

    visitor = threading.Thread(target=visit)
    visitor.start()
    try:
        yield answers
    finally:
        visitor.join()


THREADED = """
import threading
before = threading.enumerate()  # a thread of another server may not have ended yet
def app(environ, start_response):
    start_response("200 OK", [])
    return [b"%d" % sum(each.name.startswith("waitress") for each in threading.enumerate() if each not in before)]
"""


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        (["--server", "wsgiref"], b"0"),
        (["--server", "waitress"], b"4"),
        (["--threads", "1"], b"1"),
        (["--", "--threads=2"], b"2"),
        (["--threads", "1", "--", "--threads=2"], b"2"),
    ],
)
def test_serves_in_this_process(
    arguments: Sequence[str], answer: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, layers("request_id"), app=THREADED)
    port = find_port()
    with visiting(port) as answers:
        assert main(["serve", file, "-b", f"127.0.0.1:{port}", *arguments]) == 0
    assert answers == [answer]
    assert capsys.readouterr().out.startswith(f"Serving on http://127.0.0.1:{port}/ (stop with Ctrl-C)\n")


@pytest.mark.parametrize(("arguments", "mode"), [([], 0o600), (["--", "--unix-socket-perms=666"], 0o666)])
def test_waitress_serves_on_a_unix_socket(
    arguments: Sequence[str], mode: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.sock"
    app = (
        "import os\ndef app(environ, start_response):\n    start_response('200 OK', [])\n"
        f"    return [b'%o' % (os.stat({str(path)!r}).st_mode & 0o777)]\n"
    )
    file = written(tmp_path, layers("request_id"), app=app)
    with visiting(str(path)) as answers:
        assert main(["serve", file, "--bind", f"unix:{path}", *arguments]) == 0
    assert answers == [b"%o" % mode]
    assert not path.exists()
    out, err = capsys.readouterr()
    assert out.startswith(f"Serving on unix:{path} (stop with Ctrl-C)\n")
    assert "warning" not in err


def test_reload_keeps_the_options_of_waitress(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path, layers("gzip"))
    with linked():
        assert main(["serve", "--reload", file, "--", "--threads=none"]) == 1
    assert "Waitress can't start: invalid literal for int() with base 10: 'none'" in capfd.readouterr().err


def test_reload_listens_on_a_unix_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.sock"
    arguments = ["serve", "--reload", written(tmp_path, layers("gzip")), "-b", f"unix:{path}"]
    monkeypatch.setattr(sys, "orig_argv", [sys.executable, "-m", "wsgistack", *arguments])
    with visiting(str(path)) as answers:
        assert main(arguments) == 0
    assert answers == [b"hello"]
    assert not path.exists()


@pytest.mark.parametrize(
    ("arguments", "hosts"),
    [
        ({}, ["127.0.0.1"]),
        ({"port": "80"}, ["127.0.0.1"]),
        ({"bind": Address("::", 80)}, ["::"]),
        ({"bind": Address(path="/x")}, ["unix:/x"]),
        ({"server_arguments": ["-b", "0.0.0.0:80", "--bind=[::1]:80"]}, ["0.0.0.0", "[::1]"]),  # noqa: S104
        ({"server_arguments": ["-b", ":80"]}, [""]),
        ({"server_arguments": ["-c", "conf.py"]}, ["127.0.0.1"]),
    ],
)
def test_finds_the_hosts_of_a_program(arguments: dict[str, object], hosts: list[str]) -> None:
    nothing: dict[str, object] = {"bind": None, "host": None, "port": None, "server_arguments": []}
    gunicorn = SERVERS["gunicorn"]
    assert isinstance(gunicorn, Program)
    assert find_program_hosts(argparse.Namespace(**{**nothing, **arguments}), gunicorn) == hosts


@pytest.fixture
def replaced(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Sequence[str]]]:
    """The commands that take the place of this process, which goes on here with status 0."""
    commands: list[Sequence[str]] = []

    def execve(path: str, command: Sequence[str], environ: Mapping[str, str]) -> None:
        assert json.loads(environ["WSGISTACK_APPLICATION"])["name"] == "main"
        commands.append(command)
        raise SystemExit(0)

    monkeypatch.setattr("os.execve", execve)
    yield commands
    assert logging.root.manager.disable == logging.NOTSET


@pytest.mark.parametrize(
    ("arguments", "command", "banner"),
    [
        (["-p", "0", "--", "--preload"], ["--bind=127.0.0.1:0", "--preload"], " on 127.0.0.1:0"),
        (
            ["--workers", "2", "--threads", "3"],
            ["--bind=127.0.0.1:8080", "--workers=2", "--threads=3"],
            " on 127.0.0.1:",
        ),
        (["--", "-b", "a:1"], ["-b", "a:1"], ""),
        (["-b", "[::1]:0", "--", "-b", "a:1"], ["--bind=[::1]:0", "-b", "a:1"], " on [::1]:0"),
    ],
)
def test_starts_a_program(
    arguments: list[str],
    command: list[str],
    banner: str,
    replaced: list[list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("wsgistack.cli.serving.check_address", lambda address: None)
    app = f"import logging\nlogging.getLogger('hello').error('logged by every worker')\n{THREADED}"
    with pytest.raises(SystemExit, match=r"^0$"):
        main(["serve", "--server", "gunicorn", written(tmp_path, layers("gzip"), app=app), *arguments])
    assert replaced == [[sys.executable, "-m", "gunicorn", "wsgistack.cli.application:application", *command]]
    out, err = capsys.readouterr()
    assert out.startswith(f"Starting gunicorn{banner}")
    assert out.endswith(" (stop with Ctrl-C)\ngzip\n└─ hello:app\n")
    assert err == ""


def test_ignores_the_server_of_the_file_if_another_one_is_chosen(
    replaced: list[list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match=r"^0$"):
        main(["serve", "-q", "--server", "gunicorn", "-p", "0", written(tmp_path, SERVED)])
    assert len(replaced) == 1
    assert capsys.readouterr().out == ""


def test_checks_the_order_of_layers_before_a_program_starts(
    replaced: list[list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, layers("catch_errors", "request_id"))
    assert main(["serve", "--server", "gunicorn", "--strict", file]) == 1
    assert replaced == []
    assert "outside request_id" in capsys.readouterr().err


def test_returns_the_exit_status_of_a_program_on_windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wsgistack.cli.serving.run_program", lambda command, environ: 3)
    assert main(["serve", "--server", "gunicorn", "-p", "0", written(tmp_path, layers("gzip"))]) == 3


def test_reload_reports_a_wrong_address_of_a_section(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path, f"{layers('gzip')}[server:main]\nuse = egg:waitress\nport = none\n")
    assert main(["serve", "--reload", file]) == 1
    [said] = read_mistakes(capsys.readouterr().err)
    assert said == f"{file}:7: [server:main] port: not a valid port; expected 0 to 65535"
