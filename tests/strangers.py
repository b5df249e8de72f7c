"""Distributions of other people, installed for one test."""

from functools import cache
from pathlib import Path

import pytest

from wsgistack.pipeline import registry


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, entry_points: str, **modules: str) -> None:
    """Lay down what an installer would: metadata, and modules by name."""
    info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(entry_points)
    for module, source in modules.items():
        (folder / f"{module}.py").write_text(source)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setattr(registry, "names", cache(registry.names.__wrapped__))
