"""What becomes of an error besides its answer: a record in the log, reports, and a capsule."""

import logging
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from wsgistack.environ import RAISE_ERRORS, REQUEST_ID, Input, escape_quoted
from wsgistack.errors import Mistakes, describe_error
from wsgistack.http.redaction import Redaction
from wsgistack.http.traceparent import find_trace_id
from wsgistack.middleware.catch_errors.attributes import traceback_of
from wsgistack.middleware.catch_errors.bodies import list_secrets
from wsgistack.middleware.catch_errors.capsules import KEPT_INPUT, MAX_BODY, Capsules
from wsgistack.middleware.catch_errors.delivery import Delivery, Reporter
from wsgistack.middleware.catch_errors.fingerprints import find_fingerprint
from wsgistack.middleware.catch_errors.limiting import Limiter
from wsgistack.middleware.catch_errors.report import list_headers, make_report, name_request
from wsgistack.middleware.catch_errors.reporters import JsonLines, find_reporters
from wsgistack.middleware.catch_errors.tracebacks import format_error
from wsgistack.middleware.catch_errors.values import Hiding
from wsgistack.types import Environ

__all__ = ["Reporter", "Reports", "Sent"]


class Sent(NamedTuple):
    """What the client had got of a response when an error happened.

    :param status: the status that was sent.
    :param bytes: how many bytes of the body were sent.
    :param is_whole: whether this was the whole body, so that ``close()`` has failed.
    """

    status: str
    bytes: int
    is_whole: bool


class Reports:
    """The log, the reporters and the capsules of one layer. None of them keeps another from its work.

    :param logger: the name of the logger.
    :raises ConfigError: a reporter is unknown, or a file can't be made.
    """

    def __init__(
        self,
        logger: str,
        *,
        reporters: Collection[str | Reporter],
        file: Path | None,
        interval: float,
        in_background: bool,
        capsules: Path | None,
        redact: Collection[str],
    ) -> None:
        self._logger = logger
        self._redaction = Redaction(redact)
        self._limiter = Limiter(interval)
        self._deliveries: list[Delivery] = []
        self._capsules: Capsules | None = None
        mistakes = Mistakes()
        with mistakes.collect():
            found = find_reporters(reporters)
            self._deliveries += [Delivery(each, logger, in_background=in_background) for each in found]
        if file is not None:
            lines = JsonLines(Path(file))
            with mistakes.collect():
                lines.check()
            self._deliveries.append(Delivery(lines, logger, in_background=False))  # a local file answers at once
        if capsules is not None:
            self._capsules = Capsules(Path(capsules), self._redaction)
            with mistakes.collect():
                self._capsules.check()
        mistakes.raise_if_any()

    def keep(self, environ: Environ, given: Input) -> None:
        """Keep the beginning of what the application reads of a body."""
        given.keep(MAX_BODY)
        environ[KEPT_INPUT] = given

    def add(self, environ: Environ, error: Exception, layers: Sequence[str], sent: Sent | None = None) -> None:
        """Log an error, and report it.

        :param sent: what the client has got of a response before.
        :raises Exception: of a handler of the log; the error is reported nevertheless.
        """
        try:
            self._log(environ, error, sent)
        finally:
            if (self._deliveries or self._capsules) and not environ.get(RAISE_ERRORS):
                try:
                    self._report(environ, error, layers)
                except Exception as failure:
                    with suppress(Exception):  # the logger may be what fails
                        said = "an error can't be reported: %s"
                        # without the traceback, which would show the error once more
                        logging.getLogger(self._logger).error(said, describe_error(failure))  # noqa: TRY400

    def _log(self, environ: Environ, error: Exception, sent: Sent | None) -> None:
        logger = logging.getLogger(self._logger)
        if not logger.isEnabledFor(logging.ERROR):
            return
        request_id = environ.get(REQUEST_ID, "-")
        extra = {
            "request_id": request_id,
            "trace_id": find_trace_id(environ) or "",
            "fingerprint": find_fingerprint(error),
            "request_headers": list_headers(environ, self._redaction),
            "sent_status": sent.status if sent else "",
            "sent_bytes": sent.bytes if sent else 0,
        }
        request = name_request(environ, self._redaction)
        exc_info = (type(error), error, traceback_of(error))
        said = "%s failed%s, request %s"
        arguments = (request, _describe_sent(sent), request_id)
        record = logger.makeRecord(self._logger, logging.ERROR, __file__, 0, said, arguments, exc_info, "", extra)
        text, is_cut = format_error(error)
        if is_cut:  # otherwise the formatter of each handler makes its own
            record.exc_text = text
        logger.handle(record)

    def _report(self, environ: Environ, error: Exception, layers: Sequence[str]) -> None:
        suppressed = self._limiter.admit(find_fingerprint(error), time.monotonic())
        if suppressed is None:
            return
        kept = environ.get(KEPT_INPUT)
        secrets = list_secrets(environ, kept.kept if isinstance(kept, Input) else b"", self._redaction)
        hiding = Hiding(self._redaction, secrets)
        report = make_report(environ, error, self._redaction, hiding)._replace(suppressed=suppressed)
        try:
            if self._capsules:
                self._capsules.save(report, environ, error, hiding, layers)
        finally:
            for each in self._deliveries:
                each.send(report)


def _describe_sent(sent: Sent | None) -> str:
    if sent is None:
        return ""
    if sent.is_whole:
        return f" in close() after {escape_quoted(sent.status)} with {sent.bytes} bytes"
    cut = ", so that the connection is cut" if sent.bytes else ""
    return f" after {escape_quoted(sent.status)} and {sent.bytes} bytes of the body{cut}"
