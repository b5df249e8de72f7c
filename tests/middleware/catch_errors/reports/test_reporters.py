"""The reporters that are included, and e-mail through the handlers of logging."""

import json
import logging
import os
import socket
from collections.abc import Iterator
from email import message_from_bytes
from logging.handlers import SMTPHandler
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from tests.middleware.catch_errors.failing import caught, fail, failing, report_of, send
from tests.waiting import MAX_WAIT
from wsgistack import CatchErrors, ConfigError
from wsgistack.middleware.catch_errors.reports.reporters import (
    REPORTS_LOGGER,
    JsonLines,
    find_reporters,
    report_to_logging,
)

REPORT = report_of(caught(fail), HTTP_COOKIE="session=s3cret")


def test_finds_names_import_strings_and_callables() -> None:
    own = list[object]().append
    assert find_reporters(["logging", own, "builtins:print"]) == [report_to_logging, own, print]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("Logging", "unknown reporter 'Logging'; expected logging, or package.module:callable; write logging"),
        ("mail", "unknown reporter 'mail'; expected logging, or package.module:callable"),
        (
            "nowhere:report",
            "cannot import module 'nowhere'; install it, or put it into the folder of the configuration",
        ),
        ("os:sep", "is text; expected a callable that takes a report"),
        (3, "is a number; expected a callable that takes a report"),
        (JsonLines, "is of type type; expected a callable that takes a report"),
    ],
)
def test_refuses_what_is_no_reporter(given: object, said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        find_reporters([given, "logging"])
    [mistake] = raised.value.mistakes
    assert str(mistake) == f"reporters: {said}"


def test_logs_a_report_as_text_with_its_fields(caplog: pytest.LogCaptureFixture) -> None:
    report_to_logging(REPORT)
    report_to_logging(REPORT._replace(suppressed=3))
    first, second = caplog.records
    assert (first.name, first.levelno, first.exc_info) == (REPORTS_LOGGER, logging.ERROR, None)
    assert vars(first)["report"] == REPORT._asdict()
    assert vars(first)["request_id"] == REPORT.request_id
    assert first.getMessage().splitlines()[:2] == ["ValueError: no", "Request: GET / HTTP/1.0"]
    assert "Cookie: session=[redacted]" in first.getMessage()
    assert second.getMessage().startswith("ValueError: no (3 more since the last report)\n")
    assert caplog.text.count(REPORT.traceback.strip()) == 2
    logger = logging.getLogger(REPORTS_LOGGER)
    logger.setLevel(logging.CRITICAL)
    report_to_logging(REPORT)
    logger.setLevel(logging.NOTSET)
    assert len(caplog.records) == 2


def test_appends_a_line_of_json(tmp_path: Path) -> None:
    file = tmp_path / "reports"
    reporter = JsonLines(file)
    reporter.check()
    assert not file.exists()
    for _ in range(2):
        reporter(REPORT)
    assert [json.loads(line) for line in file.read_text().splitlines()] == [REPORT._asdict()] * 2
    assert os.stat(file).st_mode & 0o777 == 0o600  # noqa: PTH116


@pytest.mark.parametrize(
    ("path", "problem"),
    [(".", "Is a directory"), ("no/file", "No such file or directory"), (f"{'n' * 300}/file", "File name too long")],
)
def test_refuses_a_file_that_cannot_be_made(path: str, problem: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"^report_file: cannot open .*: {problem}; expected a file to append to"):
        CatchErrors(failing(print), report_file=tmp_path / path)


class Mailbox:
    """Keeps the messages that a real SMTP server gets."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:  # noqa: N802
        message = message_from_bytes(envelope.content)
        payload = message.get_payload(decode=True)
        assert isinstance(payload, bytes)
        self.messages.append(f"{message['Subject']}\n{payload.decode()}".replace("\r\n", "\n"))
        return "250 OK"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    mailbox = Mailbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Controller(mailbox, hostname="127.0.0.1", port=port, ready_timeout=MAX_WAIT)
    server.start()
    address, to = ("127.0.0.1", port), ["ada@example.org"]
    handler = SMTPHandler(address, "site@example.org", to, "Error in the shop", timeout=MAX_WAIT)
    logger = logging.getLogger(REPORTS_LOGGER)
    logger.addHandler(handler)
    yield mailbox
    logger.removeHandler(handler)
    server.stop()


def test_sends_one_mail_for_many_equal_errors(mailbox: Mailbox) -> None:
    def pay(environ: object) -> None:
        raise RuntimeError("the key s3cret-key is wrong")

    layer = CatchErrors(failing(pay), reporters=["logging"], report_in_background=False)
    for _ in range(5):
        assert send(layer, "/pay", HTTP_X_API_KEY="s3cret-key")[0] == "500 Internal Server Error"
    [mail] = mailbox.messages
    assert mail.startswith("Error in the shop\n")
    for text in ("RuntimeError: the key [redacted] is wrong", "Request: GET /pay", "in pay\n", "Traceback"):
        assert text in mail
    assert "s3cret-key" not in mail.replace('raise RuntimeError("the key s3cret-key is wrong")', "")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes")
def test_a_pipe_that_nobody_reads_does_not_keep_the_client_waiting(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    os.mkfifo(tmp_path / "pipe")
    status, _ = send(CatchErrors(failing(lambda _: fail()), report_file=tmp_path / "pipe"))
    assert status[:3] == "500"
    assert "the reporter JsonLines failed" in caplog.text
