"""The five layers together, beside Paste's four and one function by hand; and how cost grows."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from benchmarks.floors.fused import fused
from benchmarks.growth import measure_growth
from benchmarks.pairs import THOROUGH, Effort, Samples, interleave
from benchmarks.plots import Bar, draw_bars
from benchmarks.rivals import paste_stack, open_null_writer
from benchmarks.rows import Group, Row, list_missing, at_most, describe_version
from benchmarks.served import wrap_in_five
from benchmarks.traffic import BROWSER, JSON, LOGGED_IN, PASSWORD, TEXT, USER, make_case, make_stream, make_whole
from wsgistack.types import App

__all__ = ["measure_stack"]

_OURS = "five layers"
_BY_HAND = "one function by hand"
_BARE = "the application alone"
_OF_FLOOR = at_most(1.3, "the five layers at most 1.3 times one function that does the five jobs by hand")
_OF_PASTE = at_most(0.5, "the five layers at most half of Paste's four")
_TOLD = """
The stack is request_id, access_log, catch_errors, gzip and basic_auth. Paste has four of them: TransLogger,
ErrorMiddleware, gzipper and auth.basic, and none for request ids. The function does all five jobs by hand; it passes
the conformance kit as the layers do. Everybody gets a right password, no request id, and the same application.

All figures are of what is added to the application alone, which runs in the same rounds. Processor time. Logs go to the
null device, ours and that of the function by a write for each line, Paste's by logging, for it has no other way.
Paste's gzipper compresses also 100 bytes, and with zlib at level 6; the others do with ISA-L where the extra brings it,
and send some more bytes.

Growth is measured with layers that do nothing but what makes their tier: T0 calls on, T1 sets a header, T2 sets it,
too, and looks at each chunk. That runs in a thread of its own, as under a server: CPython keeps frames in pieces of
16 KB, and so many layers of T2 may begin another piece with each request. The five layers are asked for many chunks,
and for large bodies, by a client that takes no coding: what is compressed costs more where there is more of it.
"""


def measure_stack(effort: Effort = THOROUGH) -> Group:
    """Measure the stack in what it meets most, and growth."""
    rows: list[Row] = []
    drawn: list[tuple[str, list[Bar]]] = []
    for title, (app, request) in _REQUESTS.items():
        samples = _measure(app, request, effort.times(2))
        rows += _make_rows(title, samples)
        costs = {name: samples.cost(name, less=_BARE).median for name in samples.times if name != _BARE}
        drawn.append((title, [Bar(name, cost, is_ours=name == _OURS) for name, cost in costs.items()]))
    growth, plots = measure_growth(effort, wrap_in_five)
    plots["stack"] = draw_bars("What a stack adds to a request, in microseconds", drawn)
    return Group("stack", "The stack", _TOLD, [*rows, *growth], plots, list_missing(["Paste"]))


_REQUESTS: dict[str, tuple[Callable[[], App], Mapping[str, str]]] = {
    "100 bytes, for who takes no coding": (partial(make_whole, TEXT), LOGGED_IN),
    "100 bytes, for a browser": (partial(make_whole, TEXT), {**LOGGED_IN, **BROWSER}),
    "2 KB of JSON, for who takes no coding": (partial(make_whole, JSON, "application/json"), LOGGED_IN),
    "2 KB of JSON, for a browser": (partial(make_whole, JSON, "application/json"), {**LOGGED_IN, **BROWSER}),
    "an image of 2 KB, for a browser": (partial(make_whole, JSON, "image/png"), {**LOGGED_IN, **BROWSER}),
    "a stream of 4 times 2 KB of JSON, for a browser": (
        partial(make_stream, [JSON] * 4, "application/json"),
        {**LOGGED_IN, **BROWSER},
    ),
}


def _measure(app: Callable[[], App], request: Mapping[str, str], effort: Effort) -> Samples:
    by_hand = partial(fused, user=USER, password=PASSWORD, write_line=open_null_writer())
    sides = {_BARE: app(), _OURS: wrap_in_five(app()), _BY_HAND: by_hand(app())}
    paste = describe_version("Paste")
    if paste:
        sides[f"{paste}, four layers"] = paste_stack(app())
    return interleave({name: make_case(side, request) for name, side in sides.items()}, effort)


def _make_rows(title: str, samples: Samples) -> Iterator[Row]:
    what = f"{_OURS}: {title}"
    yield Row(what, "", samples.cost(_OURS, less=_BARE), "µs")
    for beside in samples.took:
        if beside not in (_BARE, _OURS):
            claim = _OF_FLOOR if beside == _BY_HAND else _OF_PASTE
            yield Row(what, beside, samples.ratio(_OURS, beside, less=_BARE), claim=claim)
