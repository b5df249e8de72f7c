"""All that is known about a failed request."""

from tests.direct import environ_of, raising
from tests.middleware.catch_errors.debug.failing import catch, fail
from wsgistack import CatchErrors
from wsgistack.http.redaction import Redaction
from wsgistack.middleware.catch_errors.debug.failure import Failure, describe_failure
from wsgistack.pipeline import Pipeline


def test_the_title_is_the_exception_in_one_line() -> None:
    failure = fail()
    assert failure.title == "ValueError: no such card 4"
    error = failure.error
    assert failure._replace(error=type(error)(1, "KeyError", "")).title == "KeyError"
    assert failure._replace(error=type(error)(1, "KeyError", "a\n  b")).title == "KeyError: a b"


def test_the_place_is_the_last_one_in_the_own_code() -> None:
    failure: Failure = fail()
    assert failure.place is not None
    assert failure.place.function == "fail.<locals>.charge"
    assert failure._replace(error=type(failure.error)(1, "KeyError", "")).place is None


def test_secrets_are_redacted_everywhere() -> None:
    def app() -> None:
        password = "first1"
        other = password
        raise ValueError(f"refused {other} {environ['QUERY_STRING']} second2 third3 fourth4")

    environ = environ_of(
        QUERY_STRING="token=second2", HTTP_COOKIE="a=third3", HTTP_X_OTHER="first1", **{"wsgistack.request_id": "id"}
    )
    layer = CatchErrors(raising(KeyError()))
    shown = repr(describe_failure(layer, environ, catch(app), 500, Redaction()))
    assert "third3" not in shown.replace("raise ValueError", "")
    assert not {"first1", "second2", "third3"} & {*shown.replace("'", " ").split()}
    assert "fourth4" in shown


def test_options_of_layers_are_secrets_too() -> None:
    class Vault(CatchErrors):
        def __init__(self, app: object, /) -> None:
            super().__init__(app)  # type: ignore[arg-type]
            self.api_key = "vault7"

    def app() -> None:
        raise ValueError("vault7")

    built = Pipeline([Vault]).wrap(raising(KeyError()))
    assert isinstance(built, CatchErrors)
    failure = describe_failure(built, environ_of(), catch(app), 500, Redaction())
    assert failure.error.message == "[redacted]"
