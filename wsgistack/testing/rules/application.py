"""What an application must do for its server: start_response, write(), the iterable and the streams."""

from collections.abc import Iterator
from types import TracebackType

from wsgistack.testing.record import Record, is_iterable
from wsgistack.testing.rules.rule import RuleBook

__all__ = ["APPLICATION"]

APPLICATION: RuleBook[Record] = RuleBook()


@APPLICATION.rule
def starts_before_the_first_chunk(record: Record) -> Iterator[str]:
    """start_response is called before the iterable yields its first chunk, even if that is empty (PEP 3333,
    Specification Details)."""
    first = record.first("chunk")
    start = record.first("start")
    if first and (start is None or start.at > first.at):
        yield f"the application gave the chunk {first.value!r:.60} before it called start_response"
    if record.content and start is None:
        yield f"the application returned {record.content!r:.60} and never called start_response"


@APPLICATION.rule
def starts_even_without_a_body(record: Record) -> Iterator[str]:
    """start_response has been called when the iterable ends, even if it is empty (PEP 3333, Specification Details). If
    the request asks for an upgrade, the application may take over the connection instead, as for a WebSocket.
    """
    has_body = record.first("chunk") or record.content
    if record.is_complete and not record.starts and not has_body and not record.is_taken_over:
        yield "the body ended, and the application never called start_response"


@APPLICATION.rule
def starts_once(record: Record) -> Iterator[str]:
    """start_response is called again only with exc_info (PEP 3333, The start_response() Callable)."""
    for number, start in enumerate(record.starts):
        if number and not start.exc_info:
            yield f"call {number + 1} of start_response, with {start.status!r}, has no exc_info"


@APPLICATION.rule
def starts_by_position(record: Record) -> Iterator[str]:
    """start_response gets two or three arguments, by position (PEP 3333, Specification Details)."""
    for start in record.starts:
        if start.keywords:
            yield f"start_response got {', '.join(start.keywords)} by keyword"
        if not 2 <= len(start.arguments) + len(start.keywords) <= 3:
            yield f"start_response got {len(start.arguments) + len(start.keywords)} arguments"


@APPLICATION.rule
def exc_info_is_like_that_of_sys(record: Record) -> Iterator[str]:
    """exc_info is a tuple like that of sys.exc_info(): a class, its instance and a traceback (PEP 3333, The
    start_response() Callable)."""
    for start in record.starts:
        match start.exc_info:
            case None:
                pass
            case (type() as kind, BaseException() as error, TracebackType() | None) if type(error) is kind:
                pass
            case wrong:
                yield f"start_response got {wrong!r} as exc_info"


@APPLICATION.rule
def does_not_catch_a_refused_restart(record: Record) -> Iterator[str]:
    """If start_response raises an exception for exc_info, the exception must reach the server: the application must not
    catch it and continue (PEP 3333, The start_response() Callable)."""
    for event in record.all("start"):
        refused = getattr(event.value, "raised", None)
        if refused is None or getattr(event.value, "exc_info", None) is None:
            continue
        later = [each for each in record.events if each.at > event.at]
        went_on = next((each for each in later if each.kind in ("write", "chunk", "end", "return")), None)
        if went_on and not any(each.value is refused for each in later):
            yield f"start_response raised {refused!r}, and the application continued with {went_on.kind}"


@APPLICATION.rule
def returns_an_iterable(record: Record) -> Iterator[str]:
    """The application returns an iterable of byte strings: not None, a str or one byte string (PEP 3333, Specification
    Details)."""
    if record.first("return") and not is_iterable(record.returned):
        yield f"the application returned {record.returned!r:.60}"


@APPLICATION.rule
def gives_bytes(record: Record) -> Iterator[str]:
    """Each chunk, returned or written, is of the type bytes, not of a subclass (PEP 3333, A Note On String Types)."""
    for chunk in (*(event.value for event in record.all("chunk", "write")), *(record.content or ())):
        if type(chunk) is not bytes:
            yield f"a chunk is of type {type(chunk).__name__}: {chunk!r:.60}"


@APPLICATION.rule
def writes_before_the_body_only(record: Record) -> Iterator[str]:
    """write() is not called after the server has begun to read the iterable (PEP 3333, The write() Callable)."""
    begun = record.first("pull")
    for event in record.all("write"):
        if begun and event.at > begun.at:
            yield f"the application called write({event.value!r:.60}) when the server was reading the iterable"


@APPLICATION.rule
def has_a_true_len(record: Record) -> Iterator[str]:
    """len() of the iterable, if it has one, is the number of its chunks: if it is 1, a server takes the Content-Length
    from the chunk (PEP 3333, Specification Details)."""
    yielded = len(record.all("chunk"))
    if record.length is not None and record.first("end") and record.length != yielded:
        yield f"len() of the iterable is {record.length}, and it yielded {yielded} chunks"


@APPLICATION.rule
def reads_no_more_than_the_body(record: Record) -> Iterator[str]:
    """The application does not read more from wsgi.input than CONTENT_LENGTH says, because some servers then wait
    forever (PEP 3333, Input and Error Streams)."""
    for size in getattr(record.input, "over_read", ()):
        yield f"wsgi.input.read({size}) asked for more than is left of the body"


@APPLICATION.rule
def leaves_server_streams_open(record: Record) -> Iterator[str]:
    """The application does not close wsgi.input and wsgi.errors (PEP 3333, Input and Error Streams)."""
    for name, stream in (("wsgi.input", record.input), ("wsgi.errors", record.errors)):
        if getattr(stream, "closed", False):
            yield f"{name} is closed"
