"""The body of a request while it is read."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest

from wsgistack.http.uploads import watch_input


@pytest.mark.parametrize(
    "read",
    [
        lambda watched: watched.read(),
        lambda watched: watched.read(5) + watched.read(5),
        lambda watched: watched.readline() + watched.read(4),
        lambda watched: b"".join(watched.readlines()),
        lambda watched: b"".join(watched),
        lambda watched: watched.read1(100),
        lambda watched: watched.readinto(bytearray(100)),
        lambda watched: watched.readinto1(bytearray(100)),
    ],
)
@pytest.mark.parametrize(("limit", "kept"), [(100, b"one\ntwo\n"), (5, b"one\nt"), (0, b"")])
def test_keeps_what_is_read_of_an_input(read: Callable[[Any], object], limit: int, kept: bytes) -> None:
    watched = watch_input({"wsgi.input": BytesIO(b"one\ntwo\n"), "CONTENT_LENGTH": "8"})
    assert watched is not None
    watched.keep(limit)
    read(watched)
    assert watched.kept == kept


def test_keeps_what_is_read_after_a_seek() -> None:
    watched = watch_input({"wsgi.input": BytesIO(b"one\ntwo\n")})
    assert watched is not None
    watched.keep(100)
    watched.read(3)
    watched.seek(0)
    watched.read()
    assert watched.kept == b"one\ntwo\n"


@pytest.mark.parametrize(("more", "is_cut"), [({}, True), ({"HTTP_TRANSFER_ENCODING": "chunked"}, False)])
def test_a_body_is_cut_before_its_length_unless_transfer_encoding_decides(more: dict[str, str], is_cut: bool) -> None:
    watched = watch_input({"wsgi.input": BytesIO(b"one"), "CONTENT_LENGTH": "8", **more})
    assert watched is not None
    watched.read()
    assert watched.is_cut is is_cut


@pytest.mark.parametrize("length", ["", "x", "9" * 5000, None])
def test_a_body_without_a_valid_length_ends_anywhere(length: str | None) -> None:
    watched = watch_input({"wsgi.input": BytesIO(b"one"), "CONTENT_LENGTH": length})
    assert watched is not None
    watched.read()
    assert not watched.is_cut
