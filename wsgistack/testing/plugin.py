"""The pytest plugin: a test class for a middleware, and a server for the tests of an application."""

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

import pytest

from wsgistack.errors import ContractError, suggest
from wsgistack.testing.judge import Judge
from wsgistack.testing.request import RequestHeaders
from wsgistack.testing.server import Server
from wsgistack.types import Changes, Factory

__all__ = ["MiddlewareConformance", "wsgi_server"]


@pytest.fixture
def wsgi_server() -> Server:
    """A strict server in memory: ``wsgi_server.get(app, "/path")`` raises if the application breaks a rule."""
    return Server()


class MiddlewareConformance:
    """Tests a middleware against PEP 3333: one test for each case.

    Derive your test class from it. ``factory`` may also be a static method or a fixture::

        class TestMine(MiddlewareConformance):
            factory = Mine
    """

    if not TYPE_CHECKING:  # a subclass may define it in three ways, which have three types
        factory = None
        """The middleware: a callable that takes the application first, and then the options."""

    options: ClassVar[Mapping[str, object]] = {}
    """Options for the factory."""

    headers: ClassVar[RequestHeaders] = ()
    """Headers of every request, for example credentials: a mapping, or pairs of a name and a value."""

    changes: ClassVar[Changes | None] = None
    """What the middleware declares as changed. The default is its own attribute ``changes``, or else nothing."""

    exempt: ClassVar[Mapping[str, str]] = {}
    """Cases that are known to fail, each with the reason. It is a failure if such a case passes."""

    @classmethod
    def pytest_generate_tests(cls, metafunc: pytest.Metafunc) -> None:
        """Make one test for each case."""
        if "conformance_case" not in metafunc.fixturenames:
            return
        names = Judge.names()
        unknown = [name for name in cls.exempt if name not in names]
        if unknown:
            first = unknown[0]
            raise pytest.UsageError(f"{cls.__name__}.exempt: unknown case {first!r}; {suggest(first, names)}")
        metafunc.parametrize("conformance_case", [pytest.param(name, marks=cls._make_marks(name)) for name in names])

    @classmethod
    def _make_marks(cls, name: str) -> list[pytest.MarkDecorator]:
        if name not in cls.exempt:
            return []
        return [pytest.mark.xfail(reason=cls.exempt[name], raises=ContractError, strict=True)]

    def test_keeps_the_contract(self, conformance_case: str, request: pytest.FixtureRequest) -> None:
        """Run one case."""
        judge = Judge(self._get_factory(request), self.options, headers=self.headers, changes=self.changes)
        verdict = judge.judge(conformance_case)
        if verdict.breaches:
            raise ContractError(*verdict.breaches)

    def _get_factory(self, request: pytest.FixtureRequest) -> Factory:
        try:
            found = request.getfixturevalue("factory")
        except pytest.FixtureLookupError as error:
            if error.argname != "factory":
                raise
            found = inspect.getattr_static(type(self), "factory")
        if found is None:
            raise pytest.UsageError(f"{type(self).__name__} has neither an attribute nor a fixture 'factory'")
        factory: Factory = found.__get__(None, type(self)) if isinstance(found, staticmethod | classmethod) else found
        return factory
