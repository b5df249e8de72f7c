"""The parts of the compression benchmark: bodies, compressors, codecs, memory, and the first byte."""

import gzip

import pytest

from benchmarks.bodies import KINDS, make_body
from benchmarks.cells import list_installed, measure_cell
from benchmarks.codecs import find_codec, find_gzip
from benchmarks.compress import measure_overhead
from benchmarks.compressors import CODECS, COMPRESSORS
from benchmarks.first_byte import measure_first_byte
from benchmarks.memory import can_measure, measure_peak_in_process
from benchmarks.pairs import QUICK

pytestmark = pytest.mark.slow

OURS = [each for each in COMPRESSORS if each.is_ours]
PASTE = next(each for each in COMPRESSORS if each.distribution == "Paste")
counts_memory = pytest.mark.skipif(not can_measure(), reason="this system does not report the memory of a process")


@pytest.mark.parametrize("kind", KINDS)
def test_a_body_is_reproducible_and_has_its_size(kind: str) -> None:
    body = make_body(kind, 10_000, is_stream=False)
    stream = make_body(kind, 10_000, is_stream=True)
    assert body.size == stream.size == 10_000
    assert len(body.chunks) == 1
    assert len(stream.chunks) == 8
    assert b"".join(stream.chunks) == body.chunks[0]
    make_body.cache_clear()
    assert make_body(kind, 10_000, is_stream=False) == body


def test_bodies_compress_as_their_names_say() -> None:
    sizes = {kind: len(gzip.compress(make_body(kind, 50_000, is_stream=False).chunks[0])) / 50_000 for kind in KINDS}
    assert sizes["JSON"] < 0.3
    assert sizes["HTML"] < 0.3
    assert 0.3 < sizes["records"] < 0.5
    assert 0.6 < sizes["dense"] < 0.9
    assert sizes["random"] > 1


@pytest.mark.parametrize("is_stream", [False, True])
def test_every_compressor_sends_the_body(is_stream: bool) -> None:
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


def test_leaves_out_a_missing_distribution() -> None:
    missing = PASTE._replace(distribution="a-distribution-that-nobody-has")
    assert list_installed([OURS[0], missing]) == [OURS[0]]


def test_leaves_out_a_missing_codec(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CODECS, "br", ("a-distribution-that-nobody-has",))
    assert [each.coding for each in list_installed(OURS)] == ["gzip", "zstd"]
    assert {row.what.split(":")[0] for row in measure_overhead(list_installed(OURS), QUICK)} == {
        "layer without the gzip codec",
        "layer without the zstd codec",
        "layer",
    }


@pytest.mark.parametrize("coding", ["gzip", "zstd", "br"])
def test_finds_the_codec_that_the_layer_calls(coding: str) -> None:
    assert find_codec(coding) is not None


def test_finds_the_module_that_the_layer_uses_for_gzip() -> None:
    module, level = find_gzip()
    assert gzip.decompress(module.compress(b"a" * 1000, level, 31)) == b"a" * 1000


def test_measures_the_time_to_the_first_byte() -> None:
    rows = list(measure_first_byte(OURS, QUICK))
    assert [row.what for row in rows] == [f"{each.title}: time to the first byte" for each in OURS]
    assert all(row.target and row.spread.median > 0 for row in rows)


@counts_memory
def test_measures_peak_memory_in_a_separate_process() -> None:
    assert measure_peak_in_process("tests.benchmarks.test_compress:takes_memory", "30") > 20_000
    assert measure_peak_in_process("tests.benchmarks.test_compress:takes_memory", "0") < 5_000


@counts_memory
def test_reports_an_error_of_the_separate_process() -> None:
    with pytest.raises(RuntimeError, match="nothing_of_that_name cannot be measured"):
        measure_peak_in_process("tests.benchmarks.test_compress:nothing_of_that_name")


def takes_memory(megabytes: str) -> object:
    return lambda: b"\1" * (int(megabytes) << 20)
