"""Applications that PEP 3333 allows and that break careless layers, each with what makes it hostile.

Each writes into a :class:`Journal` what it did, so that a server can tell what became of it on the way.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from typing import NamedTuple, NoReturn

from wsgistack.types import App, Environ, ExcInfo, Headers, StartResponse, Write

__all__ = ["CHUNKS", "HOSTILE", "TEXT", "Hostile", "Journal", "journal_of"]

CHUNKS = [b"first " * 200, b"second " * 200, b"third " * 200]
TEXT = b"".join(CHUNKS)


class Journal:
    """What an application did during one request, and what of its body has arrived at the server."""

    def __init__(self) -> None:
        self.made: list[bytes] = []
        self.arrived: list[bytes] = []
        self.raised: list[BaseException] = []
        self.exc_infos: list[ExcInfo] = []
        self.header_lists: list[tuple[Headers, Headers]] = []
        self.handed_back: Iterable[bytes] | None = None
        self.closes = 0
        self.breaches: list[str] = []

    def make(self, chunk: bytes) -> bytes:
        """Give a chunk to send, if each one before has arrived as it was made."""
        if self.arrived != self.made:
            self.breaches.append(f"chunk {len(self.made)} was asked for before those ahead of it were out, one for one")
        self.made.append(chunk)
        return chunk

    def fail(self, error: BaseException | None = None) -> NoReturn:
        error = RuntimeError("raised on purpose") if error is None else error
        self.raised.append(error)
        raise error

    def start(
        self,
        start_response: StartResponse,
        status: str = "200 OK",
        headers: Headers | None = None,
        *,
        restart: bool = False,
    ) -> Write:
        given = [("Content-Type", "text/plain; charset=utf-8")] if headers is None else headers
        self.header_lists.append((given, [*given]))
        if not restart:
            return start_response(status, given)
        exc_info = sys.exc_info()
        self.exc_infos.append(exc_info)
        return start_response(status, given, exc_info)

    def hand_back(self, body: Iterable[bytes]) -> Iterable[bytes]:
        """Give a body that layers which don't read it are to pass on as it is."""
        self.handed_back = body
        return body


def journal_of(environ: Environ) -> Journal:
    journal: Journal = environ.setdefault("tests.journal", Journal())
    return journal


class Body:
    """A body whose close() counts; that of its iterator is not the one to call."""

    def __init__(self, journal: Journal, chunks: Iterable[bytes], *, fails_in_close: bool = False) -> None:
        self.journal = journal
        self.chunks = chunks
        self.fails_in_close = fails_in_close

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.chunks)

    def close(self) -> None:
        self.journal.closes += 1
        if self.fails_in_close:
            self.journal.fail(OSError("close failed on purpose"))


class ListWithClose(list[bytes]):
    journal: Journal

    def close(self) -> None:
        self.journal.closes += 1


class BodyOfOne(Body):
    def __len__(self) -> int:
        return 1


class BodyWithoutLength(Body):
    def __len__(self) -> int:
        raise TypeError("only the database could tell")


class BodyFailingInIter(Body):
    def __iter__(self) -> Iterator[bytes]:
        self.journal.fail()


class IndexedBody:
    """Iterable by the protocol from before iterators."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal

    def __getitem__(self, index: int) -> bytes:
        return self.journal.make(CHUNKS[index])

    def close(self) -> None:
        self.journal.closes += 1


class IteratorWithClose:
    """An iterator that must not be closed, nor asked again after its end."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.chunks: Iterator[bytes] | None = iter(CHUNKS)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self.chunks is None:
            self.journal.breaches.append("the iterator was asked again after its end")
            raise StopIteration
        for chunk in self.chunks:
            return self.journal.make(chunk)
        self.chunks = None
        raise StopIteration

    def close(self) -> None:
        self.journal.breaches.append("the iterator was closed instead of the iterable")


class FalseError(Exception):
    """An error with a length, as a collection of errors may have, and without words."""

    def __len__(self) -> int:
        return 0

    def __str__(self) -> str:
        raise RuntimeError("no words")


class Hostile(NamedTuple):
    """An application that is legal and hard to wrap.

    :param about: what it does.
    :param make: gives it anew, for some keep something from one request to the next.
    :param fits_validator: whether :mod:`wsgiref.validate` can stand around it.
    """

    about: str
    make: Callable[[], App]
    fits_validator: bool = True


HOSTILE: dict[str, Hostile] = {}


def hostile(about: str, *, fits_validator: bool = True) -> Callable[[App], App]:
    def register(app: App) -> App:
        HOSTILE[getattr(app, "__name__", about)] = Hostile(about, lambda: app, fits_validator)
        return app

    return register


# Bodies


@hostile("returns a list of one item: its len() tells the server the length")
def list_of_one(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    journal = journal_of(environ)
    journal.start(start_response)
    return journal.hand_back([TEXT])


@hostile("returns a list of one item, and says its length and ETag")
def list_with_content_length(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    journal = journal_of(environ)
    length = ("content-LENGTH", str(len(TEXT)))
    journal.start(start_response, headers=[length, ("Content-Type", "text/plain"), ("ETag", '"strong"')])
    return journal.hand_back([TEXT])


@hostile("returns a list of three")
def list_of_three(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    journal = journal_of(environ)
    journal.start(start_response)
    return journal.hand_back([*CHUNKS])


@hostile("returns a tuple")
def tuple_of_one(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    journal = journal_of(environ)
    journal.start(start_response)
    return journal.hand_back((TEXT,))


@hostile("returns an empty list")
def empty_list(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    journal = journal_of(environ)
    journal.start(start_response)
    return journal.hand_back([])


@hostile("returns a list of one empty string")
def list_of_nothing(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    journal = journal_of(environ)
    journal.start(start_response)
    return journal.hand_back([b""])


@hostile("answers without a body, and so without a media type")
def no_content(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    journal = journal_of(environ)
    journal.start(start_response, "204 No Content", [("X-Reason", "nothing to say")])
    return journal.hand_back([])


@hostile("returns a list that has to be closed")
def list_with_close(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    journal = journal_of(environ)
    journal.start(start_response)
    body = ListWithClose([TEXT])
    body.journal = journal
    return body


@hostile("returns a body of one item that is no list and has to be closed")
def body_of_one(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    journal = journal_of(environ)
    journal.start(start_response)
    return BodyOfOne(journal, [TEXT])


@hostile("returns a body whose len() fails, which says that its length is not known")
def body_without_length(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    journal = journal_of(environ)
    journal.start(start_response)
    return BodyWithoutLength(journal, map(journal.make, CHUNKS))


@hostile("returns a body that is iterable by __getitem__ alone")
def indexed_body(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    journal = journal_of(environ)
    journal.start(start_response)
    return IndexedBody(journal)  # type: ignore[return-value]


@hostile("returns an iterable whose iterator has a close() of its own, and must not be asked after its end")
def iterator_with_close(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    journal = journal_of(environ)
    journal.start(start_response)
    return Body(journal, IteratorWithClose(journal))


@hostile("yields empty chunks before, between and after the others")
def empty_chunks(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    journal = journal_of(environ)
    journal.start(start_response)
    return Body(journal, map(journal.make, [b"", CHUNKS[0], b"", b"", CHUNKS[1], b""]))


@hostile("returns the server's file wrapper")
def file_wrapper(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    journal = journal_of(environ)
    journal.start(start_response)
    wrapped: Iterable[bytes] = environ["wsgi.file_wrapper"](CountingFile(journal))
    return journal.hand_back(wrapped)


@hostile("returns the server's file wrapper, and says the length")
def file_wrapper_with_content_length(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    journal = journal_of(environ)
    journal.start(start_response, headers=[("Content-Type", "image/png"), ("Content-Length", str(len(TEXT)))])
    wrapped: Iterable[bytes] = environ["wsgi.file_wrapper"](CountingFile(journal), 512)
    return journal.hand_back(wrapped)


@hostile("returns the server's file wrapper around something that has read() alone")
def file_wrapper_without_close(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    journal = journal_of(environ)
    journal.start(start_response, headers=[("Content-Type", "image/png"), ("Content-Length", str(len(TEXT)))])
    wrapped: Iterable[bytes] = environ["wsgi.file_wrapper"](OnlyReadable(), 512)
    return journal.hand_back(wrapped)


class CountingFile(BytesIO):
    def __init__(self, journal: Journal) -> None:
        super().__init__(TEXT)
        self.journal = journal

    def close(self) -> None:
        self.journal.closes += not self.closed  # the garbage collector closes once more
        super().close()


class OnlyReadable:
    def __init__(self) -> None:
        self.file = BytesIO(TEXT)

    def read(self, size: int = -1, /) -> bytes:
        return self.file.read(size)


# Starts


@hostile("is a generator, and so starts at the first next()")
def lazy_start(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    journal = journal_of(environ)
    journal.start(start_response)
    yield from map(journal.make, CHUNKS)


class LazyClass:
    """The application is the class, the body its instance."""

    def __init__(self, environ: Environ, start_response: StartResponse) -> None:
        self.journal = journal_of(environ)
        self.start_response = start_response

    def __iter__(self) -> Iterator[bytes]:
        self.journal.start(self.start_response, "203 Non-Authoritative Information")
        yield from map(self.journal.make, CHUNKS)

    def close(self) -> None:
        self.journal.closes += 1


HOSTILE["lazy_class"] = Hostile(
    "is a class whose instance is the body, and starts when it is iterated", lambda: LazyClass
)


@hostile("starts lazily, in a body that has to be closed")
def lazy_start_with_close(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    return Body(journal_of(environ), lazy_start(environ, start_response))


@hostile("says the length of its one chunk, which it makes lazily")
def lazy_start_with_content_length(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    journal = journal_of(environ)
    journal.start(start_response, headers=[("Content-Type", "text/plain"), ("Content-Length", str(len(TEXT)))])
    yield journal.make(TEXT)


@hostile("passes None as exc_info")
def explicit_no_exc_info(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")], None)
    return [TEXT]


@hostile("sends headers twice, in odd case, some of them lists")
def headers_of_all_kinds(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    cookies = [("Set-Cookie", "a=1, b"), ("set-cookie", "c=2")]
    kinds = [("CONTENT-type", "Text/Plain"), ("vary", "Accept"), ("Vary", "Cookie"), ("Empty", ""), ("Etag", 'W/"x"')]
    journal = journal_of(environ)
    journal.start(start_response, headers=[*cookies, *kinds, *cookies])
    return journal.hand_back([TEXT])


def reusing_one_list() -> App:
    headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(TEXT))), ("ETag", '"strong"')]
    fresh = [*headers]

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        journal = journal_of(environ)
        if headers != fresh:
            journal.breaches.append("the header list of an earlier request was changed")
        journal.start(start_response, headers=headers)
        return Body(journal, [TEXT])

    return app


HOSTILE["one_header_list"] = Hostile("gives the same header list in each request", reusing_one_list)


@hostile("empties its header list as soon as it has started")
def emptied_header_list(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    journal = journal_of(environ)
    headers = [("Content-Type", "text/plain"), ("X-Kept", "yes")]
    start_response("200 OK", headers)
    headers.clear()
    return Body(journal, map(journal.make, CHUNKS))


# write()


@hostile("sends all by write()")
def write_alone(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    journal = journal_of(environ)
    write = journal.start(start_response)
    for chunk in CHUNKS:
        write(journal.make(chunk))
    return []


@hostile("sends by write(), empty chunks among them, and then by a body")
def write_and_body(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    journal = journal_of(environ)
    write = journal.start(start_response)
    write(journal.make(CHUNKS[0]))
    write(journal.make(b""))
    return Body(journal, map(journal.make, CHUNKS[1:]))


@hostile("sends by write() and then by a list of one item, whose len() tells nothing")
def write_and_list_of_one(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    journal = journal_of(environ)
    write = journal.start(start_response)
    write(journal.make(CHUNKS[0]))
    return [CHUNKS[1]]


@hostile("says the length, and sends by write() in two")
def write_with_content_length(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    journal = journal_of(environ)
    headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(CHUNKS[0]) * 2))]
    write = journal.start(start_response, headers=headers)
    write(journal.make(CHUNKS[0]))
    write(journal.make(CHUNKS[0]))
    return [b""]


# Restarts by exc_info


@hostile("starts by exc_info, before any other start")
def start_by_exc_info(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    journal = journal_of(environ)
    try:
        journal.fail()
    except RuntimeError:
        journal.start(start_response, "503 Service Unavailable", restart=True)
        return [TEXT]


@hostile("restarts by exc_info while the server has sent nothing")
def restart_in_call(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    journal = journal_of(environ)
    length = [("Content-Type", "text/plain"), ("Content-Length", "7"), ("ETag", '"first"')]
    journal.start(start_response, headers=length)
    try:
        journal.fail()
    except RuntimeError:
        journal.start(start_response, "503 Service Unavailable", [("Content-Type", "text/html")], restart=True)
        return [TEXT]


@hostile("restarts by exc_info twice, after an empty chunk, in a body")
def restart_in_body(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    journal = journal_of(environ)
    journal.start(start_response)
    yield journal.make(b"")
    for status in "502 Bad Gateway", "503 Service Unavailable":
        try:
            journal.fail()
        except RuntimeError:
            journal.start(start_response, status, restart=True)
    yield from map(journal.make, CHUNKS)


@hostile("restarts by exc_info, and writes with the write() of the first start")
def restart_and_old_write(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    journal = journal_of(environ)
    write = journal.start(start_response)
    try:
        journal.fail()
    except RuntimeError:
        journal.start(start_response, "503 Service Unavailable", restart=True)
    write(journal.make(TEXT))
    return []


@hostile("restarts by exc_info after the first byte, which the server refuses")
def late_restart_in_body(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    journal = journal_of(environ)

    def chunks() -> Iterator[bytes]:
        journal.start(start_response)
        yield journal.make(CHUNKS[0])
        try:
            journal.fail()
        except RuntimeError:
            journal.start(start_response, "503 Service Unavailable", restart=True)
        yield journal.make(b"never sent")

    return Body(journal, chunks())


@hostile("restarts by exc_info after write(), which the server refuses")
def late_restart_after_write(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    journal = journal_of(environ)
    journal.start(start_response)(journal.make(CHUNKS[0]))
    try:
        journal.fail()
    except RuntimeError:
        journal.start(start_response, "503 Service Unavailable", restart=True)
    return [b"never sent"]


# Failures


@hostile("raises before it starts")
def fails_before_start(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    journal_of(environ).fail()


@hostile("raises after it has started")
def fails_after_start(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    journal = journal_of(environ)
    journal.start(start_response)
    journal.fail()


@hostile("raises after write()")
def fails_after_write(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    journal = journal_of(environ)
    journal.start(start_response)(journal.make(CHUNKS[0]))
    journal.fail()


@hostile("raises an error that is false and has no words, before the first byte of a body")
def fails_with_false_error_in_body(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    journal = journal_of(environ)
    journal.start(start_response)
    yield journal.make(b"")
    journal.fail(FalseError())


@hostile("raises when its body is asked for an iterator", fits_validator=False)
def fails_in_iter(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    journal = journal_of(environ)
    journal.start(start_response)
    return BodyFailingInIter(journal, [])


@hostile("raises at the first next(), before it starts")
def fails_before_lazy_start(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    journal = journal_of(environ)

    def chunks() -> Iterator[bytes]:
        journal.fail()
        yield b"never made"

    return Body(journal, chunks())


@hostile("raises after an empty chunk")
def fails_after_empty_chunk(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    journal = journal_of(environ)

    def chunks() -> Iterator[bytes]:
        journal.start(start_response)
        yield journal.make(b"")
        journal.fail()

    return Body(journal, chunks())


@hostile("raises in a body that says to be of one item")
def fails_in_body_of_one(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    journal = journal_of(environ)

    def chunks() -> Iterator[bytes]:
        journal.start(start_response)
        journal.fail()
        yield b"never made"

    return BodyOfOne(journal, chunks())


@hostile("raises after the first byte")
def fails_in_body(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    journal = journal_of(environ)

    def chunks() -> Iterator[bytes]:
        journal.start(start_response)
        yield journal.make(CHUNKS[0])
        journal.fail()

    return Body(journal, chunks())


@hostile("raises something that is no Exception after the first byte")
def exits_in_body(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    journal = journal_of(environ)

    def chunks() -> Iterator[bytes]:
        journal.start(start_response)
        yield journal.make(CHUNKS[0])
        journal.fail(SystemExit(3))

    return Body(journal, chunks())


@hostile("raises something that is no Exception before it starts")
def exits_before_start(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    journal_of(environ).fail(KeyboardInterrupt())


@hostile("raises in close(), after a whole body")
def fails_in_close(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    journal = journal_of(environ)
    return Body(journal, lazy_start(environ, start_response), fails_in_close=True)


@hostile("raises after the first byte, and again in close()")
def fails_in_body_and_close(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    body = fails_in_body(environ, start_response)
    return Body(journal_of(environ), body, fails_in_close=True)


@hostile("raises before the first byte, and again in close()")
def fails_before_lazy_start_and_in_close(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    body = fails_before_lazy_start(environ, start_response)
    return Body(journal_of(environ), body, fails_in_close=True)
