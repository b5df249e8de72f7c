"""The five layers together, compared with four of Paste and with a handwritten function; growth; and a public site."""

import os
import tomllib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.floors.fused import fused
from benchmarks.growth import measure_growth
from benchmarks.pairs import THOROUGH, Effort, Samples, interleave
from benchmarks.plots import Bar, draw_bars
from benchmarks.rivals import open_null_writer, paste_stack
from benchmarks.rows import Findings, Group, Row, at_most, describe_version, list_missing
from benchmarks.served import wrap_in_five
from benchmarks.traffic import BROWSER, JSON, LOGGED_IN, PASSWORD, TEXT, USER, make_case, make_stream, make_whole
from wsgistack import Pipeline
from wsgistack.types import App

__all__ = ["STACK", "measure_stack"]

_OURS = "five layers"
_BY_HAND = "handwritten function"
_BARE = "application alone"
_OF_FLOOR = at_most(1.3, "the five layers: at most 1.3 times one handwritten function that does the five jobs")
_OF_PASTE = at_most(0.5, "the five layers: at most half of Paste's four layers")
_FAST = at_most(15, "the layers of a public site, apart from the five: at most 15 µs")
_SITE = Path(__file__).parent.parent / "recipes" / "public-site"
_ELSEWHERE = frozenset(("request_id", "access_log", "catch_errors", "compress"))
_METHOD = """
The stack is request_id, access_log, catch_errors, gzip and basic_auth. Paste has four such layers: TransLogger,
ErrorMiddleware, gzipper and auth.basic; it has no layer for request ids. The handwritten function does all five jobs
and passes the conformance kit, as the layers do, except on servers that break PEP 3333. All sides get the correct
password, no request id, and the same application.

All figures are what a side adds to the application alone, which runs in the same rounds. Times are processor time.
Logs go to the null device. Our layers and the function write each line directly; Paste can only use logging. Paste's
gzipper also compresses the 100 bytes, with zlib at level 6. The others use ISA-L if the extra is installed, and send
some more bytes.

Growth is measured with layers that do only what defines their tier: T0 calls the application, T1 sets a header, T2
also sets it and sees each chunk. They run in a separate thread, as under a server, because CPython keeps frames in
pieces of 16 KB and many T2 layers may begin a new piece with each request. For many chunks and large bodies, the
client of the five layers sends no Accept-Encoding, because the cost of compression grows with the body.

The layers of a public site are those of recipes/public-site, with the access log on the null device, and a browser's
GET that a proxy has forwarded from https. The second row leaves out request_id, access_log, catch_errors and compress,
which the rows of the five layers include: it shows what forwarded, paths, hosts, https, security_headers, maintenance,
request_filter, cors, csrf, body_limit, decompress, method_override, cookies, etag and static add to them.
"""


def measure_stack(effort: Effort = THOROUGH) -> Findings:
    """Measure the stack with common responses, and the growth of its cost."""
    rows: list[Row] = []
    drawn: list[tuple[str, list[Bar]]] = []
    for title, (app, request) in _REQUESTS.items():
        samples = _measure(app, request, effort.scale(2))
        rows += _make_rows(title, samples)
        costs = {name: samples.cost(name, less=_BARE).median for name in samples.times if name != _BARE}
        drawn.append((title, [Bar(name, cost, is_ours=name == _OURS) for name, cost in costs.items()]))
    rows += _measure_site(effort.scale(2))
    growth, plots = measure_growth(effort, wrap_in_five)
    plots["stack"] = draw_bars("Time that five layers add to a request, in microseconds", drawn)
    return Findings([*rows, *growth], plots, list_missing(["Paste"]))


_REQUESTS: dict[str, tuple[Callable[[], App], Mapping[str, str]]] = {
    "100 bytes, client without Accept-Encoding": (partial(make_whole, TEXT), LOGGED_IN),
    "100 bytes, browser": (partial(make_whole, TEXT), {**LOGGED_IN, **BROWSER}),
    "2 KB JSON, client without Accept-Encoding": (partial(make_whole, JSON, "application/json"), LOGGED_IN),
    "2 KB JSON, browser": (partial(make_whole, JSON, "application/json"), {**LOGGED_IN, **BROWSER}),
    "2 KB image, browser": (partial(make_whole, JSON, "image/png"), {**LOGGED_IN, **BROWSER}),
    "stream of 4 chunks of 2 KB JSON, browser": (
        partial(make_stream, [JSON] * 4, "application/json"),
        {**LOGGED_IN, **BROWSER},
    ),
}


def _measure(app: Callable[[], App], request: Mapping[str, str], effort: Effort) -> Samples:
    handwritten = partial(fused, user=USER, password=PASSWORD, write_line=open_null_writer())
    sides = {_BARE: app(), _OURS: wrap_in_five(app()), _BY_HAND: handwritten(app())}
    paste = describe_version("Paste")
    if paste:
        sides[f"{paste}, four layers"] = paste_stack(app())
    return interleave({name: make_case(side, request) for name, side in sides.items()}, effort)


def _make_rows(title: str, samples: Samples) -> Iterator[Row]:
    what = f"{_OURS}: {title}"
    yield Row(what, "", samples.cost(_OURS, less=_BARE), "µs")
    for side in samples.times:
        if side not in (_BARE, _OURS):
            target = _OF_FLOOR if side == _BY_HAND else _OF_PASTE
            yield Row(what, side, samples.ratio(_OURS, side, less=_BARE), target=target)


def _measure_site(effort: Effort) -> Iterator[Row]:
    layers: list[dict[str, Any]] = tomllib.loads((_SITE / "stack.toml").read_text("utf-8"))["layers"]
    changed = {"access_log": {"file": os.devnull}, "static": {"root": str(_SITE / "public")}}
    layers = [{**layer, **changed.get(layer["use"], {})} for layer in layers]
    edge = [layer for layer in layers if layer["use"] not in _ELSEWHERE]
    titles = {f"public site: all {len(layers)} layers": layers, f"public site: {len(edge)} layers": edge}
    sides = {
        _BARE: make_whole(TEXT),
        **{title: Pipeline(each).wrap(make_whole(TEXT)) for title, each in titles.items()},
    }
    samples = interleave({name: make_case(side, _VISIT) for name, side in sides.items()}, effort)
    for title, each in titles.items():
        yield Row(title, "", samples.cost(title, less=_BARE), "µs", target=_FAST if each is edge else None)


_VISIT = {
    **BROWSER,
    "HTTP_HOST": "site.example",
    "HTTP_X_FORWARDED_FOR": "203.0.113.7",
    "HTTP_X_FORWARDED_PROTO": "https",
    "HTTP_SEC_FETCH_SITE": "same-origin",
    "wsgi.url_scheme": "http",
}

STACK = Group("stack", "The stack", "the five layers together, and how their cost grows", _METHOD, measure_stack)
