"""The cases about connections that the application takes over."""

import pytest

from tests.testing.applications import TEXT, find_broken_rules, make_app, make_lazy_app
from tests.testing.hostile.catalogue import breaches, of, run_case_of
from wsgistack.testing import Server, make_environ
from wsgistack.testing.hostile import takeovers
from wsgistack.testing.rules import APPLICATION

UPGRADE = {"Connection": "Upgrade", "Upgrade": "websocket"}


@pytest.mark.parametrize("name", of(takeovers))
def test_takes_over_the_connection_and_is_legal(name: str) -> None:
    record = run_case_of(name)
    assert record.is_taken_over
    assert record.body == b""
    assert breaches(name) == []


def test_ends_as_its_name_says() -> None:
    assert isinstance(run_case_of("takes_over_and_raises_stop_iteration").error, StopIteration)
    assert run_case_of("takes_over_and_never_starts").starts == []
    assert run_case_of("switches_protocols").status == "101 Switching Protocols"


def test_only_a_request_for_an_upgrade_can_be_taken_over() -> None:
    record = Server().run(lambda environ, start_response: [], make_environ())
    assert not record.is_taken_over
    assert find_broken_rules(record, APPLICATION) == {"starts_even_without_a_body"}
    record = Server().run(make_app("101 Switching Protocols", [], []), make_environ())
    assert not record.is_taken_over


@pytest.mark.parametrize("app", [make_app(body=[]), make_lazy_app(lambda start: start("200 OK", TEXT), b"no")])
def test_an_ordinary_response_to_an_upgrade_takes_nothing_over(app: object) -> None:
    assert callable(app)
    assert not Server().run(app, make_environ(headers=UPGRADE)).is_taken_over
