"""Compression of responses, chunk by chunk, negotiated with the client (RFC 9110 §8.4, §12.5.3)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from wsgistack.base import Middleware
from wsgistack.errors import ConfigError, Mistake, Mistakes, check_counts, check_durations, check_mappings, suggest
from wsgistack.exchange import editing
from wsgistack.http.headers import with_strong_tags
from wsgistack.http.negotiation import coding_chooser
from wsgistack.middleware.compress.codings import CODINGS, Coding, make_coding
from wsgistack.middleware.compress.eligibility import TEXTUAL, Eligibility
from wsgistack.middleware.compress.exchange import HEADERS_ABOUT_BYTES, CompressExchange, Policy
from wsgistack.middleware.compress.padding import MAX_PADDING
from wsgistack.types import App, Changes, Duration, Environ, Size, StartResponse

__all__ = ["Compress", "Gzip"]


class Compress(Middleware):
    """Compress eligible responses in a coding that the client accepts.

    Example::

        application = Compress(application, codings=["zstd", "br", "gzip"])

    or in an ini file::

        [filter:compress]
        use = egg:wsgistack#compress
        codings = zstd br gzip

    Media type and size make a response eligible. Not eligible are a status 1xx, 204, 205, 206 or 304, a
    Content-Encoding, a Content-Range, and ``Cache-Control: no-transform``; nor is a response if the application sets
    ``environ["wsgistack.no_compress"]`` to a true value before it starts. Each eligible response names Accept-Encoding
    in Vary, compressed or not, and so do its 206 and 304. A compressed response gets a weak ETag, and loses
    Content-Length, Accept-Ranges and digests, which describe other bytes. A list, or a body of one chunk that is known
    to be complete, is sent with its new length, and stays as it is if it would not get smaller. If a body is longer
    than its Content-Length, the rest is not sent; if it is shorter, its encoding has no end.

    In If-None-Match, the application also finds the strong form of each weak tag, because its own tags may be strong.
    Its 304 then has the tag that the client has. A weak tag never matches in If-Match (RFC 9110 §13.1.1): do not
    compress resources that clients edit under that condition. A download continues only under a strong tag in If-Range
    (RFC 9110 §13.1.5): with a weak tag or a date it starts over, because the first part may be compressed.

    The answer to HEAD stays as it is, with the application's Content-Length: without one, some servers send a chunk
    there.

    Streams: each chunk is compressed to one chunk, which the client can decode before the next exists. A file in the
    server's ``wsgi.file_wrapper`` is read in blocks of 128 KiB. A restart with ``exc_info`` passes as it is.

    :param codings: some of ``zstd``, ``br`` and ``gzip``, in the order of preference if the client ranks them equally.
        The default is ``gzip``, which needs no library. The others need the extra ``compress``, which makes gzip faster
        too.
    :param levels: the level of a coding instead of its default: gzip 1 to 9, br 0 to 11 (4), zstd 1 to 19 (3). Higher
        levels take more time and make smaller bodies. Without a level, ISA-L makes gzip if it is installed: ten times
        faster than zlib, and most bodies are 10 to 35 % larger. A level always means zlib.
    :param minimum_size: shorter bodies stay as they are, in bytes. Bodies below the default fit into one packet anyway.
    :param types: media types to compress, with ``*`` as wildcard. The default is text and formats that become much
        smaller, as text does.
    :param except_types: media types not to compress although they match ``types``. The default is none.
    :param flush_size: collect this many bytes of a stream before the client can decode them, which makes the stream
        smaller. The default is 0: each chunk is decodable at once. The first chunk always is, and so are chunks from
        ``write()``, and each chunk of ``text/event-stream`` and of JSON lines.
    :param flush_interval: the longest time to collect, in seconds. It is checked at each chunk, even at an empty one.
        The default is too short for people to notice.
    :param random_padding: add up to this many bytes to each compressed response, at most 511, which hides its length
        from BREACH. The default is 0. 100 bytes cost little, and make an attacker need some hundred times the requests.
        They do not make the attack impossible: a page that shows a secret next to parts of the request should mask the
        secret in each response, or must not be compressed. Without padding, equal bodies give equal bytes.
    :raises ConfigError: a coding or level is unknown, the library of a coding is not installed, or no coding or type is
        given.

    Cost tier T2; T1 for HEAD, or if the client accepts no coding. The body of a response that is not eligible stays
    untouched, unless the application starts late.

    Place it inside access_log, which then logs the size after compression. Not for responses that have a secret next to
    something that an attacker chooses (BREACH). Not needed if a proxy in front compresses.
    """

    must_be_inside: ClassVar[Mapping[str, str]] = {"access_log": "the log would not show the size after compression"}
    changes: ClassVar[Changes] = Changes(headers=HEADERS_ABOUT_BYTES | {"vary", "etag", "content-encoding"}, body=True)

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
        check_mappings(levels=levels or {})
        mistakes = Mistakes()
        for key, value, is_valid, expected in (
            ("codings", codings, codings and not isinstance(codings, str), f"some of {', '.join(CODINGS)}"),
            ("types", types, types and not isinstance(types, str), "media types, such as text/*"),
            ("except_types", except_types, not isinstance(except_types, str), "a list of media types"),
            ("random_padding", random_padding, _is_padding(random_padding), f"0 to {MAX_PADDING} bytes"),
        ):
            if not is_valid:
                mistakes.append(Mistake(f"invalid value {value!r}", key=key, value=value, expected=expected))
        with mistakes.collect():
            check_counts("bytes", minimum_size=minimum_size, flush_size=flush_size)
        with mistakes.collect():
            check_durations(flush_interval=flush_interval)
        for name in levels or ():
            if name not in codings:
                hint = suggest(name, codings)
                mistakes.append(Mistake(f"{name!r} is not in codings", key="levels", value=name, hint=hint))
        made: dict[str, Coding] = {}
        for name in codings:
            with mistakes.collect():
                made[name] = make_coding(name, (levels or {}).get(name), padding=random_padding)
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
        eligible = Eligibility(types, minimum_size, except_types)
        self._policies = {
            name: Policy(coding, eligible.judge, max(1, minimum_size), flush_size, flush_interval)
            for name, coding in made.items()
        }
        self._name_in_vary = eligible.name_in_vary  # faster than to find the method for each request

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        """Serve one request."""
        if "HTTP_RANGE" in environ and not environ.get("HTTP_IF_RANGE", '"').startswith('"'):
            del environ["HTTP_RANGE"], environ["HTTP_IF_RANGE"]
        accepted = environ.get("HTTP_ACCEPT_ENCODING")
        chosen = self._choose(accepted) if accepted and environ.get("REQUEST_METHOD") != "HEAD" else None
        if chosen is None:
            return self.app(environ, editing(start_response, self._name_in_vary, environ))
        known_tags = environ.get("HTTP_IF_NONE_MATCH", "")
        if "W/" in known_tags:
            environ["HTTP_IF_NONE_MATCH"] = with_strong_tags(known_tags)
        return CompressExchange(self._policies[chosen], environ, start_response, known_tags).run(self.app)


class Gzip(Compress):
    """Compress eligible responses with gzip alone.

    It works like ``compress``, which has more codings and options. The format is RFC 1952::

        application = Gzip(application)

    or in an ini file::

        [filter:gzip]
        use = egg:wsgistack#gzip
        level = 6

    :param level: from 1, the fastest, to 9, the smallest, with zlib. The default is ISA-L if it is installed, otherwise
        level 6 of zlib.
    :param minimum_size: shorter bodies stay as they are, in bytes. Bodies below the default fit into one packet anyway.
    :param types: media types to compress, with ``*`` as wildcard. The default is text and formats that become much
        smaller, as text does.
    :raises ConfigError: the level is not 1 to 9, or no type is given.

    Cost tier T2; T1 if the client does not accept gzip.

    Place it like ``compress``. Not for responses that have a secret next to something that an attacker chooses
    (BREACH). Not needed if a proxy in front compresses.
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


def _is_padding(value: object) -> bool:
    return type(value) is int and 0 <= value <= MAX_PADDING
