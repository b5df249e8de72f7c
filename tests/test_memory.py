"""No client can fill the memory of a process with what layers keep about the last requests."""

import gc
import tracemalloc
from collections.abc import Callable

import pytest

from tests.direct import Call
from wsgistack import Forwarded, Hosts, Https, Maintenance, RequestFilter
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
    "forwarded: Forwarded": lambda long: Call(standard, **{**BEHIND_A_PROXY, "HTTP_FORWARDED": long}),
    # ProxyFix may put any text there that a proxy or a client sends.
    "forwarded: REMOTE_ADDR": lambda long: Call(forwarded, REMOTE_ADDR=long),
    "maintenance: REMOTE_ADDR": lambda long: Call(maintenance, REMOTE_ADDR=long),
    "request_filter: REMOTE_ADDR": lambda long: Call(request_filter, REMOTE_ADDR=long),
    "request_filter: User-Agent": lambda long: Call(request_filter, HTTP_USER_AGENT=long),
    "request_filter: path": lambda long: Call(request_filter, long),
    "origins": origins.contains,
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
