"""Middlewares that are broken on purpose, each with the rules that it breaks: these and no others."""

from tests.testing.broken import bodies, errors, requests, starts
from tests.testing.broken.catalogue import BROKEN, Broken

__all__ = ["BROKEN", "Broken", "bodies", "errors", "requests", "starts"]
