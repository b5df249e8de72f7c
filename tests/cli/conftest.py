"""What the tests of the commands share."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _modules_of_one_test_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setattr(sys, "path", sys.path[:])
    monkeypatch.setenv("COLUMNS", "100")
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if not name.startswith("wsgistack"):
            del sys.modules[name]
