"""Patterns of paths and of user agents that are refused."""

import re
from collections.abc import Callable, Iterable
from fnmatch import translate
from typing import NamedTuple

from wsgistack.errors import ConfigError, Mistake, did_you_mean, read_each
from wsgistack.http.paths import check_prefix, has_one_beginning, is_plain, path_forms
from wsgistack.types import Environ

__all__ = ["SCANNED", "SCANNERS", "Rule", "compile_path_rules", "compile_user_agent_rules", "find_rule"]

SCANNERS = "scanners"
"""The word for all of these paths, in the option ``denied_paths``."""

SCANNED = (
    r"/\.(?!well-known(?:/|\Z)|\.?(?:/|\Z))"  # a name with a dot before it
    r"|\.(?:php[3-8]?|phtml|phar|aspx?|ashx|asmx|jspx?|cgi|cfm|env)(?=/|\Z)"
    r"|/(?:wp-(?:admin|content|includes|json)|phpmyadmin[^/]*|cgi-bin|hnap1|boaform)(?=/|\Z)"
)
"""A regular expression for what scanners look for."""

_WILDCARDS = re.compile(r"[*?\[]")
_FLAGS = re.IGNORECASE | re.ASCII  # paths and headers are bytes as latin-1, of which only ASCII has known letters


class Rule(NamedTuple):
    """A rule that refuses requests.

    :param name: the option and the entry, for the log.
    :param source: a regular expression, to search for.
    """

    name: str
    source: str


def find_rule(rules: Iterable[Rule], text: str) -> str:
    """The name of the first rule that matches a text; empty if none does."""
    return next((rule.name for rule in rules if re.search(rule.source, text, _FLAGS)), "")


def compile_path_rules(entries: Iterable[str], *, key: str) -> Callable[[Environ], str] | None:
    """Make a function that finds the rule by which a path is refused: an empty text for one that is not.

    A path is refused if any of its forms matches.

    :param entries: the beginnings of paths, by whole segments; globs of whole paths; and the word ``scanners``.
    :returns: None without entries.
    :raises ConfigError: an entry is not valid.
    """

    def read(entry: str) -> Rule:
        return Rule(SCANNERS if entry == SCANNERS else f"{key} {entry}", _compile_path(entry))

    rules = read_each(read, entries, key=key)
    if not rules:
        return None
    matches = re.compile("|".join(rule.source for rule in rules), _FLAGS).search

    def find_path_rule(environ: Environ) -> str:
        path: str = environ.get("PATH_INFO", "")
        if is_plain(path) and has_one_beginning(environ):  # the most frequent request, at the least cost
            return find_rule(rules, path) if matches(path) else ""
        forms = path_forms(environ)
        found = next(filter(matches, forms.values), None)
        if found is not None:
            return find_rule(rules, found)
        return "" if forms.is_complete else "ambiguous path"

    return find_path_rule


def compile_user_agent_rules(entries: Iterable[str], *, key: str) -> list[Rule]:
    """Make the rules for user agents: each entry is a part of the value, or a glob of the whole value.

    :raises ConfigError: an entry is empty.
    """
    rules = []
    for entry in entries:
        if not entry.strip():
            raise ConfigError(Mistake("empty user agent", key=key, value=entry, expected="a part of a user agent"))
        text = _as_bytes(entry)
        source = rf"\A{translate(text)}" if _WILDCARDS.search(text) else re.escape(text)
        rules.append(Rule(f"{key} {entry}", source))
    return rules


def _compile_path(entry: str) -> str:
    if entry == SCANNERS:
        return SCANNED
    likely = "" if entry[:1] == "/" else did_you_mean(entry, [SCANNERS])
    is_glob = _WILDCARDS.search(entry)
    if likely or (is_glob and entry[0] not in "/*?["):
        expected = f"a path, a pattern that begins with a slash or *, or {SCANNERS}"
        raise ConfigError(Mistake(f"invalid value {entry!r}", value=entry, expected=expected, hint=likely))
    if is_glob:
        text = _as_bytes(entry)
        return rf"\A(?:{translate(text)}|{translate(f'{text}/')})"
    return rf"\A{re.escape(_as_bytes(check_prefix(entry)))}(?=/|\Z)"


def _as_bytes(text: str) -> str:
    """A text in the encoding of PEP 3333."""
    return text.encode().decode("latin-1")
