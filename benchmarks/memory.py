"""Peak memory of some work, measured in a separate process: ``python -m benchmarks.memory WHAT``.

The kernel counts it, because Python does not see the memory that a codec allocates.
"""

import ctypes
import gc
import os
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from wsgistack.imports import import_object

__all__ = ["can_measure", "measure_peak", "measure_peak_in_process", "read_memory"]

_ROOT = Path(__file__).parent.parent
_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")
_FORGET_PEAK = "5"


def can_measure() -> bool:
    """Whether this system reports the memory of a process."""
    return _STATUS.exists() and _CLEAR.exists()


def read_memory(which: str = "VmRSS") -> int:
    """Read the memory of this process in kB, or its peak with ``VmHWM``."""
    found = re.search(rf"{which}:\s+(\d+) kB", _STATUS.read_text("ascii"))
    return int(found[1]) if found else 0


def measure_peak(work: Callable[[], object]) -> int:
    """Measure how much memory some work adds at its peak, in kB."""
    gc.collect()
    _return_freed_memory()
    _CLEAR.write_text(_FORGET_PEAK, "ascii")
    before = read_memory()
    kept = work()
    added = read_memory("VmHWM") - before
    del kept
    return added


def _return_freed_memory() -> None:
    """Give freed memory back to the system, so that it is counted when the work allocates it again."""
    with suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def measure_peak_in_process(maker: str, *arguments: str) -> int:
    """Measure the peak in a new process.

    :param maker: the import string of a function that prepares the work and returns it.
    :param arguments: for the maker.
    """
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "benchmarks.memory", maker, *arguments],
        cwd=_ROOT,
        env={**os.environ, "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{maker} cannot be measured:\n{done.stderr}")
    return int(done.stdout)


if __name__ == "__main__":
    make_work = import_object(sys.argv[1])
    print(measure_peak(make_work(*sys.argv[2:])))  # type: ignore[operator]
