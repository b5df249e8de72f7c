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
        for module, found in [*sys.modules.items()]:  # two recipes may have modules of one name
            file = Path(getattr(found, "__file__", None) or "/")
            if file.is_relative_to(RECIPES) and not file.is_relative_to(RECIPES / name):
                monkeypatch.delitem(sys.modules, module)
        return RECIPES / name

    return enter_recipe
