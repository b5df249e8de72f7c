"""Compression beside the peers: time, bytes, memory, and time to the first byte, for bodies of many kinds and sizes."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import product

from benchmarks.bodies import KINDS, RECORDS_NEED, SIZES, make_body
from benchmarks.cells import Cell, measure_cell, list_installed
from benchmarks.codecs import find_codec
from benchmarks.compressors import COMPRESSORS, Compressor
from benchmarks.first_byte import measure_first_byte
from benchmarks.memory import can_measure, measure_peak_in_process
from benchmarks.pairs import THOROUGH, Case, Effort, Spread, interleave
from benchmarks.plots import Bar, draw_bars, format_figure, draw_lines
from benchmarks.rows import Group, Row, Table, list_missing, at_least, at_most
from benchmarks.traffic import make_case, make_whole
from wsgistack import Compress, Gzip

__all__ = ["answer_once", "measure_compress", "overhead_rows"]

_GZIP_TIMES = at_least(8.0, "gzip at least 8 times the throughput of the fastest of the peers on 200 KB of JSON")
_GZIP_BYTES = at_most(1.15, "gzip with at most 15 % more bytes than the fastest of the peers")
_ZSTD_TIMES = at_least(6.0, "zstd at least 6 times the throughput of the fastest of the peers on 200 KB of JSON")
_ZSTD_BYTES = at_most(1.0, "zstd with no more bytes than the gzip of the fastest of the peers")
_LAYER = at_most(5.0, "what the layer adds to calling the codec by hand under 5 µs a response")
_INELIGIBLE = at_most(2.0, "an ineligible response under 2 µs")
_TOLD = """
Everybody answers with the same body, around an application of the framework that they are made for: ours and Paste's
around a WSGI function, Django's around a view called with a request, Flask-Compress in a Flask application asked by
WSGI, Starlette's around an ASGI function, on a loop of asyncio and without a bridge. All figures of time are of what
they add: the framework alone runs in the same rounds, and is subtracted. Processor time, that of threads with it.

All have the options that they have by default: gzip is zlib's at level 6, Starlette's at 9, and ours is that of ISA-L
where the extra brings it, which is faster and larger. The client asks for the one coding that is told. By default,
Flask-Compress sends no stream in gzip, and Django adds up to 100 bytes at random against BREACH.

The tables tell medians, of the bodies of 10 MB of few pairs. The time to the first byte is that of a clock on the wall.

JSON and HTML are made of words and numbers, JSON with random ids; records are JSON, too, of people as Faker makes
them, with names, addresses and sentences; dense is JSON that holds base64, as tokens and images are sent; random is
what can't be made smaller, under a type that does not tell. Streams come in 8 chunks, or in chunks of 64 KB.

Memory is what the process takes at the peak of one answer of 10 MB, told by the kernel, in a process for each.
"""
_DECISIVE = ("JSON", "records")


def measure_compress(effort: Effort = THOROUGH) -> Group:
    """Measure all of them with all bodies."""
    compressors = list_installed()
    cells: dict[tuple[str, str, bool], Cell] = {}
    for kind in KINDS:
        for size, length in _list_sizes(kind, effort).items():
            for is_stream in (False, True):
                place = (kind, size, is_stream)
                is_decisive = kind in _DECISIVE and (size, is_stream) == ("200 KB", False)
                spent = effort.times(2.0 if is_decisive else 0.2)._replace(least=2)
                cells[place] = measure_cell(make_body(kind, length, is_stream=is_stream), compressors, spent)
    rows = [
        *_compare_decisive(cells, compressors),
        *measure_overhead(compressors, effort),
        *measure_first_byte(compressors, effort),
    ]
    reasons = list_missing([*(name for each in COMPRESSORS for name in each.needs), RECORDS_NEED])
    tables = [
        _make_table(
            "What is added, in µs", cells, compressors, lambda cell, each: format_figure(cell.cost(each).median)
        ),
        _make_table("Bytes sent", cells, compressors, lambda cell, each: str(cell.sent[each.title])),
    ]
    if can_measure():
        tables.append(_measure_memory(compressors, quick=effort.is_quick))
    else:
        reasons.append("this system does not tell of memory")
    return Group("compress", "Compression", _TOLD, rows, _draw_plots(cells, compressors), reasons, tables)


def _list_sizes(kind: str, effort: Effort) -> dict[str, int]:
    largest = min(KINDS[kind].largest, 1 << 20) if effort.is_quick else KINDS[kind].largest
    return {size: length for size, length in SIZES.items() if length <= largest}


def _compare_decisive(cells: dict[tuple[str, str, bool], Cell], compressors: Sequence[Compressor]) -> Iterator[Row]:
    theirs = [each for each in compressors if each.coding == "gzip" and not each.is_ours]
    ours = [each for each in compressors if each.is_ours]
    claims = {"gzip": (_GZIP_TIMES, _GZIP_BYTES), "zstd": (_ZSTD_TIMES, _ZSTD_BYTES)}
    for kind in filter(KINDS.__contains__, _DECISIVE):
        what, cell = f"200 KB of {kind}, whole", cells[kind, "200 KB", False]
        costs = {each: cell.cost(each) for each in compressors}
        fastest = min(theirs, key=lambda each: costs[each].median, default=None)
        for each in ours:
            yield Row(f"{each.title}, {what}", "", costs[each], "µs")
        for each, other in product(ours, theirs):
            times, size = claims.get(each.coding, (None, None)) if other is fastest else (None, None)
            yield Row(f"{each.title}, {what}: throughput", other.title, cell.times_as_fast(each, other), claim=times)
            yield Row(f"{each.title}, {what}: bytes", other.title, cell.bytes_beside(each, other), claim=size)


def measure_overhead(compressors: Sequence[Compressor], effort: Effort) -> Iterator[Row]:
    """What our layer adds to the codec, and to what is not compressed."""
    body = make_body("JSON", 10 << 10, is_stream=False)
    for coding in (each.coding for each in compressors if each.is_ours):
        by_hand = find_codec(coding)
        if by_hand is None:
            continue
        app, request = partial(make_whole, body.chunks[0], body.content_type), {"HTTP_ACCEPT_ENCODING": coding}
        sides: dict[str, Case] = {
            "alone": make_case(app(), request),
            "layer": make_case(Compress(app(), codings=(coding,)), request),
            "codec": partial(by_hand, body.chunks[0]),
        }
        samples = interleave(sides, effort)
        added = zip(samples.rounds("layer", less="alone"), samples.rounds("codec"), strict=True)
        told = Spread.of(layer - codec for layer, codec in added)
        yield Row(f"the layer, without the time of {coding}: 10 KB of JSON", "", told, "µs", _LAYER)
    for title, app in _INELIGIBLE_ONES.items():
        request = {"HTTP_ACCEPT_ENCODING": "gzip, deflate, br, zstd"}
        samples = interleave({"alone": make_case(app(), request), "layer": make_case(Gzip(app()), request)}, effort)
        yield Row(f"the layer, {title}", "", samples.cost("layer", less="alone"), "µs", _INELIGIBLE)


_INELIGIBLE_ONES = {
    "around an image": partial(make_whole, bytes(2000), "image/png"),
    "around a body that is too small": partial(make_whole, bytes(100), "text/plain"),
}


def _make_table(
    title: str,
    cells: dict[tuple[str, str, bool], Cell],
    compressors: Sequence[Compressor],
    shown: Callable[[Cell, Compressor], str],
) -> Table:
    head = ["body", *(each.title for each in compressors)]
    lines = [
        [f"{kind}, {size}, {'streamed' if is_stream else 'whole'}", *(shown(cell, each) for each in compressors)]
        for (kind, size, is_stream), cell in cells.items()
    ]
    return Table(title, [head, *lines])


def _measure_memory(compressors: Sequence[Compressor], *, quick: bool) -> Table:
    lines = []
    for mode in ("whole", "streamed"):
        size = "1 KB" if quick else "10 MB"
        taken = [
            measure_peak_in_process("benchmarks.compress:answer_once", each.title, mode, size) for each in compressors
        ]
        lines.append([f"JSON, {size}, {mode}", *map(str, taken)])
    return Table("Peak memory, in kB", [["body", *(each.title for each in compressors)], *lines])


def answer_once(title: str, mode: str, size: str) -> Callable[[], object]:
    """Make a compressor ready, warm, for its memory to be measured."""
    compressor = next(each for each in list_installed() if each.title == title)
    is_stream = mode == "streamed"
    compressor.case(make_body("JSON", SIZES["1 KB"], is_stream=is_stream))()
    return compressor.case(make_body("JSON", SIZES[size], is_stream=is_stream))


def _draw_plots(cells: dict[tuple[str, str, bool], Cell], compressors: Sequence[Compressor]) -> dict[str, str]:
    by_size = {
        each.title: [
            (float(cell.body.size), cell.cost(each).median)
            for (kind, _, is_stream), cell in cells.items()
            if kind == "JSON" and not is_stream
        ]
        for each in compressors
    }
    cell = cells["JSON", "200 KB", False]
    times = [Bar(each.title, cell.cost(each).median, each.is_ours) for each in compressors]
    sent = [Bar(each.title, cell.sent[each.title] / 1000, each.is_ours) for each in compressors]
    return {
        "compress": draw_bars(
            "200 KB of JSON", [("added to a response, in µs", times), ("sent, in kB", sent)], is_of_one_unit=False
        ),
        "compress-sizes": draw_lines("JSON in one piece", "bytes", "µs", by_size),
    }
