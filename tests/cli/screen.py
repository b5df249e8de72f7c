"""Commands on a pseudo-terminal and in a pipe, in this process."""

import io
import os
import pty
import re
import termios
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from threading import Thread
from types import MappingProxyType

import pytest

from wsgistack.cli import main

__all__ = ["STYLES", "run_in_a_pipe", "run_on_a_terminal"]

STYLES = re.compile(r"\033\[[\d;]*m")
_NOTHING: Mapping[str, str] = MappingProxyType({})
_VARIABLES = ("COLUMNS", "NO_COLOR", "FORCE_COLOR")


def run_on_a_terminal(
    *arguments: str, columns: int = 80, encoding: str = "utf-8", environ: Mapping[str, str] = _NOTHING
) -> tuple[int, str]:
    """Run a command on a terminal. Return its exit status, and what the terminal gets from both streams."""
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (24, columns))
    chunks: list[bytes] = []

    def read() -> None:
        try:
            while chunk := os.read(master, 4096):
                chunks.append(chunk)
        except OSError:  # the other end is closed
            pass

    reader = Thread(target=read)
    reader.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TERM", "xterm-256color")
        for name in _VARIABLES:
            patch.delenv(name, raising=False)
        for name, value in environ.items():
            patch.setenv(name, value)
        with (
            open(slave, "w", encoding=encoding, errors="backslashreplace") as stream,  # noqa: PTH123
            redirect_stdout(stream),
            redirect_stderr(stream),
        ):
            status = main(arguments)
    reader.join()
    os.close(master)
    return status, b"".join(chunks).decode(encoding).replace("\r\n", "\n")


def run_in_a_pipe(*arguments: str, environ: Mapping[str, str] = _NOTHING) -> tuple[int, str, str]:
    """Run a command in pipes. Return its exit status, and what it writes to each stream."""
    with pytest.MonkeyPatch.context() as patch:
        for name in _VARIABLES:
            patch.delenv(name, raising=False)
        for name, value in environ.items():
            patch.setenv(name, value)
        with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
            status = main(arguments)
    return status, out.getvalue(), err.getvalue()
