"""The command line: what each command prints, and its exit status, whatever the files hold."""

import json
import logging
import os
import re
import runpy
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import redirect_stdout
from importlib.metadata import version
from io import StringIO
from pathlib import Path
from urllib.request import urlopen
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

import wsgistack
from wsgistack import registry
from wsgistack.cli import main
from wsgistack.testing import Judge
from wsgistack.testing.rules import MIDDLEWARE

QUICKSTART = Path(__file__).parent.parent / "recipes" / "quickstart" / "stack.ini"
PROGRAM = [sys.executable, "-c", "import sys; from wsgistack.cli import main; sys.exit(main())"]

HELLO = """
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]
"""
TREE = """\
request_id
└─ access_log
   └─ catch_errors
      └─ gzip
         │  minimum_size = 200
         └─ demo (basic_auth)
            │  realm = 'wsgistack quickstart'
            │  users = <secret>
            └─ greetings:application
"""


@pytest.fixture(autouse=True)
def _modules_of_one_test_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setattr(sys, "path", sys.path[:])
    monkeypatch.setenv("COLUMNS", "100")
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if not name.startswith("wsgistack"):
            del sys.modules[name]


def written(folder: Path, text: str, *, name: str = "stack.ini", app: str = HELLO) -> str:
    (folder / "hello.py").write_text(app, "utf-8")
    (folder / name).write_text(text, "utf-8")
    return str(folder / name)


def layers(*names: str) -> str:
    return f"[pipeline:main]\npipeline = {' '.join(names)} hello\n[app:hello]\nuse = hello:app\n"


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [*PROGRAM, *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, env={**os.environ, **environ})


def test_runs_as_a_module(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["wsgistack", "--version"])
    with pytest.raises(SystemExit):
        runpy.run_path(str(Path(wsgistack.__file__).with_name("__main__.py")), run_name="__main__")
    assert capsys.readouterr().out == f"wsgistack {version('wsgistack')}\n"


def test_check_misses_the_main_application(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "typo.ini"
    file.write_text("[pipeline:mian]\npipeline = request_id app\n[app:app]\nuse = wsgiref.simple_server:demo_app\n")
    assert main(["check", str(file)]) == 1
    assert capsys.readouterr().err == f"{file}: no application or pipeline 'main'; did you mean 'mian'?\n"
    assert main(["check", "--name", "mian", str(file)]) == 0


def test_tells_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match=r"^0$"):
        main(["--version"])
    assert capsys.readouterr().out == f"wsgistack {version('wsgistack')}\n"


def test_needs_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match=r"^2$"):
        main([])
    assert "COMMAND" in capsys.readouterr().err


def test_installs_as_a_program() -> None:
    program = Path(sys.executable).with_name("wsgistack")
    assert subprocess.run([program, "check", QUICKSTART], check=True, capture_output=True).stderr == b""


# show


def test_shows_the_layers_as_a_tree_without_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(QUICKSTART)]) == 0
    assert capsys.readouterr().out == TREE


def test_shows_options_as_a_configuration_has_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    app = HELLO + "\ndef check(user, password): return True\ndef paste(conf, **options): return lambda app: app\n"
    text = (
        layers("auth", "log", "proxies")
        + "[filter:auth]\nuse = basic_auth\ncheck = hello:check\n"
        + "[filter:log]\nuse = access-log\nfile = access.log\n"
        + "[filter:proxies]\nuse = call:hello:paste\npassword = 1234\n"
    )
    assert main(["show", written(tmp_path, text, app=app)]) == 0
    assert capsys.readouterr().out == (
        "auth (basic_auth)\n"
        "│  check = hello:check\n"
        "└─ log (access-log)\n"
        f"   │  file = {tmp_path / 'access.log'}\n"
        "   └─ proxies (call:hello:paste)\n"
        "      │  password = '1234'\n"
        "      └─ hello:app\n"
    )


def test_shows_an_application_without_layers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", written(tmp_path, 'app = "hello:app"\n', name="stack.toml")]) == 0
    assert capsys.readouterr().out == "hello:app\n"


def test_shows_the_application_that_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path, layers("gzip").replace(":main]", ":other]"))
    assert main(["show", "--name", "other", file]) == 0
    assert capsys.readouterr().out == "gzip\n└─ hello:app\n"
    assert main(["show", file]) == 1
    assert capsys.readouterr() == ("", f"{file}: no application or pipeline 'main'; there are: hello, other\n")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_shows_the_tree_on_any_terminal(encoding: str) -> None:
    shown = run("show", str(QUICKSTART), PYTHONIOENCODING=encoding)
    tree = TREE.encode(encoding, "backslashreplace").decode(encoding)
    assert (shown.returncode, shown.stderr, shown.stdout) == (0, "", tree)


# list


def test_lists_the_layers_that_are_installed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == sorted(registry.names())
    assert "gzip          Compress eligible responses with gzip alone." in lines


def test_lists_the_options_of_one_layer(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "request-id"]) == 0
    title, _, *options = capsys.readouterr().out.splitlines()
    assert (
        title == "request-id: Give each request an id: the one that came with it, if it is well-formed, or else a new"
    )
    assert options[:3] == ["", "  header: text", f"      {options[2].strip()}"]


STRANGER = '''
from functools import partial

def powered(app, coffee: str, *, cups: int = 1):
    """Say what powers a site,
    in a header.

    :param coffee: which ``kind``.
    """
    return app

def bare(app): return app

def silent(app, *, by=powered): return app
'''


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (
            "powered",
            (
                "stranger:powered: Say what powers a site, in a header.\n\n  coffee: text\n      which `kind`.\n"
                "      required\n  cups: a whole number\n      default: 1\n"
            ),
        ),
        ("bare", "stranger:bare\n\n  It names no options.\n"),
        ("silent", "stranger:silent\n\n  by: anything\n      default: stranger:powered\n"),
    ],
)
def test_lists_the_options_of_a_stranger(
    name: str, shown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "stranger.py").write_text(STRANGER, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    assert main(["list", f"stranger:{name}"]) == 0
    assert capsys.readouterr().out == shown


@pytest.mark.parametrize(
    ("name", "message"),
    [
        pytest.param("gzpi", "no layer 'gzpi'; did you mean 'gzip'?", id="misspelt"),
        pytest.param("nosuch:Layer", "no module 'nosuch'", id="no module"),
        pytest.param("json:dumpss", "no 'dumpss' in json; did you mean 'dumps'?", id="nothing in a module"),
        pytest.param("sys:version", "'sys:version' is no callable; expected one that takes the app", id="no callable"),
        pytest.param("threading:active_count", "active_count takes no application", id="a callable that is no layer"),
    ],
)
def test_says_which_layer_was_perhaps_meant(name: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", name]) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(message)


def test_lists_a_layer_that_can_not_be_imported_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    info = tmp_path / "stranger-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[wsgistack.middleware]\nbroken = stranger:Layer\n")
    (tmp_path / "stranger.py").write_text("raise RuntimeError('half installed')")
    monkeypatch.syspath_prepend(tmp_path)
    registry.names.cache_clear()
    try:
        assert main(["list"]) == 0
    finally:
        registry.names.cache_clear()
    listed = capsys.readouterr().out.splitlines()
    assert "broken        (can't be used: importing 'stranger' failed: RuntimeError: half installed)" in listed
    assert "gzip          Compress eligible responses with gzip alone." in listed


# check


@pytest.mark.parametrize(
    "file", [pytest.param("", id="the quickstart"), pytest.param('app = "hello:app"', id="TOML without layers")]
)
def test_finds_nothing_wrong(file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, file, name="stack.toml") if file else str(QUICKSTART)
    assert main(["check", path]) == 0
    assert capsys.readouterr() == (f"{path}: nothing wrong\n", "")


FIVE = """\
[pipeline:main]
pipeline = request_id access gzpi hello

[fliter:access]
use = access_log

[filter:access]
use = access_log
formt = combined
output = stdrr

[app:hello]
use = hello:ap
"""


def test_names_all_five_mistakes_with_file_line_and_right_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, FIVE)
    assert main(["check", file]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    expected = [
        (f"{file}:2: [pipeline:main] pipeline: ", "'gzpi'", "did you mean 'gzip'?"),
        (f"{file}:4: ", "'fliter'", "did you mean [filter:access]?"),
        (f"{file}:9: [filter:access] formt: ", "", "did you mean 'format'?"),
        (f"{file}:10: [filter:access] output: ", "'stdrr'", "did you mean 'stderr'?"),
        (f"{file}:13: [app:hello]", "'ap'", "did you mean 'app'?"),
    ]
    for line, (place, problem, hint) in zip(err.splitlines(), expected, strict=True):
        assert line.startswith(place)
        assert problem in line
        assert line.endswith(f"; {hint}")
    for command in ("show", "serve"):
        assert main([command, file]) == 1
        shown, told = capsys.readouterr()
        assert shown == ""
        assert set(told.splitlines()) <= set(err.splitlines())
    assert told == err, "serve names them all"


def test_warns_of_the_order_once_and_does_not_fail(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    inner = "[pipeline:main]\npipeline = request_id inner\n" + layers("gzip", "access_log").replace("main", "inner")
    file = written(tmp_path, inner)
    assert main(["check", file]) == 0
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == (f"{file}: nothing wrong\n", 1)
    assert err.startswith(f"warning: {file}:4: [pipeline:inner]")
    assert err.endswith(
        " gzip stands outside access_log: the log would not tell what went over the wire; put access_log before gzip\n"
    )


@pytest.mark.parametrize("command", ["check", "show", "serve"])
def test_says_in_one_line_that_a_file_can_not_be_read(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty.ini").touch()
    (tmp_path / "bytes.toml").write_bytes(b"\n\xff")
    files = {
        "emptyy.ini": ": there is no such file; did you mean 'empty.ini'?",
        "empty.ini": ": the file is empty",
        "bytes.toml": ":2: the byte 0xff is not UTF-8; expected a text in UTF-8",
        ".": ": can't be read: Is a directory",
        "x" * 300: ": can't be read: File name too long",
    }
    for name, message in files.items():
        assert main([command, str(tmp_path / name)]) == 1
        assert capsys.readouterr() == ("", f"{tmp_path / name}{message}\n")


KEYS = ["use", "pipeline", "app", "layers", "level", "minimum_size", "users", "codings", "here", "format", "name"]
VALUES = [
    "gzip",
    "basic_auth",
    "access_log",
    "a",
    "egg:wsgistack#gzip",
    "config:x.ini",
    "call:json:dumps",
    "%(a)s",
    "1",
]
VALUES += [
    "json:dumps",
    "hello:app",
    "[]",
    '"gzip"',
    '["gzip", 1, {}, {use = 1}]',
    "{}",
    "%(",
    "-1",
    "a:b:c",
    "egg:",
    "",
]
LINES = st.one_of(
    st.builds(
        "[{}:{}]".format, st.sampled_from(["app", "filter", "pipeline", "x"]), st.sampled_from(["main", "a", ""])
    ),
    st.builds("{} = {}".format, st.sampled_from(KEYS), st.lists(st.sampled_from(VALUES), max_size=3).map(" ".join)),
    st.sampled_from(["[DEFAULT]", "[[layers]]", "[app]", "  a = 1", "#", "\ufeff"]),
    st.text(max_size=8),
)


@given(
    content=st.lists(LINES, max_size=12).map(lambda lines: "\n".join(lines).encode()) | st.binary(max_size=40),
    suffix=st.sampled_from(["ini", "toml"]),
    command=st.sampled_from(["check", "show"]),
)
def test_survives_whatever_a_file_holds(
    content: bytes, suffix: str, command: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / f"any.{suffix}"
    path.write_bytes(content)
    (path.parent / "hello.py").write_text(HELLO)
    assert main([command, str(path)]) in (0, 1)


# conform

AUTHOR = '''
from wsgistack import Middleware

class Renaming(Middleware):
    """Adds a header, and says nothing of it."""

    def __init__(self, app, /, *, name: str = "X-Added", times: int = 1):
        super().__init__(app)
        self.added = [(name, "yes")] * times

    def __call__(self, environ, start_response):
        def start(status, headers, exc_info=None):
            return start_response(status, headers + self.added, exc_info)

        return self.app(environ, start)

class Shouting(Middleware):
    def __call__(self, environ, start_response):
        print("here I am")
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
def test_says_that_a_layer_conforms(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conform", *arguments]) == 0
    total = len(Judge.names())
    assert capsys.readouterr().out == f"{arguments[0]}: {total} of {total} cases passed\n"


@pytest.mark.usefixtures("mine")
def test_says_what_a_layer_breaks_with_the_clause(capsys: pytest.CaptureFixture[str]) -> None:
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
def test_says_it_as_json(capsys: pytest.CaptureFixture[str]) -> None:
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
def test_says_it_as_junit(layer: str, status: int, capsys: pytest.CaptureFixture[str]) -> None:
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
        pytest.param(["gzpi"], "no layer 'gzpi'; did you mean 'gzip'?", id="misspelt"),
        pytest.param(["mine:Renamin"], "no 'Renamin' in mine; did you mean 'Renaming'?", id="misspelt in a module"),
        pytest.param(
            ["gzip", "--option", "minimum_size=big"],
            "minimum_size: found 'big'; expected a size such as 500, 64KiB or 10 MB",
            id="an option of a wrong type",
        ),
        pytest.param(
            ["gzip", "--option", "minimum_sise=1"],
            "minimum_sise: no such option of Gzip; did you mean 'minimum_size'?",
            id="an option that there is not",
        ),
        pytest.param(
            ["basic_auth"],
            "needs one source of users; expected exactly one of users, htpasswd and check",
            id="an option that is missing",
        ),
        pytest.param(
            ["mine:refusing"], "mine:refusing can't be built: OSError: no room for a layer", id="a factory that raises"
        ),
    ],
)
@pytest.mark.usefixtures("mine")
def test_says_why_a_layer_can_not_be_judged(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["conform", *arguments]) == 1
    assert capsys.readouterr() == ("", f"{message}\n")


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        (["--option", "level"], "argument --option: 'level' is not of the form NAME=VALUE"),
        (["--header", ": b"], "argument --header: ': b' is not of the form NAME:VALUE"),
        (["--format", "xml"], "argument --format: invalid choice: 'xml'"),
    ],
)
def test_takes_no_malformed_argument(argument: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match=r"^2$"):
        main(["conform", "gzip", *argument])
    assert message in capsys.readouterr().err


def test_keeps_what_a_layer_says_of_errors_out_of_the_log_and_no_more(caplog: pytest.LogCaptureFixture) -> None:
    assert main(["conform", "catch_errors"]) == 0
    assert caplog.records == []
    logging.getLogger("tests.cli").error("something else")
    assert caplog.messages == ["something else"]


def test_shows_what_a_peer_breaks_today() -> None:
    shown = run("conform", "werkzeug.middleware.profiler:ProfilerMiddleware")
    assert shown.returncode == 1
    title, *lines = shown.stdout.splitlines()
    assert title.startswith("werkzeug.middleware.profiler:ProfilerMiddleware: ")
    broken = {line for line in lines if line and not line.startswith(" ")}
    assert broken >= {"keeps_the_chunks", "closes_once", "reads_nothing_ahead", "holds_no_chunk_back"}
    assert "function calls" in shown.stderr, "what it prints is not part of the report"


# output that ends early


def test_stops_quietly_when_nobody_reads_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as gone:
        monkeypatch.setattr(sys, "stdout", gone)
        assert main(["list"]) == 1
    assert capsys.readouterr().err == ""


def test_writes_where_standard_output_is_not_a_stream_of_bytes() -> None:
    with redirect_stdout(StringIO()) as shown:
        assert main(["show", str(QUICKSTART)]) == 0
    assert shown.getvalue() == TREE


def test_is_interrupted_without_a_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    app = "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n" + HELLO
    assert main(["check", written(tmp_path, layers("gzip"), app=app)]) == 130
    assert capsys.readouterr() == ("", "")


# serve, in this process; tests/servers/ runs it in one of its own


def test_serves_until_it_is_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, layers("gzip", "access_log", "request_id"))
    reading, writing = os.pipe()
    bodies: list[bytes] = []

    def visit(address: str) -> None:
        try:
            with urlopen(address, timeout=30) as response:  # noqa: S310 (our own address)
                bodies.append(response.read())
        finally:
            os.kill(os.getpid(), signal.SIGINT)

    with os.fdopen(reading) as told, os.fdopen(writing, "w") as output:
        visitor = threading.Thread(target=lambda: visit(told.readline().split()[2]))
        visitor.start()
        with monkeypatch.context() as patched:
            patched.setattr(sys, "stdout", output)
            assert main(["serve", "--port", "0", file]) == 0
        visitor.join()
        output.close()
        tree = ["gzip", "└─ access_log", "   └─ request_id", "      └─ hello:app"]
        assert told.read().splitlines() == [*tree, "Stopped."]
    assert bodies == [b"hello"]
    *warnings, line = capsys.readouterr().err.splitlines()
    assert [warning.partition(":")[0] for warning in warnings] == ["warning", "warning"]
    assert '"GET / HTTP/1.1" 200 5' in line


def test_takes_no_port_that_is_in_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["serve", "--port", str(port), written(tmp_path, layers("gzip"))]) == 1
    message = f"can't listen on 127.0.0.1 port {port}: Address already in use; another --host or --port\n"
    assert capsys.readouterr() == ("", message)


def test_conform_takes_no_misspelling_for_a_header(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["conform", "gzip", "--changes", "boddy"])
    assert "did you mean 'body'?" in capsys.readouterr().err
