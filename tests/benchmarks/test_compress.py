"""What compression is measured with: bodies, those who compress, the codecs by hand, memory, and the first byte."""

import gzip

import pytest

from benchmarks.bodies import KINDS, make_body
from benchmarks.cells import measure_cell, list_installed
from benchmarks.codecs import find_gzip, find_codec
from benchmarks.compress import measure_overhead
from benchmarks.compressors import CODECS, COMPRESSORS
from benchmarks.first_byte import measure_first_byte
from benchmarks.memory import can_measure, measure_peak_in_process
from benchmarks.pairs import QUICK

OURS = [each for each in COMPRESSORS if each.is_ours]
PASTE = next(each for each in COMPRESSORS if each.distribution == "Paste")
counts_memory = pytest.mark.skipif(not can_measure(), reason="this system does not tell of memory")


@pytest.mark.parametrize("kind", KINDS)
def test_a_body_is_the_same_each_time_and_as_long_as_it_is_called(kind: str) -> None:
    body = make_body(kind, 10_000, is_stream=False)
    stream = make_body(kind, 10_000, is_stream=True)
    assert body.size == stream.size == 10_000
    assert len(body.chunks) == 1
    assert len(stream.chunks) == 8
    assert b"".join(stream.chunks) == body.chunks[0]
    make_body.cache_clear()
    assert make_body(kind, 10_000, is_stream=False) == body


def test_bodies_are_as_compressible_as_they_are_called() -> None:
    sizes = {kind: len(gzip.compress(make_body(kind, 50_000, is_stream=False).chunks[0])) / 50_000 for kind in KINDS}
    assert sizes["JSON"] < 0.3
    assert sizes["HTML"] < 0.3
    assert 0.3 < sizes["records"] < 0.5
    assert 0.6 < sizes["dense"] < 0.9
    assert sizes["random"] > 1


@pytest.mark.parametrize("is_stream", [False, True])
def test_everybody_answers_with_the_body(is_stream: bool) -> None:
    body = make_body("JSON", 10_000, is_stream=is_stream)
    for each in OURS:
        chunks: list[bytes] = []
        each.make_case(body, chunks.append)()
        assert 0 < sum(map(len, chunks)) < 5000
        chunks.clear()
        each.make_case(body, chunks.append, plain=True)()
        assert b"".join(chunks) == b"".join(body.chunks)


def test_measures_what_each_adds_to_its_framework() -> None:
    cell = measure_cell(make_body("JSON", 10_000, is_stream=False), OURS, QUICK)
    assert set(cell.sent) == {each.title for each in OURS}
    assert set(cell.samples.times) == {"WSGI alone", *cell.sent}
    assert cell.compare_bytes(OURS[0], OURS[0]).median == 1
    assert cell.compare_throughput(OURS[0], OURS[0]).median in (0.0, 1.0)


def test_leaves_out_who_is_not_installed() -> None:
    nobody = PASTE._replace(distribution="a-distribution-that-nobody-has")
    assert list_installed([OURS[0], nobody]) == [OURS[0]]


def test_leaves_out_whose_codec_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CODECS, "br", ("a-distribution-that-nobody-has",))
    assert [each.coding for each in list_installed(OURS)] == ["gzip", "zstd"]
    assert {row.what.split(":")[0] for row in measure_overhead(list_installed(OURS), QUICK)} == {
        "the layer, without the time of gzip",
        "the layer, without the time of zstd",
        "the layer, around an image",
        "the layer, around a body that is too small",
    }


@pytest.mark.parametrize("coding", ["gzip", "zstd", "br"])
def test_knows_the_codec_that_the_layer_calls(coding: str) -> None:
    assert find_codec(coding) is not None


def test_knows_the_module_that_makes_the_gzip_of_the_layer() -> None:
    module, level = find_gzip()
    assert gzip.decompress(module.compress(b"a" * 1000, level, 31)) == b"a" * 1000


def test_tells_how_long_the_first_byte_takes() -> None:
    rows = list(measure_first_byte(OURS, QUICK))
    assert [row.what for row in rows] == [f"{each.title}: time to the first byte" for each in OURS]
    assert all(row.claim and row.spread.median > 0 for row in rows)


@counts_memory
def test_tells_the_peak_of_memory_in_a_process_of_its_own() -> None:
    assert measure_peak_in_process("tests.benchmarks.test_compress:takes_memory", "30") > 20_000
    assert measure_peak_in_process("tests.benchmarks.test_compress:takes_memory", "0") < 5_000


@counts_memory
def test_says_what_went_wrong_in_a_process_of_its_own() -> None:
    with pytest.raises(RuntimeError, match="nothing_of_that_name can't be measured"):
        measure_peak_in_process("tests.benchmarks.test_compress:nothing_of_that_name")


def takes_memory(megabytes: str) -> object:
    return lambda: b"\1" * (int(megabytes) << 20)
