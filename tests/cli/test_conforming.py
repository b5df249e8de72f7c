"""``wsgistack conform``: the report about a middleware, in three formats."""

import json
import logging
import os
import re
import signal
import subprocess
import threading
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.cli.files import PROGRAM, read_mistakes, run
from wsgistack.cli import main
from wsgistack.pipeline.registry import import_factory
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

class Interrupting(Middleware):
    def __call__(self, environ, start_response):
        import os, signal
        os.kill(os.getpid(), signal.SIGINT)
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


@pytest.fixture
def noisy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "noisy.py").write_text(NOISY, "utf-8")
    monkeypatch.chdir(tmp_path)
    return "noisy:Noisy"


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
    title, _, rule, clause, detail, cases, _, hint = out.splitlines()
    passed = int(re.fullmatch(rf"mine:Renaming: (\d+) of {len(Judge.names())} cases passed", title)[1])  # type: ignore[index]
    broken = len(Judge.names()) - passed
    assert rule == f"keeps_the_headers: {broken} cases"
    assert clause == f"  {MIDDLEWARE.rules['keeps_the_headers'].clause}"
    assert detail == "  - [('Content-Type', 'text/plain')] became [('Content-Type', 'text/plain'), ('X-Added', 'yes')]"
    assert cases.startswith("    in gives_one_chunk_in_a_list, gives_a_short_list, ")
    assert cases.endswith(f" and {broken - 3} more")
    assert hint == "-v shows every case, and what the middleware prints and logs."


@pytest.mark.usefixtures("mine")
def test_reports_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conform", "mine:Renaming", "--format", "json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["middleware"] == "mine:Renaming"
    assert {*told} == {"middleware", "cases"}
    assert {*told["cases"][0]} == {"case", "description", "breaches"}
    assert [case["case"] for case in told["cases"]] == Judge.names()
    broken = {case["case"]: case["breaches"] for case in told["cases"] if case["breaches"]}
    [breach] = broken["gives_a_tuple"]
    assert {*breach} == {"rule", "clause", "detail"}
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


NOISY = """
import logging, os, sys, threading, warnings
from wsgistack import Middleware

LOG = logging.getLogger("noisy")
LOG.addHandler(logging.StreamHandler(sys.stdout))
LOG.addHandler(logging.StreamHandler())
print("noise of the import")

class Noisy(Middleware):
    def __call__(self, environ, start_response):
        print("noise of print")
        print("noise on stderr", file=sys.stderr)
        sys.__stdout__.write("noise of the first stdout\\n")
        LOG.error("noise of a handler")
        logging.getLogger("other").error("noise of a log")
        environ["wsgi.errors"].write("noise in wsgi.errors\\n")
        warnings.warn("noise of a warning")
        thread = threading.Thread(target=lambda: {}["noise of a thread"])
        thread.start()
        thread.join()
        os.write(1, b"noise of C on 1\\n")
        os.write(2, b"noise of C on 2\\n")
        return self.app(environ, start_response)
"""
KEEPING = """
import logging, sys

logging.getLogger("keeping").addHandler(logging.StreamHandler(sys.stdout))

def keeping(app):
    return app
"""
NOISES = ("the import", "print", "the first stdout", "a handler", "a log", "a warning", "C on 1", "C on 2")


@pytest.mark.slow
@pytest.mark.parametrize("report", ["text", "json"])
def test_the_report_is_free_of_what_the_middleware_prints_and_logs(report: str, noisy: str) -> None:
    shown = run("conform", noisy, "--format", report)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "noise" not in shown.stdout
    assert shown.stdout


@pytest.mark.slow
def test_shows_what_the_middleware_prints_and_logs_on_demand(noisy: str) -> None:
    shown = run("conform", noisy, "-v", "--format", "json")
    assert json.loads(shown.stdout)["middleware"] == noisy
    noises = [*(f"noise of {each}\n" for each in NOISES), "noise on stderr\n", "noise in wsgi.errors\n"]
    assert [each for each in (*noises, "KeyError: 'noise of a thread'\n") if each not in shown.stderr] == []


@pytest.mark.slow
@pytest.mark.parametrize("closed", ["1>&-", "2>&-", "2>&- -v"])
def test_judges_without_an_output(closed: str, noisy: str) -> None:
    command = [*PROGRAM, "conform", noisy]
    shown = subprocess.run(["bash", "-c", f'"$@" {closed}', "bash", *command], capture_output=True, check=False)
    assert (shown.returncode in (0, 1), shown.stderr) == (True, b"")
    assert b"noise" not in shown.stdout


def test_a_log_handler_may_keep_the_stream(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "keeping.py").write_text(KEEPING, "utf-8")
    monkeypatch.chdir(tmp_path)
    assert main(["conform", "keeping:keeping"]) == 0
    capfd.readouterr()
    logging.getLogger("keeping").error("hidden")
    print("shown again")
    os.write(1, b"shown as well\n")
    assert capfd.readouterr() == ("shown again\nshown as well\n", "")


@pytest.mark.slow
@pytest.mark.usefixtures("mine")
def test_shows_every_case_on_demand(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conform", "mine:Renaming", "-v"]) == 1
    out = capsys.readouterr().out
    cases = [verdict.case for verdict in Judge(import_factory("mine:Renaming")).judge_all() if verdict.breaches]
    assert re.findall(r"^    in (.+)$", out, re.MULTILINE) == cases
    assert "more" not in out


@pytest.mark.usefixtures("mine")
def test_ctrl_c_is_not_an_exception_of_the_middleware(capsys: pytest.CaptureFixture[str]) -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert main(["conform", "mine:Interrupting"]) == 130
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
    assert capsys.readouterr() == ("", "")


@pytest.mark.usefixtures("mine")
def test_runs_in_a_thread(capsys: pytest.CaptureFixture[str]) -> None:
    thread = threading.Thread(target=main, args=(["conform", "mine:Shouting"],))
    thread.start()
    thread.join()
    assert capsys.readouterr().out.startswith("mine:Shouting: ")


@pytest.mark.slow
def test_reports_what_a_peer_breaks() -> None:
    shown = run("conform", "werkzeug.middleware.profiler:ProfilerMiddleware")
    assert shown.returncode == 1
    title, *lines = shown.stdout.splitlines()
    assert title.startswith("werkzeug.middleware.profiler:ProfilerMiddleware: ")
    broken = {line.partition(":")[0] for line in lines if line and not line.startswith(" ")}
    assert broken >= {"keeps_the_chunks", "closes_once", "reads_nothing_ahead", "holds_no_chunk_back"}
    assert shown.stderr == ""
