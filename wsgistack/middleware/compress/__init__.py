"""Compression of responses, chunk by chunk, negotiated with the client (RFC 9110 §8.4, §12.5.3)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from wsgistack.base import Middleware
from wsgistack.errors import ConfigError, Mistake, Mistakes, suggest
from wsgistack.http.headers import with_strong_tags
from wsgistack.http.negotiation import coding_chooser
from wsgistack.middleware.compress.codings import CODINGS, Coding, make_coding
from wsgistack.middleware.compress.eligibility import TEXTUAL, Eligibility
from wsgistack.middleware.compress.exchange import OF_THE_BYTES, CompressExchange, Policy, name_in_vary
from wsgistack.middleware.compress.padding import MAX_PADDING
from wsgistack.types import App, Changes, Duration, Environ, Size, StartResponse

__all__ = ["Compress", "Gzip"]


class Compress(Middleware):
    """Compress eligible responses in a coding that the client accepts.

    A response is eligible by its media type and size, unless it is 1xx, 204, 205, 206 or 304, has a Content-Encoding or
    a Content-Range, forbids it by ``Cache-Control: no-transform``, or the application sets
    ``environ["wsgistack.no_compress"]`` to something true before it starts. Each eligible one names Accept-Encoding in
    Vary, compressed or not, and so do its 206 and 304. A compressed one has a weak ETag, and loses Content-Length,
    Accept-Ranges and digests: they spoke of other bytes. A list, or a body of one piece that is known to be whole, is
    sent with its new length; if it would not get smaller, it is sent as it is. Where a body is longer than the
    Content-Length of the application, the rest is not sent; where it is shorter, its encoding has no end.

    The application finds the strong form of each weak tag in If-None-Match, in place in the environ, for its own tags
    may be strong; its 304 then carries the tag that the client has. In If-Match no weak tag ever counts (RFC 9110
    §13.1.1): leave out what clients edit under that condition.

    Streams: one chunk out for each chunk in, and the client can decode it before the next one is made. A file in the
    server's ``wsgi.file_wrapper`` is read in blocks of 128 KiB. A restart by ``exc_info`` goes out as it is.

    :param codings: of ``zstd``, ``br`` and ``gzip``, in order of preference among those that the client ranks equal. By
        default ``gzip``, which needs no library; the others need the extra ``compress``, and gzip is then faster.
    :param levels: for a coding, the level to use instead of its default: gzip 1 to 9, br 0 to 11 (4), zstd 1 to 19 (3).
        Higher ones take more time for less bytes. Without one, gzip is made by ISA-L where that is installed: ten times
        as fast as by zlib, for mostly 10 to 35 % more bytes. A level asks for zlib.
    :param minimum_size: shorter bodies are left alone, in bytes. Below the default they fit into one packet anyway.
    :param types: media types to compress, with ``*`` as wildcard. The default is text and what is written like text.
    :param except_types: media types not to compress though they are among the types.
    :param flush_size: gather so many bytes of a stream before the client can decode them, for less bytes; the first
        chunk goes out at once all the same, and so does what is written by ``write()``, and each chunk of
        ``text/event-stream`` and of JSON lines.
    :param flush_interval: the longest time to gather, in seconds. It is looked at when a chunk comes, an empty one too.
    :param random_padding: hide the length of each compressed response in up to so many random bytes, against BREACH.
        100 cost little, and make an attacker need some hundred times the requests. They do not make the attack
        impossible: a page that shows a secret beside what the request says should mask the secret anew in each
        response, or not be compressed. Without padding, the same body gives the same bytes.
    :raises ConfigError: there is no such coding or level, its library is not installed, or no coding or type is named.

    Cost tier T2; T1 where the client accepts no coding. A response that is not eligible keeps its own iterable, unless
    the application starts it late.

    Place it inside access_log, which then tells what went over the wire. Not for responses that hold a secret beside
    something that an attacker chooses (BREACH); not needed where a proxy in front compresses.
    """

    must_be_inside: ClassVar = {"access_log": "the log would not tell what went over the wire"}
    changes: ClassVar = Changes(headers=OF_THE_BYTES | {"vary", "etag", "content-encoding"}, body=True)

    def __init__(
        self,
        app: App,
        /,
        *,
        codings: Sequence[str] = ("gzip",),
        levels: Mapping[str, int] | None = None,
        minimum_size: Size = 500,
        types: Sequence[str] = TEXTUAL,
        except_types: Sequence[str] = (),
        flush_size: Size = 0,
        flush_interval: Duration = 0.1,
        random_padding: Size = 0,
    ) -> None:
        super().__init__(app)
        mistakes = Mistakes()
        if not codings or isinstance(codings, str):
            mistakes.append(
                Mistake(f"found {codings!r}", key="codings", value=codings, expected=f"some of {', '.join(CODINGS)}")
            )
        if not types or isinstance(types, str):
            mistakes.append(Mistake(f"found {types!r}", key="types", value=types, expected="media types"))
        if isinstance(except_types, str):
            mistakes.append(
                Mistake(f"found {except_types!r}", key="except_types", value=except_types, expected="media types")
            )
        if not flush_interval >= 0:
            mistakes.append(
                Mistake(
                    f"found {flush_interval!r}",
                    key="flush_interval",
                    value=flush_interval,
                    expected="seconds from 0 on",
                )
            )
        for name, size in {"minimum_size": minimum_size, "flush_size": flush_size}.items():
            if type(size) is not int or size < 0:
                mistakes.append(Mistake(f"found {size!r}", key=name, value=size, expected="bytes, from 0 on"))
        if type(random_padding) is not int or not 0 <= random_padding <= MAX_PADDING:
            mistakes.append(
                Mistake(
                    f"found {random_padding!r}",
                    key="random_padding",
                    value=random_padding,
                    expected=f"0 to {MAX_PADDING} bytes",
                )
            )
        for name in levels or ():
            if name not in codings:
                mistakes.append(
                    Mistake(f"{name!r} is not in use", key="levels", value=name, hint=suggest(name, codings))
                )
        self._codings: dict[str, Coding] = {}
        for name in codings:
            with mistakes.collect():
                self._codings[name] = make_coding(name, (levels or {}).get(name), padding=random_padding)
        mistakes.raise_if_any()
        self.codings = codings
        self.levels = levels
        self.minimum_size = minimum_size
        self.types = types
        self.except_types = except_types
        self.flush_size = flush_size
        self.flush_interval = flush_interval
        self.random_padding = random_padding
        self._choose = coding_chooser(tuple(codings))
        self._policy = Policy(Eligibility(types, minimum_size, except_types), flush_size, flush_interval)

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        """Serve one request."""
        accepted = environ.get("HTTP_ACCEPT_ENCODING")
        chosen = self._choose(accepted) if accepted else None
        if chosen is None:
            return self.app(environ, name_in_vary(self._policy, environ, start_response))
        known_tags = environ.get("HTTP_IF_NONE_MATCH", "")
        if "W/" in known_tags:
            environ["HTTP_IF_NONE_MATCH"] = with_strong_tags(known_tags)
        return CompressExchange(self._policy, self._codings[chosen], environ, start_response, known_tags).run(self.app)


class Gzip(Compress):
    """Compress eligible responses with gzip alone.

    As :class:`Compress`, which can do more codings, and has more options.

    :param level: from 1, the fastest, to 9, the smallest, by zlib. By default ISA-L is used where it is installed, or
        else zlib's 6.
    :param minimum_size: shorter bodies are left alone, in bytes. Below the default they fit into one packet anyway.
    :param types: media types to compress, with ``*`` as wildcard. The default is text and what is written like text.
    :raises ConfigError: there is no such level, or no type is named.

    Cost tier T2; T1 where the client does not accept gzip.

    Place it as :class:`Compress`.
    """

    def __init__(
        self, app: App, /, *, level: int | None = None, minimum_size: Size = 500, types: Sequence[str] = TEXTUAL
    ) -> None:
        try:
            levels = None if level is None else {"gzip": level}
            super().__init__(app, levels=levels, minimum_size=minimum_size, types=types)
        except ConfigError as error:
            raise ConfigError(
                *(each._replace(key=each.key.replace("levels", "level")) for each in error.mistakes)
            ) from error
        self.level = level
