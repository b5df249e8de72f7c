"""What a middleware must do for both sides: it changes nothing that it has not declared."""

from collections.abc import Iterator

from wsgistack.testing.record import Event, Record
from wsgistack.testing.rules.passage import Passage, SentSoFar
from wsgistack.testing.rules.rule import RuleBook

__all__ = ["MIDDLEWARE"]

MIDDLEWARE: RuleBook[Passage] = RuleBook()


@MIDDLEWARE.rule
def calls_the_application_once(passage: Passage) -> Iterator[str]:
    """A middleware calls the application exactly once per request, unless it declares that it answers by itself."""
    failed = passage.outer.error is not None and not passage.inner
    if len(passage.inner) != 1 and not failed and not passage.changes.answers:
        yield f"the application was called {len(passage.inner)} times"


@MIDDLEWARE.rule
def raises_nothing_of_its_own(passage: Passage) -> Iterator[str]:
    """A middleware raises nothing if the application raises nothing: all that the application does is legal."""
    error = passage.outer.error
    if error is not None and all(record.error is None for record in passage.inner):
        yield f"the middleware raised {error!r}"


@MIDDLEWARE.rule
def leaves_a_taken_connection_alone(passage: Passage) -> Iterator[str]:
    """If the application takes over the connection, as for a WebSocket, the middleware starts nothing, sends nothing,
    and neither catches nor raises an exception. The application shows it by StopIteration from the call (gunicorn), by
    an empty iterable without start_response (gevent, eventlet), or by the status 101.
    """
    outer = passage.outer
    for record in passage.inner[-1:]:
        if not record.is_taken_over:
            continue
        if outer.error is not record.error:
            yield f"the application raised {record.error!r}, and the server got {outer.error!r}"
        if len(outer.starts) > len(record.starts):
            yield f"the middleware called start_response with {outer.starts[-1].status!r}"
        if outer.chunks:
            yield f"the middleware sent {outer.body!r:.60}"


@MIDDLEWARE.rule
def keeps_the_environ(passage: Passage) -> Iterator[str]:
    """The application gets each key of the server's environ. A middleware that declares that it answers by itself, or
    that it changes the body, may remove a header of the request, because it may handle that header itself.
    """
    handles_headers = passage.changes.answers or passage.changes.body
    for record in passage.inner:
        for key in sorted(passage.environ.keys() - record.environ_then.keys()):
            if not (handles_headers and key.startswith(("HTTP_", "CONTENT_"))):
                yield f"the key {key} is missing"


@MIDDLEWARE.rule
def keeps_the_input(passage: Passage) -> Iterator[str]:
    """The application reads the same bytes from wsgi.input as without the middleware. A middleware that reads them
    first replaces wsgi.input by another stream with the same bytes.
    """
    through, alone = passage.through, passage.alone
    if through and alone and through.is_complete and through.body != alone.body:
        yield f"the application answered its input with {through.body!r:.60}; without the middleware {alone.body!r:.60}"


@MIDDLEWARE.rule
def closes_files(passage: Passage) -> Iterator[str]:
    """A file wrapper is closed, and with it its file, even if the middleware returns another iterable in its place (PEP
    3333, Optional Platform-Specific File Handling).
    """
    for record in passage.inner:
        if record.file is not None and not record.file.closed:
            yield "the file in the file wrapper is still open"


@MIDDLEWARE.rule
def changes_no_headers_in_place(passage: Passage) -> Iterator[str]:
    """The application's list of headers is not changed: a middleware makes a new list. PEP 3333 allows a server to
    change it, but some applications use one list for many requests, so that added headers accumulate.
    """
    for record in passage.inner:
        for start in record.starts:
            if start.headers != start.headers_then:
                yield f"the application's list was {start.headers_then!r}, and is now {start.headers!r}"


@MIDDLEWARE.rule
def keeps_the_status(passage: Passage) -> Iterator[str]:
    """The status is the same as the application's, with the same reason."""
    through = passage.through
    if through and _is_answered(passage, through) and passage.outer.status != through.status:
        yield f"{through.status!r} became {passage.outer.status!r}"


@MIDDLEWARE.rule
def keeps_the_headers(passage: Passage) -> Iterator[str]:
    """Headers that the middleware does not declare as changed keep their number, order, values and case."""
    through = passage.through
    if through and _is_answered(passage, through):
        before, after = passage.list_unchanged(through.headers), passage.list_unchanged(passage.outer.headers)
        if before != after:
            yield f"{before!r} became {after!r}"


@MIDDLEWARE.rule
def keeps_the_bytes(passage: Passage) -> Iterator[str]:
    """The body is the same as the application's, after the content coding of the middleware is decoded. A middleware
    that declares that it changes the body, but not Content-Encoding, may send other bytes.
    """
    through = passage.through
    if through is None or passage.outer.method == "HEAD":
        return
    sent = passage.decode()
    whole = through.body
    if sent is not None and not (sent == whole if passage.outer.is_complete else whole.startswith(sent)):
        yield f"{whole!r:.60} became {sent!r:.60}"


@MIDDLEWARE.rule
def keeps_the_chunks(passage: Passage) -> Iterator[str]:
    """Each chunk stays one chunk, even an empty one, unless the middleware declares that it changes the body."""
    through, sent = passage.through, passage.outer.chunks
    if through is None or passage.changes.body:
        return
    if through.is_watched:
        made = through.chunks
    elif isinstance(through.returned, list | tuple):  # of which the client may have taken a part
        made = through.chunks[: None if passage.outer.is_complete else len(sent)]
    else:
        made = sent
    if sent != made:
        yield f"the chunks {made!r:.60} became {sent!r:.60}"


@MIDDLEWARE.rule
def holds_no_chunk_back(passage: Passage) -> Iterator[str]:
    """For each chunk that it takes, a middleware yields one before it takes the next, and the client can decode from it
    all bytes of the chunk (PEP 3333, Middleware Handling of Block Boundaries).
    """
    through = passage.through
    if through is None:
        return
    sent, taken = SentSoFar(passage), 0
    for event, following in _pair_chunks(through):
        taken += len(event.value) if isinstance(event.value, bytes) else 0
        if not sent.advance(following.at, since=event.at):
            yield f"the middleware took {event.value!r:.60} and asked for the next chunk before it yielded anything"
            return
        if sent.is_countable and sent.count < taken and passage.outer.method != "HEAD":
            yield f"the middleware took {taken} bytes and asked for more when only {sent.count} could be decoded"
            return


@MIDDLEWARE.rule
def writes_only_what_was_written(passage: Passage) -> Iterator[str]:
    """A middleware passes to the server's write() only what the application writes, never chunks of its iterable (PEP
    3333, Middleware Handling of Block Boundaries).
    """
    if passage.through and passage.outer.first("write") and not passage.through.first("write"):
        yield "the middleware called write(), and the application did not"


@MIDDLEWARE.rule
def reads_nothing_ahead(passage: Passage) -> Iterator[str]:
    """A middleware takes a chunk from the application only when the server asks for one. It returns its iterable as
    soon as the application has returned (PEP 3333, Middleware Handling of Block Boundaries).
    """
    asked = passage.outer.all("pull")
    for record in passage.inner:
        for number, event in enumerate(record.all("pull")):
            if number >= len(asked) or asked[number].at > event.at:
                yield f"the middleware took chunk {number + 1} before the server asked for it"
                return


@MIDDLEWARE.rule
def passes_exc_info_unmodified(passage: Passage) -> Iterator[str]:
    """The server gets exc_info as the application gave it, and the application gets what the server raises (PEP 3333,
    The start_response() Callable), unless the middleware declares that it answers errors (PEP 3333, Error Handling).
    """
    through = passage.through
    if through is None or passage.changes.errors:
        return
    passed = [start.exc_info for start in passage.outer.starts]
    for start in through.starts:
        match start.exc_info:
            case (kind, error, trace) if not any(_is_same(each, (kind, error, trace)) for each in passed):
                yield f"{error!r} did not reach the server"
            case (_, error, _) if start.raised not in (None, error):
                yield f"start_response raised {start.raised!r} instead of {error!r}"


@MIDDLEWARE.rule
def passes_exceptions(passage: Passage) -> Iterator[str]:
    """An exception of the application, or of its close(), reaches the server as it is: an incomplete body never looks
    complete. A middleware that declares that it answers errors may answer an Exception before the first byte, but not
    with success. One that declares that it answers by itself may call the application again.
    """
    for record in passage.inner[-1:] if passage.changes.answers else passage.inner:
        error = record.error
        raised = [event.value for event in record.all("raise")]
        if error is None or any(event.value is each for event in passage.outer.all("raise") for each in raised):
            continue
        may_answer = passage.changes.errors and isinstance(error, Exception) and not any(record.chunks)
        if not (may_answer and passage.outer.is_complete and passage.outer.code >= "300"):
            yield f"{error!r} did not reach the server"


@MIDDLEWARE.rule
def keeps_the_length(passage: Passage) -> Iterator[str]:
    """A body of one chunk keeps its len() of 1 or gets a Content-Length, unless the middleware declares that it wraps.
    Without both, the server must use a chunked response (PEP 3333, Handling the Content-Length Header).
    """
    through, outer = passage.through, passage.outer
    if through is None or passage.changes.wraps or through.first("write") or not outer.first("chunk", "end"):
        return
    if through.length == 1 and outer.length != 1 and not _has_content_length(outer):
        yield f"len() of {through.returned!r:.60} is 1, and that of {outer.returned!r:.60} is not"


@MIDDLEWARE.rule
def keeps_an_untouched_body(passage: Passage) -> Iterator[str]:
    """A list, a tuple or the server's file wrapper is returned unchanged, so that the server can send it in one piece
    or with sendfile (PEP 3333, Optional Platform-Specific File Handling), unless the middleware declares that it
    changes the body or that it wraps.
    """
    through = passage.through
    if through is None or passage.changes.body or passage.changes.wraps:
        return
    before, after = through.returned, passage.outer.returned
    kinds = (list, tuple, passage.environ["wsgi.file_wrapper"])
    if isinstance(before, kinds) and before is not after and passage.outer.first("return"):
        yield f"{before!r:.60} became {after!r:.60}"


def _has_content_length(record: Record) -> bool:
    return any(name.lower() == "content-length" for name, _ in record.headers)


def _is_answered(passage: Passage, through: Record) -> bool:
    """Whether both sides have a status. Without a first byte, an exception leaves the status to the server."""
    both = (through, passage.outer)
    return all(record.accepted and (record.error is None or any(record.chunks)) for record in both)


def _is_same(one: object, other: tuple[object, object, object]) -> bool:
    return isinstance(one, tuple) and len(one) == 3 and all(a is b for a, b in zip(one, other, strict=True))


def _pair_chunks(record: Record) -> Iterator[tuple[Event, Event]]:
    """Each chunk of the application, with the event that asks for more."""
    chunk: Event | None = None
    for event in record.all("write", "chunk", "pull", "return"):
        if chunk is not None:
            yield chunk, event
        chunk = event if event.kind in ("write", "chunk") else None
