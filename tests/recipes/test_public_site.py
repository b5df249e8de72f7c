"""The recipe public-site: each layer does its part, and Chromium shows what the pages of two sites can do."""

import gzip
import json
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.servers.running import WSGISTACK, Answer, Server, find_port, running
from tests.waiting import MAX_WAIT, wait_until

pytestmark = pytest.mark.slow

RECIPE = Path(__file__).parents[2] / "recipes" / "public-site"
CHROMIUM = shutil.which("chromium") or ""
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin:/bin") or ""
OPENSSL = shutil.which("openssl") or ""
HTTPS = {"Host": "site.example", "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}
PARTNER = {"Origin": "https://partner.example"}
INJECTED = '<script>document.title += " injected"</script><img src="x:" onerror="document.title += \' handler\'">'
FOREIGN_PAGE = """<!DOCTYPE html><title>Win a prize</title>
<form method="post" action="https://site.example/"><input name="text" value="forged"></form>
<script>document.forms[0].submit()</script>
"""
CONFIGURATION = """daemon off; pid nginx.pid; error_log stderr warn; events {} http {
    access_log off;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    ssl_certificate certificate.pem; ssl_certificate_key key.pem;
    server { listen 127.0.0.1:%(tls)d ssl; server_name evil.example; default_type text/html; location / {
        return 200 '%(page)s'; } }
    server { listen 127.0.0.1:%(tls)d ssl; server_name site.example; location / {
        proxy_pass http://127.0.0.1:%(site)d; proxy_set_header Host $http_host;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto $scheme; } }
}"""


@contextmanager
def serving(folder: Path, *, without: tuple[str, ...] = ()) -> Iterator[Server]:
    """Serve a copy of the recipe, perhaps without some of its layers."""
    shutil.copytree(RECIPE, folder)
    head, *layers = (folder / "stack.toml").read_text().split("[[layers]]")
    kept = [layer for layer in layers if not any(f'use = "{name}"' in layer for name in without)]
    assert len(kept) == len(layers) - len(without)
    (folder / "stack.toml").write_text("[[layers]]".join([head, *kept]))
    with running(folder, *WSGISTACK, "serve", "stack.toml", "--port", "0") as server:
        yield server


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("site") / "recipe") as server:
        yield server


def ask(site: Server, path: str = "/", method: str = "GET", body: bytes = b"", /, **headers: str) -> Answer:
    """Send a request as a proxy does; a header without a value is left out."""
    given = {**HTTPS, **{name.replace("_", "-"): value for name, value in headers.items()}}
    with closing(HTTPConnection("127.0.0.1", site.port, timeout=MAX_WAIT)) as connection:
        connection.request(method, path, body or None, {name: value for name, value in given.items() if value})
        response = connection.getresponse()
        return Answer(response.status, {n.lower(): v for n, v in response.getheaders()}, response.read())


def post(site: Server, body: bytes = b"", *, headers: dict[str, str] | None = None, **fields: str) -> Answer:
    """Send a form."""
    form = {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
    return ask(site, "/", "POST", body or urlencode(fields).encode(), **form)


def read_entries(site: Server) -> list[str]:
    entries: list[str] = json.loads(ask(site, "/entries.json").body)
    return entries


def empty(site: Server) -> None:
    assert post(site, _method="DELETE").status == 303
    assert read_entries(site) == []


def test_has_no_mistake_and_no_warning() -> None:
    done = subprocess.run(
        [*WSGISTACK, "check", "--strict", "stack.toml"], cwd=RECIPE, capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("stack.toml: OK\n", "")


def test_the_log_shows_the_client_and_every_answer_has_an_id(site: Server) -> None:
    answer = ask(site, "/logged", X_Request_ID="mine")
    assert (answer.status, answer.headers["x-request-id"]) == (404, "mine")
    line = r'^203\.0\.113\.9 - - \[[^]]*\] "GET /logged HTTP/1\.[01]" 404 '
    wait_until(lambda: re.search(line, site.output(), re.MULTILINE))


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        pytest.param("/x/%2e%2e/y", {}, 400, id="paths"),
        pytest.param("/", {"Host": "evil.example"}, 400, id="hosts"),
        pytest.param("/.env", {}, 403, id="scanners"),
        pytest.param("/internal", {}, 403, id="denied path"),
        pytest.param("/", {"User_Agent": "Mozilla/5.0 (compatible; GPTBot/1.2)"}, 403, id="crawlers"),
        pytest.param("/health", {"Host": "10.0.0.1", "X_Forwarded_Proto": ""}, 200, id="health"),
    ],
)
def test_refuses(site: Server, path: str, headers: dict[str, str], status: int) -> None:
    answer = ask(site, path, **headers)
    assert answer.status == status
    assert b"Traceback" not in answer.body
    wait_until(lambda: f'"GET {path.replace("%2e", ".")}' in site.output())


def test_robots_txt_asks_crawlers_to_stay_away(site: Server) -> None:
    assert b"User-agent: GPTBot\n" in ask(site, "/robots.txt").body


def test_redirects_to_https_and_keeps_browsers_there(site: Server) -> None:
    answer = ask(site, "/?page=2", X_Forwarded_Proto="http")
    assert (answer.status, answer.headers["location"]) == (308, "https://site.example/?page=2")
    assert "strict-transport-security" not in answer.headers
    assert ask(site).headers["strict-transport-security"] == "max-age=2592000"


def test_each_page_has_a_policy_with_its_nonce(site: Server) -> None:
    pages = [ask(site), ask(site)]
    nonces = [re.findall(rb'<script nonce="([^"]{20,})">', page.body) for page in pages]
    assert nonces[0] != nonces[1]
    for page, (nonce,) in zip(pages, nonces, strict=True):
        assert f"script-src 'nonce-{nonce.decode()}';" in page.headers["content-security-policy"]
    assert "script-src 'none';" in ask(site, "/.env").headers["content-security-policy"]


def test_a_file_switches_the_maintenance_on(site: Server) -> None:
    flag = site.folder / "maintenance.flag"
    flag.touch()
    try:
        assert (ask(site).status, ask(site).headers["retry-after"]) == (503, "300")
        assert ask(site, "/health").body == b"fine\n"
    finally:
        flag.unlink()
    assert ask(site).status == 200


def test_the_pages_of_one_partner_read_the_entries(site: Server) -> None:
    def find_allowed(path: str, **headers: str) -> str | None:
        return ask(site, path, **headers).headers.get("access-control-allow-origin")

    assert find_allowed("/entries.json", **PARTNER) == PARTNER["Origin"]
    assert find_allowed("/entries.json", Origin="https://evil.example") is None
    assert find_allowed("/", **PARTNER) is None
    assert "Origin" in ask(site, "/entries.json").headers["vary"]
    preflight = ask(site, "/entries.json", "OPTIONS", **PARTNER, Access_Control_Request_Method="GET")
    assert (preflight.status, preflight.headers["access-control-allow-methods"]) == (204, "GET, HEAD, POST")


def test_an_error_is_logged_with_the_id_that_the_client_sees(site: Server) -> None:
    answer = ask(site, "/fail", X_Request_ID="failed-here")
    assert (answer.status, json.loads(answer.body)["request_id"]) == (500, "failed-here")
    assert b"ZeroDivisionError" not in answer.body
    assert "content-security-policy" in answer.headers
    wait_until(lambda: "GET /fail failed, request failed-here" in site.output())


def test_long_answers_are_compressed_and_known_ones_not_sent_again(site: Server) -> None:
    empty(site)
    assert post(site, text="long " * 1000).status == 303
    compressed = ask(site, "/entries.json", Accept_Encoding="gzip")
    assert compressed.headers["content-encoding"] == "gzip"
    assert json.loads(gzip.decompress(compressed.body)) == ["long " * 1000]
    again = ask(site, "/entries.json", Accept_Encoding="gzip", If_None_Match=compressed.headers["etag"])
    assert (again.status, again.body) == (304, b"")
    empty(site)
    assert ask(site, "/entries.json", If_None_Match=compressed.headers["etag"]).status == 200


def test_forms_of_other_sites_are_refused(site: Server) -> None:
    empty(site)
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        answer = post(site, headers=headers, text="forged")
        assert (answer.status, "belongs to another site" in answer.body.decode()) == (403, True)
    assert read_entries(site) == []
    assert post(site, headers={"Sec-Fetch-Site": "same-origin"}, text="signed").status == 303
    assert read_entries(site) == ["signed"]


def test_bodies_are_limited_and_decoded(site: Server) -> None:
    empty(site)
    packed = {"Content-Encoding": "gzip"}
    assert post(site, gzip.compress(b"text=packed"), headers=packed).status == 303
    assert read_entries(site) == ["packed"]
    for body, headers in ((b"a" * 65537, {}), (gzip.compress(b"a" * 65537), packed)):
        answer = post(site, body, headers=headers)
        assert (answer.status, b"65536 bytes" in answer.body) == (413, True)


def test_a_form_removes_all_entries(site: Server) -> None:
    post(site, text="signed")
    empty(site)


def test_cookies_get_what_they_lack(site: Server) -> None:
    assert ask(site).headers["set-cookie"] == "visitor=yes; Path=/; SameSite=Lax; Secure; HttpOnly"


def test_files_are_sent_with_the_headers_of_the_site(site: Server) -> None:
    answer = ask(site, "/static/site.css")
    assert (answer.status, answer.headers["content-type"]) == (200, 'text/css; charset="utf-8"')
    assert answer.body == (RECIPE / "public" / "site.css").read_bytes()
    assert "content-security-policy" in answer.headers
    assert ask(site, "/static/none.css").status == 404


class Browser:
    """Chromium, which finds both sites by https at nginx."""

    def __init__(self, folder: Path, port: int) -> None:
        self._folder = folder
        self._port = port

    def open(self, url: str) -> list[str]:
        """Open a page and return the words of its title, when its scripts are done, which may open another page."""
        rules = f"MAP site.example 127.0.0.1:{self._port}, MAP evil.example 127.0.0.1:{self._port}"
        options = ("--headless", "--no-sandbox", "--disable-gpu", "--ignore-certificate-errors", "--dump-dom")
        profile = f"--user-data-dir={self._folder / 'browser'}"
        command = (CHROMIUM, *options, profile, "--virtual-time-budget=20000", f"--host-resolver-rules={rules}", url)
        run = subprocess.run(command, capture_output=True, text=True, timeout=MAX_WAIT, check=True)
        found = re.search("<title>(.*)</title>", run.stdout)
        assert found, (run.stdout, run.stderr)
        return found[1].split()


@contextmanager
def browsing(folder: Path, site: Server) -> Iterator[Browser]:
    """A browser for the site and another one, with nginx in front of both."""
    for name, program in {"chromium": CHROMIUM, "nginx": NGINX, "openssl": OPENSSL}.items():
        if not program:
            pytest.skip(f"{name} is not installed")
    port = find_port()
    (folder / "nginx.conf").write_text(CONFIGURATION % {"tls": port, "site": site.port, "page": FOREIGN_PAGE})
    subject = ("-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=site.example", "-days", "2")
    files = ("-keyout", "key.pem", "-out", "certificate.pem")
    subprocess.run([OPENSSL, "req", *subject, *files], cwd=folder, capture_output=True, check=True)
    with subprocess.Popen([NGINX, "-p", f"{folder}/", "-c", "nginx.conf", "-e", "stderr"], cwd=folder) as proxy:

        def is_listening() -> bool:
            assert proxy.poll() is None
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", port), timeout=MAX_WAIT).close()
                return True
            return False

        try:
            wait_until(is_listening)
            yield Browser(folder, port)
        finally:
            proxy.terminate()


def test_chromium_runs_only_the_own_script_and_sends_no_form_of_another_site(tmp_path: Path, site: Server) -> None:
    empty(site)
    assert post(site, text=INJECTED).status == 303
    with browsing(tmp_path, site) as browser:
        assert browser.open("https://site.example/") == ["Guest", "book:", "1"]
        assert browser.open("https://evil.example/") == ["403", "Forbidden"]
    assert read_entries(site) == [INJECTED]
    wait_until(lambda: re.search('^127.0.0.1 .*"POST / HTTP/1.[01]" 403', site.output(), re.MULTILINE))


def test_chromium_does_both_without_these_layers(tmp_path: Path) -> None:
    with (
        serving(tmp_path / "recipe", without=("security_headers", "csrf")) as site,
        browsing(tmp_path, site) as browser,
    ):
        assert post(site, text=INJECTED).status == 303
        assert browser.open("https://site.example/") == ["Guest", "book", "injected:", "1", "handler"]
        assert browser.open("https://evil.example/") == ["Guest", "book", "injected:", "2", "handler"]
        assert read_entries(site) == [INJECTED, "forged"]
