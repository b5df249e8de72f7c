"""Logging as a configuration describes it: checked, and set up."""

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from logging.config import dictConfig
from typing import Any

from wsgistack.config.log.check import Check, Locate, secrets
from wsgistack.config.table.lines import Path
from wsgistack.errors import ConfigError, Mistake, describe_error
from wsgistack.options.references import unwrap_resolved
from wsgistack.options.secrets import redact_mistake

__all__ = ["LoggingSetup"]

_FAILED = re.compile(r"Unable to configure (?:root logger|(formatter|filter|handler|logger) (.*))", re.DOTALL)


class LoggingSetup:
    """Logging as a configuration describes it, to be set up once, when a process starts to serve.

    :param config: what :func:`logging.config.dictConfig` takes.
    :param locate: tells the places in it.
    :param mistakes: what was found wrong on the way here.
    :param hidden: texts that no message may show, besides those in the configuration that are of type ``Resolved``.
    :param finish: called when all handlers are made.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        locate: Locate,
        mistakes: Sequence[Mistake] = (),
        hidden: Sequence[str] = (),
        finish: Callable[[], object] = tuple,
    ) -> None:
        self._config = {"version": 1, "disable_existing_loggers": False, **config}
        self._locate = locate
        self._found = mistakes
        self._finish = finish
        self._hidden = [*hidden, *secrets(config)]

    def check(self) -> list[Mistake]:
        """Find what is wrong, without opening files and without a change to the logging of this process."""
        told = {(each.where, each.key) for each in self._found}
        found = Check(self._config, self._locate).mistakes
        return [*self._found, *(each for each in found if (each.where, each.key) not in told)]

    def apply(self) -> None:
        """Set logging up for this process.

        :raises ConfigError: something is wrong; what can be known of it before, is said before anything is changed.
        """
        mistakes = self.check()
        if mistakes:
            raise ConfigError(*mistakes)
        try:
            dictConfig({key: unwrap_resolved(value) for key, value in self._config.items()})
            self._finish()
        except Exception as error:
            raise ConfigError(redact_mistake(self._hidden, self._failure(error))) from (None if self._hidden else error)

    def _failure(self, error: BaseException) -> Mistake:
        failed = _FAILED.fullmatch(str(error))
        at: Path = ()
        if failed:
            at = (f"{failed[1]}s", ast.literal_eval(failed[2])) if failed[1] else ("root",)
        while error.__cause__:
            error = error.__cause__
        where, key = self._locate(at)
        said = str(error) if isinstance(error, ConfigError) else describe_error(error)
        return Mistake(f"can't be set up: {said}", key=key, where=where)
