"""A plain WSGI application: it greets, it counts, it fails."""

import json
from collections.abc import Iterable, Iterator
from wsgiref.types import StartResponse, WSGIEnvironment


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Greet the name in the path; ``/count`` streams, ``/fail`` raises."""
    match environ["PATH_INFO"].strip("/"):
        case "count":
            return count(start_response)
        case "fail":
            raise RuntimeError("this page fails, so that you can see what becomes of it")
        case name:
            user = environ.get("REMOTE_USER", "nobody")
            greeting = {"hello": name or "world", "from": user, "id": environ.get("wsgistack.request_id")}
            greeting["story"] = "Once upon a time there was a page that was long enough to be compressed. " * 10
            body = f"{json.dumps(greeting, indent=2)}\n".encode()
            start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
            return [body]


def count(start_response: StartResponse) -> Iterator[bytes]:
    """Stream: each line is made only when the one before has been sent."""
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
    for number in range(1, 11):
        yield f"{number}\n".encode()
