"""The parts of the server benchmark: the applications, gunicorn with wrk, and streams that stay open."""

import pytest

from benchmarks.loopback import explain_missing, run_gunicorn
from benchmarks.served import APPS, application, find_work
from benchmarks.server import open_streams
from benchmarks.traffic import JSON, LOGGED_IN, ask

pytestmark = pytest.mark.slow

needs_wrk = pytest.mark.skipif(explain_missing() is not None, reason=str(explain_missing()))


def test_serves_an_application_alone_and_in_layers() -> None:
    for layers in ("alone", "four", "five"):
        answer = ask(application("Flask", layers, 0), {**LOGGED_IN, "PATH_INFO": "/"})
        assert (answer.status, answer.body) == ("200 OK", b"Hello, world!")
        assert any(name == "X-Request-ID" for name, _ in answer.headers) == (layers != "alone")
    assert set(APPS) == {"Django", "Flask"}


def test_calls_the_codec_and_sends_the_response_of_the_application(monkeypatch: pytest.MonkeyPatch) -> None:
    encoded: list[bytes] = []
    monkeypatch.setattr("benchmarks.codecs.find_codec", lambda coding: encoded.append)
    answer = ask(application("Flask", "codec", 1), {"PATH_INFO": "/"})
    assert (answer.body, encoded) == (JSON, [JSON])


def test_finds_the_work_that_takes_the_given_time() -> None:
    work = find_work(0.001)
    assert work > 1
    assert ask(APPS["Flask"](work), {"PATH_INFO": "/"}).body == JSON


@pytest.mark.parametrize("layers", ["alone", "five"])
def test_keeps_streams_open(layers: str) -> None:
    opened = open_streams(layers, "gzip", "3")()
    assert isinstance(opened, list)
    assert len(opened) == 3
    for body, chunks in opened:
        assert next(chunks)
        body.close()


@needs_wrk
def test_measures_a_running_server() -> None:
    with run_gunicorn("Flask", "five") as server:
        burst = server.burst(1, {"Authorization": LOGGED_IN["HTTP_AUTHORIZATION"]})
        assert burst.requests > 0
        assert burst.p50 <= burst.p99
        assert 0 < burst.processor < 1e6
        assert server.memory() > 1000
        with pytest.raises(RuntimeError, match="answered with errors"):
            server.burst(1, {})


@needs_wrk
def test_reports_a_server_that_does_not_start() -> None:
    with pytest.raises(RuntimeError, match="no server answers"), run_gunicorn("Nothing", "alone"):
        pass
