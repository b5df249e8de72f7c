"""The application that serve describes for the processes of a server; tests/servers/test_programs.py runs these."""

import argparse
import logging
import os
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.cli.files import layers, written
from tests.config.logging_tree import own_logging
from tests.direct import Call
from tests.waiting import MAX_WAIT
from wsgistack.cli import application
from wsgistack.cli.application import build, describe
from wsgistack.errors import ConfigError

LOGGING = """
[loggers]
keys = root
[handlers]
keys = file
[formatters]
keys =
[logger_root]
level = WARNING
handlers = file
[handler_file]
class = FileHandler
args = ("{}",)
"""
APP = """
import logging
logging.getLogger("a").warning("imported")
greeting = "hello"
def make(global_conf):
    global greeting
    greeting = global_conf.get("greeting", greeting)
    return app
def app(environ, start_response):
    logging.getLogger("a").warning("asked")
    start_response("200 OK", [])
    return [greeting.encode()]
"""


@contextmanager
def described(target: str, **others: Any) -> Iterator[logging.Logger]:
    """A new process, with its own logging, in which serve has described an application and nothing is built yet."""
    given = {"target": target, "layers": [], "values": {}, "name": "main", "verbose": False, **others}
    application._build.cache_clear()
    with own_logging() as root, pytest.MonkeyPatch.context() as patch:
        for name, value in describe(argparse.Namespace(**given), 3).items():
            patch.setenv(name, value)
        yield root
    application._build.cache_clear()


@pytest.fixture(autouse=True)
def _current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_builds_what_serve_describes_with_its_logging_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "log"
    text = layers("request_id").replace("pipeline:main", "pipeline:shop").replace("hello:app", "call:hello:make")
    written(tmp_path, text + LOGGING.format(log), app=APP)
    with described("stack.ini", name="shop") as root:
        monkeypatch.chdir("/")  # a server may change the folder
        made = application.application
        assert made is application.application is build()
        call = Call(made)
        assert (call.status, call.read()) == ("200 OK", b"hello")
        assert "x-request-id" in call.headers
        assert len(root.handlers) == 1
    assert log.read_text() == "imported\nasked\n"


def test_builds_an_application_with_layers_from_arguments(tmp_path: Path) -> None:
    written(tmp_path, "", app=APP)
    layers = ["request_id", "gzip level=1"]
    with described("call:hello:make", layers=layers, values={"greeting": "hi"}, verbose=True) as root:
        call = Call(build())
        assert (call.read(), "x-request-id" in call.headers) == (b"hi", True)
        assert root.level == logging.DEBUG


def test_logs_to_standard_error_if_the_file_sets_up_no_logging(tmp_path: Path) -> None:
    with described(written(tmp_path, layers("gzip"))) as root:
        build()
        assert (root.level, len(root.handlers)) == (logging.INFO, 1)


def test_builds_once_for_all_threads(tmp_path: Path) -> None:
    slow = "import time\ntime.sleep(0.1)\ndef make(global_conf):\n    return lambda environ, start_response: []\n"
    made: list[object] = []
    with described(written(tmp_path, layers("gzip").replace("hello:app", "call:hello:make"), app=slow)):
        threads = [threading.Thread(target=lambda: made.append(build())) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(made) == 3
    assert len({*map(id, made)}) == 1


def test_does_not_repeat_the_warnings_of_serve(tmp_path: Path) -> None:
    with described(written(tmp_path, layers("gzip", "access_log"))), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        build()
    assert caught == []


@pytest.mark.parametrize("with_logging", [False, True])
def test_prints_mistakes_and_ends_the_process(
    with_logging: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = LOGGING.format("log").replace("FileHandler", "FielHandler") if with_logging else ""
    with described(written(tmp_path, text + layers("gzpi"))) as root:
        with pytest.raises(SystemExit, match=r"^3$"):
            build()
        assert len(root.handlers) == (not with_logging)
    out, err = capsys.readouterr()
    assert out == ""
    assert "unknown layer 'gzpi'" in err.splitlines()[-1]
    assert len(err.splitlines()) == 1 + with_logging


@pytest.mark.parametrize("times", [1, 2])
def test_stops_as_the_server_asks_while_it_imports_the_application(
    times: int, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "_exit", sys.exit)  # the process of the tests goes on
    asked: list[int] = []

    def stop(number: int, frame: object) -> None:
        asked.append(number)
        sys.exit(0)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        app = f"import signal\nfor _ in range({times}): signal.raise_signal(signal.SIGTERM)\nbuilt = True\n"
        with described(written(tmp_path, layers("gzip"), app=f"{app}{APP}")), pytest.raises(SystemExit, match=r"^0$"):
            build()
        assert signal.getsignal(signal.SIGTERM) is stop
    finally:
        signal.signal(signal.SIGTERM, before)
    assert len(asked) == times
    assert capsys.readouterr().out == ""


def test_a_second_signal_ends_the_process_also_where_an_exception_would_be_lost(tmp_path: Path) -> None:
    app = """
import signal, weakref
class Thing: pass
thing = Thing()
reference = weakref.ref(thing, lambda _: [signal.raise_signal(signal.SIGTERM) for _ in range(2)])
del thing
print("imported further")
"""
    written(tmp_path, layers("gzip"), app=f"{app}{APP}")
    given = argparse.Namespace(target="stack.ini", layers=[], values={}, name="main", verbose=False)
    server = """
import signal, sys
signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(5))
from wsgistack.cli.application import application
"""
    done = subprocess.run(
        [sys.executable, "-c", server],
        env={**os.environ, **describe(given, 3)},
        capture_output=True,
        text=True,
        timeout=MAX_WAIT,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (5, "", "")


def test_builds_in_a_thread(tmp_path: Path) -> None:
    with described(written(tmp_path, layers("gzip"))), ThreadPoolExecutor(1) as pool:
        assert callable(pool.submit(build).result())


def test_reports_a_process_that_serve_did_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WSGISTACK_APPLICATION", raising=False)
    application._build.cache_clear()
    with pytest.raises(
        ConfigError, match=r"^WSGISTACK_APPLICATION: missing environment variable; use wsgistack serve$"
    ):
        build()


def test_has_nothing_else() -> None:
    with pytest.raises(AttributeError, match="no attribute 'app'"):
        application.app  # noqa: B018
