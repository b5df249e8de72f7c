"""The rules as a layer: it holds a live application and its server to PEP 3333 while you develop."""

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
    """The WSGI interface is broken, and the response goes on."""


class Lint:
    """Check each request against the rules of PEP 3333: what the application does, and what its server does.

    What is wrong is said with the clause that says how it should be. A breach is found when the application has
    returned or raised, or when the server closes the iterable.

    :param report: ``raise`` a ContractError, or ``warn`` with a ContractWarning and let the response go on. The
        default can't be overlooked.
    :raises ConfigError: there is no such way to report.

    Cost tier T2, and some: each event of a response is written down and judged.

    Place it anywhere, also several times: around the application, it judges that, and all layers outside as a server.
    Not for production.
    """

    must_be_inside: ClassVar[dict[str, str]] = {}
    must_be_outside: ClassVar[dict[str, str]] = {}
    changes: ClassVar[Changes] = Changes()

    def __init__(self, app: App, /, *, report: Literal["raise", "warn"] = "raise") -> None:
        if report not in _REPORTS:
            raise ConfigError(Mistake(f"no way {report!r}", key="report", value=report, hint=suggest(report, _REPORTS)))
        self.app = app
        self.report = report

    def __call__(self, *arguments: object, **keywords: object) -> Iterable[bytes]:
        """Serve one request."""
        said: set[Breach] = set()
        probe = Probe(self.app, count(), closed=lambda record: self._say(record, said, APPLICATION, SERVER))
        try:
            body = probe(*arguments, **keywords)
        except Exception:  # perhaps of the server, which does not say by which rule
            self._say(probe.records[0], said, APPLICATION)
            raise
        (record,) = probe.records
        try:
            self._say(record, said, APPLICATION, *([] if record.is_watched else [SERVER]))
        except ContractError:
            with suppress(ContractError):
                getattr(body, "close", bool)()
            raise
        return body

    def __repr__(self) -> str:
        return f"Lint({self.app!r}, report={self.report!r})"

    def _say(self, record: Record, said: set[Breach], *books: RuleBook[Record]) -> None:
        for book in books:
            if breaches := book.breaches(record):  # a server owes nothing to an application that breaks the rules
                break
        found = [breach for breach in breaches if breach not in said]
        said.update(found)
        if found and self.report == "raise":
            raise ContractError(*found)
        for breach in found:
            request = f"{record.method} {record.environ_then.get('PATH_INFO', '')}"
            warnings.warn(f"{request}: {breach}", ContractWarning, stacklevel=3)
