"""The largest request body that an application gets."""

from collections.abc import Iterable, Mapping
from typing import ClassVar

from wsgistack.base import Middleware
from wsgistack.errors import check_counts
from wsgistack.exchange.refusing import RefusingExchange, refuse_body, refuse_unread_body
from wsgistack.http.bodies import BodyRefusal, BodyRefusedError, LimitedInput, find_body_length, has_no_body
from wsgistack.http.headers import MAX_LENGTH_DIGITS
from wsgistack.types import App, Changes, Environ, Size, StartResponse

__all__ = ["BodyLimit"]


class BodyLimit(Middleware):
    """Answer 413 to a request whose body is larger than a limit (RFC 9110 section 15.5.14).

    ::

        BodyLimit(app, max_size=1048576)

        [filter:body_limit]
        use = egg:wsgistack#body_limit
        max_size = 1 MiB

    A request whose Content-Length is too large is refused before anything is read of its body; with a smaller one it
    passes untouched. A body without a length, such as a chunked one, is counted while the application reads it:
    whatever the application asks for, at most one byte more than the limit is read. Then the read raises an error, and
    the client gets 413, also if the framework makes its own page of that error or ignores it. If the response has
    begun before, the connection is cut. ``wsgi.input`` keeps all methods that it has.

    The answer names the limit. A Content-Length that is not one valid number of bytes is answered with 400 (RFC 9112
    section 6.3). After the answer, the rest of the body is read and thrown away, up to 64 MiB and for 5 seconds: many
    clients read the answer only when they have sent everything.

    To allow larger uploads for one path, use two of them, the second with a condition::

        [filter:uploads]
        use = egg:wsgistack#body_limit
        max_size = 1 GiB

        [filter:body_limit]
        use = egg:wsgistack#body_limit
        when_not_under = /uploads

    :param max_size: the largest body in bytes, as it is sent. The default is 10 MiB: more than forms, API requests and
        most photographs need, and 16 threads that each read such a body into memory take 160 MiB.
    :raises ConfigError: the size is negative.

    Cost tier T0; T2 for a body without a length.

    Place it inside ``access_log`` and ``catch_errors``, and outside everything that reads the body, such as
    ``decompress``, ``method_override`` or the framework. Not needed where the server in front does this, as nginx
    does with 1 MiB. uWSGI gives a chunked body only by ``uwsgi.chunked_read()``, which this layer does not see.
    """

    must_be_inside: ClassVar[Mapping[str, str]] = {
        "access_log": "refused requests would not be logged",
        "catch_errors": "it would log a body that is too large as an error of the application",
    }
    must_be_outside: ClassVar[Mapping[str, str]] = {
        "decompress": "the body would be decompressed before its size is checked",
        "method_override": "it would read a form before its size is checked",
    }
    changes: ClassVar[Changes] = Changes(answers=True, errors=True)

    def __init__(self, app: App, /, *, max_size: Size = 10485760) -> None:
        super().__init__(app)
        check_counts("bytes", max_size=max_size)
        self.max_size = max_size
        self._refusal = BodyRefusal(413, f"The request body is larger than {max_size} bytes, which is the limit.")

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        """Serve one request."""
        length = environ.get("CONTENT_LENGTH")
        if length:
            is_number = length.isdecimal() and length.isascii() and len(length) <= MAX_LENGTH_DIGITS
            is_allowed = is_number and int(length) <= self.max_size and "HTTP_TRANSFER_ENCODING" not in environ
            if is_allowed and not self._has_more(environ):
                return self.app(environ, start_response)
        elif has_no_body(environ):
            return self.app(environ, start_response)
        return self._judge(environ, start_response)

    def _has_more(self, environ: Environ) -> bool:
        """Whether cheroot gives a larger body than CONTENT_LENGTH, which another header, Content_Length, may set."""
        remaining = getattr(environ.get("wsgi.input"), "remaining", None)
        return type(remaining) is int and remaining > self.max_size

    def _judge(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        try:
            length = find_body_length(environ)
        except BodyRefusedError as refused:
            return refuse_body(environ, start_response, refused.refusal)
        if length is not None:
            return refuse_unread_body(environ, start_response, self._refusal, length)
        body = LimitedInput(environ, self.max_size, self._refusal)
        environ["wsgi.input"] = body
        return RefusingExchange(environ, start_response, body).run(self.app)
