"""The pytest plugin, as the author of a middleware uses it."""

import pytest

from wsgistack.testing import Judge, Server

MIDDLEWARES = """
from wsgistack.testing import MiddlewareConformance
from wsgistack.types import Changes

class Fine:
    def __init__(self, app, *, header="X-Seen"):
        self.app, self.header = app, header

    def __call__(self, environ, start_response):
        def start(status, headers, *exc_info):
            return start_response(status, [*headers, (self.header, environ.get("HTTP_X_KEY", ""))], *exc_info)
        return self.app(environ, start)

class Forgetful:
    def __init__(self, app):
        self.app = app

    def __call__(self, environ, start_response):
        return self.app(environ, lambda status, headers, exc_info=None: start_response(status, headers))
"""
COUNT = len(Judge.names())
A_FEW = ("-k", "gives_a_tuple")  # two of the cases


def run(pytester: pytest.Pytester, source: str, *options: str, **expected: int) -> pytest.RunResult:
    pytester.makepyfile(MIDDLEWARES + source)
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", *options)
    result.assert_outcomes(**expected)
    return result


def test_makes_one_test_for_each_case(pytester: pytest.Pytester) -> None:
    source = """
class TestFine(MiddlewareConformance):
    factory = Fine
    changes = Changes(frozenset({"x-seen"}))
"""
    run(pytester, source, passed=COUNT)
    result = pytester.runpytest_inprocess("--collect-only", "-q", "-p", "no:cacheprovider")
    result.stdout.fnmatch_lines(["*::TestFine::test_keeps_the_contract[[]gives_a_tuple-by_a_browser[]]"])


def test_takes_options_and_headers(pytester: pytest.Pytester) -> None:
    source = """
class TestFine(MiddlewareConformance):
    factory = Fine
    options = {"header": "X-Other"}
    headers = [("X-Key", "mine")]
    changes = Changes(frozenset({"x-other"}))
"""
    run(pytester, source, *A_FEW, passed=2, deselected=COUNT - 2)


def test_takes_a_function_or_a_static_method_as_factory(pytester: pytest.Pytester) -> None:
    source = """
def passing_on(app):
    return lambda environ, start_response: app(environ, start_response)

class TestFunction(MiddlewareConformance):
    factory = passing_on

class TestStatic(MiddlewareConformance):
    @staticmethod
    def factory(app):
        return app

class TestClassMethod(MiddlewareConformance):
    @classmethod
    def factory(cls, app):
        return app
"""
    run(pytester, source, *A_FEW, passed=6, deselected=3 * COUNT - 6)


def test_takes_a_fixture_as_factory(pytester: pytest.Pytester) -> None:
    source = """
import pytest

class TestFine(MiddlewareConformance):
    changes = Changes(frozenset({"x-seen"}))

    @pytest.fixture
    def factory(self, tmp_path):
        return Fine
"""
    run(pytester, source, *A_FEW, passed=2, deselected=COUNT - 2)


def test_shows_the_clause_of_what_is_broken_with_the_case(pytester: pytest.Pytester) -> None:
    source = """
class TestForgetful(MiddlewareConformance):
    factory = Forgetful
"""
    pytester.makepyfile(MIDDLEWARES + source)
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-k", "restarts_twice and not browser")
    result.assert_outcomes(failed=1, deselected=COUNT - 1)
    result.stdout.fnmatch_lines(["*ContractError: starts_once: *", "*called again only with exc_info (PEP 3333,*"])


EXEMPT = """
class TestForgetful(MiddlewareConformance):
    factory = Forgetful
    exempt = dict.fromkeys({names!r}, "restarts are not for us")
"""


def test_an_exempt_case_is_expected_to_fail_with_its_reason(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(MIDDLEWARES + EXEMPT.format(names=["restarts_twice"]))
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-rxX", "-k", "restarts_twice and not browser")
    result.assert_outcomes(xfailed=1, deselected=COUNT - 1)
    result.stdout.fnmatch_lines(["XFAIL *restarts_twice* - restarts are not for us"])


def test_an_exempt_case_that_passes_is_a_failure(pytester: pytest.Pytester) -> None:
    source = EXEMPT.format(names=["gives_a_tuple"])
    pytester.makepyfile(MIDDLEWARES + source)
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-k", "gives_a_tuple and not browser")
    result.assert_outcomes(failed=1, deselected=COUNT - 1)
    result.stdout.fnmatch_lines(["*XPASS(strict)*restarts are not for us*"])


def test_an_unknown_exempt_case_is_an_error(pytester: pytest.Pytester) -> None:
    result = run(pytester, EXEMPT.format(names=["gives_a_tupel"]), errors=1)
    result.stdout.fnmatch_lines(["*TestForgetful.exempt: unknown case 'gives_a_tupel'; did you mean 'gives_a_tuple'?*"])


def test_an_error_of_the_factory_is_not_an_expected_failure(pytester: pytest.Pytester) -> None:
    source = """
def failing(app):
    raise OSError("it can't be made")

class TestFailing(MiddlewareConformance):
    factory = failing
    exempt = {"gives_a_tuple": "it fails"}
"""
    run(pytester, source, *A_FEW, failed=2, deselected=COUNT - 2)


@pytest.mark.parametrize(
    ("fixture", "said"),
    [
        pytest.param("", "*TestMine has neither an attribute nor a fixture 'factory'*", id="none"),
        pytest.param(
            "    @pytest.fixture\n    def factory(self, no_such_thing): ...",
            "*'no_such_thing' not found*",
            id="a broken one",
        ),
    ],
)
def test_a_missing_factory_is_an_error(pytester: pytest.Pytester, fixture: str, said: str) -> None:
    source = f"\nimport pytest\n\nclass TestMine(MiddlewareConformance):\n    pass\n{fixture}\n"
    pytester.makepyfile(MIDDLEWARES + source)
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-k", "gives_a_tuple and not browser")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines([said])


def test_the_class_may_have_other_tests(pytester: pytest.Pytester) -> None:
    source = """
class TestFine(MiddlewareConformance):
    factory = Fine
    changes = Changes(frozenset({"x-seen"}))

    def test_more(self):
        assert self.factory is Fine
"""
    run(pytester, source, "-k", "gives_a_tuple or test_more", passed=3, deselected=COUNT - 2)


def test_has_a_fixture_with_a_server(wsgi_server: Server, pytester: pytest.Pytester) -> None:
    assert isinstance(wsgi_server, Server)
    source = """
def test_my_application(wsgi_server):
    def app(environ, start_response):
        start_response("200", [])
        return []
    wsgi_server.get(app)
"""
    result = run(pytester, source, failed=1)
    result.stdout.fnmatch_lines(["*ContractError: status_is_a_code_and_a_reason: the status is '200'*"])
