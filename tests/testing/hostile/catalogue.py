"""What holds of every hostile application, whatever its file."""

from types import ModuleType
from wsgiref.validate import validator

from wsgistack.testing import Record, Server
from wsgistack.testing.hostile import CASES, Case
from wsgistack.testing.rules import APPLICATION
from wsgistack.types import App

__all__ = ["breaches", "of", "refused_by_the_validator", "run_case_of"]

_BROWSER = (("Accept", "text/html"), ("Accept-Encoding", "gzip"), ("Cookie", "a=1"))


def of(module: ModuleType) -> list[str]:
    """The cases whose applications are defined in a file."""
    return [name for name, case in CASES.items() if case.app.__module__ == module.__name__]


def run_case_of(case: Case | str, *, by_a_browser: bool = False, app: App | None = None) -> Record:
    """Put the request of a case to its application."""
    case = CASES[case] if isinstance(case, str) else case
    return Server().run(app or case.app, case.environ(_BROWSER if by_a_browser else ()), take=case.take)


def refused_by_the_validator(name: str) -> str:
    """What wsgiref.validate reports about a case; empty if nothing."""
    case = CASES[name]
    record = run_case_of(name, app=validator(case.app))
    return repr(record.error) if isinstance(record.error, AssertionError) else ""


def breaches(name: str, *, by_a_browser: bool = False) -> list[str]:
    return [str(breach) for breach in APPLICATION.breaches(run_case_of(name, by_a_browser=by_a_browser))]
