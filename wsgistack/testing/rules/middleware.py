"""What a middleware owes both sides: to leave alone what it does not say that it changes."""

from collections.abc import Iterator

from wsgistack.testing.record import Event, Record
from wsgistack.testing.rules.passage import Given, Passage
from wsgistack.testing.rules.rule import RuleBook

__all__ = ["MIDDLEWARE"]

MIDDLEWARE: RuleBook[Passage] = RuleBook("Middlewares")


@MIDDLEWARE.rule
def asks_the_application_once(passage: Passage) -> Iterator[str]:
    """A middleware calls the application once for each request, unless it says that it answers by itself."""
    failed = passage.outer.error is not None and not passage.inner
    if len(passage.inner) != 1 and not failed and not passage.changes.answers:
        yield f"the application was called {len(passage.inner)} times"


@MIDDLEWARE.rule
def raises_nothing_of_its_own(passage: Passage) -> Iterator[str]:
    """Where the application raises nothing, nothing is raised: whatever it does is legal."""
    error = passage.outer.error
    if error is not None and all(record.error is None for record in passage.inner):
        yield f"{error!r} reached the server"


@MIDDLEWARE.rule
def loses_no_key_of_the_environ(passage: Passage) -> Iterator[str]:
    """What the server put into the environ is there for the application. A header of the request may be withheld by a
    middleware that says that it answers by itself or changes the body, for it may see to that header itself."""
    sees_to_headers = passage.changes.answers or passage.changes.body
    for record in passage.inner:
        for key in sorted(passage.asked.keys() - record.environ_then.keys()):
            if not (sees_to_headers and key.startswith("HTTP_")):
                yield f"{key} is lost"


@MIDDLEWARE.rule
def leaves_the_input_to_be_read(passage: Passage) -> Iterator[str]:
    """The application reads from wsgi.input what it reads without the middleware: who reads it before puts another
    stream with the same bytes in its place."""
    through, alone = passage.through, passage.alone
    if through and alone and through.is_complete and through.body != alone.body:
        yield f"the application made {through.body!r:.60} of its input, and without the middleware {alone.body!r:.60}"


@MIDDLEWARE.rule
def closes_files(passage: Passage) -> Iterator[str]:
    """A file wrapper is closed, and its file by that, also where another iterable is handed on in its place (PEP 3333,
    Optional Platform-Specific File Handling)."""
    for record in passage.inner:
        if record.file is not None and not record.file.closed:
            yield "the file in the file wrapper is still open"


@MIDDLEWARE.rule
def changes_no_list_of_headers_in_place(passage: Passage) -> Iterator[str]:
    """The list of headers stays as the application made it. PEP 3333 lets a server change it, but there are
    applications that use one list for many requests, and what a middleware adds in place piles up."""
    for record in passage.inner:
        for start in record.starts:
            if start.headers != start.headers_then:
                yield f"the application gave {start.headers_then!r}, and its list is now {start.headers!r}"


@MIDDLEWARE.rule
def keeps_the_status(passage: Passage) -> Iterator[str]:
    """The status is the application's, to the letter of its reason."""
    through = passage.through
    if through and _is_answered(passage, through) and passage.outer.status != through.status:
        yield f"{through.status!r} became {passage.outer.status!r}"


@MIDDLEWARE.rule
def keeps_the_headers(passage: Passage) -> Iterator[str]:
    """Headers that the middleware does not say that it changes come in the same number, order and case."""
    through = passage.through
    if through and _is_answered(passage, through):
        before, after = passage.others(through.headers), passage.others(passage.outer.headers)
        if before != after:
            yield f"{before!r} became {after!r}"


@MIDDLEWARE.rule
def keeps_the_bytes(passage: Passage) -> Iterator[str]:
    """The body is the application's, once a coding is taken off that the middleware put on. One that says that it
    changes the body, and not that it changes Content-Encoding, may give other bytes."""
    through = passage.through
    if through is None or passage.outer.method == "HEAD":
        return
    sent = passage.unpacked()
    whole = through.body
    if sent is not None and not (sent == whole if passage.outer.is_complete else whole.startswith(sent)):
        yield f"{whole!r:.60} became {sent!r:.60}"


@MIDDLEWARE.rule
def keeps_the_chunks(passage: Passage) -> Iterator[str]:
    """A chunk stays a chunk, empty ones as well, where the middleware does not say that it changes the body."""
    through, came = passage.through, passage.outer.chunks
    if through is None or passage.changes.body:
        return
    if through.is_watched:
        made = through.chunks
    elif isinstance(through.returned, list | tuple):  # of which the client may have taken a part
        made = through.chunks[: None if passage.outer.is_complete else len(came)]
    else:
        made = came
    if came != made:
        yield f"{made!r:.60} became {came!r:.60}"


@MIDDLEWARE.rule
def holds_no_chunk_back(passage: Passage) -> Iterator[str]:
    """For each chunk that it takes, a middleware gives one before it takes another, with all that can be decoded of it
    (PEP 3333, Middleware Handling of Block Boundaries)."""
    through = passage.through
    if through is None:
        return
    given = Given(passage)
    taken = 0
    for event, following in _in_turn(through):
        taken += len(event.value) if isinstance(event.value, bytes) else 0
        if not given.up_to(following.at, since=event.at):
            yield f"{event.value!r:.60} was taken, and the next one asked for, before anything was given"
            return
        if given.is_countable and given.count < taken and passage.outer.method != "HEAD":
            yield f"{taken} bytes were taken, of which {given.count} could be decoded when more were asked for"
            return


@MIDDLEWARE.rule
def writes_only_what_was_written(passage: Passage) -> Iterator[str]:
    """write() of the server is only for what the application wrote, never for what its iterable gives (PEP 3333,
    Middleware Handling of Block Boundaries)."""
    if passage.through and passage.outer.first("write") and not passage.through.first("write"):
        yield "the application wrote nothing, and the middleware did"


@MIDDLEWARE.rule
def reads_nothing_ahead(passage: Passage) -> Iterator[str]:
    """A chunk is taken from the application only when the server asks for one: the iterable is returned as soon as the
    application returned its own (PEP 3333, Middleware Handling of Block Boundaries)."""
    asked = passage.outer.all("pull")
    for record in passage.inner:
        for number, event in enumerate(record.all("pull")):
            if number >= len(asked) or asked[number].at > event.at:
                yield f"chunk {number + 1} was taken before the server asked for it"
                return


@MIDDLEWARE.rule
def passes_exc_info_unmodified(passage: Passage) -> Iterator[str]:
    """exc_info goes on to the server as the application gave it, and what the server raises comes back (PEP 3333, The
    start_response() Callable), unless the middleware says that it answers errors (PEP 3333, Error Handling)."""
    through = passage.through
    if through is None or passage.changes.errors:
        return
    passed = [start.exc_info for start in passage.outer.starts]
    for start in through.starts:
        match start.exc_info:
            case (kind, error, trace) if not any(_same(each, (kind, error, trace)) for each in passed):
                yield f"{error!r} did not reach the server"
            case (_, error, _) if start.raised not in (None, error):
                yield f"instead of {error!r}, start_response raised {start.raised!r}"


@MIDDLEWARE.rule
def passes_exceptions(passage: Passage) -> Iterator[str]:
    """What the application raises reaches the server as it is, or what its close() raises after that: a broken body
    never looks like a whole one. A middleware that says so may answer an Exception before the first byte, though not
    with success, or may call the application again."""
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
    """A body of one chunk whose len() says so still says so, or has its Content-Length, unless the middleware says that
    it wraps: without either the server has to send it in chunks (PEP 3333, Handling the Content-Length Header)."""
    through, outer = passage.through, passage.outer
    if through is None or passage.changes.wraps or through.first("write") or not outer.first("chunk", "end"):
        return
    if through.length == 1 and outer.length != 1 and not _announces_its_length(outer):
        yield f"len() of {through.returned!r:.60} was 1, that of {outer.returned!r:.60} is not"


@MIDDLEWARE.rule
def keeps_an_untouched_body(passage: Passage) -> Iterator[str]:
    """A list, a tuple or the server's file wrapper is handed on itself, so that the server can send it at once, or by
    sendfile (PEP 3333, Optional Platform-Specific File Handling), unless the middleware says that it changes the body,
    or that it wraps."""
    through = passage.through
    if through is None or passage.changes.body or passage.changes.wraps:
        return
    before, after = through.returned, passage.outer.returned
    kinds = (list, tuple, passage.asked["wsgi.file_wrapper"])
    if isinstance(before, kinds) and before is not after and passage.outer.first("return"):
        yield f"{before!r:.60} became {after!r:.60}"


def _announces_its_length(record: Record) -> bool:
    return any(name.lower() == "content-length" for name, _ in record.headers)


def _is_answered(passage: Passage, through: Record) -> bool:
    """Whether both sides have a status that counts: who raises before the first byte leaves it to the server."""
    both = (through, passage.outer)
    return all(record.accepted and (record.error is None or any(record.chunks)) for record in both)


def _same(one: object, other: tuple[object, object, object]) -> bool:
    return isinstance(one, tuple) and len(one) == 3 and all(a is b for a, b in zip(one, other, strict=True))


def _in_turn(record: Record) -> Iterator[tuple[Event, Event]]:
    """Each chunk of the application, with the event that asks for more."""
    given: Event | None = None
    for event in record.all("write", "chunk", "pull", "return"):
        if given is not None:
            yield given, event
        given = event if event.kind in ("write", "chunk") else None
