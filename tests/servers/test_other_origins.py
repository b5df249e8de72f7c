"""Cors and csrf with a real browser: what pages of this and of other origins can read and send."""

import json
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from shutil import which
from socketserver import ThreadingMixIn
from typing import Any
from urllib.parse import parse_qs, quote
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest

from tests.waiting import MAX_WAIT
from wsgistack import BasicAuth, Cors, Csrf
from wsgistack.types import App, Environ, StartResponse

CHROMIUM = which("chromium") or ""
NAMES = "MAP site.test 127.0.0.1, MAP other.test 127.0.0.1"
PAGE = """<!DOCTYPE html><meta charset="utf-8"><title>Test</title><link rel="icon" href="data:,"><body><script>
(async () => {
  const results = {};
  for (const [name, url, options] of %s) {
    try {
      const answer = await fetch(url, options);
      results[name] = `${answer.status} ${answer.headers.get("X-Total")} ${answer.headers.get("X-Hidden")}`;
    } catch (error) {
      results[name] = error.name;
    }
  }
  document.body.textContent = JSON.stringify(results);
})();
</script>"""
BLOCKED = "TypeError"
KEY = {"Authorization": "Basic YTpi"}

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="chromium is not installed")


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class QuietHandler(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def serving(app: App) -> Iterator[int]:
    """Serve an application on a free port of the loopback."""
    with make_server("127.0.0.1", 0, app, Server, QuietHandler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def pages(environ: Environ, start_response: StartResponse) -> list[bytes]:
    """Send a page that sends the requests in its query, and shows what its script could read."""
    (requests,) = parse_qs(environ["QUERY_STRING"])["requests"]
    start_response("200 OK", [("Content-Type", "text/html")])
    return [(PAGE % requests).encode()]


def run_page(folder: Path, site: str, requests: list[tuple[str, str, Any]]) -> dict[str, str]:
    """Open the page of a site in a browser that knows nothing from before, and return the results."""
    options = ("--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/browser", "--dump-dom")
    url = f"{site}/page?requests={quote(json.dumps(requests))}"
    command = (CHROMIUM, *options, "--virtual-time-budget=20000", f"--host-resolver-rules={NAMES}", url)
    run = subprocess.run(command, capture_output=True, text=True, timeout=MAX_WAIT, check=True)
    found = re.search("<body>(.*)</body>", run.stdout, re.DOTALL)
    assert found, (run.stdout, run.stderr)
    results: dict[str, str] = json.loads(unescape(found[1]))
    return results


def test_scripts_of_allowed_origins_read_what_is_allowed(tmp_path: Path) -> None:
    def api(environ: Environ, start_response: StartResponse) -> list[bytes]:
        headers = [("X-Total", "7"), ("X-Hidden", "8"), ("Access-Control-Allow-Origin", "*")]
        start_response("200 OK", [("Content-Type", "text/plain"), *headers])
        return [environ["REQUEST_METHOD"].encode()]

    guarded = BasicAuth(api, users={"a": "b"})
    with serving(pages) as port:
        site, other = f"http://localhost:{port}", f"http://127.0.0.1:{port}"
        allowed = {
            "allow_origins": [site],
            "allow_methods": ["GET", "PUT"],
            "allow_headers": ["Content-Type", "authorization", "x-token"],
            "expose_headers": ["X-Total"],
        }
        with serving(Cors(guarded, **allowed)) as api_port:  # type: ignore[arg-type]
            url = f"http://127.0.0.1:{api_port}/"
            json_body = {"headers": {**KEY, "Content-Type": "application/json", "X-Token": "1"}, "body": "{}"}
            requests = [
                ("get", url, {"headers": KEY}),
                ("no password", url, {}),
                ("put json", url, {"method": "PUT", **json_body}),
                ("delete", url, {"method": "DELETE", "headers": KEY}),
                ("another header", url, {"headers": {**KEY, "X-Other": "1"}}),
                ("cookies", url, {"headers": KEY, "credentials": "include"}),
            ]
            assert run_page(tmp_path, site, requests) == {
                "get": "200 7 null",
                "no password": "401 null null",
                "put json": "200 7 null",
                "delete": BLOCKED,
                "another header": BLOCKED,
                "cookies": BLOCKED,
            }
            assert {*run_page(tmp_path, other, requests).values()} == {BLOCKED}


def test_pages_of_other_origins_cannot_send_what_changes_data(tmp_path: Path) -> None:
    reached: list[str] = []

    def site(environ: Environ, start_response: StartResponse) -> list[bytes]:
        if environ["PATH_INFO"] == "/page":
            return pages(environ, start_response)
        sec_fetch_site = environ.get("HTTP_SEC_FETCH_SITE", "-")
        reached.append(f"{environ['REQUEST_METHOD']} {sec_fetch_site} {environ['QUERY_STRING']}")
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"done"]

    with serving(Csrf(site, exempt=["/hook"])) as port:

        def send_from(page: str, target: str) -> list[str]:
            """Send requests from a page, and return those that reached the application."""
            reached.clear()
            form = {"method": "POST", "mode": "no-cors", "body": "a=1"}
            requests = [
                ("get", f"{target}/?get", {"mode": "no-cors"}),
                ("post", f"{target}/?post", form),
                ("hook", f"{target}/hook?hook", form),
            ]
            run_page(tmp_path, page, requests)
            return list(reached)

        own, other = f"http://localhost:{port}", f"http://127.0.0.1:{port}"
        assert send_from(own, own) == ["GET same-origin get", "POST same-origin post", "POST same-origin hook"]
        assert send_from(other, own) == ["GET cross-site get", "POST cross-site hook"]
        # over plain http, browsers send no Sec-Fetch-Site
        own, other = f"http://site.test:{port}", f"http://other.test:{port}"
        assert send_from(own, own) == ["GET - get", "POST - post", "POST - hook"]
        assert send_from(other, own) == ["GET - get", "POST - hook"]
