"""The servers that can be chosen by name, and what each of them can do.

Waitress and wsgiref serve in this process. Every other server is a program of its own, which takes the place of this
process: signals, exit codes, TLS, HTTP/2 and the management of processes are its business.
"""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from wsgistack.serving.address import Address

__all__ = ["ARGUMENTS", "SERVERS", "THREADS", "UNIX", "WORKERS", "Program", "find_inability", "run_program"]

WORKERS, THREADS, UNIX, ARGUMENTS = "--workers", "--threads", "--bind unix:", "--"
"""What some servers can't do: the arguments that ask for it. ARGUMENTS is what follows ``--``."""


@dataclass(frozen=True, kw_only=True)
class Runner:
    """A server, and what it cannot do.

    :param install: what pip installs.
    :param find: returns how to start it; empty if it is not installed.
    :param cannot: the reason for each argument that it does not support.
    :param reload: its own arguments to restart when the code changes.
    """

    install: str = ""
    find: Callable[[], list[str]] = lambda: [sys.executable]
    cannot: Mapping[str, str] = field(default_factory=dict)
    reload: str = ""


@dataclass(frozen=True, kw_only=True)
class Program(Runner):
    """A server that is a program of its own. The texts in its arguments are for :meth:`str.format`.

    :param application: its arguments for the application in ``{module}``, and those that it always gets.
    :param tcp: its arguments for a host and a port.
    :param unix: its arguments for the path of a Unix socket.
    :param workers: its option for the number of processes.
    :param threads: its option for the number of threads in each process.
    :param addressed: its options that may set the address. After one of them it gets none, unless one was asked for.
    :param failure: the exit status of a worker that cannot start, by which the server knows that it must not try again.
    """

    application: Sequence[str]
    tcp: Sequence[str]
    unix: Sequence[str]
    workers: str = ""
    threads: str
    addressed: Sequence[str]
    failure: int = 1

    def find_addresses(self, arguments: Sequence[str]) -> list[tuple[str, str]]:
        """The options in arguments for the server that may set its address, and their values."""
        found = []
        for argument, following in zip(arguments, [*arguments, ""][1:], strict=True):
            name, _, value = argument.partition("=") if argument.startswith("--") else (argument[:2], "", argument[2:])
            if name in self.addressed:
                found.append((name, value or following))
        return found

    def translate(
        self, module: str, address: Address | None, workers: int | None, threads: int | None, arguments: Sequence[str]
    ) -> list[str]:
        """The arguments of the program.

        :param address: None for that of ``arguments``.
        :param arguments: those that the server gets unchanged, after all others.
        """
        listening = (self.unix if address.path else self.tcp) if address else ()
        counts = ((self.workers, workers), (self.threads, threads))
        values = {"module": module, "address": address, **(address._asdict() if address else {})}
        return [
            *(each.format_map(values) for each in (*self.application, *listening)),
            *(f"{option}={count}" for option, count in counts if count is not None),
            *arguments,
        ]


def _find_module(name: str, *code: str) -> list[str]:
    """How to start a server with Python: as a module, or with code that imports it."""
    from importlib.util import find_spec  # slow to import, as the modules below; only serve needs them

    return [sys.executable, *(code or ("-m", name))] if find_spec(name) else []


def _find_script(name: str) -> list[str]:
    """How to start a server that pip installs as a script, if possible beside this Python."""
    import shutil

    folders = (os.path.dirname(sys.executable), os.environ.get("PATH", os.defpath))  # noqa: PTH120
    found = shutil.which(name, path=os.pathsep.join(folders))
    return [found] if found else []


_CHEROOT = """
import signal, sys
from cheroot.cli import main
for each in (signal.SIGINT, signal.SIGTERM):  # SIGTERM would break off requests in flight
    signal.signal(each, lambda *_: sys.exit())
sys.argv[0] = "cheroot"
main()
"""
_ONE_PROCESS = {WORKERS: "runs in one process"}
SERVERS: Mapping[str, Runner] = {
    "waitress": Runner(
        install="'wsgistack[serve]'",
        find=partial(_find_module, "waitress"),
        cannot=_ONE_PROCESS,
    ),
    "gunicorn": Program(
        install="gunicorn",
        find=partial(_find_module, "gunicorn"),
        application=("{module}:application",),
        tcp=("--bind={address}",),
        unix=("--bind={address}",),
        workers="--workers",
        threads="--threads",
        addressed=("-b", "--bind", "-c", "--config"),
        reload="--reload",
        failure=3,
    ),
    "uwsgi": Program(
        install="pyuwsgi",
        find=partial(_find_script, "uwsgi"),
        application=(
            "--module={module}",
            "--callable=build()",  # it looks into the namespace of the module, where nothing is built yet
            "--need-app",
            "--lazy-apps",  # each worker sets up logging and opens files by itself
            "--enable-threads",  # otherwise threads of the application never run
            "--master",
            "--hook-master-start=unix_signal:15 gracefully_kill_them_all",  # by default, SIGTERM restarts it
        ),
        tcp=("--http-socket={address}",),
        unix=("--http-socket={path}",),
        workers="--processes",
        threads="--threads",
        addressed=(
            *("-s", "--socket", "--uwsgi-socket", "--http", "--http-socket", "--http11-socket", "--https"),
            *("--https-socket", "--fastcgi-socket", "--scgi-socket", "--ini", "--json", "--xml", "--yaml"),
        ),
        reload="--py-autoreload=1",
        failure=22,
    ),
    "granian": Program(
        install="granian",
        find=partial(_find_module, "granian"),
        application=("{module}:application", "--interface=wsgi"),
        tcp=("--host={host}", "--port={port}"),
        unix=("--uds={path}",),
        workers="--workers",
        threads="--blocking-threads",
        addressed=("--host", "--port", "--uds"),
        reload="--reload",
    ),
    "cheroot": Program(
        install="cheroot",
        find=partial(_find_module, "cheroot", "-c", _CHEROOT),
        application=("{module}:application",),
        tcp=("--bind={address}",),
        unix=("--bind={path}",),
        threads="--threads",
        addressed=("--bind",),
        cannot=_ONE_PROCESS,
    ),
    "wsgiref": Runner(
        cannot={
            WORKERS: "serves one request at a time",
            THREADS: "serves one request at a time",
            UNIX: "does not listen on Unix sockets",
            ARGUMENTS: "takes no arguments",
        },
    ),
}


def find_inability(name: str, argument: str) -> str:
    """Why a server cannot do what an argument asks for, and which servers can; empty if it can."""
    reason = SERVERS[name].cannot.get(argument)
    *others, last = (each for each, server in SERVERS.items() if argument not in server.cannot)
    return f"{name} {reason}; use --server {', '.join(others)} or {last}" if reason else ""


def run_program(command: list[str], environ: Mapping[str, str]) -> int:
    """Run a program in the place of this process. On Windows, which can't do that, return its exit status."""
    sys.stdout.flush()
    sys.stderr.flush()
    if sys.platform != "win32":
        os.execve(command[0], command, environ)  # noqa: S606 (the user asks for it)
    import subprocess

    return subprocess.call(command, env=environ)  # noqa: S603
