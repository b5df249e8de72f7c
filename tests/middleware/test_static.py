"""Static: WhiteNoise sends files, and the application answers everything else."""

import gzip
from math import inf, nan
from pathlib import Path
from typing import Any

import pytest

from tests.direct import Call
from wsgistack import ConfigError, Static
from wsgistack.types import Environ, StartResponse

CSS = "body { margin: 0 }\n" * 100


def hello(environ: Environ, start_response: StartResponse) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


def get(app: Static, path: str) -> dict[str, str]:
    answer = Call(app, path)
    answer.read()
    return answer.headers


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "public"
    (folder / "docs").mkdir(parents=True)
    (folder / "site.css").write_text(CSS)
    (folder / "site.css.gz").write_bytes(gzip.compress(CSS.encode()))
    (folder / "app.0123abcd.js").write_text("run()")
    (folder / "data.odd").write_text("x")
    (folder / "docs" / "index.html").write_text("<h1>docs</h1>")
    (tmp_path / "secret").write_text("secret")
    return folder


def test_sends_files_and_leaves_the_rest_to_the_application(root: Path) -> None:
    app = Static(hello, root=root, prefix="/static")
    assert Call(app, "/static/site.css").read() == CSS.encode()
    for path in (
        "/",
        "/site.css",
        "/static/",
        "/static/none",
        "/static/../secret",
        "/static/%2e%2e/secret",
        "//static",
    ):
        assert Call(app, path).read() == b"hello", path


def test_the_answer_is_that_of_whitenoise(root: Path) -> None:
    answer = Call(Static(hello, root=root), "/site.css", HTTP_ACCEPT_ENCODING="gzip")
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["cache-control"] == "max-age=60, public"
    assert "access-control-allow-origin" not in answer.headers
    assert gzip.decompress(answer.read()) == CSS.encode()


def test_the_application_answers_for_a_file_that_was_removed(root: Path) -> None:
    app = Static(hello, root=root)
    (root / "site.css.gz").unlink()
    assert Call(app, "/site.css").read() == CSS.encode()
    assert Call(app, "/site.css", HTTP_ACCEPT_ENCODING="gzip;q=1").read() == b"hello"
    (root / "site.css").unlink()
    assert Call(app, "/site.css").read() == b"hello"


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        *(("gzip", "gzip"), ("br, gzip;q=0.5", "gzip"), ("GZIP;Q=1", ""), ("gzip;q=0.001", "gzip")),
        *(("gzip;q=0", ""), ("gzip; q=0.000, identity", ""), ("br;q=1,\tGzip\t;\tQ=0.0", ""), ("br;q=0, gzip", "gzip")),
        *(("", ""), ("gzip;q=0," * 200, "")),
    ],
)
def test_sends_no_coding_that_the_client_refuses(root: Path, accepted: str, coding: str) -> None:
    answer = Call(Static(hello, root=root), "/site.css", HTTP_ACCEPT_ENCODING=accepted)
    assert len(answer.read()) == int(answer.headers["content-length"])
    assert answer.headers.get("content-encoding", "") == coding


def test_a_part_belongs_to_the_file_that_the_client_has(root: Path) -> None:
    app = Static(hello, root=root, index_file="index.html")
    tag = get(app, "/site.css")["etag"]

    def ask(path: str, **keys: str) -> tuple[str, bytes]:
        answer = Call(app, path, HTTP_RANGE="bytes=5-8", **keys)
        return answer.status[:3], answer.read()

    part = ("206", CSS[5:9].encode())
    assert ask("/site.css") == ask("/site.css", HTTP_IF_RANGE=tag) == part
    for other in ('"other"', f"W/{tag}", "", "Thu, 01 Jan 1970 00:00:00 GMT"):
        assert ask("/site.css", HTTP_IF_RANGE=other) == ("200", CSS.encode())
    assert ask("/docs", HTTP_IF_RANGE=tag) == ("302", b"")


def test_the_application_gets_the_whole_request(root: Path) -> None:
    sent = {"HTTP_RANGE": "bytes=5-8", "HTTP_IF_RANGE": '"x"', "HTTP_ACCEPT_ENCODING": "gzip;q=0"}
    for path in ("/none", "/site.css"):
        answer = Call(Static(hello, root=root), path, **sent)
        answer.read()
        assert {key: answer.environ[key] for key in sent} == sent


def test_options(root: Path) -> None:
    options: dict[str, Any] = {
        "max_age": 3600,
        "immutable": "[.-][0-9a-f]{8,}[.]",
        "index_file": "index.html",
        "any_origin": True,
        "media_types": {".odd": "application/x-odd"},
    }
    app = Static(hello, root=root, **options)
    css, script, odd = (get(app, path) for path in ("/site.css", "/app.0123abcd.js", "/data.odd"))
    assert css["cache-control"] == "max-age=3600, public"
    assert script["cache-control"] == "max-age=315360000, public, immutable"
    assert odd["content-type"] == "application/x-odd"
    assert odd["access-control-allow-origin"] == "*"
    assert Call(app, "/docs/").read() == b"<h1>docs</h1>"
    assert get(app, "/docs")["location"] == "docs/"


def test_new_files_appear_only_with_refresh(root: Path) -> None:
    usual, fresh = Static(hello, root=root), Static(hello, root=root, refresh=True)
    (root / "new.txt").write_text("new")
    assert Call(usual, "/new.txt").read() == b"hello"
    assert Call(fresh, "/new.txt").read() == b"new"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "root: is not set; expected a folder with files"),
        ({"root": Path("/no/such")}, "root: not a folder: /no/such; expected a folder with files"),
        ({"root": Path("/", "n" * 300)}, f"root: not a folder: /{'n' * 300}; expected a folder with files"),
        ({"media_types": ".wasm = application/wasm"}, "media_types: is text; expected a mapping"),
        (
            {"root": Path("/"), "immutable": "("},
            "immutable: not a valid regular expression: missing ), unterminated subpattern at position 0",
        ),
        *(
            ({"root": Path("/"), "max_age": seconds}, f"max_age: invalid value {seconds}; expected 0 seconds or more")
            for seconds in (-1, inf, nan)
        ),
    ],
)
def test_mistakes(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        Static(hello, **options)
    assert str(raised.value) == message


@pytest.mark.filterwarnings("ignore:unclosed scandir iterator:ResourceWarning")  # of WhiteNoise
def test_a_file_that_cannot_be_looked_up_is_a_mistake(tmp_path: Path) -> None:
    link = tmp_path / "nowhere"
    link.symlink_to(tmp_path / "missing")  # such as a lock of Emacs
    with pytest.raises(ConfigError) as raised:
        Static(hello, root=tmp_path)
    assert str(raised.value) == (
        f"root: can't read {str(link)!r}: No such file or directory; expected a folder with files that can be read"
    )


def test_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("outside")
    (tmp_path / "public").mkdir()
    (tmp_path / "public" / "link").symlink_to(tmp_path / "outside")
    assert Call(Static(hello, root=tmp_path / "public"), "/link").read() == b"outside"
