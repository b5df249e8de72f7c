"""Lines that could not be written: the operator reads about them once, and how many there were."""

import io
import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.direct import Body, Call, answering
from wsgistack import AccessLog
from wsgistack.middleware.access_log import losses
from wsgistack.processes.background import _end_process


@pytest.fixture
def no_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    """Report the end of a loss at once."""
    monkeypatch.setattr(losses, "INTERVAL", 0)


@pytest.mark.usefixtures("no_interval")
def test_a_loss_is_reported_once_and_so_is_its_end(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "access.log"
    layer = AccessLog(answering([b"123"]), format="%s", file=path)
    path.mkdir()
    for _ in range(3):
        assert Call(layer).read() == b"123"
    path.rmdir()
    for _ in range(3):
        assert Call(layer).read() == b"123"
    assert path.read_text() == "200\n" * 3
    lost, works = caplog.records
    assert (lost.levelname, works.levelname) == ("ERROR", "WARNING")
    assert lost.message == f"lines of the access log are being lost: [Errno 21] Is a directory: '{path}'"
    assert works.message == "the access log works again; lost lines: 3"
    assert lost.exc_info is None


class Forwarder(io.StringIO):
    """A stream whose error has a cause."""

    def write(self, text: str) -> int:
        try:
            return int("no number")
        except ValueError as error:
            raise RuntimeError("not sent") from error


def make_closed() -> io.StringIO:
    stream = io.StringIO()
    stream.close()
    return stream


@pytest.mark.parametrize(
    ("make_stream", "shown"), [(make_closed, "ValueError: I/O operation on closed file"), (Forwarder, "no number")]
)
def test_the_report_of_a_loss_shows_no_secrets_of_the_error_of_a_request(
    make_stream: Callable[[], io.StringIO],
    shown: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(sys, "stderr", make_stream())
    call = Call(AccessLog(answering(Body(b"123", ValueError("password=tr0ub4dor")))))
    with pytest.raises(ValueError, match="password"):
        call.read()
    assert shown in caplog.text
    assert "tr0ub4dor" not in caplog.text


def test_what_fails_now_and_then_does_not_flood_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(losses, "INTERVAL", 3600)
    layer = AccessLog(answering([b"123"]), format="%s")
    for _ in range(10):
        for stream in (None, io.StringIO()):
            monkeypatch.setattr(sys, "stderr", stream)
            Call(layer).read()
    [report] = caplog.records
    assert report.levelname == "ERROR"


def test_reports_go_to_the_logger_of_the_layer(caplog: pytest.LogCaptureFixture) -> None:
    layer = AccessLog(answering([b"123"]), file=Path("/dev/full"), logger="site.access")
    Call(layer).read()
    assert [(record.name, record.levelno) for record in caplog.records] == [("site.access", logging.ERROR)]


def test_an_end_is_reported_once(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(losses, "INTERVAL", 0)
    found = losses.Losses("wsgistack.access_log")
    found.add(OSError())
    found.end()
    found.end()  # by another thread, which saw the count before
    assert caplog.messages == [
        "lines of the access log are being lost: OSError",
        "the access log works again; lost lines: 1",
    ]


def test_reports_even_if_a_later_configuration_disabled_the_logger(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("site.access"), "disabled", True)
    losses.Losses("site.access").add(OSError())
    assert [record.name for record in caplog.records] == ["root"]


_LOSE_AND_EXIT = """
import logging, os, sys
from pathlib import Path
from wsgistack import AccessLog

class Broken:
    def write(self, text):
        raise OSError("broken")

    def flush(self):
        pass

    def filter(self, record):
        if record.levelno == logging.CRITICAL:
            raise OSError("broken")
        return True

def app(environ, start_response):
    start_response("200 OK", [])
    return [b""]

def main():
    logging.basicConfig(format="%(levelname)s %(message)s", stream=sys.stderr)
    logging.getLogger("broken").addFilter(Broken())
    sys.stdout = Broken()
    layer = AccessLog(app, {options})
    for number in range(5):
        body = layer({{}}, lambda status, headers: None)
        list(body)
        body.close()

main()  # no name refers to the layer when the process ends
{after}
"""
_AT_THE_END = "WARNING the process ends; lost lines of the access log: 5"
_KINDS = [
    pytest.param("output='stdout'", id="stream"),
    pytest.param("output='stdout', queue=10", id="queue"),
    pytest.param("file=Path('/dev/full')", id="file"),
    pytest.param("output='logging', logger='broken', level='critical'", id="logging"),
]


def run(program: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    return done.stderr.splitlines()


@pytest.mark.parametrize("options", _KINDS)
def test_the_end_of_a_process_reports_how_many_lines_were_lost(options: str) -> None:
    first, *others = run(_LOSE_AND_EXIT.format(options=options, after=""))
    assert first.startswith("ERROR lines of the access log are being lost: ")
    assert others == [_AT_THE_END]


@pytest.mark.parametrize("options", _KINDS[:2])
def test_the_end_of_a_child_process_reports_no_losses_of_its_parent(options: str) -> None:
    fork = "child = os.fork()\nif child: sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))"
    assert run(_LOSE_AND_EXIT.format(options=options, after=fork)).count(_AT_THE_END) == 1


def test_the_end_of_a_process_reports_nothing_that_was_reported(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(losses, "INTERVAL", 0)
    found = losses.Losses("site.end")
    found.add(OSError())
    found.end()
    _end_process()
    found.add(OSError())
    _end_process()
    _end_process()
    assert [record.message for record in caplog.records if record.name == "site.end"] == [
        "lines of the access log are being lost: OSError",
        "the access log works again; lost lines: 1",
        "lines of the access log are being lost: OSError",
        "the process ends; lost lines of the access log: 1",
    ]
