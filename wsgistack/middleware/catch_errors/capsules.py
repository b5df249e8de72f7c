"""Incident capsules: what is needed to send the request of an error again, in a small file without secrets."""

import json
import os
import platform
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path
from traceback import walk_tb
from types import FrameType
from typing import Any

from wsgistack.environ import Input
from wsgistack.errors import ConfigError, Mistake, class_name
from wsgistack.http.redaction import Redaction
from wsgistack.middleware.catch_errors.bodies import redact_body
from wsgistack.middleware.catch_errors.fingerprints import is_application_code
from wsgistack.middleware.catch_errors.report import ErrorReport
from wsgistack.middleware.catch_errors.tracebacks import message_of
from wsgistack.middleware.catch_errors.values import MAX_TEXT, Hiding, cut
from wsgistack.types import Environ

__all__ = ["FORMAT", "KEPT_INPUT", "MAX_BODY", "Capsules"]

FORMAT = 1
"""The version of the format, in ``wsgistack_capsule``."""

KEPT_INPUT = "wsgistack.kept_input"
"""The key of the environ with the input that keeps what is read of the body."""

MAX_BODY = 65_536
"""Bytes of a body that are kept in memory while the request is served."""

_MAX_CAPSULES = 100
"""Files in the folder. Somebody should read them before there are more."""

_MAX_SIZE = 1_048_576
"""Bytes of a capsule with variables."""

_MAX_ERRORS = 10
_MAX_FRAMES = 30
_MAX_LOCALS = 30
_SHOWN = ("SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL", "REMOTE_ADDR", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING")


class Capsules:
    """Saves one file for each fingerprint in a folder: as many as there may be, and never twice.

    A capsule that would be too large has no variables.

    :param folder: is made by the first capsule, for its owner alone.
    """

    def __init__(self, folder: Path, redaction: Redaction) -> None:
        self._folder = folder
        self._redaction = redaction

    def check(self) -> None:
        """Check that the folder can be made.

        :raises ConfigError: it is a file, or is in a folder that is missing.
        """
        if not (self._folder.is_dir() or (self._folder.parent.is_dir() and not self._folder.exists())):
            where = self._folder if self._folder.exists() else self._folder.parent
            problem = f"{str(where)!r} {'is not a folder' if where.exists() else 'does not exist'}"
            expected = "a folder, or the name of a new one"
            raise ConfigError(Mistake(problem, key="capsules", value=self._folder, expected=expected))

    def save(
        self, report: ErrorReport, environ: Environ, error: BaseException, hiding: Hiding, layers: Sequence[str]
    ) -> Path | None:
        """Save a capsule, unless there is one with this fingerprint, or the folder is full."""
        path = self._folder / f"{report.fingerprint}.json"
        self._folder.mkdir(mode=0o700, exist_ok=True)
        if path.exists() or sum(each.suffix == ".json" for each in self._folder.iterdir()) >= _MAX_CAPSULES:
            return None
        errors = [_describe_error(each, how, hiding) for each, how in _iterate_errors(error)]
        content: dict[str, object] = {
            "wsgistack_capsule": FORMAT,
            **report._asdict(),
            "request": self._describe_request(report, environ, hiding),
            "layers": [*layers],
            "versions": _find_versions(error),
            "errors": errors,
        }
        text = json.dumps(content, indent=1)
        if len(text) > _MAX_SIZE:
            for frame in (frame for each in errors for frame in each["frames"]):
                del frame["variables"]
            text = json.dumps(content, indent=1)
        # mkstemp: mode 0600, never through a symbolic link; and nobody reads a file that is half-written
        number, temporary = tempfile.mkstemp(dir=self._folder, prefix=".", suffix=".part")
        try:
            with os.fdopen(number, "w", encoding="ascii") as file:
                file.write(text)
            os.replace(temporary, path)  # noqa: PTH105 (a file of this folder)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)  # noqa: PTH108
            raise
        return path

    def _describe_request(self, report: ErrorReport, environ: Environ, hiding: Hiding) -> dict[str, object]:
        kept = environ.get(KEPT_INPUT)
        body = kept.kept if isinstance(kept, Input) else b""
        text = redact_body(body, environ, self._redaction) if body else ""
        given = {key: str(environ.get(key, "")) for key in _SHOWN}
        given["PATH_INFO"] = self._redaction.redact_path(given["PATH_INFO"])
        given["QUERY_STRING"] = self._redaction.redact_query(given["QUERY_STRING"])
        return {
            "method": environ.get("REQUEST_METHOD", ""),
            "scheme": environ.get("wsgi.url_scheme", "http"),
            "environ": given,
            "headers": dict(report.headers),
            "body": text if text is None else hiding.hide_known(text),
            "body_read": len(body),
        }


def _iterate_errors(error: BaseException) -> Iterator[tuple[BaseException, str]]:
    """An error, what caused it, and the errors of a group, each once, and how it is related to the one before it."""
    pending: list[tuple[BaseException | None, str]] = [(error, "")]
    seen: list[BaseException] = []
    while pending and len(seen) < _MAX_ERRORS:
        each, how = pending.pop(0)
        if each is None or any(each is other for other in seen):
            continue
        seen.append(each)
        yield each, how
        if isinstance(each, BaseExceptionGroup):
            pending += [(inner, "in the group") for inner in each.exceptions[:_MAX_ERRORS]]
        pending.append((each.__cause__, "cause"))
        pending.append((None if each.__suppress_context__ else each.__context__, "happened before"))


def _describe_error(error: BaseException, how: str, hiding: Hiding) -> dict[str, Any]:
    frames = [*walk_tb(error.__traceback__)]
    half = _MAX_FRAMES // 2
    frames = frames if len(frames) <= _MAX_FRAMES else [*frames[:half], *frames[-half:]]
    try:
        notes = [str(each) for each in getattr(error, "__notes__", ())[:_MAX_ERRORS]]
    except Exception:  # notes that are none, or that can't be read
        notes = []
    return {
        "exception": class_name(type(error)),
        "relation": how,
        "message": cut(hiding.hide(message_of(error)), MAX_TEXT),
        "notes": [cut(hiding.hide(each), MAX_TEXT) for each in notes],
        "frames": [_describe_frame(*each, hiding) for each in frames],
    }


def _describe_frame(frame: FrameType, line: int, hiding: Hiding) -> dict[str, object]:
    code = frame.f_code
    shown: dict[str, str] = {}
    is_own = is_application_code(code.co_filename)
    if is_own:  # the variables of libraries are many, and their names say less about what is secret
        for name in (*code.co_varnames, *code.co_cellvars, *code.co_freevars)[:_MAX_LOCALS]:
            if name in frame.f_locals:
                shown[name] = hiding.show(frame.f_locals[name], name)
    return {
        "file": code.co_filename,
        "line": line,
        "function": code.co_qualname,
        "module": str(frame.f_globals.get("__name__")),
        "is_application": is_own,
        "variables": shown,
    }


def _find_versions(error: BaseException) -> dict[str, str]:
    """The versions of Python and of each distribution whose code was running."""
    running = {str(frame.f_globals.get("__name__")).partition(".")[0] for frame, _ in walk_tb(error.__traceback__)}
    known = _find_distributions()
    names = {name for each in running - {*sys.stdlib_module_names} for name in known.get(each, ())}
    found = {"python": platform.python_version()}
    for name in sorted({*names, "wsgistack"}):
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


_find_distributions = cache(packages_distributions)  # reads the metadata of all that is installed
