"""The pages of migration: the same requests get the same answers before and after the change."""

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from a2wsgi import ASGIMiddleware
from passlib.hash import bcrypt
from webob import Request, Response

from tests.pages import Snippet, read_snippets
from wsgistack.cli import main

ROOT = Path(__file__).parent.parent / "docs" / "migration"
HASH = bcrypt.using(rounds=4).hash("lovelace")
HELLO = """
def application(environ, start_response):
    headers = [("Content-Type", "text/plain"), ("X-Seen", f"{environ.get('REMOTE_ADDR')} {environ['wsgi.url_scheme']}")]
    start_response("200 OK", headers)
    return [b"hello " * 200]
"""


class Case(NamedTuple):
    request: Mapping[str, str]
    """What is in the environ of the request."""
    headers: tuple[str, ...]
    """The headers that must be equal."""
    status: int = 200
    method: str = "GET"
    new_status: int = 0
    """If it is another one."""


PREFLIGHT = {"HTTP_ORIGIN": "https://www.example.org", "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "PUT"}
ALLOWED = ("Access-Control-Allow-Origin",)
SECURITY = ("Strict-Transport-Security", "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy", "Location")
CASES = {
    "proxyfix": [
        Case({"HTTP_X_FORWARDED_FOR": "203.0.113.7", "HTTP_X_FORWARDED_PROTO": "https"}, ("X-Seen",)),
        Case({}, ("X-Seen",)),
    ],
    "flask-cors": [
        Case({"HTTP_ORIGIN": "https://www.example.org"}, ALLOWED),
        Case({"HTTP_ORIGIN": "https://evil.example"}, ALLOWED),
        Case(PREFLIGHT, (*ALLOWED, "Access-Control-Max-Age"), method="OPTIONS", new_status=204),
    ],
    "flask-talisman": [Case({"wsgi.url_scheme": "https"}, SECURITY), Case({}, ("Location",), 302, new_status=308)],
    "flask-compress": [
        Case({"HTTP_ACCEPT_ENCODING": "gzip"}, ("Content-Encoding", "Vary")),
        Case({}, ("Content-Encoding", "Content-Length")),
    ],
    "asgi-correlation-id": [Case({"HTTP_X_REQUEST_ID": "6f0d2b9e1f8e4c6fa1a3b0f1c2d3e4f5"}, ("X-Request-ID",))],
    "oslo-middleware": [Case({}, ())],
    "paste": [
        Case({"HTTP_AUTHORIZATION": "Basic YWRhOmxvdmVsYWNl", "HTTP_ACCEPT_ENCODING": "gzip"}, ("Content-Encoding",)),
        Case({}, (), status=401),
    ],
}


def run(snippet: Snippet) -> Any:
    names: dict[str, Any] = {"__name__": snippet.file.removesuffix(".py")}
    exec(compile(snippet.text, snippet.file, "exec"), names)  # noqa: S102 - the page is ours
    return names["app"]


def send(app: Any, case: Case) -> Response:
    environ: Any = {
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "shop.example",
        "wsgi.url_scheme": "http",
        **case.request,
    }
    return Request.blank("/", environ, method=case.method).get_response(app)  # WebTest would drop Content-Encoding


@pytest.mark.filterwarnings("ignore::DeprecationWarning", r"ignore:\s*Eventlet is deprecated")
@pytest.mark.parametrize("name", CASES)
def test_answers_the_same_before_and_after(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "hello.py").write_text(HELLO)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "hello", raising=False)
    shown = {snippet.file: snippet for snippet in read_snippets(ROOT / f"{name}.rst")}
    before, after = run(shown["before.py"]), run(shown["after.py"])
    if name == "asgi-correlation-id":
        before = ASGIMiddleware(before)
    for case in CASES[name]:
        old, new = send(before, case), send(after, case)
        assert (old.status_int, new.status_int) == (case.status, case.new_status or case.status)
        assert {header: old.headers.get(header) for header in case.headers} == {
            header: new.headers.get(header) for header in case.headers
        }
        for each in (old, new):
            each.decode_content()
        assert old.body == new.body or case.status != 200


@pytest.mark.filterwarnings("ignore::DeprecationWarning", r"ignore:\s*Eventlet is deprecated")
def test_an_id_of_openstack_is_new_for_each_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "hello.py").write_text(HELLO)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "hello", raising=False)
    sent = "req-6f0d2b9e-1f8e-4c6f-a1a3-b0f1c2d3e4f5"
    shown = {snippet.file: snippet for snippet in read_snippets(ROOT / "oslo-middleware.rst")}
    for file in ("before.py", "after.py"):
        answer = send(run(shown[file]), Case({"HTTP_X_OPENSTACK_REQUEST_ID": sent}, ()))
        made = answer.headers["X-OpenStack-Request-ID"]
        assert re.fullmatch("req-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", made)
        assert made != sent


@pytest.mark.parametrize("name", CASES)
def test_the_files_of_a_page_are_right(name: str, tmp_path: Path) -> None:
    (tmp_path / "hello.py").write_text(HELLO)
    (tmp_path / "users.htpasswd").write_text(f"ada:{HASH}\n")
    for number, snippet in enumerate(read_snippets(ROOT / f"{name}.rst")):
        if snippet.language in ("toml", "ini"):
            file = tmp_path / f"stack{number}.{snippet.language}"
            file.write_text('app = "hello:application"\n' * (snippet.language == "toml") + snippet.text)
            assert main(["check", str(file)]) == 0


def test_has_a_case_for_each_page() -> None:
    assert {page.stem for page in ROOT.glob("*.rst")} == {"index", *CASES}
