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

    :param at: its number among all events that share a clock.
    :param kind: ``call`` the application is called, ``start`` it calls start_response (a :class:`Start`), ``write`` it
        calls write (the data), ``return`` it returns (the iterable), ``iterate`` iter() is called, ``pull`` next() is
        called, ``chunk`` the iterable yields a chunk, ``end`` the iterable is exhausted, ``abort`` the client
        disconnects (the exception that the server raises for it, if any), ``raise`` an exception reaches the caller
        (the exception), ``close`` close() is called.
    """

    at: int
    kind: Kind
    value: object


class Start(NamedTuple):
    """One call of start_response: its arguments and its result.

    :param headers_then: a copy of the headers as they were at the call.
    :param is_too_late: whether the server had read status and headers already, so that the call had no effect.
    """

    arguments: tuple[object, ...]
    keywords: Mapping[str, object]
    raised: BaseException | None = None
    returned: object = None
    headers_then: object = None
    is_too_late: bool = False

    @classmethod
    def of(cls, arguments: tuple[object, ...], keywords: Mapping[str, object]) -> "Start":
        """Record a call, with the headers as they are now."""
        start = cls(arguments, keywords)
        headers = start.headers
        return start._replace(headers_then=[*headers] if isinstance(headers, list) else headers)

    @property
    def status(self) -> object:
        """The first argument, by position or by keyword."""
        return self._argument(0, "status")

    @property
    def headers(self) -> object:
        """The second argument, by position or by keyword: the list itself, with all later changes."""
        return self._argument(1, "response_headers", "headers")

    @property
    def exc_info(self) -> object:
        """The third argument, by position or by keyword."""
        return self._argument(2, "exc_info")

    @property
    def has_exc_info(self) -> bool:
        """Whether there is a third argument, even None."""
        return len(self.arguments) > 2 or "exc_info" in self.keywords

    def _argument(self, number: int, *names: str) -> object:
        named = (self.keywords[name] for name in names if name in self.keywords)
        return self.arguments[number] if len(self.arguments) > number else next(named, None)


class Record:
    """One request, as the server or the application saw it.

    :param environ: of the request.
    :param clock: counts the events. The events of two records with the same clock can be compared.
    """

    def __init__(self, environ: Environ, clock: Iterator[int] | None = None) -> None:
        self.environ = environ
        self.environ_then: Environ = dict(environ)
        """The environ as it was at the call."""
        self.method: object = environ.get("REQUEST_METHOD")
        self.input: object = environ.get("wsgi.input")
        self.errors: object = environ.get("wsgi.errors")
        self.file: BytesIO | None = None
        """The file in a file wrapper that is returned unchanged, if the file is known."""
        self.is_watched = True
        """Whether the events of the iterable are recorded. A list or a file wrapper is returned unchanged, without
        them."""
        self.content: list[object] | None = None
        """The chunks of an iterable that is not watched, if they are known."""
        self.returned: object = None
        """What the application returned."""
        self.length: int | None = None
        """The ``len()`` of what it returned, at that moment; None if it has none."""
        self.events: list[Event] = []
        self._by_kind: dict[Kind, list[Event]] = {}
        self.clock: Iterator[int] = count() if clock is None else clock

    def note(self, kind: Kind, value: object = None) -> None:
        """Add an event."""
        event = Event(next(self.clock), kind, value)
        self.events.append(event)
        self._by_kind.setdefault(kind, []).append(event)

    def note_return(self, body: object) -> None:
        """Add the event that the application has returned."""
        self.returned = body
        self.length = _get_length(body)
        self.note("return", body)

    def all(self, *kinds: Kind) -> list[Event]:
        """The events of some kinds, in order."""
        found = [self._by_kind[kind] for kind in kinds if kind in self._by_kind]
        return found[0] if len(found) == 1 else sorted((event for events in found for event in events), key=_get_number)

    def first(self, *kinds: Kind) -> Event | None:
        """The first event of some kinds."""
        return min((self._by_kind[kind][0] for kind in kinds if kind in self._by_kind), key=_get_number, default=None)

    @property
    def starts(self) -> list[Start]:
        """All calls of start_response."""
        return [event.value for event in self.all("start") if isinstance(event.value, Start)]

    @property
    def accepted(self) -> Start | None:
        """The last call of start_response that had an effect."""
        return next((start for start in reversed(self.starts) if start.raised is None and not start.is_too_late), None)

    @property
    def status(self) -> str:
        """The status that the client gets; empty without one, or if it is not a str."""
        status = self.accepted.status if self.accepted else ""
        return status if isinstance(status, str) else ""

    @property
    def code(self) -> str:
        """The three digits of the status."""
        return self.status[:3]

    @property
    def headers(self) -> Headers:
        """The headers that the client gets, without items that are not pairs of str."""
        given = self.accepted.headers_then if self.accepted else ()
        return [
            (item[0], item[1])
            for item in (given if isinstance(given, list | tuple) else ())
            if isinstance(item, tuple) and len(item) == 2 and all(isinstance(part, str) for part in item)
        ]

    @property
    def chunks(self) -> list[bytes]:
        """The chunks that were written and those of the iterable, without what is not bytes."""
        sent = [event.value for event in self.all("write", "chunk")]
        return [chunk for chunk in (*sent, *(self.content or ())) if isinstance(chunk, bytes)]

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

    @property
    def is_taken_over(self) -> bool:
        """Whether the application has taken over the connection, as it does for a WebSocket.

        The request asks for an upgrade to WebSocket, and the application answers 101, raises StopIteration from the
        call (gunicorn), or returns an empty iterable without calling start_response (gevent, eventlet).
        """
        if self.environ_then.get("HTTP_UPGRADE", "").lower() != "websocket":
            return False
        has_ended = isinstance(self.error, StopIteration) or (self.is_complete and self.error is None)
        return self.code == "101" or (has_ended and not self.starts and not self.chunks)


_get_number = itemgetter(0)


def is_iterable(body: object) -> bool:
    """Whether an application may return this: any iterable except str and bytes."""
    kind = type(body)
    return (hasattr(kind, "__iter__") or hasattr(kind, "__getitem__")) and not isinstance(body, str | bytes)


def _get_length(body: object) -> int | None:
    try:
        return len(body) if isinstance(body, Sized) else None
    except Exception:  # the length is not known
        return None
