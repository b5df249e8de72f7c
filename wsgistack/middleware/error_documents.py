"""Pages for errors whose body an application left empty."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from io import BytesIO
from mimetypes import guess_type
from pathlib import Path
from typing import ClassVar, NamedTuple, cast
from urllib.parse import unquote_to_bytes
from wsgiref.util import FileWrapper

from wsgistack.base import Middleware
from wsgistack.environ import METHOD_OVERRIDES
from wsgistack.errors import ConfigError, Mistake, Mistakes, check_mappings, describe_type
from wsgistack.exchange import Exchange
from wsgistack.exchange.held import HeldExchange
from wsgistack.file_wrapper import is_file_wrapper
from wsgistack.http import headers as h
from wsgistack.http.notices import Notice
from wsgistack.http.responses import ERRORS
from wsgistack.pipeline.shape import check_application
from wsgistack.types import App, Changes, Environ, ExcInfo, Headers, StartResponse, Write

__all__ = ["ErrorDocuments"]

_INSIDE = "wsgistack.error_document"
"""Marks a subrequest: an empty answer to it gets no document."""

_STATUSES = {*map(str, ERRORS), "4xx", "5xx"}
_OF_THE_BODY = frozenset(
    (
        *("content-digest", "content-encoding", "content-language", "content-length", "content-md5", "content-type"),
        *("digest", "etag", "repr-digest"),
    )
)
_ADDED = frozenset(("set-cookie", "vary"))
# They are about the document as a page of its own, and could let a cache keep it for the path that failed.
_OF_THE_PAGE = frozenset(
    ("accept-ranges", "age", "cache-control", "content-range", "etag", "expires", "last-modified", "location")
)
_OF_THE_REQUEST = (
    *("CONTENT_LENGTH", "CONTENT_TYPE", "HTTP_CONTENT_ENCODING", "HTTP_EXPECT", "HTTP_TRANSFER_ENCODING"),
    *("HTTP_IF_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_NONE_MATCH", "HTTP_IF_RANGE", "HTTP_IF_UNMODIFIED_SINCE"),
    *("HTTP_RANGE", "HTTP_UPGRADE", "RAW_URI", "REQUEST_URI"),
    *METHOD_OVERRIDES,
)


class ErrorDocuments(Middleware):
    """Send a page in place of an error whose body the application left empty, like Apache's ErrorDocument.

    ::

        ErrorDocuments(app, paths={"404": "/errors/missing"}, files={"5xx": "errors/5xx.html"})

        [filter:error_documents]
        use = egg:wsgistack#error_documents
        paths =
            404 = /errors/missing
            5xx = /errors/broken

    The answer keeps its status and its headers, such as ``Allow``. The page adds its own headers, except those about
    caching. An answer with a body stays as it is, and so does an answer to HEAD unless its Content-Length is 0.

    An application that makes a page gets a GET without a body, or a HEAD, for the path, with the other headers of the
    client and with what Apache adds: ``REDIRECT_STATUS``, ``REDIRECT_URL``, ``REDIRECT_QUERY_STRING`` and
    ``REDIRECT_REQUEST_METHOD`` are those of the original request. The page must have a body, and a status of success or
    the one of the error. If it has not, or if making it fails, the client gets the empty answer. A warning goes to the
    log ``wsgistack.error_documents``, at most once a minute.

    :param paths: the path of the page for each status, such as ``/errors/missing``, perhaps with a query. ``4xx`` and
        ``5xx`` mean all other statuses that begin with this digit. None by default.
    :param files: a file for each status, in the same way. It is read when the layer is built. The media type is that
        of the file's extension; a text must be UTF-8. None by default.
    :param application: makes the pages of ``paths``; in a configuration its import string, such as
        ``errors.wsgi:application``. By default, it is the one inside of this layer.
    :raises ConfigError: nothing is configured, a status is no error or has a path and a file, or a file can't be read.

    Cost tier T2; every body with another status stays untouched.

    Place it inside ``access_log`` and ``catch_errors``, and inside guards, so that a guard checks each request once.
    Not needed where applications make error pages themselves. For the answers of layers see ``responses``.
    """

    must_be_inside: ClassVar[Mapping[str, str]] = {
        "access_log": "the log would show the length of the empty answer",
        "catch_errors": "errors of the application that makes the pages would not be caught",
    }
    changes: ClassVar[Changes] = Changes(answers=True, wraps=True)

    def __init__(
        self,
        app: App,
        /,
        *,
        paths: Mapping[str, str] | None = None,
        files: Mapping[str, Path] | None = None,
        application: App | None = None,
    ) -> None:
        super().__init__(app)
        check_mappings(paths=paths or {}, files=files or {})
        mistakes = Mistakes()
        if not (paths or files):
            mistakes.append(Mistake("nothing is configured", expected="paths or files"))
        self._documents: dict[str, str | _File] = {}
        for status, path in (paths or {}).items():
            with mistakes.collect("paths"):
                name = _check_status(status, self._documents)
                self._documents[name] = _check_path(path)
        for status, file in (files or {}).items():
            with mistakes.collect("files"):
                name = _check_status(status, self._documents)
                self._documents[name] = _read_file(Path(file))
        if application is not None:
            with mistakes.collect("application"):
                check_application(application, "is")
        mistakes.raise_if_any()
        self.paths = paths
        self.files = files
        self.application = application
        self.make_page: App = application or app

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        """Serve one request."""
        if _INSIDE in environ:
            return self.app(environ, start_response)
        return _Documented(self, environ, start_response).run(self.app)

    def find_document(self, status: str) -> "str | _File | None":
        """Return the path or the file for a status."""
        found = self._documents.get(status[:3])
        return self._documents.get(f"{status[:1]}xx") if found is None else found

    def report(self, path: str, code: str, problem: str, error: Exception | None = None) -> None:
        """Log that a page could not be made. The client gets the empty answer nevertheless."""
        with suppress(Exception):  # of a handler
            _notice.log("the error document %s for %s %s, an empty answer is sent", path, code, problem, error=error)


class _File(NamedTuple):
    headers: Headers
    body: bytes


class _Documented(HeldExchange):
    """Holds the start of an error back until it is known whether the body is empty."""

    __slots__ = ("_asked", "_document", "_layer", "_original", "_page")

    holds_restarts = True
    _asked: HeldExchange
    _document: str | _File | None
    _page: tuple[str, Headers]

    def __init__(self, layer: ErrorDocuments, environ: Environ, start_response: StartResponse) -> None:
        Exchange.__init__(self, environ, start_response)  # faster than super()
        self._layer = layer
        self._original = {**environ}

    def on_start(self, status: str, headers: Headers) -> tuple[str, Headers]:
        self.holds = status >= "4" and self._find_document(status, headers)
        return status, headers

    def on_body(self, body: Iterable[bytes]) -> Iterable[bytes] | None:
        if self.status:
            if not self.is_held:
                return body
            if any(body) if type(body) is list or type(body) is tuple else is_file_wrapper(body, self.environ):
                self.release()
                return body
        self._chunks = self._iterate(body)
        return self

    def _find_document(self, status: str, headers: Headers) -> bool:
        self._document = self._layer.find_document(status)
        if self._original["REQUEST_METHOD"] == "HEAD" and h.content_length(headers) != 0:
            return False  # perhaps GET has a body
        return self._document is not None

    def _iterate(self, body: Iterable[bytes]) -> Iterator[bytes]:
        """The chunks of the application; if they are empty, those of the page."""
        for chunk in body:
            if chunk or not self.is_held:
                yield chunk
        if self.is_held:
            yield from self._take_file() if isinstance(self._document, _File) else self._make_page()

    def _take_file(self) -> Iterator[bytes]:
        file = cast(_File, self._document)
        self.headers = _merge(self.headers, file.headers)
        yield b"" if self._original["REQUEST_METHOD"] == "HEAD" else file.body

    def _make_page(self) -> Iterator[bytes]:
        self.is_held = False  # else close() would send the start
        self.close()
        self.is_held = True
        path, code = cast(str, self._document), self.status[:3]
        self._source = ()
        self._page = ("", [])
        problem, failure = "", None
        try:
            # it sees a server without write(), so that the exchange keeps what is written until the body is read
            self._asked = HeldExchange(_make_environ(self._original, path, code), self._take_start)
            self._source = body = self._asked.run(self._layer.make_page)
            chunks = iter(body)
            first = next(filter(None, chunks), b"")
            problem = self._find_problem(first, code)
        except Exception as error:
            problem, failure = "failed", error
        if problem:
            self._layer.report(path, code, problem, failure)
            page, self._source = self._source, ()
            with suppress(Exception):  # the page does not matter any more
                getattr(page, "close", bool)()
            return
        self.headers = _merge(self.headers, self._page[1])
        if self._original["REQUEST_METHOD"] == "HEAD":
            yield b""  # a body of the page would be read as the next answer
            return
        yield first
        for chunk in chunks:  # noqa: UP028 - "yield from" would close it, as close() does
            yield chunk

    def _take_start(self, status: str, headers: Headers, exc_info: ExcInfo | None = None) -> Write:
        try:
            if exc_info and exc_info[1] is not None and not self._asked.can_answer:  # it has sent a chunk
                raise exc_info[1].with_traceback(exc_info[2])
            self._page = status, headers
            return cast(Write, None)
        finally:
            exc_info = None

    def _find_problem(self, first: bytes, code: str) -> str:
        status = self._page[0]
        if status[:1] != "2" and status[:3] != code:
            return f"has the status {status[:3]}"
        return "" if first or self._original["REQUEST_METHOD"] == "HEAD" else "has no body"


def _make_environ(original: Environ, path: str, code: str) -> Environ:
    """Make the environ of a subrequest."""
    path, _, query = path.partition("?")
    script_name, path_info = original.get("SCRIPT_NAME", ""), original.get("PATH_INFO", "")
    return {key: value for key, value in original.items() if key not in _OF_THE_REQUEST} | {
        "REQUEST_METHOD": "HEAD" if original["REQUEST_METHOD"] == "HEAD" else "GET",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "wsgi.input": BytesIO(),
        "wsgi.file_wrapper": FileWrapper,  # that of a server may only be for the server itself
        "REDIRECT_STATUS": code,
        "REDIRECT_URL": script_name + path_info,
        "REDIRECT_QUERY_STRING": original.get("QUERY_STRING", ""),
        "REDIRECT_REQUEST_METHOD": original["REQUEST_METHOD"],
        _INSIDE: True,
    }


def _merge(own: Headers, of_page: Headers) -> Headers:
    """The headers of an error, with those of its page."""
    kept = [each for each in own if each[0].lower() not in _OF_THE_BODY]
    left_out = {name.lower() for name, _ in kept} - _ADDED | _OF_THE_PAGE
    return kept + [each for each in of_page if each[0].lower() not in left_out]


def _check_status(status: object, known: Mapping[str, object]) -> str:
    name = str(status).lower()
    if name not in _STATUSES:
        expected = "the status of an error, such as 404, or 4xx or 5xx"
        raise ConfigError(Mistake(f"invalid value {status!r}", value=status, expected=expected))
    if name in known:
        raise ConfigError(Mistake(f"{name} has a document already", value=status, hint="remove one of them"))
    return name


def _check_path(path: str) -> str:
    if not (isinstance(path, str) and path[:1] == "/" and "#" not in path and path.isprintable()):
        problem = f"invalid value {path!r}" if isinstance(path, str) else describe_type(path)
        raise ConfigError(Mistake(problem, value=path, expected="a path such as /errors/missing"))
    return path


def _read_file(path: Path) -> _File:
    media_type, coding = guess_type(path.name)
    if media_type is None or coding:
        problem = f"the extension of {path.name} says no media type"
        raise ConfigError(Mistake(problem, value=path, expected="a file such as 404.html"))
    try:
        body = path.read_bytes()
        if media_type.startswith("text/"):
            body.decode()
            media_type += "; charset=utf-8"
    except OSError as error:
        raise ConfigError(Mistake(f"can't read {path}: {error.strerror}", value=path, expected="a file")) from error
    except UnicodeDecodeError as error:
        raise ConfigError(Mistake(f"can't read {path}: {error}", value=path, expected="a text in UTF-8")) from error
    if not body:
        raise ConfigError(Mistake(f"{path} is empty", value=path, expected="a page"))
    return _File([("Content-Type", media_type), ("Content-Length", str(len(body)))], body)


_notice = Notice(logging.getLogger("wsgistack.error_documents"))
