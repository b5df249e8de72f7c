"""How long a client waits for the first decodable byte of a stream."""

import random
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from importlib import import_module
from time import perf_counter, sleep
from typing import Any
from zlib import MAX_WBITS, decompressobj

from benchmarks.bodies import make_body
from benchmarks.compressors import Compressor
from benchmarks.pairs import Effort, Spread
from benchmarks.rows import Row, at_most

__all__ = ["measure_first_byte"]

_PAUSE = 0.005
_ROUNDS = 15
_AS_ALONE = at_most(1.1, "time to the first byte of a stream: at most 1.1 times that of the stream itself")


def measure_first_byte(compressors: Sequence[Compressor], effort: Effort) -> Iterator[Row]:
    """Compare the time until the client can decode something with the stream alone, for each compressor.

    The stream has 8 chunks and takes 5 ms to make each of them.
    """
    rounds = effort.least if effort.is_quick else _ROUNDS
    compressors = [each for each in compressors if _is_compressed(each)]
    sides = {each.title: partial(_measure_wait, each) for each in compressors} | {
        "": partial(_measure_wait, compressors[0], plain=True)
    }
    waits = [{name: sides[name]() for name in random.sample(list(sides), len(sides))} for _ in range(rounds)]
    for each in compressors:
        ratio = Spread.of([waited[each.title] / waited[""] for waited in waits])
        target = _AS_ALONE if each.is_ours else None
        yield Row(f"{each.title}: time to the first byte", "stream alone", ratio, target=target)


def _is_compressed(compressor: Compressor) -> bool:
    body = make_body("JSON", 10 << 10, is_stream=True)
    chunks: list[bytes] = []
    compressor.make_case(body, chunks.append)()
    return b"".join(chunks) != b"".join(body.chunks)


def _measure_wait(compressor: Compressor, *, plain: bool = False) -> float:
    body = make_body("JSON", 10 << 10, is_stream=True)
    slow = body._replace(chunks=_Slow(body.chunks))
    decoded = _make_decoder("" if plain else compressor.coding)
    came: list[float] = []

    def take(chunk: bytes) -> None:
        if not came and chunk and decoded(chunk):
            came.append(perf_counter())

    case = compressor.make_case(slow, take, plain=plain)
    begin = perf_counter()
    case()
    return (came[0] if came else perf_counter()) - begin


class _Slow(tuple[bytes, ...]):
    """Chunks that take time to make."""

    __slots__ = ()

    def __iter__(self) -> Iterator[bytes]:
        for chunk in super().__iter__():
            sleep(_PAUSE)
            yield chunk


def _make_decoder(coding: str) -> Any:
    match coding:
        case "gzip":
            return decompressobj(16 + MAX_WBITS).decompress
        case "br":
            return import_module("brotli").Decompressor().process
        case "zstd":
            module = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
            return import_module(module).ZstdDecompressor().decompress
    return bytes
