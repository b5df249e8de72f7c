"""New ids."""

import time
import uuid

import pytest

from wsgistack.middleware.request_id.generators import GENERATORS
from wsgistack.middleware.request_id.shapes import compile_shapes

SHAPES = {"hex": "hex", "uuid4": "uuid", "uuid7": "uuid", "ulid": "ulid"}
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@pytest.mark.parametrize("name", GENERATORS)
def test_have_their_shape_and_never_repeat(name: str) -> None:
    made = [GENERATORS[name]() for _ in range(500)]
    assert len({*made}) == len(made)
    assert all(map(compile_shapes([SHAPES[name]], "", 128), made))


@pytest.mark.parametrize(("name", "version"), [("uuid4", 4), ("uuid7", 7)])
def test_a_uuid_has_its_version_and_variant(name: str, version: int) -> None:
    read = uuid.UUID(GENERATORS[name]())
    assert (read.version, read.variant) == (version, uuid.RFC_4122)


def test_uuid7_and_ulid_begin_with_the_time() -> None:
    before = time.time_ns() // 1_000_000
    of_uuid = uuid.UUID(GENERATORS["uuid7"]()).int >> 80
    of_ulid = 0
    for letter in GENERATORS["ulid"]():
        of_ulid = of_ulid * 32 + CROCKFORD.index(letter)
    after = time.time_ns() // 1_000_000
    assert before <= of_uuid <= of_ulid >> 80 <= after
    assert of_ulid < 1 << 128
