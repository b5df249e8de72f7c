"""The same files, built by PasteDeploy and by this package: the same result, except for documented differences."""

from collections.abc import Callable, Mapping
from configparser import Error as ConfigParserError
from configparser import RawConfigParser
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from paste.deploy import appconfig
from paste.deploy.loadwsgi import APP, FILTER_APP

from tests.config.built import EGG, FILES, ours, theirs
from tests.config.random_files import ini_files
from tests.strangers import install
from wsgistack import ConfigError, config

PASSED = {"site": "passed", "only": "passed", "new": "passed"}


def parts_of(file: str) -> list[tuple[str, str]]:
    """Every part that a file describes: its kind and name."""
    parser = RawConfigParser()
    parser.read(FILES / file, "utf-8")
    parts = [section.partition(":") for section in parser.sections()]
    return [(kind, name.strip()) for kind, _, name in parts]


@pytest.fixture(autouse=True)
def egg(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(folder, monkeypatch, "acme-recording", EGG)


with_passed = pytest.mark.parametrize("passed", [None, PASSED], ids=["alone", "with global_conf"])
of_each_file = pytest.mark.parametrize("file", sorted(str(path.relative_to(FILES)) for path in FILES.rglob("*.ini")))


@with_passed
@of_each_file
def test_both_make_the_same(file: str, passed: Mapping[str, str] | None) -> None:
    for kind, name in parts_of(file):
        made = theirs(FILES / file, kind, name, passed)
        assert made == ours(FILES / file, kind, name, passed), (kind, name)


@with_passed
@of_each_file
def test_both_read_the_same_options(file: str, passed: Mapping[str, str] | None) -> None:
    for kind, name in parts_of(file):
        if kind not in ("app", "application", "composite", "composit", "filter-app"):
            continue
        read = appconfig(f"config:{FILES / file}", name, global_conf=passed)
        mine = config.appconfig(FILES / file, name, global_conf=passed)
        assert mine.global_conf == read.global_conf, (kind, name)
        if read.context.object_type in (APP, FILTER_APP):
            assert (mine, mine.local_conf) == (read, read.local_conf), (kind, name)
        else:  # for a pipeline or an application with a filter, PasteDeploy reads no options of the inner application
            assert {**mine.local_conf, **read.local_conf} == mine.local_conf, (kind, name)


def refused_or(
    make: Callable[..., object], file: Path, kind: str, name: str, passed: Mapping[str, str] | None
) -> object:
    try:
        return make(file, kind, name, passed)
    except (ConfigError, RecursionError, ConfigParserError, LookupError):
        return "refused"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
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
