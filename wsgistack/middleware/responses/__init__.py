"""How the error answers of all layers look."""

import json
import logging
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from wsgistack.base import Middleware
from wsgistack.errors import Mistake, Mistakes, forget_handled
from wsgistack.http.notices import Notice
from wsgistack.http.responses import JSON, RESPONSES, Problem, Render
from wsgistack.middleware.responses.templates import Page, list_values, read_templates
from wsgistack.types import App, Changes, Environ, StartResponse

__all__ = ["Responses"]

_REASON = "its error answers would not look as configured here"


class Responses(Middleware):
    """Configure the error answers of all layers: your own pages in HTML, your own members in JSON.

    ::

        Responses(app, templates="errors", members=describe)

        [filter:responses]
        use = egg:wsgistack#responses
        templates = %(here)s/errors

    The status and the headers of an answer stay as the layer made them, such as ``WWW-Authenticate``. The layers use
    :func:`~wsgistack.http.responses.error_answer`, and so can an application. What an application makes by itself stays
    as it is: see ``error_documents`` for answers without a body.

    A ``.html`` file is a :class:`string.Template`: ``$status``, ``$title``, ``$detail``, ``$request_id``, ``$instance``
    (the path of the request) and ``$csp_nonce`` are filled in. Write ``$$`` for a dollar. A ``.html.j2`` file is a
    template of Jinja2 with the same names, and needs the extra ``templates``; other files of the folder can be its
    parents, such as ``base.html.j2``. All values are escaped for HTML, but not for scripts and styles: show none there.
    With the layer ``security_headers``, a page begins its own styles with ``<style nonce="$csp_nonce">``.

    If a template or ``members`` fails, the client gets the plain answer. A warning with the traceback goes to the log
    ``wsgistack.responses``, at most once a minute.

    :param templates: a folder with templates for clients that accept HTML, named after a status, such as ``404.html``.
        ``4xx.html`` and ``5xx.html`` are for all other statuses that begin with this digit. A status without a template
        gets the plain page, and so do all of them by default. The files are read when the layer is built, and each page
        is made once to find mistakes.
    :param members: a callable for clients that accept JSON; in a configuration its import string. It gets the environ
        and a ``wsgistack.Problem``, and returns a mapping of members to add or to replace, such as
        ``{"type": "https://example.org/problems/sold-out"}`` (RFC 9457 section 3). The member ``status`` always is the
        status of the response. None by default.
    :raises ConfigError: neither option is set, or a template can't be used.

    Cost tier T0.

    Place it outside of all layers that may answer by themselves, so that it configures them; inside or outside of
    ``request_id`` and ``access_log``. A part of a site, such as one behind ``mount``, can have its own. Not needed
    where the framework makes all error pages.
    """

    must_be_outside: ClassVar[Mapping[str, str]] = {"changes.answers": _REASON, "changes.errors": _REASON}
    changes: ClassVar[Changes] = Changes()

    def __init__(
        self,
        app: App,
        /,
        *,
        templates: Path | None = None,
        members: Callable[[Environ, Problem], Mapping[str, object]] | None = None,
    ) -> None:
        super().__init__(app)
        mistakes = Mistakes()
        if templates is None and members is None:
            mistakes.append(Mistake("nothing is configured", expected="templates or members"))
        if members is not None and not callable(members):
            mistakes.append(Mistake("is not callable", "members", members, "a callable, or its import string"))
        self._pages: Mapping[str, Page] = {}
        if templates is not None:
            with mistakes.collect("templates"):
                self._pages = read_templates(Path(templates))
        mistakes.raise_if_any()
        self.templates = templates
        self.members = members
        self._notice = Notice(logging.getLogger("wsgistack.responses"))
        self._own_render: Render = self._render  # made once, not for each request

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        """Serve one request."""
        environ[RESPONSES] = self._own_render
        return self.app(environ, start_response)

    def _render(self, environ: Environ, problem: Problem, media_type: str) -> str | None:
        """Make an answer, or return None for the plain one."""
        handled = sys.exc_info()[1]
        try:
            if media_type == "text/html":
                page = self._pages.get(str(problem.status)) or self._pages.get(f"{problem.status // 100}xx")
                text = page(list_values(environ, problem)) if page else ""
                return text if text.strip() else None
            if media_type == JSON and self.members is not None:
                members = {**problem.members(), **self.members(environ, problem), "status": problem.status}
                return json.dumps(members, allow_nan=False) + "\n"
        except Exception as error:
            with suppress(Exception):  # of a handler: the client gets its answer nevertheless
                forget_handled(error, handled)
                self._notice.log("the own answer for %d failed, the plain one is sent", problem.status, error=error)
        return None
