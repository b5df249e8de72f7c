"""A gunicorn with one worker, and wrk, which sends it requests over loopback."""

import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.error import HTTPError
from urllib.request import urlopen

__all__ = ["Burst", "Gunicorn", "explain_missing", "run_gunicorn"]

_ROOT = Path(__file__).parent.parent
_CONNECTIONS = 2
_UNITS = {"us": 1.0, "ms": 1e3, "s": 1e6}


class Burst(NamedTuple):
    """The result of some seconds of requests; times are in microseconds.

    :param processor: the processor time of the worker per request.
    :param each: the wall-clock time per request.
    :param p50: the time within which half of the requests were answered.
    """

    requests: int
    processor: float
    each: float
    p50: float
    p99: float


class Gunicorn(NamedTuple):
    """A running gunicorn."""

    master: int
    url: str

    def burst(self, seconds: int, headers: Mapping[str, str]) -> Burst:
        """Send requests as fast as possible, over two connections that stay open."""
        before = self._processor_time()
        options = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
        wrk = ["wrk", "-t1", f"-c{_CONNECTIONS}", f"-d{seconds}s", "--timeout=60s", "--latency", *options, self.url]
        report = subprocess.run(wrk, capture_output=True, text=True, check=True).stdout  # noqa: S603
        spent = self._processor_time() - before
        if "Non-2xx" in report or "Socket errors" in report:
            raise RuntimeError(f"{self.url} answered with errors:\n{report}")
        requests = int(_find(r"(\d+) requests in", report)[0])
        per_second = float(_find(r"Requests/sec:\s+([\d.]+)", report)[0])
        p50, p99 = (_to_microseconds(*_find(rf"{rank}%\s+([\d.]+)(us|ms|s)", report)) for rank in (50, 99))
        return Burst(requests, spent / requests / 1e3, 1e6 / per_second, p50, p99)

    def memory(self) -> int:
        """The private memory of the worker, in kB."""
        return sum(map(int, re.findall(r"^Private_\w+:\s+(\d+) kB", self._read_worker("smaps_rollup"), re.MULTILINE)))

    def _processor_time(self) -> int:
        """The processor time of all threads of the worker, in nanoseconds."""
        tasks = Path(f"/proc/{self._worker()}/task").glob("*/schedstat")
        return sum(int(task.read_text("ascii").split()[0]) for task in tasks)

    def _read_worker(self, name: str) -> str:
        return Path(f"/proc/{self._worker()}/{name}").read_text("ascii")

    def _worker(self) -> int:
        return int(Path(f"/proc/{self.master}/task/{self.master}/children").read_text("ascii").split()[0])


def explain_missing() -> str | None:
    """Say what is missing to measure servers, or return None."""
    if not shutil.which("wrk"):
        return "wrk is not installed"
    return None if Path("/proc/self/schedstat").exists() else "this system does not report processor time per thread"


@contextmanager
def run_gunicorn(app: str, layers: str, work: int = 0) -> Iterator[Gunicorn]:
    """Run an application of :mod:`benchmarks.served`, given by its names, until the block ends."""
    target = f'benchmarks.served:application("{app}", "{layers}", {work})'
    options = [
        "--workers=1",
        "--worker-class=gthread",
        "--threads=1",
        "--keep-alive=60",
        "--log-level=error",
    ]
    with socket.create_server(("127.0.0.1", 0)) as listener:  # connections wait until the worker has started
        port, inherited = listener.getsockname()[1], listener.fileno()
        command = [sys.executable, "-m", "gunicorn", *options, f"--bind=fd://{inherited}", target]
        master = subprocess.Popen(command, cwd=_ROOT, pass_fds=[inherited])  # noqa: S603
    with master:
        try:
            running = Gunicorn(master.pid, f"http://127.0.0.1:{port}/")
            _wait(running.url)
            yield running
        finally:
            master.terminate()


def _wait(url: str) -> None:
    try:
        urlopen(url).close()  # noqa: S310
    except HTTPError as answer:
        answer.close()
    except OSError as error:
        raise RuntimeError(f"no server answers at {url}") from error


def _find(pattern: str, report: str) -> tuple[str, ...]:
    match = re.search(pattern, report)
    if match is None:
        raise RuntimeError(f"wrk did not report {pattern}:\n{report}")
    return match.groups()


def _to_microseconds(amount: str, unit: str) -> float:
    return float(amount) * _UNITS[unit]
