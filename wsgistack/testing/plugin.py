"""The pytest plugin: a class of tests for a middleware, and a server for the tests of an application."""

import inspect
from collections.abc import Iterable, Mapping
from typing import ClassVar

import pytest

from wsgistack.errors import ContractError
from wsgistack.testing.judge import Judge
from wsgistack.testing.server import Server
from wsgistack.types import Changes, Factory

__all__ = ["MiddlewareConformance", "wsgi_server"]


@pytest.fixture
def wsgi_server() -> Server:
    """A strict server in memory: ``wsgi_server.get(app, "/path")`` raises where the application breaks a rule."""
    return Server()


class MiddlewareConformance:
    """Tests that hold a middleware to PEP 3333, one for each case.

    A test class of yours derives from it; ``factory`` may also be a fixture::

        class TestMine(MiddlewareConformance):
            factory = Mine
    """

    factory: ClassVar[object] = None
    """What takes the application first, and then the options."""

    options: ClassVar[Mapping[str, object]] = {}
    """Options for the factory."""

    headers: ClassVar[Iterable[tuple[str, str]]] = ()
    """Headers that every request has, such as the credentials that let it in."""

    changes: ClassVar[Changes | None] = None
    """What the middleware says that it changes; by default its own attribute ``changes``, or nothing."""

    exempt: ClassVar[Mapping[str, str]] = {}
    """Cases that are known to fail, each with the reason. One that does not fail any more is a failure."""

    @classmethod
    def pytest_generate_tests(cls, metafunc: pytest.Metafunc) -> None:
        """Make one test of each case."""
        if "conformance_case" not in metafunc.fixturenames:
            return
        names = Judge.names()
        unknown = [name for name in cls.exempt if name not in names]
        if unknown:
            raise pytest.UsageError(f"{cls.__name__}.exempt names no case: {', '.join(unknown)}")
        metafunc.parametrize("conformance_case", [pytest.param(name, marks=cls._marks(name)) for name in names])

    @classmethod
    def _marks(cls, name: str) -> list[pytest.MarkDecorator]:
        if name not in cls.exempt:
            return []
        return [pytest.mark.xfail(reason=cls.exempt[name], raises=ContractError, strict=True)]

    def test_keeps_the_contract(self, conformance_case: str, request: pytest.FixtureRequest) -> None:
        """Run one case."""
        judge = Judge(self._factory(request), self.options, headers=self.headers, changes=self.changes)
        verdict = judge.judge(conformance_case)
        if verdict.breaches:
            raise ContractError(*verdict.breaches)

    def _factory(self, request: pytest.FixtureRequest) -> Factory:
        try:
            found = request.getfixturevalue("factory")
        except pytest.FixtureLookupError as error:
            if error.argname != "factory":
                raise
            found = inspect.getattr_static(type(self), "factory")
        if found is None:
            raise pytest.UsageError(f"{type(self).__name__} has no factory, and there is no fixture of that name")
        factory: Factory = found.__get__(None, type(self)) if isinstance(found, staticmethod | classmethod) else found
        return factory
