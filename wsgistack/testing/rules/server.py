"""What a server must do for its application. A middleware is a server for the application that it wraps."""

from collections.abc import Iterator

from wsgistack.testing.record import Event, Record, Start
from wsgistack.testing.rules.rule import RuleBook

__all__ = ["SERVER"]

SERVER: RuleBook[Record] = RuleBook()

_TEXTS = ("REQUEST_METHOD", "SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL", "wsgi.url_scheme")
_OPTIONAL_TEXTS = (
    *("SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "CONTENT_TYPE", "CONTENT_LENGTH"),
    *("AUTH_TYPE", "GATEWAY_INTERFACE", "PATH_TRANSLATED", "SERVER_SOFTWARE"),
    *("REMOTE_ADDR", "REMOTE_HOST", "REMOTE_IDENT", "REMOTE_USER"),
)
_OTHERS = ("wsgi.version", "wsgi.input", "wsgi.errors", "wsgi.multithread", "wsgi.multiprocess", "wsgi.run_once")


@SERVER.rule
def calls_by_position(record: Record) -> Iterator[str]:
    """The application is called with environ and start_response, by position (PEP 3333, Specification Details)."""
    called = record.first("call")
    match called.value if called else None:
        case ((_, start), {**keywords}) if callable(start) and not keywords:
            pass
        case wrong:
            yield f"the application was called with {wrong!r:.80}"


@SERVER.rule
def environ_is_a_dict(record: Record) -> Iterator[str]:
    """The environ is a dict, not of a subclass or another mapping (PEP 3333, Specification Details)."""
    if type(record.environ) is not dict:
        yield f"the environ is of type {type(record.environ).__name__}"


@SERVER.rule
def environ_has_required_keys(record: Record) -> Iterator[str]:
    """The environ has the required keys: REQUEST_METHOD, SERVER_NAME, SERVER_PORT, SERVER_PROTOCOL and wsgi.url_scheme,
    which are not empty, and the other wsgi.* keys, with wsgi.version (1, 0) (PEP 3333, environ Variables)."""
    for key in (*_TEXTS, *_OTHERS):
        if key not in record.environ_then:
            yield f"the key {key} is missing"
    for key in _TEXTS:
        if record.environ_then.get(key) == "":
            yield f"{key} is empty"
    version = record.environ_then.get("wsgi.version", (1, 0))
    if version != (1, 0):
        yield f"wsgi.version is {version!r}"


@SERVER.rule
def environ_values_are_str(record: Record) -> Iterator[str]:
    """Each CGI variable and each header of the request is a str if the key exists, not None or a number (PEP 3333,
    environ Variables)."""
    for key, value in record.environ_then.items():
        if _is_text(key) and type(value) is not str:
            yield f"{key} is {value!r}"


def _is_text(key: object) -> bool:
    return key in _TEXTS or key in _OPTIONAL_TEXTS or (isinstance(key, str) and key.startswith("HTTP_"))


@SERVER.rule
def environ_values_are_latin_1(record: Record) -> Iterator[str]:
    """Each CGI variable and each header of the request has only characters of latin-1 (PEP 3333, Unicode Issues)."""
    for key, value in record.environ_then.items():
        if _is_text(key) and isinstance(value, str) and any(ord(character) > 255 for character in value):
            yield f"{key} is {value!r}"


@SERVER.rule
def streams_have_their_methods(record: Record) -> Iterator[str]:
    """wsgi.input has read, readline, readlines and __iter__; wsgi.errors has flush, write and writelines (PEP 3333,
    Input and Error Streams)."""
    for key, methods in _STREAMS.items():
        missing = [name for name in methods if not hasattr(record.environ_then.get(key), name)]
        if missing and key in record.environ_then:
            yield f"{key} has no {', '.join(missing)}"


_STREAMS = {
    "wsgi.input": ("read", "readline", "readlines", "__iter__"),
    "wsgi.errors": ("flush", "write", "writelines"),
}


@SERVER.rule
def returns_write(record: Record) -> Iterator[str]:
    """start_response always returns the write() callable (PEP 3333, The start_response() Callable)."""
    for start in record.starts:
        if start.raised is None and not callable(start.returned):
            yield f"start_response returned {start.returned!r}"


@SERVER.rule
def accepts_a_first_start(record: Record) -> Iterator[str]:
    """The first call of start_response is accepted: exc_info is optional, and may be None (PEP 3333, The
    start_response() Callable)."""
    first = next(iter(record.starts), None)
    if first and first.raised is not None and not first.exc_info:
        yield f"start_response{first.arguments!r:.60} raised {first.raised!r}"


@SERVER.rule
def refuses_a_restart_after_the_first_byte(record: Record) -> Iterator[str]:
    """After the first byte of the body, start_response with exc_info raises an exception, which should be that of
    exc_info (PEP 3333, The start_response() Callable)."""
    for event, start, error in _list_restarts(record):
        sent = any(each.value for each in record.all("write", "chunk") if each.at < event.at)
        if sent and start.raised is None:
            yield f"after the first byte, start_response got {error!r} and raised nothing"


@SERVER.rule
def accepts_a_restart_before_the_first_byte(record: Record) -> Iterator[str]:
    """Before the first call of write(), the first byte and the end of the body, start_response with exc_info replaces
    status and headers (PEP 3333, The start_response() Callable)."""
    for event, start, error in _list_restarts(record):
        may_be_sent = any(
            each.value or each.kind != "chunk" for each in record.all("write", "chunk", "end") if each.at < event.at
        )
        if start.raised is not None and not may_be_sent:
            yield f"before the first byte, start_response got {error!r} and raised {start.raised!r}"


def _list_restarts(record: Record) -> Iterator[tuple[Event, Start, BaseException]]:
    """Each call of start_response that has an exc_info, with its exception."""
    for event in record.all("start"):
        match event.value:
            case Start(exc_info=(_, BaseException() as error, _)) as start:
                yield event, start, error


@SERVER.rule
def reads_the_iterable_once(record: Record) -> Iterator[str]:
    """iter() is called once, and next() is not called after the end or after close(): PEP 3333 guarantees no more, and
    an iterable may call start_response in iter()."""
    if len(record.all("iterate")) > 1:
        yield f"iter() was called {len(record.all('iterate'))} times"
    over = record.first("end", "close")
    if over and any(event.at > over.at for event in record.all("pull")):
        yield "next() was called after the end or after close()"


@SERVER.rule
def closes_once(record: Record) -> Iterator[str]:
    """close() of the iterable, not of its iterator, is called exactly once, even if the request fails (PEP 3333,
    Specification Details)."""
    if record.is_watched and record.first("return") and len(record.all("close")) != 1:
        yield f"close() was called {len(record.all('close'))} times"
