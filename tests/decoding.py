"""What a client does with the codings: decode a body as it arrives."""

import sys
import zlib
from collections.abc import Callable
from importlib import import_module

ZSTD = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"


def decoder(name: str) -> Callable[[bytes], bytes]:
    """A function that returns, for each piece of one body as it arrives, the bytes that can be decoded by then."""
    decode: Callable[[bytes], bytes]
    if name == "gzip":
        decode = zlib.decompressobj(16 + zlib.MAX_WBITS).decompress
    elif name == "br":
        decode = import_module("brotli").Decompressor().process
    else:
        decode = import_module(ZSTD).ZstdDecompressor().decompress
    return decode


def decoded(name: str, body: bytes) -> bytes:
    return decoder(name)(body)
