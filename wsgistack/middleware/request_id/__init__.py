"""Request ids: one for each request, for the application, its log records and the client."""

import logging
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import ClassVar, Literal, NamedTuple, get_args

from wsgistack.base import Middleware
from wsgistack.environ import GLOBAL_REQUEST_ID, REQUEST_ID, TRACE_ID, environ_key
from wsgistack.errors import Mistake, Mistakes, check_counts, check_lists, suggest
from wsgistack.exchange.context import call_in_context
from wsgistack.exchange.current import NO_ID, Origin, origin_var, request_id_var
from wsgistack.exchange.setting import setting
from wsgistack.http.addresses import Networks, find_peer
from wsgistack.http.escaping import escape_quoted
from wsgistack.http.headers import is_field_name
from wsgistack.http.notices import Notice
from wsgistack.http.traceparent import make_traceparent, read_trace_id
from wsgistack.middleware.request_id.generators import GENERATORS
from wsgistack.middleware.request_id.shapes import SHAPES, STRUCTURED, Take, compile_shapes, is_well_formed
from wsgistack.types import App, Changes, Environ, StartResponse

__all__ = ["RequestId"]

Shape = Literal["hex", "uuid", "ulid", "ksuid"]
Generator = Literal["hex", "uuid4", "uuid7", "ulid"]
Tracing = Literal["read", "create", "ignore"]

# An id there would break the response, or the layer would take a secret for an id.
_HAS_OTHER_USE = re.compile(
    r"(?:access-control|content|if|sec)-.*|accept(?:-.*)?|age|allow|(?:proxy-)?auth(?:enticat|orizat).*"
    r"|cache-control|connection|date|etag|expect|expires|host|keep-alive|last-modified|link|location|origin|pragma"
    r"|proxy-connection|range|referer|refresh|retry-after|server|(?:set-)?cookie|strict-transport-security|te|trailer"
    r"|transfer-encoding|upgrade|user-agent|vary|via|www-authenticate"
).fullmatch
_PREFIX = re.compile(r"[A-Za-z0-9._~+/=:@-]*").fullmatch
_NO_KEY = ""  # in no environ
_TRACEPARENT = "HTTP_TRACEPARENT"
_TRACESTATE = "HTTP_TRACESTATE"
_LONGEST = 1000  # characters of a header that holds more than an id
_SHOWN = 100  # characters of a replaced value that are logged


class RequestId(Middleware):
    """Give each request an id: the one that came with it, if it is well-formed, or else a new one.

    The id is in ``environ["wsgistack.request_id"]``, in the request's header for the layers inside, in
    :func:`~wsgistack.current_request_id` while the application works, and in the response's header, also of error
    answers::

        application = RequestId(application)

    or in an ini file::

        [filter:request_id]
        use = egg:wsgistack#request_id

    :mod:`wsgistack.logging` adds the id to log records, and sends it on to other services, threads and tasks.

    :param header: the header that carries the id in requests and responses. The default is the name that most proxies
        use.
    :param accept: the headers whose id is accepted, in order of preference: the first one with a well-formed id counts.
        The default is ``header`` alone. Behind a load balancer, name its header here, such as ``X-Amzn-Trace-Id``.
    :param trust: accept the id of an incoming request. Turn it off if clients reach the server directly and must not
        choose what is in the logs.
    :param trusted: accept ids only from these peers: addresses, networks, and ``unix`` for a Unix socket, as in
        ``forwarded``. The peer is the other end of the connection, also inside of ``forwarded``. The default is every
        peer.
    :param shapes: accept only ids of these forms: ``hex``, 32 digits as nginx writes ``$request_id``, ``uuid``,
        ``ulid`` or ``ksuid``. The default accepts every well-formed id.
    :param maximum_length: replace an incoming id that is longer, in characters. The default is enough for the ids of
        proxies.
    :param generate: what new ids are: ``hex``, the default, and ``uuid4`` are random; ``uuid7`` and ``ulid`` begin with
        the time, so that they sort by it. Or a callable without arguments that returns an id.
    :param prefix: text in front of new ids, such as ``req-``. With ``shapes``, an incoming id may begin with it as
        well. The default is none.
    :param transform: a callable that gets each id, accepted or new, and returns the one to use. The default keeps ids.
    :param traceparent: ``read``, the default, puts the trace of a valid ``traceparent`` (W3C Trace Context, levels 1
        and 2) of a trusted peer into ``environ["wsgistack.trace_id"]`` and into log records. ``create`` also makes a
        trace for a request without one. No layer records that trace, and a tracer inside records it only if it ignores
        the decision of its parent. ``ignore`` does nothing.
    :param global_header: the header of a second id, which services share, such as ``X-OpenStack-Request-ID``. An id in
        it goes into ``environ["wsgistack.global_request_id"]``. If it is also the ``header``, the request's own id is
        always new. The default is none.
    :raises ConfigError: a name of a header, a network, a shape, the prefix or the generator is not valid, HTTP has
        another use for a header, such as ``Cookie``, ``maximum_length`` is below 1, or ``trusted`` is set although
        ``trust`` is off.

    An incoming id is well-formed if it consists of letters, digits and ``._~+/=:@-``, with at least one letter or
    digit. Two ids in one header, a space or a control character make it malformed. A replaced value is logged with its
    peer, at most once a minute, with the number of others. An id of which ``transform`` makes a malformed one, or no
    text, is replaced as well. If a new id is malformed, the request fails with ValueError.

    Some headers hold more than an id: ``X-Amzn-Trace-Id`` (AWS), ``X-Cloud-Trace-Context`` (Google Cloud),
    ``Request-Id`` (Azure, .NET), ``traceparent`` (W3C), ``b3`` (Zipkin), ``sentry-trace`` and ``uber-trace-id``
    (Jaeger). Of these, the id of the trace is taken. Other headers hold an id alone, such as ``CF-Ray`` (Cloudflare),
    ``X-Azure-Ref``, ``Fly-Request-Id``, ``X-Amz-Cf-Id`` (CloudFront), ``X-Vercel-Id``, and ``X-Request-ID`` of nginx,
    Envoy and Heroku. In the request, only ``header`` is changed, and only if it holds nothing but an id. All other
    headers stay as they came, for tracers.

    Cost tier T1; T2 for a body that the application makes while it is sent: the context variable is set for each chunk
    anew, and has its old value in between.

    Place it outermost. Not needed if a proxy in front sets the header and nothing here logs.
    """

    must_be_outside: ClassVar[Mapping[str, str]] = {
        "access_log": "its records in logging would have no request id",
        "catch_errors": "error answers would have no X-Request-ID",
    }
    changes: ClassVar[Changes] = Changes(headers=frozenset({"x-request-id"}))

    def __init__(
        self,
        app: App,
        /,
        *,
        header: str = "X-Request-ID",
        accept: Sequence[str] = (),
        trust: bool = True,
        trusted: Sequence[str] = (),
        shapes: Collection[Shape] = (),
        maximum_length: int = 128,
        generate: Generator | Callable[[], str] = "hex",
        prefix: str = "",
        transform: Callable[[str], str] | None = None,
        traceparent: Tracing = "read",
        global_header: str = "",
    ) -> None:
        super().__init__(app)
        check_lists(accept=accept, trusted=trusted, shapes=shapes)
        mistakes = Mistakes()
        with mistakes.collect():
            self._networks = Networks(trusted, key="trusted") if trusted else None
        names = [("header", header), *(("accept", name) for name in accept)]
        names += [("global_header", global_header)] if global_header else []
        for key, name in names:
            expected = "a name such as X-Request-ID"
            if not is_field_name(name):
                mistakes.append(Mistake("not a valid name of a header", key=key, value=name, expected=expected))
            elif _HAS_OTHER_USE(name.lower()):
                problem = "HTTP has another use for this header"
                mistakes.append(Mistake(problem, key=key, value=name, expected=expected))
        words: list[tuple[str, str, Collection[str]]] = [("shapes", shape, SHAPES) for shape in shapes]
        words += [("traceparent", traceparent, get_args(Tracing))]
        words += [("generate", generate, GENERATORS)] if isinstance(generate, str) else []
        for key, word, known in words:
            if word not in known:
                mistakes.append(Mistake(f"invalid value {word!r}", key=key, value=word, hint=suggest(word, known)))
        with mistakes.collect():
            check_counts("", 1, maximum_length=maximum_length)
        if not _PREFIX(prefix):
            expected = "letters, digits and ._~+/=:@-"
            mistakes.append(Mistake("not a valid beginning of an id", key="prefix", value=prefix, expected=expected))
        if trusted and not trust:
            hint = "remove trust, or remove trusted"
            mistakes.append(Mistake("has no effect if trust is off", key="trusted", value=trusted, hint=hint))
        mistakes.raise_if_any()
        self.header = header
        self.accept = accept
        self.trust = trust
        self.trusted = trusted
        self.shapes = shapes
        self.maximum_length = maximum_length
        self.generate = generate
        self.prefix = prefix
        self.transform = transform
        self.traceparent = traceparent
        self.global_header = global_header
        self._lowered = header.lower()
        self._is_id = is_id = compile_shapes(shapes, prefix, maximum_length)
        self._generate: Callable[[], str] = GENERATORS[generate] if isinstance(generate, str) else generate
        is_plain = isinstance(generate, str) and not (prefix or transform)
        self._make = self._generate if is_plain else self._make_checked
        shared = global_header.lower()
        self._global_key = environ_key(global_header) if global_header else ""
        accepted = [name for name in accept or [header] if name.lower() != shared]
        self._sources = [_Source.of(name, is_id, maximum_length) for name in accepted]
        self._notice = Notice(logging.getLogger("wsgistack.request_id"))
        self._owns_header = self._lowered not in STRUCTURED and self._lowered != shared
        self._has_origin = bool(global_header) or traceparent == "create"
        self._serve = self._prepare()

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        """Serve one request."""
        serve = self._serve  # CPython calls what is an attribute faster in two steps
        return serve(environ, start_response)

    def _prepare(self) -> App:
        """Make the function that serves requests. Its variables are faster than attributes, which would add a tenth."""
        app, header, maximum_length, set_header = self.app, self.header, self.maximum_length, setting(self.header)
        is_usual = self.trust and not (self.trusted or self.shapes or self.transform or self.accept)
        read_key = environ_key(header) if is_usual and self._owns_header else _NO_KEY
        written_key = environ_key(header) if self._owns_header else REQUEST_ID
        trace_key = _NO_KEY if self.traceparent == "ignore" else _TRACEPARENT
        find, make, has_origin = self._find, self._make if read_key else None, self._has_origin

        def serve(environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
            if REQUEST_ID in environ:
                request_id: str = environ[REQUEST_ID]
            elif read_key in environ:
                request_id = environ[read_key]
                # isalnum() of bytes takes a quarter of the time of the pattern, which all other ids need
                if not (len(request_id) <= maximum_length and request_id.isascii() and request_id.encode().isalnum()):
                    request_id = find(environ)
            else:
                request_id = find(environ) if make is None else make()
            environ[REQUEST_ID] = environ[written_key] = request_id
            start = set_header(start_response, request_id)
            if has_origin or trace_key in environ:
                return self._call_with_origin(environ, start, request_id)
            return call_in_context(request_id_var, request_id, app, environ, start)

        return serve

    def _call_with_origin(self, environ: Environ, start_response: StartResponse, request_id: str) -> Iterable[bytes]:
        app = partial(call_in_context, origin_var, self._find_origin(environ, request_id), self.app)
        return call_in_context(request_id_var, request_id, app, environ, start_response)

    def _find(self, environ: Environ) -> str:
        """Find the first well-formed id that came with the request, or make a new one."""
        refused = None
        is_trusted = self._trusts(environ)
        for source in self._sources:
            value = environ.get(source.key)
            if value:
                found = source.take(value) if is_trusted else None
                if found and self.transform:
                    found = self.transform(found)
                    found = found if is_well_formed(found) else None
                if found:
                    return found
                refused = refused or (source.name, value)
        if refused and self.trust:
            name, value = refused
            reason = "is not a well-formed id" if is_trusted else "came from a peer that is not trusted"
            shown = escape_quoted(value[:_SHOWN])
            peer = escape_quoted(find_peer(environ)) or "-"  # a Unix socket has no address
            self._notice.log('replaced the %s "%s" of %s: it %s', name, shown, peer, reason)
        return self._make()

    def _trusts(self, environ: Environ) -> bool:
        return self.trust and (self._networks is None or self._networks.contains_peer(find_peer(environ)))

    def _make_checked(self) -> str:
        maker: object = self.generate
        made = self._generate()
        if isinstance(made, str):
            made = self.prefix + made
            if self.transform:
                maker, made = self.transform, self.transform(made)
        if not is_well_formed(made):
            raise ValueError(f"{maker!r} returned {made!r}, which is not a well-formed request id")
        return made

    def _find_origin(self, environ: Environ, request_id: str) -> Origin:
        """Find, or create, what the request belongs to, and the headers that carry it on."""
        headers: dict[str, str] = {}
        trace_id = global_id = NO_ID
        is_trusted = self._trusts(environ)
        if self.traceparent != "ignore":
            came = read_trace_id(environ.get(_TRACEPARENT)) if is_trusted else None
            if self.traceparent == "create" and not came:
                trace_id, environ[_TRACEPARENT] = make_traceparent()
                environ.pop(_TRACESTATE, None)  # it belongs to the trace that came
                environ[TRACE_ID] = trace_id
            elif came:
                environ[TRACE_ID] = trace_id = came
            elif not is_trusted:
                environ[TRACE_ID] = ""  # so that no log has a trace that a stranger chose
            if trace_id != NO_ID:
                headers["traceparent"] = environ[_TRACEPARENT]
                state = environ.get(_TRACESTATE)
                if state and state.isascii() and state.isprintable():
                    headers["tracestate"] = state
        if self._global_key:
            given = environ.get(self._global_key)
            if given and is_trusted and self._is_id(given):
                environ[GLOBAL_REQUEST_ID] = global_id = given
            headers[self.global_header] = request_id if global_id == NO_ID else global_id
        return Origin(trace_id, global_id, headers)


class _Source(NamedTuple):
    """A header that ids are accepted from: its name, its key in the environ, and what takes the id."""

    name: str
    key: str
    take: Take

    @classmethod
    def of(cls, name: str, is_id: Callable[[str], object], maximum_length: int) -> "_Source":
        take = STRUCTURED.get(name.lower())

        def take_plain(value: str) -> str | None:
            return value if is_id(value) else None

        def take_part(value: str) -> str | None:
            found = take(value) if take and len(value) <= _LONGEST else None
            return found if found and len(found) <= maximum_length and is_well_formed(found) else None

        return cls(name, environ_key(name), take_part if take else take_plain)
