"""Errors that are hard to log, and logs that fail: the client gets an answer, and the log a record of bounded size."""

import io
import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.direct import Body, Call, answering, raising
from tests.waiting import MAX_WAIT
from wsgistack import CatchErrors
from wsgistack.errors import class_name
from wsgistack.logging import JsonFormatter
from wsgistack.middleware.catch_errors import secrets
from wsgistack.middleware.catch_errors.reports.record import ErrorReport
from wsgistack.types import App, Environ, StartResponse


class FalseClass(Exception):  # noqa: N818
    @property
    def __class__(self) -> Any:
        raise RuntimeError("no class")

    @__class__.setter
    def __class__(self, value: object) -> None: ...


class Mute(Exception):  # noqa: N818
    def __str__(self) -> str:
        raise RuntimeError("no words")

    __repr__ = __str__


class Hidden(Exception):  # noqa: N818
    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(f"no {name}")


class Recursive(Exception):  # noqa: N818
    def __str__(self) -> str:
        return str(self)


class Quitting(Exception):  # noqa: N818
    def __str__(self) -> str:
        raise LookupError from self


class Doubtful(Exception):  # noqa: N818
    def __bool__(self) -> bool:
        raise RuntimeError("neither")


class OddText(str):
    __slots__ = ()

    def encode(self, *_: Any) -> Any:
        raise RuntimeError("no bytes")

    __len__ = __getitem__ = __add__ = split = encode  # type: ignore[assignment]


class Odd(Exception):  # noqa: N818
    def __str__(self) -> str:
        return OddText("odd")


class Nameless(type):
    def __getattribute__(cls, name: str) -> Any:
        raise RuntimeError(f"no {name}")


class OfNameless(Exception, metaclass=Nameless):  # noqa: N818
    pass


class Hashless(type):
    __hash__ = None  # type: ignore[assignment]


class OfHashless(Exception, metaclass=Hashless):  # noqa: N818
    pass


def made(error: Exception, name: str, value: object) -> Exception:
    setattr(error, name, value)
    return error


def cyclic() -> Exception:
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    return first


def deep() -> Exception:
    error = ValueError("innermost")
    for number in range(3000):
        error = ExceptionGroup(f"level {number}", [error])  # type: ignore[assignment]
    return error


def long_chain() -> Exception:
    first = error = ValueError("outermost")
    for number in range(5000):
        error.__cause__ = ValueError(f"cause {number}")
        error = error.__cause__
    return first


ERRORS: dict[str, Callable[[], Exception]] = {
    "__class__ raises": FalseClass,
    "str and repr raise": Mute,
    "all attributes raise": Hidden,
    "str never ends": Recursive,
    "str raises from itself": Quitting,
    "bool raises": Doubtful,
    "str returns another type": Odd,
    "the class has no names": lambda: type.__call__(OfNameless),
    "a cause that is mute": lambda: made(ValueError("effect"), "__cause__", Mute()),
    "a context with a false class": lambda: made(ValueError("effect"), "__context__", FalseClass()),
    "a group of broken ones": lambda: ExceptionGroup("several", [Mute(), FalseClass(), ValueError("plain")]),
    "a mute note": lambda: made(ValueError("noted"), "__notes__", [Mute()]),
    "notes that are no list": lambda: made(ValueError("noted"), "__notes__", 7),
    "a cycle of causes": cyclic,
    "deep groups": deep,
    "a long chain": long_chain,
    "a recursion error": lambda: RecursionError("deep"),
    "a memory error": MemoryError,
    "a syntax error": lambda: SyntaxError("odd", ("file", 1, 9, "text", 0, 99)),
    "a syntax error in no file": lambda: SyntaxError("odd", ("fi\0le", 1, 1, "text", 0, 0)),
    "a syntax error without a place": lambda: SyntaxError("odd", (None, None, None, None)),
    "surrogates": lambda: ValueError("half \ud800"),
}


def raised_by(app: App, **keys: Any) -> BaseException | None:
    """The error that reaches the server; pytest asks each error for its class and its text."""
    try:
        Call(app, **keys).read()
    except BaseException as error:
        return error
    return None


@pytest.mark.parametrize("name", ERRORS)
@pytest.mark.parametrize("debug", [False, True])
def test_answers_and_logs_each_error(name: str, debug: bool, caplog: pytest.LogCaptureFixture) -> None:
    error = ERRORS[name]()
    call = Call(CatchErrors(raising(error), debug=debug))
    body = call.read()
    assert call.status == "500 Internal Server Error"
    assert b'"status": 500' in body
    assert class_name(type(error)).rpartition(".")[2] in caplog.text
    assert len(caplog.records) == 1 or debug  # what shows it to a developer may fail, too


@pytest.mark.parametrize("name", ERRORS)
def test_reports_each_error(name: str, tmp_path: Path) -> None:
    reports: list[ErrorReport] = []
    app = raising(ERRORS[name]())
    layer = CatchErrors(app, reporters=[reports.append], report_in_background=False, capsules=tmp_path / "capsules")
    Call(layer).read()
    assert len(reports) == len([*(tmp_path / "capsules").iterdir()]) == 1


@pytest.mark.parametrize("name", ERRORS)
def test_logs_each_error_as_json(name: str) -> None:
    logger = logging.getLogger("wsgistack.catch_errors")
    handler = logging.StreamHandler(written := io.StringIO())
    handler.setFormatter(JsonFormatter())
    logger.addHandler(handler)
    try:
        Call(CatchErrors(raising(ERRORS[name]()))).read()
    finally:
        logger.removeHandler(handler)
    [line] = written.getvalue().splitlines()
    assert json.loads(line)["exc_info"]


ODD_TYPES = {"no attributes": OfNameless, "no hash": OfHashless}


@pytest.mark.parametrize("name", ODD_TYPES)
def test_answers_errors_of_odd_types_beside_those_that_have_an_answer(name: str) -> None:
    call = Call(CatchErrors(raising(type.__call__(ODD_TYPES[name])), answers={KeyError: 404}))
    call.read()
    assert call.status == "500 Internal Server Error"


@pytest.mark.parametrize("name", ERRORS)
def test_passes_each_error_in_mid_stream_on(name: str, caplog: pytest.LogCaptureFixture) -> None:
    error = ERRORS[name]()
    body = Body(b"begun", error)
    assert raised_by(CatchErrors(answering(body))) is error
    assert body.closed == 1
    assert len(caplog.records) == 1


def test_answers_an_error_without_its_source(caplog: pytest.LogCaptureFixture) -> None:
    text = "def app(environ, start_response):\n    raise ValueError('no source')"
    names: dict[str, Any] = {}
    exec(compile(text, "/gone.py", "exec"), names)  # noqa: S102
    assert b'"status": 500' in Call(CatchErrors(names["app"])).read()
    assert 'File "/gone.py", line 2, in app' in caplog.text


def test_answers_a_recursion_that_never_ends(caplog: pytest.LogCaptureFixture) -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        return app(environ, start_response)

    assert b'"status": 500' in Call(CatchErrors(app)).read()
    assert "RecursionError" in caplog.text


def test_cuts_long_messages_and_notes(caplog: pytest.LogCaptureFixture) -> None:
    error = made(ValueError("x\n" * 50_000), "__notes__", ["y\n" * 50_000, 7, "a short note"])
    Call(CatchErrors(raising(error))).read()
    assert "a short note" in caplog.text
    assert caplog.text.count(" characters)") == 2
    assert len(caplog.text) < 20_000


HUGE = 100_000_000
LONG: dict[str, Callable[[], Exception]] = {
    "text": lambda: ValueError("x" * HUGE),
    "lines": lambda: ValueError("x\n" * (HUGE // 2)),
    "bytes": lambda: ValueError(b"\0" * HUGE),
    "a note": lambda: made(ValueError("noted"), "__notes__", ["x" * HUGE]),
    "a cause": lambda: made(ValueError("effect"), "__cause__", KeyError("x" * HUGE)),
    "in a group": lambda: ExceptionGroup("several", [ValueError("x" * HUGE)]),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", LONG)
def test_cuts_messages_of_100_megabytes(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    assert b'"status": 500' in Call(CatchErrors(raising(LONG[kind]()))).read()
    assert len(caplog.text) < 200_000


class Failing(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        raise OSError("no log today")


class Closed:
    def write(self, text: str) -> None:
        raise ValueError("I/O operation on closed file")


@pytest.fixture
def without_log() -> Iterator[None]:
    logger, handler = logging.getLogger("site.broken"), Failing()
    logger.addHandler(handler)
    yield
    logger.removeHandler(handler)


@pytest.mark.usefixtures("without_log")
@pytest.mark.parametrize("keys", [{"wsgi.errors": Closed()}, {"wsgi.errors": None}], ids=["closed", "none"])
@pytest.mark.parametrize("kind", [ValueError, FalseClass, Mute, Hidden])
def test_answers_if_the_log_and_wsgi_errors_fail(keys: dict[str, Any], kind: type[Exception]) -> None:
    error = kind()
    app: App = CatchErrors(raising(error), logger="site.broken")
    assert b'"status": 500' in Call(app, **keys).read()
    mid = CatchErrors(answering(Body(b"begun", error)), logger="site.broken")
    assert raised_by(mid, **keys) is error


@pytest.mark.usefixtures("without_log")
def test_writes_to_wsgi_errors_if_the_log_fails() -> None:
    call = Call(CatchErrors(raising(Mute()), logger="site.broken"))
    call.read()
    said = call.environ["wsgi.errors"].getvalue()
    assert "OSError: no log today" in said
    assert "Mute" in said


@pytest.mark.parametrize("name", ERRORS)
def test_the_debug_page_shows_each_of_them(name: str, caplog: pytest.LogCaptureFixture) -> None:
    app = CatchErrors(raising(ERRORS[name]()), debug=True)
    body = Call(app, HTTP_ACCEPT="text/html", REMOTE_ADDR="127.0.0.1").read()
    assert b'<h2 id="pipeline-heading">' in body
    assert len(caplog.records) == 1


def test_the_debug_page_shows_an_error_in_a_class_without_a_module(caplog: pytest.LogCaptureFixture) -> None:
    class Odd:
        def fail(self) -> None:
            raise ValueError("odd")

    Odd.__module__ = None  # type: ignore[assignment]

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        Odd().fail()
        return []

    body = Call(CatchErrors(app, debug=True), HTTP_ACCEPT="text/html", REMOTE_ADDR="127.0.0.1").read()
    assert b'<h2 id="pipeline-heading">' in body
    assert len(caplog.records) == 1


def test_a_message_with_half_a_character_reaches_a_log_in_utf_8() -> None:
    written = io.BytesIO()
    handler = logging.StreamHandler(io.TextIOWrapper(written, "utf-8", write_through=True))
    logger = logging.getLogger("site.halves")
    logger.addHandler(handler)
    logger.propagate = False
    try:
        Call(CatchErrors(raising(ValueError("half \ud800")), logger="site.halves")).read()
    finally:
        logger.removeHandler(handler)
    assert b"ValueError: half \\ud800\n" in written.getvalue()


EXHAUSTED = """
import resource
from wsgistack import CatchErrors
from wsgistack.testing import Server

def app(environ, start_response):
    kept = []
    while True:
        kept.append(bytearray(1 << 20))

resource.setrlimit(resource.RLIMIT_AS, (400 << 20, 400 << 20))
print(Server().request("GET", CatchErrors(app), "/").status)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the memory in this way")
def test_answers_and_logs_without_memory() -> None:
    """The frames of the error hold the memory, so that perhaps no module can be imported."""
    command = [sys.executable, "-c", EXHAUSTED]
    done = subprocess.run(command, capture_output=True, text=True, timeout=MAX_WAIT, check=False)
    assert done.stdout == "500 Internal Server Error\n"
    assert "in app\n" in done.stderr
    assert "MemoryError" in done.stderr


def test_logs_without_the_message_if_its_secrets_cannot_be_found(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(secrets, "find_secrets", lambda *_: 1 / 0)
    Call(CatchErrors(raising(ValueError("hunter2")))).read()
    assert "in app\n" in caplog.text
    assert "ValueError: (its text can't be shown)" in caplog.text
    assert "hunter2" not in caplog.text


def test_wsgi_errors_has_no_secret_of_the_request_if_the_log_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.getLogger("wsgistack.catch_errors"), "handle", lambda record: 1 / 0)
    call = Call(CatchErrors(raising(ValueError("no hunter2-hunter2"))), QUERY_STRING="password=hunter2-hunter2")
    call.read()
    written = call.environ["wsgi.errors"].getvalue()
    assert "ValueError: no [redacted]" in written
    assert "ZeroDivisionError" in written
    assert "hunter2" not in written
