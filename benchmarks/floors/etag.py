"""The floor of etag."""

from collections.abc import Iterable
from hashlib import sha256

from wsgistack.types import App, Environ, ExcInfo, Headers, StartResponse, Write

__all__ = ["Etag"]

_MEANING = ("content-type", "content-encoding", "content-language")
_FORBIDDING = ("etag", "content-range")
_NOT_IN_304 = (*_MEANING, "content-length")


class Etag:
    """Give a list or tuple of at most 1 MiB a tag, and answer 304 to If-None-Match with one tag."""

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

        def start(status: str, headers: Headers, exc_info: ExcInfo | None = None) -> Write:
            nonlocal held, passed
            if is_calling and exc_info is None and held is None and passed is None and status[:3] == "200":
                held = status, [*headers]
                return write
            try:
                if exc_info:
                    held = None
                    passed = start_response(status, headers, exc_info)
                else:
                    release()
                    passed = start_response(status, headers)
            finally:
                exc_info = None
            return write

        def release() -> None:
            nonlocal held, passed
            if held is not None:
                status, headers = held
                held = None
                passed = start_response(status, headers)

        def write(chunk: bytes) -> object:
            release()
            return passed(chunk) if passed else None

        body = self._app(environ, start)
        is_calling = False
        if held is None:
            return body
        if type(body) is list or type(body) is tuple:
            status, headers = held
            length = sum(map(len, body))
            if 0 < length <= 1048576 and (meaning := _find_meaning(headers, str(length))) is not None:
                digest = sha256(meaning.encode())
                digest.update(b"".join(body))
                tag = f'"{digest.hexdigest()[:32]}"'
                headers.append(("ETag", tag))
                known = environ.get("HTTP_IF_NONE_MATCH", "").strip()
                is_alone = "HTTP_IF_MATCH" not in environ and "HTTP_IF_UNMODIFIED_SINCE" not in environ
                if known and is_alone and known.removeprefix("W/") == tag:
                    start_response("304 Not Modified", [h for h in headers if h[0].lower() not in _NOT_IN_304])
                    return [b""]
            start_response(status, headers)
            return body
        release()
        return body


def _find_meaning(headers: Headers, length: str) -> str | None:
    meaning = ""
    for name, value in headers:
        lowered = name.lower()
        if lowered in _MEANING:
            meaning += f"{lowered}: {value}\n"
        elif lowered == "content-length":
            if value != length:
                return None
        elif lowered in _FORBIDDING or (lowered == "cache-control" and "no-store" in value.lower()):
            return None
    return meaning
