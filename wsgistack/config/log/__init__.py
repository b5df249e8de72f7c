"""Logging as a configuration describes it: checked without being set up, and set up."""

from wsgistack.config.log.ini import ini_logging
from wsgistack.config.log.setup import LoggingSetup
from wsgistack.config.log.table import table_logging

__all__ = ["LoggingSetup", "ini_logging", "table_logging"]
