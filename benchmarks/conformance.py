"""Tests the peers with the conformance kit, and writes the results as a page and as data."""

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from platform import python_version

from benchmarks.measure import Result, measure_apart
from benchmarks.page import COMMAND, conformance_page, is_demanded
from benchmarks.peers import PEERS, Peer

__all__ = ["write_conformance"]

_MAX_PROCESSES = 2


def write_conformance(
    folder: Path, peers: Sequence[Peer] = PEERS, measure: Callable[[Peer], Result] = measure_apart
) -> list[Path]:
    """Judge all installed peers, and write ``conformance.rst`` and ``conformance.json``.

    :param folder: for both files; it is created if it does not exist.
    """
    present = [peer for peer in peers if peer.version is not None]
    absent = [peer for peer in peers if peer.version is None]
    with ThreadPoolExecutor(_MAX_PROCESSES) as pool:
        judged = list(zip(present, pool.map(measure, present), strict=True))
    folder.mkdir(parents=True, exist_ok=True)
    page, data = folder / "conformance.rst", folder / "conformance.json"
    page.write_text(conformance_page(judged, absent), "utf-8")
    data.write_text(_as_json([result for _, result in judged], absent), "utf-8")
    return [page, data]


def _as_json(results: Sequence[Result], absent: Sequence[Peer]) -> str:
    peers = [
        {
            **result._asdict(),
            "broken": [{**each._asdict(), "demanded": is_demanded(each.rule)} for each in result.broken],
            "uncounted": [each._asdict() for each in result.uncounted],
        }
        for result in results
    ]
    document = {
        "command": COMMAND,
        "python": python_version(),
        "absent": [peer.title for peer in absent],
        "peers": peers,
    }
    return f"{json.dumps(document, indent=1)}\n"
