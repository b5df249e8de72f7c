"""No client can fill the memory of a process with what layers keep about the last requests."""

import gc
import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.direct import Call
from wsgistack import (
    AccessLog,
    BasicAuth,
    Compress,
    Cors,
    Csrf,
    Decompress,
    Forwarded,
    Hosts,
    Https,
    Maintenance,
    RequestFilter,
    RequestId,
)
from wsgistack.http.origins import Origins
from wsgistack.types import Environ, StartResponse

LENGTH, NUMBER, LIMIT = 50_000, 100, 500_000
BEHIND_A_PROXY = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "192.0.2.1", "wsgi.url_scheme": "https"}


def hello(environ: Environ, start_response: StartResponse) -> list[bytes]:
    start_response("200 OK", [])
    return []


hosts = Hosts(hello, allowed=["example.org"])
https = Https(hello)
forwarded = Forwarded(hello, trusted=["10.0.0.0/8"], read=["proto", "host", "port", "prefix"])
standard = Forwarded(hello, trusted=["10.0.0.0/8"], headers="forwarded")
maintenance = Maintenance(hello, enabled=True, allowed=["10.0.0.0/8"])
request_filter = RequestFilter(hello, denied_networks=["192.0.2.0/24"], crawlers=["ai-training"])
origins = Origins(["https://example.org"], key="origins")
decompress = Decompress(hello)
compress = Compress(hello)
csrf = Csrf(hello, trusted_origins=["https://example.org"])
cors = Cors(hello, allow_origins=["https://example.org"])
access_log = AccessLog(hello, format='%a %r "%{Referer}i" "%{User-Agent}i" %q %U %v', file=Path(os.devnull))
request_id = RequestId(hello, accept=["X-Request-ID", "X-Amzn-Trace-Id"])
basic_auth = BasicAuth(hello, users={"ada": "lovelace"})

REQUESTS: dict[str, Callable[[str], object]] = {
    "hosts": lambda long: Call(hosts, HTTP_HOST=long),
    "https": lambda long: Call(https, HTTP_HOST=long, **BEHIND_A_PROXY),
    "forwarded: Host": lambda long: Call(forwarded, **{**BEHIND_A_PROXY, "HTTP_HOST": long}),
    **{
        f"forwarded: X-Forwarded-{part}": lambda long, part=part: Call(  # type: ignore[misc]
            forwarded, **{**BEHIND_A_PROXY, f"HTTP_X_FORWARDED_{part.upper()}": long}
        )
        for part in ("For", "Proto", "Host", "Port", "Prefix")
    },
    "forwarded: SCRIPT_NAME": lambda long: Call(forwarded, **{**BEHIND_A_PROXY, "SCRIPT_NAME": f"/{long}"}),
    "forwarded: Forwarded": lambda long: Call(standard, **{**BEHIND_A_PROXY, "HTTP_FORWARDED": long}),
    # ProxyFix may put any text there that a proxy or a client sends.
    "forwarded: REMOTE_ADDR": lambda long: Call(forwarded, REMOTE_ADDR=long),
    "maintenance: REMOTE_ADDR": lambda long: Call(maintenance, REMOTE_ADDR=long),
    "request_filter: REMOTE_ADDR": lambda long: Call(request_filter, REMOTE_ADDR=long),
    "request_filter: User-Agent": lambda long: Call(request_filter, HTTP_USER_AGENT=long),
    "request_filter: path": lambda long: Call(request_filter, long),
    "origins": origins.contains,
    "decompress: Content-Encoding": lambda long: Call(decompress, HTTP_CONTENT_ENCODING=long, CONTENT_LENGTH="1"),
    "compress: Accept-Encoding": lambda long: Call(compress, HTTP_ACCEPT_ENCODING=long),
    "csrf: Origin": lambda long: Call(csrf, REQUEST_METHOD="POST", HTTP_ORIGIN=long, HTTP_HOST=long),
    "cors: Origin": lambda long: Call(cors, HTTP_ORIGIN=long),
    "access_log": lambda long: Call(access_log, long, QUERY_STRING=long, HTTP_REFERER=long, HTTP_USER_AGENT=long),
    "request_id": lambda long: Call(request_id, HTTP_X_REQUEST_ID=long, HTTP_X_AMZN_TRACE_ID=long),
    "basic_auth: Accept": lambda long: Call(basic_auth, HTTP_AUTHORIZATION=long, HTTP_ACCEPT=long),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", REQUESTS)
def test_long_values_are_not_kept(name: str) -> None:
    send = REQUESTS[name]
    send("first")
    gc.collect()
    tracemalloc.start()
    try:
        for number in range(NUMBER):
            send(f"/{number}" + "x" * LENGTH)
        gc.collect()
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < LIMIT
