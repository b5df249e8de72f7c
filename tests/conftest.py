"""What all tests share."""

import gc
import os
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import find, settings
from hypothesis.strategies import none

from wsgistack.middleware.auth.hashes import NEW

pytest_plugins = ["pytester"]

if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.pop("COVERAGE_PROCESS_START", None)  # it measures this worker, and not the programs that tests start

settings.register_profile("steady", deadline=None, derandomize=True, max_examples=15)
settings.register_profile("thorough", settings.get_profile("steady"), max_examples=100)
for name in ("FORCE_COLOR", "NO_COLOR"):  # a CI system may set them
    os.environ.pop(name, None)

EXPECTED_SKIPS = {
    "no IPv6 on the loopback",  # as in most containers
    "the statement is newer",  # than Python 3.11
    "root can read every file",
    "bjoern is not installed",  # it is distributed as source only, and needs a compiler and libev
}
SLOW = {"benchmarks", "recipes", "servers", "test_distributions.py", "test_paste_deploy_itself.py"}
TESTS = Path(__file__).parent


def pytest_configure(config: pytest.Config) -> None:
    """Try more examples of hypothesis where slow tests are asked for as well."""
    settings.load_profile("steady" if config.option.markexpr == "not slow" else "thorough")


def pytest_collection_finish() -> None:
    """Exempt the modules and the tests from garbage collection: many tests collect, and each would visit them all.

    hypothesis makes its Random before: it warns if it finds no reference to it, and does not look at what is exempt.
    """
    find(none(), lambda _: True)
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests in slow folders and files."""
    for item in items:
        if item.path.is_relative_to(TESTS) and SLOW & {*item.path.relative_to(TESTS).parts}:
            item.add_marker(pytest.mark.slow)


@pytest.fixture
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash new passwords in milliseconds, with the lowest costs. Otherwise each one takes a quarter of a second."""
    for name, costs in {"bcrypt": {"rounds": 4}, "sha512": {"rounds": 1000}}.items():
        scheme, options = NEW[name]
        monkeypatch.setitem(NEW, name, (scheme, {**options, **costs}))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail on an unexpected skip under CI, where no part may be missing.

    What a test printed is also made fit for the worker processes of xdist, which send text as strict UTF-8.
    """
    report = yield
    report.sections = [(title, text.encode("utf-8", "backslashreplace").decode()) for title, text in report.sections]
    if report.skipped and isinstance(report.longrepr, tuple) and os.environ.get("CI") == "true":
        reason = report.longrepr[2].removeprefix("Skipped: ")
        if reason not in EXPECTED_SKIPS:
            report.outcome = "failed"
            report.longrepr = (
                f"skipped: {reason}; under CI, install what is missing, or add the reason to EXPECTED_SKIPS"
            )
    return report
