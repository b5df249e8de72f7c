"""The one place that knows how a WSGI response travels from an application, through a layer, to the server (PEP 3333).

A layer takes the lowest tier that can do its work for the request at hand: it calls the application with the
server's own ``start_response`` (T0), with one made by :func:`editing` (T1), or through an :class:`Exchange` (T2).
"""

from collections.abc import Iterable, Iterator, Sized
from contextlib import suppress
from typing import ClassVar, Protocol, Self, cast

from wsgistack.file_wrapper import is_file_wrapper
from wsgistack.types import App, Edit, Environ, ExcInfo, Headers, StartResponse, Write

__all__ = ["END", "Exchange", "body_is_inert", "editing", "keep_length"]


def editing(start_response: StartResponse, edit: Edit, /) -> StartResponse:
    """A ``start_response`` that gives the server the status and headers as edited; the body stays untouched (T1).

    :param edit: called with the status and the headers at each start, a restart by ``exc_info`` among them; returns
        both anew and leaves the list that it was given alone, for the application may use it again.
    """

    def start(status: str, headers: Headers, exc_info: ExcInfo | None = None) -> Write:
        try:
            return start_response(*edit(status, headers), exc_info)
        finally:
            exc_info = None

    return start


def body_is_inert(body: object, environ: Environ, /) -> bool:
    """Whether no code of the application runs any more while the server sends this body.

    True for a list or tuple, for one of these in an exchange that needs no context, and for the server's own file
    wrapper: a layer that only has to be there while the application runs can hand such a body back as it is, so that
    ``len()`` and sendfile keep working.
    """
    if type(body) is list or type(body) is tuple:
        return True
    return body.is_inert if type(body) is _Sized else is_file_wrapper(body, environ)


class Exchange:
    """One request on its way through a layer that sees the body: the hooks do nothing until a subclass says what.

    Made for each request, it holds everything about that request that changes, so that the layer itself can serve many
    threads. It keeps what PEP 3333 asks of a middleware: ``exc_info`` goes on unmodified, ``write()`` works, the
    application may start lazily, each chunk in is one chunk out, nothing is read ahead, and the application's
    ``close()`` is called exactly once.

    Cost tier T2. When only the status or headers matter, :func:`editing` costs about half of it.
    """

    __slots__ = ("_chunks", "_error", "_source", "environ", "finished", "headers", "start_response", "status")

    keeps_length: ClassVar[bool] = False
    """Whether each chunk of the application makes one chunk, :meth:`on_end` none: then ``len()`` of a body is kept."""

    needs_context: ClassVar[bool] = True
    """Whether the context variables of outer layers have to be set while it works on a list or tuple."""

    def __init__(self, environ: Environ, start_response: StartResponse) -> None:
        self.environ = environ
        self.start_response = start_response
        self.status = ""
        """The last status that the server accepted; empty before the start."""
        self.headers: Headers = []
        """The headers that came with it, as edited."""
        self.finished = False
        """Whether the body came to its end. When it is closed before, the client has gone or an error happened."""
        self._source: Iterable[bytes] | None = None
        self._chunks: Iterator[bytes] = _NOTHING
        self._error: BaseException | None = None

    def on_start(self, status: str, headers: Headers) -> tuple[str, Headers]:
        """Edit the status and headers, without changing the list. Called once more at a restart by ``exc_info``."""
        return status, headers

    def on_body(self, body: Iterable[bytes]) -> Iterable[bytes] | None:
        """Give what the server gets instead of this exchange, such as the untouched body; None to let it pass through.

        The server then closes what it was given, and no other hook is called any more but, for an application that
        starts lazily, :meth:`on_start`.
        """
        return None

    def on_chunk(self, chunk: bytes) -> bytes:
        """Turn one chunk of the application, yielded or written, into one for the server; ``b""`` holds it back."""
        return chunk

    def on_end(self) -> bytes:
        """Give what remains to be sent after the last chunk."""
        return b""

    def on_close(self, error: BaseException | None) -> None:
        """Finish, once, whatever happened.

        :param error: what the application raised in the call, in the body or in ``close()``; None where it did not.
        """

    def run(self, app: App) -> Iterable[bytes]:
        """Call the application, and give the iterable to return to the server."""
        try:
            self._source = source = app(self.environ, self.begin)
            instead = self.on_body(source)
            if instead is not None:
                return instead
            self._chunks = iter(source)
        except BaseException as error:  # the server gets no iterable that it could close
            self._error = error
            with suppress(Exception):  # the first error is the one to tell
                self.close()
            raise
        return keep_length(source, self) if self.keeps_length else self

    def begin(self, status: str, headers: Headers, exc_info: ExcInfo | None = None) -> Write:
        """The ``start_response`` that the application gets."""
        try:
            status, headers = self.on_start(status, headers)
            accepted = [*headers]  # the server may change the list that it gets
            write = self.start_response(status, headers, exc_info)
        finally:
            exc_info = None  # PEP 3333: no circular reference through the traceback
        self.status = status
        self.headers = accepted
        return lambda chunk: write(self.on_chunk(chunk))

    def forward(self, status: str, headers: Headers, exc_info: ExcInfo | None = None) -> Write:
        """Start the response at the server. Where the server raises ``exc_info``, what was accepted before stands."""
        accepted = [*headers]  # the server may change the list that it gets
        try:
            write = self.start_response(status, headers, exc_info)
        finally:
            exc_info = None
        self.status = status
        self.headers = accepted
        return write

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        try:
            chunk = next(self._chunks, END)
            if chunk is not END:
                return self.on_chunk(chunk)
            if not self.finished and self._error is None:
                self._chunks = _NOTHING  # some iterators must not be asked again
                rest = self.on_end()
                self.finished = True
                if rest:
                    return rest
        except BaseException as error:
            self._error = error
            raise
        raise StopIteration

    def close(self) -> None:
        """Close the application's iterable, not its iterator, and then this exchange. A second call does nothing."""
        if self._source is _CLOSED:
            return
        source, self._source = self._source, _CLOSED
        self._chunks = _NOTHING
        try:
            close = getattr(source, "close", None)
            if close is not None:
                close()
        except BaseException as error:
            if self._error is None:
                self._error = error
            raise
        finally:
            try:
                self.on_close(self._error)
            finally:
                self._error = None  # its traceback leads here


class ClosableIterator(Protocol):
    """An iterator over a body that the server closes."""

    def __iter__(self) -> Self: ...
    def __next__(self) -> bytes: ...
    def close(self) -> None: ...


def keep_length(source: Iterable[bytes], chunks: ClosableIterator, /) -> Iterable[bytes]:
    """The chunks with the ``len()`` of their source, if it has one: a server takes Content-Length from a single one."""
    return _Sized(chunks, source) if hasattr(type(source), "__len__") else chunks


class _Sized:
    __slots__ = ("_chunks", "_source", "close")

    def __init__(self, chunks: ClosableIterator, source: Iterable[bytes]) -> None:
        self._chunks = chunks
        self._source = source
        self.close = chunks.close

    @property
    def is_inert(self) -> bool:
        return not getattr(self._chunks, "needs_context", True) and type(self._source) in (list, tuple)

    def __len__(self) -> int:
        return len(cast(Sized, self._source))  # or its TypeError, by which a body tells that the length is not known

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._chunks)


_NOTHING: Iterator[bytes] = iter(())
_CLOSED: list[bytes] = []

END = bytes(bytearray(b"end"))
"""What ``next(chunks, END)`` gives at the end: no other object is it, and so no chunk."""
