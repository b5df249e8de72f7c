"""A strict server in memory: it drives an application as PEP 3333 says, and writes down all that happens."""

from collections.abc import Iterable, Iterator
from types import TracebackType

from wsgistack.errors import Breach, ContractError
from wsgistack.testing.record import Record, Start, is_iterable
from wsgistack.testing.request import make_environ
from wsgistack.testing.rules import APPLICATION
from wsgistack.types import App, Environ, Write

__all__ = ["Server"]


class Server:
    """A server for tests, which holds the application against every rule of the interface.

    ``Server().get(app, "/path")`` gives a :class:`Record` with ``status``, ``headers`` and ``body``.
    """

    def get(self, app: App, path: str = "/", *, headers: Iterable[tuple[str, str]] = ()) -> Record:
        """GET a path. Raises as :meth:`request` does."""
        return self.request("GET", app, path, headers=headers)

    def request(
        self, method: str, app: App, path: str = "/", *, headers: Iterable[tuple[str, str]] = (), body: bytes = b""
    ) -> Record:
        """Make one request.

        :raises ContractError: the application breaks a rule; it holds each breach with its clause.
        :raises Exception: what the application raises.
        """
        record = self.run(app, make_environ(method, path, headers=headers, body=body))
        found = APPLICATION.breaches(record)
        if found:
            raise ContractError(*found) from record.error
        if record.error is not None:
            raise record.error
        return record

    def run(self, app: App, environ: Environ, *, take: int | None = None, clock: Iterator[int] | None = None) -> Record:
        """Drive an application through one request, whatever it does, and raise nothing.

        Arguments as of :meth:`steps`.
        """
        *_, record = self.steps(app, environ, take=take, clock=clock)
        return record

    def steps(
        self, app: App, environ: Environ, *, take: int | None = None, clock: Iterator[int] | None = None
    ) -> Iterator[Record]:
        """Drive an application through one request, and give the record after the call, after each chunk, and at last.

        :param take: the client goes away after that many chunks; 0 before the first, None never.
        :param clock: counts the events.
        """
        record = Record(environ, clock)
        response = _Response(record)
        body = response.called(app)
        yield record
        chunks = response.opened(body)
        taken = 0
        while chunks is not None and taken != take and response.advance(chunks):
            taken += 1
            yield record
        if taken == take:
            record.note("abort")
        response.close(body)
        yield record


class _Response:
    def __init__(self, record: Record) -> None:
        self._record = record
        self._headers_sent = False

    def start_response(self, *arguments: object, **keywords: object) -> Write:
        start = Start.of(arguments, keywords)
        refusal = self._refusal(start)
        self._record.note("start", start._replace(raised=refusal))
        if refusal:
            try:
                raise refusal
            finally:
                refusal = None
        return self._write

    def called(self, app: App) -> object:
        self._record.note("call")
        try:
            body = app(self._record.environ, self.start_response)
        except BaseException as error:
            self._record.note("raise", error)
            return None
        self._record.note_return(body)
        return body

    def opened(self, body: object) -> Iterator[object] | None:
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

    def _refusal(self, start: Start) -> BaseException | None:
        match start.exc_info:
            case (type(), BaseException() as error, TracebackType() | None as trace):
                return error.with_traceback(trace) if self._headers_sent else None
        return ContractError(_SECOND_START) if self._record.accepted else None


_SECOND_START = Breach(
    "starts_once", APPLICATION.rules["starts_once"].clause, "start_response was called again, without exc_info"
)
