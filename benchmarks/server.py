"""Under gunicorn: processor time, requests and waiting with the stack and without, and memory."""

import random
from collections.abc import Callable, Iterator
from functools import partial

from benchmarks.codecs import whole_by_hand
from benchmarks.floors.fused import fused
from benchmarks.loopback import Burst, serving_by_gunicorn, why_not
from benchmarks.memory import is_counted, peak_apart
from benchmarks.pairs import THOROUGH, Case, Effort, Spread, interleave
from benchmarks.plots import Bar, bars
from benchmarks.rivals import to_null
from benchmarks.rows import Group, Row, absent, at_most, installed
from benchmarks.served import five, flask, four, work_for
from benchmarks.traffic import BROWSER, JSON, KNOWN, PASSWORD, USER, begun, serving
from wsgistack.types import Environ, StartResponse

__all__ = ["measure_server", "open_streams"]

_WORK = 200e-6
_THREE_PERCENT = "at most 3 % more processor time for a Flask request of 200 µs"
_FOUR = at_most(1.03, f"{_THREE_PERCENT} with the stack but compression")
_FIVE = at_most(1.03, f"{_THREE_PERCENT} with compression, less the codec itself")
_SECONDS = 1
_ROUNDS = 7
_STREAMS = 200
_PAGES = (("Flask", "four", True), ("Flask", "five", False), ("Django", "five", False))
_TOLD = """
gunicorn runs one worker with one thread, and wrk asks it over loopback on two connections that stay open, as fast as it
answers. Both servers, with the layers and without, stand there all the time, and are asked in turn, a second each. The
worker's processor time is told by the kernel, for all of its threads. Waiting is what wrk tells. Every request has
a password; what stands in no layer ignores it. The access log goes to the null device.

The Flask request of 200 µs makes JSON so many times that it takes that long without a server; it is measured under
gunicorn, and, which is more exact, in a server in memory as all layers are. There the codec is called by hand in the
same rounds, and is subtracted. A function that does all five jobs by hand, and compresses nothing, stands beside them:
after 200 µs of other work the caches of the processor hold little of anybody's code.

Memory of a worker is what it has of its own after all requests. Memory of an open stream is that of 200 which have
sent their first chunk, in a process of their own.
"""


def measure_server(effort: Effort = THOROUGH) -> Group:
    """Measure servers, and what needs none."""
    rows = [*_in_memory(effort.times(2))]
    reasons = absent(["Django", "Flask", "gunicorn"])
    drawn: list[tuple[str, list[Bar]]] = []
    missing = why_not()
    if missing or reasons:
        reasons.append(f"no server is asked: {missing or 'something is missing'}")
    else:
        for app, layers, is_working in _PAGES[: 1 if effort.is_quick else None]:
            found, group = _by_gunicorn(app, layers, work_for(_WORK) if is_working else 0, effort)
            rows += found
            drawn.append(group)
    if is_counted():
        rows += _of_streams(2 if effort.is_quick else _STREAMS)
    plots = {"server": bars("Processor time of a request under gunicorn, in microseconds", drawn)} if drawn else {}
    return Group("server", "Under a server", _TOLD, rows, plots, reasons)


def _in_memory(effort: Effort) -> Iterator[Row]:
    if not installed("Flask"):
        return
    page = partial(flask, work_for(_WORK))
    request = {**KNOWN, **BROWSER, "PATH_INFO": "/"}
    by_hand = whole_by_hand("gzip")
    fused_by_hand = fused(page(), USER, PASSWORD, to_null())
    sides: dict[str, Case] = {
        "alone": serving(page(), request),
        "by hand": serving(fused_by_hand, {**request, "HTTP_ACCEPT_ENCODING": "identity"}),
        "four": serving(four(page()), request),
        "five": serving(five(page()), request),
        "codec": partial(by_hand, JSON) if by_hand else int,
    }
    samples = interleave(sides, effort)
    what = "a Flask request of 200 µs"
    yield Row(what, "", samples.cost("alone"), "µs")
    yield Row(f"{what} in four layers, in memory", "alone", samples.ratio("four", "alone"), claim=_FOUR)
    yield Row(
        f"{what} in one function that does the five jobs by hand, in memory", "alone", samples.ratio("by hand", "alone")
    )
    rest = zip(samples.rounds("five", less="codec"), samples.rounds("alone"), strict=True)
    ratio = Spread.of(layers / alone for layers, alone in rest)
    yield Row(f"{what} in five layers, less the codec, in memory", "alone", ratio, claim=_FIVE)


def _by_gunicorn(app: str, layers: str, work: int, effort: Effort) -> tuple[list[Row], tuple[str, list[Bar]]]:
    """Rows, and bars, of an application in layers beside the application alone."""
    rounds = 1 if effort.is_quick else 2 * _ROUNDS if work else _ROUNDS
    page = f"{app}, 200 µs" if work else f"{app}'s first page"
    what = f"{page} in {layers} layers"
    with serving_by_gunicorn(app, layers, work) as ours, serving_by_gunicorn(app, "alone", work) as alone:
        both = {"ours": ours, "alone": alone}
        bursts: list[dict[str, Burst]] = []
        for _ in range(rounds):
            order = random.sample(sorted(both), 2)
            bursts.append(
                {name: both[name].burst(_SECONDS, {"Authorization": KNOWN["HTTP_AUTHORIZATION"]}) for name in order}
            )
        memory = [Row(f"{what}: memory of the worker", "alone", Spread.of([ours.memory() / alone.memory()]))]
        memory.append(
            Row(f"{what}: memory of the worker, more", "", Spread.of([float(ours.memory() - alone.memory())]), "kB")
        )
    beside = f"alone, {installed('gunicorn')}, {installed(app)}"
    measured = bursts[1:] or bursts  # the first one warms

    def ratio(of: Callable[[Burst], float]) -> Spread:
        return Spread.of(of(pair["ours"]) / of(pair["alone"]) for pair in measured)

    def median(name: str) -> float:
        return Spread.of(pair[name].processor for pair in measured).median

    rows = [
        Row(f"{page} alone: processor time", "", Spread.of(pair["alone"].processor for pair in measured), "µs"),
        Row(f"{what}: processor time", beside, ratio(lambda burst: burst.processor), claim=_FOUR if work else None),
        Row(f"{what}: requests a second", beside, ratio(lambda burst: 1 / burst.each)),
        Row(f"{what}: p50", beside, ratio(lambda burst: burst.p50)),
        Row(f"{what}: p99", beside, ratio(lambda burst: burst.p99)),
    ]
    return [*rows, *memory], (
        page,
        [Bar(f"in {layers} layers", median("ours"), is_ours=True), Bar("alone", median("alone"))],
    )


def _of_streams(number: int) -> Iterator[Row]:
    for layers, coding in (("alone", "identity"), ("five", "identity"), ("five", "gzip")):
        taken = peak_apart("benchmarks.server:open_streams", layers, coding, str(number))
        what = {"alone": "an open stream, in no layers", "five": f"an open stream in five layers, {coding}"}[layers]
        yield Row(what, "", Spread.of([taken / number]), "kB")


def open_streams(layers: str, coding: str, number: str) -> Callable[[], object]:
    """Make an application ready, whose streams are opened, and kept open after the first chunk."""

    def app(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", [("Content-Type", "application/json")])
        yield JSON
        yield JSON

    stack = five(app) if layers == "five" else app
    request = {**KNOWN, "HTTP_ACCEPT_ENCODING": coding}
    serving(stack, request)()
    return lambda: [begun(stack, request) for _ in range(int(number))]
