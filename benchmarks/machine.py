"""The machine that a measurement ran on."""

import os
import platform
import sys
import zlib
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.rows import describe_version

__all__ = ["describe_machine"]

_CODECS = ("isal", "Brotli", "backports.zstd")


def describe_machine() -> dict[str, str]:
    """Describe the machine, the interpreter and the day, on which the figures depend."""
    threads = "" if getattr(sys, "_is_gil_enabled", lambda: True)() else ", free-threaded"
    return {
        "processor": f"{_read_processor()}, {os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.release().split('-')[0]}, {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}{threads}",
        "codecs": ", ".join([f"zlib {zlib.ZLIB_RUNTIME_VERSION}", *filter(None, map(describe_version, _CODECS))]),
        "wsgistack": (describe_version("wsgistack") or "").removeprefix("wsgistack "),
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
    }


def _read_processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
