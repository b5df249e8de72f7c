"""How a response travels from an application, through a layer, to the server (PEP 3333). Only this package knows it.

A layer takes the lowest tier that can do its work for the request: it calls the application with the server's own
``start_response`` (T0), with one from :func:`editing` (T1), or through an exchange (T2):

- :class:`Exchange` sees the start, each chunk and the end.
- :class:`~wsgistack.exchange.held.HeldExchange` sends the start only with the first chunk, so that a layer can still
  change or replace it.
- :class:`~wsgistack.exchange.measured.MeasuredExchange` counts the bytes, and knows how the response ended.

:func:`~wsgistack.exchange.context.call_in_context` sets a context variable while the application works.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import chain, islice
from types import FunctionType
from typing import ClassVar, NoReturn, Self, TypeVar, overload

from wsgistack.environ import mark_client_gone
from wsgistack.exchange.lengths import SizedChunks, keep_length
from wsgistack.file_wrapper import is_file_wrapper
from wsgistack.types import App, Edit, Environ, ExcInfo, Headers, StartResponse, Write

__all__ = [
    "CALLING",
    "CLOSED",
    "Exchange",
    "body_is_inert",
    "editing",
    "refuse_start",
    "refuse_write",
]

T = TypeVar("T")


@overload
def editing(start_response: StartResponse, edit: Edit, /) -> StartResponse: ...
@overload
def editing(
    start_response: StartResponse, edit: Callable[[str, Headers, T], tuple[str, Headers]], given: T, /
) -> StartResponse: ...
def editing(
    start_response: StartResponse, edit: Callable[..., tuple[str, Headers]], given: object = None, /
) -> StartResponse:
    """Return a ``start_response`` that passes the edited status and headers on. The body stays untouched (T1).

    Example, in a middleware::

        def __call__(self, environ, start_response, /):
            return self.app(environ, editing(start_response, edit))

    :param edit: is called with the status and the headers at each start, also at a restart with ``exc_info``. It
        returns new ones, and must not change the list: the application may use it again.
    :param given: what ``edit`` needs to know about the request, as its third argument. With it, ``edit`` can be a
        method of the layer, which CPython calls faster than a function that is made for each request.
    """

    def start(status: str, headers: Headers, exc_info: ExcInfo | None = None) -> Write:
        try:
            status, headers = edit(status, headers) if given is None else edit(status, headers, given)
            if exc_info is None:  # some servers accept only two arguments
                write: Write | None = start_response(status, headers)
            else:
                write = start_response(status, headers, exc_info)
            return refuse_write if write is None else write
        finally:
            exc_info = None  # PEP 3333: no circular reference through the traceback

    return start


def body_is_inert(body: object, environ: Environ, /) -> bool:
    """Whether the application has finished its work, so that no code of it runs while the server sends this body.

    True for a list or tuple, for one of these in an exchange that needs no context, and for the server's own file
    wrapper. A layer that matters only while the application runs can return such a body as it is. Then ``len()`` and
    sendfile keep working.
    """
    if type(body) is list or type(body) is tuple:
        return True
    return body.is_inert if type(body) is SizedChunks else is_file_wrapper(body, environ)


class Exchange:
    """One request on its way through a layer that sees the body. The hooks do nothing until a subclass overrides them.

    Example::

        class Shout(Middleware):
            changes = Changes(body=True)

            def __call__(self, environ, start_response, /):
                return _Shouting(environ, start_response).run(self.app)


        class _Shouting(Exchange):
            __slots__ = ()
            keeps_length = True

            def on_chunk(self, chunk):
                return chunk.upper()

    Each request has its own exchange, which holds everything that changes, so that many threads can share the layer. It
    keeps what PEP 3333 asks of a middleware: ``exc_info`` passes unmodified, ``write()`` works, the application may
    start late, each chunk in is one chunk out, nothing is read ahead, and ``close()`` of the application's iterable is
    called exactly once.

    It also copes with servers that break PEP 3333. Where ``start_response`` returns no ``write()``, written chunks wait
    until the server reads the body. Where the server reads the status as soon as the application returns, the first
    chunk is taken before. Where the application takes over the connection, as WebSockets do, nothing is sent.

    Cost tier T2. To change only the status or headers, :func:`editing` costs about half.
    """

    __slots__ = (
        "_chunks",
        "_error",
        "_sees_chunks",
        "_source",
        "_write",
        "environ",
        "finished",
        "headers",
        "holds",
        "is_held",
        "sent",
        "start_response",
        "status",
    )

    keeps_length: ClassVar[bool] = False
    """Whether ``len()`` of a body is kept: only if each chunk becomes one chunk and :meth:`on_end` adds none."""

    needs_context: ClassVar[bool] = True
    """Whether the exchange needs the context variables of outer layers while it works on a list or tuple."""

    _edits_start: ClassVar[bool] = False
    _passes_start: ClassVar[bool] = False
    _passes_lists: ClassVar[bool] = False

    def __init_subclass__(cls, **keywords: object) -> None:
        """Copy the methods of this package into each class: without copies, five layers take 3 to 13 % more time.

        CPython specializes code for the class of ``self``. The exchanges of several layers work on one request in turn,
        and would undo the specialization of each other.
        """
        super().__init_subclass__(**keywords)  # of Generic, or of a mixin
        if "on_body" in vars(cls):
            cls._passes_lists = vars(cls).get("_passes_lists", False)
        for name in dir(cls):
            method = getattr(cls, name)
            is_ours = isinstance(method, FunctionType) and method.__module__.startswith(__name__)
            if is_ours and name not in vars(cls) and method is not Exchange.on_start:
                code, closure = method.__code__.replace(), method.__closure__
                setattr(cls, name, FunctionType(code, method.__globals__, name, method.__defaults__, closure))
        cls._edits_start = cls.on_start is not Exchange.on_start
        cls._passes_start = not cls._edits_start and cls.begin.__code__.co_qualname == "Exchange.begin"

    def __init__(self, environ: Environ, start_response: StartResponse) -> None:
        self.environ: Environ = environ
        self.start_response: StartResponse = start_response
        self.status: str = ""
        """The last status that the server accepted, or that is held. Empty before; 101 if the application took over."""
        self.headers: Headers = _NO_HEADERS
        """The headers of that start, as edited."""
        self.is_held: bool = False
        """Whether that start waits for the first chunk, in a :class:`~wsgistack.exchange.held.HeldExchange`."""
        self.holds: bool = True
        """Whether such an exchange may hold the next start; :meth:`on_start` can change it."""
        self.sent: int = 0
        """The bytes of the body that went to the server, if this exchange counts them; see its class."""
        self.finished: bool = False
        """Whether the body came to its end. If not, the client has gone or an error happened."""
        self._source: Iterable[bytes] = CALLING
        self._chunks: Iterator[bytes] = _NOTHING
        self._sees_chunks = True
        self._error: BaseException | None = None
        self._write: Write | None = None

    prepare = __init__
    """The same, for a class with ``__init__ = object.__init__``: CPython 3.11 makes its objects 0.1 µs faster."""

    def on_start(self, status: str, headers: Headers) -> tuple[str, Headers]:
        """Edit the status and headers without changing the list. A restart with ``exc_info`` calls it again."""
        return status, headers

    def on_body(self, body: Iterable[bytes]) -> Iterable[bytes] | None:
        """Return what the server gets instead of this exchange, such as the untouched body, or None to see each chunk.

        The server closes what it gets. If this is not None, only :meth:`on_start` may still be called, for an
        application that starts late.
        """
        return None

    def on_chunk(self, chunk: bytes) -> bytes:
        """Turn one chunk, which the application yields or writes, into one for the server. ``b""`` holds it back."""
        return chunk

    def on_end(self) -> bytes:
        """Return what remains to be sent after the last chunk."""
        return b""

    def on_close(self, error: BaseException | None) -> None:
        """Finish, for example write a line to a log. It is called once, whatever happened.

        :param error: the first error in the call, in the body or in ``close()``, or of the server in ``write()``; None
            without an error.
        """

    def run(self, app: App) -> Iterable[bytes]:
        """Call the application, and return the iterable for the server."""
        try:
            self._source = source = app(self.environ, self._send if self._passes_start else self.begin)
            if self.is_held and type(source) is list and self._passes_lists:  # nearly always: the shortest way
                self.is_held = False
                self._write = refuse_write
                self.start_response(self.status, self.headers)
                return source
            if not self.status and isinstance(source, _LISTS) and not any(source) and self._notice_takeover():
                self.close()
                return source
            written = self._chunks
            instead = self.on_body(source)
            if instead is None:
                self._chunks = iter(source)
                instead = self
                if self.keeps_length and hasattr(source, "__len__"):
                    instead = keep_length(source, self)
            if written is not _NOTHING:  # to a server without write()
                return _Joined(written, instead, instead)
            if self._write is not None or self.environ.get("SERVER_SOFTWARE") != _READS_START_AT_RETURN:
                return instead
            chunks = iter(instead)
            return _Joined([*islice(chunks, 1)], chunks, instead)
        except BaseException as error:
            # gunicorn: StopIteration means that the server must leave the connection alone
            # not isinstance(), which asks an error for its __class__
            is_takeover = issubclass(type(error), StopIteration) and self._notice_takeover()
            if not is_takeover and error is not self._error and self._recover(error):
                return self
            with suppress(Exception):  # the first error is the one to report
                self.close()  # the server gets no iterable that it could close
            raise

    def begin(self, status: str, headers: Headers, exc_info: ExcInfo | None = None) -> Write:
        """Start the response: the ``start_response`` that the application gets."""
        try:
            if self._edits_start:
                status, headers = self.on_start(status, headers)
            return self._send(status, headers, exc_info)
        finally:
            exc_info = None

    def _send(self, status: str, headers: Headers, exc_info: ExcInfo | None = None) -> Write:
        """Send an edited start. If the server raises an error, the start before it stays valid."""
        accepted = [*headers]  # the server may change the list that it gets
        try:
            if exc_info is None:  # some servers accept only two arguments
                write: Write | None = self.start_response(status, headers)
            else:
                write = self.start_response(status, headers, exc_info)
        finally:
            exc_info = None
        self._write = refuse_write if write is None else write
        self.status = status
        self.headers = accepted
        return self.write

    def release(self) -> None:
        """Send the start that is held, unless it was sent before."""
        if self._write is not None:
            return
        if not self.is_held:
            raise RuntimeError("the application returned a body without calling start_response")
        self.is_held = False
        self._write = refuse_write  # from now on the server may know of a start, even if it raises an error
        write: Write | None = self.start_response(self.status, [*self.headers])
        if write is not None:
            self._write = write

    def write(self, chunk: bytes) -> object:
        """Send one chunk at once: the ``write()`` that the application gets."""
        data = self.on_chunk(chunk)
        write = self._write
        if write is None or write is refuse_write:
            if self._source is not CALLING:
                refuse_write(data)
            self._chunks = chain(self._chunks, (data,))
            return None
        try:
            return write(data)
        except Exception as error:
            if issubclass(type(error), OSError) or type(error).__name__ == "ClientDisconnected":  # of Waitress
                mark_client_gone(error)
                self._error = error
            raise

    def __iter__(self) -> Iterator[bytes]:
        # A generator is faster than a __next__ method. All state is in the exchange, so that a second one can go on.
        while True:
            try:
                for chunk in self._chunks:
                    if self._sees_chunks:
                        yield self.on_chunk(chunk)
                    else:
                        self.sent += len(chunk)
                        yield chunk
                    if self._source is CLOSED:  # by on_chunk(), or by a server that then asks again
                        return
                if not self.finished and self._error is None:
                    self._chunks = _NOTHING  # some iterators must not be asked again
                    # without a start, another middleware has wrapped the body of a takeover
                    rest = b"" if not self.status and self._notice_takeover() else self.on_end()
                    self.finished = True
                    self.start_response, self._write = refuse_start, refuse_write  # no cycle of nested exchanges
                    if rest:
                        yield rest
                return
            except GeneratorExit:  # the server has forgotten this generator: not an error of the application
                raise
            except BaseException as error:
                if not self._recover(error):
                    raise

    def close(self) -> None:
        """Close the application's iterable, not its iterator, and then this exchange. A second call does nothing."""
        if self._source is CLOSED:
            return
        source, self._source = self._source, CLOSED
        self._chunks = _NOTHING
        try:
            try:
                if self.is_held and self._error is None:
                    self.release()  # no chunk came: the body is empty, or the client has gone
            finally:
                close = getattr(source, "close", None)
                if close is not None:
                    close()
        except BaseException as error:
            self._recover(error)
            raise
        finally:
            try:
                self.on_close(self._error)
            finally:
                self._error = None  # its traceback refers to this exchange

    def _recover(self, error: BaseException) -> bool:
        """Whether the body goes on after an error."""
        if self._error is None:
            self._error = error
        return False

    def _notice_takeover(self) -> bool:
        """Whether the application, which has sent nothing here, has used the connection by itself."""
        # clients also send Upgrade for HTTP/2, which servers ignore
        if self.status or self.environ.get("HTTP_UPGRADE", "").lower() != "websocket":
            return False
        self.status = "101 Switching Protocols"
        return True


class _Joined(chain[bytes]):
    """Chunks that were made before the server asked, and then the rest of the body."""

    __slots__ = ("close",)
    close: Callable[[], object]

    def __new__(cls, first: Iterable[bytes], rest: Iterable[bytes], body: Iterable[bytes]) -> Self:
        joined = super().__new__(cls, first, rest)
        joined.close = getattr(body, "close", bool)  # Granian calls it in any case
        return joined


def refuse_write(chunk: bytes) -> NoReturn:
    """Replace the ``write()`` that a server does not have."""
    raise RuntimeError("the server's start_response returned no write(); yield the chunks of the body instead")


def refuse_start(status: str, headers: Headers, exc_info: ExcInfo | None = None, /) -> NoReturn:
    """Replace the ``start_response`` of the server once the body has ended."""
    raise RuntimeError("start_response was called after the end of the body")


_LISTS = (list, tuple)
_NOTHING: Iterator[bytes] = iter(())
_NO_HEADERS: Headers = []
_READS_START_AT_RETURN = "Granian"

CALLING: list[bytes] = []
"""What an exchange has as the application's iterable during the call."""

CLOSED: list[bytes] = []
"""What an exchange has as the application's iterable before the call, and once that is closed."""
