"""The same files, built by PasteDeploy and by this package: the same result, except for documented differences."""

from collections.abc import Callable, Mapping
from configparser import Error as ConfigParserError
from configparser import RawConfigParser
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from paste.deploy import appconfig
from paste.deploy.loadwsgi import APP

from tests.config.built import EGG, FILES, ours, theirs
from tests.config.random_files import ini_files
from tests.strangers import install
from wsgistack import ConfigError, config

PASSED = {"site": "passed", "only": "passed", "new": "passed"}


def sections() -> list[tuple[str, str, str]]:
    """Every part that a file describes: the file, its kind, and its name."""
    found = []
    for path in sorted(FILES.rglob("*.ini")):
        parser = RawConfigParser()
        parser.read(path, "utf-8")
        parts = [section.partition(":") for section in parser.sections()]
        found += [(str(path.relative_to(FILES)), kind, name.strip()) for kind, _, name in parts]
    return found


@pytest.fixture(autouse=True)
def egg(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(folder, monkeypatch, "acme-recording", EGG)


@pytest.mark.parametrize("passed", [None, PASSED], ids=["alone", "with global_conf"])
@pytest.mark.parametrize(("file", "kind", "name"), sections())
def test_both_make_the_same(file: str, kind: str, name: str, passed: Mapping[str, str] | None) -> None:
    made = theirs(FILES / file, kind, name, passed)
    assert made == ours(FILES / file, kind, name, passed)


WITH_OPTIONS = [each for each in sections() if each[1] in ("app", "application", "composite", "composit")]


@pytest.mark.parametrize("passed", [None, PASSED], ids=["alone", "with global_conf"])
@pytest.mark.parametrize(("file", "kind", "name"), WITH_OPTIONS)
def test_both_read_the_same_options(file: str, kind: str, name: str, passed: Mapping[str, str] | None) -> None:
    told = appconfig(f"config:{FILES / file}", name, global_conf=passed)
    mine = config.appconfig(FILES / file, name, global_conf=passed)
    assert mine.global_conf == told.global_conf
    if told.context.object_type is APP:
        assert (mine, mine.local_conf) == (told, told.local_conf)
    else:  # of a pipeline or an application with a filter, it tells no options of what is inside
        assert {**mine.local_conf, **told.local_conf} == mine.local_conf


def refused_or(
    make: Callable[..., object], file: Path, kind: str, name: str, passed: Mapping[str, str] | None
) -> object:
    try:
        return make(file, kind, name, passed)
    except (ConfigError, RecursionError, ConfigParserError, LookupError):
        return "refused"


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ini_files(), st.sampled_from([None, PASSED]))
def test_both_make_the_same_from_random_files(
    tmp_path_factory: pytest.TempPathFactory,
    case: tuple[str, list[tuple[str, str]]],
    passed: Mapping[str, str] | None,
) -> None:
    text, parts = case
    file = tmp_path_factory.getbasetemp() / "random.ini"
    file.write_text(text, "utf-8")
    for kind, name in parts:
        made = refused_or(theirs, file, kind, name, passed)
        assert made == refused_or(ours, file, kind, name, passed)
