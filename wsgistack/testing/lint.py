"""The rules as a middleware: it checks a running application and its server against PEP 3333 in development."""

import warnings
from collections.abc import Iterable
from contextlib import suppress
from itertools import count
from typing import ClassVar, Literal

from wsgistack.errors import Breach, ConfigError, ContractError, Mistake, suggest
from wsgistack.testing.probe import Probe
from wsgistack.testing.record import Record
from wsgistack.testing.rules import APPLICATION, SERVER, RuleBook
from wsgistack.types import App, Changes

__all__ = ["ContractWarning", "Lint"]

_REPORTS = ("raise", "warn")


class ContractWarning(UserWarning):
    """A rule of the WSGI interface is broken. The response continues."""


class Lint:
    """Check each request against the rules of PEP 3333: what the application does, and what its server does.

    A report names the rule and its clause. Breaches are found when the application returns or raises, and when the
    server calls close()::

        app = Lint(app)

    or in an ini file::

        [filter:lint]
        use = egg:wsgistack#lint
        report = warn

    :param report: ``raise`` a ContractError, or ``warn`` with a ContractWarning and continue with the response. The
        default is ``raise``, because it cannot be overlooked.
    :raises ConfigError: the value of ``report`` is unknown.

    Cost tier T2 and more: it records and checks each event of a response.

    Place it anywhere in a pipeline, also several times: it checks all that is inside of it as an application, and all
    that is outside of it as a server. Not for production.
    """

    must_be_inside: ClassVar[dict[str, str]] = {}
    must_be_outside: ClassVar[dict[str, str]] = {}
    must_not_be_with: ClassVar[dict[str, str]] = {}
    changes: ClassVar[Changes] = Changes()

    def __init__(self, app: App, /, *, report: Literal["raise", "warn"] = "raise") -> None:
        if report not in _REPORTS:
            raise ConfigError(
                Mistake(f"invalid value {report!r}", key="report", value=report, hint=suggest(report, _REPORTS))
            )
        self.app = app
        self.report = report

    def __call__(self, *arguments: object, **keywords: object) -> Iterable[bytes]:
        """Serve one request."""
        reported: set[Breach] = set()
        probe = Probe(self.app, count(), closed=lambda record: self._report(record, reported, APPLICATION, SERVER))
        try:
            body = probe(*arguments, **keywords)
        except Exception:  # perhaps of the server, so that only the application can be judged
            self._report(probe.records[0], reported, APPLICATION)
            raise
        (record,) = probe.records
        try:
            self._report(record, reported, APPLICATION, *([] if record.is_watched else [SERVER]))
        except ContractError:
            with suppress(ContractError):
                getattr(body, "close", bool)()
            raise
        return body

    def __repr__(self) -> str:
        return f"Lint({self.app!r}, report={self.report!r})"

    def _report(self, record: Record, reported: set[Breach], *books: RuleBook[Record]) -> None:
        for book in books:
            if breaches := book.breaches(record):  # the server is not judged if the application breaks a rule
                break
        found = [breach for breach in breaches if breach not in reported]
        reported.update(found)
        if found and self.report == "raise":
            raise ContractError(*found)
        for breach in found:
            request = f"{record.method} {record.environ_then.get('PATH_INFO', '')}"
            warnings.warn(f"{request}: {breach}", ContractWarning, stacklevel=3)
