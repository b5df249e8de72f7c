"""``wsgistack conform``: the report about a middleware, in three formats."""

import json
import logging
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.cli.files import read_mistakes, run
from wsgistack.cli import main
from wsgistack.testing import Judge
from wsgistack.testing.rules import MIDDLEWARE

AUTHOR = '''
from wsgistack import Middleware

class Renaming(Middleware):
    """Adds a header, and does not say so."""

    def __init__(self, app, /, *, name: str = "X-Added", times: int = 1):
        super().__init__(app)
        self.added = [(name, "yes")] * times

    def __call__(self, environ, start_response):
        def start(status, headers, *exc_info):
            return start_response(status, headers + self.added, *exc_info)

        return self.app(environ, start)

class Shouting(Middleware):
    def __call__(self, environ, start_response):
        print("here I am")
        return self.app(environ, start_response)

class Logging(Middleware):
    def __call__(self, environ, start_response):
        import logging
        logging.getLogger("mine").error("a request")
        return self.app(environ, start_response)

def refusing(app):
    raise OSError("no room for a layer")

def guarded(app):
    def layer(environ, start_response):
        if environ.get("HTTP_X_KEY") == "abc":
            return app(environ, start_response)
        start_response("403 Forbidden", [("Content-Length", "0")])
        return []
    return layer
'''


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.py").write_text(AUTHOR, "utf-8")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["request-id"], id="a layer of ours"),
        pytest.param(["wsgistack:Gzip", "--option", "minimum_size=1 kB"], id="an option"),
        pytest.param(["basic_auth", "--option", "users=a = b", "--header", "Authorization: Basic YTpi"], id="a header"),
        pytest.param(["mine:Renaming", "--changes", "x-added"], id="changes"),
        pytest.param(["mine:Renaming", "--option", "times=0"], id="a number"),
        pytest.param(["mine:Renaming", "--option", "name=X-B", "--changes", "X-B", "--changes", "body"], id="several"),
        pytest.param(["mine:guarded", "--header", "X-Key: abc"], id="a key"),
        pytest.param(["mine:guarded", "--changes", "answers"], id="no key"),
        pytest.param(["mine:Shouting"], id="what prints"),
    ],
)
@pytest.mark.usefixtures("mine")
def test_reports_a_middleware_that_passes(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conform", *arguments]) == 0
    total = len(Judge.names())
    assert capsys.readouterr().out == f"{arguments[0]}: {total} of {total} cases passed\n"


@pytest.mark.usefixtures("mine")
def test_reports_a_broken_rule_with_its_clause(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conform", "mine:Renaming"]) == 1
    out, err = capsys.readouterr()
    assert err == ""
    title, _, rule, clause, case, *_ = out.splitlines()
    assert re.fullmatch(rf"mine:Renaming: \d+ of {len(Judge.names())} cases passed", title)
    assert rule == "keeps_the_headers"
    assert clause == f"  {MIDDLEWARE.rules[rule].clause}"
    assert case.startswith("    gives_one_chunk_in_a_list: ")
    assert "('X-Added', 'yes')" in case


@pytest.mark.usefixtures("mine")
def test_reports_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conform", "mine:Renaming", "--format", "json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["middleware"] == "mine:Renaming"
    assert [case["case"] for case in told["cases"]] == Judge.names()
    broken = {case["case"]: case["breaches"] for case in told["cases"] if case["breaches"]}
    [breach] = broken["gives_a_tuple"]
    assert breach["rule"] == "keeps_the_headers"
    assert breach["clause"] == MIDDLEWARE.rules["keeps_the_headers"].clause


@pytest.mark.parametrize(("layer", "status"), [("mine:Renaming", 1), ("mine:Shouting", 0)])
@pytest.mark.usefixtures("mine")
def test_reports_as_junit(layer: str, status: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conform", layer, "--format", "junit"]) == status
    suite = ElementTree.fromstring(capsys.readouterr().out)  # noqa: S314 (our own report)
    assert suite.get("name") == layer
    assert suite.get("tests") == str(len(Judge.names()))
    assert [case.get("name") for case in suite.iter("testcase")] == Judge.names()
    failures = suite.findall("testcase/failure")
    assert suite.get("failures") == str(len(failures))
    assert {failure.get("message") for failure in failures} == ({"keeps_the_headers"} if status else set())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["gzpi"], "unknown layer 'gzpi'; did you mean 'gzip'?", id="misspelt"),
        pytest.param(
            ["mine:Renamin"],
            "module 'mine' has no attribute 'Renamin'; did you mean 'Renaming'?",
            id="misspelt in a module",
        ),
        pytest.param(
            ["gzip", "--option", "minimum_size=big"],
            "minimum_size: invalid value 'big'; expected a size such as 500, 64KiB or 10 MB",
            id="an option of a wrong type",
        ),
        pytest.param(
            ["gzip", "--option", "minimum_sise=1"],
            "minimum_sise: unknown option of Gzip; did you mean 'minimum_size'?",
            id="an option that there is not",
        ),
        pytest.param(
            ["basic_auth"],
            "needs one source of users; expected exactly one of users, htpasswd and check",
            id="an option that is missing",
        ),
        pytest.param(
            ["mine:refusing"],
            "cannot build mine:refusing: OSError: no room for a layer (mine.py, line 29)",
            id="a factory that raises",
        ),
    ],
)
@pytest.mark.usefixtures("mine")
def test_explains_why_a_middleware_cannot_be_judged(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["conform", *arguments]) == 1
    out, err = capsys.readouterr()
    assert (out, read_mistakes(err)) == ("", [message])


@pytest.mark.usefixtures("mine")
def test_hides_the_log_of_the_middleware_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    assert main(["conform", "mine:Logging"]) == 0
    assert caplog.records == []
    logging.getLogger("tests.cli").error("something else")
    assert caplog.messages == ["something else"]


def test_reports_what_a_peer_breaks() -> None:
    shown = run("conform", "werkzeug.middleware.profiler:ProfilerMiddleware")
    assert shown.returncode == 1
    title, *lines = shown.stdout.splitlines()
    assert title.startswith("werkzeug.middleware.profiler:ProfilerMiddleware: ")
    broken = {line for line in lines if line and not line.startswith(" ")}
    assert broken >= {"keeps_the_chunks", "closes_once", "reads_nothing_ahead", "holds_no_chunk_back"}
    assert "function calls" in shown.stderr, "what it prints must not be in the report"
