"""The parts of the start benchmark: ten layers, the same from every source."""

from pathlib import Path

import pytest

from benchmarks.building import application, make_application, make_builders
from benchmarks.rows import describe_version

pytestmark = pytest.mark.slow


def test_builds_the_same_ten_layers_from_every_source(tmp_path: Path) -> None:
    shown = {name: repr(case()) for name, case in make_builders(tmp_path).items()}
    assert set(shown) >= {"an ini file", "a TOML file", "Python"}
    assert len(shown) == (4 if describe_version("PasteDeploy") else 3)
    assert len(set(shown.values())) == 1
    (text,) = set(shown.values())
    assert [text.count(f"{name}(") for name in ("RequestId", "AccessLog", "CatchErrors", "Gzip", "BasicAuth")] == [
        2
    ] * 5


def test_the_app_factory_returns_the_application() -> None:
    assert make_application({}) is application
