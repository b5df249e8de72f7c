"""Judge an application that does not wrap another one: the rules about applications, with many requests."""

from collections.abc import Iterator

from wsgistack.testing import Server, Verdict, make_environ
from wsgistack.testing.rules import APPLICATION
from wsgistack.types import App

__all__ = ["judge_endpoint"]

_BROWSER = (("Accept", "text/html,*/*;q=0.8"), ("Accept-Encoding", "gzip"))
_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")
_PATHS = ("/", "/favicon.ico", "/caf%C3%A9/%FF?name[]=up&x=%zz")


def judge_endpoint(app: App) -> Iterator[Verdict]:
    """Send each method and path, with plain headers and with those of a browser, and one request that is not read."""
    for method in _METHODS:
        for path in _PATHS:
            for suffix, headers in (("", ()), (" by a browser", _BROWSER)):
                name = f"{method} {path}{suffix}"
                record = Server().run(
                    app, make_environ(method, path, headers=headers, body=b"x=1" * (method == "POST"))
                )
                yield Verdict(name, "A request.", tuple(APPLICATION.breaches(record)))
    left = Server().run(app, make_environ(), take=0)
    yield Verdict("GET / unread", "The client disconnects.", tuple(APPLICATION.breaches(left)))
