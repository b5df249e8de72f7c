"""Bodies to compress, the same in every run: JSON, HTML, dense text, and bytes that cannot be compressed.

How well JSON compresses depends on its content. ``JSON`` is a list of orders with random ids and repeated words;
``records`` are people that Faker generates, with names, addresses and sentences.
"""

import json
import random
import re
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple

from benchmarks.rows import describe_version

__all__ = ["KINDS", "RECORDS_NEED", "SIZES", "Body", "Kind", "make_body"]

SIZES = {"1 KB": 1 << 10, "10 KB": 10 << 10, "200 KB": 200 << 10, "10 MB": 10 << 20}
_CHUNKS = 8
_LARGEST_CHUNK = 64 << 10
_NEWEST = datetime(2026, 1, 1, tzinfo=UTC)
_WORDS = re.findall(
    r"\w+",
    """
    account amount available balance branch cancelled city client confirmed contact country courier created credit
    currency customer delivered delivery discount email express history invoice item line method note number order
    package paid payment pending phone price product quantity received reference refund returned shipped shipping
    status stock street subtotal supplier tax telephone total tracking unit updated vendor warehouse weight
    """,
)


class Body(NamedTuple):
    """A body, in one chunk or in many."""

    kind: str
    content_type: str
    chunks: tuple[bytes, ...]
    is_stream: bool

    @property
    def size(self) -> int:
        """The number of bytes in all chunks."""
        return sum(map(len, self.chunks))


@cache
def make_body(kind: str, size: int, *, is_stream: bool) -> Body:
    """Make a body of a kind; a stream has 8 chunks, or more chunks of 64 KB."""
    content_type, make, _ = KINDS[kind]
    whole = make(random.Random(size), size)[:size]
    length = min(_LARGEST_CHUNK, max(1, size // _CHUNKS)) if is_stream else size
    chunks = tuple(whole[begin : begin + length] for begin in range(0, size, length))
    return Body(kind, content_type, chunks, is_stream)


def _make_orders(chance: random.Random, size: int) -> bytes:
    orders = [
        {
            "id": chance.randrange(10**8),
            "reference": f"{chance.getrandbits(48):012x}",
            "status": chance.choice(_WORDS),
            "customer": {"name": " ".join(chance.sample(_WORDS, 2)).title(), "city": chance.choice(_WORDS)},
            "total": chance.randrange(10**6) / 100,
            "lines": [{"product": chance.choice(_WORDS), "quantity": chance.randrange(1, 9)} for _ in range(2)],
            "position": number,
        }
        for number in range(size // 150 + 1)
    ]
    return json.dumps(orders).encode()


def _make_records(chance: random.Random, size: int) -> bytes:
    fake: Any = import_module("faker").Faker()
    fake.seed_instance(chance.random())
    people = [
        {
            "id": number,
            "uuid": fake.uuid4(),
            "name": fake.name(),
            "email": fake.email(),
            "company": fake.company(),
            "address": fake.address(),
            "phone": fake.phone_number(),
            "created": fake.iso8601(end_datetime=_NEWEST),
            "is_active": fake.boolean(),
            "about": fake.paragraph(),
        }
        for number in range(size // 300 + 1)
    ]
    return json.dumps(people).encode()


def _make_page(chance: random.Random, size: int) -> bytes:
    parts = ["<!DOCTYPE html>\n<html lang='en'><head><title>Orders</title></head><body><main class='page'>\n"]
    for number in range(size // 200 + 1):
        text = " ".join(chance.choices(_WORDS, k=12))
        parts.append(
            f"<article id='order-{number}' class='card'><h2><a href='/orders/{chance.randrange(10**6)}'>{text[:24]}</a>"
            f"</h2><p class='text-muted'>{text}</p><span class='badge'>{chance.randrange(999)}</span></article>\n"
        )
    return "".join(parts).encode()


def _make_tokens(chance: random.Random, size: int) -> bytes:
    return b'{"data": "' + b64encode(chance.randbytes(size)) + b'"}'


def _make_noise(chance: random.Random, size: int) -> bytes:
    return chance.randbytes(size)


class Kind(NamedTuple):
    """A kind of body.

    :param make: makes at least the given number of bytes.
    :param largest: in bytes; a larger body would take too long to make.
    """

    content_type: str
    make: Callable[[random.Random, int], bytes]
    largest: int = SIZES["10 MB"]


RECORDS_NEED = "Faker"
KINDS = {
    "JSON": Kind("application/json", _make_orders),
    "HTML": Kind("text/html; charset=utf-8", _make_page),
    "dense": Kind("application/json", _make_tokens),
    "random": Kind("text/plain; charset=utf-8", _make_noise),
}
if describe_version(RECORDS_NEED):
    KINDS["records"] = Kind("application/json", _make_records, SIZES["200 KB"])
