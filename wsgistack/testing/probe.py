"""Records what an application sees of its caller, event by event."""

import io
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Self

from wsgistack.testing.record import Record, Start, is_iterable
from wsgistack.types import App, Write

__all__ = ["Probe"]


class Probe:
    """Wraps an application and records all that its caller does.

    :param app: the application. A list, a tuple or a file wrapper that it returns is returned unchanged, without
        events.
    :param clock: counts the events.
    :param closed: called with the record after close() of the iterable.
    """

    def __init__(self, app: App, clock: Iterator[int], closed: Callable[[Record], object] = bool) -> None:
        self._app = app
        self._clock = clock
        self._closed = closed
        self.records: list[Record] = []

    def __call__(self, *arguments: Any, **keywords: Any) -> Iterable[bytes]:
        """Serve one request."""
        environ = arguments[0] if arguments else keywords.get("environ", {})
        start_response = arguments[1] if len(arguments) > 1 else keywords.get("start_response")
        record = Record(environ, self._clock)
        self.records.append(record)
        start: Any = _RecordedStart(record, start_response) if callable(start_response) else start_response
        record.note("call", (arguments, keywords))
        try:
            body = self._app(environ, start)
        except BaseException as error:
            record.note("raise", error)
            raise
        record.note_return(body)
        return self._record_body(body, record)

    def _record_body(self, body: Iterable[bytes], record: Record) -> Iterable[bytes]:
        wrapper = record.environ.get("wsgi.file_wrapper")
        if type(body) is list or type(body) is tuple:
            record.is_watched, record.content = False, list(body)
        elif isinstance(wrapper, type) and isinstance(body, wrapper):
            file = getattr(body, "filelike", None)
            record.is_watched = False
            if isinstance(file, io.BytesIO):  # as in the cases of this kit; any other may be large, or a pipe
                record.content, record.file = [file.getvalue()], file
        elif is_iterable(body):
            return (_RecordedBody if record.length is None else _SizedRecordedBody)(body, record, self._closed)
        return body


class _RecordedStart:
    def __init__(self, record: Record, start_response: Any) -> None:
        self._record = record
        self._start_response = start_response

    def __call__(self, *arguments: Any, **keywords: Any) -> Write:
        start = Start.of(arguments, keywords)
        try:
            write = self._start_response(*arguments, **keywords)
        except BaseException as error:
            self._record.note("start", start._replace(raised=error))
            raise
        self._record.note("start", start._replace(returned=write))

        def write_and_record(data: bytes) -> None:
            self._record.note("write", data)
            write(data)

        return write_and_record if callable(write) else write


class _RecordedBody:
    def __init__(self, body: Iterable[bytes], record: Record, closed: Callable[[Record], object]) -> None:
        self._body = body
        self._record = record
        self._closed = closed

    def __iter__(self) -> "_RecordedChunks":
        self._record.note("iterate")
        try:
            return _RecordedChunks(iter(self._body), self._record)
        except BaseException as error:
            self._record.note("raise", error)
            raise

    def close(self) -> None:
        self._record.note("close")
        close = getattr(self._body, "close", None)
        if close is not None:
            try:
                close()
            except BaseException as error:
                self._record.note("raise", error)
                raise
        self._closed(self._record)


class _SizedRecordedBody(_RecordedBody):
    def __len__(self) -> int:
        return self._record.length or 0


class _RecordedChunks:
    def __init__(self, chunks: Iterator[bytes], record: Record) -> None:
        self._chunks = chunks
        self._record = record

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        self._record.note("pull")
        try:
            chunk = next(self._chunks)
        except StopIteration:
            self._record.note("end")
            raise
        except BaseException as error:
            self._record.note("raise", error)
            raise
        self._record.note("chunk", chunk)
        return chunk
