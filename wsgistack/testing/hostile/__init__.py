"""Hostile applications: each is legal, and fails behind some real middleware."""

from wsgistack.testing.hostile import bodies, combinations, endings, headers, requests, starts, takeovers
from wsgistack.testing.hostile.case import CASES, Case, hostile

__all__ = [
    "CASES",
    "Case",
    "bodies",
    "combinations",
    "endings",
    "headers",
    "hostile",
    "requests",
    "starts",
    "takeovers",
]
