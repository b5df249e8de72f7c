"""The cases about bodies do what their names say."""

import gzip
from wsgiref.util import FileWrapper

import pytest

from tests.testing.hostile.catalogue import of, run_case_of
from wsgistack.testing.hostile import bodies
from wsgistack.testing.hostile.case import LONG

SHAPES = {
    "gives_one_chunk_in_a_list": (list, 1),
    "gives_a_short_list": (list, 1),
    "gives_many_chunks_in_a_list": (list, 3),
    "gives_a_tuple": (tuple, 1),
    "gives_an_empty_list": (list, 0),
    "gives_one_empty_chunk": (list, 1),
    "gives_one_chunk_in_an_iterable_of_its_own": (object, 1),
    "gives_a_sized_iterable": (object, 3),
    "gives_an_iterable_with_a_foreign_iterator": (object, None),
    "gives_an_iterator": (object, None),
    "gives_a_file": (FileWrapper, None),
    "gives_a_file_of_unknown_length": (FileWrapper, None),
    "gives_a_text_file": (FileWrapper, None),
}


@pytest.mark.parametrize("name", SHAPES)
def test_has_the_type_and_len_of_its_name(name: str) -> None:
    record = run_case_of(name)
    assert (isinstance(record.returned, SHAPES[name][0]), record.length) == (True, SHAPES[name][1])
    assert isinstance(record.returned, list | tuple | FileWrapper) or SHAPES[name][0] is object


@pytest.mark.parametrize("name", of(bodies))
def test_ends_with_200(name: str) -> None:
    record = run_case_of(name)
    assert (record.status, record.is_complete, record.error) == ("200 OK", True, None)


def test_has_the_chunks_of_its_name() -> None:
    assert run_case_of("gives_empty_chunks_in_between").chunks == [b"", b"a", b"", b"", b"b", b""]
    assert len(run_case_of("gives_ten_thousand_chunks").chunks) == 10_000
    assert [len(chunk) for chunk in run_case_of("gives_a_large_chunk").chunks] == [1 << 20]
    assert run_case_of("gives_events_one_by_one").chunks[0] == b"data: 0\n\n"


def test_has_compressed_and_incompressible_bytes() -> None:
    noise = run_case_of("gives_incompressible_bytes").body
    assert len(gzip.compress(noise)) >= len(noise)
    packed = run_case_of("gives_gzip_already")
    assert dict(packed.headers)["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == LONG


def test_an_iterator_is_its_own_and_a_foreign_one_is_not() -> None:
    own = run_case_of("gives_an_iterator").returned
    foreign = run_case_of("gives_an_iterable_with_a_foreign_iterator").returned
    assert iter(own) is own  # type: ignore[call-overload]
    assert iter(foreign) is not foreign  # type: ignore[call-overload]
