"""Applications with a page that only a guard protects, and configurations with open and closed guards."""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import flask
from pyramid.config import Configurator
from pyramid.response import Response
from werkzeug.middleware.shared_data import SharedDataMiddleware
from whitenoise import WhiteNoise  # type: ignore[import-untyped]

from wsgistack.types import App, Environ, StartResponse

APPS = ("flask_app", "prefixed_app", "pyramid_app", "shared_data_app", "whitenoise_app")
FOLDER = str(Path(__file__).with_name("public"))


def is_admin(environ: Environ) -> bool:
    """The condition of a guard that reads one form of the path only: ``path = "/admin/*"`` as it once was."""
    return fnmatchcase(environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", ""), "/admin/*")


def _make_flask_app() -> App:
    app = flask.Flask(__name__, static_folder=None)
    for path in ("/admin", "/admin/x", "/admin/x.css", "/health"):
        app.add_url_rule(path, path, lambda: "secret", methods=["GET", "POST"])
    return app


class _Folder(dict[str, Any]):
    pass


def _make_pyramid_app() -> App:
    root = _Folder(admin=_Folder(x=_Folder()), health=_Folder())
    with Configurator(root_factory=lambda request: root) as config:
        config.add_view(lambda context, request: Response("secret"), context=_Folder)
        app: App = config.make_wsgi_app()
    return app


def prefixed_app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Flask with the few lines that many sites have for a proxy that sends them the prefix of their paths."""
    prefix = environ.get("HTTP_X_SCRIPT_NAME", "")
    if environ["PATH_INFO"].startswith(prefix):
        environ["SCRIPT_NAME"], environ["PATH_INFO"] = prefix, environ["PATH_INFO"].removeprefix(prefix)
    return flask_app(environ, start_response)


def everything(environ: Environ, start_response: StartResponse) -> list[bytes]:
    """Answer every path alike, as a single-page application does."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"page"]


def is_post(environ: Environ) -> bool:
    """The condition of a guard that does not know the headers for another method."""
    return bool(environ["REQUEST_METHOD"].upper() == "POST")


def overridden(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Delete a page on POST only, or where a header says so."""
    method = environ.get("HTTP_X_HTTP_METHOD_OVERRIDE", environ["REQUEST_METHOD"])
    return (everything if method == "POST" else empty)(environ, start_response)


def empty(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response("404 Not Found", [("Content-Length", "0")])
    return []


def failing(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    raise OSError("no disk")


flask_app = _make_flask_app()
pyramid_app = _make_pyramid_app()
shared_data_app = SharedDataMiddleware(empty, {"/": FOLDER})
whitenoise_app = WhiteNoise(empty, root=FOLDER, autorefresh=True)

OPEN = """
app = "tests.cli.guarded:{app}"
layers = ["request_id", {{ use = "basic_auth", users = {{ ada = "x" }}, when = "tests.cli.guarded:is_admin" }}]
"""
CLOSED = """
app = "tests.cli.guarded:{app}"
layers = [
    "request_id",
    {{ use = "access_log", output = "logging", when = {{ not = {{ under = "/health" }} }} }},
    {{ use = "basic_auth", users = {{ ada = "x" }}, when = {when} }},
]
"""
