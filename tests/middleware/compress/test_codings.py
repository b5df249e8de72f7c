"""The content codings: round trips, streams that are decoded chunk by chunk, and refused options."""

import sys
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.decoding import ZSTD, decoded, decoder
from wsgistack.errors import ConfigError
from wsgistack.middleware.compress.codings import CODINGS, make_coding

_NAMES = sorted(CODINGS)
_BEERS = b"".join(b"%d bottles of beer, " % (number * number) for number in range(3000))


@pytest.mark.parametrize("name", _NAMES)
@given(body=st.binary(max_size=3000))
def test_round_trips_a_whole_body(name: str, body: bytes) -> None:
    assert decoded(name, make_coding(name).whole(body)) == body


@pytest.mark.parametrize("padding", [0, 300])
@pytest.mark.parametrize("name", _NAMES)
@given(chunks=st.lists(st.binary(max_size=500)))
def test_each_chunk_can_be_decoded_before_the_next_one_exists(name: str, padding: int, chunks: list[bytes]) -> None:
    begun, stream = make_coding(name, padding=padding).begin(b"first")
    decode = decoder(name)
    assert decode(begun) == b"first"
    for chunk in chunks:
        encoded = stream.encode(chunk)
        assert bool(encoded) is bool(chunk)
        assert decode(encoded) == chunk
    assert decode(stream.finish()) == b""


@pytest.mark.parametrize("name", _NAMES)
@given(chunks=st.lists(st.binary(min_size=1, max_size=500), min_size=1))
def test_flush_makes_all_added_chunks_decodable(name: str, chunks: list[bytes]) -> None:
    begun, stream = make_coding(name).begin(b"first")
    decode = decoder(name)
    assert decode(begun) == b"first"
    added = b"".join(map(stream.add, chunks))
    assert decode(added + stream.flush()) == b"".join(chunks)
    assert decode(stream.add(b"last") + stream.finish()) == b"last"


@pytest.mark.parametrize("name", _NAMES)
def test_finish_marks_the_end_of_a_stream(name: str) -> None:
    begun, stream = make_coding(name).begin(b"a chunk")
    rest = stream.finish()
    assert rest
    assert decoded(name, begun + rest) == b"a chunk"


@pytest.mark.parametrize("name", _NAMES)
@given(body=st.binary(max_size=3000))
def test_pads_a_whole_body(name: str, body: bytes) -> None:
    assert decoded(name, make_coding(name, padding=2000).whole(body)) == body


@pytest.mark.parametrize("name", _NAMES)
def test_hides_the_length_of_a_padded_body(name: str) -> None:
    padded, plain = make_coding(name, padding=1000), make_coding(name)
    lengths = set()
    for _ in range(10):
        begun, stream = padded.begin(b"a stream")
        lengths |= {len(padded.whole(b"a body")), len(begun + stream.finish())}
    assert len(lengths) > 5
    assert min(lengths) > len(plain.whole(b"a body"))


@pytest.mark.parametrize("name", _NAMES)
def test_equal_bodies_give_equal_bytes(name: str) -> None:
    body = b"the same " * 500
    assert make_coding(name).whole(body) == make_coding(name).whole(body)


@pytest.fixture(params=["isal.isal_zlib", "zlib"])
def gzip_library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run the test with each gzip library; ISA-L only if it is installed."""
    if request.param == "zlib":
        monkeypatch.setitem(sys.modules, "isal.isal_zlib", None)
    else:
        pytest.importorskip(request.param)
    return str(request.param)


def test_gzip_header_holds_no_time(gzip_library: str) -> None:
    assert make_coding("gzip").whole(b"x")[4:8] == make_coding("gzip").begin(b"x")[0][4:8] == bytes(4)


def test_gzip_uses_the_fastest_installed_library(gzip_library: str) -> None:
    default, six = make_coding("gzip").whole(_BEERS), make_coding("gzip", 6).whole(_BEERS)
    assert six == zlib.compress(_BEERS, 6, 31)
    assert (default == six) is (gzip_library == "zlib")
    assert decoded("gzip", default) == _BEERS
    assert len(default) < len(six) * 1.25


def test_streams_gzip_with_each_library(gzip_library: str) -> None:
    begun, stream = make_coding("gzip", padding=99).begin(_BEERS)
    decode = decoder("gzip")
    assert decode(begun) == _BEERS
    assert stream.encode(b"") == b""
    assert decode(stream.encode(b"more")) == b"more"
    assert decode(stream.add(b"and") + stream.finish()) == b"and"


@pytest.mark.parametrize("name", _NAMES)
def test_a_higher_level_makes_smaller_bodies(name: str) -> None:
    levels = CODINGS[name].levels
    low, high = (len(make_coding(name, level).whole(_BEERS)) for level in (levels[0], levels[-1]))
    assert high < low


@pytest.mark.parametrize("name", _NAMES)
def test_refuses_an_invalid_level_and_names_the_valid_ones(name: str) -> None:
    levels = CODINGS[name].levels
    for level in (levels[0] - 1, levels[-1] + 1):
        with pytest.raises(ConfigError, match=f"levels: invalid level {level}; expected {levels[0]} to {levels[-1]}"):
            make_coding(name, level)


def test_suggests_the_nearest_coding() -> None:
    with pytest.raises(ConfigError, match="codings: unknown coding 'gzpi'; did you mean 'gzip'"):
        make_coding("gzpi")


@pytest.mark.parametrize(("name", "module"), [("br", "brotli"), ("zstd", ZSTD)])
def test_names_the_extra_of_a_missing_library(name: str, module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ConfigError, match=r"pip install 'wsgistack\[compress\]'"):
        make_coding(name)
