"""Log lines about what clients do, which no client can make too many of."""

from logging import WARNING, Logger
from threading import RLock
from time import monotonic
from traceback import format_exception

from wsgistack.processes.forking import renew_after_fork

__all__ = ["Notice"]

INTERVAL = 60.0  # seconds
_MAX_PARTS = 100  # calls and messages of a traceback: the last ones
_MAX_PART = 5000  # characters


class Notice:
    """A warning that is logged at most once a minute, with the number of times that it was left out.

    ::

        _notice = Notice(logging.getLogger("wsgistack.https"))
        _notice.log("the peer %s is not trusted", environ["REMOTE_ADDR"])

    It serves many threads. Each process has its own count.
    """

    __slots__ = ("__weakref__", "_left_out", "_lock", "_logger", "_next")

    def __init__(self, logger: Logger) -> None:
        self._logger = logger
        self.renew()
        renew_after_fork(self)
        self._next = 0.0
        self._left_out = 0

    def renew(self) -> None:
        """Make a new lock, in a child process. The thread that logs may log again in a garbage collection."""
        self._lock = RLock()

    def log(self, message: str, *arguments: object, error: Exception | None = None) -> None:
        """Log the message, or only count it.

        :param error: its traceback follows the message, without secrets that have a name or the form of a token.
        """
        now = monotonic()
        with self._lock:
            if now < self._next:
                self._left_out += 1
                return
            left_out, self._left_out, self._next = self._left_out, 0, now + INTERVAL
        more = f" ({left_out} more since the last one)" if left_out else ""
        text = f"{message % arguments}{more}"
        if error is None:
            self._logger.warning("%s", text)
        elif self._logger.isEnabledFor(WARNING):
            raised = (type(error), error, error.__traceback__)
            record = self._logger.makeRecord(self._logger.name, WARNING, __file__, 0, "%s", (text,), raised)
            record.exc_text = _write_traceback(error)
            self._logger.handle(record)


def _write_traceback(error: Exception) -> str:
    from wsgistack.http.redaction import Redaction  # slow to import

    parts = [each[:_MAX_PART] for each in format_exception(error)]
    return Redaction().redact_message("".join(parts[-_MAX_PARTS:])).rstrip()
