"""The floor of access_log."""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from time import localtime, perf_counter, strftime, time
from typing import Any
from urllib.parse import quote

from wsgistack.types import App, Environ, ExcInfo, Headers, StartResponse, Write

__all__ = ["AccessLog", "Unsized", "format_line", "read_request"]

_ODD = re.compile(r"[^ !#-\[\]-~]").search
_ODD_IN_PATH = re.compile(r"[^A-Za-z0-9_.\-/;:@&=+$,!*'()~]").search
_ESCAPES = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 256))} | {34: '\\"', 92: "\\\\"}
_WriteLine = Callable[[str], object]


class AccessLog:
    """Write the line of a request when its response has ended, with the number of bytes that were sent."""

    __slots__ = ("_app", "_write_line")

    def __init__(self, app: App, write_line: _WriteLine) -> None:
        self._app = app
        self._write_line = write_line

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        logged = _Logged(environ, start_response, self._write_line)
        try:
            logged.source = body = self._app(environ, logged.start)
            logged.chunks = iter(body)
        except BaseException:
            logged.failed = True
            logged.close()
            raise
        return logged if hasattr(body, "__len__") else Unsized(logged)


class _Logged:
    __slots__ = (
        "accept",
        "asked",
        "begin",
        "chunks",
        "code",
        "environ",
        "failed",
        "sent",
        "since",
        "source",
        "write",
        "write_line",
    )

    def __init__(self, environ: Environ, accept: StartResponse, write_line: _WriteLine) -> None:
        self.since = perf_counter()
        self.begin = time()
        self.environ = environ
        self.asked = read_request(environ)
        self.accept = accept
        self.write_line = write_line
        self.sent = 0
        self.code = ""
        self.failed = False
        self.source: Any = ()
        self.chunks: Any

    def start(self, status: str, headers: Headers, exc_info: ExcInfo | None = None) -> Write:
        try:
            self.write = self.accept(status, headers, exc_info) if exc_info else self.accept(status, headers)
        finally:
            exc_info = None
        self.code = status[:3]
        return self._counted

    def _counted(self, chunk: bytes) -> object:
        self.sent += len(chunk)
        return self.write(chunk)

    def __len__(self) -> int:
        return len(self.source)

    def __iter__(self) -> "_Logged":
        return self

    def __next__(self) -> bytes:
        try:
            chunk: bytes = next(self.chunks)
        except StopIteration:
            raise
        except BaseException:
            self.failed = True
            raise
        self.sent += len(chunk)
        return chunk

    def close(self) -> None:
        source = self.source
        if source is None:
            return
        self.source = None
        try:
            if hasattr(source, "close"):
                source.close()
        finally:
            micros = round((perf_counter() - self.since) * 1e6)
            code = "500" if self.failed and not self.sent else self.code or "-"
            sent = 0 if code in ("204", "304") or self.environ.get("REQUEST_METHOD") == "HEAD" else self.sent
            self.write_line(format_line(self.environ, self.asked, self.begin, code, sent, micros))


class Unsized:
    """A body without ``len()``."""

    __slots__ = ("_body", "close")

    def __init__(self, body: Any) -> None:
        self._body = body
        self.close = body.close

    def __iter__(self) -> Any:
        return self._body


def read_request(environ: Environ) -> tuple[str, str, str, str, str]:
    """Read the request before the application changes the environ."""
    get = environ.get
    path = get("SCRIPT_NAME", "") + get("PATH_INFO", "")
    query = get("QUERY_STRING", "")
    return get("REMOTE_ADDR") or "-", get("REQUEST_METHOD") or "-", path, query, get("SERVER_PROTOCOL") or "-"


def format_line(
    environ: Environ, asked: tuple[str, str, str, str, str], begin: float, code: str, sent: int, micros: int
) -> str:
    """Format Apache's combined line, with the duration and the id at its end."""
    get = environ.get
    client, method, target, query, protocol = asked
    if _ODD_IN_PATH(target):
        target = quote(target, encoding="latin-1", errors="replace")
    if query:
        target = f"{target}?{query}"
    facts = (
        client,
        get("REMOTE_USER") or "-",
        method,
        target or "/",
        protocol,
        get("HTTP_REFERER") or "-",
        get("HTTP_USER_AGENT") or "-",
        get("wsgistack.request_id") or "-",
    )
    if _ODD("".join(facts)) or " " in "".join(facts[:5]):
        quoted = [fact.translate(_ESCAPES) for fact in facts]
        facts = (*[fact.replace(" ", "\\x20") for fact in quoted[:5]], *quoted[5:])  # type: ignore[assignment]
    client, user, method, target, protocol, referer, agent, made = facts
    begins = f'{client} - {user} {_format_time(int(begin))} "{method} {target} {protocol}" {code} {sent or "-"}'
    return f'{begins} "{referer}" "{agent}" {micros} {made}'


@lru_cache(maxsize=4)
def _format_time(second: int) -> str:
    return strftime("[%d/%b/%Y:%H:%M:%S %z]", localtime(second))
