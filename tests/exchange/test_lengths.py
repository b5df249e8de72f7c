"""The length of a body: kept around it, and claimed only where ``len()`` may work."""

from typing import Any

import pytest

from tests.direct import Body
from wsgistack.exchange.lengths import has_length, has_one_chunk, keep_length


class Proxy:
    """Says yes to each attribute, as proxies do."""

    def __getattr__(self, name: str) -> Any:
        return len


class Unknown(Body):
    def __len__(self) -> int:
        raise TypeError("the length is unknown")


def test_finds_a_length_only_in_the_class() -> None:
    assert has_length([])
    assert has_length(Unknown())
    assert not has_length(iter([]))
    assert not has_length(Proxy())


def test_knows_a_body_of_one_chunk() -> None:
    assert has_one_chunk([b"x"])
    assert not has_one_chunk([b"x", b"y"])
    assert not has_one_chunk(iter([b"x"]))
    assert not has_one_chunk(Unknown(b"x"))


def test_gives_chunks_the_length_of_their_source() -> None:
    chunks: Any = Body(b"1", b"2")
    sized: Any = keep_length([b"a", b"b"], chunks)
    assert (len(sized), [*sized]) == (2, [b"1", b"2"])
    sized.close()
    assert chunks.closed == 1
    with pytest.raises(TypeError):
        len(keep_length(Unknown(), chunks))  # type: ignore[arg-type]
    assert keep_length(iter([b"a"]), chunks) is chunks
