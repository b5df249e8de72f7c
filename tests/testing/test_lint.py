"""The lint layer: it judges the live application and its server, and passes all else on."""

import warnings
from collections.abc import Iterable
from typing import Any

import pytest

from tests.testing.applications import TEXT, failing, make_app, make_lazy_app, read_body
from wsgistack.errors import ConfigError, ContractError
from wsgistack.testing import Server, make_environ
from wsgistack.testing.lint import ContractWarning, Lint
from wsgistack.types import App, Environ, StartResponse

START = [lambda start: start("200 OK", TEXT)]


def accepting(*arguments: object) -> Any:
    return bool


def served(app: Any, environ: Environ | None = None) -> list[bytes]:
    return read_body(app(make_environ() if environ is None else environ, accepting))


def rules_of(caught: pytest.ExceptionInfo[ContractError]) -> list[str]:
    return [breach.rule for breach in caught.value.breaches]


def test_lets_a_legal_application_through() -> None:
    body = [b"a"]
    environ = make_environ()
    assert Lint(make_app(body=body))(environ, accepting) is body
    assert served(Lint(make_lazy_app(*START, b"a", b"b"))) == [b"a", b"b"]


def test_reports_a_broken_list_at_once() -> None:
    with pytest.raises(ContractError) as caught:
        Lint(make_app("200"))(make_environ(), accepting)
    assert rules_of(caught) == ["status_is_a_code_and_a_reason"]


def test_reports_a_broken_iterable_in_close() -> None:
    body: Any = Lint(make_lazy_app(*START, b"a", "b"))(make_environ(), accepting)
    assert list(body) == [b"a", "b"]
    with pytest.raises(ContractError) as caught:
        body.close()
    assert rules_of(caught) == ["gives_bytes"]


def test_closes_the_iterable_of_an_application_that_it_refuses() -> None:
    class Body:
        closed = 0

        def __iter__(self) -> Any:
            return iter([b"a"])

        def close(self) -> None:
            self.closed += 1

    body = Body()
    with pytest.raises(ContractError):
        Lint(make_app("200", body=body))(make_environ(), accepting)
    assert body.closed == 1


def test_reports_a_body_that_is_not_iterable() -> None:
    with pytest.raises(ContractError) as caught:
        Lint(make_app(body=None))(make_environ(), accepting)
    assert rules_of(caught) == ["returns_an_iterable"]


@pytest.mark.parametrize("app", [make_app(), make_lazy_app(*START, b"a")], ids=["a tuple", "a generator"])
def test_judges_the_server_as_well(app: App) -> None:
    with pytest.raises(ContractError) as caught:
        served(Lint(app), make_environ() | {"REMOTE_USER": None})
    assert rules_of(caught) == ["environ_values_are_str"]


def test_judges_a_layer_outside_as_a_server() -> None:
    def reads_for_itself(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        body: Any = Lint(make_lazy_app(*START, b"a"))(environ, start_response)
        list(body)
        body.close()
        return body  # type: ignore[no-any-return]

    record = Server().run(reads_for_itself, make_environ())
    assert isinstance(record.error, ContractError)
    assert {breach.rule for breach in record.error.breaches} == {"reads_the_iterable_once", "closes_once"}


def test_does_not_blame_the_server_for_the_application() -> None:
    def strict(status: str, headers: object, exc_info: object = None) -> Any:
        raise ValueError("no such status")

    def stubborn(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        try:
            start_response("none", TEXT)
        except ValueError:
            return []
        return [b"never reached"]

    with pytest.raises(ContractError) as caught:
        Lint(stubborn)(make_environ(), strict)
    assert rules_of(caught) == ["status_is_a_code_and_a_reason"]


def test_warns_once_of_each_breach_and_lets_the_response_go_on() -> None:
    app = Lint(make_lazy_app(*START, "a", *START, b"b"), report="warn")
    with pytest.warns(ContractWarning) as caught:
        assert served(app) == ["a", b"b"]
    reported = [str(warning.message).split(": ")[:2] for warning in caught]
    assert reported == [["GET /", "starts_once"], ["GET /", "gives_bytes"]]
    assert "(PEP 3333, The start_response() Callable)" in str(caught[0].message)


def test_judges_each_request_alone() -> None:
    app = Lint(make_app("200"), report="warn")
    for _ in range(2):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            served(app)
        assert len(caught) == 1


def test_passes_exceptions_of_the_application() -> None:
    with pytest.raises(LookupError):
        served(Lint(make_lazy_app(failing)))


def test_serves_and_reports_a_call_by_keyword() -> None:
    with pytest.raises(ContractError) as caught:
        Lint(make_app())(environ=make_environ(), start_response=accepting)
    assert rules_of(caught) == ["calls_by_position"]


def test_refuses_an_unknown_value_of_report() -> None:
    with pytest.raises(ConfigError, match="did you mean 'raise'"):
        Lint(make_app(), report="rise")  # type: ignore[arg-type]
    app = make_app()
    assert repr(Lint(app, report="warn")) == f"Lint({app!r}, report='warn')"


def failing_with(status: str) -> App:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response(status, TEXT)
        raise LookupError

    return app


def test_reports_a_breach_before_an_exception() -> None:
    with pytest.raises(ContractError) as caught:
        served(Lint(failing_with("200")))
    assert rules_of(caught) == ["status_is_a_code_and_a_reason"]
    assert isinstance(caught.value.__context__, LookupError)
    with pytest.warns(ContractWarning, match="GET /: status_is_a_code"), pytest.raises(LookupError):
        served(Lint(failing_with("200"), report="warn"))
    with pytest.raises(LookupError):
        served(Lint(failing_with("200 OK")))
