"""Which requests a site does not answer, and what it asks of crawlers."""

import logging
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import ClassVar, Literal

from wsgistack.base import Middleware
from wsgistack.environ import METHOD_OVERRIDES
from wsgistack.errors import Mistake, Mistakes, check_lists
from wsgistack.exchange import editing
from wsgistack.http.addresses import MAX_PEER
from wsgistack.http.paths import compile_exemptions
from wsgistack.http.responses import send_answer
from wsgistack.middleware.request_filter.clients import compile_client_rules, describe_client
from wsgistack.middleware.request_filter.crawlers import compile_crawler_rules, make_robots_txt, name_crawlers
from wsgistack.middleware.request_filter.patterns import (
    SCANNERS,
    Rule,
    compile_path_rules,
    compile_user_agent_rules,
    find_rule,
)
from wsgistack.peers import AUTHENTICATION, FORWARDING, because
from wsgistack.processes.forking import renew_after_fork
from wsgistack.types import App, Changes, Environ, Headers, StartResponse

__all__ = ["RequestFilter"]

MAX_CACHED_AGENT = 512
"""In characters. Longer user agents are searched each time, so that no client can fill the memory with them."""

_METHODS = "methods"
_TOKEN = re.compile(r"[A-Z][A-Z0-9_-]*")
_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")


class RequestFilter(Middleware):
    r"""Refuse requests by network, method, path or user agent, and keep crawlers away.

    ::

        RequestFilter(app, denied_networks=["203.0.113.0/24"], denied_paths=["scanners", "/internal"])

        [filter:request_filter]
        use = egg:wsgistack#request_filter
        denied_networks = 203.0.113.0/24 2001:db8:bad::/48
        denied_files = /etc/site/denied.txt
        denied_paths = scanners /internal
        crawlers = ai-training PerplexityBot

    The application does not see a refused request. The address of a client is ``REMOTE_ADDR``. If networks are named,
    a client without a known address is refused, unless ``unix`` is allowed.

    A path is refused if any of its spellings matches, such as ``//wp-admin`` or ``/x/..;/.env``. So is a path with so
    many spellings that not all can be tried. Upper and lower case are equal in paths and user agents.

    *Crawlers* are asked in ``/robots.txt`` (RFC 9309) to stay away. This layer serves it, and refuses those that come
    nevertheless by their user agent. They can still read ``/robots.txt``: a crawler that can't may take that as
    permission (section 2.3.1.3). A name matches as a whole word. The words ``ai-training``, ``ai-search`` and
    ``ai-assistants`` are for the crawlers that AI companies use for these purposes, as known in November 2026. Two of
    the names work only in robots.txt, because no request has them as its user agent: ``Google-Extended`` and
    ``Applebot-Extended``. A crawler that hides sends the user agent of a browser; only a list of networks stops it.

    *The log* has a line for each refused request, at level INFO. That level is off by default, so that nobody can flood
    a log that does not ask for it. The logger is ``wsgistack.request_filter``. A line has no text from the client, and
    the record has the attributes ``client`` and ``rule``::

        refused 203.0.113.9 by denied_paths /internal

    For fail2ban, write the lines into a file in the format ``%(asctime)s %(name)s: %(message)s``. The filter is::

        failregex = ^ wsgistack\.request_filter: refused <ADDR> by scanners$

    The rule is also in ``environ["wsgistack.request_filter"]``, which ``%{wsgistack.request_filter}e`` shows in an
    access log. :attr:`counts` has the number of refused requests of each rule.

    :param allowed_networks: the only networks that may enter: addresses, CIDR notation, or ``unix`` for clients on a
        Unix socket. By default, all may.
    :param allowed_files: files with such networks, one on each line; ``#`` and ``;`` begin a comment. None by default.
        A changed file is read again within about a second. If it has a mistake or does not end with a line feed, the
        list before it stays in force, and the mistake is logged. Replace a file by renaming another one, so that it is
        never half-written.
    :param denied_networks: networks that may not enter, even if they are allowed. None by default.
    :param denied_files: files with such networks, as for ``allowed_files``. None by default. Lists with comments, such
        as those of Spamhaus and FireHOL, can be used as they are. A hundred thousand networks are read in about a
        second, and searched in microseconds.
    :param methods: the only methods that are answered; others get 405 with ``Allow`` (RFC 9110 section 15.5.6). GET
        includes HEAD. By default, all are. A method in ``X-HTTP-Method-Override`` must be one of them, too. A form
        field and another header, by which ``method_override`` can be asked for a method, are not read: place that
        layer outside. With ``cors`` inside, name OPTIONS.
    :param denied_paths: the beginnings of paths, by whole segments, such as ``/internal``; globs of whole paths, such
        as ``*.bak``; and the word ``scanners``, which is the default, because a WSGI application has none of what
        scanners look for: names that begin with a dot, except ``.well-known``; ``.php``, ``.asp``, ``.jsp``, ``.cgi``
        and the like; WordPress, phpMyAdmin and ``cgi-bin``.
    :param denied_user_agents: parts of user agents, or globs of the whole value, such as ``sqlmap`` or ``curl/*``.
        None by default.
    :param crawlers: names of crawlers, and words for groups of them. None by default.
    :param robots_txt: a file with the rest of robots.txt, for all other crawlers. None by default. Without it and
        without ``crawlers``, the application answers ``/robots.txt``.
    :param robots_tag: the value of ``X-Robots-Tag`` in all responses of the application, such as ``noindex`` for a
        site that no search engine should show, or ``noai, noimageai``. It is added to what the application sends,
        because crawlers follow the strictest value. Not sent by default.
    :param exempt: the beginnings of paths that are always answered, such as the one of a health check, or
        ``/old/index.php``. None by default. All spellings of a path must be under one of them.
    :param status: the status of refused requests: 403, the default, or 404, which does not reveal that a path exists.
    :raises ConfigError: a network, path, method or name is not valid, or a file can't be used.

    Cost tier T0, or T1 with ``robots_tag``.

    Place it inside ``forwarded``, which finds the client's address, and ``access_log``; outside guards, so that refused
    clients can't try passwords. Not needed where the server in front does this. Not for protection from attacks: apart
    from networks, a client can change everything that this layer looks at.
    """

    must_be_inside: ClassVar[Mapping[str, str]] = {
        "access_log": "refused requests would not be logged",
        **because(FORWARDING, "it would see the address of the proxy, not the client's"),
    }
    must_be_outside: ClassVar[Mapping[str, str]] = because(
        AUTHENTICATION, "refused clients could try passwords and tokens"
    )
    changes: ClassVar[Changes] = Changes(frozenset({"x-robots-tag"}), answers=True)

    def __init__(
        self,
        app: App,
        /,
        *,
        allowed_networks: Collection[str] = (),
        allowed_files: Collection[Path] = (),
        denied_networks: Collection[str] = (),
        denied_files: Collection[Path] = (),
        methods: Sequence[str] = (),
        denied_paths: Sequence[str] = (SCANNERS,),
        denied_user_agents: Sequence[str] = (),
        crawlers: Sequence[str] = (),
        robots_txt: Path | None = None,
        robots_tag: str = "",
        exempt: Sequence[str] = (),
        status: Literal[403, 404] = 403,
    ) -> None:
        super().__init__(app)
        check_lists(
            allowed_networks=allowed_networks,
            allowed_files=allowed_files,
            denied_networks=denied_networks,
            denied_files=denied_files,
            methods=methods,
            denied_paths=denied_paths,
            denied_user_agents=denied_user_agents,
            crawlers=crawlers,
            exempt=exempt,
        )
        mistakes = Mistakes()
        names: list[str] = []
        agent_rules: list[Rule] = []
        with mistakes.collect():
            self._find_client_rule = compile_client_rules(
                allowed_networks, allowed_files, denied_networks, denied_files
            )
        for method in methods:
            if not _TOKEN.fullmatch(method):
                expected, hint = "a method in capitals, as GET", f"write {method.upper()}" if method.isalpha() else ""
                mistakes.append(Mistake(f"invalid value {method!r}", _METHODS, method, expected, hint))
        with mistakes.collect():
            self._find_path_rule = compile_path_rules(denied_paths, key="denied_paths")
        with mistakes.collect():
            agent_rules += compile_user_agent_rules(denied_user_agents, key="denied_user_agents")
        with mistakes.collect():
            names = name_crawlers(crawlers, key="crawlers")
            agent_rules += compile_crawler_rules(names, key="crawlers")
        with mistakes.collect():
            self._robots = make_robots_txt(names, robots_txt, key="robots_txt")
        if robots_tag and not _VALUE.fullmatch(robots_tag):
            mistakes.append(Mistake("not a valid header", "robots_tag", robots_tag, "a value such as noindex"))
        with mistakes.collect():
            self._is_exempt = compile_exemptions(exempt, key="exempt")
        if status not in (403, 404):
            mistakes.append(Mistake("not a valid status", key="status", value=status, expected="403 or 404"))
        mistakes.raise_if_any()
        self.allowed_networks = allowed_networks
        self.allowed_files = allowed_files
        self.denied_networks = denied_networks
        self.denied_files = denied_files
        self.methods = methods
        self.denied_paths = denied_paths
        self.denied_user_agents = denied_user_agents
        self.crawlers = crawlers
        self.robots_txt = robots_txt
        self.robots_tag = robots_tag
        self.exempt = exempt
        self.status = status
        self._methods = dict.fromkeys(other for each in methods for other in _with_head(each))
        self._agent_rules = agent_rules
        self._agents = re.compile("|".join(rule.source for rule in agent_rules), re.IGNORECASE | re.ASCII)
        self._find_agent_rule = lru_cache(maxsize=1024)(self._search_agent)
        self._tag = ("X-Robots-Tag", robots_tag)
        self._logger = logging.getLogger("wsgistack.request_filter")
        self.renew()
        renew_after_fork(self)
        self._counts: Counter[str] = Counter()

    def renew(self) -> None:
        """Make a new lock, in a child process."""
        self._lock = Lock()

    @property
    def counts(self) -> Mapping[str, int]:
        """How many requests each rule has refused in this process. It has no more keys than rules."""
        with self._lock:
            return dict(self._counts)

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        """Serve one request."""
        rule = ""
        if self._find_client_rule:
            rule = self._find_client_rule(environ.get("REMOTE_ADDR", "")[: MAX_PEER + 1])
        if self._methods and not rule:
            rule = self._find_method_rule(environ)
        if self._find_path_rule and not rule:
            rule = self._find_path_rule(environ)
        if self._robots and not rule and environ.get("PATH_INFO") == "/robots.txt" and _is_read_at_root(environ):
            return self._send_robots_txt(environ, start_response)
        if self._agent_rules and not rule:
            agent: str = environ.get("HTTP_USER_AGENT", "")
            rule = self._find_agent_rule(agent) if len(agent) <= MAX_CACHED_AGENT else self._search_agent(agent)
        if rule and not self._is_exempt(environ):
            return self._refuse(rule, environ, start_response)
        if self.robots_tag:
            start_response = editing(start_response, self._add_tag)
        return self.app(environ, start_response)

    def _find_method_rule(self, environ: Environ) -> str:
        if environ["REQUEST_METHOD"] not in self._methods:
            return _METHODS
        for key in METHOD_OVERRIDES:
            if key in environ and environ[key].upper() not in self._methods:
                return _METHODS
        return ""

    def _search_agent(self, agent: str) -> str:
        return find_rule(self._agent_rules, agent) if self._agents.search(agent) else ""

    def _refuse(self, rule: str, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        environ["wsgistack.request_filter"] = rule
        with self._lock:
            self._counts[rule] += 1
        if self._logger.isEnabledFor(logging.INFO):
            client = describe_client(environ)
            self._logger.info("refused %s by %s", client, rule, extra={"client": client, "rule": rule})
        if rule == _METHODS:
            return send_answer(environ, start_response, 405, headers=[("Allow", ", ".join(self._methods))])
        return send_answer(environ, start_response, self.status)

    def _send_robots_txt(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        length = str(len(self._robots))
        start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", length)])
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else self._robots]

    def _add_tag(self, status: str, headers: Headers) -> tuple[str, Headers]:
        is_there = any(value == self.robots_tag and name.lower() == "x-robots-tag" for name, value in headers)
        return status, headers if is_there else [*headers, self._tag]


def _with_head(method: str) -> tuple[str, ...]:
    return ("GET", "HEAD") if method == "GET" else (method,)


def _is_read_at_root(environ: Environ) -> bool:
    """Whether the path begins at the root of the site, which has the only robots.txt, and the method only reads."""
    return not environ.get("SCRIPT_NAME") and environ["REQUEST_METHOD"] in ("GET", "HEAD")
