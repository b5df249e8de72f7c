"""Layers that are there for some requests, and as if they were not for the others."""

from collections.abc import Iterable
from typing import Any

import pytest
from webtest import TestApp

from tests.direct import Call, answering, raising
from tests.stacks import LAYERS, Stack
from wsgistack import Compress
from wsgistack.conditions import Conditional, condition
from wsgistack.testing import Judge
from wsgistack.types import App, Environ, StartResponse


def path_of(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"ping " * 200]


def test_is_there_for_the_requests_that_are_meant_and_no_other() -> None:
    layer = Conditional(Compress(path_of, minimum_size=0), path_of, condition({"path": "/api/*"}))
    client = TestApp(layer)
    assert client.get("/api/x").headers["Vary"] == "Accept-Encoding"
    assert "Vary" not in client.get("/web").headers


def test_hands_on_what_the_application_gives_as_it_is() -> None:
    body: list[bytes] = [b"a"]
    app = answering(body)
    assert Call(Conditional(Compress(app), app, condition({"method": "PUT"}))).body is body


def test_lets_through_what_a_condition_raises() -> None:
    def failing(environ: Environ) -> bool:
        raise LookupError("no such user")

    app = answering([])
    with pytest.raises(LookupError, match="no such user"):
        Call(Conditional(app, app, condition(failing)))
    with pytest.raises(ZeroDivisionError):
        Call(Conditional(app, raising(ZeroDivisionError()), condition({"path": "/x"})))


@pytest.mark.parametrize(
    ("when", "shown"),
    [
        pytest.param({"path": "/a"}, "when={'path': '/a'}", id="mapping"),
        pytest.param(None, f"when={bool!r}", id="function"),
    ],
)
def test_shows_the_layer_and_its_condition(when: object, shown: str) -> None:
    layer = Conditional(Compress(path_of), path_of, bool, when)
    assert repr(layer) == f"Conditional({Compress(path_of)!r}, {shown})"


@pytest.mark.slow
@pytest.mark.parametrize("when", [{"environ": "wsgi.version"}, {"not": {"environ": "wsgi.version"}}], ids=["in", "out"])
@pytest.mark.parametrize("name", [name for name in LAYERS if name not in ("basic_auth", "lint")])
def test_keeps_the_contract_where_the_layer_is_there_and_where_it_is_not(name: str, when: dict[str, Any]) -> None:
    compiled = condition(when)

    def conditional(app: App) -> App:
        return Conditional(Stack(name)(app), app, compiled)

    changes = None if "not" in when else LAYERS[name].changes
    verdicts = Judge(conditional, changes=changes).judge_all()
    assert [verdict for verdict in verdicts if verdict.breaches] == []
