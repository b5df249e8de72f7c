"""``wsgistack replay``: the request of an incident capsule, sent again to the layers of a file."""

import argparse
import ast
import json
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, Self
from urllib.parse import quote

from wsgistack.cli.arguments import FILE, add_name, add_values, split_header
from wsgistack.cli.building import collect_order, silence_logs
from wsgistack.cli.parser import Commands, add_parser
from wsgistack.cli.target import open_file
from wsgistack.cli.terminal import Terminal
from wsgistack.conditions.predicates import Predicate
from wsgistack.config import read
from wsgistack.environ import RAISE_ERRORS
from wsgistack.errors import ConfigError, Mistake, describe_error, make_file_error
from wsgistack.http.redaction import REDACTED
from wsgistack.middleware.catch_errors.fingerprints import find_fingerprint
from wsgistack.middleware.catch_errors.reports.capsules import FORMAT, SHOWN
from wsgistack.pipeline.spec import Spec, observe_layers
from wsgistack.types import App

__all__ = ["add_command", "replay"]

_DESCRIPTION = """\
Sends the request of an incident capsule, which catch_errors has saved, to the layers and the application of FILE, in
memory, and says whether the same error happens. No reporter hears of it, and the access log does not show it. The
application does all that it does for a client: use a test database.

A capsule has no secrets. Its redacted headers are left out; add your own with --header.

With --pytest, it writes a test that fails until the error is gone."""
_EXAMPLES = {
    "Send the request of an incident again": "wsgistack replay stack.ini incident.json",
    "Also write a test for it": "wsgistack replay stack.ini incident.json --pytest test_it.py",
}
_LEFT_OUT = ("content-length", "transfer-encoding", "host", "connection", "x-request-id")
"""Headers that belong to the original connection or request. The Host is set as such."""
_NO_IDENTIFIER = re.compile("[^a-z0-9_]+")

_TEST = '''\
"""{title}

Written by wsgistack replay. The secrets of the request are left out.
"""

from pathlib import Path

from wsgistack import load
from wsgistack.testing import Mode, Server


def {name}() -> None:
    application = load({file}{named})
    server = Server(Mode(environ={environ}))
    record = server.request(
        {method},
        application,
        {target},
        headers={headers},
        body={body},
    )
    assert record.code < "500", record.body
'''


class _Capsule(NamedTuple):
    """What a capsule says about the request and its error."""

    fingerprint: str
    exception: str
    origin: str
    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    environ: Mapping[str, object]
    missing: tuple[str, ...]
    """What was redacted, so that the request differs from the original one."""

    @classmethod
    def of(cls, file: str) -> Self:
        """Read a capsule.

        :raises ConfigError: the file is not a capsule.
        """
        try:
            found = json.loads(Path(file).read_text("utf-8"))
            if found["wsgistack_capsule"] != FORMAT:
                hint = "use the version of wsgistack that wrote it"
                raise make_file_error(file, "a capsule of another version", hint=hint)
            return cls._read(found)
        except OSError as error:
            raise make_file_error(file, f"cannot read the file: {error.strerror}") from error
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            if isinstance(error, ConfigError):
                raise
            expected = "a file that catch_errors has saved in its folder of capsules"
            raise make_file_error(file, "not an incident capsule", expected=expected) from error

    @classmethod
    def _read(cls, found: dict[str, Any]) -> Self:
        request = found["request"]
        environ = {key: str(request["environ"][key]) for key in SHOWN}  # somebody else may have made the file
        query = environ.pop("QUERY_STRING")
        path = quote(environ.pop("PATH_INFO"), safe="/;:@&=+$,!*'()~", encoding="latin-1")
        headers = {str(name): str(value) for name, value in request["headers"].items()}
        redacted = [name for name, value in headers.items() if REDACTED in value]
        kept = {name: value for name, value in headers.items() if not (name in redacted or name.lower() in _LEFT_OUT)}
        if host := headers.get("Host"):
            environ["HTTP_HOST"] = host
        body = request["body"]
        parts = {"the path": path, "the query": query, "the body": REDACTED if body is None else str(body)}
        missing = [*redacted, *(name for name, text in parts.items() if quote(REDACTED) in text or REDACTED in text)]
        return cls(
            str(found["fingerprint"]),
            str(found["exception"]),
            str(found["origin"]),
            str(request["method"]),
            f"{path}?{query}" if query else path,
            tuple(kept.items()),
            (body or "").encode("utf-8", "surrogateescape"),
            {**environ, "wsgi.url_scheme": "https" if request["scheme"] == "https" else "http"},
            tuple(missing),
        )


def add_command(commands: Commands) -> None:
    """Add ``wsgistack replay``."""
    command = add_parser(
        commands,
        "replay",
        summary="send the request of an incident again",
        description=_DESCRIPTION,
        examples=_EXAMPLES,
    )
    about = "a header to add, such as one that the capsule has no value for; repeatable"
    command.add_argument("--header", action="append", default=[], type=split_header, metavar="NAME:VALUE", help=about)
    command.add_argument("--pytest", metavar="TEST", help="write a test of the application to this new file")
    add_name(command)
    command.add_argument("target", metavar="FILE", help=FILE)
    command.add_argument("capsule", metavar="CAPSULE", help="the capsule, a JSON file")
    add_values(command)
    command.set_defaults(run=replay)


def replay(parsed: argparse.Namespace) -> int:
    """Send the request, and say what happens."""
    capsule = _Capsule.of(parsed.capsule)
    capsule = capsule._replace(headers=(*capsule.headers, *parsed.header))
    terminal = Terminal(sys.stdout)
    if parsed.pytest:
        _write_test(capsule, parsed)
    app = _build(parsed)
    given = {name.lower() for name, _ in parsed.header}
    missing = [each for each in capsule.missing if each.lower() not in given]
    terminal.write(f"{capsule.method} {capsule.target}")
    if missing:
        terminal.write(f"redacted in the capsule: {', '.join(missing)}")
    terminal.write(f"recorded: {capsule.exception} ({capsule.origin}), fingerprint {capsule.fingerprint}")
    with silence_logs():
        status, error = _send(app, capsule)
    if error is None:
        terminal.write(f"replayed: no error; {status}")
        return 1
    found = find_fingerprint(error)
    terminal.write(f"replayed: {describe_error(error)[:500]}, fingerprint {found}")
    is_same = found == capsule.fingerprint
    print(terminal.paint("the same error", "green") if is_same else terminal.paint("another error", "yellow"))
    return 0 if is_same else 1


def _build(parsed: argparse.Namespace) -> App:
    """Build the application without the layers that only record requests."""

    def skip_log(spec: Spec, layer: App, app: App, applies: Predicate | None) -> App | None:
        return app if vars(type(layer)).get("is_log") is True else None

    stack = read(open_file(parsed.target, parsed.values), parsed.name)
    with observe_layers(skip_log), collect_order():  # check reports it
        return stack.build()


def _send(app: App, capsule: _Capsule) -> tuple[str, BaseException | None]:
    """The status of the answer, and the error that the server got, by exc_info or by raise."""
    from wsgistack.testing import Server, make_environ

    environ = make_environ(capsule.method, capsule.target, headers=capsule.headers, body=capsule.body)
    environ.update({**capsule.environ, RAISE_ERRORS: True})
    record = Server().run(app, environ)
    error = record.error
    if error is None:
        given = [start.exc_info for start in record.starts if isinstance(start.exc_info, tuple)]
        error = next((each[1] for each in reversed(given) if len(each) == 3), None)
    return record.status, error


def _write_test(capsule: _Capsule, parsed: argparse.Namespace) -> None:
    """Write a test that needs nothing but the configuration.

    :raises ConfigError: the file exists, or can't be written.
    """
    path = Path(parsed.pytest)
    target = Path(parsed.target).absolute()
    with suppress(ValueError):  # in another folder, the test needs the whole path
        target = target.relative_to(path.absolute().parent)
    where = repr(str(target))
    file = f"Path({where})" if target.is_absolute() else f"Path(__file__).parent / {where}"
    values = f", global_conf={parsed.values!r}" if parsed.values else ""
    exception = capsule.exception.rpartition(".")[2]
    name = _NO_IDENTIFIER.sub("_", f"test_no_{exception}_{capsule.fingerprint[:8]}".lower())
    title = f"{capsule.method} {capsule.target} failed: {exception} ({capsule.origin})."
    text = _TEST.format(
        title=ascii(title)[1:-1].replace('"', "'"),
        name=name,
        file=file,
        named=(f", {parsed.name!r}" if parsed.name != "main" else "") + values,
        environ=repr({**capsule.environ, RAISE_ERRORS: True}),
        method=repr(capsule.method),
        target=repr(capsule.target),
        headers=repr([*capsule.headers]),
        body=repr(capsule.body),
    )
    ast.parse(text)
    try:
        with path.open("x", encoding="utf-8") as opened:
            opened.write(text)
    except OSError as error:
        hint = "choose another name" if path.exists() else ""
        problem = f"cannot write {str(path)!r}: {error.strerror}"
        raise ConfigError(Mistake(problem, key="--pytest", hint=hint)) from error
