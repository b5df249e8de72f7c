"""Cascade: the fallback answers what the first application refuses, as if it were alone."""

from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import flask
import pytest
from paste.deploy import loadapp
from werkzeug.test import Client

from tests.direct import Body, Call, answering, raising, restart
from wsgistack import Cascade, ConfigError, Mount, Pipeline, load
from wsgistack.types import App, Environ, StartResponse

TEXT = ("Content-Type", "text/plain")


def echo(environ: Environ, start_response: StartResponse) -> list[bytes]:
    """Answer with the names of the path and the body of the request."""
    start_response("200 OK", [TEXT])
    names = f"{environ['REQUEST_METHOD']} {environ.get('SCRIPT_NAME', '')} {environ['PATH_INFO']} "
    return [names.encode(), environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))]


def app_factory(global_conf: Mapping[str, str], name: str, status: str) -> App:
    return answering([name.encode()], TEXT, status=status)


NONE = "404 Not Found"
DISALLOWED = "405 Method Not Allowed"


def refusing(body: Iterable[bytes] = (b"none",), status: str = NONE) -> App:
    return answering(body, TEXT, ("X-First", "1"), status=status)


def refusing_late(*chunks: bytes | BaseException) -> App:
    def app(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response(NONE, [TEXT, ("X-First", "1")])
        yield from Body(*chunks)

    return app


def writing(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    write = start_response(NONE, [TEXT])
    write(b"nothing ")
    write(b"here")
    return [b"none"]


def starting_again(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [TEXT])
    restart(start_response, NONE, [TEXT])
    return [b"none"]


def failing(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response(NONE, [TEXT])
    restart(start_response, "500 Internal Server Error", [TEXT, ("X-First", "1")])
    return [b"failed"]


def starting_with_an_error(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    restart(start_response, NONE, [TEXT])
    return [b"none"]


REFUSING = {
    "a list": refusing(),
    "no chunks": refusing([]),
    "a stream": refusing(Body(AssertionError("it was read"))),
    "405": refusing(status=DISALLOWED),
    "write()": writing,
    "a late start": refusing_late(b"none"),
    "a late start without chunks": refusing_late(),
    "a start with exc_info": starting_with_an_error,
}


@pytest.mark.parametrize("name", REFUSING)
def test_the_fallback_answers_what_the_first_application_refuses(name: str) -> None:
    call = Call(Cascade(REFUSING[name], fallback=echo), "/x", SCRIPT_NAME="/shop")
    assert call.read() == b"GET /shop /x "
    assert call.starts == [("200 OK", [TEXT])]


@pytest.mark.parametrize("status", ["200 OK", "204 No Content", "302 Found", "401 Unauthorized", "410 Gone", "500 Oh"])
def test_any_other_answer_is_final(status: str) -> None:
    for body in ([b"a", b"b"], Body(b"a", b"b")):
        call = Call(Cascade(answering(body, TEXT, status=status), fallback=raising(AssertionError("it was asked"))))
        assert call.body is body
        assert call.starts == [(status, [TEXT])]

    def late(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response(status, [TEXT])
        yield b"a"
        yield b"b"

    call = Call(Cascade(late, fallback=raising(AssertionError("it was asked"))))
    assert (call.next(), call.status) == (b"a", status)
    assert call.read() == b"ab"


def test_the_answer_of_the_fallback_is_final_and_untouched() -> None:
    for body in ([b"a"], (b"a",), Body(b"a")):
        call = Call(Cascade(refusing(), fallback=answering(body, TEXT, status=NONE)))
        assert call.body is body
        assert call.starts == [(NONE, [TEXT])]


def test_chooses_the_statuses() -> None:
    first = refusing(status="503 Service Unavailable")
    assert Call(Cascade(first, fallback=echo, statuses=[503])).status == "200 OK"
    assert Call(Cascade(refusing(), fallback=echo, statuses=[503])).status == NONE
    assert Call(Cascade(refusing(), fallback=echo, statuses=[])).status == NONE


def test_each_body_is_closed_once() -> None:
    for make in (refusing, lambda body: refusing_late(*body.chunks)):
        first, second = Body(b"none"), Body(b"a", b"b")
        call = Call(Cascade(make(first), fallback=answering(second, TEXT)))
        assert call.next() == b"a"
        assert first.closed == (1 if make is refusing else 0)
        assert second.closed == 0
        call.close()
        assert second.closed == 1


def test_the_first_body_is_closed_before_the_fallback_is_called() -> None:
    """Rack's cascade left it open, and locks were not released (rack#463, rack#468)."""
    first = Body(b"none")

    def second(environ: Environ, start_response: StartResponse) -> list[bytes]:
        assert first.closed == 1
        return echo(environ, start_response)

    assert Call(Cascade(refusing(first), fallback=second)).status == "200 OK"


def test_an_error_in_close_is_raised_and_the_fallback_is_not_asked() -> None:
    first = Body(b"none", failure=ValueError("not closed"))
    with pytest.raises(ValueError, match="not closed"):
        Call(Cascade(refusing(first), fallback=echo))
    assert first.closed == 1


def test_errors_pass() -> None:
    error = ValueError("no page")
    for app in (
        Cascade(raising(error), fallback=echo),
        Cascade(refusing(), fallback=raising(error)),
        Cascade(refusing_late(error), fallback=echo),
        Cascade(refusing_late(b"none"), fallback=raising(error)),
    ):
        with pytest.raises(ValueError, match="no page") as raised:
            Call(app).read()
        assert raised.value is error


def test_an_error_page_after_a_refused_start_is_final() -> None:
    call = Call(Cascade(failing, fallback=echo))
    assert (call.status, call.read()) == ("500 Internal Server Error", b"failed")
    assert call.headers["x-first"] == "1"


def test_a_restart_of_an_accepted_answer_is_final() -> None:
    call = Call(Cascade(starting_again, fallback=echo))
    assert (call.status, call.read()) == (NONE, b"none")


def test_nothing_is_read_ahead() -> None:
    made: list[bytes] = []

    def slow(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", [TEXT])
        for chunk in (b"a", b"b"):
            made.append(chunk)
            yield chunk

    for first in (refusing(), refusing_late(b"none")):
        made.clear()
        call = Call(Cascade(first, fallback=slow))
        assert made == []
        assert (call.next(), made) == (b"a", [b"a"])
        assert (call.next(), made) == (b"b", [b"a", b"b"])


# WebSockets

UPGRADE = {"HTTP_UPGRADE": "websocket"}


def taking_over(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    raise StopIteration  # as under gunicorn


def test_a_taken_connection_is_left_alone() -> None:
    for app in (Cascade(taking_over, fallback=echo), Cascade(refusing(), fallback=taking_over)):
        with pytest.raises(StopIteration):
            Call(app, **UPGRADE)

    def taking_silently(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        return []

    for app in (
        Cascade(taking_silently, fallback=raising(AssertionError("it was asked"))),
        Cascade(refusing(), fallback=taking_silently),
        Cascade(refusing_late(b"none"), fallback=taking_silently),
        Cascade(refusing_late(b"none"), fallback=taking_over),
    ):
        call = Call(app, **UPGRADE)
        assert (call.read(), call.starts) == (b"", [])


# The environ


def test_layers_outside_see_what_the_answering_application_adds() -> None:
    def adding(status: str) -> App:
        def app(environ: Environ, start_response: StartResponse) -> list[bytes]:
            environ[f"added by {status[:3]}"] = "yes"
            del environ["untrusted"]
            environ |= {"PATH_INFO": "/other", "SCRIPT_NAME": "/x"}
            start_response(status, [TEXT])
            return [b""]

        return app

    untouched = Call(Cascade(adding(NONE), fallback=echo), "/page", untrusted="1", SCRIPT_NAME="/shop")
    assert untouched.read() == b"GET /shop /page "
    assert "untrusted" in untouched.environ
    assert "added by 404" not in untouched.environ
    second = Call(Cascade(refusing(), fallback=adding("200 OK")), untrusted="1")
    assert (second.environ.get("added by 200"), second.environ.get("untrusted")) == ("yes", None)
    first = Call(Cascade(adding("200 OK"), fallback=echo), untrusted="1")
    assert (first.environ.get("added by 200"), first.environ.get("untrusted")) == ("yes", None)


def test_applications_under_prefixes() -> None:
    app = Cascade(Mount({"/new": echo}), fallback=Mount({"/old": echo}))
    assert Call(app, "/new/x").read() == b"GET /new /x "
    assert Call(app, "/old/x").read() == b"GET /old /x "
    assert Call(app, "/none").status == NONE


# The body of the request


def reading(*way: str, size: int | None = None) -> App:
    """An application that reads the body in one way, and has nothing."""

    def app(environ: Environ, start_response: StartResponse) -> list[bytes]:
        got: Any = environ["wsgi.input"]
        for name in way:
            got = [*got] if name == "iter" else getattr(got, name)(*([size] if size is not None else []))
        start_response(NONE, [TEXT])
        return [got if isinstance(got, bytes) else b"".join(got)]

    return app


def post(app: App, body: bytes, **keys: Any) -> bytes:
    call = Call(
        app, **{"REQUEST_METHOD": "POST", "CONTENT_LENGTH": str(len(body)), "wsgi.input": BytesIO(body), **keys}
    )
    return call.read()


WAYS = [reading("read"), reading("readline"), reading("readlines"), reading("iter"), reading("read", size=3)]
BODY = b"first line\nsecond line\n"


@pytest.mark.parametrize("first", [*WAYS, reading("getvalue"), refusing(), refusing_late(b"none")])
def test_both_can_read_a_small_body(first: App) -> None:
    assert post(Cascade(first, fallback=echo, max_body=len(BODY)), BODY) == b"POST  / " + BODY


@pytest.mark.parametrize(
    ("keys", "max_body"),
    [
        pytest.param({}, len(BODY) - 1, id="large"),
        pytest.param({"CONTENT_LENGTH": ""}, 1000, id="length unknown"),
        pytest.param({"CONTENT_LENGTH": "-1"}, 1000, id="not a length"),
        pytest.param({"CONTENT_LENGTH": "9" * 5000}, 1000, id="too long for a number"),
    ],
)
def test_the_answer_to_a_body_that_cannot_be_read_again_is_final(keys: dict[str, str], max_body: int) -> None:
    for first in (*WAYS[:4], reading("getvalue")):
        answer = post(Cascade(first, fallback=raising(AssertionError("it was asked")), max_body=max_body), BODY, **keys)
        assert answer
        assert BODY.startswith(answer)


@pytest.mark.parametrize(
    "keys", [{"REQUEST_METHOD": "GET"}, {"CONTENT_LENGTH": "3"}], ids=["of GET", "with a length that does not count"]
)
def test_the_answer_to_a_chunked_body_that_was_read_is_final(keys: dict[str, str]) -> None:
    seen = []

    def reading(environ: Environ, start_response: StartResponse) -> list[bytes]:
        seen.append(environ["wsgi.input"].read())
        start_response(NONE, [TEXT])
        return [b"none"]

    chunked: dict[str, Any] = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input": BytesIO(b"a whole body")}
    call = Call(Cascade(reading, fallback=echo), **{"REQUEST_METHOD": "POST", **chunked, **keys})
    assert (call.status, call.read(), seen) == (NONE, b"none", [b"a whole body"])


def test_the_first_application_can_read_piece_by_piece() -> None:
    def app(environ: Environ, start_response: StartResponse) -> list[bytes]:
        given = environ["wsgi.input"]
        assert [given.readline(), given.read(3), given.read()] == [b"first line\n", b"sec", b"ond line\n"]
        start_response(NONE, [TEXT])
        return []

    assert post(Cascade(app, fallback=echo), BODY) == b"POST  / " + BODY
    assert post(Cascade(app, fallback=echo, max_body=0), BODY) == b""


def test_a_large_body_that_nobody_has_read_goes_to_the_fallback() -> None:
    body = b"x" * 100_000
    given = BytesIO(body)
    keys: dict[str, Any] = {"REQUEST_METHOD": "PUT", "CONTENT_LENGTH": "100000", "wsgi.input": given}
    call = Call(Cascade(refusing(), fallback=echo), **keys)
    assert call.environ["wsgi.input"] is given
    assert call.read() == b"PUT  / " + body


def test_a_large_body_stays_whole_if_it_is_read_after_a_refused_start() -> None:
    def draining(environ: Environ, start_response: StartResponse) -> list[bytes]:
        start_response(NONE, [TEXT])
        assert environ["wsgi.input"].read() == b""
        return [b"none"]

    assert post(Cascade(draining, fallback=echo, max_body=0), BODY) == b"POST  / " + BODY


def test_get_without_a_body_keeps_the_input_of_the_server() -> None:
    given = BytesIO()

    def app(environ: Environ, start_response: StartResponse) -> list[bytes]:
        assert environ["wsgi.input"] is given
        start_response("200 OK", [TEXT])
        return []

    keys: dict[str, Any] = {"wsgi.input": given}
    assert Call(Cascade(app, fallback=echo), **keys).status == "200 OK"


# Frameworks and configurations


def test_flask_and_an_old_application() -> None:
    new, old = flask.Flask("new"), flask.Flask("old")
    new.add_url_rule("/orders", view_func=lambda: "new orders", methods=["GET"])
    old.add_url_rule("/orders", view_func=lambda: flask.request.form["id"], methods=["POST"], endpoint="add")
    old.add_url_rule("/about", view_func=lambda: "old about", endpoint="about")
    new.wsgi_app = Cascade(new.wsgi_app, fallback=old)  # type: ignore[assignment,method-assign]
    client = Client(new)
    assert client.get("/orders").text == "new orders"
    assert client.post("/orders", data={"id": "5"}).text == "5"
    assert client.get("/about").text == "old about"
    assert client.get("/none").status_code == 404
    assert client.post("/orders", data={"id": "x" * 200_000}).text == "x" * 200_000


def test_names_the_fallback_by_its_import_string() -> None:
    app = Pipeline([{"use": "cascade", "fallback": f"{__name__}:echo", "statuses": [404]}]).wrap(refusing())
    assert Call(app, "/x").read() == b"GET  /x "


def test_is_a_filter_in_an_ini_file(tmp_path: Path) -> None:
    file = tmp_path / "stack.ini"
    file.write_text(
        f"[app:main]\nuse = {__name__}:none\nfilter-with = old\n"
        f"[filter:old]\nuse = egg:wsgistack#cascade\nfallback = {__name__}:echo\nstatuses = 404, 405\nmax_body = 1KiB\n"
    )
    assert Call(load(file), "/x").read() == b"GET  /x "


none = refusing()

INI = """
[composite:main]
use = egg:Paste#cascade
app2 = second
app1 = first
app3 = third
catch = {catch}

[app:first]
paste.app_factory = tests.middleware.test_cascade:app_factory
name = first
status = 404 Not Found

[app:second]
paste.app_factory = tests.middleware.test_cascade:app_factory
name = second
status = 500 Internal Server Error

[app:third]
paste.app_factory = tests.middleware.test_cascade:app_factory
name = third
status = 404 Not Found
"""


@pytest.mark.parametrize(("catch", "expected"), [("404", b"second"), ("404 500", b"third"), ("500", b"first")])
def test_users_of_paste_change_one_word(tmp_path: Path, catch: str, expected: bytes) -> None:
    file = tmp_path / "stack.ini"
    text = INI.format(catch=catch)
    file.write_text(text)
    assert Call(loadapp(f"config:{file}")).read() == expected  # with Paste
    file.write_text(text.replace("egg:Paste#cascade", "egg:wsgistack#cascade"))
    assert Call(loadapp(f"config:{file}")).read() == expected
    app = load(file)
    assert Call(app).read() == expected
    assert isinstance(app, Cascade)


def test_a_cascade_in_toml(tmp_path: Path) -> None:
    file = tmp_path / "stack.toml"
    for catch in ("404", '"404"', "[404]"):
        file.write_text(
            f'[app]\nuse = "egg:wsgistack#cascade"\napp1 = "{__name__}:none"\napp2 = "{__name__}:echo"\n'
            f"catch = {catch}\n"
        )
        assert Call(load(file), "/x").read() == b"GET  /x "


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("catch = 404", "no applications are given; expected names of applications, such as app1 = pages"),
        ("ap1 = x", "ap1: unknown key of cascade; expected catch, or a key that begins with app, such as app1"),
        ("app1 = x\ncatch = 404 200", "catch: invalid value '200'; expected status codes of errors, such as 404"),
    ],
)
def test_mistakes_in_a_composite(tmp_path: Path, settings: str, message: str) -> None:
    file = tmp_path / "stack.ini"
    file.write_text(f"[composite:main]\nuse = egg:wsgistack#cascade\n{settings}\n[app:x]\nuse = {__name__}:echo\n")
    with pytest.raises(ConfigError) as raised:
        load(file)
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "fallback: missing application; expected an import string such as legacy:app"),
        ({"fallback": "legacy:app"}, "fallback: is a value of type str; expected a WSGI application"),
        ({"fallback": flask.Flask}, "fallback: is a class"),
        (
            {"fallback": echo, "statuses": [200]},
            "statuses: invalid value 200; expected status codes of errors, such as 404",
        ),
        ({"fallback": echo, "statuses": ["404"]}, "statuses: invalid value '404'; expected status codes"),
        ({"fallback": echo, "max_body": -1}, "max_body: invalid value -1; expected 0 bytes or more"),
    ],
)
def test_mistakes(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        Cascade(echo, **options)
    assert str(raised.value).startswith(message)
