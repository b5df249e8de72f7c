"""Decompression of request bodies (RFC 9110 §8.4), limited in size and ratio."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from io import BufferedReader, BytesIO
from tempfile import TemporaryFile
from typing import IO, ClassVar

from wsgistack.base import Middleware
from wsgistack.errors import Mistake, Mistakes, check_counts
from wsgistack.exchange import Exchange
from wsgistack.exchange.refusing import RefusingExchange, refuse_body, refuse_unread_body
from wsgistack.http.bodies import BodyRefusal, BodyRefusedError, find_body_length, has_no_body, is_terminated
from wsgistack.http.codings import name_coding
from wsgistack.middleware.decompress.decoding import CODINGS, PIECE_SIZE, Coding, DecodedBody, DecodedInput, make_coding
from wsgistack.types import App, Changes, Environ, Size, StartResponse

__all__ = ["Decompress"]

MAX_CODINGS = 4
"""Each coding of a body costs memory for its decoder. Clients use one."""

MAX_CONTENT_ENCODING = 256
"""In characters. A longer value is not supported: a cache should not keep it."""

MAX_MEMORY = 1048576
"""In bytes: a larger decoded body is written to a temporary file."""


class Decompress(Middleware):
    """Give the application the decoded body of a request that was sent with Content-Encoding.

    ::

        Decompress(app, codings=["zstd", "br", "gzip"])

        [filter:decompress]
        use = egg:wsgistack#decompress
        codings = zstd br gzip

    The body is decoded before the application is called, and the application sees a request without Content-Encoding,
    with the CONTENT_LENGTH of the decoded body. Frameworks such as Django read nothing without a CONTENT_LENGTH. A body
    larger than 1 MiB is kept in a temporary file. With ``stream``, the body is decoded while the application reads it.

    A client gets 415 with ``Accept-Encoding`` for another coding (RFC 9110 section 12.5.3); 413 if the decoded body is
    too large; 400 if the body is damaged or incomplete, goes on after its end, or has too many small parts; 411 if it
    has no length and the server can't find its end. More than one coding is decoded in turn, at most 4. gzip and zstd
    may have several members. An empty body is empty in any coding. Requests without Content-Encoding pass untouched.

    :param codings: some of ``zstd``, ``br`` and ``gzip``. The default is ``gzip``, which needs no library. The others
        need the extra ``compress``. ``deflate`` is refused, because clients mean two formats by it.
    :param max_size: the largest decoded body in bytes. The default is 10 MiB, as in ``body_limit``: a client should not
        be allowed to send more by compressing it.
    :param max_ratio: how many times larger than the sent body the decoded one may be, checked from 64 KiB on. The
        default is 200. It was 5 for a list of people in JSON, 12 for an access log, and up to 130 for trace data that
        repeats itself; a bomb has 900 and more.
    :param stream: decode the body while the application reads ``wsgi.input``, which then has no CONTENT_LENGTH, but
        ``wsgi.input_terminated``, and can't be rewound. For large bodies and applications that need no CONTENT_LENGTH:
        Flask, Pyramid and others with Werkzeug or WebOb; not Django. Off by default. If the body turns out to be
        invalid or too large, the read raises an error and the client gets the same answers; once the response has
        begun, the connection is cut.
    :raises ConfigError: a coding is unknown or its library is not installed, or a number is too small.

    Cost tier T0; T2 for a decoded body that is streamed or larger than 1 MiB.

    Place it inside ``body_limit``, which limits the size as it is sent, and outside everything that reads the body.
    Not for an application that checks a signature or a digest of the body as it was sent, such as a webhook.
    """

    must_be_inside: ClassVar[Mapping[str, str]] = {
        "access_log": "refused requests would not be logged",
        "body_limit": "the size of the body as it is sent would not be limited",
        "catch_errors": "it would log a body that can't be decoded as an error of the application",
    }
    must_be_outside: ClassVar[Mapping[str, str]] = {
        "method_override": "it would search for a field in a compressed form"
    }
    changes: ClassVar[Changes] = Changes(answers=True, errors=True, wraps=True)

    def __init__(
        self,
        app: App,
        /,
        *,
        codings: Sequence[str] = ("gzip",),
        max_size: Size = 10485760,
        max_ratio: int = 200,
        stream: bool = False,
    ) -> None:
        super().__init__(app)
        mistakes = Mistakes()
        if not codings or isinstance(codings, str):
            expected = f"some of {', '.join(CODINGS)}"
            mistakes.append(Mistake(f"invalid value {codings!r}", key="codings", value=codings, expected=expected))
        self._codings = {}
        for name in codings:
            with mistakes.collect():
                self._codings[name] = make_coding(name)
        with mistakes.collect():
            check_counts("bytes", max_size=max_size)
        with mistakes.collect():
            check_counts("", 1, max_ratio=max_ratio)
        mistakes.raise_if_any()
        self.codings = codings
        self.max_size = max_size
        self.max_ratio = max_ratio
        self.stream = stream
        self._find_codings = lru_cache(maxsize=64)(self._read_codings)
        names = ", ".join(codings)
        detail = f"The request body has a Content-Encoding that is not supported; supported: {names}."
        self._unsupported = BodyRefusal(415, detail, (("Accept-Encoding", names),))

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        """Serve one request."""
        given = environ.get("HTTP_CONTENT_ENCODING")
        if not given:
            return self.app(environ, start_response)
        try:
            length = find_body_length(environ)
        except BodyRefusedError as refused:
            return refuse_body(environ, start_response, refused.refusal)
        codings = self._find_codings(given[: MAX_CONTENT_ENCODING + 1])
        if codings == () or length == 0 or (length is None and has_no_body(environ)):
            return self.app(environ, start_response)
        if codings is None:
            return refuse_unread_body(environ, start_response, self._unsupported, length)
        if length is None and not is_terminated(environ):
            return refuse_unread_body(environ, start_response, _NO_LENGTH, None)
        body = DecodedBody(environ, codings, length, max_size=self.max_size, max_ratio=self.max_ratio)
        return (self._stream if self.stream else self._call)(body, environ, start_response)

    def _read_codings(self, text: str) -> tuple[Coding, ...] | None:
        if len(text) > MAX_CONTENT_ENCODING:
            return None
        names = [name for part in text.split(",") if (name := name_coding(part)) not in ("", "identity")]
        if len(names) > MAX_CODINGS or not self._codings.keys() >= {*names}:
            return None
        return tuple(self._codings[name] for name in names)

    def _stream(self, body: DecodedBody, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        environ.pop("CONTENT_LENGTH", None)
        del environ["HTTP_CONTENT_ENCODING"]
        environ["wsgi.input"] = BufferedReader(DecodedInput(body), PIECE_SIZE)
        environ["wsgi.input_terminated"] = True
        return RefusingExchange(environ, start_response, body).run(self.app)

    def _call(self, body: DecodedBody, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        decoded: IO[bytes] = BytesIO()
        size = 0
        try:
            for piece in body:
                size += len(piece)
                if size > MAX_MEMORY and type(decoded) is BytesIO:
                    file = TemporaryFile()  # noqa: SIM115 (the exchange closes it)
                    file.write(decoded.getvalue())
                    decoded = file
                decoded.write(piece)
        except BodyRefusedError as refused:
            decoded.close()
            return refuse_body(environ, start_response, refused.refusal, body.discard)
        except BaseException:  # of the connection or the disk
            decoded.close()
            raise
        environ["CONTENT_LENGTH"] = str(size)
        decoded.seek(0)
        del environ["HTTP_CONTENT_ENCODING"]
        environ.pop("HTTP_TRANSFER_ENCODING", None)  # the length counts now
        environ["wsgi.input"] = decoded
        environ["wsgi.input_terminated"] = True
        if type(decoded) is BytesIO:
            return self.app(environ, start_response)
        exchange = _WithFile(environ, start_response)
        exchange.file = decoded
        return exchange.run(self.app)


class _WithFile(Exchange):
    """Closes the temporary file at the end of the response."""

    __slots__ = ("file",)

    keeps_length = True
    file: IO[bytes]

    def on_close(self, error: BaseException | None) -> None:
        self.file.close()


_NO_LENGTH = BodyRefusal(411, "The request body has a Content-Encoding, and therefore needs a Content-Length.")
