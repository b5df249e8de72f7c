"""The layer access_log with the options of Paste's TransLogger, for the ini files of Zope, Plone and Pyramid.

For ``egg:Paste#translogger`` write ``egg:wsgistack#translogger``. Nothing else changes in the file::

    sed -i 's/egg:Paste#translogger/egg:wsgistack#translogger/' zope.ini
"""

import logging
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar

from wsgistack.errors import ConfigError, Mistake, Mistakes, Where, suggest
from wsgistack.middleware.access_log import AccessLog
from wsgistack.middleware.access_log.format import FORMATS, PASTE_NAMES
from wsgistack.middleware.access_log.sinks import find_level, log_lines
from wsgistack.pipeline.spec import Spec
from wsgistack.types import App

__all__ = ["TransLogger"]

_FORMAT = (
    '%(REMOTE_ADDR)s - %(REMOTE_USER)s [%(time)s] "%(REQUEST_METHOD)s %(REQUEST_URI)s %(HTTP_VERSION)s" '
    '%(status)s %(bytes)s "%(HTTP_REFERER)s" "%(HTTP_USER_AGENT)s"'
)
_TIME = "%{%d/%b/%Y:%H:%M:%S %z}t"
_DIRECTIVES = {**PASTE_NAMES, "bytes": "%{Content-Length}o", "time": _TIME}  # as Paste writes them
_FIELD = re.compile(r"%(?:\((?P<name>[^()]*)\)s|%|(?P<letter>[A-Za-z{>])?)")


class TransLogger(AccessLog):
    """Log a line for each request, as Paste's TransLogger does.

    ::

        [filter:translogger]
        use = egg:wsgistack#translogger
        setup_console_handler = False

    The lines of ordinary requests are the same; secrets are written as ``[redacted]``, as in ``access_log``. Other than
    in Paste, a line comes at the end of the response, also if the application raises an error, such as NotFound in
    Zope. What a client sends can't break a line. The path is as the client wrote it, ``/@@view`` and not
    ``/%40%40view``. The address is that of the connection, because anybody can write X-Forwarded-For: behind a proxy,
    add the layer ``forwarded`` before, or ``trusted_proxy`` of Waitress.

    :param logger_name: the name of the logger. ``wsgi`` by default.
    :param format: a text with the names of Paste, such as ``%(REMOTE_ADDR)s``: HTTP_REFERER, HTTP_USER_AGENT,
        HTTP_VERSION, REMOTE_ADDR, REMOTE_USER, REQUEST_METHOD, REQUEST_URI, bytes, status and time. By default the
        combined format of Apache.
    :param logging_level: the level of all records: a level that logging knows. ``INFO`` by default.
    :param set_logger_level: the level that the logger gets, or none to leave it. ``DEBUG`` by default.
    :param setup_console_handler: whether the lines go to standard error, and not to the handlers of other loggers. True
        by default. Turn it off where the file has a logger of that name with handlers.
    :raises ConfigError: a level or a name in the format is unknown.
    """

    is_log: ClassVar[bool] = True

    def __init__(
        self,
        app: App,
        /,
        *,
        logger_name: str = "wsgi",
        format: str | None = None,
        logging_level: int | str = "INFO",
        set_logger_level: int | str | None = "DEBUG",
        setup_console_handler: bool = True,
    ) -> None:
        mistakes = Mistakes()
        with mistakes.collect():
            directives = _translate(format or _FORMAT)
        with mistakes.collect():
            level = find_level(logging_level, "logging_level")
        with mistakes.collect():
            logger_level = None if set_logger_level is None else find_level(set_logger_level, "set_logger_level")
        mistakes.raise_if_any()
        super().__init__(app, format=directives, output="logging", logger=logger_name, level=level)
        self._write = log_lines(logger_name, level)  # records without attributes cost as much as those of Paste
        self.logger_name = logger_name
        self.format = format  # type: ignore[assignment]
        self.logging_level = logging_level
        self.set_logger_level = set_logger_level
        self.setup_console_handler = setup_console_handler
        logger = logging.getLogger(logger_name)
        if setup_console_handler:
            _add_console(logger)
        if logger_level is not None:
            logger.setLevel(logger_level)

    @classmethod
    def factory(cls, global_conf: Mapping[str, str] | None, /, **local_conf: str) -> Callable[[App], App]:
        """Make the filter, as ``paste.filter_factory``.

        :raises ConfigError: an option is unknown or not valid.
        """
        given = global_conf or {}
        where = Where(given.get("__file__", ""), section="translogger")
        return Spec(cls, where=where, base=Path(given.get("here", ""))).parse(local_conf).build


class _Console(logging.StreamHandler):  # type: ignore[type-arg]
    """The handler for standard error. A logger gets one, however many layers use it."""


def _add_console(logger: logging.Logger) -> None:
    logger.propagate = False
    if not any(type(each) is _Console for each in logger.handlers):
        console = _Console()
        console.setFormatter(logging.Formatter("%(message)s"))
        logger.addHandler(console)


def _translate(format: str) -> str:
    """Translate a format of Paste to one of access_log.

    :raises ConfigError: it has an unknown name, or something else than names.
    """
    expected = "names such as %(status)s"

    def translate(found: re.Match[str]) -> str:
        if found[0] == "%%":
            return "%%"
        if found["name"] is None:
            hint = "for directives of Apache, use egg:wsgistack#access_log" if found["letter"] else ""
            problem = f"not a name: {found[0]!r}"
            raise ConfigError(Mistake(problem, key="format", value=format, expected=expected, hint=hint))
        if found["name"] not in _DIRECTIVES:
            problem = f"unknown name {found['name']!r} in the log format"
            hint = suggest(found["name"], _DIRECTIVES)
            raise ConfigError(Mistake(problem, key="format", value=format, hint=hint))
        return _DIRECTIVES[found["name"]]

    directives = _FIELD.sub(translate, format).replace(f"[{_TIME}]", "%t")
    if "%" not in directives:
        hint = "for a format that has a name, use egg:wsgistack#access_log" if format in FORMATS else ""
        raise ConfigError(Mistake("all lines would be equal", key="format", value=format, expected=expected, hint=hint))
    return directives
