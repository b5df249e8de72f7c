"""Padding that decoders pass over, of a length that can't be foretold."""

import zlib
from importlib import import_module

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.decoding import ZSTD, decoded
from wsgistack.middleware.compress.padding import LARGEST, brotli_block, gzip_named, zstd_frame

_MOSTS = st.sampled_from([1, 2, 255, 256, 257, LARGEST])


@given(body=st.binary(max_size=300), most=_MOSTS)
def test_names_a_file_in_gzip(body: bytes, most: int) -> None:
    packed = zlib.compress(body, wbits=31)
    named = gzip_named(packed, most)
    assert decoded("gzip", named) == body
    assert len(packed) + 2 <= len(named) <= len(packed) + 1 + most


def test_keeps_the_name_within_what_go_reads() -> None:
    names = [gzip_named(zlib.compress(b"", wbits=31), LARGEST)[10:].partition(b"\0")[0] for _ in range(2000)]
    assert 500 < max(map(len, names)) < 512


@given(body=st.binary(max_size=300), most=_MOSTS)
def test_stands_after_zstd(body: bytes, most: int) -> None:
    packed = import_module(ZSTD).compress(body)
    padded = packed + zstd_frame(most)
    assert import_module(ZSTD).decompress(padded) == body  # all frames
    assert decoded("zstd", padded) == body  # the first one alone
    assert len(packed) + 9 <= len(padded) <= len(packed) + 8 + most


@given(chunks=st.lists(st.binary(min_size=1, max_size=300)), most=_MOSTS)
def test_stands_wherever_a_byte_begins_in_brotli(chunks: list[bytes], most: int) -> None:
    packer = import_module("brotli").Compressor()
    packed = packer.flush() + brotli_block(most)
    for chunk in chunks:
        packed += packer.process(chunk) + packer.flush() + brotli_block(most)
    assert decoded("br", packed + packer.finish()) == b"".join(chunks)


@pytest.mark.parametrize("length", range(1, 600))
def test_skips_any_length_in_brotli(length: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wsgistack.middleware.compress.padding.randbelow", lambda most: most - 1)
    packer = import_module("brotli").Compressor()
    padded = packer.flush() + brotli_block(length) + packer.process(b"text") + packer.finish()
    assert decoded("br", padded) == b"text"
    assert len(padded) > length


@pytest.mark.parametrize("pad", [brotli_block, zstd_frame, lambda most: gzip_named(zlib.compress(b"", wbits=31), most)])
def test_has_every_length_up_to_the_most(pad: object) -> None:
    assert callable(pad)
    lengths = {len(pad(4)) for _ in range(400)}
    assert max(lengths) - min(lengths) == 3
    assert len(lengths) == 4
