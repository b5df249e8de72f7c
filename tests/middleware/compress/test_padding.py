"""Padding of random length that decoders skip."""

import zlib
from importlib import import_module

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.decoding import ZSTD, decoded
from wsgistack.middleware.compress.padding import MAX_PADDING, make_brotli_padding, make_zstd_padding, pad_gzip

_MAXIMA = st.sampled_from([1, 2, 255, 256, 257, MAX_PADDING])


@given(body=st.binary(max_size=300), maximum=_MAXIMA)
def test_gzip_decoders_skip_the_padding(body: bytes, maximum: int) -> None:
    packed = zlib.compress(body, wbits=31)
    named = pad_gzip(packed, maximum)
    assert decoded("gzip", named) == body
    assert len(packed) + 2 <= len(named) <= len(packed) + 1 + maximum


def test_the_file_name_in_gzip_is_short_enough_for_go() -> None:
    names = [pad_gzip(zlib.compress(b"", wbits=31), MAX_PADDING)[10:].partition(b"\0")[0] for _ in range(2000)]
    assert 500 < max(map(len, names)) < 512


@given(body=st.binary(max_size=300), maximum=_MAXIMA)
def test_zstd_decoders_skip_the_padding(body: bytes, maximum: int) -> None:
    packed = import_module(ZSTD).compress(body)
    padded = packed + make_zstd_padding(maximum)
    assert import_module(ZSTD).decompress(padded) == body  # reads all frames
    assert decoded("zstd", padded) == body  # reads only the first frame
    assert len(packed) + 9 <= len(padded) <= len(packed) + 8 + maximum


@given(chunks=st.lists(st.binary(min_size=1, max_size=300)), maximum=_MAXIMA)
def test_brotli_decoders_skip_the_padding_at_each_byte_boundary(chunks: list[bytes], maximum: int) -> None:
    packer = import_module("brotli").Compressor()
    packed = packer.flush() + make_brotli_padding(maximum)
    for chunk in chunks:
        packed += packer.process(chunk) + packer.flush() + make_brotli_padding(maximum)
    assert decoded("br", packed + packer.finish()) == b"".join(chunks)


def test_brotli_decoders_skip_padding_of_each_length(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wsgistack.middleware.compress.padding.randbelow", lambda maximum: maximum - 1)
    for length in range(1, 600):
        packer = import_module("brotli").Compressor()
        padded = packer.flush() + make_brotli_padding(length) + packer.process(b"text") + packer.finish()
        assert decoded("br", padded) == b"text", length
        assert len(padded) > length


@pytest.mark.parametrize(
    "pad", [make_brotli_padding, make_zstd_padding, lambda maximum: pad_gzip(zlib.compress(b"", wbits=31), maximum)]
)
def test_padding_has_each_length_up_to_the_maximum(pad: object) -> None:
    assert callable(pad)
    lengths = {len(pad(4)) for _ in range(400)}
    assert max(lengths) - min(lengths) == 3
    assert len(lengths) == 4
