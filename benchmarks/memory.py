"""Memory that a process takes for something, measured in a process of its own: ``python -m benchmarks.memory WHAT``.

The kernel counts it: a codec's own memory is not Python's.
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

__all__ = ["is_counted", "peak_apart", "peak_of", "resident"]

_ROOT = Path(__file__).parent.parent
_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")
_FORGET_PEAK = "5"


def can_measure() -> bool:
    """Whether this system tells."""
    return _STATUS.exists() and _CLEAR.exists()


def read_memory(which: str = "VmRSS") -> int:
    """The memory of this process in kB, or with ``VmHWM`` its peak."""
    found = re.search(rf"{which}:\s+(\d+) kB", _STATUS.read_text("ascii"))
    return int(found[1]) if found else 0


def measure_peak(work: Callable[[], object]) -> int:
    """What some work takes at its peak, more than before it, in kB."""
    gc.collect()
    _return_freed_memory()
    _CLEAR.write_text(_FORGET_PEAK, "ascii")
    before = read_memory()
    kept = work()
    taken = read_memory("VmHWM") - before
    del kept
    return taken


def _return_freed_memory() -> None:
    """What was freed before is not taken again without being counted."""
    with suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def measure_peak_in_process(maker: str, *arguments: str) -> int:
    """The same in a fresh process, of what a maker gives.

    :param maker: the import string of a function that makes the work ready, and gives it.
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
        raise RuntimeError(f"{maker} can't be measured:\n{done.stderr}")
    return int(done.stdout)


if __name__ == "__main__":
    made = import_object(sys.argv[1])
    print(measure_peak(made(*sys.argv[2:])))  # type: ignore[operator]
