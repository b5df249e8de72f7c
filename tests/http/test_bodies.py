"""Bodies of requests: their length, their limit, and what is done with the rest."""

from collections.abc import Callable
from functools import partial
from io import BufferedReader, BytesIO, RawIOBase
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.direct import environ_of
from tests.waiting import MAX_WAIT
from wsgistack.http import bodies
from wsgistack.http.bodies import (
    BodyRefusal,
    BodyRefusedError,
    LimitedInput,
    discard_body,
    find_body_length,
    has_no_body,
)
from wsgistack.http.uploads import Input

REFUSAL = BodyRefusal(413, "too large")
TEXT = b"one\ntwo\nthree\n"

VALID_LENGTHS = {"": None, "0": 0, "5": 5, "007": 7, "9223372036854775807": 2**63 - 1}
# Each of these was a way around a limit or a crash somewhere: a sign, blanks, a list, other digits, more digits than
# int() reads.
INVALID_LENGTHS = [
    *("-1", "+5", " 5", "5 ", "5, 5", "5,5", "5;5", "0x5", "5_0", "5.0", "1e3", "five", "\u0665", "²", "5\0", "5\n"),
    *("9" * 20, "9" * 5000, "0" * 19 + "5"),
]


@pytest.mark.parametrize(("text", "length"), VALID_LENGTHS.items())
def test_a_valid_length(text: str, length: int | None) -> None:
    assert find_body_length({"CONTENT_LENGTH": text}) == length


@pytest.mark.parametrize("text", INVALID_LENGTHS)
@pytest.mark.parametrize("keys", [{}, {"HTTP_TRANSFER_ENCODING": "chunked"}])
def test_a_length_that_is_not_valid(text: str, keys: dict[str, str]) -> None:
    with pytest.raises(BodyRefusedError) as raised:
        find_body_length({"CONTENT_LENGTH": text, **keys})
    assert raised.value.refusal.code == 400


def test_a_request_without_a_length() -> None:
    assert find_body_length({}) is None
    assert find_body_length({"CONTENT_LENGTH": "5", "HTTP_TRANSFER_ENCODING": "chunked"}) is None


@pytest.mark.parametrize(
    ("method", "protocol", "keys", "expected"),
    [
        ("GET", "HTTP/1.1", {}, True),
        ("HEAD", "HTTP/1.0", {}, True),
        ("GET", "HTTP/1.1", {"HTTP_TRANSFER_ENCODING": "chunked"}, False),
        ("GET", "HTTP/1.1", {"HTTP_TRANSFER_ENCODING": ""}, False),
        ("GET", "HTTP/2", {}, False),
        ("GET", "", {}, False),
        ("POST", "HTTP/1.1", {}, False),
        ("DELETE", "HTTP/1.1", {}, False),
    ],
)
def test_a_request_without_a_body(method: str, protocol: str, keys: dict[str, str], expected: bool) -> None:
    assert has_no_body({"REQUEST_METHOD": method, "SERVER_PROTOCOL": protocol, **keys}) is expected


# The limit, whatever the application calls


class Raw(RawIOBase):
    """An endless upload that counts what was read of it."""

    taken = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        size = min(len(buffer), 7)
        buffer[:size] = b"x" * size
        self.taken += size
        return size


def limited(given: object, size: int) -> Any:
    return LimitedInput({"wsgi.input": given, "wsgi.input_terminated": True}, size, REFUSAL)


READS: dict[str, Callable[[Any], bytes]] = {
    "read()": lambda body: body.read(),
    "read(-1)": lambda body: body.read(-1),
    "read(None)": lambda body: body.read(None),
    "read(5)": lambda body: b"".join(iter(partial(body.read, 5), b"")),
    "read(1000)": lambda body: body.read(1000),
    "read1()": lambda body: b"".join(iter(body.read1, b"")),
    "read1(5)": lambda body: b"".join(iter(partial(body.read1, 5), b"")),
    "readline()": lambda body: b"".join(iter(body.readline, b"")),
    "readline(2)": lambda body: b"".join(iter(partial(body.readline, 2), b"")),
    "readlines()": lambda body: b"".join(body.readlines()),
    "readlines(5)": lambda body: b"".join(b"".join(lines) for lines in iter(partial(body.readlines, 5), [])),
    "iteration": b"".join,
    "next": lambda body: b"".join([next(body), *body]),
    "readinto": lambda body: read_into(body.readinto),
    "readinto1": lambda body: read_into(body.readinto1),
}


def read_into(readinto: Callable[[bytearray], int]) -> bytes:
    buffer, data = bytearray(5), b""
    while size := readinto(buffer):
        data += buffer[:size]
    return data


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_a_body_of_the_limit_is_read(read: Callable[[Any], bytes]) -> None:
    body = limited(BytesIO(TEXT), len(TEXT))
    assert read(body) == TEXT
    assert body.refusal is None


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_a_body_of_one_byte_more_is_refused_again_and_again(read: Callable[[Any], bytes]) -> None:
    body = limited(BytesIO(TEXT), len(TEXT) - 1)
    for _ in range(2):
        with pytest.raises(BodyRefusedError, match="too large"):
            read(body)
    assert body.refusal is REFUSAL


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_an_endless_body_is_not_read_further_than_the_limit(read: Callable[[Any], bytes]) -> None:
    raw = Raw()
    with pytest.raises(BodyRefusedError):
        read(limited(BufferedReader(raw, 1), 20))
    assert raw.taken <= 21 + 7  # what the server's own buffer took


def test_one_long_line_is_not_collected() -> None:
    given = BytesIO(b"x" * 1000)
    with pytest.raises(BodyRefusedError):
        limited(given, 20).readline()
    assert given.tell() == 21


def test_a_limit_of_nothing_lets_an_empty_body_pass() -> None:
    assert limited(BytesIO(b""), 0).read() == b""
    with pytest.raises(BodyRefusedError):
        limited(BytesIO(b"x"), 0).read()


def test_a_body_that_was_rewound_can_be_read_again() -> None:
    body = limited(BytesIO(TEXT), len(TEXT))
    for _ in range(3):
        assert body.read() == TEXT
        assert body.seek(0) == 0
    assert body.seek(-6, 2) == 8
    assert body.readlines() == [b"three\n"]
    assert body.tell() == len(TEXT)


def test_what_is_beyond_the_limit_can_not_be_read_by_moving_there() -> None:
    given = BytesIO(TEXT * 100)
    body = limited(given, 10)
    body.seek(100)
    with pytest.raises(BodyRefusedError):
        body.read()
    assert given.tell() == 101


def test_other_attributes_are_those_of_the_server() -> None:
    with BufferedReader(Raw()) as given:
        body = limited(given, 5)
        assert body.peek(1)
        assert body.readable()
        assert body.raw is given.raw
        with pytest.raises(OSError, match="fileno"):
            body.fileno()
        assert not hasattr(body, "getvalue")


class OfPython2:
    """What some servers give: a next() of its own, and a readall()."""

    def __init__(self) -> None:
        self._given = BytesIO(TEXT)
        self.read, self.readline = self._given.read, self._given.readline

    def readall(self) -> bytes:
        raise AssertionError("goes around the limit")

    next = readall


def test_methods_that_only_some_servers_have_are_limited() -> None:
    assert limited(OfPython2(), len(TEXT)).readall() == TEXT
    body = limited(OfPython2(), 10)
    assert body.next() == b"one\n"
    with pytest.raises(BodyRefusedError):
        body.readall()
    assert not hasattr(body, "readinto")
    with pytest.raises(StopIteration):
        limited(BytesIO(), 10).__next__()


def test_an_input_that_has_nothing_yet() -> None:
    class Nothing(Raw):
        def readinto(self, buffer: Any) -> None:  # type: ignore[override]
            return None

    assert limited(Nothing(), 10).readinto(bytearray(5)) is None


_sizes = st.none() | st.integers(-1, 20)
_calls = st.one_of(
    st.tuples(st.sampled_from(["read", "readline", "readlines"]), _sizes),
    st.tuples(st.just("read1"), st.integers(-1, 20)),
    st.tuples(st.just("readinto"), st.integers(0, 20)),
    st.tuples(st.sampled_from(["next", "seek", "tell"]), st.integers(0, 20)),
)


def do(body: Any, method: str, argument: int | None) -> object:
    match method:
        case "next":
            return next(body, b"")
        case "tell":
            return body.tell()
        case "readinto":
            buffer = bytearray(argument or 0)
            return body.readinto(buffer), buffer
    return getattr(body, method)(argument)


@given(st.binary(max_size=60), st.lists(_calls, max_size=8))
def test_any_order_of_calls_reads_the_same(data: bytes, calls: list[tuple[str, int | None]]) -> None:
    data = data.replace(b"\0", b"\n")
    plain, body = BytesIO(data), limited(BytesIO(data), len(data))
    assert [do(plain, *each) for each in calls] == [do(body, *each) for each in calls]


# The rest


class Upload:
    """An upload that counts what was read of it."""

    def __init__(self, size: int = 10**9, error: Exception | None = None) -> None:
        self.size = size
        self.taken = 0
        self.error = error

    def read(self, size: int) -> bytes:
        if self.error:
            raise self.error
        data = b"x" * min(size, self.size - self.taken)
        self.taken += len(data)
        return data


TERMINATED = {"wsgi.input_terminated": True}


@pytest.mark.parametrize(
    ("length", "keys", "taken"),
    [(100_000, {}, 100_000), (None, TERMINATED, 200_000), (None, {}, 0), (0, {}, 0), (300_000, {}, 200_000)],
)
def test_the_rest_is_read(
    length: int | None, keys: dict[str, bool], taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "MAX_DISCARD_TIME", MAX_WAIT)
    upload = Upload(200_000)
    discard_body(upload, length, {**environ_of(), **keys})
    assert upload.taken == taken


def test_not_all_of_a_huge_body_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "MAX_DISCARDED", 1_000_000)
    monkeypatch.setattr(bodies, "MAX_DISCARD_TIME", MAX_WAIT)
    for length in (10**9, None):
        upload = Upload()
        discard_body(upload, length, {**environ_of(), **TERMINATED})
        assert upload.taken == 1_000_000


def test_a_slow_body_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "monotonic", iter(range(100)).__next__)
    upload = Upload()
    discard_body(upload, 10**9, environ_of())
    assert upload.taken == 4 * bodies.BLOCK_SIZE


def test_a_client_that_goes_away_after_its_answer_is_no_abort() -> None:
    for upload in (Upload(100), Upload(error=ConnectionResetError())):
        given = Input(upload, 1000)  # type: ignore[arg-type]
        discard_body(given, 1000, environ_of())
        assert not given.is_cut
