"""Decoding: every coding in pieces, within limits, and nothing that is not complete and valid."""

import gzip
import os
import random
import sys
import zlib
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from io import BufferedReader, BytesIO
from types import SimpleNamespace
from typing import Any

import pytest

from tests.waiting import MAX_WAIT
from wsgistack.errors import ConfigError
from wsgistack.http import bodies
from wsgistack.http.bodies import BLOCK_SIZE, BodyRefusedError
from wsgistack.http.codings import require_coding
from wsgistack.middleware.decompress import decoding
from wsgistack.middleware.decompress.decoding import CODINGS, DecodedBody, DecodedInput, make_coding

brotli: Any = require_coding("br")
zstd: Any = require_coding("zstd")
ENCODE: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "br": partial(brotli.compress, quality=5),
    "zstd": zstd.compress,
}
TEXT = b"".join(b"line %d of the text\n" % number for number in range(20_000))
SKIPPABLE = b"\x50\x2a\x4d\x18\x03\x00\x00\x00abc"


class Slow:
    """An input that gives a few bytes at a time."""

    def __init__(self, data: bytes, size: int) -> None:
        self._given = BytesIO(data)
        self._size = size

    def read(self, size: int) -> bytes:
        return self._given.read(min(size, self._size))


def decoded(data: bytes, *codings: str, given: Any = None, length: int | None = None, **limits: int) -> DecodedBody:
    limits = {"max_size": 10**8, "max_ratio": 10**6, **limits}
    environ = {"wsgi.input": given or BytesIO(data)}
    return DecodedBody(environ, tuple(map(make_coding, codings)), length, **limits)


def refusal_of(body: DecodedBody) -> tuple[int, str]:
    with pytest.raises(BodyRefusedError) as raised:
        b"".join(body)
    with pytest.raises(BodyRefusedError):  # and not the end
        body.read()
    return raised.value.refusal[:2]


@pytest.mark.parametrize("size", [1, 7, 10**6])
@pytest.mark.parametrize("name", CODINGS)
@pytest.mark.parametrize("text", [b"", b"x", TEXT, os.urandom(100_000)], ids=["empty", "byte", "text", "random"])
def test_decodes(name: str, text: bytes, size: int) -> None:
    data = ENCODE[name](text)
    assert b"".join(decoded(b"", name, given=Slow(data, size))) == text


@pytest.mark.parametrize("name", CODINGS)
def test_pieces_are_bounded_whatever_the_body_expands_to(name: str) -> None:
    data = ENCODE[name](b"\0" * 10_000_000)
    pieces = [len(piece) for piece in decoded(data, name)]
    assert sum(pieces) == 10_000_000
    assert max(pieces) <= 2 * decoding.PIECE_SIZE


@pytest.mark.parametrize("codings", [("gzip", "br"), ("br", "gzip"), ("zstd", "gzip", "br", "zstd"), ("gzip", "gzip")])
def test_several_codings_are_decoded_in_turn(codings: tuple[str, ...]) -> None:
    data = TEXT
    for name in codings:
        data = ENCODE[name](data)
    assert b"".join(decoded(data, *codings)) == TEXT


@pytest.mark.parametrize("size", [1, 5, 10**6])
@pytest.mark.parametrize("name", ["gzip", "zstd"])
def test_several_members_are_one_body(name: str, size: int) -> None:
    encode = ENCODE[name]
    data = encode(b"one, ") + encode(b"") + encode(b"two")
    assert b"".join(decoded(b"", name, given=Slow(data, size))) == b"one, two"


def test_zstd_skips_what_it_is_told_to_skip() -> None:
    assert b"".join(decoded(SKIPPABLE + zstd.compress(b"text") + SKIPPABLE, "zstd")) == b"text"


def test_many_members_of_a_good_size() -> None:
    member = gzip.compress(os.urandom(2000))
    assert len(b"".join(decoded(member * 1000, "gzip"))) == 2_000_000


@pytest.mark.parametrize(
    ("data", "codings"),
    [
        (gzip.compress(b"") * 5000, ["gzip"]),
        (gzip.compress(b"a") * 5000, ["gzip"]),
        (zstd.compress(b"") * 5000, ["zstd"]),
        (SKIPPABLE * 5000, ["zstd"]),
        (gzip.compress(gzip.compress(b"") * 100_000), ["gzip", "gzip"]),
    ],
    ids=["gzip", "tiny gzip", "zstd", "skippable zstd", "gzip in gzip"],
)
def test_many_small_members_are_refused(data: bytes, codings: list[str]) -> None:
    code, detail = refusal_of(decoded(data, *codings))
    assert code == 400
    assert detail == f"The {codings[0]} data of the request body has too many parts."


@pytest.mark.parametrize("name", CODINGS)
def test_no_part_of_a_body_passes_as_complete(name: str) -> None:
    data = ENCODE[name](b"some text that is short")
    for end in range(1, len(data)):
        code, detail = refusal_of(decoded(data[:end], name))
        assert code == 400
        assert detail in {
            f"The request body ends in the middle of its {name} data.",
            f"The request body is not valid {name} data.",
        }


@pytest.mark.parametrize("name", CODINGS)
def test_a_client_that_sends_less_than_its_length_is_refused(name: str) -> None:
    data = ENCODE[name](TEXT)
    assert refusal_of(decoded(data[:-5], name, length=len(data)))[0] == 400


@pytest.mark.parametrize("name", CODINGS)
@pytest.mark.parametrize("garbage", [b"x", b"\0\0\0\0", b"\0" * 100_000, b"{}"], ids=["x", "zeros", "more", "braces"])
@pytest.mark.parametrize("size", [1, 10**6])
def test_garbage_after_the_end_is_refused(name: str, garbage: bytes, size: int) -> None:
    code, _ = refusal_of(decoded(b"", name, given=Slow(ENCODE[name](b"text") + garbage, size)))
    assert code == 400


@pytest.mark.parametrize("name", CODINGS)
@pytest.mark.parametrize("data", [b"plain text", b"\0", b"\x1f\x8b", b"\xff" * 100, zlib.compress(b"deflate")])
def test_what_is_not_encoded_is_refused(name: str, data: bytes) -> None:
    assert refusal_of(decoded(data, name))[0] == 400


@pytest.mark.parametrize("name", ["gzip", "zstd"])
def test_a_damaged_body_is_refused(name: str) -> None:
    """With their checksums. Brotli has none."""
    data = bytearray(
        gzip.compress(TEXT)
        if name == "gzip"
        else zstd.compress(TEXT, options={zstd.CompressionParameter.checksum_flag: 1})
    )
    data[-3] ^= 0xFF
    assert refusal_of(decoded(bytes(data), name))[0] == 400


@pytest.mark.parametrize("name", CODINGS)
def test_random_damage_never_raises_another_error(name: str) -> None:
    chance = random.Random(name)  # noqa: S311
    data = ENCODE[name](TEXT[:3000])
    for _ in range(300):
        damaged = bytearray(data)
        for _ in range(chance.randrange(1, 4)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        with suppress(BodyRefusedError):
            b"".join(decoded(bytes(damaged), name, max_size=10**6))


@pytest.mark.parametrize("name", CODINGS)
def test_the_size_is_limited(name: str) -> None:
    data = ENCODE[name](TEXT)
    assert b"".join(decoded(data, name, max_size=len(TEXT))) == TEXT
    code, detail = refusal_of(decoded(data, name, max_size=len(TEXT) - 1))
    assert (code, detail) == (
        413,
        f"The decoded request body is larger than {len(TEXT) - 1} bytes, which is the limit.",
    )


@pytest.mark.parametrize("codings", [[name] for name in CODINGS] + [["gzip", "gzip"], ["gzip", "br", "zstd", "gzip"]])
def test_the_ratio_is_limited(codings: list[str]) -> None:
    data = b"\0" * 10_000_000
    for name in codings:
        data = ENCODE[name](data)
    code, detail = refusal_of(decoded(data, *codings, max_ratio=100))
    assert code == 413
    assert detail == ("The decoded request body is more than 100 times as large as what was sent, which is the limit.")


def test_the_ratio_of_a_small_body_does_not_matter() -> None:
    data = gzip.compress(b"\0" * 65536)
    assert len(b"".join(decoded(data, "gzip", max_ratio=1))) == 65536
    assert refusal_of(decoded(gzip.compress(b"\0" * 65537), "gzip", max_ratio=1))[0] == 413


def test_the_size_between_two_codings_is_limited_too() -> None:
    """The inner body is small at the end, and needs much work on the way."""
    inner = SKIPPABLE[:4] + (1_000_000).to_bytes(4, "little") + b"\0" * 1_000_000
    data = gzip.compress(inner)
    assert refusal_of(decoded(data, "zstd", "gzip", max_size=100_000))[0] == 413


def test_a_window_of_zstd_that_takes_much_memory_is_refused() -> None:
    packer = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: 27})
    data = packer.compress(TEXT) + packer.flush()
    assert refusal_of(decoded(data, "zstd"))[0] == 400


def test_nothing_beyond_the_length_is_read() -> None:
    data = gzip.compress(b"text")
    given = BytesIO(data + b"GET / HTTP/1.1\r\n")
    assert b"".join(decoded(b"", "gzip", given=given, length=len(data))) == b"text"
    assert given.tell() == len(data)


def test_the_rest_can_be_thrown_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "MAX_DISCARD_TIME", MAX_WAIT)
    given = BytesIO(b"x" * 100_000)
    body = decoded(b"", "gzip", given=given, length=100_000)
    refusal_of(body)
    assert given.tell() == BLOCK_SIZE
    body.discard()
    assert given.tell() == 100_000


def test_an_error_of_the_connection_passes() -> None:
    class Broken:
        def read(self, size: int) -> bytes:
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        decoded(b"", "gzip", given=Broken()).read()


# The stream


@pytest.mark.parametrize("buffer_size", [1, 100, decoding.PIECE_SIZE])
def test_the_stream_has_everything_that_an_input_needs(buffer_size: int) -> None:
    def stream() -> BufferedReader:
        return BufferedReader(DecodedInput(decoded(gzip.compress(TEXT), "gzip")), buffer_size)

    assert stream().read() == TEXT
    assert stream().read(10) == TEXT[:10]
    assert stream().readline() == b"line 0 of the text\n"
    assert list(stream()) == TEXT.splitlines(keepends=True)
    assert stream().readlines(30) == TEXT.splitlines(keepends=True)[:2]
    assert TEXT.startswith(stream().read1())
    buffer = bytearray(10)
    assert stream().readinto(buffer) == 10
    assert buffer == TEXT[:10]
    assert not stream().seekable()


def test_the_stream_gives_what_has_come() -> None:
    """Each read of the server's input gives one event; the second does not exist yet when the first is read."""
    packer = zlib.compressobj(wbits=31)
    blocks = [packer.compress(b"event %d\n" % number) + packer.flush(zlib.Z_SYNC_FLUSH) for number in range(3)]
    waiting = [*blocks]

    class Live:
        def read(self, size: int) -> bytes:
            return waiting.pop(0)

    body = decoded(b"", "gzip", given=Live())
    for number in range(3):
        assert body.read() == b"event %d\n" % number
        assert len(waiting) == 2 - number


# Mistakes


def test_an_unknown_coding() -> None:
    with pytest.raises(ConfigError) as raised:
        make_coding("gzp")
    assert str(raised.value) == "codings: unknown coding 'gzp'; did you mean 'gzip'?"


def test_an_old_brotli_can_not_limit_what_it_decodes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "brotli", SimpleNamespace(Decompressor=object))
    with pytest.raises(ConfigError, match=r"codings: needs Brotli 1\.2.*pip install 'Brotli>=1\.2'"):
        make_coding("br")
