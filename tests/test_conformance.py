"""The layers, each alone and together, under every case of the conformance kit."""

import logging
import subprocess
import sys
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar
from wsgiref.validate import WSGIWarning, validator

import pytest

from tests.stacks import FIVE, FIVE_TWICE, KEY, LAYERS, OPTIONS, PAIRS, Stack, judged, judged_in_threads
from wsgistack import AccessLog, BasicAuth, CatchErrors, Compress, Gzip, RequestId
from wsgistack.http import headers as h
from wsgistack.testing import Judge, MiddlewareConformance, Record, Server
from wsgistack.testing.hostile import CASES
from wsgistack.testing.lint import Lint
from wsgistack.types import App, Changes

OWN_PASSWORD = dict.fromkeys(
    ("gets_odd_headers", "gets_odd_headers-by_a_browser"), "it comes with a password of its own, which is wrong"
)


class TestRequestId(MiddlewareConformance):
    factory = RequestId


class TestAccessLog(MiddlewareConformance):
    factory = AccessLog
    options = OPTIONS["access_log"]


class TestCatchErrors(MiddlewareConformance):
    factory = CatchErrors


class TestCompress(MiddlewareConformance):
    factory = Compress


class TestCompressThatIsNotAskedTo(MiddlewareConformance):
    """Without an Accept-Encoding that it knows, it tells Vary, and has nothing to do with the body."""

    factory = Compress
    options: ClassVar[Mapping[str, object]] = {"codings": ["br"]}
    changes = Changes(frozenset({"vary"}))


class TestCompressInAllThatItCanDo(MiddlewareConformance):
    factory = Compress
    options: ClassVar[Mapping[str, object]] = {
        "codings": ["gzip", "br", "zstd"],
        "levels": {"gzip": 9},
        "minimum_size": 0,
        "random_padding": 300,
    }


class TestGzip(MiddlewareConformance):
    factory = Gzip


class TestBasicAuth(MiddlewareConformance):
    factory = BasicAuth
    options = OPTIONS["basic_auth"]
    headers = (KEY,)
    changes = Changes()  # who has the password gets all as it is
    exempt = OWN_PASSWORD


class TestBasicAuthWithoutThePassword(MiddlewareConformance):
    factory = BasicAuth
    options = OPTIONS["basic_auth"]


class TestLint(MiddlewareConformance):
    factory = Lint


class TestAllFive(MiddlewareConformance):
    factory = FIVE
    headers = (KEY,)
    changes = FIVE.changes._replace(answers=False)
    exempt = OWN_PASSWORD


class TestAllFiveWithoutThePassword(MiddlewareConformance):
    factory = FIVE


def test_gathers_a_stream_where_it_is_told_to_and_keeps_the_rest_of_the_contract() -> None:
    browser = [("Accept-Encoding", "gzip")]
    judge = Judge(Compress, {"minimum_size": 0, "flush_size": 65536, "flush_interval": 99}, headers=browser)
    assert {breach.rule for verdict in judge.judge_all() for breach in verdict.breaches} == {"holds_no_chunk_back"}


@pytest.mark.parametrize("stack", [*PAIRS, FIVE_TWICE], ids=str)
def test_keeps_the_contract(stack: Stack) -> None:
    assert judged(stack) == []


def test_keeps_the_contract_in_threads() -> None:
    assert judged_in_threads(FIVE_TWICE) == []


def test_keeps_the_contract_without_asserts_and_with_warnings_as_errors() -> None:
    command = [sys.executable, "-O", "-W", "error", "-m", "tests.stacks"]
    run = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False)
    assert (run.stderr, run.returncode) == ("", 0)
    assert run.stdout.splitlines()[-1] == f"{FIVE_TWICE} keeps the contract"


# What a server gains by a body of one chunk, and by a file: also around layers that say that they wrap

ONE_CHUNK = (
    "gives_one_chunk_in_a_list",
    "gives_one_chunk_in_an_iterable_of_its_own",
    "gives_a_tuple",
    "answers_with_a_strong_etag",
    "reuses_its_list_of_headers",
)
OURS = [*(Stack(name) for name in LAYERS if name != "lint"), FIVE, FIVE_TWICE]


@pytest.mark.parametrize("coding", ["identity", "gzip"])
@pytest.mark.parametrize("name", ONE_CHUNK)
@pytest.mark.parametrize("stack", OURS, ids=str)
def test_lets_the_server_know_the_length_of_one_chunk(stack: Stack, name: str, coding: str) -> None:
    case = CASES[name]
    record = Server().run(stack(case.app), case.environ([KEY, ("Accept-Encoding", coding)]))
    assert record.length == 1 or h.get(record.headers, "content-length") == str(len(record.body))
    is_encoded = coding == "gzip" and "compress" in stack.names and case.name != "reuses_its_list_of_headers"
    assert h.get(record.headers, "content-encoding") == ("gzip" if is_encoded else None)


@pytest.mark.parametrize("coding", ["identity", "gzip"])
@pytest.mark.parametrize("stack", OURS, ids=str)
def test_hands_on_a_file_that_the_server_can_send_by_itself(stack: Stack, coding: str) -> None:
    case = CASES["gives_a_file"]
    record = Server().run(stack(case.app), case.environ([KEY, ("Accept-Encoding", coding)]))
    assert type(record.returned) is record.environ["wsgi.file_wrapper"]


@pytest.mark.parametrize(
    "name", ["raises_in_the_middle", "is_interrupted_in_the_middle", "starts_late_and_loses_its_client"]
)
def test_a_compressed_body_that_breaks_off_does_not_look_whole(name: str) -> None:
    case = CASES[name]
    record = Server().run(FIVE(case.app), case.environ([KEY, ("Accept-Encoding", "gzip")]), take=case.take)
    reader = zlib.decompressobj(16 + zlib.MAX_WBITS)
    assert reader.decompress(record.body)
    assert not reader.eof


# wsgiref's own validator on both sides of each layer, around every application that it lets pass


def validated(stack: Stack, app: App) -> App:
    app = validator(app)
    for name in reversed(stack.names):
        app = validator(Stack(name)(app))
    return app


def complaints(record: Record) -> list[object]:
    raised = [event.value for event in record.all("raise")]
    return [error for error in raised if isinstance(error, AssertionError | WSGIWarning)]


@pytest.mark.parametrize("stack", [*map(Stack, LAYERS), FIVE], ids=str)
def test_gives_the_validator_no_reason_to_complain(stack: Stack, caplog: pytest.LogCaptureFixture) -> None:
    validator_passes = 0
    for case in CASES.values():
        if case.name == "raises_in_iter":  # the validator fails, for it calls iter() too early
            continue
        bare = Server().run(validator(case.app), case.environ([KEY]), take=case.take)
        if complaints(bare):
            continue
        environ = case.environ([KEY])
        errors = environ["wsgi.errors"]
        record = Server().run(validated(stack, case.app), environ, take=case.take)
        assert complaints(record) == [], case.name
        if bare.error is None and case.name not in OWN_PASSWORD:
            assert (record.status, record.body) == (bare.status, bare.body), case.name
        assert "without being closed" not in errors.getvalue(), case.name
        validator_passes += 1
    assert validator_passes > 100
    logged = [entry.exc_info[1] for entry in caplog.records if entry.exc_info]
    assert [error for error in logged if isinstance(error, AssertionError | WSGIWarning)] == []


# What the access log tells of all this


@pytest.mark.parametrize("coding", ["identity", "gzip"])
@pytest.mark.parametrize("name", CASES)
def test_logs_what_became_of_each_request(name: str, coding: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "tests.access")
    case = CASES[name]
    inner = CatchErrors(Compress(case.app)) if coding == "gzip" else case.app
    app = AccessLog(inner, format="%>s %B %X", output="logging", logger="tests.access")
    record = Server().run(app, case.environ([("Accept-Encoding", coding)]), take=case.take)
    [line] = [entry.getMessage() for entry in caplog.records if entry.name == "tests.access"]
    code, sent, outcome = line.split()
    is_sent = bool(record.body) or record.is_complete
    assert code == ("500" if record.error is not None and not is_sent else record.code or "-")
    assert int(sent) == len(record.body)
    is_whole = record.is_complete or record.method == "HEAD"
    assert outcome == ("-" if is_whole and record.error is None else "X")
