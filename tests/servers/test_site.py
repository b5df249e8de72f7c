"""The documentation in a real browser. ``SCREENSHOTS=docs/images`` makes the pictures of it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.chromium import CHROMIUM, Tab, browsing

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not CHROMIUM, reason="chromium is not installed")]

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("index.html", "tutorial.html", "layers/access_log.html", "tasks/json-logs.html")
WINDOWS = {"light": (1280, 900, "light"), "dark": (1280, 900, "dark"), "phone": (390, 844, "light")}
BACKGROUND = "getComputedStyle(document.body).backgroundColor"
BROKEN = """
Promise.all([...document.images].map(image => {
  image.loading = "eager";
  return image.decode().then(() => [], () => [image.src]);
})).then(found => found.flat())
"""
FOUND = """
new Promise(done => {
  const look = () => {
    const links = [...document.querySelectorAll("#search-results ul.search li a")].map(link => link.href);
    links.length ? done(links) : setTimeout(look, 50);
  };
  look();
})
"""
# of the phone; the theme hides what is wider, except in code and tables, which scroll by themselves
WIDE = """
[...document.querySelectorAll("article *")].filter(
  each => each.getBoundingClientRect().right > 390 && !each.closest("pre, .table-wrapper, .highlight")
).map(each => each.outerHTML.slice(0, 100))
"""
# of the phone; a table that scrolls shows its first column only, and nobody sees that it has a second one
HIDDEN = """
[...document.querySelectorAll("article .table-wrapper")].filter(
  each => each.querySelector("tr").children.length === 2 && each.scrollWidth > each.clientWidth
).map(each => each.textContent.trim().slice(0, 100))
"""


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    subprocess.run([sys.executable, "-m", "sphinx", "-W", "-q", "-b", "html", DOCS, folder], check=True)
    return folder


@pytest.fixture(scope="module")
def url(site: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site))) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with browsing(tmp_path_factory.mktemp("chromium")) as tab:
        yield tab


def find_faults(tab: Tab, url: str, page: str) -> list[str]:
    """Open a page. It must need nothing from elsewhere, and the browser must have nothing to say."""
    tab.open(f"{url}{page}")
    broken: list[str] = tab.evaluate(BROKEN)
    elsewhere = [each for each in tab.requested if not each.startswith((url, "data:"))]
    return [f"{page}: {each}" for each in (*broken, *elsewhere, *tab.said)]


def test_every_page_works_offline(tab: Tab, url: str, site: Path) -> None:
    tab.resize(*WINDOWS["light"])
    pages = [str(page.relative_to(site)) for page in site.rglob("*.html")]
    assert {*PAGES} <= {*pages}
    assert [fault for page in pages for fault in find_faults(tab, url, page)] == []


def test_every_page_fits_on_a_phone(tab: Tab, url: str, site: Path) -> None:
    tab.resize(*WINDOWS["phone"])
    wide = {}
    for page in (each.relative_to(site) for each in site.rglob("*.html")):
        tab.open(f"{url}{page}")
        wide[page] = [*tab.evaluate(WIDE), *tab.evaluate(HIDDEN)]
    assert {page: found for page, found in wide.items() if found} == {}


@pytest.mark.parametrize("page", PAGES)
def test_is_dark_for_readers_who_want_it(page: str, tab: Tab, url: str) -> None:
    colors = []
    for window in ("light", "dark"):
        tab.resize(*WINDOWS[window])
        assert find_faults(tab, url, page) == []
        colors.append(sum(map(int, tab.evaluate(f"{BACKGROUND}.match(/\\d+/g).slice(0, 3)"))))
    light, dark = colors
    assert light > 3 * 200
    assert dark < 3 * 60


def test_the_search_finds_a_layer(tab: Tab, url: str) -> None:
    tab.resize(*WINDOWS["light"])
    assert find_faults(tab, url, "search.html?q=basic_auth") == []
    found = [link.removeprefix(url).partition("?")[0].partition("#")[0] for link in tab.evaluate(FOUND)]
    assert "layers/basic_auth.html" in found[:5]


@pytest.mark.parametrize("window", ["light", "dark"])
def test_takes_pictures_for_the_documents(window: str, tab: Tab, url: str, tmp_path: Path) -> None:
    tab.resize(*WINDOWS[window])
    tab.open(url)
    tab.evaluate("localStorage.clear()")  # what the search has marked
    tab.open(f"{url}layers/request_id.html")
    picture = Path(os.environ.get("SCREENSHOTS", tmp_path)) / f"site-{window}.png"
    tab.take_picture(picture)
    assert picture.read_bytes().startswith(b"\x89PNG")
