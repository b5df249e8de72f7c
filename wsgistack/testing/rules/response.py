"""What HTTP demands of a response: its status, its headers, and a body that fits them."""

import re
from collections.abc import Iterator

from wsgistack.testing.record import Record
from wsgistack.testing.rules.application import APPLICATION

__all__ = ["is_bodiless"]

_STATUS = re.compile(r"[1-9][0-9]{2} ([!-~\x80-\xff]([ -~\x80-\xff]*[!-~\x80-\xff])?)?")
_NUMBER = re.compile(r"[0-9]{1,4000}")  # int() refuses more digits
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NOT_PRINTABLE_LATIN_1 = re.compile(r"[^ -~\x80-\xff]")
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
    """The status is a str: three digits, one space, and a reason. The reason has no control character, no space at its
    ends, and only characters of latin-1 (PEP 3333, The start_response() Callable, Unicode Issues). It may be empty (RFC
    9112 §4).
    """
    for start in record.starts:
        if type(start.status) is not str or not _STATUS.fullmatch(start.status):
            yield f"the status is {start.status!r}"


@APPLICATION.rule
def status_is_final(record: Record) -> Iterator[str]:
    """The status is not 1xx, which only a server can send before the final one (RFC 9110 §15.2). If the request asks
    for an upgrade, 101 is allowed: the application takes over the connection.
    """
    if record.code[:1] == "1" and not record.is_taken_over:
        yield f"the status is {record.status!r}"


@APPLICATION.rule
def headers_are_a_list_of_pairs(record: Record) -> Iterator[str]:
    """The headers are a list of tuples of two str, without subclasses (PEP 3333, The start_response() Callable)."""
    for start in record.starts:
        if type(start.headers) is not list:
            yield f"the headers are of type {type(start.headers).__name__}"
        for item in start.headers_then if isinstance(start.headers_then, list) else ():
            if type(item) is not tuple or len(item) != 2 or not all(type(part) is str for part in item):
                yield f"the headers contain {item!r}"


@APPLICATION.rule
def header_names_are_tokens(record: Record) -> Iterator[str]:
    """The name of a header is a token, without space, colon and control characters (PEP 3333, The start_response()
    Callable; RFC 9110 §5.1). It is not Status, which CGI uses for the status (RFC 3875 §6.3.3)."""
    for name, _ in record.headers:
        if not _NAME.fullmatch(name) or name.lower() == "status":
            yield f"invalid header name {name!r}"


@APPLICATION.rule
def header_values_are_one_line(record: Record) -> Iterator[str]:
    """The value of a header has no control character, such as a line break or a tab (PEP 3333, The start_response()
    Callable), and only characters of latin-1 (PEP 3333, Unicode Issues)."""
    for name, value in record.headers:
        if _NOT_PRINTABLE_LATIN_1.search(value):
            yield f"the value of {name} is {value!r}"


@APPLICATION.rule
def headers_are_end_to_end(record: Record) -> Iterator[str]:
    """Only the server sends headers about the connection, such as Connection and Transfer-Encoding (PEP 3333, Other
    HTTP Features), unless the application takes over the connection.
    """
    for name, value in record.headers:
        if name.lower() in _HOP_BY_HOP and not record.is_taken_over:
            yield f"the response has the header {name}: {value}"


@APPLICATION.rule
def content_length_is_one_number(record: Record) -> Iterator[str]:
    """There is at most one Content-Length, and it is a number (RFC 9110 §8.6)."""
    lengths = _list_lengths(record)
    if len(lengths) > 1:
        yield f"the response has {len(lengths)} headers Content-Length: {lengths!r}"
    for length in lengths:
        if not _NUMBER.fullmatch(length):
            yield f"Content-Length is {length!r}"


@APPLICATION.rule
def content_length_is_true(record: Record) -> Iterator[str]:
    """The body has as many bytes as Content-Length says (RFC 9110 §8.6; PEP 3333, Handling the Content-Length
    Header)."""
    lengths = _list_lengths(record)
    if len(lengths) != 1 or not _NUMBER.fullmatch(lengths[0]) or is_bodiless(record):
        return
    length, sent = int(lengths[0]), len(record.body)
    if sent > length or (sent < length and record.is_complete):
        yield f"Content-Length is {length}, and the body has {sent} bytes"


@APPLICATION.rule
def content_length_fits_the_status(record: Record) -> Iterator[str]:
    """A response with the status 1xx or 204 has no Content-Length (RFC 9110 §8.6)."""
    if _list_lengths(record) and (record.code == "204" or record.code[:1] == "1"):
        yield f"a response {record.code} has Content-Length"


@APPLICATION.rule
def has_no_body_where_http_has_none(record: Record) -> Iterator[str]:
    """A response to HEAD, or with the status 1xx, 204, 205 or 304, has no body (RFC 9110 §6.4.1, §15.3.6)."""
    if (is_bodiless(record) or record.code == "205") and record.body:
        yield f"the response {record.code} to {record.method} has a body of {len(record.body)} bytes"


def _list_lengths(record: Record) -> list[str]:
    return [value.strip() for name, value in record.headers if name.lower() == "content-length"]
