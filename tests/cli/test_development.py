"""What ``serve`` does for a developer: a line for each request, and a warning before strangers see error pages."""

import os
import re
import signal
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.files import HELLO, layers, read_mistakes, written
from tests.cli.test_serving import ONCE, fetch, served
from tests.direct import Call
from tests.linking import linked
from wsgistack.cli import main
from wsgistack.cli.development import find_hosts, is_public, log_requests
from wsgistack.types import Environ, StartResponse

LINE = r"GET / 200 \d+\.\d ms\n"
DEBUG = """
app = "hello:app"
layers = [
    "request_id",
    {{ use = "catch_errors", debug = {} }},
]
"""
MOUNTED = """\
[composite:main]
use = egg:wsgistack#mount
/ = inner
[pipeline:inner]
pipeline = log hello
[app:hello]
use = hello:app
[filter:log]
"""
HINT = "turn it off, or serve on 127.0.0.1"
WARNING = f"debug: on, and {{}} is a public address: error pages may show your code to strangers; {HINT}"


def visited(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], file: str, *arguments: str) -> str:
    """What the command prints to standard error while it serves one request."""

    def visit(address: str) -> None:
        try:
            fetch(address.replace("0.0.0.0", "127.0.0.1"), [])  # noqa: S104
        finally:
            os.kill(os.getpid(), signal.SIGINT)

    served(monkeypatch, visit, "-p", "0", *arguments, file)
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "arguments", "expected"),
    [
        pytest.param(layers("gzip"), [], LINE, id="no access log"),
        pytest.param(f"{layers('gzip')}[server:main]\n{ONCE}", [], LINE, id="another address than that of the server"),
        pytest.param(MOUNTED + "use = request_id\n", [], LINE, id="no access log in a mount"),
        pytest.param(MOUNTED + "use = access_log\nformat = X%%U\n", [], "X/\n", id="an access log in a mount"),
        pytest.param(
            layers("log") + "[filter:log]\nuse = access_log\nwhen_path = /x\n", [], "", id="for other requests"
        ),
    ],
)
def test_prints_each_request_unless_an_access_log_does(
    text: str,
    arguments: list[str],
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert re.fullmatch(expected, visited(monkeypatch, capsys, written(tmp_path, text), *arguments))


@pytest.mark.parametrize("arguments", [["-q"], ["--quiet"]])
def test_prints_no_requests_when_it_is_quiet(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "wsgistack.serving.serve.serve", lambda app, listener, **options: (listener.close(), Call(app).read())
    )
    assert main(["serve", "-p", "0", *arguments, written(tmp_path, layers("gzip"))]) == 0
    assert capsys.readouterr() == ("", "")


def test_prints_no_requests_for_the_server_of_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", written(tmp_path, f"{layers('gzip')}[server:main]\n{ONCE}")]) == 0
    assert capsys.readouterr().err == ""


def test_prints_requests_as_a_worker(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(tmp_path, f"{layers('gzip')}[server:main]\n{ONCE}")
    with linked() as link:

        def visit(address: str) -> None:
            with closing(link):
                fetch(address, [])

        served(monkeypatch, visit, "--reload", file)
    assert re.fullmatch(LINE, capfd.readouterr().err)


def test_says_that_the_application_failed(capsys: pytest.CaptureFixture[str]) -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011
        Call(log_requests(app, []), "/\xfc\n", REQUEST_METHOD="X Y", QUERY_STRING="a b")
    expected = r"X\\x20Y /%FC%0A\?a\\x20b 500 \d+\.\d ms failed\n"
    assert re.fullmatch(expected, capsys.readouterr().err)


def test_prints_no_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        return [b""]

    Call(log_requests(app, []), "/reset/hunter2", QUERY_STRING="token=hunter2&a=1").read()
    expected = r"GET /reset/\[redacted\]\?token=\[redacted\]&a=1 200 \d+\.\d ms\n"
    assert re.fullmatch(expected, capsys.readouterr().err)


def test_says_that_the_client_has_gone(capsys: pytest.CaptureFixture[str]) -> None:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Length", "10")])
        yield from (b"first", b"second")

    call = Call(log_requests(app, []))
    call.next()
    call.close()
    assert re.fullmatch(r"GET / 200 \d+\.\d ms aborted\n", capsys.readouterr().err)


@pytest.mark.parametrize(
    ("host", "warning"),
    [("0.0.0.0", WARNING.format("'0.0.0.0'")), ("127.0.0.1", "")],  # noqa: S104
)
@pytest.mark.parametrize("debug", ["true", '"${env:SITE_DEBUG}"'])
def test_warns_about_debug_on_a_public_address(
    debug: str,
    host: str,
    warning: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("SITE_DEBUG", "yes")
    file = written(tmp_path, DEBUG.format(debug), name="stack.toml")
    err = re.sub(LINE, "", visited(monkeypatch, capsys, file, "--host", host))
    assert read_mistakes(err) == ([f"warning: {file}:5: layer 2 (catch_errors) {warning}"] if warning else [])


def test_does_not_warn_if_debug_is_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, DEBUG.format("false"), name="stack.toml")
    assert re.fullmatch(LINE, visited(monkeypatch, capsys, file, "--host", "0.0.0.0"))  # noqa: S104


@pytest.mark.parametrize(
    ("options", "host"),
    [
        ("host = 10.1.2.3", "10.1.2.3"),
        ("listen = 127.0.0.1:8080 [::]:8080", "[::]"),
        ("listen = *:8080", "*"),
        ("bind = :8080", "*"),
        ("host = localhost", None),
        ("unix_socket = /run/site.sock", None),
        ("", None),
    ],
)
def test_warns_about_the_address_of_another_server(
    options: str, host: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = f"{MOUNTED}use = catch_errors\ndebug = true\nwhen_path = /x\n[server:main]\n{ONCE}{options}\n"
    file = written(tmp_path, text)
    assert main(["serve", file]) == 0
    expected = [f"warning: {file}:10: [filter:log] {WARNING.format(repr(host))}"] if host is not None else []
    assert read_mistakes(capsys.readouterr().err) == expected


@pytest.mark.parametrize("use", ["egg:waitress", "egg:Waitress#main"])
def test_waitress_listens_on_every_address_by_default(
    use: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("waitress.serve_paste", lambda app, global_conf, **options: 0)
    file = written(tmp_path, f"{MOUNTED}use = catch_errors\ndebug = true\n[server:main]\nuse = {use}\n")
    assert main(["serve", file]) == 0
    [said] = read_mistakes(capsys.readouterr().err)
    assert said.endswith(WARNING.format("'0.0.0.0'"))


def test_a_filter_for_pastedeploy_may_have_debug(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    app = "def make(app, global_conf, **options):\n    return app\n"
    text = "[filter:log]\npaste.filter_app_factory = hello:make\ndebug = On\n"
    text = f"{layers('log')}{text}[server:main]\n{ONCE}host = 0.0.0.0\n"
    assert main(["serve", written(tmp_path, text, app=HELLO + app)]) == 0
    [said] = read_mistakes(capsys.readouterr().err)
    assert said.endswith(WARNING.format("'0.0.0.0'"))


@pytest.mark.parametrize(
    ("listen", "hosts"),
    [
        ("127.0.0.1:80 [::1]:http", ["127.0.0.1", "[::1]"]),
        ("[::1]", ["[::1]"]),
        ("::1", ["::1"]),
        ("localhost", ["localhost"]),
        ("unix:/run/a.sock", ["unix:/run/a.sock"]),
        ("", ["default"]),
    ],
)
def test_finds_the_hosts_of_a_server(listen: str, hosts: list[str]) -> None:
    assert find_hosts({"listen": listen, "threads": 4}, "default") == hosts


@pytest.mark.parametrize("host", ["127.0.0.1", "127.3.2.1", "::1", "[::1]", "::ffff:127.0.0.1", "localhost", "unix:a"])
def test_the_loopback_is_not_public(host: str) -> None:
    assert not is_public(host)


@pytest.mark.parametrize(
    "host",
    ["", "*", "0.0.0.0", "::", "[::]", "10.0.0.1", "::ffff:10.0.0.1", "fe80::1%eth0", "a.org"],  # noqa: S104
)
def test_every_other_address_is_public(host: str) -> None:
    assert is_public(host)


@pytest.mark.parametrize("arguments", [[], ["-v"]])
def test_prints_the_traceback_of_an_application_that_fails_to_load_if_it_is_verbose(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, layers("gzip"), app="def read():\n    return {}['a key']\nread()\n")
    assert main(["serve", *arguments, file]) == 1
    *traceback, mistake = read_mistakes(capsys.readouterr().err)
    assert "cannot import module 'hello': KeyError: 'a key' (" in mistake
    assert traceback[-1:] == (["KeyError: 'a key'"] if arguments else [])
    assert ("    return {}['a key']" in traceback) == bool(arguments)
