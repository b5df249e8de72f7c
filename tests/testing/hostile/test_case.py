"""Every hostile application: it is legal, named and described."""

import gc
import re

import pytest

from tests.testing.hostile.catalogue import breaches, refused_by_the_validator
from wsgistack.testing.hostile import CASES, Case
from wsgistack.testing.hostile.case import hostile
from wsgistack.types import App

DEMANDS_A_TYPE = "No Content-Type header found"  # of a response without a body, which need not have one
REFUSED = {
    "answers_reset_content": DEMANDS_A_TYPE,
    "answers_without_a_type": DEMANDS_A_TYPE,
    "answers_options": DEMANDS_A_TYPE,
    "switches_protocols": DEMANDS_A_TYPE,
    "reads_input_of_unknown_length": "AssertionError()",  # it demands a size of read(), which may be left out
}


@pytest.mark.parametrize("name", CASES)
def test_is_legal(name: str) -> None:
    assert breaches(name) == []
    assert breaches(name, by_a_browser=True) == []


@pytest.mark.filterwarnings("ignore::wsgiref.validate.WSGIWarning")  # PATCH is a method that it does not know
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # its own, where iter() fails
def test_passes_the_validator_where_that_lets_it() -> None:
    refused = {name: said for name in CASES if (said := refused_by_the_validator(name))}
    gc.collect()  # while its complaint about itself is ignored
    assert set(refused) == set(REFUSED)
    for name, said in refused.items():
        assert REFUSED[name] in said


def test_there_are_fifty_and_more_each_with_a_name_and_a_sentence() -> None:
    assert len(CASES) >= 50
    for name, case in CASES.items():
        assert case.name == name
        assert re.fullmatch(r"[a-z][a-z0-9_]+", name)
        assert re.fullmatch(r"\S.{10,}[.]", case.description)
    assert (
        len({case.description for case in CASES.values()}) > len(CASES) - 12
    )  # some differ only in when the client disconnects


def test_is_registered_by_its_name_and_docstring(monkeypatch: pytest.MonkeyPatch) -> None:
    cases: dict[str, Case] = {}
    monkeypatch.setattr("wsgistack.testing.hostile.case.CASES", cases)

    def does_nothing(environ: object, start_response: object) -> list[bytes]:
        """Something
        odd."""
        return []

    app: App = does_nothing
    assert hostile(method="PUT", path="/a?b", headers=(("X-A", "a"),), body=b"12", take=1)(app) is app
    hostile(name="another")(app)
    case = cases["does_nothing"]
    assert (case.description, case.app, case.take) == ("Something odd.", app, 1)
    environ = case.environ([("X-B", "b")])
    passed = {key: environ[key] for key in ("REQUEST_METHOD", "PATH_INFO", "QUERY_STRING", "HTTP_X_A", "HTTP_X_B")}
    assert [*passed.values(), environ["CONTENT_LENGTH"]] == ["PUT", "/a", "b", "a", "b", "2"]
    assert cases["another"].name == "another"
