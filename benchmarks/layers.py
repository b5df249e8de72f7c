"""Each layer alone: what it adds to a bare application, beside what its floor and its peers add."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.pairs import THOROUGH, Effort, Samples
from benchmarks.plots import Bar, draw_bars
from benchmarks.rows import Group, Row, list_missing
from benchmarks.situations import BARE, FLOOR, SITUATIONS, Situation, list_hashed

__all__ = ["measure_layers"]

_TOLD = """
Each layer stands alone around an application that only answers, in a server in memory that only takes the answer. All
figures are of what a layer adds: the application alone runs in the same rounds, and what it takes is subtracted from
both sides. Processor time.

A floor is the same work on the protocol, done by hand for one set of options; it passes the conformance kit as its
layer does. What no request here asks for it leaves out: gzip's has no opt-out, edits no If-None-Match and ends at no
Content-Length, access_log's hands on no file.

Peers have the options that bring them closest to the same job, with the same body. Logs go to the null device: ours and
those of floors by a write for each line, or where that is told by logging; Paste's always by logging, with the same
handler, for it has no other way.

Not all do the same work. TransLogger writes at the start of a response what its Content-Length says. Paste's gzipper
sets no Vary, compresses also the body that is too small, gathers a stream to its end, and takes zlib at level 6; ours
and its floor take ISA-L where the extra brings it, and send some more bytes. auth.basic compares the password plainly.
oslo.middleware hashes a password at each request; ours remembers that it was right. CorrelationId sets no header in the
response.

asgi-correlation-id stands on a bridge to ASGI and back, which is told alone as well. ProxyFix and wsgify do other jobs,
and stand there for scale.
"""


def measure_layers(effort: Effort = THOROUGH, situations: Sequence[Situation] = SITUATIONS) -> Group:
    """Measure each layer in each situation."""
    rows: list[Row] = []
    drawn: list[tuple[str, list[Bar]]] = []
    with TemporaryDirectory() as folder:
        for situation in (*situations, *list_hashed(Path(folder))):
            samples = situation.measured(effort)
            rows += _make_rows(situation, samples)
            drawn.append((situation.title, _make_bars(situation, samples)))
    plot = draw_bars("What a layer adds to a request, in microseconds", drawn)
    rivals = [rival.distribution for situation in situations for rival in situation.rivals]
    return Group("layers", "Each layer alone", _TOLD, rows, {"layers": plot}, list_missing(rivals))


def _make_rows(situation: Situation, samples: Samples) -> Iterator[Row]:
    yield Row(situation.title, "", samples.cost(situation.title, less=BARE), "µs")
    for beside in samples.took:
        if beside not in (BARE, situation.title):
            claims = [claim for name, claim in situation.claims.items() if beside.startswith(name)]
            ratio = samples.ratio(situation.title, beside, less=BARE)
            yield Row(situation.title, beside, ratio, claim=claims[0] if claims else None)


def _make_bars(situation: Situation, samples: Samples) -> list[Bar]:
    names = {situation.title: "wsgistack", FLOOR: FLOOR}
    return [
        Bar(names.get(name, name), samples.cost(name, less=BARE).median, is_ours=name == situation.title)
        for name in samples.took
        if name != BARE
    ]
