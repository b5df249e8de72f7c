"""The rules of the interface. Each is a function whose docstring is its clause."""

from wsgistack.testing.rules import response
from wsgistack.testing.rules.application import APPLICATION
from wsgistack.testing.rules.middleware import MIDDLEWARE
from wsgistack.testing.rules.passage import Passage
from wsgistack.testing.rules.rule import Rule, RuleBook
from wsgistack.testing.rules.server import SERVER

__all__ = ["APPLICATION", "MIDDLEWARE", "SERVER", "Passage", "Rule", "RuleBook", "response"]
