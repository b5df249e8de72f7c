"""What a response has to be, so that HTTP can carry it: status, headers, and a body that fits them."""

import re
from collections.abc import Iterator

from wsgistack.testing.record import Record
from wsgistack.testing.rules.application import APPLICATION

__all__ = ["is_bodiless"]

_STATUS = re.compile(r"[1-9][0-9]{2} ([!-~\x80-\xff]([ -~\x80-\xff]*[!-~\x80-\xff])?)?")
_NUMBER = re.compile(r"[0-9]{1,4000}")  # longer than that, int() refuses
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OTHER_THAN_TEXT = re.compile(r"[^ -~\x80-\xff]")
_HOP_BY_HOP = (
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailers",
    "transfer-encoding",
    "upgrade",
)


def is_bodiless(record: Record) -> bool:
    """Whether HTTP has no body for this response (RFC 9110 §6.4.1)."""
    return record.method == "HEAD" or record.code[:1] == "1" or record.code in ("204", "304")


@APPLICATION.rule
def status_is_a_code_and_a_reason(record: Record) -> Iterator[str]:
    """The status is text: three digits, one space, and a reason without a control character, a space around it or a
    character beyond latin-1 (PEP 3333, The start_response() Callable, Unicode Issues); it may be empty (RFC 9112 §4).
    """
    for start in record.starts:
        if type(start.status) is not str or not _STATUS.fullmatch(start.status):
            yield f"the status is {start.status!r}"


@APPLICATION.rule
def status_is_a_final_one(record: Record) -> Iterator[str]:
    """The status is not an interim one, 1xx: only a server can send those before the final one (RFC 9110 §15.2)."""
    if record.code[:1] == "1":
        yield f"the status is {record.status!r}"


@APPLICATION.rule
def headers_are_a_list_of_pairs(record: Record) -> Iterator[str]:
    """The headers are a list, not a subclass, of tuples of two texts (PEP 3333, The start_response() Callable)."""
    for start in record.starts:
        if type(start.headers) is not list:
            yield f"the headers are of the type {type(start.headers).__name__}"
        for item in start.headers_then if isinstance(start.headers_then, list) else ():
            if type(item) is not tuple or len(item) != 2 or not all(type(part) is str for part in item):
                yield f"among the headers is {item!r}"


@APPLICATION.rule
def header_names_are_tokens(record: Record) -> Iterator[str]:
    """The name of a header is a token: no space, colon or control character (PEP 3333, The start_response() Callable;
    RFC 9110 §5.1), and not Status, which CGI takes for the status (RFC 3875 §6.3.3)."""
    for name, _ in record.headers:
        if not _NAME.fullmatch(name) or name.lower() == "status":
            yield f"a header is called {name!r}"


@APPLICATION.rule
def header_values_are_one_line(record: Record) -> Iterator[str]:
    """The value of a header holds no control character, such as a line break or a tab (PEP 3333, The start_response()
    Callable), and nothing beyond latin-1 (PEP 3333, Unicode Issues)."""
    for name, value in record.headers:
        if _OTHER_THAN_TEXT.search(value):
            yield f"{name} is {value!r}"


@APPLICATION.rule
def headers_are_end_to_end(record: Record) -> Iterator[str]:
    """Headers that speak of the connection belong to the server alone (PEP 3333, Other HTTP Features)."""
    for name, value in record.headers:
        if name.lower() in _HOP_BY_HOP:
            yield f"{name} is {value!r}"


@APPLICATION.rule
def content_length_is_one_number(record: Record) -> Iterator[str]:
    """Content-Length stands once, and is a number (RFC 9110 §8.6)."""
    lengths = _content_lengths(record)
    if len(lengths) > 1:
        yield f"Content-Length stands {len(lengths)} times: {lengths!r}"
    for length in lengths:
        if not _NUMBER.fullmatch(length):
            yield f"Content-Length is {length!r}"


@APPLICATION.rule
def content_length_is_true(record: Record) -> Iterator[str]:
    """The body has as many bytes as Content-Length tells (RFC 9110 §8.6; PEP 3333, Handling the Content-Length
    Header)."""
    lengths = _content_lengths(record)
    if len(lengths) != 1 or not _NUMBER.fullmatch(lengths[0]) or is_bodiless(record):
        return
    told, came = int(lengths[0]), len(record.body)
    if came > told or (came < told and record.is_complete):
        yield f"Content-Length is {told}, and {came} bytes came"


@APPLICATION.rule
def content_length_has_a_content(record: Record) -> Iterator[str]:
    """A response with the status 1xx or 204 has no Content-Length (RFC 9110 §8.6)."""
    if _content_lengths(record) and (record.code == "204" or record.code[:1] == "1"):
        yield f"a {record.code} with Content-Length"


@APPLICATION.rule
def body_is_where_http_has_one(record: Record) -> Iterator[str]:
    """An answer to HEAD, and one with the status 1xx, 204, 205 or 304, has no body (RFC 9110 §6.4.1, §15.3.6)."""
    if (is_bodiless(record) or record.code == "205") and record.body:
        yield f"{record.method} {record.code} came with {len(record.body)} bytes"


def _content_lengths(record: Record) -> list[str]:
    return [value.strip() for name, value in record.headers if name.lower() == "content-length"]
