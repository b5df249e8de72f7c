"""The layers, each alone and together, under every case of the conformance kit."""

import logging
import subprocess
import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import product
from pathlib import Path
from typing import NamedTuple
from wsgiref.validate import WSGIWarning, validator

import pytest

from tests.direct import answering
from tests.stacks import (
    FIVE,
    FIVE_TWICE,
    KEY,
    LAYERS,
    OPTIONS,
    PAIRS,
    TOKENS,
    Gzipped,
    OverHttps,
    Stack,
    find_failures,
    find_failures_in_threads,
)
from wsgistack import (
    AccessLog,
    ApiKeyAuth,
    Auth,
    BasicAuth,
    BearerAuth,
    BodyLimit,
    Cascade,
    CatchErrors,
    Compress,
    Cookies,
    Cors,
    Csrf,
    Decompress,
    ErrorDocuments,
    Etag,
    Forwarded,
    Gzip,
    Hosts,
    Https,
    Maintenance,
    MethodOverride,
    Paths,
    RequestFilter,
    RequestId,
    Responses,
    SecurityHeaders,
    Static,
)
from wsgistack.http import headers as h
from wsgistack.testing import Judge, Record, Server
from wsgistack.testing.hostile import CASES
from wsgistack.testing.lint import Lint
from wsgistack.testing.modes import MODES
from wsgistack.testing.report import as_text
from wsgistack.testing.scenarios import SCENARIOS
from wsgistack.types import App, Changes, Environ, Factory, StartResponse

OWN_PASSWORD = ("gets_odd_headers", "gets_odd_headers-by_a_browser")
"""Cases that send their own, wrong password."""

ODD_PATHS = ("gets_an_odd_path",)
"""Cases whose path the layers paths and request_filter refuse."""

REPORTS_THE_SERVER = ("works_without_write",)
"""The case whose server breaks a rule that Lint reports."""


NOT_FOUND = ("starts_late_and_gives_nothing",)
"""Cases that the layer cascade answers in another way, with its fallback."""

LONG = ("gives_ten_thousand_chunks", "gives_ten_thousand_chunks-by_a_browser")
"""The cases that take as long as all others together."""

CALLED_LATE = tuple(
    f"{name}{browser}"
    for name in CASES
    if "write" in name or name == "takes_over_and_raises_stop_iteration"
    for browser in ("", "-by_a_browser")
)
"""Cases of an application that must be called before the server reads the body. A fallback is called when the server
reads it, if the first application starts that late.
"""


SLOW = pytest.mark.slow


def documenting(app: App) -> App:
    return ErrorDocuments(answering([], status="404 Not Found"), paths={"404": "/"}, application=app)


class Judged(NamedTuple):
    """One layer or stack, and how it is judged."""

    factory: Factory
    options: Mapping[str, object] = {}
    headers: tuple[tuple[str, str], ...] = ()
    changes: Changes | None = None
    exempt: tuple[str, ...] = ()


def asking_second(app: App) -> App:
    return Cascade(answering([b"none"], status="404 Not Found"), fallback=app)


def asking_late(app: App) -> App:
    def none(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("404 Not Found", [("Content-Type", "text/plain")])
        yield b"none"

    return Cascade(none, fallback=app)


def asking_after_write(app: App) -> App:
    def none(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("404 Not Found", [("Content-Type", "text/plain")])(b"none")
        return [b"none"]

    return Cascade(none, fallback=app)


JUDGED = {
    "request_id": Judged(RequestId),
    "access_log": Judged(AccessLog, OPTIONS["access_log"]),
    "catch_errors": Judged(CatchErrors),
    "compress": Judged(Compress),
    # Without an Accept-Encoding that it supports, compress changes only Vary.
    "compress, another coding": Judged(Compress, {"codings": ["br"]}, changes=Changes(frozenset({"vary"}))),
    "compress, all options": Judged(
        Compress,
        {"codings": ["gzip", "br", "zstd"], "levels": {"gzip": 9}, "minimum_size": 0, "random_padding": 300},
    ),
    "gzip": Judged(Gzip),
    # With the right password, basic_auth changes nothing.
    "basic_auth, right password": Judged(BasicAuth, OPTIONS["basic_auth"], (KEY,), Changes(), OWN_PASSWORD),
    "basic_auth, no password": Judged(BasicAuth, OPTIONS["basic_auth"]),
    "auth": Judged(Auth, OPTIONS["auth"]),
    "auth, right key": Judged(Auth, {"api_key": {"keys": TOKENS}}, (("X-API-Key", "b"),), Changes()),
    "auth, no credentials": Judged(Auth, {"api_key": {"keys": TOKENS}}),
    "api_key": Judged(ApiKeyAuth, OPTIONS["api_key"]),
    "api_key, wrong key": Judged(ApiKeyAuth, OPTIONS["api_key"], (("X-API-Key", "c"),)),
    "bearer_auth": Judged(BearerAuth, OPTIONS["bearer_auth"]),
    "bearer_auth, wrong token": Judged(BearerAuth, OPTIONS["bearer_auth"], (("Authorization", "Bearer c"),)),
    "paths": Judged(Paths),
    "paths, redirecting": Judged(Paths, {"action": "redirect"}),
    "paths, normalizing": Judged(Paths, {"action": "normalize"}),
    "hosts": Judged(Hosts, {"allowed": ["127.0.0.1", "localhost"]}),
    "hosts, redirecting": Judged(Hosts, {"allowed": ["127.0.0.1", "localhost"], "canonical": "www.example.org"}),
    "https": Judged(Https),
    "https, over https": Judged(OverHttps),
    "cookies": Judged(Cookies),
    "cors": Judged(Cors, OPTIONS["cors"]),
    "cors, allowed origin": Judged(
        Cors,
        {**OPTIONS["cors"], "allow_credentials": True, "expose_headers": ["X-Total"]},
        (("Origin", "https://example.org"), ("Access-Control-Request-Method", "PUT")),
    ),
    "csrf": Judged(Csrf),
    "csrf, refusing": Judged(Csrf, headers=(("Sec-Fetch-Site", "cross-site"),)),
    "forwarded": Judged(Forwarded, OPTIONS["forwarded"]),
    "static": Judged(Static, OPTIONS["static"]),
    "maintenance": Judged(Maintenance, OPTIONS["maintenance"]),
    "maintenance, begun": Judged(Maintenance, {"enabled": True}),
    "method_override": Judged(MethodOverride, {"field": "_method"}),
    "etag": Judged(Etag),
    "etag, conditional": Judged(Etag, headers=(("If-None-Match", "*"),)),
    "etag, of a validator": Judged(Etag, headers=(("If-None-Match", 'W/"1"'), ("If-Match", '"1", "2"'))),
    "etag, no tags": Judged(Etag, {"max_size": 0}, changes=Changes(answers=True)),
    "cascade": Judged(Cascade, OPTIONS["cascade"]),
    "cascade, asking the fallback": Judged(asking_second, changes=Changes()),
    "cascade, asking the fallback after write()": Judged(asking_after_write, changes=Changes()),
    "cascade, asking the fallback late": Judged(
        asking_late, changes=Changes(answers=True, wraps=True), exempt=CALLED_LATE
    ),
    "responses": Judged(Responses, OPTIONS["responses"]),
    "error_documents": Judged(ErrorDocuments, OPTIONS["error_documents"]),
    "request_filter": Judged(RequestFilter),
    "request_filter, all options": Judged(
        RequestFilter,
        {
            "allowed_networks": ["127.0.0.0/8", "unix"],
            "denied_networks": ["192.0.2.0/24"],
            "methods": ["GET", "POST", "OPTIONS", "PUT"],
            "denied_paths": ["scanners", "/internal"],
            "denied_user_agents": ["sqlmap"],
            "crawlers": ["ai-training"],
            "robots_tag": "noindex",
        },
    ),
    "request_filter, refusing all": Judged(RequestFilter, {"denied_networks": ["127.0.0.1", "::1"]}),
    "security_headers": Judged(SecurityHeaders),
    "security_headers, with a nonce": Judged(SecurityHeaders, OPTIONS["security_headers"]),
    "body_limit": Judged(BodyLimit),
    "body_limit, too small": Judged(BodyLimit, {"max_size": 10}),
    "decompress": Judged(Decompress),
    "decompress, bodies that are not gzip": Judged(Decompress, {}, (("Content-Encoding", "gzip"),)),
    "decompress, streaming": Judged(Decompress, {"stream": True}, (("Content-Encoding", "gzip"),)),
    "decompress, bodies in gzip": Judged(Gzipped),
    "decompress, bodies in gzip, streaming": Judged(Gzipped, {"stream": True}),
    "decompress, other codings": Judged(Decompress, {}, (("Content-Encoding", "br"),)),
    "lint": Judged(Lint, exempt=REPORTS_THE_SERVER),
    "all five": Judged(FIVE, {}, (KEY,), FIVE.changes._replace(answers=False), OWN_PASSWORD),
    "all five, no password": Judged(FIVE),
}


def report_on(judged: Judged, names: Iterable[str]) -> str:
    judge = Judge(judged.factory, judged.options, headers=judged.headers, changes=judged.changes)
    verdicts = [judge.judge(name) for name in names if name not in judged.exempt]
    return as_text("", verdicts) if any(verdict.breaches for verdict in verdicts) else ""


each_judged = pytest.mark.parametrize(
    "judged",
    [
        pytest.param(judged, id=name, marks=SLOW if "," in name else ())  # a variant of the layer before
        for name, judged in JUDGED.items()
    ],
)


@each_judged
def test_keeps_the_contract(judged: Judged) -> None:
    names = [*CASES, *(f"{name}-by_a_browser" for name in CASES), *SCENARIOS]
    assert report_on(judged, [name for name in names if name not in LONG]) == ""


@pytest.mark.parametrize(
    "judged",
    [pytest.param(judged, id=name, marks=() if name == "all five" else SLOW) for name, judged in JUDGED.items()],
)
def test_keeps_the_contract_in_long_bodies(judged: Judged) -> None:
    assert report_on(judged, LONG) == ""


@each_judged
def test_keeps_the_contract_on_real_servers(judged: Judged) -> None:
    assert report_on(judged, MODES) == ""


def test_compress_with_a_flush_interval_breaks_only_the_rule_about_chunks() -> None:
    browser = [("Accept-Encoding", "gzip")]
    judge = Judge(Compress, {"minimum_size": 0, "flush_size": 65536, "flush_interval": 99}, headers=browser)
    verdicts = [judge.judge(name) for name in (*CASES, *SCENARIOS)]
    assert {breach.rule for verdict in verdicts for breach in verdict.breaches} == {"holds_no_chunk_back"}


def test_an_error_document_breaks_only_rules_about_what_it_replaces() -> None:
    judge = Judge(documenting, changes=Changes(answers=True, errors=True, wraps=True))
    verdicts = [judge.judge(name) for name in (*CASES, *SCENARIOS, *MODES)]
    broken = {breach.rule: breach.detail for verdict in verdicts for breach in verdict.breaches}
    # it skips empty chunks, and sends the empty answer, which has other headers, if the page is empty or fails
    assert set(broken) <= {"reads_nothing_ahead", "passes_exceptions", "keeps_the_headers"}, broken


@pytest.mark.slow
@pytest.mark.parametrize("stack", [*PAIRS, FIVE_TWICE], ids=str)
def test_each_pair_keeps_the_contract(stack: Stack) -> None:
    assert find_failures(stack) == []


@pytest.mark.slow
def test_keeps_the_contract_in_threads() -> None:
    assert find_failures_in_threads(FIVE_TWICE) == []


@pytest.mark.slow
def test_keeps_the_contract_without_asserts_and_with_warnings_as_errors() -> None:
    command = [sys.executable, "-O", "-W", "error", "-m", "tests.stacks"]
    run = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False)
    assert (run.stderr, run.returncode) == ("", 0)
    assert run.stdout.splitlines()[-1] == f"{FIVE_TWICE} keeps the contract"


# The server knows the length of one chunk and gets files, even if a layer declares that it wraps

ONE_CHUNK = (
    "gives_one_chunk_in_a_list",
    "gives_one_chunk_in_an_iterable_of_its_own",
    "gives_a_tuple",
    "answers_with_a_strong_etag",
    "reuses_its_list_of_headers",
)
OURS = [*(Stack(name) for name in LAYERS if name != "lint"), FIVE, FIVE_TWICE]
CODINGS = ("identity", "gzip")


@pytest.mark.parametrize("stack", OURS, ids=str)
def test_the_server_knows_the_length_of_one_chunk(stack: Stack) -> None:
    for name, coding in product(ONE_CHUNK, CODINGS):
        case = CASES[name]
        record = Server().run(stack(case.app), case.environ([KEY, ("Accept-Encoding", coding)]))
        length = h.get(record.headers, "content-length")
        assert record.length == 1 or length == str(len(record.body)), (name, coding)
        is_encoded = coding == "gzip" and "compress" in stack.names and name != "reuses_its_list_of_headers"
        assert h.get(record.headers, "content-encoding") == ("gzip" if is_encoded else None), (name, coding)


@pytest.mark.parametrize("stack", OURS, ids=str)
def test_the_server_gets_the_file_of_the_application(stack: Stack) -> None:
    case = CASES["gives_a_file"]
    for coding in CODINGS:
        record = Server().run(stack(case.app), case.environ([KEY, ("Accept-Encoding", coding)]))
        assert type(record.returned) is record.environ["wsgi.file_wrapper"], coding


@pytest.mark.parametrize(
    "name", ["raises_in_the_middle", "is_interrupted_in_the_middle", "starts_late_and_loses_its_client"]
)
def test_an_incomplete_compressed_body_does_not_look_complete(name: str) -> None:
    case = CASES[name]
    record = Server().run(FIVE(case.app), case.environ([KEY, ("Accept-Encoding", "gzip")]), take=case.take)
    reader = zlib.decompressobj(16 + zlib.MAX_WBITS)
    assert reader.decompress(record.body)
    assert not reader.eof


# wsgiref.validate on both sides of each layer, with every application that it accepts


def validate_each_layer(stack: Stack, app: App) -> App:
    app = validator(app)
    for name in reversed(stack.names):
        app = validator(Stack(name)(app))
    return app


@cache
def run_validated(name: str) -> Record:
    case = CASES[name]
    return Server().run(validator(case.app), case.environ([KEY]), take=case.take)


def find_complaints(record: Record) -> list[object]:
    raised = [event.value for event in record.all("raise")]
    return [error for error in raised if isinstance(error, AssertionError | WSGIWarning)]


@pytest.mark.parametrize("stack", [*map(Stack, LAYERS), FIVE], ids=str)
def test_the_validator_accepts_each_layer(stack: Stack, caplog: pytest.LogCaptureFixture) -> None:
    validator_passes = 0
    for case in CASES.values():
        # the validator calls iter() too early, and wraps the empty list of an application that took the connection over
        if case.name in ("raises_in_iter", "takes_over_and_never_starts", *LONG):
            continue
        bare = run_validated(case.name)
        if find_complaints(bare):
            continue
        environ = case.environ([KEY])
        errors = environ["wsgi.errors"]
        record = Server().run(validate_each_layer(stack, case.app), environ, take=case.take)
        assert find_complaints(record) == [], case.name
        answered = (*OWN_PASSWORD, *(ODD_PATHS if {"paths", "request_filter"} & {*stack.names} else ()))
        answered += NOT_FOUND if "cascade" in stack.names else ()
        if bare.error is None and case.name not in answered:
            assert (record.status, record.body) == (bare.status, bare.body), case.name
        assert "without being closed" not in errors.getvalue(), case.name
        validator_passes += 1
    assert validator_passes > 100
    logged = [entry.exc_info[1] for entry in caplog.records if entry.exc_info]
    assert [error for error in logged if isinstance(error, AssertionError | WSGIWarning)] == []


# The access log


@pytest.mark.parametrize("coding", CODINGS)
def test_logs_the_result_of_each_request(coding: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "tests.access")
    for name in CASES.keys() - LONG:
        case = CASES[name]
        caplog.clear()
        inner = CatchErrors(Compress(case.app)) if coding == "gzip" else case.app
        app = AccessLog(inner, format="%>s %B %X", output="logging", logger="tests.access")
        record = Server().run(app, case.environ([("Accept-Encoding", coding)]), take=case.take)
        [line] = [entry.getMessage() for entry in caplog.records if entry.name == "tests.access"]
        code, sent, outcome = line.split()
        if record.is_taken_over:  # the access log has no fixed code and length for it
            continue
        is_sent = bool(record.body) or record.is_complete
        assert code == ("500" if record.error is not None and not is_sent else record.code or "-"), name
        assert int(sent) == len(record.body), name
        is_whole = record.is_complete or record.method == "HEAD"
        assert outcome == ("-" if is_whole and record.error is None else "X"), name
