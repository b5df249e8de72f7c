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
