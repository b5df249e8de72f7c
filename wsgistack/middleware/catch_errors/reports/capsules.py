"""Incident capsules: what is needed to send the request of an error again, in a small file without secrets."""

import json
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path
from typing import Any

from wsgistack.http.redaction import Redaction
from wsgistack.middleware.catch_errors.bodies import MAX_BODY, read_kept, redact_body
from wsgistack.middleware.catch_errors.frames import Frame, Raised
from wsgistack.middleware.catch_errors.reports.record import ErrorReport
from wsgistack.middleware.catch_errors.request import redact_paths
from wsgistack.middleware.catch_errors.values import Values
from wsgistack.processes.writable import check_folder
from wsgistack.types import Environ

__all__ = ["FORMAT", "SHOWN", "Capsules"]

FORMAT = 1
"""The version of the format, in ``wsgistack_capsule``."""

_MAX_CAPSULES = 100
"""Files in the folder. Somebody should read them before there are more."""

_MAX_SIZE = 1_048_576
"""Bytes of a capsule with variables."""

SHOWN = ("SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL", "REMOTE_ADDR", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING")
"""The keys of the environ in a capsule."""


class Capsules:
    """Saves one file for each fingerprint in a folder: as many as there may be, and never twice.

    A capsule that would be too large has no variables.

    :param folder: is made by the first capsule, for its owner alone.
    """

    def __init__(self, folder: Path, redaction: Redaction) -> None:
        self._folder = folder
        self._redaction = redaction

    def check(self) -> None:
        """Check that the folder can be made, or that files can be made in it.

        :raises ConfigError: they can't.
        """
        check_folder(self._folder, "capsules")

    def save(
        self, report: ErrorReport, environ: Environ, error: Raised, values: Values, layers: Sequence[str]
    ) -> Path | None:
        """Save a capsule, unless there is one with this fingerprint, or the folder is full."""
        path = self._folder / f"{report.fingerprint}.json"
        self._folder.mkdir(mode=0o700, exist_ok=True)
        if path.exists() or sum(each.suffix == ".json" for each in self._folder.iterdir()) >= _MAX_CAPSULES:
            return None
        errors = [_describe_error(each) for each in error.walk() if each.is_new]
        content: dict[str, object] = {
            "wsgistack_capsule": FORMAT,
            **report._asdict(),
            "request": self._describe_request(report, environ, values),
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

    def _describe_request(self, report: ErrorReport, environ: Environ, values: Values) -> dict[str, object]:
        body = read_kept(environ)
        text = redact_body(body, environ, self._redaction) if body else ""
        given = {key: str(environ.get(key, "")) for key in SHOWN}
        given |= redact_paths(environ, self._redaction)
        given["QUERY_STRING"] = self._redaction.redact_query(given["QUERY_STRING"])
        return {
            "method": environ.get("REQUEST_METHOD", ""),
            "scheme": environ.get("wsgi.url_scheme", "http"),
            "environ": given,
            "headers": dict(report.headers),
            "body": text if text is None else values.cut(text, MAX_BODY, is_code=True),
            "body_read": len(body),
        }


def _describe_error(error: Raised) -> dict[str, Any]:
    return {
        "exception": error.kind,
        "relation": error.relation,
        "message": error.message,
        "notes": error.notes,
        "frames": [_describe_frame(each) for each in error.frames],
    }


def _describe_frame(frame: Frame) -> dict[str, object]:
    return {
        "file": frame.file,
        "line": frame.line,
        "function": frame.function,
        "owner": frame.owner,
        # the variables of libraries are many, and their names say less about what is secret
        "variables": dict(frame.variables) if frame.owner == "application" else {},
        "omitted": frame.omitted,
    }


def _find_versions(error: Raised) -> dict[str, str]:
    """The versions of Python and of each distribution whose code was running."""
    running = {frame.module.partition(".")[0] for frame in error.frames}
    known = _find_distributions()
    names = {name for each in running - {*sys.stdlib_module_names} for name in known.get(each, ())}
    found = {"python": platform.python_version()}
    for name in sorted({*names, "wsgistack"}):
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


_find_distributions = cache(packages_distributions)  # reads the metadata of all that is installed
