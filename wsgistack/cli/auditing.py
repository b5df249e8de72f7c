"""``wsgistack audit``: whether any spelling of a request gets around the guards of a configuration."""

import argparse
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout
from fnmatch import fnmatchcase
from pathlib import Path
from urllib.parse import quote

from wsgistack.cli.arguments import add_target, add_values
from wsgistack.cli.building import silence_logs
from wsgistack.cli.parser import Commands, add_parser
from wsgistack.cli.reporting import print_json
from wsgistack.cli.target import open_target
from wsgistack.cli.terminal import Terminal
from wsgistack.cli.tracing import Request, Trace
from wsgistack.conditions.openings import is_sent
from wsgistack.conditions.parsing import resolve_condition
from wsgistack.config import read
from wsgistack.config.contents import is_composite
from wsgistack.config.document import Document
from wsgistack.environ import METHOD_OVERRIDES, environ_key
from wsgistack.errors import make_file_error
from wsgistack.pipeline.spec import Spec

__all__ = ["add_command", "audit", "spell_host", "spell_path"]

_REFUSED = ("301", "308", "400", "401", "403", "404", "405", "410", "414", "421")
"""The statuses of answers that reveal nothing: the application does not know the path, or redirects the client."""

_METHODS = ("GET", "HEAD", "POST", "OPTIONS", "get", "post")
_WILDCARD = re.compile(r"[*?]|\[!?.[^\]]*\]")
_FILLERS = "x" + "".join(map(chr, range(0x21, 0x250)))
_DESCRIPTION = """\
Searches for a way around the guards of TARGET. A guard is a layer that protects what is inside, such as basic_auth.
audit sends each protected path in many spellings, with several methods, hosts and headers, but without a password, and
reports every request that the application answered although no guard has seen it.

The requests are made in memory. One that gets around a guard really reaches the application, so use data that does not
matter. Output and logs of the application and the layers are hidden; explain shows them. Answers 301, 308, 400, 401,
403, 404, 405, 410, 414 and 421 count as refused. If they come from inside of a guard that was skipped, the report has
their number: they depend on the routes of the application, which may change. In the report, "..." hides a value that
may be a secret."""
_EXAMPLES = {
    "Try to get around the password": "wsgistack audit stack.toml",
    "Try it for one page": "wsgistack audit --path /admin stack.toml",
}


def add_command(commands: Commands) -> None:
    """Add ``wsgistack audit``."""
    command = add_parser(
        commands,
        "audit",
        summary="search for requests that get around a password",
        description=_DESCRIPTION,
        examples=_EXAMPLES,
    )
    command.add_argument(
        "--path",
        action="append",
        type=_path,
        metavar="PATH",
        help="a protected path; repeatable (default: the paths in the conditions of the guards, or /)",
    )
    command.add_argument("--format", choices=("text", "json"), default="text", help="report format (default: text)")
    add_target(command)
    add_values(command)
    command.set_defaults(run=audit)


def _path(text: str) -> str:
    if not text.startswith("/"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a path, such as /admin")
    return text


def audit(parsed: argparse.Namespace) -> int:
    """Report each request that was answered without a guard."""
    document = open_target(parsed)
    with redirect_stdout(sys.stderr):  # the application may print
        trace = Trace(read(document, parsed.name))
        guards = [spec for spec in trace.specs if spec.is_guard]
        if not guards:
            expected = "a layer that protects what is inside, such as basic_auth"
            raise make_file_error(document.file, "has no guard", expected=expected)
        paths = parsed.path or list(dict.fromkeys(_find_paths(document, parsed.name)))
        requests = list(dict.fromkeys(_make_requests(paths, [_Parts(spec) for spec in guards])))
        found, refused = [], 0
        with (  # hundreds of requests would hide the report, and fill a log
            Path(os.devnull).open("w", errors="replace") as nowhere,
            redirect_stdout(nowhere),
            redirect_stderr(nowhere),
            silence_logs(),
        ):
            for request in requests:
                status = trace.send(request)
                asked = [visit.is_active for visit in trace.visits if visit.spec.is_guard]
                if any(asked):
                    continue
                if status[:3] not in _REFUSED:
                    found.append((request, status))
                elif asked:
                    refused += 1
    if parsed.format == "json":
        unguarded = [
            {**request._asdict(), "environ": request.show_environ(), "status": status} for request, status in found
        ]
        report = {"paths": paths, "requests": len(requests), "unguarded": unguarded, "refused_inside": refused}
        print_json(report)
    else:
        lines = [f"{request} -> {status}" for request, status in found]
        lines.append(f"{len(requests)} requests for {', '.join(paths)}: {len(found)} answered without a guard")
        if refused:
            lines.append(f"{refused} requests skipped the guard, and only what is inside of it refused them")
        Terminal(sys.stdout).write(*lines)
    return 1 if found else 0


class _Parts:
    """What a condition of a guard says about requests, guarded or public."""

    def __init__(self, spec: Spec) -> None:
        self.guarded: dict[str, list[str]] = {"path": [], "method": [], "host": []}
        self.public: dict[str, list[str]] = {"path": [], "method": [], "host": []}
        self.changes: list[dict[str, str]] = []
        """Keys of the environ, by which a client makes a request look public."""
        if spec.when is not None:
            self._add(resolve_condition(spec.when, base=spec.base), self.guarded, self.public)

    def _add(self, when: object, here: dict[str, list[str]], opposite: dict[str, list[str]]) -> None:
        is_public = here is self.public
        changes: dict[str, str] = {}
        for key, values in when.items() if isinstance(when, Mapping) else ():
            if key == "not":
                self._add(values, opposite, here)
            elif key in ("under", "path", "method", "host"):
                here["path" if key == "under" else key] += map(_fill_in, values)
                changes |= {"HTTP_HOST": _fill_in(values[0])} if key == "host" and is_public else {}
            elif key == "scheme":
                changes["wsgi.url_scheme"] = values[0] if is_public else _find_other(values)
            elif key in ("header", "environ"):
                for name in values:
                    globs = values[name] if isinstance(values, Mapping) else ("*",)
                    variable = environ_key(name) if key == "header" else name
                    if variable == "PATH_INFO":
                        here["path"] += map(_fill_in, globs)
                    elif is_sent(variable):
                        changes[variable] = _fill_in(globs[0]) if is_public else _find_other(globs)
        if changes:
            self.changes.append(changes)


def _fill_in(glob: str) -> str:
    """A text that a glob matches."""
    return _WILDCARD.sub(lambda found: next((each for each in _FILLERS if fnmatchcase(each, found[0])), "x"), glob)


def _find_other(globs: Iterable[str]) -> str:
    """A text that no glob matches, if possible."""
    others = ("https", "http", "")
    return next((each for each in others if not any(fnmatchcase(each, glob) for glob in globs)), "")


def _find_paths(document: Document, name: str, prefix: str = "", depth: int = 0) -> Iterator[str]:
    """The paths that the guards of an application protect, and those of the applications that it mounts."""
    stack = document.application(name, document.start())
    for spec in stack.pipeline:
        if spec.is_guard:
            parts = _Parts(spec)
            paths = parts.guarded["path"] or ["/admin" if "/" in parts.public["path"] else "/"]
            yield from (f"{prefix}{path}" if prefix else path for path in paths)
    if stack.application and is_composite(stack.application) and depth < 8:
        for key, value in stack.application.options.items():
            if key.startswith("/") and value in [*document.applications]:
                yield from _find_paths(document, str(value), prefix + key.rstrip("/"), depth + 1)


def _make_requests(paths: Iterable[str], guards: list[_Parts]) -> Iterator[Request]:
    requests = list(_make_plain_requests(paths, guards))
    yield from requests
    variants = [changes for guard in guards for changes in guard.changes]
    together = {key: value for changes in variants for key, value in changes.items()}
    for changes in (*variants, together):
        environ = tuple((key, value) for key, value in changes.items() if key != "HTTP_HOST")
        for request in requests:
            yield request._replace(host=changes.get("HTTP_HOST", request.host), environ=(*request.environ, *environ))


def _make_plain_requests(paths: Iterable[str], guards: list[_Parts]) -> Iterator[Request]:
    public = [path for guard in guards for path in guard.public["path"]]
    hosts = _choose("host", guards) or ["localhost"]
    chosen = _choose("method", guards)
    methods = [spelling for each in chosen for spelling in (each, each.lower())]
    methods += ["HEAD"] if "GET" in chosen else []
    exempt = {method for guard in guards for method in guard.public["method"]}
    methods = [method for method in methods or _METHODS if method not in exempt]
    for path in paths:
        first, slash, rest = quote(path).removeprefix("/").partition("/")
        for method in methods:
            for target in spell_path(path, public):
                yield Request(method, target, hosts[0])
            for script_name, target in (
                (f"/{first}", f"{slash}{rest}"),
                *((each, spelling) for each in ("/zzz", *public) for spelling in (quote(path), f"/{quote(path)}")),
            ):
                yield Request(method, target, hosts[0], script_name)
            for root, target in (
                (f"/{first}", f"/{rest}"),
                *((f"{each}{'/..' * each.count('/')}", quote(path)) for each in public),
            ):
                yield Request(method, target, hosts[0], environ=(("HTTP_X_VHM_ROOT", root),))
            for prefix in ("/zzz", *public):
                for header in ("HTTP_X_SCRIPT_NAME", "HTTP_X_FORWARDED_PREFIX"):
                    yield Request(method, quote(prefix + path), hosts[0], environ=((header, prefix),))
            for other in sorted({"GET", "POST", *exempt} - {method}):
                for header in METHOD_OVERRIDES:
                    yield Request(other, quote(path), hosts[0], environ=((header, method),))
                    yield Request(method, quote(path), hosts[0], environ=((header, other),))
            yield Request(method, quote(path), hosts[0], environ=(("wsgi.url_scheme", "https"),))
            yield Request(method, quote(path), "other.example")  # which no guard names
            for host in (*hosts, *(each for guard in guards for each in guard.public["host"])):
                yield from (Request(method, quote(path), spelling) for spelling in spell_host(host))


def _choose(kind: str, guards: list[_Parts]) -> list[str]:
    """What all guards are limited to."""
    limits = [guard.guarded[kind] for guard in guards]
    return sorted({value for values in limits for value in values}) if all(limits) else []


def spell_path(path: str, public: Iterable[str] = ()) -> list[str]:
    """Spell a path in all ways that servers or applications are known to read as the same one, or as one below it.

    :param path: not percent-encoded.
    :param public: paths that a guard lets through: dot segments may lead out of them, and they may be only an ending.
    """
    path = quote(path)
    rest = path.lstrip("/")
    first, slash, more = rest.partition("/")
    return [
        path,
        *(f"{path.rstrip('/')}/{quote(each).lstrip('/')}" for each in public if path != "/" or each[:1] != "/"),
        *(f"{before}{path}" for before in ("/", "//", "/.", "/%2e", "/%252e", "/x/..", "/x/%2e%2e", "/x/%252e%252e")),
        *(f"{before}{path}" for before in ("/..", "/..;", "/;x", "/x;/..", "/x/%2e.")),
        *(f"{before}{rest}" for before in ("", "/%2f", "/%252f", "/%5c", "/%255c", "/x%5c..%5c", "/%ff")),
        *(f"{path}{after}" for after in (";x", "%3bx", "%00", "%0a", "%20", "%ff", ".", "%2f", "%5c")),
        *(f"{path.rstrip('/')}{after}" for after in ("/", "//", "/.", "/x", "//x", "?x")),
        f"/{first};x{slash}{more}",
        f"/{rest[:1]}%ff{rest[1:]}",
        *(f"/%{escape}{ord(rest[0]):02x}{rest[1:]}" for escape in ("", "25", "2525") if rest and rest[0] != "%"),
        path.replace("/", "%5c"),
        path.upper(),
        path.title(),
        *(f"{beginning}{path}" for each in public for beginning in _lead_out(quote(each).rstrip("/"))),
    ]


def _lead_out(public: str) -> Iterator[str]:
    """Spell the root by way of a public path."""
    for up in ("/..", "/%2e%2e", "/%252e%252e", "%2f..", "%5c.."):
        yield public + up * public.count("/")
    out = "/.." * public.count("/")
    yield from (f"{public}/{out}", f"{public};{out}", f"{public}/x/..{out}")


def spell_host(host: str) -> list[str]:
    """Spell a host in all ways that applications are known to read as the same one."""
    return [host, host.upper(), *(f"{host}{after}" for after in (":80", ":80:80", ".", "..", ".:80", ":")), f"u@{host}"]
