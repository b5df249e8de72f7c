"""What an application owes its server: when it starts, and how it ends."""

from collections.abc import Iterator
from types import TracebackType

from wsgistack.testing.record import Record, is_iterable
from wsgistack.testing.rules.rule import RuleBook

__all__ = ["APPLICATION"]

APPLICATION: RuleBook[Record] = RuleBook("Applications")


@APPLICATION.rule
def starts_before_the_first_chunk(record: Record) -> Iterator[str]:
    """start_response is called before the iterable gives its first chunk, even an empty one (PEP 3333, Specification
    Details)."""
    first = record.first("chunk")
    start = record.first("start")
    if first and (start is None or start.at > first.at):
        yield f"the chunk {first.value!r:.60} came before start_response was called"
    if record.content and start is None:
        yield f"{record.content!r:.60} was returned, and start_response was never called"


@APPLICATION.rule
def starts_even_without_a_body(record: Record) -> Iterator[str]:
    """start_response is called once the iterable has come to its end, even if it was empty (PEP 3333, Specification
    Details)."""
    if record.is_complete and not record.starts and not record.first("chunk") and not record.content:
        yield "the body came to its end, and start_response was never called"


@APPLICATION.rule
def starts_once(record: Record) -> Iterator[str]:
    """start_response is called a second time only with exc_info (PEP 3333, The start_response() Callable)."""
    for number, start in enumerate(record.starts):
        if number and not start.exc_info:
            yield f"call {number + 1} of start_response, with {start.status!r}, has no exc_info"


@APPLICATION.rule
def starts_by_position(record: Record) -> Iterator[str]:
    """start_response is called with two or three arguments by position (PEP 3333, Specification Details)."""
    for start in record.starts:
        if start.keywords:
            yield f"start_response got {', '.join(start.keywords)} by keyword"
        if not 2 <= len(start.arguments) + len(start.keywords) <= 3:
            yield f"start_response got {len(start.arguments) + len(start.keywords)} arguments"


@APPLICATION.rule
def gives_exc_info_as_the_interpreter_does(record: Record) -> Iterator[str]:
    """exc_info is a tuple as sys.exc_info() gives it: a class, its instance and a traceback (PEP 3333, The
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
def lets_a_refused_restart_pass(record: Record) -> Iterator[str]:
    """What start_response raises when it got exc_info goes on to the server: the application must not catch it and go
    on (PEP 3333, The start_response() Callable)."""
    for event in record.all("start"):
        refused = getattr(event.value, "raised", None)
        if refused is None or getattr(event.value, "exc_info", None) is None:
            continue
        later = [each for each in record.events if each.at > event.at]
        went_on = next((each for each in later if each.kind in ("write", "chunk", "end", "return")), None)
        if went_on and not any(each.value is refused for each in later):
            yield f"start_response raised {refused!r}, and the application went on with {went_on.kind}"


@APPLICATION.rule
def returns_an_iterable(record: Record) -> Iterator[str]:
    """The application returns an iterable of byte strings, not text, nothing or one byte string (PEP 3333,
    Specification Details)."""
    if record.first("return") and not is_iterable(record.returned):
        yield f"it returned {record.returned!r:.60}"


@APPLICATION.rule
def gives_bytes(record: Record) -> Iterator[str]:
    """Each chunk that is given or written is of the type bytes itself (PEP 3333, A Note On String Types)."""
    for chunk in (*(event.value for event in record.all("chunk", "write")), *(record.content or ())):
        if type(chunk) is not bytes:
            yield f"a chunk of the type {type(chunk).__name__}: {chunk!r:.60}"


@APPLICATION.rule
def writes_before_the_body_only(record: Record) -> Iterator[str]:
    """write() is not called any more once the iterable is being read (PEP 3333, The write() Callable)."""
    begun = record.first("pull")
    for event in record.all("write"):
        if begun and event.at > begun.at:
            yield f"write({event.value!r:.60}) was called while the iterable was being read"


@APPLICATION.rule
def tells_its_length_truly(record: Record) -> Iterator[str]:
    """len() of the iterable, where it has one, is the number of its chunks: a server takes the Content-Length from a
    single one (PEP 3333, Specification Details)."""
    came = len(record.all("chunk"))
    if record.length is not None and record.first("end") and record.length != came:
        yield f"len() of the iterable is {record.length}, and {came} chunks came"


@APPLICATION.rule
def reads_no_further_than_the_request(record: Record) -> Iterator[str]:
    """wsgi.input should not be asked for more than CONTENT_LENGTH tells, for some servers then wait forever (PEP 3333,
    Input and Error Streams)."""
    for size in getattr(record.input, "over_read", ()):
        yield f"wsgi.input.read({size}) asked for more than was left"


@APPLICATION.rule
def closes_no_stream_of_the_server(record: Record) -> Iterator[str]:
    """wsgi.input and wsgi.errors are not closed by the application (PEP 3333, Input and Error Streams)."""
    for name, stream in (("wsgi.input", record.input), ("wsgi.errors", record.errors)):
        if getattr(stream, "closed", False):
            yield f"{name} was closed"
