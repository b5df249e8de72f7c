"""``wsgistack serve`` in this process; tests/servers/ runs it in one of its own."""

import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, redirect_stderr, suppress
from io import StringIO
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.cli.files import PROGRAM, layers, read_mistakes, written
from tests.config.logging_tree import own_logging
from tests.linking import linked, read_reports
from tests.servers.running import find_port
from tests.waiting import MAX_WAIT, wait_until
from wsgistack.cli import main
from wsgistack.serving.address import Address

ONCE = "paste.server_runner = tests.cli.servers:once\n"
LOGGING = (
    "[loggers]\nkeys = root\n[handlers]\nkeys = file\n[formatters]\nkeys =\n"
    "[logger_root]\nlevel = ERROR\nhandlers = file\n[handler_file]\nclass = FileHandler\nargs = ({},)\n"
)


@pytest.fixture
def started() -> Iterator[Callable[..., logging.Logger]]:
    """Run ``serve`` with the logging of a new process, and return the root logger afterwards."""
    with ExitStack() as stack:

        def serve(*arguments: str, status: int = 0) -> logging.Logger:
            root = stack.enter_context(own_logging())
            assert main(["serve", *arguments]) == status
            return root

        yield serve


def fetch(address: str, bodies: list[bytes]) -> None:
    with urlopen(address, timeout=MAX_WAIT) as response:  # noqa: S310 (our own address)
        bodies.append(response.read())


def served(monkeypatch: pytest.MonkeyPatch, visit: Callable[[str], object], *arguments: str) -> list[str]:
    """What the command prints to standard output while a visitor uses the address that it has printed."""
    reading, writing = os.pipe()

    with os.fdopen(reading) as printed, os.fdopen(writing, "w") as output:
        visitor = threading.Thread(target=lambda: visit(printed.readline().split()[2]))
        visitor.start()
        with monkeypatch.context() as patched:
            patched.setattr(sys, "stdout", output)
            assert main(["serve", *arguments]) == 0
        visitor.join()
        output.close()
        return printed.read().splitlines()


def test_serves_until_it_is_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bodies: list[bytes] = []

    def visit(address: str) -> None:
        try:
            fetch(address, bodies)
        finally:
            os.kill(os.getpid(), signal.SIGINT)

    file = written(tmp_path, layers("gzip", "access_log", "request_id"))
    tree = ["gzip", "└─ access_log", "   └─ request_id", "      └─ hello:app"]
    assert served(monkeypatch, visit, "--port", "0", file) == [*tree, "Stopped."]
    assert bodies == [b"hello"]
    *warnings, line = read_mistakes(capsys.readouterr().err)
    assert [warning.partition(":")[0] for warning in warnings] == ["warning", "warning"]
    assert '"GET / HTTP/1.1" 200 5' in line


def test_reports_that_a_port_is_in_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["serve", "--port", str(port), written(tmp_path, layers("gzip"))]) == 1
    hint = "choose another port, or stop the program that has it"
    message = f"can't listen on 127.0.0.1 port {port}: Address already in use; {hint}"
    assert read_mistakes(capsys.readouterr().err) == [message]


@pytest.mark.parametrize(
    ("arguments", "options"), [([], {}), (["--server-name", "other"], {"a": "b"})], ids=["main", "by name"]
)
def test_serves_with_the_server_of_the_file(
    arguments: list[str], options: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, f"{layers('gzip')}[server:main]\n{ONCE}[server:other]\nuse = main\na = b\n")
    assert main(["serve", *arguments, file]) == 0
    banner = "Starting paste.server_runner:tests.cli.servers:once (stop with Ctrl-C)\ngzip\n└─ hello:app\n"
    assert capsys.readouterr() == (f"{banner}asked with {options}: 200 OK hello\nStopped.\n", "")


def test_is_interrupted_while_another_server_serves(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = f"{layers('gzip')}[server:main]\n{ONCE.replace('once', 'interrupted')}"
    assert main(["serve", written(tmp_path, text)]) == 130
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--server-name", "mian"], "{}: unknown server 'mian'; did you mean 'main'?"),
        (["--server-name", ""], "{}: unknown server ''"),
        (["--host", "no.such.host.invalid"], "can't listen on no.such.host.invalid port 8080: "),
        (["--name", "mian"], "{}: unknown application or pipeline 'mian'; did you mean 'main'?"),
    ],
)
def test_reports_a_wrong_argument(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, f"{layers('gzip')}[server:main]\n{ONCE}")
    assert main(["serve", *arguments, file]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    [line] = read_mistakes(err)
    assert line.startswith(message.format(file))


def test_reports_the_mistakes_of_server_logging_and_layers_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = LOGGING.replace("FileHandler", "FielHandler") + layers("gzip", "access_log").replace("gzip", "gzpi")
    file = written(tmp_path, f"{text}[server:main]\nuse = egg:wsgistak\n")
    assert main(["serve", file]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert [line.split(": ")[0].removeprefix(file) for line in read_mistakes(err)] == [":11", ":14", ":18"]
    summary = f"3 mistakes in {file}\n"
    assert err.endswith(f"\n\n{summary}")
    assert main(["check", file]) == 1
    assert capsys.readouterr() == (summary, err.removesuffix(summary))


@pytest.mark.parametrize("mounted", [True, False], ids=["in a mount", "of its own"])
def test_strict_refuses_a_wrong_order(mounted: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = layers("catch_errors", "request_id") + f"[server:main]\n{ONCE}"
    if mounted:
        text = (
            text.replace("pipeline:main", "pipeline:inner") + "[composite:main]\nuse = egg:wsgistack#mount\n/ = inner\n"
        )
    file = written(tmp_path, text)
    assert main(["serve", file]) == 0
    warning = capsys.readouterr().err
    assert warning.startswith(f"warning: {file}:2: ")
    assert (warning.count("outside request_id"), len(read_mistakes(warning))) == (1, 1)
    for command in ("serve", "check"):
        assert main([command, "--strict", file]) == 1
        assert capsys.readouterr().err == warning.removeprefix("warning: ")


def test_lets_other_warnings_pass(tmp_path: Path) -> None:
    app = "import warnings\nwarnings.warn('the application is old', FutureWarning)\n"
    app += "def app(environ, start_response):\n    start_response('200 OK', [])\n    return []\n"
    file = written(tmp_path, f"{layers('gzip')}[server:main]\n{ONCE}", app=app)
    with pytest.warns(FutureWarning, match="the application is old"):
        assert main(["serve", file]) == 0


def test_logs_to_standard_error_if_the_file_sets_up_no_logging(
    tmp_path: Path, started: Callable[..., logging.Logger]
) -> None:
    file = written(tmp_path, f"{layers('gzip')}[server:main]\n{ONCE}")
    root = started(file)
    assert (root.level, len(root.handlers)) == (logging.INFO, 1)


def test_logs_from_debug_on_when_it_is_verbose(tmp_path: Path, started: Callable[..., logging.Logger]) -> None:
    assert started(written(tmp_path, f"{layers('gzip')}[server:main]\n{ONCE}"), "-v").level == logging.DEBUG


def test_prints_nothing_of_its_own_when_it_is_quiet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--quiet", written(tmp_path, f"{layers('gzip')}[server:main]\n{ONCE}")]) == 0
    assert capsys.readouterr() == ("asked with {}: 200 OK hello\n", "")


def test_sets_up_the_logging_of_the_file(tmp_path: Path, started: Callable[..., logging.Logger]) -> None:
    app = "import logging\nlogging.getLogger('a').error('made')\ndef app(environ, start_response):\n"
    app += "    logging.getLogger('a').error('asked')\n    start_response('200 OK', [])\n    return []\n"
    text = f"{layers('gzip')}[server:main]\n{ONCE}{LOGGING.format(repr(str(tmp_path / 'log')))}"
    root = started(written(tmp_path, text, app=app))
    assert (tmp_path / "log").read_text() == "made\nasked\n"
    assert root.level == logging.ERROR


def test_reports_that_logging_can_not_be_set_up(
    tmp_path: Path, started: Callable[..., logging.Logger], capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, f"{layers('gzip')}[server:main]\n{ONCE}{LOGGING.format('len(5)')}")
    started(file, status=1)
    out, err = capsys.readouterr()
    assert out == ""
    assert "[handler_file]: cannot be set up: TypeError" in err


def test_serves_as_a_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bodies: list[bytes] = []
    file = written(tmp_path, layers("gzip"))
    with linked() as link:

        def visit(address: str) -> None:
            with closing(link):
                read_reports(link, file, tmp_path / "hello.py")
                fetch(address, bodies)

        assert served(monkeypatch, visit, "--reload", file) == ["gzip", "└─ hello:app"]
    assert bodies == [b"hello"]


def test_passes_the_options_of_waitress_on_as_a_worker(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    server = "[server:main]\nuse = egg:wsgistack\nport = 0\nthreads = none\n"
    with linked():
        assert main(["serve", "--reload", written(tmp_path, layers("gzip") + server)]) == 1
    assert "Waitress can't start: invalid literal for int() with base 10: 'none'" in capfd.readouterr().err


def test_ignores_the_options_of_other_servers_as_a_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = written(tmp_path, f"{layers('gzip')}[server:main]\n{ONCE}workers = 5\n")
    with linked() as link:

        def visit(address: str) -> None:
            link.close()

        assert served(monkeypatch, visit, "--reload", file) == ["gzip", "└─ hello:app"]


def test_reports_mistakes_as_a_worker(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path, layers("gzip"))
    with linked() as link:
        assert main(["serve", "--reload", "--server-name", "main", file]) == 1
        assert "" not in read_reports(link, file)
    hint = "the file describes no server: add a section for it"
    assert capfd.readouterr() == ("", f"{file}: unknown server 'main'\n  = hint: {hint}\n\n")


@pytest.mark.parametrize(
    ("listen", "expected"),
    [
        ("[::1]:6543", ("::1", 6543)),
        ("[::1]", ("::1", 8080)),
        ("*:6543 localhost:1", ("0.0.0.0", 6543)),  # noqa: S104
        ("localhost", ("localhost", 8080)),
        ("", ("127.0.0.1", 8080)),
    ],
)
def test_reload_reads_the_listen_option_of_waitress(
    listen: str, expected: tuple[str, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    addresses: list[Address] = []

    @contextmanager
    def note(address: Address, **options: object) -> Iterator[None]:
        addresses.append(address)
        yield

    monkeypatch.setattr("wsgistack.cli.server.listen", note)
    monkeypatch.setattr("wsgistack.serving.reload.supervise", lambda listener, command: None)
    file = written(tmp_path, f"{layers('gzip')}[server:main]\nuse = egg:waitress\nlisten = {listen}\n")
    assert main(["serve", "--reload", file]) == 0
    assert addresses == [Address(*expected)]


@pytest.mark.parametrize(
    "server",
    [
        pytest.param("use = egg:wsgistack\nhost = 127.0.0.1\nport = {}", id="ours"),
        pytest.param("use = egg:waitress\nlisten = 127.0.0.1:{} [::1]:1", id="waitress", marks=pytest.mark.slow),
        pytest.param(
            "use = egg:waitress\nlisten = 127.0.0.1\nport = {}", id="waitress, host alone", marks=pytest.mark.slow
        ),
        pytest.param("", id="broken", marks=pytest.mark.slow),
    ],
)
def test_reload_listens_as_the_server_section_says(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    port = find_port()
    is_broken = not server
    file = written(tmp_path, "[" if is_broken else f"{layers('gzip')}[server:main]\n{server.format(port)}\n")
    arguments = ["serve", "--reload", *(["--port", str(port)] if is_broken else []), file]
    monkeypatch.setattr(sys, "orig_argv", [*PROGRAM, *arguments])
    bodies: list[bytes] = []
    said = StringIO()

    def visit() -> None:
        def find() -> bool:
            if is_broken:
                return "startup failed; requests wait" in said.getvalue()
            with suppress(OSError):
                fetch(f"http://127.0.0.1:{port}/", bodies)
            return bool(bodies)

        try:
            wait_until(find)
        finally:
            os.kill(os.getpid(), signal.SIGINT)

    visitor = threading.Thread(target=visit)
    visitor.start()
    with redirect_stderr(said):
        assert main(arguments) == 0
    visitor.join()
    assert bodies == ([] if is_broken else [b"hello"])
    assert capfd.readouterr().out.endswith("Stopped.\n")


def test_reload_watches_included_files_and_files_in_references(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "realm").write_text("staff")
    (tmp_path / "shared").mkdir()
    included = tmp_path / "shared" / "part.ini"
    included.write_text("[filter:auth]\nuse = basic_auth\nusers = ada = b\nrealm = ${file:../realm}\n")
    text = "[pipeline:main]\npipeline = auth hello\n[filter:auth]\nuse = config:shared/part.ini#auth\n"
    file = written(tmp_path, f"{text}[app:hello]\nuse = hello:app\n")
    with linked() as link:

        def visit(address: str) -> None:
            with closing(link):
                read_reports(link, file, included, tmp_path / "realm")

        served(monkeypatch, visit, "--reload", "--port", "0", file)
