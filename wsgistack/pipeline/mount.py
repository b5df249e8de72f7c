"""Several applications in one, each under a prefix of the path."""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote

from wsgistack.environ import copy_environ
from wsgistack.errors import ConfigError, Mistake, Mistakes, describe_type
from wsgistack.exchange import editing
from wsgistack.http.paths import compile_prefixes, find_path_forms, is_plain
from wsgistack.http.responses import send_answer
from wsgistack.pipeline.shape import check_application
from wsgistack.types import App, Environ, Headers, StartResponse

__all__ = ["Mount", "composite_factory"]


class Mount:
    """Pass each request to the application that is mounted at the beginning of its path.

    Example::

        application = Mount({"/": shop, "/api": api})

    or in an ini file::

        [composite:main]
        use = egg:wsgistack#mount
        / = shop
        /api = api

    The longest prefix wins, and must end where a segment of the path ends: ``/api`` matches ``/api``, ``/api/`` and
    ``/api/x``, but not ``/apis``. A path that could mean different applications, such as ``//api`` or ``/api/../x``, is
    answered with 400 Bad Request, so that nobody gets around a layer of one application through another one.

    The prefix moves from PATH_INFO to SCRIPT_NAME (PEP 3333), so that the application makes URLs that lead back to it.
    This happens in a copy of the environ: layers outside always see the path that the client asked for. When the
    response starts, they also see every other key that was added to the copy or removed from it, such as REMOTE_USER.

    :param apps: applications by prefix. A prefix is not percent-encoded, and may end with a slash. The application at
        ``/`` gets all other requests, with the environ unchanged; without it they are answered with 404 Not Found.
    :raises ConfigError: a prefix does not begin with a slash, is mounted twice, or can't be in a path; or a value is
        not an application.

    Cost tier T1; T0 for the application at ``/``. Not needed for one application at ``/``. To choose by host or
    headers, see :mod:`wsgistack.conditions`.
    """

    def __init__(self, apps: Mapping[str, App]) -> None:
        if not isinstance(apps, Mapping) or not apps:
            problem = "is empty" if isinstance(apps, Mapping) else describe_type(apps)
            raise ConfigError(
                Mistake(problem, key="apps", value=apps, expected="a mapping of prefixes to applications")
            )
        mistakes = Mistakes()
        mounted: dict[str, tuple[str, App]] = {}
        for given, app in apps.items():
            with mistakes.collect(str(given)):
                prefix = _prefix(given)
                if prefix in mounted:
                    raise ConfigError(Mistake(f"is the same prefix as {mounted[prefix][0]!r}", value=given))
                mounted[prefix] = given, check_application(app, "is")
        mistakes.raise_if_any()
        self.apps: Mapping[str, App] = MappingProxyType(dict(apps))
        self._mounted = {prefix: app for prefix, (_, app) in mounted.items()}
        self._match = compile_prefixes(self._mounted).match

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        path: str = environ.get("PATH_INFO", "")
        prefix = self._find(path)
        is_clear = is_plain(path) or find_path_forms(path).all(lambda form: self._find(form) == prefix)
        app = self._mounted.get(prefix)
        if app is None or not is_clear:
            detail = "" if is_clear else "The path of the request is ambiguous."
            return send_answer(environ, start_response, 404 if is_clear else 400, detail)
        if not prefix:
            return app(environ, start_response)
        script: str = environ.get("SCRIPT_NAME", "")
        inner = copy_environ(environ)
        keys = [*inner]
        inner.update(SCRIPT_NAME=script + prefix, PATH_INFO=path[len(prefix) :])

        def edit(status: str, headers: Headers) -> tuple[str, Headers]:
            for key in keys:
                if key not in inner:  # such as an untrusted REMOTE_USER
                    environ.pop(key, None)
            environ.update(inner)
            environ["SCRIPT_NAME"] = script
            environ["PATH_INFO"] = path
            return status, headers

        return app(inner, editing(start_response, edit))

    def _find(self, path: str) -> str:
        found = self._match(path)
        return found[0] if found else ""

    def __repr__(self) -> str:
        return f"Mount({dict(self.apps)!r})"


def composite_factory(loader: Any, global_conf: Mapping[str, str], **local_conf: str) -> Mount:
    """Make a :class:`Mount` for PasteDeploy, as ``paste.composite_factory``.

    :param loader: PasteDeploy's loader, or one like it.
    :param global_conf: is passed to all applications.
    :param local_conf: the names of applications by prefix.
    :raises ConfigError: like :class:`Mount`, or nothing is mounted.
    """
    if not local_conf:
        raise ConfigError(Mistake("nothing is mounted", expected="prefixes and names of applications, as / = shop"))
    return Mount({prefix: loader.get_app(name, global_conf=global_conf) for prefix, name in local_conf.items()})


def _prefix(given: object) -> str:
    expected = "a path that begins with a slash, such as /api"
    if not isinstance(given, str):
        raise ConfigError(Mistake(describe_type(given), value=given, expected=expected))
    likely = re.sub("//+", "/", f"/{unquote(given)}").removesuffix("/").encode("utf-8", "replace").decode()
    if given not in (likely or "/", f"{likely}/"):
        hint = f"did you mean {likely or '/'!r}?"
        raise ConfigError(Mistake("not a valid prefix", value=given, expected=expected, hint=hint))
    return likely.encode().decode("latin-1")
