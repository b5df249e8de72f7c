"""``wsgistack list``: the layers that are installed, and the options of each."""

import sys
from pathlib import Path

import pytest

from wsgistack.cli import main
from wsgistack.pipeline import registry


def test_lists_the_layers_that_are_installed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == sorted(registry.names())
    assert "gzip          Compress eligible responses with gzip alone." in lines


def test_lists_the_options_of_one_layer(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "request-id"]) == 0
    title, _, *options = capsys.readouterr().out.splitlines()
    assert (
        title == "request-id: Give each request an id: the one that came with it, if it is well-formed, or else a new"
    )
    assert options[:3] == ["", "  header: text", f"      {options[2].strip()}"]


STRANGER = '''
from functools import partial

def powered(app, coffee: str, *, cups: int = 1):
    """Say what powers a site,
    in a header.

    :param coffee: which ``kind``.
    """
    return app

def bare(app): return app

def silent(app, *, by=powered): return app
'''


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (
            "powered",
            (
                "stranger:powered: Say what powers a site, in a header.\n\n  coffee: text\n      which `kind`.\n"
                "      required\n  cups: a whole number\n      default: 1\n"
            ),
        ),
        ("bare", "stranger:bare\n\n  It names no options.\n"),
        ("silent", "stranger:silent\n\n  by: anything\n      default: stranger:powered\n"),
    ],
)
def test_lists_the_options_of_a_stranger(
    name: str, shown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "stranger.py").write_text(STRANGER, "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path.copy())
    monkeypatch.delitem(sys.modules, "stranger", raising=False)
    assert main(["list", f"stranger:{name}"]) == 0
    assert capsys.readouterr().out == shown


@pytest.mark.parametrize(
    ("name", "message"),
    [
        pytest.param("gzpi", "unknown layer 'gzpi'; did you mean 'gzip'?", id="misspelt"),
        pytest.param("nosuch:Layer", "cannot import module 'nosuch'", id="no module"),
        pytest.param(
            "json:dumpss", "module 'json' has no attribute 'dumpss'; did you mean 'dumps'?", id="nothing in a module"
        ),
        pytest.param(
            "sys:version", "'sys:version' is not callable; expected a callable that takes the app", id="no callable"
        ),
        pytest.param("threading:active_count", "active_count takes no application", id="a callable that is no layer"),
    ],
)
def test_says_which_layer_was_perhaps_meant(name: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", name]) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(message)


def test_lists_a_layer_that_can_not_be_imported_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    info = tmp_path / "stranger-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[wsgistack.middleware]\nbroken = stranger:Layer\n")
    (tmp_path / "stranger.py").write_text("raise RuntimeError('half installed')")
    monkeypatch.syspath_prepend(tmp_path)
    registry.names.cache_clear()
    try:
        assert main(["list"]) == 0
    finally:
        registry.names.cache_clear()
    listed = capsys.readouterr().out.splitlines()
    place = f"({tmp_path / 'stranger.py'}, line 1)"
    assert (
        f"broken        (can't be used: cannot import module 'stranger': RuntimeError: half installed {place})"
        in listed
    )
    assert "gzip          Compress eligible responses with gzip alone." in listed
