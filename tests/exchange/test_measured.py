"""The measured exchange: how a response ended, also on servers that never close it, and how much was sent."""

import contextlib
import gc
import io
from collections.abc import Callable, Iterable, Iterator
from time import perf_counter
from typing import IO, Any, cast
from wsgiref.util import FileWrapper

import pytest

from tests.direct import Body, Call, answering, raising
from wsgistack import CatchErrors, MeasuredExchange
from wsgistack.types import App, Environ, Headers, StartResponse

Seen = list[tuple[str, str, int]]
POST = {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": "9"}


class Noting(MeasuredExchange):
    __slots__ = ()

    def on_close(self, error: BaseException | None) -> None:
        self.environ["tests.seen"].append((self.find_outcome(error), self.status[:3], self.sent))


def measured(app: App, seen: Seen) -> App:
    def around(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        environ["tests.seen"] = seen
        return Noting(environ, start_response).run(app)

    return around


@pytest.fixture
def seen() -> Seen:
    return []


@pytest.mark.parametrize(
    ("body", "take", "outcome"),
    [
        pytest.param([b"12"], None, ("complete", "200", 2), id="complete"),
        pytest.param(Body(b"12", b"3"), 1, ("aborted", "200", 2), id="aborted"),
        pytest.param(Body(b"12", LookupError()), 2, ("failed", "200", 2), id="error"),
    ],
)
def test_reports_how_a_response_ended(
    body: Iterable[bytes], take: int | None, outcome: tuple[str, str, int], seen: Seen
) -> None:
    call = Call(measured(answering(body), seen))
    with contextlib.suppress(LookupError):
        call.read() if take is None else [call.next() for _ in range(take)]
    call.close()
    assert seen == [outcome]


class Shouting(Noting):
    __slots__ = ()

    def on_chunk(self, chunk: bytes) -> bytes:
        return super().on_chunk(chunk).upper()


@pytest.mark.parametrize(
    "body", [[b"a", b"", b"b"], (b"a", b"", b"b"), Body(b"a", b"", b"b")], ids=["list", "tuple", "stream"]
)
def test_a_class_with_work_for_each_chunk_sees_all_of_them(body: Iterable[bytes], seen: Seen) -> None:
    environ = {"tests.seen": seen, "REQUEST_METHOD": "GET"}
    sent = Shouting(environ, lambda status, headers, exc_info=None: len).run(answering(body))
    assert [*sent] == [b"A", b"", b"B"]
    cast(Any, sent).close()
    assert seen == [("complete", "200", 2)]


def test_a_list_can_be_read_in_two_steps(seen: Seen) -> None:
    call = Call(measured(answering([b"1", b"", b"23"]), seen))
    assert [call.next(), call.next()] == [b"1", b""]
    assert call.read() == b"123"
    call.close()
    assert seen == [("complete", "200", 3)]


def test_knows_when_the_first_byte_went() -> None:
    exchange = Noting({"tests.seen": [], "REQUEST_METHOD": "GET"}, lambda status, headers, exc_info=None: len)
    chunks = iter(exchange.run(answering(Body(b"", b"1", b"2"))))
    assert next(chunks) == b""
    assert exchange.first_chunk_at is None
    began = perf_counter()
    assert next(chunks) == b"1"
    first = exchange.first_chunk_at
    assert first is not None
    assert began <= first <= perf_counter()
    assert next(chunks) == b"2"
    assert exchange.first_chunk_at == first
    exchange.close()


@pytest.mark.parametrize(
    "app",
    [
        raising(StopIteration()),
        answering([], status="101 Switching Protocols"),
        lambda environ, start: [],
        lambda environ, start: Body(),
    ],
)
def test_reports_an_upgrade(app: App, seen: Seen) -> None:
    with contextlib.suppress(StopIteration):
        Call(measured(CatchErrors(app), seen), HTTP_UPGRADE="websocket").read()
    assert seen == [("upgraded", "101", 0)]


def test_counts_no_body_for_head_although_the_application_sees_get(seen: Seen) -> None:
    def overriding(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        environ["REQUEST_METHOD"] = "GET"
        start_response("200 OK", [])
        return [b"body"]

    Call(measured(overriding, seen), REQUEST_METHOD="HEAD").read()
    assert seen == [("complete", "200", 0)]


def test_takes_no_other_upgrade_for_a_takeover(seen: Seen) -> None:
    call = Call(measured(CatchErrors(raising(StopIteration())), seen), HTTP_UPGRADE="h2c")  # as Java's client asks
    call.read()
    assert call.status == "500 Internal Server Error"
    assert seen[0][:2] == ("complete", "500")


def server_without_write(status: str, headers: Headers, exc_info: object = None) -> None:
    """It is used by servers that call no close() either."""


def server_with_write(status: str, headers: Headers, exc_info: object = None) -> Callable[[bytes], None]:
    return lambda chunk: None


def forget(app: App, start: Any, take: int | None = None) -> None:
    """Serve one request without close()."""
    for number, _ in enumerate(app({}, start), 1):
        if number == take:
            break


@pytest.mark.parametrize("start", [server_without_write, server_with_write])
@pytest.mark.parametrize("kind", [list, Body, iter], ids=["list", "body", "iterator"])
def test_ends_once_on_a_server_that_never_closes(start: Any, kind: Any, seen: Seen) -> None:
    body = Body(b"12", b"3") if kind is Body else kind([b"12", b"3"])
    gc.disable()  # no collection has to find a cycle of the exchanges
    try:
        forget(measured(CatchErrors(answering(body)), seen), start)
        assert seen == [("complete", "200", 3)]
    finally:
        gc.enable()
    assert getattr(body, "closed", 1) == 1


def test_ends_at_an_error_on_a_server_without_write(seen: Seen) -> None:
    body = Body(b"12", LookupError())
    with pytest.raises(LookupError) as raised:
        forget(measured(answering(body), seen), server_without_write)
    assert seen == [("failed", "200", 2)], "while the server still has the error, and with it the body"
    assert (body.closed, raised.type) == (1, LookupError)


@pytest.mark.parametrize("take", [1, None], ids=["which stops there", "which asks again"])
def test_ends_at_content_length_on_a_server_without_write(take: int | None, seen: Seen) -> None:
    body = Body(b"123", b"never asked for")
    forget(measured(CatchErrors(answering(body, ("Content-Length", "3"))), seen), server_without_write, take=take)
    assert seen == [("complete", "200", 3)]
    assert body.closed == 1


@pytest.mark.parametrize("headers", [[("Content-Length", "3")], []], ids=["with a length", "without a length"])
@pytest.mark.parametrize("inner", [CatchErrors, lambda app: app], ids=["logged inside", "alone"])
def test_a_close_that_fails_keeps_no_chunk_from_a_server_without_write(
    headers: Headers, inner: Callable[[App], App], seen: Seen
) -> None:
    failing = Body(b"1", b"23", failure=ValueError("not closed"))
    body = measured(inner(answering(failing, *headers)), seen)({}, server_without_write)  # type: ignore[arg-type]
    assert b"".join(body) == b"123"
    assert seen == [("failed", "200", 3)]
    assert failing.closed == 1


def test_writes_the_whole_length_where_the_server_has_no_write(seen: Seen) -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Length", "3")])(b"123")
        return []

    body = measured(CatchErrors(app), seen)({}, server_without_write)  # type: ignore[arg-type]
    assert (list(body), seen) == ([b"123"], [("complete", "200", 3)])


def test_a_response_of_the_whole_length_is_complete(seen: Seen) -> None:
    call = Call(measured(answering(Body(b"123", b""), ("Content-Length", "3")), seen))
    call.next()
    call.close()
    assert seen == [("complete", "200", 3)]


@pytest.mark.parametrize("kind", [list, Body, iter], ids=["list", "body", "iterator"])
def test_is_aborted_if_the_server_fails_to_send_the_only_chunk(kind: Any, seen: Seen) -> None:
    body = Body(b"123") if kind is Body else kind([b"123"])
    call = Call(measured(CatchErrors(answering(body, ("Content-Length", "3"))), seen))

    def send() -> None:
        try:
            call.next()
            raise BrokenPipeError
        finally:
            call.close()

    with pytest.raises(BrokenPipeError):
        send()
    assert seen == [("aborted", "200", 3)]


def test_is_failed_if_a_chunk_of_a_list_is_not_bytes(seen: Seen) -> None:
    call = Call(measured(answering([b"12", 3]), seen))  # type: ignore[list-item]
    with pytest.raises(TypeError):
        call.read()
    assert seen == [("failed", "200", 2)]


def test_is_aborted_if_the_server_forgets_the_body(seen: Seen) -> None:
    forget(measured(answering(Body(b"12", b"3")), seen), server_with_write, take=1)
    gc.collect()
    assert seen == [("aborted", "200", 2)]


def test_reports_an_error_in_close_of_a_forgotten_body(seen: Seen) -> None:
    forget(measured(answering(Body(b"12", b"3", failure=OSError("disk"))), seen), server_with_write, take=1)
    gc.collect()
    assert seen == [("failed", "200", 2)]


# The client goes


class FailingInput(io.BytesIO):
    """The input of a client that has gone."""

    def read(self, *size: Any) -> bytes:
        raise ConnectionResetError("the client has gone")

    readline = readlines = read  # type: ignore[assignment]


READERS: dict[str, Callable[[Any], object]] = {
    "read": lambda given: given.read(9),
    "readline": lambda given: given.readline(),
    "readlines": lambda given: given.readlines(),
    "iteration": list,
}


def uploading(read: Callable[[Any], object], caught: type[Exception] | None = None) -> App:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        try:
            read(environ["wsgi.input"])
        except OSError as error:
            if caught is None:
                raise
            if caught is not Exception:
                raise caught from error
        start_response("400 Bad Request", [])
        return [b"bad"]

    return app


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
@pytest.mark.parametrize("caught", [None, LookupError], ids=["raised", "as the cause"])
def test_is_aborted_if_an_upload_fails(
    read: Callable[[Any], object], caught: type[Exception] | None, seen: Seen, caplog: pytest.LogCaptureFixture
) -> None:
    keys: dict[str, Any] = {**POST, "wsgi.input": FailingInput()}
    with pytest.raises(caught or ConnectionResetError):
        Call(measured(CatchErrors(uploading(read, caught)), seen), **keys)
    assert seen == [("aborted", "", 0)]
    assert caplog.records == []


def test_is_aborted_if_an_upload_fails_and_the_application_answers(seen: Seen) -> None:
    keys: dict[str, Any] = {**POST, "wsgi.input": FailingInput()}
    assert Call(measured(uploading(READERS["read"], Exception), seen), **keys).read() == b"bad"
    assert seen == [("aborted", "400", 3)]


def read_into(given: Any) -> None:
    while given.readinto(bytearray(4)):
        pass


def read_in_steps(given: Any) -> None:
    while given.read(3):
        pass


SHORT: dict[str, tuple[Callable[[Any], object], bytes]] = {
    "read once": (READERS["read"], b"some"),
    "read everything": (lambda given: given.read(), b"some"),
    "read in steps": (read_in_steps, b"abcdef"),
    "read nothing": (READERS["read"], b""),
    "readline": (READERS["readline"], b"some"),
    "readline of a size": (lambda given: given.readline(9), b"some"),
    "readlines": (READERS["readlines"], b"a\nb\n"),
    "readlines with a hint": (lambda given: given.readlines(9), b"a\nb\n"),
    "iteration": (READERS["iteration"], b"a\nb\n"),
    "readinto": (read_into, b"some"),
    "read1": (lambda given: [given.read1(), given.read1(9)], b"some"),
}


@pytest.mark.parametrize(("read", "sent"), SHORT.values(), ids=SHORT)
def test_is_aborted_if_an_upload_ends_early(read: Callable[[Any], object], sent: bytes, seen: Seen) -> None:
    keys: dict[str, Any] = {**POST, "wsgi.input": io.BytesIO(sent)}
    Call(measured(CatchErrors(uploading(read)), seen), **keys).read()
    assert seen == [("aborted", "400", 3)]


def read_and_rewind(given: Any) -> None:
    given.seek(5)
    given.read()


ENOUGH: dict[str, tuple[Callable[[Any], object], str]] = {
    "everything, and again": (lambda given: [given.read(9), given.read(9)], "9"),
    "everything, in two ways": (lambda given: [given.read1(4), given.readinto(bytearray(5)), given.read()], "9"),
    "everything, after an answer that is shorter": (lambda given: [given.read(4), given.read()], "9"),
    "more than announced": (lambda given: given.read(), "7"),
    "only a part": (lambda given: given.read(4), "9"),
    "only a line": (lambda given: given.readline(), "9"),
    "only a part of a line": (lambda given: given.readline(2), "9"),
    "only some lines": (lambda given: given.readlines(3), "9"),
    "no byte": (lambda given: [given.read(0), given.read1(0), given.readinto(bytearray())], "9"),
    "a part that begins elsewhere": (read_and_rewind, "9"),
    "no announced length": (lambda given: given.read(), ""),
    "a length that is not a number": (lambda given: given.read(), "nine"),
    "a length that is not a text": (lambda given: given.read(), cast(str, [9])),
}


@pytest.mark.parametrize(("read", "length"), ENOUGH.values(), ids=ENOUGH)
def test_is_complete_if_the_application_reads_as_much_as_it_wants(
    read: Callable[[Any], object], length: str, seen: Seen
) -> None:
    keys: dict[str, Any] = {**POST, "CONTENT_LENGTH": length, "wsgi.input": io.BytesIO(b"one\ntwo\n9")}
    Call(measured(CatchErrors(uploading(read)), seen), **keys).read()
    assert seen == [("complete", "400", 3)]


def test_is_aborted_if_an_upload_fails_although_a_part_can_be_read_again(seen: Seen) -> None:
    class Recovering(io.BytesIO):
        def readline(self, *size: Any) -> bytes:
            raise ConnectionResetError("the client has gone")

    def read(given: Any) -> None:
        with contextlib.suppress(OSError):
            given.readline()
        given.read(1)

    keys: dict[str, Any] = {**POST, "wsgi.input": Recovering(b"some")}
    Call(measured(uploading(read), seen), **keys).read()
    assert seen == [("aborted", "400", 3)]


def test_is_complete_if_the_server_gives_less_than_asked_for_before_the_end(seen: Seen) -> None:
    class Unbuffered(io.BytesIO):
        def read(self, size: Any = -1) -> bytes:
            return super().read(min(size, 4))

    keys: dict[str, Any] = {**POST, "wsgi.input": Unbuffered(b"one\ntwo\n9")}
    Call(measured(uploading(lambda given: [given.read(9), given.read(5), given.read(1)]), seen), **keys).read()
    assert seen == [("complete", "400", 3)]


@pytest.mark.parametrize("error", [ConnectionResetError(), BrokenPipeError()])
def test_a_lost_backend_is_an_error(error: OSError, seen: Seen, caplog: pytest.LogCaptureFixture) -> None:
    call = Call(measured(CatchErrors(raising(error)), seen), **POST)
    body = call.read()
    assert seen == [("complete", "500", len(body))]
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_reads_an_upload_as_the_server_gives_it(seen: Seen) -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        given = environ["wsgi.input"]
        start_response("200 OK", [])
        return [
            given.readline(),
            given.read(2),
            b"".join(given.readlines(1)),
            b"".join(given),
            str(given.tell()).encode(),
        ]

    keys: dict[str, Any] = {**POST, "wsgi.input": io.BytesIO(b"line\nab\nlast\nend")}
    assert Call(measured(CatchErrors(app), seen), **keys).read() == b"line\nab\nlast\nend16"


def test_does_not_wrap_the_input_of_a_get(seen: Seen) -> None:
    given = io.BytesIO()
    keys: dict[str, Any] = {"wsgi.input": given}
    assert Call(measured(CatchErrors(answering([])), seen), **keys).environ["wsgi.input"] is given


@pytest.mark.parametrize("error", [BrokenPipeError(), type("ClientDisconnected", (Exception,), {})()])
def test_is_aborted_if_a_write_fails(error: Exception, seen: Seen, caplog: pytest.LogCaptureFixture) -> None:
    def start(status: str, headers: Headers, exc_info: object = None) -> Any:
        def write(chunk: bytes) -> None:
            raise error

        return write

    def writing(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", [])(b"123")
        return iter([])

    with pytest.raises(type(error)):
        measured(CatchErrors(writing), seen)({}, start)
    assert seen == [("aborted", "200", 3)]
    assert caplog.records == []


def test_a_chunk_that_the_server_refuses_is_an_error(seen: Seen) -> None:
    def start(status: str, headers: Headers, exc_info: object = None) -> Any:
        def write(chunk: bytes) -> None:
            raise AssertionError("not bytes")

        return write

    def writing(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])(b"123")
        return []

    with pytest.raises(AssertionError):
        measured(writing, seen)({}, start)
    assert seen == [("failed", "200", 3)]


# Files


def sending(wrap: Callable[[IO[bytes]], Iterable[bytes]], *written: bytes) -> App:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        write = start_response("200 OK", [])
        for chunk in written:
            write(chunk)
        return wrap(io.BytesIO(b"0123456789"))

    return app


def test_counts_what_was_written_before_a_file(seen: Seen) -> None:
    keys: dict[str, Any] = {"wsgi.file_wrapper": FileWrapper}
    call = Call(measured(sending(FileWrapper, b"written"), seen), **keys)
    assert call.read() == b"written0123456789"
    assert seen == [("complete", "200", 17)]


class OfApache:
    """Like the wrapper of mod_wsgi: no attribute can be set on it, and its server takes only the file."""

    def __init__(self, filelike: IO[bytes], blksize: int = 8192) -> None:
        self._parts = filelike, blksize

    filelike = property(lambda self: self._parts[0])
    blksize = property(lambda self: self._parts[1])

    def close(self) -> None:
        self.filelike.close()


@pytest.mark.parametrize("error", [None, OSError("Apache/mod_wsgi client connection closed.")])
def test_asks_mod_wsgi_whether_the_client_has_gone(error: OSError | None, seen: Seen) -> None:
    def write(chunk: bytes) -> None:
        assert chunk == b""
        if error:
            raise error

    keys: Environ = {"wsgi.file_wrapper": OfApache}
    start: Any = lambda status, headers, exc_info=None: write  # noqa: E731
    body: Any = measured(sending(cast(Any, OfApache)), seen)(keys, start)
    assert body.filelike.tell() == 0
    body.close()
    assert seen == [("aborted" if error else "complete", "200", 10)]
