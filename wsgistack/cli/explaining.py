"""``wsgistack explain``: which layers see a request, and why the others do not."""

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stdout

from wsgistack.cli.arguments import add_target, add_values, split_header
from wsgistack.cli.parser import Commands, add_parser
from wsgistack.cli.target import open_target
from wsgistack.cli.terminal import Terminal
from wsgistack.cli.tracing import Request, Trace
from wsgistack.conditions.parsing import resolve_condition
from wsgistack.conditions.predicates import predicate
from wsgistack.config import read
from wsgistack.config.words import describe_condition
from wsgistack.http.forms import Forms
from wsgistack.http.hosts import host_forms
from wsgistack.http.paths import path_forms
from wsgistack.types import Environ

__all__ = ["add_command", "explain"]

_FORMS: Mapping[str, tuple[str, Callable[[Environ], Forms]]] = {
    "under": ("PATH_INFO", path_forms),
    "path": ("PATH_INFO", path_forms),
    "host": ("HTTP_HOST", host_forms),
}

_DESCRIPTION = """\
Sends one request through all layers, in memory, and shows which of them see it and which conditions decide that. Use it
when a page asks for a password and should not, or the other way around. The application really gets the request."""
_EXAMPLES = {
    "Show whether a page is protected": "wsgistack explain stack.toml 'GET /admin'",
    "Send a request header": "wsgistack explain --header 'Accept-Encoding: gzip' stack.toml 'GET /'",
}


def add_command(commands: Commands) -> None:
    """Add ``wsgistack explain``."""
    command = add_parser(
        commands,
        "explain",
        summary="show which layers see a request, and why",
        description=_DESCRIPTION,
        examples=_EXAMPLES,
    )
    command.add_argument(
        "--header",
        action="append",
        default=[],
        type=split_header,
        metavar="NAME:VALUE",
        help="a header of the request; repeatable",
    )
    script_name = "the SCRIPT_NAME of the request: the path at which the server mounts the application"
    command.rare_options.add_argument("--script-name", default="", metavar="PATH", help=script_name)
    add_target(command)
    request = "a method and a path, in quotes, such as 'GET /admin'"
    command.add_argument("request", metavar="REQUEST", type=_request, help=request)
    add_values(command)
    command.set_defaults(run=explain)


def explain(parsed: argparse.Namespace) -> int:
    """Print each layer with the reason why it sees the request, or does not."""
    request = parsed.request._replace(script_name=parsed.script_name)
    with redirect_stdout(sys.stderr):
        trace = Trace(read(open_target(parsed), parsed.name))
        status = trace.send(request, parsed.header)
    lines = [str(request)]
    for visit in trace.visits:
        lines.append(f"{visit.spec.name} {'sees' if visit.is_active else 'skips'} it")
        if (when := visit.spec.when) is not None:
            resolved = resolve_condition(when, base=visit.spec.base)
            lines += (f"   {reason}" for reason in _describe(when, resolved, visit.environ, every=False))
    visited = [visit.spec for visit in trace.visits]
    lines += (f"{spec.name} is not reached" for spec in trace.specs if not any(spec is each for each in visited))
    Terminal(sys.stdout).write(*lines, status)
    return 0


def _request(text: str) -> Request:
    method, _, target = text.partition(" ")
    if not target.strip().startswith(("/", "http://", "https://", "*")):
        raise argparse.ArgumentTypeError(f"{text!r} is not a method and a path, such as 'GET /admin'")
    return Request(method, target.strip())


def _describe(when: object, resolved: object, environ: Environ, *, every: bool) -> Iterator[str]:
    """Describe each key of a condition, and what it says to each form of the request.

    :param when: with references, which may hold secrets.
    :param resolved: without them.
    """
    if not isinstance(when, Mapping) or not isinstance(resolved, Mapping):
        when, resolved = {"call": when}, {"call": resolved}
    for key in when:
        if key == "not":
            yield from (f"not {line}" for line in _describe(when[key], resolved[key], environ, every=not every))
            continue
        parts = describe_condition({key: when[key]}).items()
        words = " and ".join(f"{name.removeprefix('when.')} = {text}" for name, text in parts)
        holds = predicate({key: resolved[key]}, every=every)
        variable, find = _FORMS.get(key, ("", None))
        if find is None:
            yield f"{words}: {_answer(holds(environ))}"
            continue
        forms = find(environ)
        readings = [form for form in forms.values if find({variable: form}).values == (form,)] or forms.values
        answers = [
            f"{form if form and form.isprintable() else repr(form)} {_answer(holds({variable: form}))}"
            for form in readings
        ]
        answers += [] if forms.is_complete else ["there may be other forms"]
        yield f"{words}: {', '.join(answers)}"


def _answer(holds: object) -> str:
    return "matches" if holds else "does not match"
