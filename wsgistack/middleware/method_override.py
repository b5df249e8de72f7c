"""Methods that HTML forms and some proxies can't send."""

import re
from collections.abc import Collection, Iterable, Mapping
from io import BytesIO
from typing import ClassVar
from urllib.parse import parse_qsl

from wsgistack.base import Middleware
from wsgistack.environ import environ_key
from wsgistack.errors import Mistake, Mistakes, check_counts, check_lists
from wsgistack.http.bodies import BodyRefusedError, find_body_length
from wsgistack.peers import AUTHENTICATION, because
from wsgistack.types import App, Environ, Size, StartResponse

__all__ = ["MethodOverride"]

_TOKEN = re.compile(r"[A-Z]+")
_HEADER = re.compile(r"[A-Za-z0-9-]+")
_FORM = "application/x-www-form-urlencoded"


class MethodOverride(Middleware):
    """Give the application the method that a POST request asks for in a header or in a form field.

    HTML forms can send only GET and POST, and some proxies refuse PUT, PATCH and DELETE. ::

        MethodOverride(app, field="_method")

        [filter:method_override]
        use = egg:wsgistack#method_override
        field = _method

    In the form: ``<input type="hidden" name="_method" value="DELETE">``. The method that the client sent is in
    ``environ["wsgistack.original_method"]`` then. Any other request, and a method that is not allowed, is passed on
    unchanged.

    :param header: the header that names the method. An empty text reads none.
    :param field: the form field that names the method, if the header does not. Only fields of
        ``application/x-www-form-urlencoded`` are read. By default none, because the form must be read for it.
    :param allowed: the methods that a POST request may ask for. A method that only reads, such as GET, is refused:
        with it, a client could get around a check of POST requests.
    :param max_form: the largest form that is searched for the field. It is read into memory, and the application can
        read it again. 64 KiB by default, more than a form without a file needs.
    :raises ConfigError: an option is not valid.

    Cost tier T0.

    Place it outside everything that looks at the method, such as guards and conditions with ``method``, but inside
    ``csrf``, which checks what the browser sent. Not for an application that does this itself.
    """

    must_be_inside: ClassVar[Mapping[str, str]] = {"body_limit": "it would read a form before its size is checked"}
    must_be_outside: ClassVar[Mapping[str, str]] = because(
        (*AUTHENTICATION, "request_filter.methods"),
        "a condition or a rule would see POST, and the application another method",
    )

    def __init__(
        self,
        app: App,
        /,
        *,
        header: str = "X-HTTP-Method-Override",
        field: str = "",
        allowed: Collection[str] = ("PUT", "PATCH", "DELETE"),
        max_form: Size = 65536,
    ) -> None:
        super().__init__(app)
        check_lists(allowed=allowed)
        mistakes = Mistakes()
        if header and not _HEADER.fullmatch(header):
            expected = "letters, digits and hyphens"
            mistakes.append(Mistake("not the name of a header", key="header", value=header, expected=expected))
        for method in allowed:
            if not _TOKEN.fullmatch(method) or method in ("GET", "HEAD", "OPTIONS", "TRACE", "CONNECT"):
                expected = "methods in capitals that change data, as PUT"
                mistakes.append(Mistake(f"invalid value {method!r}", key="allowed", value=method, expected=expected))
        with mistakes.collect():
            check_counts("bytes", max_form=max_form)
        mistakes.raise_if_any()
        self.header = header
        self.field = field
        self.allowed = allowed
        self.max_form = max_form
        self._key = environ_key(header) if header else ""
        self._allowed = frozenset(allowed)

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        """Serve one request."""
        if environ["REQUEST_METHOD"] == "POST":
            wanted: str = environ.get(self._key, "") or (self._find_field(environ) if self.field else "")
            if wanted.upper() in self._allowed:
                environ["wsgistack.original_method"] = "POST"
                environ["REQUEST_METHOD"] = wanted.upper()
        return self.app(environ, start_response)

    def _find_field(self, environ: Environ) -> str:
        media_type: str = environ.get("CONTENT_TYPE", "")
        if media_type.partition(";")[0].strip().lower() != _FORM:
            return ""
        try:
            length = find_body_length(environ)
        except BodyRefusedError:
            return ""  # the application may refuse it
        if length is None or length > self.max_form:
            return ""
        form: bytes = environ["wsgi.input"].read(length)
        environ["wsgi.input"] = BytesIO(form)
        values = [
            value for name, value in parse_qsl(form.decode("latin-1"), keep_blank_values=True) if name == self.field
        ]
        return values[0] if len(values) == 1 else ""  # two readings: the application sees the form as it is
