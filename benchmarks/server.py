"""Under gunicorn: processor time, requests and waiting with the stack and without, and memory."""

import random
from collections.abc import Callable, Iterator
from functools import partial

from benchmarks.floors.fused import fused
from benchmarks.loopback import Burst, run_gunicorn, explain_missing
from benchmarks.memory import can_measure, measure_peak_in_process
from benchmarks.pairs import THOROUGH, Case, Effort, Spread, interleave
from benchmarks.plots import Bar, draw_bars
from benchmarks.rivals import open_null_writer
from benchmarks.rows import Group, Row, list_missing, at_most, describe_version
from benchmarks.served import wrap_in_five, make_flask, wrap_in_four, add_codec, find_work
from benchmarks.traffic import BROWSER, JSON, LOGGED_IN, PASSWORD, USER, start_stream, make_case
from wsgistack.types import Environ, StartResponse

__all__ = ["measure_server", "open_streams"]

_WORK = 200e-6
_THREE_PERCENT = "at most 3 % more processor time for a Flask request of 200 µs"
_FOUR = at_most(1.03, f"{_THREE_PERCENT} with the stack but compression")
_FIVE = at_most(1.03, f"{_THREE_PERCENT} with compression, less the codec itself")
_SECONDS = 1
_ROUNDS = 7
_STREAMS = 200
_PAGES = (
    ("Flask", "four", "alone", True),
    ("Flask", "five", "packing", True),
    ("Flask", "five", "alone", False),
    ("Django", "five", "alone", False),
)
_BESIDE = {"alone": "alone", "packing": "with the codec alone"}
_TOLD = """
gunicorn runs one worker with one thread, and wrk asks it over loopback on two connections that stay open, as fast as it
answers. Both servers, with the layers and without, stand there all the time, and are asked in turn, a second each. The
worker's processor time is told by the kernel, for all of its threads. Waiting is what wrk tells. Every request has
a password, and takes gzip; what stands in no layer ignores both. The access log goes to the null device.

The Flask request of 200 µs makes JSON so many times that it takes that long without a server; it is measured under
gunicorn, and, which is more exact, in a server in memory as all layers are. Beside the five layers stands a page that
calls the codec by hand, in the same place: what that adds to the page is subtracted in memory, and under gunicorn it
is what they are measured beside. Functions that do all five jobs by hand stand beside them: after 200 µs of other
work the caches of the processor hold little of anybody's code.

Memory of a worker is what it has of its own after all requests. Memory of an open stream is that of 200 which have
sent their first chunk, in a process of their own.
"""


def measure_server(effort: Effort = THOROUGH) -> Group:
    """Measure servers, and what needs none."""
    rows = [*_measure_in_memory(effort.times(2))]
    reasons = list_missing(["Django", "Flask", "gunicorn"])
    drawn: list[tuple[str, list[Bar]]] = []
    missing = explain_missing()
    if missing or reasons:
        reasons.append(f"no server is asked: {missing or 'something is missing'}")
    else:
        for app, layers, beside, is_working in _PAGES[: 2 if effort.is_quick else None]:
            found, group = _measure_under_gunicorn(app, layers, beside, find_work(_WORK) if is_working else 0, effort)
            rows += found
            drawn.append(group)
    if can_measure():
        rows += _measure_streams(2 if effort.is_quick else _STREAMS)
    plots = {"server": draw_bars("Processor time of a request under gunicorn, in microseconds", drawn)} if drawn else {}
    return Group("server", "Under a server", _TOLD, rows, plots, reasons)


def _measure_in_memory(effort: Effort) -> Iterator[Row]:
    if not describe_version("Flask"):
        return
    page = partial(make_flask, find_work(_WORK))
    request = {**LOGGED_IN, **BROWSER, "PATH_INFO": "/"}
    plain = {**request, "HTTP_ACCEPT_ENCODING": "identity"}
    by_hand = partial(fused, user=USER, password=PASSWORD, write_line=open_null_writer())
    sides: dict[str, Case] = {
        "alone": make_case(page(), request),
        "packing": make_case(add_codec(page()), request),
        "by hand": make_case(by_hand(page()), plain),
        "packing by hand": make_case(by_hand(page()), request),
        "four": make_case(wrap_in_four(page()), request),
        "five": make_case(wrap_in_five(page()), request),
    }
    samples = interleave(sides, effort)
    what = "a Flask request of 200 µs"
    yield Row(what, "", samples.cost("alone"), "µs")
    yield Row(f"{what} in four layers, in memory", "alone", samples.ratio("four", "alone"), claim=_FOUR)
    hand = f"{what} in one function by hand"
    yield Row(f"{hand} that compresses nothing, in memory", "alone", samples.ratio("by hand", "alone"))

    def less_codec(name: str) -> Spread:
        rest = zip(samples.rounds(name, less="packing"), samples.rounds("alone"), strict=True)
        return Spread.of(1 + added / alone for added, alone in rest)

    yield Row(f"{what} in five layers, less the codec, in memory", "alone", less_codec("five"), claim=_FIVE)
    yield Row(f"{hand}, less the codec, in memory", "alone", less_codec("packing by hand"))


def _measure_under_gunicorn(
    app: str, layers: str, beside: str, work: int, effort: Effort
) -> tuple[list[Row], tuple[str, list[Bar]]]:
    """Rows, and bars, of an application in layers beside the application without."""
    rounds = 1 if effort.is_quick else 2 * _ROUNDS if work else _ROUNDS
    page = f"{app}, 200 µs" if work else f"{app}'s first page"
    what = f"{page} in {layers} layers"
    headers = {"Authorization": LOGGED_IN["HTTP_AUTHORIZATION"], "Accept-Encoding": BROWSER["HTTP_ACCEPT_ENCODING"]}
    with run_gunicorn(app, layers, work) as ours, run_gunicorn(app, beside, work) as theirs:
        both = {"ours": ours, "theirs": theirs}
        bursts: list[dict[str, Burst]] = []
        for _ in range(rounds):
            order = random.sample(sorted(both), 2)
            bursts.append({name: both[name].burst(_SECONDS, headers) for name in order})
        memory = Spread.of([ours.memory() / theirs.memory()])
        more = Spread.of([float(ours.memory() - theirs.memory())])
    without = _BESIDE[beside]
    named = f"{without}, {describe_version('gunicorn')}, {describe_version(app)}"
    measured = bursts[1:] or bursts  # the first one warms

    def ratio(of: Callable[[Burst], float]) -> Spread:
        return Spread.of(of(pair["ours"]) / of(pair["theirs"]) for pair in measured)

    def took(name: str) -> Spread:
        return Spread.of(pair[name].processor for pair in measured)

    claims = {"alone": _FOUR, "packing": _FIVE}
    rows = [
        Row(f"{page} {without}: processor time", "", took("theirs"), "µs"),
        Row(
            f"{what}: processor time",
            named,
            ratio(lambda burst: burst.processor),
            claim=claims[beside] if work else None,
        ),
        Row(f"{what}: requests a second", named, ratio(lambda burst: 1 / burst.each)),
        Row(f"{what}: p50", named, ratio(lambda burst: burst.p50)),
        Row(f"{what}: p99", named, ratio(lambda burst: burst.p99)),
    ]
    if beside == "alone":  # to call the codec, the other one imports a layer
        rows.append(Row(f"{what}: memory of the worker", "alone", memory))
        rows.append(Row(f"{what}: memory of the worker, more", "", more, "kB"))
    drawn = [Bar(f"in {layers} layers", took("ours").median, is_ours=True), Bar(without, took("theirs").median)]
    return rows, (page, drawn)


def _measure_streams(number: int) -> Iterator[Row]:
    for layers, coding in (("alone", "identity"), ("five", "identity"), ("five", "gzip")):
        taken = measure_peak_in_process("benchmarks.server:open_streams", layers, coding, str(number))
        what = {"alone": "an open stream, in no layers", "five": f"an open stream in five layers, {coding}"}[layers]
        yield Row(what, "", Spread.of([taken / number]), "kB")


def open_streams(layers: str, coding: str, number: str) -> Callable[[], object]:
    """Make an application ready, whose streams are opened, and kept open after the first chunk."""

    def app(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", [("Content-Type", "application/json")])
        yield JSON
        yield JSON

    stack = wrap_in_five(app) if layers == "five" else app
    request = {**LOGGED_IN, "HTTP_ACCEPT_ENCODING": coding}
    make_case(stack, request)()
    return lambda: [start_stream(stack, request) for _ in range(int(number))]
