"""What happened between a server and an application, event by event."""

from collections.abc import Iterator, Mapping, Sized
from io import BytesIO
from itertools import count
from operator import itemgetter
from typing import Literal, NamedTuple, TypeAlias

from wsgistack.types import Environ, Headers

__all__ = ["Event", "Kind", "Record", "Start", "is_iterable"]

Kind: TypeAlias = Literal[
    "call", "start", "write", "return", "iterate", "pull", "chunk", "end", "abort", "raise", "close"
]


class Event(NamedTuple):
    """One thing that happened.

    :param at: its place among all events that share a clock.
    :param kind: ``call`` the application is called, ``start`` it calls start_response (a :class:`Start`), ``write`` it
        calls write (the data), ``return`` it returns (the iterable), ``iterate`` iter() is called, ``pull`` next() is
        called, ``chunk`` a chunk comes, ``end`` the iterable is exhausted, ``abort`` the client goes away, ``raise`` an
        exception reaches the caller (the exception), ``close`` close() is called.
    """

    at: int
    kind: Kind
    value: object


class Start(NamedTuple):
    """One call of start_response: with what, and what came of it.

    :param headers_then: a copy of the headers as they were at the call.
    """

    arguments: tuple[object, ...]
    keywords: Mapping[str, object]
    raised: BaseException | None = None
    returned: object = None
    headers_then: object = None

    @classmethod
    def of(cls, arguments: tuple[object, ...], keywords: Mapping[str, object]) -> "Start":
        """Take a call down, with the headers as they are now."""
        start = cls(arguments, keywords)
        headers = start.headers
        return start._replace(headers_then=[*headers] if isinstance(headers, list) else headers)

    @property
    def status(self) -> object:
        """The first argument, however it was given."""
        return self._argument(0, "status")

    @property
    def headers(self) -> object:
        """The second argument, however it was given: the very list, with what has been changed in it since."""
        return self._argument(1, "response_headers", "headers")

    @property
    def exc_info(self) -> object:
        """The third argument, however it was given."""
        return self._argument(2, "exc_info")

    def _argument(self, number: int, *names: str) -> object:
        named = (self.keywords[name] for name in names if name in self.keywords)
        return self.arguments[number] if len(self.arguments) > number else next(named, None)


class Record:
    """One request, as one side of the interface saw it.

    :param environ: the request's.
    :param clock: counts the events; two records with one clock can be compared.
    """

    def __init__(self, environ: Environ, clock: Iterator[int] | None = None) -> None:
        self.environ = environ
        self.environ_then = dict(environ)
        """The environ as it was at the call."""
        self.method: object = environ.get("REQUEST_METHOD")
        self.input: object = environ.get("wsgi.input")
        self.errors: object = environ.get("wsgi.errors")
        self.file: BytesIO | None = None
        """The file in a file wrapper that is handed on, where it is known."""
        self.is_watched = True
        """Whether the events of the iterable are noted: those of a list or a file wrapper that is handed on are not."""
        self.content: list[object] | None = None
        """The chunks of an iterable that is not watched, where they are known."""
        self.returned: object = None
        """What the application returned."""
        self.length: int | None = None
        """The ``len()`` of what it returned, at that moment, if it tells one."""
        self.events: list[Event] = []
        self._by_kind: dict[Kind, list[Event]] = {}
        self.clock = count() if clock is None else clock

    def note(self, kind: Kind, value: object = None) -> None:
        """Add an event."""
        event = Event(next(self.clock), kind, value)
        self.events.append(event)
        self._by_kind.setdefault(kind, []).append(event)

    def note_return(self, body: object) -> None:
        """Add the event that the application returns."""
        self.returned = body
        self.length = _length_of(body)
        self.note("return", body)

    def all(self, *kinds: Kind) -> list[Event]:
        """The events of some kinds, in order."""
        there = [self._by_kind[kind] for kind in kinds if kind in self._by_kind]
        return there[0] if len(there) == 1 else sorted((event for events in there for event in events), key=_when)

    def first(self, *kinds: Kind) -> Event | None:
        """The first event of some kinds."""
        return min((self._by_kind[kind][0] for kind in kinds if kind in self._by_kind), key=_when, default=None)

    @property
    def starts(self) -> list[Start]:
        """All calls of start_response."""
        return [event.value for event in self.all("start") if isinstance(event.value, Start)]

    @property
    def accepted(self) -> Start | None:
        """The last call of start_response that did not raise."""
        return next((start for start in reversed(self.starts) if start.raised is None), None)

    @property
    def status(self) -> str:
        """The status that the client gets; empty if there is none, or it is no text."""
        status = self.accepted.status if self.accepted else ""
        return status if isinstance(status, str) else ""

    @property
    def code(self) -> str:
        """The three digits of the status."""
        return self.status[:3]

    @property
    def headers(self) -> Headers:
        """The headers that the client gets, as far as they are pairs of text, as they were given."""
        given = self.accepted.headers_then if self.accepted else ()
        return [
            (item[0], item[1])
            for item in (given if isinstance(given, list | tuple) else ())
            if isinstance(item, tuple) and len(item) == 2 and all(isinstance(part, str) for part in item)
        ]

    @property
    def chunks(self) -> list[bytes]:
        """What was written and what came, as far as it is bytes."""
        came = [event.value for event in self.all("write", "chunk")]
        return [chunk for chunk in (*came, *(self.content or ())) if isinstance(chunk, bytes)]

    @property
    def body(self) -> bytes:
        """All chunks together."""
        return b"".join(self.chunks)

    @property
    def error(self) -> BaseException | None:
        """The first exception that reached the caller."""
        event = self.first("raise")
        return event.value if event and isinstance(event.value, BaseException) else None

    @property
    def is_complete(self) -> bool:
        """Whether all of the body is known."""
        return self.first("end") is not None or self.content is not None


_when = itemgetter(0)


def is_iterable(body: object) -> bool:
    """Whether an application may return this: what can be iterated over, though not text, nor one byte string."""
    kind = type(body)
    return (hasattr(kind, "__iter__") or hasattr(kind, "__getitem__")) and not isinstance(body, str | bytes)


def _length_of(body: object) -> int | None:
    try:
        return len(body) if isinstance(body, Sized) else None
    except Exception:  # by which a body tells that the length is not known
        return None
