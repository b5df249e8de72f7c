"""The calls of the codecs that our layer makes, found by the bytes that the layer sends."""

import zlib
from collections.abc import Callable, Iterator
from functools import cache, partial
from importlib import import_module
from types import ModuleType
from typing import Any

from benchmarks.bodies import make_body
from benchmarks.traffic import ask, make_whole
from wsgistack import Compress

__all__ = ["find_codec", "find_gzip"]

_FRAME = 16 + zlib.MAX_WBITS
_Encode = Callable[[bytes], bytes]


def find_codec(coding: str) -> _Encode | None:
    """Find the call that makes the same bytes as the layer with its defaults, or return None."""
    body = make_body("JSON", 10 << 10, is_stream=False).chunks[0]
    layer = Compress(make_whole(body, "application/json"), codings=(coding,))
    expected = ask(layer, {"HTTP_ACCEPT_ENCODING": coding}).body
    return next((encode for encode in _CANDIDATES[coding]() if encode(body) == expected), None)


@cache
def find_gzip() -> tuple[Any, int]:
    """Find the zlib-like module and the level that the layer uses by default."""
    body = make_body("JSON", 10 << 10, is_stream=False).chunks[0]
    codec = find_codec("gzip") or zlib.compress
    matching = (each for each in _list_zlibs() if each[0].compress(body, each[1], _FRAME) == codec(body))
    return next(matching, (zlib, 6))


def _list_zlibs() -> Iterator[tuple[Any, int]]:
    yield zlib, 6
    isal = _try_import("isal.isal_zlib")
    if isal is not None:
        yield from ((isal, level) for level in (2, 1, 3, 0))


def _list_gzips() -> Iterator[_Encode]:
    for module, level in _list_zlibs():
        yield _bind_level(module.compress, level)


def _bind_level(compress: Callable[[bytes, int, int], bytes], level: int) -> _Encode:
    return lambda body: compress(body, level, _FRAME)


def _list_brotlis() -> Iterator[_Encode]:
    brotli = _try_import("brotli")
    if brotli is not None:
        yield partial(brotli.compress, quality=4)


def _list_zstds() -> Iterator[_Encode]:
    zstd: Any = _try_import("compression.zstd") or _try_import("backports.zstd")
    if zstd is not None:
        level, shortest = zstd.CompressionParameter.compression_level, zstd.CompressionParameter.min_match
        for options in ({level: 3}, {level: 3, shortest: 5}):
            yield partial(zstd.compress, options=options)


def _try_import(name: str) -> ModuleType | Any:
    try:
        return import_module(name)
    except ImportError:
        return None


_CANDIDATES: dict[str, Callable[[], Iterator[_Encode]]] = {
    "gzip": _list_gzips,
    "br": _list_brotlis,
    "zstd": _list_zstds,
}
