"""How the cost grows with the number of layers of each tier, with the chunks of a body, and with its size."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import repeat

from benchmarks.pairs import Case, Effort, Samples, Spread, interleave
from benchmarks.plots import draw_lines
from benchmarks.rows import Row, at_most
from benchmarks.traffic import LOGGED_IN, TEXT, make_case, make_stream, make_whole
from wsgistack import Exchange, Middleware, editing
from wsgistack.http.headers import replace
from wsgistack.types import App, Environ, Headers, StartResponse

__all__ = ["measure_growth"]

_LAYERS = (1, 2, 4, 8, 16, 32)
_CHUNKS = (1, 4, 16, 64, 256, 1024)
_SIZES = (1 << 10, 1 << 13, 1 << 16, 1 << 20, 10 << 20)
_LINEAR = at_most(1.25, "each of layers 17 to 32: at most 1.25 times each of the first 16")
_PER_CHUNK = at_most(
    1.25,
    "each of chunks 257 to 1024: at most 1.25 times each of the first 256",
)
_FLAT = at_most(1.1, "a body of 10 MB: at most 1.1 times a body of 1 KB")


def _edit(status: str, headers: Headers) -> tuple[str, Headers]:
    return status, replace(headers, "X-Powered-By", "coffee")


class _EditsHeaders(Middleware):
    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        return self.app(environ, editing(start_response, _edit))


class _SeesBody(Middleware):
    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        return _SeesBodyExchange(environ, start_response).run(self.app)


class _SeesBodyExchange(Exchange):
    __slots__ = ()

    def on_start(self, status: str, headers: Headers) -> tuple[str, Headers]:
        return _edit(status, headers)


_TIERS: Mapping[str, Callable[[App], App]] = {"T0": Middleware, "T1": _EditsHeaders, "T2": _SeesBody}


def measure_growth(effort: Effort, stack: Callable[[App], App]) -> tuple[list[Row], dict[str, str]]:
    """Measure all three.

    :param stack: adds the layers whose cost per chunk and per byte is measured.
    :returns: rows, and plots by name.
    """
    rows: list[Row] = []
    drawn = {}
    for tier, layer in _TIERS.items():
        samples = _measure({n: make_case(_stack_up(make_whole(TEXT), layer, n)) for n in (0, *_LAYERS)}, effort)
        rows.append(Row(f"one {tier} layer", "", samples.cost("1", less="0"), "µs"))
        bend = _compare_slopes(samples.rounds("0"), samples.rounds("16"), samples.rounds("32"), 16, 32)
        rows.append(Row(f"each {tier} layer after the 16th", "each of the first 16", bend, target=_LINEAR))
        drawn[f"{tier} layers"] = [(float(n), samples.cost(str(n), less="0").median) for n in _LAYERS]
    plots = {"stack-layers": draw_lines("Time that layers add to a request", "layers", "µs", drawn)}

    by_chunks, costs = _measure_added({n: partial(make_stream, [TEXT] * n) for n in _CHUNKS}, stack, effort)
    bend = _compare_slopes(repeat(0.0), by_chunks[256], by_chunks[1024], 256, 1024)
    rows.append(Row("five layers: each chunk after the 256th", "each of the first 256", bend, target=_PER_CHUNK))
    plots["stack-chunks"] = draw_lines(
        "Time that five layers add to a body of many chunks", "chunks", "µs", {"five layers": costs}
    )

    by_size, costs = _measure_added({n: partial(make_whole, bytes(n)) for n in _SIZES}, stack, effort)
    flat = Spread.of([large / small for large, small in zip(by_size[_SIZES[-1]], by_size[_SIZES[0]], strict=True)])
    rows.append(Row("five layers: body of 10 MB", "body of 1 KB", flat, target=_FLAT))
    plots["stack-size"] = draw_lines(
        "Time that five layers add to a body of one chunk", "bytes", "µs", {"five layers": costs}
    )
    return rows, plots


def _stack_up(app: App, layer: Callable[[App], App], number: int) -> App:
    for _ in range(number):
        app = layer(app)
    return app


def _measure(cases: Mapping[int, Case], effort: Effort) -> Samples:
    """Run all cases in a thread, as a server does.

    CPython keeps the frames of a thread in pieces of 16 KB, and a call that begins a new piece costs more each time. In
    the main thread, the deep call stack of the harness would show as a step in the cost of layers.
    """
    named = {str(number): case for number, case in cases.items()}
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(interleave, named, effort).result()


def _measure_added(
    apps: Mapping[int, Callable[[], App]], stack: Callable[[App], App], effort: Effort
) -> tuple[dict[int, list[float]], list[tuple[float, float]]]:
    """Measure what the stack adds in each round, by number, and the medians."""
    alone = {-number: make_case(app(), LOGGED_IN) for number, app in apps.items()}
    samples = _measure(
        {**alone, **{number: make_case(stack(app()), LOGGED_IN) for number, app in apps.items()}}, effort
    )
    added = {number: samples.rounds(str(number), less=str(-number)) for number in apps}
    return added, [(float(number), Spread.of(took).median) for number, took in added.items()]


def _compare_slopes(none: Iterable[float], some: Sequence[float], all_: Sequence[float], few: int, many: int) -> Spread:
    """Divide the cost of each item from few to many by the cost of each of the first few."""
    slopes = [
        ((end - middle) / (many - few)) / ((middle - begin) / few)
        for begin, middle, end in zip(none, some, all_, strict=False)
    ]
    return Spread.of(slopes)
