"""The program as people run it: in a terminal, or with its output in a pipe."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.waiting import MAX_WAIT

__all__ = ["Program", "running"]

_START = """
import os, signal, sys
is_terminal, *command = sys.argv[1:]
if is_terminal == "True":
    os.login_tty(os.dup(0))
signal.signal(signal.SIGINT, signal.SIG_DFL)  # the caller of pytest may ignore it
os.execv(command[0], command)
"""
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Program:
    """A process that writes to a pipe or to a pseudo-terminal."""

    def __init__(self, process: subprocess.Popen[bytes], output: int, *, is_terminal: bool) -> None:
        self._process = process
        self._output = output
        self._is_terminal = is_terminal
        self._read = b""

    @property
    def text(self) -> str:
        """What it has printed so far, without colours."""
        return _COLOUR.sub("", self._read.decode().replace("\r\n", "\n"))

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Wait until it has printed a text."""
        deadline = time.monotonic() + MAX_WAIT
        while not (found := re.search(pattern, self.text)):
            assert self._receive(deadline), f"it ended without {pattern!r}:\n{self.text}"
        return found

    def type(self, text: bytes) -> None:
        """Type a text into the terminal."""
        os.write(self._output, text)

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        if self._is_terminal:
            os.write(self._output, b"\x03")
        else:
            self._process.send_signal(signal.SIGINT)

    def wait(self) -> int:
        """Wait for its end, and return its exit code."""
        deadline = time.monotonic() + MAX_WAIT
        while self._receive(deadline):
            pass
        return self._process.wait(MAX_WAIT)

    def _receive(self, deadline: float) -> bool:
        ready, _, _ = select.select([self._output], [], [], max(deadline - time.monotonic(), 0))
        assert ready, f"it does not end:\n{self.text}"
        try:
            data = os.read(self._output, 65536)
        except OSError:  # on Linux, a terminal without processes
            data = b""
        self._read += data
        return bool(data)


@contextmanager
def running(
    arguments: list[str],
    folder: Path,
    *,
    is_terminal: bool,
    columns: int = 80,
    typed: Path | None = None,
    **environ: str,
) -> Iterator[Program]:
    """Run ``wsgistack`` with some arguments.

    :param typed: a file for its standard input, if that is not the terminal.
    """
    reading, writing = pty.openpty() if is_terminal else os.pipe()
    if is_terminal:
        fcntl.ioctl(writing, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    cleared = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "LINES")}
    with (typed or Path(os.devnull)).open("rb") as opened:
        program = Path(sys.executable).with_name("wsgistack")
        process = subprocess.Popen(
            [sys.executable, "-S", "-c", _START, str(is_terminal), program, *arguments],
            cwd=folder,
            env={**cleared, **environ},
            stdin=writing if is_terminal else opened,
            stdout=writing,
            stderr=writing,
        )
    os.close(writing)
    try:
        yield Program(process, reading, is_terminal=is_terminal)
    finally:
        process.kill()
        process.wait()
        os.close(reading)
