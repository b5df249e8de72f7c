"""A second application for the requests to which the first one has no answer."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from io import BytesIO
from typing import Any, BinaryIO, ClassVar

from wsgistack.base import Middleware
from wsgistack.errors import ConfigError, Mistake, Mistakes, check_counts
from wsgistack.exchange import Exchange, refuse_write
from wsgistack.http.bodies import BodyRefusedError, find_body_length, has_no_body
from wsgistack.peers import AUTHENTICATION, because
from wsgistack.pipeline.shape import check_application
from wsgistack.types import App, Changes, Environ, ExcInfo, Headers, Size, StartResponse, Write

__all__ = ["Cascade", "composite_factory"]


class Cascade(Middleware):
    """Ask another application if the first one answers 404 or 405, as while a site moves from one to the other.

    ::

        Cascade(app, fallback=legacy)

        [filter:cascade]
        use = egg:wsgistack#cascade
        fallback = wsgiref.simple_server:demo_app
        statuses = 404 405

    The client gets nothing of the refused answer, not even what was sent with ``write()``. Its body is closed, and not
    read. The fallback's answer is final. Each application gets the environ as the server made it, with the same
    SCRIPT_NAME and PATH_INFO: what the first one adds is gone if its answer is refused. Layers outside see what the
    answering application adds before it starts its response.

    The body of the request goes to the fallback unread if the first application did not read it, whatever its size. If
    the first application reads it, its answer is final, unless the body has a Content-Length up to ``max_body``.

    For PasteDeploy, ``[composite:main]`` with ``use = egg:wsgistack#cascade`` accepts the keys of Paste's cascade:
    ``app1``, ``app2`` and more, which are asked in the order of the alphabet, and ``catch``, which is 404 by default.

    :param fallback: the other application; in a configuration its import string, such as ``legacy.wsgi:application``.
        Required.
    :param statuses: the status codes of the first application's answers that are refused. 404 and 405 by default: the
        first application does not know the path, or not this method of it.
    :param max_body: the largest body of a request, in bytes, that both applications can read. It is kept in memory.
        64 KiB by default, more than a form without a file needs.
    :raises ConfigError: the fallback is missing or is no application, a status is not 400 to 599, or the size is wrong.

    Cost tier T1; T2 for an application that starts its response after its return.

    Place it inside everything else, around the application. Not for an application that changes data before it answers
    404. Not needed where the paths of both are known: ``mount`` is faster, and asks only one of them.
    """

    must_be_inside: ClassVar[Mapping[str, str]] = {
        "access_log": "requests to the fallback would not be logged",
        "catch_errors": "errors of the fallback would not be caught",
        **because(AUTHENTICATION, "the fallback would be asked without credentials"),
    }
    changes: ClassVar[Changes] = Changes(answers=True, wraps=True)

    def __init__(
        self,
        app: App,
        /,
        *,
        fallback: App | None = None,
        statuses: Collection[int] = (404, 405),
        max_body: Size = 65536,
    ) -> None:
        super().__init__(app)
        mistakes = Mistakes()
        with mistakes.collect("fallback"):
            if fallback is None:
                raise ConfigError(Mistake("missing application", expected="an import string such as legacy:app"))
            self._ask = check_application(fallback, "is")
        for status in statuses:
            if type(status) is not int or not 400 <= status <= 599:
                expected = "status codes of errors, such as 404"
                mistakes.append(Mistake(f"invalid value {status!r}", key="statuses", value=status, expected=expected))
        with mistakes.collect():
            check_counts("bytes", max_body=max_body)
        mistakes.raise_if_any()
        self.fallback = fallback
        self.statuses = statuses
        self.max_body = max_body
        self.codes: frozenset[str] = frozenset(map(str, statuses))

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        """Serve one request."""
        original = {**environ}
        given: _Input | None = None
        if environ.get("CONTENT_LENGTH") or not has_no_body(environ):
            given = environ["wsgi.input"] = _Input(environ, self.max_body)
        is_refused = is_started = False
        late: _LateAnswer | None = None

        def start(status: str, headers: Headers, exc_info: ExcInfo | None = None) -> Write:
            nonlocal is_refused, is_started
            try:
                if late is not None:
                    return late.begin(status, headers, exc_info)
                is_refused = not is_started and status[:3] in self.codes
                if given is not None:
                    is_refused = given.follow(is_refused)
                if is_refused:
                    return _drop_chunk
                if exc_info is None:  # some servers accept only two arguments
                    write: Write | None = start_response(status, headers)
                else:
                    write = start_response(status, headers, exc_info)
                is_started = True
                return refuse_write if write is None else write
            finally:
                exc_info = None  # PEP 3333: no circular reference through the traceback

        body = self.app(environ, start)
        if is_refused:
            close = getattr(body, "close", None)
            if close is not None:
                close()
            return self.ask_fallback(environ, original, given, start_response)
        if is_started:
            return body
        late = _LateAnswer(self, environ, start_response, original, given)
        return late.run(lambda environ, start_response: body)

    def ask_fallback(
        self, environ: Environ, original: Environ, given: "_Input | None", start_response: StartResponse
    ) -> Iterable[bytes]:
        """Ask the other application, in the environ as the server made it."""
        environ.clear()
        environ.update(original)
        if given is not None:
            environ["wsgi.input"] = given.rewind()
        return self._ask(environ, start_response)


class _LateAnswer(Exchange):
    """The answer of an application that starts it after its return. If it is refused, the server sees nothing of it."""

    __slots__ = ("_given", "_is_refused", "_layer", "_original", "_server")

    def __init__(
        self,
        layer: Cascade,
        environ: Environ,
        start_response: StartResponse,
        original: Environ,
        given: "_Input | None",
    ) -> None:
        super().__init__(environ, start_response)
        self._given = given
        self._is_refused = False
        self._layer = layer
        self._original = original
        self._server = start_response

    def on_start(self, status: str, headers: Headers) -> tuple[str, Headers]:
        is_refused = (not self.status or self._is_refused) and status[:3] in self._layer.codes
        self._is_refused = is_refused if self._given is None else self._given.follow(is_refused)
        self.start_response = _drop if self._is_refused else self._server
        return status, headers

    def on_body(self, body: Iterable[bytes]) -> Iterable[bytes]:
        self._chunks = self._iterate(body)
        self._sees_chunks = False
        return self

    def _iterate(self, body: Iterable[bytes]) -> Iterator[bytes]:
        """The chunks of the first answer, or those of the fallback."""
        for chunk in body:
            if self._is_refused:
                break
            yield chunk
        if not self._is_refused:
            return
        self.status = ""
        self.close()  # the first answer
        try:
            answer = self._layer.ask_fallback(self.environ, self._original, self._given, self._server)
        except StopIteration:  # gunicorn: it has taken over the connection
            return
        self._source = answer
        for chunk in answer:  # "yield from" would close it, as close() does
            yield chunk


def _drop(status: str, headers: Headers, exc_info: ExcInfo | None = None, /) -> Write:
    """Take the start of a refused answer, and what is written."""
    return _drop_chunk


def _drop_chunk(chunk: bytes) -> object:
    return None


class _Input:
    """The body of a request, which two applications can read if it is small. It is not read before one of them asks."""

    def __init__(self, environ: Environ, max_body: int) -> None:
        length = None
        with suppress(BodyRefusedError):  # the applications judge a length that is not valid
            length = find_body_length(environ)
        self._length = None if length is None or length > max_body else length
        self._given: BinaryIO = environ["wsgi.input"]
        self._opened: BinaryIO | None = None
        self._data: bytes | None = None
        self.is_spent: bool = False
        """Whether the fallback could not read the body again."""
        self.is_shut: bool = False
        """Whether the answer is refused already: from now on, the rest of a large body belongs to the fallback."""

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._open())

    def read(self, *size: int) -> bytes:
        return self._open().read(*size)

    def readline(self, *size: int) -> bytes:
        return self._open().readline(*size)

    def readlines(self, *hint: int) -> list[bytes]:
        return self._open().readlines(*hint)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._open(), name)

    def follow(self, is_refused: bool) -> bool:
        """Return whether an answer is refused, if its status says so, and what follows for the body."""
        self.is_shut = is_refused and not self.is_spent
        return self.is_shut

    def rewind(self) -> BinaryIO:
        """What the fallback reads: the whole body."""
        return self._given if self._data is None else BytesIO(self._data)

    def _open(self) -> BinaryIO:
        if self._opened is None:
            if self._length is not None:
                self._data = self._given.read(self._length)
                self._opened = BytesIO(self._data)
            elif self.is_shut:
                self._opened = BytesIO()
            else:
                self.is_spent = True
                self._opened = self._given
        return self._opened


def composite_factory(loader: Any, global_conf: Mapping[str, str], catch: object = "404", **apps: str) -> App:
    """Make a cascade for PasteDeploy, as ``paste.composite_factory``, from the keys of ``egg:Paste#cascade``.

    ::

        [composite:main]
        use = egg:wsgistack#cascade
        app1 = static
        app2 = pages
        catch = 404

    :param loader: PasteDeploy's loader, or one like it.
    :param global_conf: is passed to all applications.
    :param catch: the status codes that are refused. The default is that of Paste.
    :param apps: names of applications. They are asked in the order of the alphabet of their keys, as in Paste.
    :raises ConfigError: no application is given, a key does not begin with ``app``, or a status is not valid.
    """
    mistakes = Mistakes()
    if not apps:
        mistakes.append(Mistake("no applications are given", expected="names of applications, such as app1 = pages"))
    for key in apps:
        if not key.startswith("app"):
            expected = "catch, or a key that begins with app, such as app1"
            mistakes.append(Mistake("unknown key of cascade", key=key, value=apps[key], expected=expected))
    codes = re.findall(r"[^\s,\[\]]+", str(catch))  # in TOML, it may be a number or a list
    for code in codes:
        if not re.fullmatch("[45][0-9][0-9]", code):
            expected = "status codes of errors, such as 404"
            mistakes.append(Mistake(f"invalid value {code!r}", key="catch", value=catch, expected=expected))
    mistakes.raise_if_any()
    app: App
    *first, app = (loader.get_app(apps[key], global_conf=global_conf) for key in sorted(apps))
    for each in reversed(first):
        app = Cascade(each, fallback=app, statuses=[*map(int, codes)])
    return app
