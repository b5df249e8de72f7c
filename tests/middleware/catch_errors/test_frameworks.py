"""Errors that frameworks answer by themselves: reported with ``report = "framework"``, or raised by their settings."""

import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from logging.config import dictConfig
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bottle
import flask
import pytest
from django.conf import settings  # type: ignore[import-untyped]
from django.core.signals import got_request_exception, request_finished  # type: ignore[import-untyped]
from django.test.utils import override_settings  # type: ignore[import-untyped]

from tests.direct import Call
from tests.frameworks import django_app
from tests.pages import find_snippet, run_snippet
from wsgistack import AccessLog, CatchErrors, ConfigError, RequestId, load
from wsgistack.middleware.catch_errors import frameworks
from wsgistack.pipeline.mount import Mount
from wsgistack.types import App

OURS = "wsgistack.catch_errors"
PAGE = Path(__file__).parents[3] / "docs" / "errors.rst"


def records(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.name == OURS]


def flask_site(**config: object) -> App:
    site = flask.Flask("shop")
    site.config.update(config)

    @site.get("/")
    def fail() -> str:
        raise LookupError("no such shop")

    @site.get("/handled")
    def handled() -> str:
        raise KeyError("handled")

    @site.get("/missing")
    def missing() -> str:
        flask.abort(404)

    @site.errorhandler(KeyError)
    def answer(error: KeyError) -> tuple[str, int]:
        return "not here", 410

    return site.wsgi_app


def django_site() -> App:
    app = django_app()
    settings.ROOT_URLCONF = "tests.middleware.catch_errors.django_urls"
    return app


@pytest.fixture(autouse=True)
def urls() -> Iterator[None]:
    django_app()
    before = settings.ROOT_URLCONF
    yield
    settings.ROOT_URLCONF = before


SITES: dict[str, Callable[[], App]] = {"flask": flask_site, "django": django_site}


@pytest.mark.parametrize("name", SITES)
def test_reports_what_the_framework_answers(name: str, caplog: pytest.LogCaptureFixture) -> None:
    app = RequestId(CatchErrors(SITES[name](), report="framework"))
    call = Call(app, HTTP_X_REQUEST_ID="r-1")
    assert b"Server Error" in call.read(), "the framework answers"
    assert call.status[:3] == "500"
    [record] = records(caplog)
    assert record.getMessage() == "GET / failed, request r-1"
    assert record.exc_info is not None
    assert record.exc_info[0] is LookupError
    assert call.environ["wsgistack.error"] == "LookupError"


def test_reports_what_bottle_answers(caplog: pytest.LogCaptureFixture) -> None:
    site: Any = bottle.Bottle()
    site.route("/", callback=lambda: dict[str, str]()["no such shop"])
    call = Call(CatchErrors(site, report="framework"))
    assert b"<h1>Error: 500" in call.read(), "the framework answers"
    assert [record.exc_info and record.exc_info[0] for record in records(caplog)] == [KeyError]
    assert Call(CatchErrors(site, report="framework"), "/missing").status[:3] == "404"
    assert len(records(caplog)) == 1


@pytest.mark.parametrize("name", SITES)
def test_reports_nothing_of_it_by_default(name: str, caplog: pytest.LogCaptureFixture) -> None:
    call = Call(CatchErrors(SITES[name]()))
    assert call.read()
    assert (call.status[:3], records(caplog)) == ("500", [])


@pytest.mark.parametrize(
    ("name", "path", "status"), [("flask", "/handled", "410 GONE"), ("flask", "/missing", "404 NOT FOUND")]
)
def test_reports_no_answer_of_an_error_handler(
    name: str, path: str, status: str, caplog: pytest.LogCaptureFixture
) -> None:
    call = Call(CatchErrors(SITES[name](), report="framework"), path)
    call.read()
    assert (call.status, records(caplog)) == (status, [])


def test_reports_once_what_flask_also_raises(caplog: pytest.LogCaptureFixture) -> None:
    call = Call(CatchErrors(flask_site(PROPAGATE_EXCEPTIONS=True), report="framework"))
    assert b'"status": 500' in call.read()
    assert len(records(caplog)) == 1


def test_reports_once_what_django_also_raises(caplog: pytest.LogCaptureFixture) -> None:
    with override_settings(DEBUG_PROPAGATE_EXCEPTIONS=True):
        call = Call(CatchErrors(django_site(), report="framework"))
        assert b'"status": 500' in call.read()
    assert len(records(caplog)) == 1


@pytest.mark.parametrize("name", SITES)
def test_reports_once_with_several_layers(name: str, caplog: pytest.LogCaptureFixture) -> None:
    outer = CatchErrors(CatchErrors(SITES[name](), report="framework"), report="framework")
    Call(outer).read()
    assert len(records(caplog)) == 1


@pytest.mark.parametrize("name", SITES)
def test_reports_to_the_layer_of_the_request(name: str, caplog: pytest.LogCaptureFixture) -> None:
    site = SITES[name]()
    one, other = (CatchErrors(site, report="framework", logger=f"site.{each}") for each in ("one", "other"))
    silent = CatchErrors(site)
    for app in (one, other, silent, site, other):
        Call(app).read()
    names = [record.name for record in caplog.records if record.name.startswith("site.")]
    assert names == ["site.one", "site.other", "site.other"]


@pytest.mark.parametrize("name", SITES)
def test_reports_to_the_layer_of_the_thread(name: str, caplog: pytest.LogCaptureFixture) -> None:
    site = SITES[name]()
    apps = [RequestId(CatchErrors(site, report="framework", logger=f"site.{number}")) for number in range(8)]
    threads = [
        threading.Thread(target=lambda app=app, n=n: Call(app, HTTP_X_REQUEST_ID=f"id-{n}").read())
        for n, app in enumerate(apps)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = {record.name: vars(record)["request_id"] for record in caplog.records if record.name.startswith("site.")}
    assert found == {f"site.{number}": f"id-{number}" for number in range(8)}


@pytest.mark.parametrize("name", SITES)
def test_a_failing_log_does_not_break_the_answer(name: str, caplog: pytest.LogCaptureFixture) -> None:
    class Failing(CatchErrors):
        def report_error(self, *arguments: object) -> None:
            raise OSError("no log today")

    call = Call(Failing(SITES[name](), report="framework"))
    assert b"Server Error" in call.read()
    assert "no log today" in call.environ["wsgi.errors"].getvalue()


@pytest.mark.parametrize("name", SITES)
def test_says_nothing_to_a_caller_that_wants_exceptions(name: str, caplog: pytest.LogCaptureFixture) -> None:
    Call(CatchErrors(SITES[name](), report="framework"), **{"paste.throw_errors": "yes"}).read()
    assert records(caplog) == []


@pytest.mark.parametrize("keys", [{"answers": {LookupError: 404}}, {}])
def test_reports_no_error_with_an_answer(keys: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    call = Call(CatchErrors(flask_site(PROPAGATE_EXCEPTIONS=True), report="framework", **keys))
    call.read()
    assert (call.status[:3], len(records(caplog))) == (("404", 0) if keys else ("500", 1))


def test_reports_no_client_that_has_gone(caplog: pytest.LogCaptureFixture) -> None:
    class Gone:
        def read(self, *size: int) -> bytes:
            raise ConnectionResetError("the client has gone")

        readline = readlines = read

    class Reading(flask.Flask):
        def full_dispatch_request(self) -> Any:
            flask.request.environ["wsgi.input"].read(1)

    keys: dict[str, Any] = {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": "10", "wsgi.input": Gone()}
    Call(CatchErrors(Reading("shop").wsgi_app, report="framework"), **keys).read()
    assert records(caplog) == []


def test_names_the_error_in_the_access_log(capsys: pytest.CaptureFixture[str]) -> None:
    app = AccessLog(CatchErrors(flask_site(), report="framework"), format="%m %U %s %{wsgistack.error}e")
    Call(app).read()
    Call(app, "/missing").read()
    assert capsys.readouterr().err.splitlines()[-2:] == ["GET / 500 LookupError", "GET /missing 404 -"]


def test_finds_its_layer_below_a_mount(caplog: pytest.LogCaptureFixture) -> None:
    app = CatchErrors(Mount({"/shop": flask_site()}), report="framework")
    assert b"Server Error" in Call(app, "/shop/").read()
    assert len(records(caplog)) == 1


def test_the_page_about_errors_shows_the_option(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "stack.ini"
    shown = find_snippet(PAGE, "report = framework")
    file.write_text(f"[pipeline:main]\npipeline = catch_errors {__name__}:flask_site()\n{shown}\n")
    Call(load(file)).read()
    assert len(records(caplog)) == 1


def test_the_own_record_of_flask_can_be_silenced(caplog: pytest.LogCaptureFixture) -> None:
    site = run_snippet(PAGE, "log_exception", flask=flask)["Shop"]("shop")
    site.add_url_rule("/", view_func=lambda: str(1 // 0))
    Call(CatchErrors(site.wsgi_app, report="framework")).read()
    assert [record.name for record in caplog.records] == [OURS]


def test_the_own_record_of_django_can_be_silenced(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("django.request")
    before = logger.level
    dictConfig({**run_snippet(PAGE, "LOGGING")["LOGGING"], "incremental": True})
    try:
        Call(CatchErrors(django_site(), report="framework")).read()
    finally:
        logger.setLevel(before)
    assert [record.name for record in caplog.records] == [OURS]


def test_refuses_an_unknown_report() -> None:
    with pytest.raises(ConfigError, match=r"unknown value 'frameworks'.*framework"):
        CatchErrors(flask_site(), report="frameworks")  # type: ignore[arg-type]


def test_imports_no_framework_and_listens_to_one_that_is_imported_later() -> None:
    code = """
import logging, sys
from wsgistack import CatchErrors
logging.basicConfig(stream=sys.stdout, format="%(name)s %(message)s")

def app(environ, start_response):
    import flask
    site = flask.Flask("shop")
    site.logger.disabled = True
    site.add_url_rule("/", view_func=lambda: 1 // 0)
    return site.wsgi_app(environ, start_response)

layer = CatchErrors(app, report="framework")
assert not {"flask", "django", "blinker"} & {*sys.modules}
for _ in range(2):
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "SERVER_NAME": "x", "SERVER_PORT": "80",
        "wsgi.url_scheme": "http", "wsgi.errors": sys.stderr}
    list(layer(environ, lambda *start: print))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("wsgistack.catch_errors GET / failed, request -") == 1, "from the second request on"


def test_propagation_disables_request_finished_of_django() -> None:
    heard: list[object] = []

    def hear(**details: object) -> None:
        heard.append(details)

    request_finished.connect(hear)
    try:
        Call(CatchErrors(django_site(), report="framework")).read()
        assert len(heard) == 1
        with override_settings(DEBUG_PROPAGATE_EXCEPTIONS=True):
            Call(CatchErrors(django_site())).read()
        assert len(heard) == 1, "as docs/errors.rst says"
    finally:
        request_finished.disconnect(hear)


def test_listens_only_to_what_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    def hear(sender: object, **details: object) -> None: ...

    expected: dict[str, Any] = {"flask": hear, "no_such_framework": hear}
    monkeypatch.setattr(frameworks, "_EXPECTED", expected)
    frameworks.listen_to_frameworks()
    assert expected == {"no_such_framework": hear}


def test_hears_no_signal_of_django_without_an_exception(caplog: pytest.LogCaptureFixture) -> None:
    listener = CatchErrors(django_site(), report="framework").hear_error
    request = SimpleNamespace(environ={frameworks.LISTENER: listener})
    got_request_exception.send(sender=None, request=request)
    assert records(caplog) == []
