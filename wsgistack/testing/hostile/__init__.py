"""A catalogue of WSGI applications that are legal and hostile: each is something that some middleware breaks on."""

from wsgistack.testing.hostile import bodies, combinations, endings, headers, requests, starts
from wsgistack.testing.hostile.case import CASES, Case, hostile

__all__ = ["CASES", "Case", "bodies", "combinations", "endings", "headers", "hostile", "requests", "starts"]
