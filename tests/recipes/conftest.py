"""Enter the folder of a recipe."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

RECIPES = Path(__file__).parents[2] / "recipes"


@pytest.fixture
def enter(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    def enter_recipe(name: str) -> Path:
        monkeypatch.setattr(sys, "path", [str(RECIPES / name), *sys.path])
        monkeypatch.chdir(RECIPES / name)
        return RECIPES / name

    return enter_recipe
