"""The codings: round trips, streams that can be read as they come, and what they refuse."""

import sys
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.decoding import ZSTD, decoded, decoder
from wsgistack.errors import ConfigError
from wsgistack.middleware.compress.codings import CODINGS, coding

_NAMES = sorted(CODINGS)
_BEERS = b"".join(b"%d bottles of beer, " % (number * number) for number in range(3000))


@pytest.mark.parametrize("name", _NAMES)
@given(body=st.binary(max_size=3000))
def test_gives_a_body_back(name: str, body: bytes) -> None:
    assert decoded(name, coding(name).whole(body)) == body


@pytest.mark.parametrize("padding", [0, 300])
@pytest.mark.parametrize("name", _NAMES)
@given(chunks=st.lists(st.binary(max_size=500)))
def test_lets_each_chunk_be_read_before_the_next_is_made(name: str, padding: int, chunks: list[bytes]) -> None:
    begun, stream = coding(name, padding=padding).begin(b"first")
    decode = decoder(name)
    assert decode(begun) == b"first"
    for chunk in chunks:
        encoded = stream.encode(chunk)
        assert bool(encoded) is bool(chunk)
        assert decode(encoded) == chunk
    assert decode(stream.finish()) == b""


@pytest.mark.parametrize("name", _NAMES)
@given(chunks=st.lists(st.binary(min_size=1, max_size=500), min_size=1))
def test_lets_chunks_be_read_together(name: str, chunks: list[bytes]) -> None:
    begun, stream = coding(name).begin(b"first")
    decode = decoder(name)
    assert decode(begun) == b"first"
    added = b"".join(map(stream.add, chunks))
    assert decode(added + stream.flush()) == b"".join(chunks)
    assert decode(stream.add(b"last") + stream.finish()) == b"last"


@pytest.mark.parametrize("name", _NAMES)
def test_ends_a_stream_so_that_a_cut_one_can_be_told(name: str) -> None:
    begun, stream = coding(name).begin(b"a chunk")
    rest = stream.finish()
    assert rest
    assert decoded(name, begun + rest) == b"a chunk"


@pytest.mark.parametrize("name", _NAMES)
@given(body=st.binary(max_size=3000))
def test_pads_a_whole_body(name: str, body: bytes) -> None:
    assert decoded(name, coding(name, padding=2000).whole(body)) == body


@pytest.mark.parametrize("name", _NAMES)
def test_hides_the_length_of_a_padded_body(name: str) -> None:
    padded, plain = coding(name, padding=1000), coding(name)
    lengths = set()
    for _ in range(10):
        begun, stream = padded.begin(b"a stream")
        lengths |= {len(padded.whole(b"a body")), len(begun + stream.finish())}
    assert len(lengths) > 5
    assert min(lengths) > len(plain.whole(b"a body"))


@pytest.mark.parametrize("name", _NAMES)
def test_makes_the_same_bytes_of_the_same_body(name: str) -> None:
    body = b"the same " * 500
    assert coding(name).whole(body) == coding(name).whole(body)


@pytest.fixture(params=["isal.isal_zlib", "zlib"])
def gzip_maker(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The library that makes gzip: the faster one only where it is installed."""
    if request.param == "zlib":
        monkeypatch.setitem(sys.modules, "isal.isal_zlib", None)
    else:
        pytest.importorskip(request.param)
    return str(request.param)


def test_writes_no_time_into_gzip(gzip_maker: str) -> None:
    assert coding("gzip").whole(b"x")[4:8] == coding("gzip").begin(b"x")[0][4:8] == bytes(4)


def test_makes_gzip_by_the_fastest_library_that_is_there(gzip_maker: str) -> None:
    default, six = coding("gzip").whole(_BEERS), coding("gzip", 6).whole(_BEERS)
    assert six == zlib.compress(_BEERS, 6, 31)
    assert (default == six) is (gzip_maker == "zlib")
    assert decoded("gzip", default) == _BEERS
    assert len(default) < len(six) * 1.25


def test_streams_gzip_by_each_library(gzip_maker: str) -> None:
    begun, stream = coding("gzip", padding=99).begin(_BEERS)
    decode = decoder("gzip")
    assert decode(begun) == _BEERS
    assert stream.encode(b"") == b""
    assert decode(stream.encode(b"more")) == b"more"
    assert decode(stream.add(b"and") + stream.finish()) == b"and"


@pytest.mark.parametrize("name", _NAMES)
def test_spends_more_on_a_higher_level(name: str) -> None:
    levels = CODINGS[name].levels
    low, high = (len(coding(name, level).whole(_BEERS)) for level in (levels[0], levels[-1]))
    assert high < low


@pytest.mark.parametrize("name", _NAMES)
def test_names_the_levels_that_there_are(name: str) -> None:
    levels = CODINGS[name].levels
    for level in (levels[0] - 1, levels[-1] + 1):
        with pytest.raises(ConfigError, match=f"levels: no level {level}; expected {levels[0]} to {levels[-1]}"):
            coding(name, level)


def test_names_the_coding_that_was_meant() -> None:
    with pytest.raises(ConfigError, match="codings: no coding 'gzpi'; did you mean 'gzip'"):
        coding("gzpi")


@pytest.mark.parametrize(("name", "module"), [("br", "brotli"), ("zstd", ZSTD)])
def test_names_the_extra_of_a_missing_library(name: str, module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ConfigError, match=r"pip install 'wsgistack\[compress\]'"):
        coding(name)
