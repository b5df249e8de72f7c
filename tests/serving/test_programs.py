"""How the arguments of serve are translated for each server. tests/servers/test_programs.py runs them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from wsgistack.serving.address import Address
from wsgistack.serving.programs import ARGUMENTS, SERVERS, THREADS, UNIX, WORKERS, Program, find_inability, run_program

TCP, IPV6, SOCKET = Address("127.0.0.1", 80), Address("::1", 80), Address(path="/run/x.sock")


def program(name: str) -> Program:
    found = SERVERS[name]
    assert isinstance(found, Program)
    return found


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("gunicorn", "m:application --bind=127.0.0.1:80 --workers=2 --threads=3 --more x"),
        ("granian", "m:application --interface=wsgi --host=127.0.0.1 --port=80 --workers=2 --blocking-threads=3"),
        ("uwsgi", "--module=m --callable=build() --need-app"),
        ("uwsgi", "gracefully_kill_them_all --http-socket=127.0.0.1:80 --processes=2 --threads=3 --more x"),
    ],
)
def test_translates_the_arguments(name: str, expected: str) -> None:
    assert expected in " ".join(program(name).translate("m", TCP, 2, 3, ["--more", "x"]))


@pytest.mark.parametrize(
    ("name", "tcp", "unix"),
    [
        ("gunicorn", ["--bind=[::1]:80"], ["--bind=unix:/run/x.sock"]),
        ("uwsgi", ["--http-socket=[::1]:80"], ["--http-socket=/run/x.sock"]),
        ("granian", ["--host=::1", "--port=80"], ["--uds=/run/x.sock"]),
        ("cheroot", ["--bind=[::1]:80"], ["--bind=/run/x.sock"]),
    ],
)
def test_translates_an_address(name: str, tcp: list[str], unix: list[str]) -> None:
    always = program(name).translate("m", None, None, None, [])
    assert program(name).translate("m", IPV6, None, None, []) == [*always, *tcp]
    assert program(name).translate("m", SOCKET, None, None, []) == [*always, *unix]


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("gunicorn", [], []),
        ("gunicorn", ["-k", "gevent", "--bindings"], []),
        ("gunicorn", ["-b", "a:1", "-bc:2", "--bind", "d:3", "--bind=e:4"], ["a:1", "c:2", "d:3", "e:4"]),
        ("gunicorn", ["-c"], [""]),
        ("granian", ["--port", "80", "--uds=x"], ["80", "x"]),
        ("uwsgi", ["--https=:443,cert,key"], [":443,cert,key"]),
    ],
)
def test_finds_addresses_in_arguments_for_the_server(name: str, arguments: list[str], expected: list[str]) -> None:
    assert [value for _, value in program(name).find_addresses(arguments)] == expected


@pytest.mark.parametrize(
    ("argument", "able"),
    [
        (WORKERS, ["gunicorn", "uwsgi", "granian"]),
        (THREADS, ["waitress", "gunicorn", "uwsgi", "granian", "cheroot"]),
        (UNIX, ["waitress", "gunicorn", "uwsgi", "granian", "cheroot"]),
        (ARGUMENTS, ["waitress", "gunicorn", "uwsgi", "granian", "cheroot"]),
    ],
)
def test_says_which_servers_can_do_it(argument: str, able: list[str]) -> None:
    *first, last = able
    for name in SERVERS:
        problem = find_inability(name, argument)
        if name in able:
            assert problem == ""
        else:
            assert re.fullmatch(f"{name} .*; use --server {', '.join(first)} or {last}", problem)


def test_finds_what_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    for name in ("gunicorn", "granian", "cheroot", "waitress"):
        monkeypatch.setitem(sys.modules, name, None)
    assert [name for name, server in SERVERS.items() if server.find()] == ["wsgiref"]
    for folder in (tmp_path / "bin", tmp_path):  # the one beside Python comes first
        folder.mkdir(exist_ok=True)
        (folder / "uwsgi").touch(0o755)
        assert SERVERS["uwsgi"].find() == [str(folder / "uwsgi")]


def test_runs_a_program_in_the_place_of_this_process() -> None:
    code = "from wsgistack.serving.programs import run_program; import os, sys; print(os.getpid());"
    code += (
        "run_program([sys.executable, '-c', 'import os; print(os.getpid(), os.environ[\"A\"]); exit(7)'], {'A': 'b'})"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        out, _ = process.communicate()
    assert out.split() == [str(process.pid), str(process.pid), "b"]
    assert process.returncode == 7


def test_runs_a_program_in_the_place_of_this_process_here(monkeypatch: pytest.MonkeyPatch) -> None:
    class ReplacedError(Exception):
        pass

    def execve(*arguments: object) -> None:
        raise ReplacedError(*arguments)

    monkeypatch.setattr("os.execve", execve)
    with pytest.raises(ReplacedError) as caught:
        run_program(["x", "y"], {"a": "b"})
    assert caught.value.args == ("x", ["x", "y"], {"a": "b"})


def test_runs_a_program_in_another_process_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert run_program([sys.executable, "-c", "import os; exit(int(os.environ['A']))"], {"A": "7"}) == 7
