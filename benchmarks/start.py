"""The cost of the start: imports, memory, and building a pipeline from a file and in Python."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from random import sample
from typing import NamedTuple

from benchmarks.building import measure_building
from benchmarks.pairs import THOROUGH, Effort, Spread
from benchmarks.plots import Bar, draw_bars
from benchmarks.rows import Findings, Group, Row, at_most, describe_version, list_missing

__all__ = ["START", "measure_start"]

_UNDER_25 = at_most(25.0, "import wsgistack: at most 25 ms")
_NO_WEBOB = at_most(0.0, "no import of WebOb before a layer needs it")
_ROUNDS = 11
_METHOD = """
Each import runs in a new process, in turn with the others. That process measures the processor time of the import
alone. Memory is what the kernel reports after the import minus what it reports before. All files are in the cache.

A pipeline of ten layers, the five layers twice, is built around the same application from an ini file, from a TOML
file and in Python, many times in one process. PasteDeploy builds the same ten layers from the same ini file. The
figures do not include the imports, which a process does once.
"""
_IMPORTS = {
    "import wsgistack": "import wsgistack",
    "own middleware": "from wsgistack import Middleware, editing",
    "RequestId": "from wsgistack import RequestId",
    "load, Pipeline and all five layers": (
        "from wsgistack import AccessLog, BasicAuth, CatchErrors, Gzip, Pipeline, RequestId, load"
    ),
}
_PEERS = {
    ("Paste", "the four layers"): (
        "import paste.auth.basic, paste.exceptions.errormiddleware, paste.gzipper, paste.translogger"
    ),
    ("PasteDeploy", "loadapp"): "from paste.deploy import loadapp",
    ("oslo.middleware", "RequestId and CatchErrors"): (
        "from oslo_middleware.catch_errors import CatchErrors; from oslo_middleware.request_id import RequestId"
    ),
    ("WebOb", "import webob"): "import webob",
    ("Flask", "import flask"): "import flask",
}
_PROBE = """
import sys, warnings
from time import process_time
def resident():
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1])
    except OSError:
        return 0
warnings.simplefilter("ignore")
before, begin = resident(), process_time()
{code}
took = process_time() - begin
import json
from resource import getpagesize
print(json.dumps([took * 1e3, (resident() - before) * getpagesize() / 1024, "webob" in sys.modules]))
"""


class _Imported(NamedTuple):
    milliseconds: float
    kilobytes: float
    imports_webob: bool


def measure_start(effort: Effort = THOROUGH) -> Findings:
    """Measure imports, memory and building."""
    peers = {
        f"{describe_version(name)}: {what}": code for (name, what), code in _PEERS.items() if describe_version(name)
    }
    imported = _measure_imports({**_IMPORTS, **peers}, 2 if effort.is_quick else _ROUNDS)
    rows = list(_make_rows(imported))
    built, bars_of_building = measure_building(effort)
    drawn = [
        ("import, in ms", _make_bars(imported, "milliseconds", 1)),
        ("memory after it, in MB", _make_bars(imported, "kilobytes", 1024)),
        ("ten layers built, in ms", bars_of_building),
    ]
    plot = draw_bars("Cost of the start", drawn, is_of_one_unit=False)
    return Findings([*rows, *built], {"start": plot}, list_missing(name for name, _ in _PEERS))


def _measure_imports(codes: Mapping[str, str], rounds: int) -> dict[str, list[_Imported]]:
    found: dict[str, list[_Imported]] = {name: [] for name in codes}
    for _ in range(rounds):
        for name in sample(sorted(codes), len(codes)):
            probe = _PROBE.format(code=codes[name])
            done = subprocess.run([sys.executable, "-I", "-c", probe], capture_output=True, text=True, check=True)  # noqa: S603
            found[name].append(_Imported(*json.loads(done.stdout)))
    return found


def _make_rows(imported: Mapping[str, list[_Imported]]) -> Iterator[Row]:
    for name, of in imported.items():
        target = _UNDER_25 if name == "import wsgistack" else None
        yield Row(f"{name}: time", "", _summarize(of, "milliseconds"), "ms", target)
        yield Row(f"{name}: memory", "", _summarize(of, "kilobytes"), "kB")
    for name in ("import wsgistack", "RequestId"):
        yield Row(f"{name}: imports WebOb (0 or 1)", "", _summarize(imported[name], "imports_webob"), "", _NO_WEBOB)


def _summarize(of: list[_Imported], name: str) -> Spread:
    return Spread.of(float(getattr(each, name)) for each in of)


def _make_bars(imported: Mapping[str, list[_Imported]], name: str, unit: float) -> list[Bar]:
    return [Bar(what, _summarize(of, name).median / unit, what in _IMPORTS) for what, of in imported.items()]


START = Group("start", "The start", "imports, memory, and building a pipeline", _METHOD, measure_start)
