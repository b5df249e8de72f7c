"""Each layer alone: the time that it adds to an application, compared with its floor and its peers."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.hashing import measure_hashing
from benchmarks.pairs import THOROUGH, Effort, Samples
from benchmarks.plots import Bar, draw_bars
from benchmarks.rows import Findings, Group, Row, list_missing
from benchmarks.situations import BARE, COST, FLOOR, SITUATIONS, Situation, list_hashed, list_signed

__all__ = ["LAYERS", "measure_layers"]

_METHOD = """
Each layer wraps an application that only sends a response, in a server in memory that only receives it. All figures
are what a layer adds: the application alone runs in the same rounds, and its time is subtracted from both sides.
Times are processor time.

A floor does the same work on the protocol, written by hand for one set of options. It passes the conformance kit, as
its layer does, except on servers that break PEP 3333. It leaves out what no request here needs: the floor of gzip has
no opt-out, does not edit If-None-Match and does not stop at Content-Length; the floor of access_log does not forward
files. Floors are objects, as layers are. Functions would take 0.3 to 0.4 µs less for the same work, because CPython
3.11 leaves its interpreter loop to call an object. So the figures compare the work, not the way in which it is called.

The access log remembers how it wrote the last values, so that the same request costs less than another one. One row has
another path each time; it includes the time that it takes to set the path. The floor hides no secrets.

Peers have the options that make their work most similar to ours, and send the same body. Logs go to the null device.
Ours and those of floors are written line by line, or through logging if the row says so. Paste can only use logging,
and has the same handler.

The work is not always the same. TransLogger logs at the start of a response, and logs the Content-Length as the
number of bytes. Paste's gzipper does not set Vary, also compresses a body that is too small, collects a stream to its
end, and uses zlib at level 6. Our gzip and its floor use ISA-L if the extra is installed, and send some more bytes.
auth.basic compares the password with ==. oslo.middleware hashes the password for each request; our basic_auth
remembers a correct one. CorrelationId does not set a response header.

asgi-correlation-id runs on a bridge to ASGI and back; the bridge alone has its own row. wsgify does other
work and is included for scale.

Two rows count hashes of basic_auth by their time. They divide by the time of one bcrypt hash with cost 10: the time of
20 requests in 20 threads that bring one password which is not known yet; and, after another request has read a changed
file of 100,000 users, what the first request of a user takes more than the second.
"""


def measure_layers(effort: Effort = THOROUGH, situations: Sequence[Situation] = SITUATIONS) -> Findings:
    """Measure each layer in each situation."""
    rows: list[Row] = []
    drawn: list[tuple[str, list[Bar]]] = []
    with TemporaryDirectory() as folder:
        for situation in (*situations, *list_hashed(Path(folder)), *list_signed()):
            samples = situation.measure(effort)
            rows += _make_rows(situation, samples)
            drawn.append((situation.title, _make_bars(situation, samples)))
        rows += measure_hashing(Path(folder), effort)
    plot = draw_bars("Time that a layer adds to a request, in microseconds", drawn)
    rivals = [rival.distribution for situation in situations for rival in situation.rivals]
    return Findings(rows, {"layers": plot}, list_missing(rivals))


def _make_rows(situation: Situation, samples: Samples) -> Iterator[Row]:
    yield Row(situation.title, "", samples.cost(situation.title, less=BARE), "µs", situation.targets.get(COST))
    for side in samples.times:
        if side not in (BARE, situation.title):
            targets = [target for name, target in situation.targets.items() if name and side.startswith(name)]
            ratio = samples.ratio(situation.title, side, less=BARE)
            yield Row(situation.title, side, ratio, target=targets[0] if targets else None)


def _make_bars(situation: Situation, samples: Samples) -> list[Bar]:
    names = {situation.title: "wsgistack", FLOOR: FLOOR}
    return [
        Bar(names.get(name, name), samples.cost(name, less=BARE).median, is_ours=name == situation.title)
        for name in samples.times
        if name != BARE
    ]


LAYERS = Group(
    "layers",
    "Each layer alone",
    "the time that each layer adds, compared with its floor and its peers",
    _METHOD,
    measure_layers,
)
