"""Writing the lines of an access log in a thread of its own, so that a slow disk delays no response."""

from collections.abc import Callable

from wsgistack.middleware.access_log.losses import Losses
from wsgistack.processes.background import Background

__all__ = ["queue_lines"]

PATIENCE = 10.0  # seconds: how long the end of a process waits until the lines are written


def queue_lines(write: Callable[[str], object], size: int, logger: str) -> Callable[[str, object], None]:
    """Return what passes a line to a thread. It raises ``queue.Full`` if the line is lost.

    :param write: writes one line. It may fail, which is reported.
    :param size: the number of lines that may wait.
    :param logger: the name of the logger for lost lines.
    """
    losses = Losses(logger)

    def write_or_report(line: str) -> None:
        try:
            write(line)
        except Exception as error:
            losses.add(error)
        else:
            if losses.count:
                losses.end()

    put = Background(write_or_report, size, name="access_log", patience=PATIENCE).put
    return lambda line, entry: put(line)
