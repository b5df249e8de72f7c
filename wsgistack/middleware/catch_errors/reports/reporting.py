"""What else becomes of an error: reports, and a capsule. This module is imported only if one of them is configured."""

import logging
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path

from wsgistack.environ import REQUEST_ID
from wsgistack.errors import Mistakes, describe_error
from wsgistack.http.escaping import escape_word
from wsgistack.http.redaction import Redaction
from wsgistack.http.traceparent import find_trace_id
from wsgistack.http.uploads import Input
from wsgistack.middleware.catch_errors.bodies import KEPT_INPUT, MAX_BODY
from wsgistack.middleware.catch_errors.fingerprints import find_fingerprint, find_origin
from wsgistack.middleware.catch_errors.frames import Raised, capture_error
from wsgistack.middleware.catch_errors.reports.capsules import Capsules
from wsgistack.middleware.catch_errors.reports.delivery import BackgroundDelivery, Delivery
from wsgistack.middleware.catch_errors.reports.limiting import Limiter
from wsgistack.middleware.catch_errors.reports.record import ErrorReport, Reporter
from wsgistack.middleware.catch_errors.reports.reporters import JsonLines, find_reporters
from wsgistack.middleware.catch_errors.request import list_headers, name_request
from wsgistack.middleware.catch_errors.secrets import make_values
from wsgistack.middleware.catch_errors.tracebacks import write_traceback
from wsgistack.types import App, Environ

__all__ = ["Reports", "make_report"]


class Reports:
    """The reporters and the capsules of one layer. None of them keeps another from its work.

    :param logger: the name of the logger for what goes wrong here.
    :raises ConfigError: a reporter is unknown, or a file can't be made.
    """

    def __init__(
        self,
        logger: str,
        redaction: Redaction,
        *,
        reporters: Collection[str | Reporter],
        file: Path | None,
        interval: float,
        in_background: bool,
        capsules: Path | None,
    ) -> None:
        self._logger = logger
        self._redaction = redaction
        self._limiter = Limiter(interval)
        self._deliveries: list[Delivery | BackgroundDelivery] = []
        self._capsules: Capsules | None = None
        mistakes = Mistakes()
        with mistakes.collect():
            found = find_reporters(reporters)
            kind = BackgroundDelivery if in_background else Delivery
            self._deliveries += [kind(each, logger) for each in found]
        if file is not None:
            lines = JsonLines(Path(file))
            with mistakes.collect():
                lines.check()
            self._deliveries.append(Delivery(lines, logger))  # a local file answers at once
        if capsules is not None:
            self._capsules = Capsules(Path(capsules), redaction)
            with mistakes.collect():
                self._capsules.check()
        mistakes.raise_if_any()

    def keep(self, environ: Environ, given: Input) -> None:
        """Keep the beginning of what the application reads of a body, for a capsule."""
        if self._capsules is not None:
            given.keep(MAX_BODY)
            environ[KEPT_INPUT] = given

    def add(self, environ: Environ, error: Exception, pipeline: Sequence[tuple[str, App]]) -> None:
        """Report an error. If that fails, the log says so."""
        try:
            self._report(environ, error, pipeline)
        except Exception as failure:
            with suppress(Exception):  # the logger may be what fails
                said = "an error can't be reported: %s"
                # without the traceback, which would show the error once more
                logging.getLogger(self._logger).error(said, describe_error(failure))  # noqa: TRY400

    def _report(self, environ: Environ, error: Exception, pipeline: Sequence[tuple[str, App]]) -> None:
        suppressed = self._limiter.admit(find_fingerprint(error), time.monotonic())
        if suppressed is None:
            return
        values = make_values(self._redaction, environ, error, pipeline)
        raised = capture_error(error, values)
        report = make_report(environ, error, raised, self._redaction)._replace(suppressed=suppressed)
        try:
            if self._capsules:
                self._capsules.save(report, environ, raised, values, [name for name, _ in pipeline[:-1]])
        finally:
            for each in self._deliveries:
                each.send(report)


def make_report(environ: Environ, error: BaseException, raised: Raised, redaction: Redaction) -> ErrorReport:
    """Make the record of an error.

    :param raised: what the error looks like without secrets.
    :param redaction: which names of the request have secret values.
    """
    return ErrorReport(
        time=time.time(),
        fingerprint=find_fingerprint(error),
        exception=raised.kind,
        message=raised.message,
        origin=find_origin(error),
        request_line=f"{name_request(environ, redaction)} {escape_word(environ.get('SERVER_PROTOCOL', ''))}".rstrip(),
        headers=list_headers(environ, redaction),
        request_id=environ.get(REQUEST_ID, "-"),
        trace_id=find_trace_id(environ) or "",
        traceback=write_traceback(raised),
    )
