"""A sample of the requests: what went wrong or took long always gets a line."""

from pathlib import Path

import pytest

from tests.direct import Body, Call, answering, raising
from wsgistack import AccessLog
from wsgistack.types import App


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "access.log"


def read(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


@pytest.mark.parametrize(
    ("app", "expected"),
    [
        (answering([b"1"]), []),
        (answering([], status="304 Not Modified"), []),
        (answering([b"1"], status="401 Unauthorized"), ["401"]),
        (answering([b"1"], status="500 Oops"), ["500"]),
        (answering(Body(b"1", RuntimeError("late"))), ["200"]),
        (raising(RuntimeError("early")), ["500"]),
    ],
)
def test_keeps_all_that_went_wrong(app: App, expected: list[str], path: Path) -> None:
    call = None
    try:
        call = Call(AccessLog(app, format="%s", file=path, sample=0))
        call.read()
    except RuntimeError:
        assert expected
    assert read(path) == expected


def test_keeps_aborted_requests(path: Path) -> None:
    Call(AccessLog(answering(Body(b"1")), format="%s", file=path, sample=0)).close()
    assert read(path) == ["200"]


def test_keeps_slow_requests(path: Path) -> None:
    for slow in (0.0, 60.0):
        Call(AccessLog(answering([b"1"]), format=f"{slow} %s", file=path, sample=0, slow=slow)).read()
    assert read(path) == ["0.0 200"]


def test_keeps_a_part_of_the_others(path: Path) -> None:
    layer = AccessLog(answering([b"1"]), format="%s", file=path, sample=0.5)
    for _ in range(1000):
        Call(layer).read()
    assert 350 < len(read(path)) < 650, "the chance of another number is below 1e-20"
