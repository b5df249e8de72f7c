"""A strict server in memory: it runs an application as PEP 3333 says, and records every event.

A :class:`Mode` makes it behave as real servers do that differ from PEP 3333.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, NoReturn

from wsgistack.errors import Breach, ContractError
from wsgistack.testing.record import Record, Start, is_iterable
from wsgistack.testing.request import Input, RequestHeaders, make_environ
from wsgistack.testing.rules import APPLICATION
from wsgistack.types import App, Environ, Write

__all__ = ["Mode", "Server"]


@dataclass(frozen=True)
class Mode:
    """What a server does where real servers differ from PEP 3333. The defaults are those of PEP 3333.

    :param returns_write: whether start_response returns write(). If not, it returns None, as in granian, hypercorn,
        bjoern and asgiref.
    :param exc_info: what start_response accepts as its third argument: ``optional``, an exc_info or None, as PEP 3333
        says; ``not_none``, only an exc_info, for a server whose start_response has two parameters; ``fails``, nothing:
        it raises a SystemError, as in uWSGI, where a second call without exc_info replaces the first one.
    :param reads_start_late: whether status and headers are read with the first byte of the body. If not, they are read
        when the application returns, as in granian: start_response has no effect after that.
    :param closes: whether close() is called. Starlette's WSGIMiddleware and serverless-wsgi never do so.
    :param disconnects: when the client disconnects: ``never``; in the ``upload``, so that ``wsgi.input`` raises in the
        second half of the request body; in ``write``, which raises; after the first of the ``chunks``, so that close()
        is called before the end.
    :param environ: what the server adds to the environ, such as its name.
    """

    returns_write: bool = True
    exc_info: Literal["optional", "not_none", "fails"] = "optional"
    reads_start_late: bool = True
    closes: bool = True
    disconnects: Literal["never", "upload", "write", "chunks"] = "never"
    environ: Mapping[str, object] = field(default_factory=dict)


STRICT = Mode()
MAX_CHUNKS = 100_000
"""More chunks in one body count as an endless body."""


class Server:
    """A server for tests, which checks the application against every rule of the interface.

    ``Server().get(app, "/path")`` returns a :class:`Record` with ``status``, ``headers`` and ``body``.

    :param mode: where it differs from PEP 3333; by default nowhere.
    """

    def __init__(self, mode: Mode = STRICT) -> None:
        self.mode = mode

    def get(self, app: App, path: str = "/", *, headers: RequestHeaders = ()) -> Record:
        """GET a path. Arguments and errors are those of :meth:`request`."""
        return self.request("GET", app, path, headers=headers)

    def request(
        self, method: str, app: App, path: str = "/", *, headers: RequestHeaders = (), body: bytes = b""
    ) -> Record:
        """Send one request.

        :param path: with the query, as in a request line.
        :param headers: of the request: a mapping, or pairs of a name and a value.
        :param body: of the request.
        :raises ContractError: the application breaks a rule. The error has each breach, with its clause.
        :raises Exception: what the application raises.
        """
        record = self.run(app, make_environ(method, path, headers=headers, body=body))
        found = APPLICATION.breaches(record)
        if found:
            raise ContractError(*found) from record.error
        if record.error is not None:
            raise record.error
        return record

    def run(
        self,
        app: App,
        environ: Environ,
        *,
        take: int | None = None,
        max_chunks: int = MAX_CHUNKS,
        clock: Iterator[int] | None = None,
    ) -> Record:
        """Run an application through one request and raise nothing, whatever the application does.

        The arguments are those of :meth:`steps`.
        """
        *_, record = self.steps(app, environ, take=take, max_chunks=max_chunks, clock=clock)
        return record

    def steps(
        self,
        app: App,
        environ: Environ,
        *,
        take: int | None = None,
        max_chunks: int = MAX_CHUNKS,
        clock: Iterator[int] | None = None,
    ) -> Iterator[Record]:
        """Run an application through one request, and yield the record after the call, each chunk, and the end.

        :param environ: as :func:`make_environ` makes it.
        :param take: the client disconnects after that many chunks: 0 is before the first, None is never.
        :param max_chunks: a body with more chunks is cut off, with a RuntimeError in the record: it may be endless.
        :param clock: counts the events.
        """
        environ.update(self.mode.environ)
        record = Record(environ, clock)
        response = _Response(record, self.mode)
        body = response.call(app)
        yield record
        chunks = response.iterate(body)
        if self.mode.disconnects == "chunks":
            take = 1
        taken = 0
        while chunks is not None and taken != take and response.advance(chunks):
            taken += 1
            if taken > max_chunks:
                record.note("raise", RuntimeError(f"the body has more than {max_chunks} chunks"))
                break
            yield record
        if taken == take:
            record.note("abort")
        if self.mode.closes:
            response.close(body)
        yield record


class _Response:
    def __init__(self, record: Record, mode: Mode) -> None:
        self._record = record
        self._mode = mode
        self._headers_sent = False
        if mode.disconnects == "upload" and isinstance(record.input, Input):
            record.input.disconnect = self._disconnect

    def start_response(self, *arguments: object, **keywords: object) -> Write:
        start = Start.of(arguments, keywords)
        has_returned = self._record.first("return") is not None
        start = start._replace(
            raised=self._find_refusal(start), is_too_late=has_returned and not self._mode.reads_start_late
        )
        self._record.note("start", start)
        if start.raised is not None:
            try:
                raise start.raised
            finally:
                del start  # it holds the exception, whose traceback holds this frame
        return self._write if self._mode.returns_write else None  # type: ignore[return-value]

    def call(self, app: App) -> object:
        self._record.note("call")
        try:
            body = app(self._record.environ, self.start_response)
        except BaseException as error:
            self._record.note("raise", error)
            return None
        self._record.note_return(body)
        return body

    def iterate(self, body: object) -> Iterator[object] | None:
        if self._record.error is not None or not is_iterable(body):
            return None
        self._record.note("iterate")
        try:
            return iter(body)  # type: ignore[call-overload, no-any-return]
        except BaseException as error:
            self._record.note("raise", error)
            return None

    def advance(self, chunks: Iterator[object]) -> bool:
        self._record.note("pull")
        try:
            chunk = next(chunks)
        except StopIteration:
            self._record.note("end")
            self._headers_sent = True
            return False
        except BaseException as error:
            self._record.note("raise", error)
            return False
        self._record.note("chunk", chunk)
        self._headers_sent = self._headers_sent or bool(chunk)
        return True

    def close(self, body: object) -> None:
        close = getattr(body, "close", None)
        if close is None:
            return
        self._record.note("close")
        try:
            close()
        except BaseException as error:
            self._record.note("raise", error)

    def _write(self, data: bytes) -> None:
        self._record.note("write", data)
        self._headers_sent = True
        if self._mode.disconnects == "write":
            self._disconnect()

    def _disconnect(self) -> NoReturn:
        error = ConnectionResetError("the client has disconnected")
        self._record.note("abort", error)
        try:
            raise error
        finally:
            del error

    def _find_refusal(self, start: Start) -> BaseException | None:
        if self._mode.exc_info == "fails":
            return SystemError("start_response returned a result with an exception set") if start.exc_info else None
        if self._mode.exc_info == "not_none" and start.has_exc_info and start.exc_info is None:
            return TypeError("start_response() takes 2 positional arguments but 3 were given")
        match start.exc_info:
            case (type(), BaseException() as error, TracebackType() | None as trace):
                return error.with_traceback(trace) if self._headers_sent else None
        return ContractError(_SECOND_START) if self._record.accepted else None


_SECOND_START = Breach(
    "starts_once", APPLICATION.rules["starts_once"].clause, "start_response was called again without exc_info"
)
