"""The conformance of the peers: how they are judged, and that the page and the data are right."""

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from threading import Lock

import docutils.frontend
import docutils.nodes
import docutils.parsers.rst
import docutils.utils
import pytest

from benchmarks.conformance import write_conformance
from benchmarks.fairness import _DOUBTS
from benchmarks.measure import Result, measure, measure_apart
from benchmarks.page import conformance_page, is_demanded
from benchmarks.peers import PEERS, Peer
from wsgistack.pipeline import registry
from wsgistack.testing.modes import MODES
from wsgistack.testing.rules import APPLICATION, MIDDLEWARE, SERVER
from wsgistack.testing.scenarios import SCENARIOS
from wsgistack.types import App, Environ, StartResponse

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent.parent
BY_TITLE = {peer.title: peer for peer in PEERS}
OURS = [peer for peer in PEERS if peer.family == "wsgistack"]
PROXY_FIX = BY_TITLE["Werkzeug ProxyFix"]
LINT = BY_TITLE["Werkzeug LintMiddleware"]
DEBUGGER = BY_TITLE["Werkzeug DebuggedApplication"]
HERE = "tests.benchmarks.test_conformance"
ABSENT = Peer("Nobody", "Nothing", "a-distribution-that-nobody-has", f"{HERE}:fails")
FEW = (
    "gives_one_chunk_in_a_list",
    "has_to_be_closed_unread",
    "raises_in_the_middle",
    "raises_in_the_middle-by_a_browser",
)


ALONE = Lock()  # measure() redirects the output of the whole process


def test_judges_each_layer_that_we_register() -> None:
    values = {point.value for points in registry.names().values() for point in points}
    registered = {value for value in values if value.startswith("wsgistack.")}
    names = {value.rpartition(":")[2] for value in registered}
    assert names - {"Gzip"} == {peer.name for peer in OURS}  # Gzip is Compress with one coding


def few(peer: Peer) -> Result:
    with ALONE:
        return measure(peer, FEW)


def fails(app: App) -> App:
    def failing(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        print("all that I print")
        body = app(environ, start_response)
        raise OSError(f"no {body!r} in /srv/somewhere/app.py" + "\n!" * 500)

    return failing


def endpoint(_: object) -> App:
    def talkative(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH", 0))) or b"hello"]

    return talkative


def tree(page: str) -> docutils.nodes.document:
    """The page as docutils understands it; a warning is an error."""
    parser = docutils.parsers.rst.Parser()
    settings = docutils.frontend.get_default_settings(parser)
    settings.halt_level = docutils.utils.Reporter.INFO_LEVEL
    found = docutils.utils.new_document("conformance.rst", settings)
    parser.parse(page, found)
    return found


@pytest.mark.parametrize("peer", [pytest.param(peer, id=peer.name) for peer in OURS])
def test_ours_break_no_rule(peer: Peer) -> None:
    result = measure(peer)
    assert not result.broken
    assert [each.rule for each in result.uncounted] == (["works_without_write"] if peer.name == "Lint" else [])
    assert result.cases > 100


def test_names_each_broken_rule_with_its_cases() -> None:
    result = few(LINT)
    broken = {each.rule: each for each in result.broken}
    assert broken["streams_have_their_methods"].detail == "wsgi.input has no readlines"
    assert broken["streams_have_their_methods"].clause == SERVER.rules["streams_have_their_methods"].clause
    assert broken["streams_have_their_methods"].cases == list(FEW)
    assert (result.cases, result.failed, result.version) == (4, 4, LINT.version)
    assert few(PROXY_FIX).failed == 0


def test_does_not_count_a_breach_that_a_rule_cannot_know() -> None:
    result = few(DEBUGGER)
    (unread,) = (each for each in result.uncounted if each.rule == "calls_the_application_once")
    assert unread.cases == ["has_to_be_closed_unread"]
    assert "it is not read" in unread.reason
    assert "calls_the_application_once" not in {each.rule for each in result.broken}


def test_hides_paths_and_addresses_of_this_machine(capsys: pytest.CaptureFixture[str]) -> None:
    peer = Peer("Mine", "fails", "wsgistack", f"{HERE}:fails")
    details = " ".join(each.detail for each in measure(peer, ["has_to_be_closed", "keeps_streams_apart"]).broken)
    assert "<wsgistack.testing.probe._RecordedBody object> in app.py" in details
    assert "/srv" not in details
    assert "0x" not in details
    assert capsys.readouterr() == ("", "")


def test_judges_an_endpoint_as_an_application() -> None:
    result = measure(Peer("Mine", "endpoint", "wsgistack", f"{HERE}:endpoint", is_endpoint=True))
    assert [each.rule for each in result.broken] == ["has_no_body_where_http_has_none"]
    assert {case.split()[0] for case in result.broken[0].cases} == {"HEAD"}


def test_finds_the_same_in_another_process() -> None:
    assert measure_apart(PROXY_FIX) == measure(PROXY_FIX)


def test_reports_a_failure_in_another_process() -> None:
    with pytest.raises(RuntimeError, match=r"Nobody Nothing cannot be judged:\nTraceback"):
        measure_apart(ABSENT)


def test_refuses_a_factory_that_is_not_callable() -> None:
    with pytest.raises(TypeError, match="is not callable"):
        measure(Peer("Mine", "root", "wsgistack", f"{HERE}:ROOT"))


def test_writes_a_page_and_data(tmp_path: Path) -> None:
    peers = [OURS[0], LINT, DEBUGGER, ABSENT]
    page, data = write_conformance(tmp_path / "new" / "docs", peers, few)
    text = page.read_text("utf-8")
    titles = [node.astext() for node in tree(text).findall(docutils.nodes.title)]
    assert titles[-3:] == [f"{peer.title} {peer.version}" for peer in peers[:3]]
    assert "left out: Nobody Nothing" in text
    assert (
        "``streams_have_their_methods``, 4 cases; ``gives_one_chunk_in_a_list``::\n\n    wsgi.input has no readlines\n"
        in text
    )
    assert "Not counted: ``calls_the_application_once``, 1 case: it calls" in text
    found = json.loads(data.read_text("utf-8"))
    assert found["absent"] == ["Nobody Nothing"]
    assert found["peers"][0]["broken"] == []
    (readlines,) = (each for each in found["peers"][1]["broken"] if each["rule"] == "streams_have_their_methods")
    assert readlines["cases"] == list(FEW)
    assert readlines["demanded"]


def test_writes_the_same_again(tmp_path: Path) -> None:
    once, again = (write_conformance(tmp_path / name, [LINT, DEBUGGER], few) for name in ("once", "again"))
    assert [path.read_bytes() for path in once] == [path.read_bytes() for path in again]


def test_puts_each_rule_into_the_table_where_it_belongs() -> None:
    sections = conformance_page([(peer, few(peer)) for peer in (LINT, DEBUGGER)], []).split("\n----")
    assert "``streams_have_their_methods``" in sections[1]
    assert "``passes_exceptions``" in sections[2]
    assert is_demanded("holds_no_chunk_back")
    assert not is_demanded("keeps_streams_apart")


@pytest.mark.parametrize("title", _DOUBTS)
def test_doubts_only_existing_peers_and_rules(title: str) -> None:
    rules = {*APPLICATION.rules, *SERVER.rules, *MIDDLEWARE.rules, *SCENARIOS, *MODES}
    assert title in BY_TITLE
    assert {doubt.rule for doubt in _DOUBTS[title]} <= rules


def test_the_page_in_the_documentation_holds_all_peers() -> None:
    page = (ROOT / "docs" / "conformance.rst").read_text("utf-8")
    titles = {node.astext().rpartition(" ")[0] for node in tree(page).findall(docutils.nodes.title)}
    assert titles >= set(BY_TITLE)


def test_the_data_in_the_documentation_shows_every_claim_and_needs_every_doubt() -> None:
    found = json.loads((ROOT / "docs" / "conformance.json").read_text("utf-8"))
    assert all(each["cases"] and each["detail"] for peer in found["peers"] for each in peer["broken"])
    needed = {(peer["title"], each["rule"]) for peer in found["peers"] for each in peer["uncounted"]}
    assert needed >= {(title, doubt.rule) for title, of_one in _DOUBTS.items() for doubt in of_one}


def test_can_be_run_as_a_program() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "conformance", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "FOLDER" in done.stdout
