"""Requests to applications, made with WebOb as OpenStack does."""

from typing import Any

from webob import Request

from wsgistack.types import App

__all__ = ["ask", "blank"]

blank: Any = Request.blank


def ask(app: App, path: str = "/", method: str = "GET", body: bytes = b"", **environ: Any) -> Any:
    """Get the response to a request.

    :param environ: more of the environ.
    """
    return blank(path, {"REMOTE_ADDR": "192.0.2.1", **environ}, method=method, body=body).get_response(app)
