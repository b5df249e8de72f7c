"""What commands keep off the screen while they build an application."""

import logging
import warnings

import pytest

from wsgistack.cli.building import collect_order, silence_logs
from wsgistack.errors import Mistake
from wsgistack.pipeline import OrderWarning


def test_collects_each_warning_about_the_order_once_and_shows_others() -> None:
    misplaced = Mistake("gzip is outside access_log")
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        with collect_order() as order:
            for warning in (OrderWarning(misplaced), OrderWarning(misplaced), DeprecationWarning("old")):
                warnings.warn(warning, stacklevel=1)
    assert (order, [str(each.message) for each in shown]) == ([misplaced], ["old"])


def test_drops_logs_during_a_block(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("a")
    with silence_logs():
        logger.critical("dropped")
    logger.critical("logged")
    assert caplog.messages == ["logged"]
