"""The floor of etag."""

from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256

from wsgistack.types import App, Environ, ExcInfo, Headers, StartResponse, Write

__all__ = ["Etag"]

_MEANING = ("content-type", "content-encoding", "content-language")
_FORBIDDING = ("etag", "content-range")
_MAX_SIZE = 1048576
_NOT_IN_304 = (*_MEANING, "content-length")


class Etag:
    """Give a whole body of at most 1 MiB a tag, and answer 304 to If-None-Match with one tag, also the application's.

    A body is whole if it is a list or tuple, or one chunk as long as its Content-Length.
    """

    __slots__ = ("_app",)

    def __init__(self, app: App) -> None:
        self._app = app

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        if environ.get("REQUEST_METHOD") not in ("GET", "HEAD"):
            return self._app(environ, start_response)
        held: tuple[str, Headers] | None = None
        passed: Write | None = None
        is_calling = True
        is_replaced = False

        def start(status: str, headers: Headers, exc_info: ExcInfo | None = None) -> Write:
            nonlocal held, passed, is_replaced
            if is_calling and exc_info is None and held is None and passed is None and status[:3] == "200":
                held = status, [*headers]
                return write
            try:
                if exc_info:
                    held = None
                    is_replaced = False
                    passed = start_response(status, headers, exc_info)
                else:
                    release()
                    passed = start_response(status, headers)
            finally:
                exc_info = None
            return write

        def release(whole: bytes = b"") -> bool:
            """Send the start, and return whether it replaces the body."""
            nonlocal held, passed, is_replaced
            if held is not None:
                status, headers = held
                held = None
                tag = _add_tag(headers, whole) if 0 < len(whole) <= _MAX_SIZE else ""
                if "HTTP_IF_NONE_MATCH" in environ and _is_known(tag or _find_tag(headers), environ):
                    is_replaced = True
                    status = "304 Not Modified"
                    headers = [h for h in headers if h[0].lower() not in _NOT_IN_304]
                passed = start_response(status, headers)
            return is_replaced

        def write(chunk: bytes) -> object:
            return passed(chunk) if not release() and passed else None

        body = self._app(environ, start)
        is_calling = False
        if held is None:
            return _Body([b""], body) if is_replaced else body
        if type(body) is list or type(body) is tuple:
            return [b""] if release(b"".join(body)) else body
        for name, value in held[1]:
            if name.lower() == "content-length":
                if value.isdecimal() and int(value) <= _MAX_SIZE and type(body) is not environ.get("wsgi.file_wrapper"):
                    return _Body(_wait(body, int(value), release), body)
                break
        return _Body([b""], body) if release() else body


class _Body:
    __slots__ = ("_chunks", "close")

    def __init__(self, chunks: Iterable[bytes], body: Iterable[bytes]) -> None:
        self._chunks = chunks
        self.close: Callable[[], object] = getattr(body, "close", bool)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._chunks)


def _wait(body: Iterable[bytes], length: int, release: Callable[[bytes], bool]) -> Iterator[bytes]:
    """The chunks of a body, whose start waits for the first one."""
    for chunk in body:
        is_replaced = release(chunk if len(chunk) == length else b"")
        yield b"" if is_replaced else chunk
        if is_replaced:
            return
    release(b"")


def _is_known(tag: str, environ: Environ) -> bool:
    """Whether the client has the body. Other conditions come first."""
    if not tag or "HTTP_IF_MATCH" in environ or "HTTP_IF_UNMODIFIED_SINCE" in environ:
        return False
    known: str = environ["HTTP_IF_NONE_MATCH"].strip()
    return known == tag or known.removeprefix("W/") == tag.removeprefix("W/")


def _find_tag(headers: Headers) -> str:
    return next((value for name, value in headers if name.lower() == "etag"), "")


def _add_tag(headers: Headers, body: bytes) -> str:
    length = str(len(body))
    meaning = ""
    for name, value in headers:
        lowered = name.lower()
        if lowered in _MEANING:
            meaning += f"{lowered}: {value}\n"
        elif lowered == "content-length":
            if value != length:
                return ""
        elif lowered in _FORBIDDING or (lowered == "cache-control" and "no-store" in value.lower()):
            return ""
    digest = sha256(meaning.encode())
    digest.update(body)
    tag = f'"{digest.hexdigest()[:32]}"'
    headers.append(("ETag", tag))
    return tag
