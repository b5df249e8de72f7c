"""Tests of what an option says whose library is missing."""

from pathlib import Path

import pytest

from wsgistack import ConfigError, Mistake
from wsgistack.extras import require_extra


def test_gives_the_module() -> None:
    assert require_extra("os.path", extra="compress", key="codings").__name__ == "posixpath"


def test_names_the_extra_that_installs_it() -> None:
    with pytest.raises(ConfigError) as caught:
        require_extra("no_such_library.at_all", extra="compress", key="codings")
    problem = "needs the library no_such_library.at_all, which can't be imported"
    assert caught.value.mistakes == (Mistake(problem, key="codings", hint="pip install 'wsgistack[compress]'"),)


def test_a_library_that_misses_its_own_counts_as_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "half_a_library.py").write_text("import the_other_half_of_it\n", "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigError, match="half_a_library, which can't be imported") as caught:
        require_extra("half_a_library", extra="compress", key="codings")
    assert isinstance(caught.value.__cause__, ModuleNotFoundError)
    assert caught.value.__cause__.name == "the_other_half_of_it"


def test_an_error_in_a_library_is_not_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_library.py").write_text("1 // 0\n", "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ZeroDivisionError):
        require_extra("broken_library", extra="compress", key="codings")
