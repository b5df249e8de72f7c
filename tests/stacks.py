"""The layers, and stacks of them, that must keep the contract.

``python -O -W error -m tests.stacks`` judges them, also in threads, and raises an error if one breaks a rule.
"""

import gzip
import logging
import sys
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from io import BytesIO
from itertools import product
from operator import or_
from pathlib import Path
from wsgiref.simple_server import demo_app

from wsgistack import (
    AccessLog,
    BasicAuth,
    BodyLimit,
    Cascade,
    CatchErrors,
    Compress,
    Cookies,
    Cors,
    Csrf,
    Decompress,
    ErrorDocuments,
    Etag,
    Forwarded,
    Hosts,
    Https,
    Maintenance,
    MethodOverride,
    Middleware,
    Paths,
    RequestFilter,
    RequestId,
    Responses,
    SecurityHeaders,
    Static,
)
from wsgistack.errors import ContractError
from wsgistack.testing import Judge, Verdict
from wsgistack.testing.lint import Lint
from wsgistack.testing.modes import MODES
from wsgistack.testing.scenarios import SCENARIOS
from wsgistack.types import App, Changes, Environ, Factory, StartResponse

__all__ = [
    "FIVE",
    "FIVE_TWICE",
    "KEY",
    "LAYERS",
    "OPTIONS",
    "PAIRS",
    "Gzipped",
    "OverHttps",
    "Stack",
    "find_failures",
    "find_failures_in_threads",
]

KEY = ("Authorization", "Basic YTpi")


class OverHttps(Https):
    """The layer https behind a server that serves https, as it would redirect everything else."""

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        environ |= {"wsgi.url_scheme": "https", "HTTP_HOST": "example.org"}
        return super().__call__(environ, start_response)


class Gzipped(Decompress):
    """The layer decompress behind a client that sends gzip."""

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "GET":
            length = environ.get("CONTENT_LENGTH")
            body = gzip.compress(environ["wsgi.input"].read(int(length) if length else -1))
            if length:
                environ["CONTENT_LENGTH"] = str(len(body))
            environ |= {"HTTP_CONTENT_ENCODING": "gzip", "wsgi.input": BytesIO(body)}
        return super().__call__(environ, start_response)


LAYERS: Mapping[str, type[Middleware] | type[Lint]] = {
    "request_id": RequestId,
    "access_log": AccessLog,
    "catch_errors": CatchErrors,
    "compress": Compress,
    "basic_auth": BasicAuth,
    "paths": Paths,
    "hosts": Hosts,
    "https": OverHttps,
    "cookies": Cookies,
    "maintenance": Maintenance,
    "method_override": MethodOverride,
    "forwarded": Forwarded,
    "static": Static,
    "etag": Etag,
    "cascade": Cascade,
    "responses": Responses,
    "error_documents": ErrorDocuments,
    "request_filter": RequestFilter,
    "cors": Cors,
    "csrf": Csrf,
    "security_headers": SecurityHeaders,
    "body_limit": BodyLimit,
    "decompress": Decompress,
    "lint": Lint,
}
OPTIONS: Mapping[str, Mapping[str, object]] = {
    "cascade": {"fallback": demo_app},
    "responses": {"templates": Path(__file__).parent / "middleware" / "responses" / "pages"},
    "error_documents": {"paths": {"4xx": "/"}},
    "security_headers": {"csp": {"script-src": ["'self'", "'nonce'"]}},
    "access_log": {"output": "logging"},
    "basic_auth": {"users": {"a": "b"}},
    "cors": {"allow_origins": ["https://example.org"]},
    "forwarded": {"trusted": ["127.0.0.1"]},
    "static": {"root": Path(__file__).parent / "cli" / "public"},
    "maintenance": {"flag": Path("no such file")},
    "hosts": {"allowed": ["127.0.0.1", "localhost"]},
}


class Stack:
    """A middleware made of layers, outermost first."""

    def __init__(self, *names: str) -> None:
        self.names = names
        self.changes: Changes = reduce(or_, (LAYERS[name].changes for name in names))

    def __call__(self, app: App, /) -> App:
        for name in reversed(self.names):
            factory: Factory = LAYERS[name]
            app = factory(app, **OPTIONS.get(name, {}))
        return app

    def __str__(self) -> str:
        return "+".join(self.names)


class _Shared:
    """A middleware with one instance for all applications."""

    def __init__(self, stack: Stack) -> None:
        self._built = stack(_handed_in)
        self.changes = stack.changes

    def __call__(self, app: App, /) -> App:
        def around(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
            environ["tests.app"] = app
            return self._built(environ, start_response)

        return around


def _handed_in(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    app: App = environ.pop("tests.app")
    return app(environ, start_response)


FIVE = Stack("request_id", "access_log", "catch_errors", "compress", "basic_auth")
FIVE_TWICE = Stack(*FIVE.names, *FIVE.names)
PAIRS = [Stack(*names) for names in product(LAYERS, repeat=2)]


def find_failures(stack: Stack) -> list[Verdict]:
    """Every case that the stack fails, with and without the password. Lint reports servers that break a rule.

    A browser's request differs by Accept-Encoding, so that it is sent only to stacks that read it.
    """
    judges = [Judge(stack, headers=headers) for headers in ([KEY], []) if headers or "basic_auth" in stack.names]
    reads_codings = {"compress", "static", "etag"} & {*stack.names}
    left_out = {*(MODES if "lint" in stack.names else ())}
    names = [
        name for name in Judge.names() if name not in left_out and (reads_codings or not name.endswith("-by_a_browser"))
    ]
    verdicts = [judge.judge(name) for judge in judges for name in names]
    return [verdict for verdict in verdicts if verdict.breaches]


def find_failures_in_threads(stack: Stack) -> list[Verdict]:
    """Every case of one request that the stack fails when 16 threads share one instance."""
    judge = Judge(_Shared(stack), headers=[KEY])
    names = [name for name in judge.names() if name not in {*SCENARIOS, *MODES}]
    with ThreadPoolExecutor(16) as pool:
        return [verdict for verdict in pool.map(judge.judge, names) if verdict.breaches]


def main() -> None:
    """Judge each layer, and all of them together."""
    logging.getLogger("wsgistack").addHandler(logging.NullHandler())
    sys.setswitchinterval(1e-4)
    for stack in (*map(Stack, LAYERS), FIVE_TWICE):
        for verdict in (*find_failures(stack), *find_failures_in_threads(stack)):
            raise ContractError(*verdict.breaches)
        sys.stdout.write(f"{stack} keeps the contract\n")


if __name__ == "__main__":
    main()
