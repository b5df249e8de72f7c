"""A real browser obeys what security_headers sends: the page's own scripts run, injected ones do not."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import ThreadingMixIn
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest

from tests.chromium import CHROMIUM, browsing
from wsgistack import SecurityHeaders
from wsgistack.environ import CSP_NONCE
from wsgistack.http.responses import error_answer
from wsgistack.types import App, Environ, StartResponse

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not CHROMIUM, reason="chromium is not installed")]

HTML = [("Content-Type", "text/html; charset=utf-8")]
NONCE = {"script-src": ["'nonce'"]}
MARK = "document.title += ' {}'"
INJECTED = f"""
<script>{MARK.format("injected")}</script>
<script nonce="">{MARK.format("empty")}</script>
<script nonce="'nonce'">{MARK.format("guessed")}</script>
<script src="data:text/javascript,{MARK.format("data")}"></script>
<script src="/script.js"></script>
<img src="x:" onerror="{MARK.format("handler")}">
"""
HELLO = "<p>" + "hello " * 500  # headless Chromium never fires the load event of a tiny page without scripts
EVERYTHING = ["injected", "empty", "guessed", "data", "file", "handler"]


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(app: App) -> Iterator[str]:
    """The URL of the application while it is served."""
    with make_server("127.0.0.1", 0, app, _Server, _Quiet) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def browse(tmp_path: Path) -> Iterator[Callable[[App], tuple[list[str], str]]]:
    """Return a function that opens a page: it returns the words of its title, and what the browser says about it."""

    def browse(app: App) -> tuple[list[str], str]:
        with serving(app) as url:
            tab.open(url)
            return tab.evaluate("document.title").split(), "\n".join(tab.said)

    with browsing(tmp_path) as tab:
        yield browse


def make_page(*, reads: str = "early", body: str = INJECTED) -> App:
    """An application with a page that marks in its title which scripts run.

    :param reads: when it reads the nonce: early, late or never.
    """

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/script.js":
            start_response("200 OK", [("Content-Type", "text/javascript")])
            return [MARK.format("file").encode()]
        if reads == "late":
            start_response("200 OK", HTML)
        own = "" if reads == "never" else f'<script nonce="{environ[CSP_NONCE]}">{MARK.format("own")}</script>'
        if reads != "late":
            start_response("200 OK", HTML)
        return [f"<!doctype html><title>ran:</title>{own}{body}".encode()]

    return app


def test_the_own_script_runs_and_injected_ones_do_not(browse: Any) -> None:
    assert browse(make_page(reads="never"))[0] == ["ran:", *EVERYTHING]  # without the layer
    assert browse(SecurityHeaders(make_page(), csp=NONCE))[0] == ["ran:", "own"]


def test_no_script_runs_in_a_page_that_does_not_read_the_nonce(browse: Any) -> None:
    table = {"script-src": ["'nonce'", "'unsafe-inline'"]}
    assert browse(SecurityHeaders(make_page(reads="never"), csp=table))[0] == ["ran:"]


def test_a_nonce_that_is_read_too_late_runs_nothing_and_is_reported(
    browse: Any, caplog: pytest.LogCaptureFixture
) -> None:
    assert browse(SecurityHeaders(make_page(reads="late"), csp=NONCE))[0] == ["ran:"]
    assert "read the CSP nonce after its response had started" in caplog.text


def test_a_policy_that_is_tried_out_blocks_nothing_and_is_reported(browse: Any) -> None:
    words, log = browse(SecurityHeaders(make_page(), csp_report_only={**NONCE, "report-uri": ["/reports"]}))
    assert words[:3] == ["ran:", "own", "injected"]
    assert "report-only" in log


@pytest.mark.parametrize("options", [{}, {"preset": "api"}, {"csp": NONCE, "coep": "require-corp"}], ids=str)
def test_the_browser_has_nothing_to_say_about_the_headers(browse: Any, options: dict[str, Any]) -> None:
    assert browse(SecurityHeaders(make_page(reads="never", body=HELLO), **options)) == (["ran:"], "")


def test_the_browser_would_say_something(browse: Any) -> None:
    assert "Content Security Policy" in browse(SecurityHeaders(make_page(), csp=NONCE))[1]


def test_a_strict_policy_blocks_nothing_of_an_error_page(browse: Any) -> None:
    def app(environ: Environ, start_response: StartResponse) -> list[bytes]:
        status, headers, body = error_answer(environ, 400, HELLO)
        start_response(status, headers)
        return body

    words, log = browse(SecurityHeaders(app, preset="api"))
    assert words == ["400", "Bad", "Request"]
    assert "Content Security Policy" not in log
