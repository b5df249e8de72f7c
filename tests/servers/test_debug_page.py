"""The debug page in a real browser. ``SCREENSHOTS=docs/images`` makes the pictures of the documents."""

import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.chromium import CHROMIUM, Tab, browsing
from tests.servers.failing_shop import make_shop
from tests.servers.test_chromium import serving
from wsgistack import CatchErrors
from wsgistack.types import Environ, StartResponse

NPM = shutil.which("npm") or ""
AXE = "axe-core@4.14.1"
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not CHROMIUM, reason="chromium is not installed")]

WINDOWS = {"light": (1280, 900, "light"), "dark": (1280, 900, "dark"), "phone": (390, 844, "light")}


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with browsing(tmp_path_factory.mktemp("chromium"), ["--host-resolver-rules=MAP shop.test 127.0.0.1"]) as tab:
        yield tab


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving(make_shop()) as url:
        yield f"{url}checkout?token=t0p&page=2"


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    if not NPM:
        pytest.skip("npm is not installed")
    folder = tmp_path_factory.mktemp("axe")
    run = subprocess.run([NPM, "pack", AXE, "--silent"], cwd=folder, check=False, capture_output=True)
    if run.returncode:
        pytest.skip("npm cannot fetch axe-core")
    [package] = folder.glob("*.tgz")
    with tarfile.open(package) as files:
        found = files.extractfile("package/axe.min.js")
        assert found is not None
        return found.read().decode()


def test_the_page_renders_without_a_word_from_the_browser(tab: Tab, url: str) -> None:
    tab.resize(*WINDOWS["light"])
    tab.open(url)
    assert tab.evaluate("document.title") == "checkout.PaymentError: the bank sent an answer that has no 'text'"
    assert tab.evaluate("document.querySelector('h1').innerText").startswith("checkout.PaymentError\n")
    assert tab.evaluate("getComputedStyle(document.body).margin") == "0px"
    assert [each for each in tab.requested if each != "data:,"] == [url]
    # the one thing to say is that the status is 500
    assert [json.loads(each)["entry"]["source"] for each in tab.said] == ["network"]
    marked = "[...document.querySelectorAll('mark')].map(mark => mark.textContent)"
    assert 'answer["reason"]["text"]' in tab.evaluate(marked)
    assert "correct horse" not in tab.evaluate("document.documentElement.outerHTML").replace('password="correct', "")
    assert tab.evaluate("document.querySelector('.failing .name').innerText") == "application"
    assert "charging 17 for 2 items, password=[redacted]" in tab.evaluate("document.querySelector('#log').innerText")


def is_visible(tab: Tab, selector: str) -> bool:
    return bool(tab.evaluate(f"document.querySelector({selector!r}).checkVisibility()"))


def test_frames_fold_by_mouse_and_by_keyboard(tab: Tab, url: str) -> None:
    tab.resize(*WINDOWS["light"])
    tab.open(url)
    assert is_visible(tab, ".frame.application .source")
    assert is_visible(tab, ".frame.library")
    assert not is_visible(tab, ".frame.library .source")
    assert not is_visible(tab, ".frame.wsgistack")
    assert not is_visible(tab, ".frame.application .variables table")

    tab.evaluate("document.querySelector('.frame.library summary').click()")
    assert is_visible(tab, ".frame.library .source")
    tab.evaluate("document.querySelector('.frame.application .variables summary').focus()")
    tab.press("Enter", 13)
    assert is_visible(tab, ".frame.application .variables table")
    tab.evaluate("document.querySelector('#show-own').focus()")
    tab.press(" ", 32)
    assert is_visible(tab, ".frame.wsgistack")
    assert not is_visible(tab, ".frame.wsgistack .source")


def test_the_keyboard_reaches_everything(tab: Tab, url: str) -> None:
    tab.resize(*WINDOWS["light"])
    tab.open(url)
    reached = []
    for _ in range(12):
        tab.press("Tab", 9)
        reached.append(tab.evaluate("document.activeElement.innerText || document.activeElement.id"))
        assert tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert reached[:3] == ["Skip to the traceback", "Copy text", "Copy Markdown"]
    assert "Traceback" in reached
    assert "show-own" in reached


@pytest.mark.parametrize(
    ("name", "begins"), [("Copy text", "checkout.PaymentError: "), ("Copy Markdown", "## checkout.PaymentError: ")]
)
@pytest.mark.parametrize("host", ["127.0.0.1", "shop.test"])
def test_copies(name: str, begins: str, host: str, tab: Tab, url: str) -> None:
    tab.resize(*WINDOWS["light"])
    tab.send("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
    tab.open(url.replace("127.0.0.1", host))
    assert tab.evaluate("isSecureContext") is (host == "127.0.0.1")  # else there is no navigator.clipboard
    tab.evaluate(
        "document.addEventListener('copy', () => { const area = document.activeElement;"
        " window.chosen = area.value.slice(area.selectionStart, area.selectionEnd) })"
    )
    tab.evaluate(f"[...document.querySelectorAll('button')].find(each => each.innerText == {name!r}).focus()")
    tab.press("Enter", 13)
    said = "document.getElementById('copied').innerText"
    tab.evaluate(f"new Promise(done => {{ const look = () => {said} ? done() : setTimeout(look, 20); look() }})")
    assert tab.evaluate(said) == "Copied"
    assert tab.evaluate("document.activeElement.innerText") == name
    text = tab.evaluate("window.chosen || navigator.clipboard.readText()")
    assert text.startswith(begins)
    assert "Traceback (most recent call last):" in text
    assert "Pipeline" in text
    assert "[redacted]" in text
    assert not is_visible(tab, "#as-text")


def test_the_texts_can_be_copied_without_scripts(tab: Tab, url: str) -> None:
    tab.send("Emulation.setScriptExecutionDisabled", value=True)
    try:
        tab.open(url)
        page = tab.send("DOM.getDocument", depth=-1)
    finally:
        tab.send("Emulation.setScriptExecutionDisabled", value=False)
    assert "as-markdown" in json.dumps(page)
    tab.open(url)


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("is_open", [False, True])
def test_axe_finds_no_problem(window: str, is_open: bool, tab: Tab, url: str, axe: str) -> None:
    tab.resize(*WINDOWS[window])
    tab.open(url)
    if is_open:
        tab.evaluate("document.querySelector('#show-own').click()")
        tab.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    tab.evaluate(axe)
    found: list[dict[str, Any]] = json.loads(tab.evaluate("axe.run().then(each => JSON.stringify(each.violations))"))
    assert [(each["id"], each["impact"], each["nodes"][0]["html"]) for each in found] == []


def test_fits_on_a_phone(tab: Tab, url: str) -> None:
    tab.resize(*WINDOWS["phone"])
    tab.open(url)
    tab.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    small = (
        "[...document.querySelectorAll('button, summary')].filter(each => each.offsetHeight && each.offsetHeight < 24)"
    )
    assert tab.evaluate(f"{small}.length") == 0


MARK = "window.ran=1"
CORPUS = [
    f"<script>{MARK}</script>",
    f"</title><script>{MARK}</script>",
    f"</textarea><script>{MARK}</script>",
    f"</style><script>{MARK}</script>",
    f'"><img src=x onerror="{MARK}">',
    f"'><svg onload={MARK}>",
    f"<details open ontoggle={MARK}>",
    f"--><!-- --!><script>{MARK}</script>",
    f"]]><script>{MARK}</script>",
    f"<iframe srcdoc='<script>parent.{MARK}</script>'>",
    "<style>*{display:none}</style>",
    '<base href="//evil.example/">',
    '<meta http-equiv="refresh" content="0;url=//evil.example">',
    '<link rel="stylesheet" href="//evil.example/x.css">',
    f'<a href="javascript:{MARK}" id=show-own autofocus onfocus={MARK}>',
    f"{{{{constructor.constructor('{MARK}')()}}}}",
    f"\u2028\u2029\u202e\0\ufeff<ScRiPt\x0c>{MARK}</ScRiPt>",
    f"+ADw-script+AD4-{MARK}+ADw-/script+AD4-",
    "<input name=attributes><form id=copied>",
]


@pytest.mark.parametrize("text", CORPUS, ids=range(len(CORPUS)))
def test_what_an_attacker_writes_stays_text(text: str, tab: Tab) -> None:
    class Odd(Exception):  # noqa: N818
        pass

    def app(environ: Environ, start_response: StartResponse) -> list[bytes]:
        local, table = text, {text: [text]}
        Odd.__qualname__ = text
        error = Odd(local, table)
        error.__cause__ = ExceptionGroup(text, [KeyError(text)])
        error.add_note(text)
        scope: dict[str, object] = {text: text, "error": error}
        exec(compile("raise error", text.replace("\0", ""), "exec"), scope)  # noqa: S102
        return [b""]

    def layer(environ: Environ, start_response: StartResponse) -> Any:
        environ.update({"HTTP_X_ODD": text, text: text, "wsgistack.request_id": text, "HTTP_COOKIE": f"{text}=1"})
        environ["REQUEST_METHOD"] = "GET"
        return CatchErrors(app, debug=True)(environ, start_response)

    tab.resize(*WINDOWS["light"])
    with serving(layer) as url:
        target = quote(text.encode("utf-8", "replace"))
        tab.open(f"{url}{target}?{target}={target}")
        assert tab.evaluate("document.querySelector('main') != null")
        tab.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        assert tab.evaluate("window.ran") is None
        counted = (
            "img, svg, iframe, base, form, object, meta[http-equiv], link[rel=stylesheet], main style, main script"
        )
        assert tab.evaluate(f"document.querySelectorAll({counted!r}).length") == 0
        assert tab.evaluate("document.querySelectorAll('script').length") == 1
        assert tab.evaluate("document.querySelectorAll('#show-own, #copied').length") == 2
        assert tab.evaluate("document.querySelector('button').hidden") is False
        assert {each.partition("?")[0] for each in tab.requested} <= {f"{url}{target}", "data:,"}


@pytest.mark.parametrize("window", WINDOWS)
def test_takes_pictures_for_the_documents(window: str, tab: Tab, url: str, tmp_path: Path) -> None:
    tab.resize(*WINDOWS[window])
    tab.open(url)
    picture = Path(os.environ.get("SCREENSHOTS", tmp_path)) / f"debug-page-{window}.png"
    tab.take_picture(picture)
    assert picture.read_bytes().startswith(b"\x89PNG")
