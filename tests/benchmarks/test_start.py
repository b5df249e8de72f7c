"""What the start is measured with: ten layers, the same from everywhere."""

from pathlib import Path

from benchmarks.building import application, make_builders, make_application
from benchmarks.rows import describe_version


def test_builds_the_same_ten_layers_from_everywhere(tmp_path: Path) -> None:
    shown = {name: repr(case()) for name, case in make_builders(tmp_path).items()}
    assert set(shown) >= {"an ini file", "a TOML file", "Python"}
    assert len(shown) == (4 if describe_version("PasteDeploy") else 3)
    assert len(set(shown.values())) == 1
    (told,) = set(shown.values())
    assert [told.count(f"{name}(") for name in ("RequestId", "AccessLog", "CatchErrors", "Gzip", "BasicAuth")] == [
        2
    ] * 5


def test_gives_paste_deploy_the_application() -> None:
    assert make_application({}) is application
