"""What a server must do for its application: each rule is broken by a server, or a layer, that breaks only this one."""

import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import count
from types import MappingProxyType
from typing import Any

import pytest

from tests.testing.applications import TEXT, failing, find_broken_rules, make_app, make_lazy_app, raised, read_body
from wsgistack.testing import make_environ
from wsgistack.testing.probe import Probe
from wsgistack.testing.rules import SERVER
from wsgistack.types import App, Environ, StartResponse


def judged(serve: Callable[[App, Environ], object], app: App) -> set[str]:
    """Let a server serve an application, and judge what that saw."""
    probe = Probe(app, count())
    with suppress(LookupError, TypeError, ValueError):  # what the application raises
        serve(probe, make_environ())
    (record,) = probe.records
    return find_broken_rules(record, SERVER)


class StartResponseOfAServer:
    """As PEP 3333 demands, except for the arguments."""

    def __init__(self, *, write: Any = bool, refuses: str = "") -> None:
        self._write = write
        self._refuses = refuses

    def __call__(self, status: str, headers: object, exc_info: Any = None, /) -> Any:
        if exc_info and self._refuses == "restarts":
            raise exc_info[1]
        if self._refuses == "None" and exc_info is None:
            raise TypeError("no exc_info")
        return self._write


def serving(start_response: Any, drive: Callable[[Any], object] = read_body) -> Callable[[App, Environ], object]:
    return lambda app, environ: drive(app(environ, start_response))


def setting(**values: Any) -> Callable[[App, Environ], object]:
    """A server whose environ is wrong; a key with None is missing."""

    def serve(app: App, environ: Environ) -> object:
        there = {key: value for key, value in (environ | values).items() if value is not None}
        return read_body(app(there, StartResponseOfAServer()))

    return serve


def reading_twice(body: Iterable[bytes]) -> None:
    list(body)
    read_body(body)


def reading_after_close(body: Any) -> None:
    chunks = iter(body)
    body.close()
    list(chunks)


def restarting(*before: bytes) -> App:
    def app(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", TEXT)
        yield from before
        start_response("500 Oops", TEXT, raised())
        yield b"sorry"

    return app


def writing_nothing_and_restarting(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", TEXT)(b"")
    start_response("500 Oops", TEXT, raised())
    return [b"sorry"]


GOOD = StartResponseOfAServer()
LAZY = make_lazy_app(lambda start: start("200 OK", TEXT), b"ok")
BROKEN = [
    pytest.param(
        lambda app, environ: read_body(app(environ=environ, start_response=GOOD)),
        make_app(),
        "calls_by_position",
        id="called by keyword",
    ),
    pytest.param(
        lambda app, environ: read_body(app(environ, GOOD, "more")),
        make_app(),
        "calls_by_position",
        id="three arguments",
    ),
    pytest.param(lambda app, environ: app(environ), make_app(), "calls_by_position", id="one argument"),
    pytest.param(
        lambda app, environ: read_body(app(MappingProxyType(environ), GOOD)), LAZY, "environ_is_a_dict", id="a mapping"
    ),
    *(
        pytest.param(setting(**{key: None}), LAZY, "environ_has_required_keys", id=f"no {key}")
        for key in ("REQUEST_METHOD", "SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL", "wsgi.input", "wsgi.run_once")
    ),
    *(
        pytest.param(setting(**{key: ""}), LAZY, "environ_has_required_keys", id=f"an empty {key}")
        for key in ("REQUEST_METHOD", "SERVER_NAME", "SERVER_PORT")
    ),
    pytest.param(setting(**{"wsgi.version": "1.0"}), LAZY, "environ_has_required_keys", id="another version"),
    *(
        pytest.param(setting(**{key: value}), LAZY, "environ_values_are_str", id=f"{key} is {value!r}")
        for key, value in (("SERVER_PORT", 80), ("CONTENT_LENGTH", 0), ("HTTP_HOST", b"localhost"), ("REMOTE_USER", ()))
    ),
    pytest.param(setting(PATH_INFO="/café/Жар"), LAZY, "environ_values_are_latin_1", id="a path that is decoded"),
    pytest.param(
        setting(**{"wsgi.input": iter(())}), LAZY, "streams_have_their_methods", id="an input that is not a stream"
    ),
    pytest.param(
        setting(**{"wsgi.errors": print}), LAZY, "streams_have_their_methods", id="errors that are not a stream"
    ),
    pytest.param(serving(StartResponseOfAServer(write=None)), LAZY, "returns_write", id="no write()"),
    pytest.param(serving(StartResponseOfAServer(refuses="None")), LAZY, "accepts_a_first_start", id="None is refused"),
    pytest.param(serving(GOOD), restarting(b"half"), "refuses_a_restart_after_the_first_byte", id="too late a restart"),
    pytest.param(
        serving(StartResponseOfAServer(refuses="restarts")),
        restarting(b""),
        "accepts_a_restart_before_the_first_byte",
        id="no restart in time",
    ),
    pytest.param(serving(GOOD, reading_twice), LAZY, "reads_the_iterable_once", id="read twice"),
    pytest.param(serving(GOOD, reading_after_close), LAZY, "reads_the_iterable_once", id="read when it is closed"),
    pytest.param(serving(GOOD, list), LAZY, "closes_once", id="not closed"),
    pytest.param(serving(GOOD, lambda body: [read_body(body), body.close()]), LAZY, "closes_once", id="closed twice"),
]


@pytest.mark.parametrize(("serve", "app", "rule"), BROKEN)
def test_finds_the_one_rule_that_is_broken(serve: Callable[[App, Environ], object], app: App, rule: str) -> None:
    assert judged(serve, app) == {rule}


def test_every_rule_for_servers_is_broken_by_a_server_of_these_tests() -> None:
    assert {param.values[2] for param in BROKEN} == set(SERVER.rules)


@pytest.mark.parametrize(
    ("serve", "app"),
    [
        pytest.param(serving(GOOD), LAZY, id="a plain server"),
        pytest.param(serving(StartResponseOfAServer(refuses="restarts")), restarting(b"half"), id="a restart refused"),
        pytest.param(
            serving(StartResponseOfAServer(refuses="restarts")),
            writing_nothing_and_restarting,
            id="a restart refused after write() of nothing, which may send the headers",
        ),
        pytest.param(serving(GOOD), writing_nothing_and_restarting, id="a restart accepted there"),
        pytest.param(setting(PATH_INFO="", SCRIPT_NAME=""), LAZY, id="no path, as of OPTIONS *"),
        pytest.param(setting(QUERY_STRING=None, CONTENT_TYPE=None), LAZY, id="what may be empty is missing"),
        pytest.param(setting(**{"my.user": "Зоя", "my.roles": []}), LAZY, id="extensions of any kind"),
        pytest.param(setting(**{"wsgi.input": io.BytesIO()}), LAZY, id="a stream of Python's"),
        pytest.param(serving(GOOD, lambda body: body), make_app(), id="a tuple has no close()"),
        pytest.param(serving(GOOD), make_lazy_app(failing), id="an application that raises"),
    ],
)
def test_reports_nothing_about_a_legal_server(serve: Callable[[App, Environ], object], app: App) -> None:
    assert judged(serve, app) == set()
