"""Errors after the first byte: what the record in the log says, and the line in the access log."""

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress

import pytest

from tests.direct import Body, Call, answering
from wsgistack import AccessLog, CatchErrors, Gzip
from wsgistack.types import App, Environ, StartResponse

BOOM = LookupError("no such shop")


def writing(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    write = start_response("201 Created", [("Content-Type", "text/plain")])
    write(b"one ")
    write(b"two ")
    raise BOOM


def writing_then_yielding(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    write = start_response("201 Created", [("Content-Type", "text/plain")])
    write(b"one ")
    return Body(b"two ", b"", b"three", BOOM)


class Sized(Body):
    def __len__(self) -> int:
        return 3


CUT = "of the body, so that the connection is cut"
CASES: dict[str, tuple[App, str, str, int]] = {
    "in the body": (answering(Body(b"12345", b"", b"678", BOOM)), " after 200 OK and 8 bytes " + CUT, "200 OK", 8),
    "of a body with a length": (answering(Sized(b"12345", BOOM)), " after 200 OK and 5 bytes " + CUT, "200 OK", 5),
    "after write()": (writing, " after 201 Created and 8 bytes " + CUT, "201 Created", 8),
    "after write() and chunks": (writing_then_yielding, " after 201 Created and 13 bytes " + CUT, "201 Created", 13),
    "in close()": (answering(Body(b"12345", failure=BOOM)), " in close() after 200 OK with 5 bytes", "200 OK", 5),
    "in close() of nothing": (answering(Body(failure=BOOM)), " in close() after 200 OK with 0 bytes", "200 OK", 0),
    "before the first byte": (answering(Body(b"", BOOM)), "", "", 0),
}


@pytest.mark.parametrize("name", CASES)
def test_says_what_was_sent(name: str, caplog: pytest.LogCaptureFixture) -> None:
    app, said, status, sent = CASES[name]
    with suppress(LookupError):
        Call(CatchErrors(app)).read()
    [record] = caplog.records
    assert record.getMessage() == f"GET / failed{said}, request -"
    assert (vars(record)["sent_status"], vars(record)["sent_bytes"]) == (status, sent)


@pytest.mark.parametrize("name", CASES)
def test_agrees_with_the_access_log(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    app, _, status, sent = CASES[name]
    answer = 0
    with suppress(LookupError):
        answer = len(Call(AccessLog(CatchErrors(app), format="json")).read())
    line = json.loads(capsys.readouterr().err.splitlines()[-1])
    expected = (int(status[:3]), sent, "failed") if status else (500, answer, "complete")
    assert (line["status"], line["bytes"], line["outcome"]) == expected


def test_counts_the_bytes_before_compression(caplog: pytest.LogCaptureFixture) -> None:
    body = Body(b"12345" * 1000, BOOM)
    with pytest.raises(LookupError):
        Call(Gzip(CatchErrors(answering(body))), HTTP_ACCEPT_ENCODING="gzip").read()
    assert "5000 bytes" in caplog.text


def test_counts_what_a_body_that_is_closed_early_has_sent(caplog: pytest.LogCaptureFixture) -> None:
    call = Call(CatchErrors(answering(Body(b"12", b"345", b"678", failure=BOOM))))
    assert call.next() + call.next() == b"12345"
    with pytest.raises(LookupError):
        call.close()
    assert "after 200 OK and 5 bytes" in caplog.text


def test_knows_that_a_server_stopped_at_the_length(caplog: pytest.LogCaptureFixture) -> None:
    body = Body(b"12", b"345", failure=BOOM)
    call = Call(CatchErrors(answering(body, ("Content-Type", "text/plain"), ("Content-Length", "5"))))
    assert call.next() + call.next() == b"12345"
    with pytest.raises(LookupError):
        call.close()
    assert "in close() after 200 OK with 5 bytes" in caplog.text


def test_shows_no_control_character_of_a_status(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(LookupError):
        Call(CatchErrors(answering(Body(b"1", BOOM), status="200 \x1b[31m"))).read()
    assert r"after 200 \x1b[31m and 1 bytes" in caplog.text


@pytest.mark.parametrize("error", [SystemExit(1), KeyboardInterrupt(), GeneratorExit()], ids=repr)
def test_closes_once_after_errors_that_pass(error: BaseException, caplog: pytest.LogCaptureFixture) -> None:
    body = Body(b"begun", error)
    with pytest.raises(type(error)):
        Call(CatchErrors(answering(body))).read()
    assert body.closed == 1
    assert not caplog.records


def test_lets_the_application_recover_from_a_start_that_the_server_refuses() -> None:
    starts: list[str] = []

    def server(status: str, headers: object, exc_info: object = None) -> object:
        starts.append(status)
        if status == "200 OK":
            raise ValueError("a header that can't be")
        return print

    def recovering(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        write = start_response("200 OK", [("X-Bad", "\n")])
        try:
            write(b"")
        except ValueError as error:
            start_response("503 Busy", [], (ValueError, error, error.__traceback__))  # type: ignore[arg-type]
        yield b"recovered"

    body = CatchErrors(recovering)({}, server)  # type: ignore[arg-type]
    assert b"".join(body) == b"recovered"
    assert starts == ["200 OK", "503 Busy"]
