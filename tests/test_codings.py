"""The codings: round trips, streams that can be read as they come, and what they refuse."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.decoding import ZSTD, decoded, decoder
from wsgistack.codings import CODINGS, coding
from wsgistack.errors import ConfigError

_NAMES = sorted(CODINGS)


@pytest.mark.parametrize("name", _NAMES)
@given(body=st.binary(max_size=3000))
def test_gives_a_body_back(name: str, body: bytes) -> None:
    assert decoded(name, coding(name).whole(body)) == body


@pytest.mark.parametrize("name", _NAMES)
@given(chunks=st.lists(st.binary(min_size=1, max_size=500)))
def test_lets_each_chunk_be_read_before_the_next_is_made(name: str, chunks: list[bytes]) -> None:
    stream = coding(name).stream()
    decode = decoder(name)
    for chunk in chunks:
        assert decode(stream.encode(chunk)) == chunk
    assert decode(stream.finish()) == b""


@pytest.mark.parametrize("name", _NAMES)
def test_ends_a_stream_so_that_a_cut_one_can_be_told(name: str) -> None:
    stream = coding(name).stream()
    begun = stream.encode(b"a chunk")
    rest = stream.finish()
    assert rest
    assert decoded(name, begun + rest) == b"a chunk"


@pytest.mark.parametrize("name", _NAMES)
def test_makes_the_same_bytes_of_the_same_body(name: str) -> None:
    body = b"the same " * 500
    assert coding(name).whole(body) == coding(name).whole(body)


def test_writes_no_time_into_gzip() -> None:
    stream = coding("gzip").stream()
    assert coding("gzip").whole(b"x")[4:8] == (stream.encode(b"x") + stream.finish())[4:8] == bytes(4)


@pytest.mark.parametrize("name", _NAMES)
def test_spends_more_on_a_higher_level(name: str) -> None:
    body = b"".join(b"%d bottles of beer, " % (number * number) for number in range(3000))
    levels = CODINGS[name].levels
    low, high = (len(coding(name, level).whole(body)) for level in (levels[0], levels[-1]))
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
