"""Compression compared with peers: time, bytes, memory and time to the first byte, for many kinds of bodies."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import product

from benchmarks.bodies import KINDS, RECORDS_NEED, SIZES, make_body
from benchmarks.cells import Cell, list_installed, measure_cell
from benchmarks.codecs import find_codec
from benchmarks.compressors import COMPRESSORS, Compressor
from benchmarks.first_byte import measure_first_byte
from benchmarks.memory import can_measure, measure_peak_in_process
from benchmarks.pairs import THOROUGH, Case, Effort, Spread, interleave
from benchmarks.plots import Bar, draw_bars, draw_lines, format_figure
from benchmarks.rows import Findings, Group, Row, Table, at_least, at_most, list_missing
from benchmarks.traffic import make_case, make_whole
from wsgistack import Compress, Gzip

__all__ = ["COMPRESS", "answer_once", "measure_compress", "measure_overhead"]

_GZIP_TIMES = at_least(8.0, "gzip: at least 8 times the throughput of the fastest peer on 200 KB of JSON")
_GZIP_BYTES = at_most(1.15, "gzip: at most 15 % more bytes than the fastest peer")
_ZSTD_TIMES = at_least(6.0, "zstd: at least 6 times the throughput of the fastest peer on 200 KB of JSON")
_ZSTD_BYTES = at_most(1.0, "zstd: no more bytes than the gzip of the fastest peer")
_LAYER = at_most(5.0, "the layer: at most 5 µs per response more than a direct call of the codec")
_INELIGIBLE = at_most(2.0, "the layer: at most 2 µs for a response that is not compressed")
_METHOD = """
Every compressor sends the same body, in the framework that it is made for. Ours and Paste's wrap a WSGI function.
Django's wraps a view, which is called with a request. Flask-Compress runs in a Flask application, called through
WSGI. Starlette's wraps an ASGI function on an asyncio loop, without a bridge. All times are what a compressor adds:
its framework alone runs in the same rounds and is subtracted. Times are processor time, including that of threads.

All compressors have their default options. gzip means zlib at level 6, and at level 9 in Starlette. Ours uses ISA-L
if the extra is installed; it is faster and its output is larger. The client asks for the one coding that is named. By
default, Flask-Compress does not compress streams with gzip, and Django adds up to 100 random bytes against BREACH.

The tables show medians; those for bodies of 10 MB come from few pairs. The time to the first byte is wall-clock time.

JSON and HTML consist of words and numbers; the JSON has random ids. Records are also JSON: people that Faker
generates, with names, addresses and sentences. Dense is JSON with base64, like tokens or images. Random cannot be
compressed, but its content type does not show that. A stream has 8 chunks, or more chunks of 64 KB.

Memory is the peak that the kernel reports for one response of 10 MB, measured in a separate process for each side.
"""
_DECISIVE = ("JSON", "records")


def measure_compress(effort: Effort = THOROUGH) -> Findings:
    """Measure all compressors with all bodies."""
    compressors = list_installed()
    cells: dict[tuple[str, str, bool], Cell] = {}
    for kind in KINDS:
        for size, length in _list_sizes(kind, effort).items():
            for is_stream in (False, True):
                place = (kind, size, is_stream)
                is_decisive = kind in _DECISIVE and (size, is_stream) == ("200 KB", False)
                spent = effort.scale(2.0 if is_decisive else 0.2)._replace(least=2)
                cells[place] = measure_cell(make_body(kind, length, is_stream=is_stream), compressors, spent)
    rows = [
        *_compare_decisive(cells, compressors),
        *measure_overhead(compressors, effort),
        *measure_first_byte(compressors, effort),
    ]
    reasons = list_missing([*(name for each in COMPRESSORS for name in each.needs), RECORDS_NEED])
    tables = [
        _make_table("Added time, in µs", cells, compressors, lambda cell, each: format_figure(cell.cost(each).median)),
        _make_table("Bytes sent", cells, compressors, lambda cell, each: str(cell.sent[each.title])),
    ]
    if can_measure():
        tables.append(_measure_memory(compressors, quick=effort.is_quick))
    else:
        reasons.append("this system does not report the memory of a process")
    return Findings(rows, _draw_plots(cells, compressors), reasons, tables)


def _list_sizes(kind: str, effort: Effort) -> dict[str, int]:
    largest = min(KINDS[kind].largest, 1 << 20) if effort.is_quick else KINDS[kind].largest
    return {size: length for size, length in SIZES.items() if length <= largest}


def _compare_decisive(cells: dict[tuple[str, str, bool], Cell], compressors: Sequence[Compressor]) -> Iterator[Row]:
    peers = [each for each in compressors if each.coding == "gzip" and not each.is_ours]
    ours = [each for each in compressors if each.is_ours]
    targets = {"gzip": (_GZIP_TIMES, _GZIP_BYTES), "zstd": (_ZSTD_TIMES, _ZSTD_BYTES)}
    for kind in filter(KINDS.__contains__, _DECISIVE):
        what, cell = f"200 KB of {kind}, whole", cells[kind, "200 KB", False]
        costs = {each: cell.cost(each) for each in compressors}
        fastest = min(peers, key=lambda each: costs[each].median, default=None)
        for each in ours:
            yield Row(f"{each.title}, {what}", "", costs[each], "µs")
        for each, other in product(ours, peers):
            times, size = targets.get(each.coding, (None, None)) if other is fastest else (None, None)
            yield Row(
                f"{each.title}, {what}: throughput", other.title, cell.compare_throughput(each, other), target=times
            )
            yield Row(f"{each.title}, {what}: bytes", other.title, cell.compare_bytes(each, other), target=size)


def measure_overhead(compressors: Sequence[Compressor], effort: Effort) -> Iterator[Row]:
    """Measure what our layer adds to the codec, and to a response that is not compressed."""
    body = make_body("JSON", 10 << 10, is_stream=False)
    for coding in (each.coding for each in compressors if each.is_ours):
        codec = find_codec(coding)
        if codec is None:
            continue
        app, request = partial(make_whole, body.chunks[0], body.content_type), {"HTTP_ACCEPT_ENCODING": coding}
        sides: dict[str, Case] = {
            "alone": make_case(app(), request),
            "layer": make_case(Compress(app(), codings=(coding,)), request),
            "codec": partial(codec, body.chunks[0]),
        }
        samples = interleave(sides, effort)
        added = zip(samples.rounds("layer", less="alone"), samples.rounds("codec"), strict=True)
        rest = Spread.of(layer - coded for layer, coded in added)
        yield Row(f"layer without the {coding} codec: 10 KB of JSON", "", rest, "µs", _LAYER)
    for title, app in _NOT_COMPRESSED.items():
        request = {"HTTP_ACCEPT_ENCODING": "gzip, deflate, br, zstd"}
        samples = interleave({"alone": make_case(app(), request), "layer": make_case(Gzip(app()), request)}, effort)
        yield Row(f"layer: {title}", "", samples.cost("layer", less="alone"), "µs", _INELIGIBLE)


_NOT_COMPRESSED = {
    "image": partial(make_whole, bytes(2000), "image/png"),
    "body too small": partial(make_whole, bytes(100), "text/plain"),
}


def _make_table(
    title: str,
    cells: dict[tuple[str, str, bool], Cell],
    compressors: Sequence[Compressor],
    format_cell: Callable[[Cell, Compressor], str],
) -> Table:
    head = ["body", *(each.title for each in compressors)]
    lines = [
        [f"{kind}, {size}, {'streamed' if is_stream else 'whole'}", *(format_cell(cell, each) for each in compressors)]
        for (kind, size, is_stream), cell in cells.items()
    ]
    return Table(title, [head, *lines])


def _measure_memory(compressors: Sequence[Compressor], *, quick: bool) -> Table:
    lines = []
    for mode in ("whole", "streamed"):
        size = "1 KB" if quick else "10 MB"
        peaks = [
            measure_peak_in_process("benchmarks.compress:answer_once", each.title, mode, size) for each in compressors
        ]
        lines.append([f"JSON, {size}, {mode}", *map(str, peaks)])
    return Table("Peak memory, in kB", [["body", *(each.title for each in compressors)], *lines])


def answer_once(title: str, mode: str, size: str) -> Callable[[], object]:
    """Prepare a warm compressor, so that its memory can be measured."""
    compressor = next(each for each in list_installed() if each.title == title)
    is_stream = mode == "streamed"
    compressor.make_case(make_body("JSON", SIZES["1 KB"], is_stream=is_stream))()
    return compressor.make_case(make_body("JSON", SIZES[size], is_stream=is_stream))


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
        "compress-sizes": draw_lines("JSON in one chunk", "bytes", "µs", by_size),
    }


COMPRESS = Group("compress", "Compression", "compression of bodies of many kinds and sizes", _METHOD, measure_compress)
