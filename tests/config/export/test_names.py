"""Names of sections: each layer has one of its own, and none means something else."""

from pathlib import Path

import pytest

from tests.config.export.rereading import holding
from wsgistack.config.export.names import is_bare, with_section_names

SMALL = {"use": "gzip", "minimum_size": 1}


@pytest.mark.parametrize(
    ("layers", "names"),
    [
        pytest.param(["gzip", "lint"], ["gzip", "lint"], id="of their use"),
        pytest.param(["gzip", "gzip"], ["gzip", "gzip"], id="the same twice"),
        pytest.param([SMALL], ["gzip"], id="of its use, with options"),
        pytest.param(["gzip", SMALL], ["gzip", "gzip-2"], id="with and without options"),
        pytest.param([SMALL, "gzip"], ["gzip-2", "gzip"], id="without options, after one with them"),
        pytest.param([SMALL, {**SMALL, "name": "x"}], ["gzip-2", "x"], id="the use of another one"),
        pytest.param([{"use": "lint", "name": "gzip"}, "gzip"], ["gzip-2", "gzip"], id="the name of another one"),
        pytest.param([{**SMALL, "name": "a"}, {**SMALL, "name": "a", "level": 1}], ["a", "a-2"], id="the same name"),
        pytest.param([{**SMALL, "name": "a_b"}, {**SMALL, "name": "a-b", "level": 1}], ["a_b", "a-b-2"], id="alike"),
        pytest.param([{**SMALL, "name": "a \n b"}], ["a-b"], id="blanks"),
        pytest.param([{**SMALL, "name": "config:a"}], ["-a"], id="a file"),
        pytest.param([{**SMALL, "name": "${env:a}"}], ["-env:a}"], id="a reference"),
        pytest.param([{"use": "request-id"}, "request_id"], ["request-id", "request_id-2"], id="dashes"),
    ],
)
def test_names_each_layer(layers: list[object], names: list[str], folder: Path) -> None:
    losses: list[str] = []
    target = with_section_names(holding(*layers), losses)
    specs = target.applications["main"].pipeline.specs
    assert [spec.name for spec in specs] == names
    given = [spec.name for spec in holding(*layers).applications["main"].pipeline]
    assert losses == [
        f"{name}: the layer is called {other}, for each section has a name of its own"
        for name, other in zip(given, names, strict=True)
        if name != other
    ]


def test_a_layer_with_nothing_but_its_use_needs_no_section(folder: Path) -> None:
    found = holding("gzip", SMALL, {"use": "gzip", "when": {"path": "/x"}}, {"use": "gzip", "name": "x"})
    assert [is_bare(found, spec) for spec in found.applications["main"].pipeline] == [True, False, False, False]
