"""Middlewares that are broken on purpose, each with exactly the rules that it breaks."""

from tests.testing.broken import bodies, errors, modes, requests, starts
from tests.testing.broken.catalogue import BROKEN, Broken

__all__ = ["BROKEN", "Broken", "bodies", "errors", "modes", "requests", "starts"]
