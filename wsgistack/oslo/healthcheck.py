"""The health page of oslo.middleware, for load balancers."""

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import ClassVar, NoReturn

from wsgistack.base import Middleware
from wsgistack.errors import ConfigError, Mistake, Mistakes, suggest
from wsgistack.http.addresses import Networks
from wsgistack.http.negotiation import choose_media_type
from wsgistack.http.responses import send_answer
from wsgistack.oslo.options import OsloLayer, Service
from wsgistack.types import App, Changes, Environ, StartResponse

__all__ = ["Healthcheck"]

_OFFERS = ("text/plain", "text/html", "application/json")
_PROXIED = ("HTTP_FORWARDED", *(f"HTTP_X_FORWARDED{part}" for part in ("", "_PROTO", "_HOST", "_FOR", "_PREFIX")))
_FILES = {
    "disable_by_file": "disable_by_file_path",
    "disable_by_files_ports": "disable_by_file_paths",
    "enable_by_files": "enable_by_file_paths",
}
_DEFAULTS: Mapping[str, object] = {
    "backends": (),
    "detailed": False,
    "allowed_source_ranges": (),
    "ignore_proxied_requests": False,
    "disable_by_file_path": "",
    "disable_by_file_paths": (),
    "enable_by_file_paths": (),
}
_OK = "OK"
_Check = Callable[[Environ], str]


class Healthcheck(OsloLayer, Middleware):
    """Answer whether the service should get requests: 200, or 503 with the reason.

    An application, to mount at a path::

        [app:healthcheck]
        use = egg:wsgistack#oslo_healthcheck
        backends = disable_by_file
        disable_by_file_path = /etc/nova/healthcheck_disable

    The answer is text, HTML or JSON, as the client accepts. HEAD is answered with 204 or 503. It says that the service
    can be reached and that nobody has switched it off, and not that each request will succeed.

    :param backends: what is checked, some of ``disable_by_file``, ``disable_by_files_ports`` and ``enable_by_files``.
        By default nothing: the answer is always 200. For this and the following options, the default is what the
        service's configuration says in ``[healthcheck]``.
    :param detailed: must be false. The details of oslo.middleware are the stack traces of all threads.
    :param allowed_source_ranges: addresses and networks whose clients get the answer; others get 404. All by default.
    :param ignore_proxied_requests: whether a request with headers of a proxy gets 404. False by default.
    :param disable_by_file_path: for ``disable_by_file``: while this file exists, the answer is 503.
    :param disable_by_file_paths: for ``disable_by_files_ports``: such files for ports of the server, as ``PORT:FILE``.
    :param enable_by_file_paths: for ``enable_by_files``: unless all these files exist, the answer is 503.
    :param path: has no effect, as in oslo.middleware: the path is where the application is mounted.
    :param oslo_config_project: the service whose files oslo.config reads. By default the one in this process.
    :param oslo_config_file: a file in the place of those of the service.
    :param oslo_config_program: the name of the program, which has files of its own.
    :raises ConfigError: a backend is unknown, has no file, or contradicts another one, or ``detailed`` is true.
    """

    changes: ClassVar[Changes] = Changes(answers=True)

    def __init__(
        self,
        app: App,
        /,
        *,
        backends: Sequence[str] | None = None,
        detailed: bool | None = None,
        allowed_source_ranges: Sequence[str] | None = None,
        ignore_proxied_requests: bool | None = None,
        disable_by_file_path: Path | None = None,
        disable_by_file_paths: Sequence[str] | None = None,
        enable_by_file_paths: Sequence[str] | None = None,
        path: str = "",
        oslo_config_project: str = "",
        oslo_config_file: Path | None = None,
        oslo_config_program: str = "",
    ) -> None:
        super().__init__(app)
        given = {
            "backends": backends,
            "detailed": detailed,
            "allowed_source_ranges": allowed_source_ranges,
            "ignore_proxied_requests": ignore_proxied_requests,
            "disable_by_file_path": disable_by_file_path,
            "disable_by_file_paths": disable_by_file_paths,
            "enable_by_file_paths": enable_by_file_paths,
        }
        service = Service(oslo_config_project, oslo_config_file, oslo_config_program)
        values = service.complete("healthcheck", given, _DEFAULTS)
        self.backends: Sequence[str] = values["backends"]
        mistakes = Mistakes(_find_wrong_backends(self.backends))
        if values["detailed"]:
            problem = "details are not supported: they would show the stack traces of all threads"
            mistakes.append(Mistake(problem, key="detailed", expected="false"))
        for backend in self.backends:
            key = _FILES.get(backend)
            if key and not values[key]:
                mistakes.append(Mistake("missing file", key=key, expected=f"what {backend} looks for"))
        with mistakes.collect():
            self._ports = _read_ports(values["disable_by_file_paths"])
        ranges = values["allowed_source_ranges"]
        with mistakes.collect():
            self._is_allowed = Networks(ranges, key="allowed_source_ranges").contains_peer if ranges else None
        mistakes.raise_if_any()
        self._ignores_proxied = values["ignore_proxied_requests"]
        self._off = os.fspath(values["disable_by_file_path"])
        self._needed = tuple(map(os.fspath, values["enable_by_file_paths"]))
        checks = (self._check_file, self._check_port, self._check_needed)
        by_name: dict[str, _Check] = dict(zip(_FILES, checks, strict=True))
        self._checks = tuple(by_name[backend] for backend in self.backends)

    @classmethod
    def factory(cls, global_conf: Mapping[str, str] | None, /, **local_conf: str) -> NoReturn:
        """Refuse to be a filter, as oslo.middleware does: it would answer all requests.

        :raises ConfigError: always.
        """
        hint = "write [app:healthcheck] with use = egg:wsgistack#oslo_healthcheck, and mount it at /healthcheck"
        raise ConfigError(Mistake("Healthcheck is an application and not a filter", hint=hint))

    @classmethod
    def app_factory(cls, global_conf: Mapping[str, str] | None, /, **local_conf: str) -> App:
        """Make the application, as ``paste.app_factory``.

        :param global_conf: may contain options as well.
        :param local_conf: the options of the section.
        :raises ConfigError: an option is unknown or not valid.
        """
        return super().factory(global_conf, **local_conf)(_answer_not_found)

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        """Serve one request."""
        is_refused = self._is_allowed is not None and not self._is_allowed(environ.get("REMOTE_ADDR", ""))
        if is_refused or (self._ignores_proxied and any(environ.get(name) for name in _PROXIED)):
            return self.app(environ, start_response)
        reasons = [check(environ) for check in self._checks]
        is_healthy = all(reason == _OK for reason in reasons)
        status = "200 OK" if is_healthy else "503 Service Unavailable"
        is_head = environ.get("REQUEST_METHOD") == "HEAD"
        if is_head and is_healthy:  # as oslo.middleware does, although GET has another status
            start_response("204 No Content", [("Cache-Control", "no-store")])
            return [b""]
        media_type = choose_media_type(environ.get("HTTP_ACCEPT"), _OFFERS) or _OFFERS[0]
        body = _FORMATS[media_type](reasons).encode()
        charset = "" if media_type == _OFFERS[-1] else "; charset=UTF-8"
        headers = [("Content-Type", media_type + charset), ("Content-Length", str(len(body)))]
        start_response(status, [*headers, ("Cache-Control", "no-store"), ("Vary", "Accept")])
        return [b"" if is_head else body]

    def _check_file(self, environ: Environ) -> str:
        return "DISABLED BY FILE" if os.path.exists(self._off) else _OK  # noqa: PTH110 (for each request)

    def _check_port(self, environ: Environ) -> str:
        file = self._ports.get(environ.get("SERVER_PORT", ""), "")
        return "DISABLED BY FILE" if file and os.path.exists(file) else _OK  # noqa: PTH110

    def _check_needed(self, environ: Environ) -> str:
        return _OK if all(map(os.path.exists, self._needed)) else "FILE PATH MISSING"


def _find_wrong_backends(backends: Sequence[str]) -> list[Mistake]:
    mistakes = [
        Mistake(f"unknown backend {backend!r}", key="backends", value=backend, hint=suggest(backend, _FILES))
        for backend in backends
        if backend not in _FILES
    ]
    if {"disable_by_file", "enable_by_files"} <= {*backends}:
        problem = "disable_by_file and enable_by_files contradict each other"
        mistakes.append(Mistake(problem, key="backends", expected="one of them"))
    return mistakes


def _read_ports(entries: Sequence[str]) -> dict[str, str]:
    ports: dict[str, str] = {}
    for entry in entries:
        port, _, file = entry.strip().partition(":")
        if not (port.isdecimal() and file):
            expected = "a port and a file, such as 8774:/run/nova/off"
            raise ConfigError(Mistake(f"not valid: {entry!r}", "disable_by_file_paths", entry, expected))
        ports[port] = file
    return ports


def _answer_not_found(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    return send_answer(environ, start_response, 404)


def _format_html(reasons: Sequence[str]) -> str:
    items = "".join(f"<li>{escape(reason)}</li>" for reason in reasons)
    return f'<!DOCTYPE html>\n<html lang="en"><title>Health</title><ul>{items}</ul></html>\n'


def _format_json(reasons: Sequence[str]) -> str:
    return json.dumps({"detailed": False, "reasons": reasons}, indent=4, sort_keys=True)


_FORMATS: Mapping[str, Callable[[Sequence[str]], str]] = dict(
    zip(_OFFERS, ("\n".join, _format_html, _format_json), strict=True)
)
