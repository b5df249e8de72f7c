"""Under gunicorn: processor time, requests, latency and memory, with the layers and without."""

import random
from collections.abc import Callable, Iterator
from functools import partial

from benchmarks.floors.fused import fused
from benchmarks.loopback import Burst, explain_missing, run_gunicorn
from benchmarks.memory import can_measure, measure_peak_in_process
from benchmarks.pairs import THOROUGH, Case, Effort, Spread, interleave
from benchmarks.plots import Bar, draw_bars
from benchmarks.rivals import open_null_writer
from benchmarks.rows import Findings, Group, Row, at_most, describe_version, list_missing
from benchmarks.served import add_codec, find_work, make_flask, wrap_in_five, wrap_in_four
from benchmarks.traffic import BROWSER, JSON, LOGGED_IN, PASSWORD, USER, make_case, start_stream
from wsgistack.types import Environ, StartResponse

__all__ = ["SERVER", "measure_server", "open_streams"]

_WORK = 200e-6
_THREE_PERCENT = "a Flask request of 200 µs: at most 3 % more processor time"
_FOUR = at_most(1.03, f"{_THREE_PERCENT} in all layers except compression")
_FIVE = at_most(1.03, f"{_THREE_PERCENT} in all layers, without the codec itself")
_SECONDS = 1
_ROUNDS = 7
_STREAMS = 200
_PAGES = (
    ("Flask", "four", "alone", True),
    ("Flask", "five", "codec", True),
    ("Flask", "five", "alone", False),
    ("Django", "five", "alone", False),
)
_OTHER_SIDES = {"alone": "alone", "codec": "with the codec alone"}
_METHOD = """
gunicorn runs one worker with one thread. wrk sends requests over loopback as fast as possible, on two connections
that stay open. Both servers, with the layers and without, run all the time and get requests in turn, for a second
each. The kernel reports the processor time of all threads of the worker; wrk reports the latency. Every request has a
password and accepts gzip; the application without layers ignores both. The access log goes to the null device.

The Flask request of 200 µs encodes JSON until it takes that long without a server. It is measured under gunicorn and,
more exactly, in a server in memory. To separate the layers from the codec, another page calls the codec directly, at
the same place. In memory, the time that this call adds to the page is subtracted; under gunicorn, this page is the
other side. Handwritten functions that do all five jobs are measured as well: after 200 µs of other work, the caches
of the processor contain little of the code of either.

The memory of a worker is its private memory after all requests. The memory of an open stream is measured with 200
streams that have sent their first chunk, in a separate process.
"""


def measure_server(effort: Effort = THOROUGH) -> Findings:
    """Measure under servers and in memory."""
    rows = [*_measure_in_memory(effort.scale(2))]
    reasons = list_missing(["Django", "Flask", "gunicorn"])
    drawn: list[tuple[str, list[Bar]]] = []
    missing = explain_missing()
    if missing or reasons:
        reasons.append(f"servers were not measured: {missing or 'a distribution is missing'}")
    else:
        for app, layers, other, is_working in _PAGES[: 2 if effort.is_quick else None]:
            found, group = _measure_under_gunicorn(app, layers, other, find_work(_WORK) if is_working else 0, effort)
            rows += found
            drawn.append(group)
    if can_measure():
        rows += _measure_streams(2 if effort.is_quick else _STREAMS)
    plots = {"server": draw_bars("Processor time of a request under gunicorn, in microseconds", drawn)} if drawn else {}
    return Findings(rows, plots, reasons)


def _measure_in_memory(effort: Effort) -> Iterator[Row]:
    if not describe_version("Flask"):
        return
    page = partial(make_flask, find_work(_WORK))
    request = {**LOGGED_IN, **BROWSER, "PATH_INFO": "/"}
    plain = {**request, "HTTP_ACCEPT_ENCODING": "identity"}
    function = partial(fused, user=USER, password=PASSWORD, write_line=open_null_writer())
    sides: dict[str, Case] = {
        "alone": make_case(page(), request),
        "codec": make_case(add_codec(page()), request),
        "function": make_case(function(page()), plain),
        "compressing function": make_case(function(page()), request),
        "four": make_case(wrap_in_four(page()), request),
        "five": make_case(wrap_in_five(page()), request),
    }
    samples = interleave(sides, effort)
    what = "a Flask request of 200 µs"
    yield Row(what, "", samples.cost("alone"), "µs")
    yield Row(f"{what} in four layers, in memory", "alone", samples.ratio("four", "alone"), target=_FOUR)
    handwritten = f"{what} in one handwritten function"
    yield Row(f"{handwritten} without compression, in memory", "alone", samples.ratio("function", "alone"))

    def subtract_codec(name: str) -> Spread:
        rest = zip(samples.rounds(name, less="codec"), samples.rounds("alone"), strict=True)
        return Spread.of(1 + added / alone for added, alone in rest)

    yield Row(f"{what} in five layers, without the codec, in memory", "alone", subtract_codec("five"), target=_FIVE)
    yield Row(f"{handwritten}, without the codec, in memory", "alone", subtract_codec("compressing function"))


def _measure_under_gunicorn(
    app: str, layers: str, other: str, work: int, effort: Effort
) -> tuple[list[Row], tuple[str, list[Bar]]]:
    """Compare an application in layers with the same application without them."""
    rounds = 1 if effort.is_quick else 2 * _ROUNDS if work else _ROUNDS
    page = f"{app}, 200 µs" if work else f"{app}, small page"
    what = f"{page} in {layers} layers"
    headers = {"Authorization": LOGGED_IN["HTTP_AUTHORIZATION"], "Accept-Encoding": BROWSER["HTTP_ACCEPT_ENCODING"]}
    with run_gunicorn(app, layers, work) as ours, run_gunicorn(app, other, work) as theirs:
        both = {"ours": ours, "theirs": theirs}
        bursts: list[dict[str, Burst]] = []
        for _ in range(rounds):
            order = random.sample(sorted(both), 2)
            bursts.append({name: both[name].burst(_SECONDS, headers) for name in order})
        memory = Spread.of([ours.memory() / theirs.memory()])
        more = Spread.of([float(ours.memory() - theirs.memory())])
    without = _OTHER_SIDES[other]
    named = f"{without}, {describe_version('gunicorn')}, {describe_version(app)}"
    measured = bursts[1:] or bursts  # the first burst warms up

    def ratio(of: Callable[[Burst], float]) -> Spread:
        return Spread.of(of(pair["ours"]) / of(pair["theirs"]) for pair in measured)

    def summarize(name: str) -> Spread:
        return Spread.of(pair[name].processor for pair in measured)

    targets = {"alone": _FOUR, "codec": _FIVE}
    rows = [
        Row(f"{page} {without}: processor time", "", summarize("theirs"), "µs"),
        Row(
            f"{what}: processor time",
            named,
            ratio(lambda burst: burst.processor),
            target=targets[other] if work else None,
        ),
        Row(f"{what}: requests per second", named, ratio(lambda burst: 1 / burst.each)),
        Row(f"{what}: p50", named, ratio(lambda burst: burst.p50)),
        Row(f"{what}: p99", named, ratio(lambda burst: burst.p99)),
    ]
    if other == "alone":  # the page that calls the codec imports a layer to find it
        rows.append(Row(f"{what}: memory of the worker", "alone", memory))
        rows.append(Row(f"{what}: additional memory of the worker", "", more, "kB"))
    drawn = [
        Bar(f"in {layers} layers", summarize("ours").median, is_ours=True),
        Bar(without, summarize("theirs").median),
    ]
    return rows, (page, drawn)


def _measure_streams(number: int) -> Iterator[Row]:
    for layers, coding in (("alone", "identity"), ("five", "identity"), ("five", "gzip")):
        added = measure_peak_in_process("benchmarks.server:open_streams", layers, coding, str(number))
        what = {"alone": "an open stream without layers", "five": f"an open stream in five layers, {coding}"}[layers]
        yield Row(what, "", Spread.of([added / number]), "kB")


def open_streams(layers: str, coding: str, number: str) -> Callable[[], object]:
    """Prepare an application whose streams stay open after the first chunk."""

    def app(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", [("Content-Type", "application/json")])
        yield JSON
        yield JSON

    stack = wrap_in_five(app) if layers == "five" else app
    request = {**LOGGED_IN, "HTTP_ACCEPT_ENCODING": coding}
    make_case(stack, request)()
    return lambda: [start_stream(stack, request) for _ in range(int(number))]


SERVER = Group("server", "Under a server", "processor time, latency and memory under gunicorn", _METHOD, measure_server)
