"""Pipeline: a list of layers as a value, wrapped around an application."""

import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pytest
from werkzeug.middleware.proxy_fix import ProxyFix

from tests.decoding import decoded
from tests.direct import Call, answering
from tests.direct import TestApp as Browser
from wsgistack import ConfigError, Gzip, Middleware, OrderWarning, Pipeline, RequestId, Spec
from wsgistack.types import App, Environ, StartResponse

APP = answering([b"hello " * 200], ("Content-Type", "text/plain"))
GZIP = {"use": "gzip", "minimum_size": 10, "name": "small"}


def shout(app: App, word: str = "hey") -> App:
    """A middleware as a plain function."""

    def wrapped(environ: Environ, start_response: StartResponse) -> Any:
        environ["shouted"] = f"{environ.get('shouted', '')}{word}"
        return app(environ, start_response)

    return wrapped


@pytest.mark.parametrize(
    "item",
    [
        pytest.param("gzip", id="name"),
        pytest.param("wsgistack.middleware.compress:Gzip", id="import string"),
        pytest.param(Gzip, id="callable"),
        pytest.param({"use": "gzip", "minimum_size": 100}, id="mapping"),
        pytest.param({"use": Gzip, "minimum_size": "1 kB"}, id="mapping with a callable"),
        pytest.param(Spec("gzip", {"level": 9}), id="Spec"),
    ],
)
def test_takes_any_kind_of_item(item: Any) -> None:
    call = Call(Pipeline([item]).wrap(APP), HTTP_ACCEPT_ENCODING="gzip")
    assert decoded("gzip", call.read()) == b"hello " * 200
    assert call.headers["content-encoding"] == "gzip"


def test_reads_outermost_first() -> None:
    def echo(environ: Environ, start_response: StartResponse) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [environ["shouted"].encode()]

    pipeline = Pipeline(
        [shout, {"use": "tests.pipeline.test_pipeline:shout", "word": " you"}, Spec(shout, {"word": "!"})]
    )
    assert Browser(pipeline.wrap(echo)).get("/").text == "hey you!"


def test_is_at_home_with_werkzeug_and_whitenoise(tmp_path: Path) -> None:
    (tmp_path / "style.css").write_text("p {}")

    def echo(environ: Environ, start_response: StartResponse) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [f"{environ['REMOTE_ADDR']} {environ['wsgi.url_scheme']}".encode()]

    pipeline = Pipeline(
        [
            {"use": "werkzeug.middleware.proxy_fix:ProxyFix", "x_for": 2},
            {"use": "whitenoise:WhiteNoise", "root": str(tmp_path), "prefix": "static/", "index_file": True},
        ]
    )
    layer = pipeline.wrap(echo)
    assert isinstance(layer, ProxyFix)
    browser = Browser(layer)
    forwarded = {"X-Forwarded-For": "9.9.9.9, 10.0.0.1, 10.0.0.2", "X-Forwarded-Proto": "https"}
    assert browser.get("/", headers=forwarded).text == "10.0.0.1 https"
    style = browser.get("/static/style.css")
    assert (style.content_type, style.text) == ("text/css", "p {}")


def test_finds_all_mistakes_before_it_fails() -> None:
    pipeline = Pipeline(
        [
            "request-idd",
            {"use": "gzip", "minimum_size": "many", "levels": 1},
            {"use": "access_log", "format": "%Q"},
            "werkzeug.middleware.proxy_fix:ProxyFixx",
            {"use": "basic_auth", "name": "door"},
        ]
    )
    with pytest.raises(ConfigError) as caught:
        pipeline.wrap("no application")  # type: ignore[arg-type]
    said = str(caught.value).splitlines()
    assert said[:3] == [
        "layer 1 (request-idd) use: unknown layer 'request-idd'; did you mean 'request_id'?",
        "layer 2 (gzip) minimum_size: invalid value 'many'; expected a size such as 500, 64KiB or 10 MB",
        "layer 2 (gzip) levels: unknown option of Gzip; did you mean 'level'?",
    ]
    assert said[3].startswith("layer 3 (access_log) format: ")
    assert said[4].endswith(
        "use: module 'werkzeug.middleware.proxy_fix' has no attribute 'ProxyFixx'; did you mean 'ProxyFix'?"
    )
    assert said[5].startswith("layer 5 (door): needs one source of users")
    assert said[6:] == ["the application is a value of type str; expected a WSGI application"]
    assert caught.value.mistakes[1].value == "many"


def test_finds_all_items_that_are_none() -> None:
    with pytest.raises(ConfigError) as caught:
        Pipeline(["gzip", 5, {"name": "x"}])  # type: ignore[list-item]
    assert [each.where.section for each in caught.value.mistakes] == ["layer 2", "layer 3"]


@pytest.mark.parametrize("items", ["gzip", {"use": "gzip"}, Spec("gzip"), Gzip, 5])
def test_says_that_one_item_is_no_list(items: Any) -> None:
    with pytest.raises(ConfigError, match=r"a pipeline cannot be made of type \w+; expected a list of layers"):
        Pipeline(items)


def test_warns_of_an_order_that_does_less() -> None:
    pipeline = Pipeline([{"use": "catch_errors", "name": "net"}, "request_id", "gzip"])
    reason = "net is outside request_id: error answers would have no X-Request-ID; put request_id before net"
    with pytest.warns(OrderWarning) as caught:
        pipeline.wrap(APP)
    assert [str(each.message) for each in caught] == [f"layer 1 (net): {reason}"]
    assert caught[0].filename == __file__
    assert not Pipeline(["request_id", "access_log", "catch_errors", "gzip", "basic_auth"]).misplaced()


def test_works_around_an_application_that_fails(caplog: pytest.LogCaptureFixture) -> None:
    def fail(environ: Environ, start_response: StartResponse) -> Any:
        raise RuntimeError("secret words")

    app = Pipeline(["request_id", "catch_errors", GZIP]).wrap(fail)
    with caplog.at_level(logging.CRITICAL, "wsgistack.catch_errors"):
        answer = Browser(app).get("/", headers={"X-Request-ID": "abc"}, status=500)
    assert answer.headers["X-Request-ID"] == "abc"
    assert "secret words" not in answer.text


def test_editing_gives_a_new_pipeline_and_leaves_the_old_alone() -> None:
    old = Pipeline(["request_id", GZIP])
    assert old.insert_before("small", "access-log", "catch_errors") == Pipeline(
        ["request_id", "access-log", "catch_errors", GZIP]
    )
    assert old.insert_after("request-id", "access_log") == Pipeline(["request_id", "access_log", GZIP])
    assert old.insert_after("small", "access_log") == Pipeline(["request_id", GZIP, "access_log"])
    assert old.replace("small", "compress") == Pipeline(["request_id", "compress"])
    assert old.replace("small") == Pipeline(["request_id"]) == old.without("small")
    assert old.without("request_id", "small") == Pipeline() == Pipeline([])
    assert old == Pipeline(["request_id", GZIP])


def test_counts_layers_where_they_stand_now() -> None:
    pipeline = Pipeline(["gzipp"]).insert_before("gzipp", "request_id")
    with pytest.raises(ConfigError, match=r"layer 2 \(gzipp\) use: unknown layer 'gzipp'"):
        pipeline.wrap(APP)


def test_says_which_layers_it_holds_when_asked_for_another() -> None:
    pipeline = Pipeline(["request_id", GZIP])
    for edit in (pipeline.replace, pipeline.insert_before, pipeline.insert_after, pipeline.without):
        with pytest.raises(ConfigError, match=r"unknown layer 'smal' in the pipeline; did you mean 'small'\?"):
            edit("smal")


def test_is_a_value() -> None:
    pipeline = Pipeline(["request_id", GZIP])
    assert (len(pipeline), [spec.name for spec in pipeline]) == (2, ["request_id", "small"])
    assert hash(pipeline) == hash(Pipeline(["request_id", GZIP]))
    assert pipeline != Pipeline([GZIP, "request_id"])
    assert pipeline != ["request_id", GZIP]
    assert Pipeline(pipeline) == pipeline
    with pytest.raises(AttributeError):
        pipeline.specs = ()  # type: ignore[misc]


def test_can_be_wrapped_around_many_applications() -> None:
    pipeline = Pipeline(["request_id"])
    first, second = pipeline.wrap(APP), pipeline.wrap(APP)
    assert isinstance(first, RequestId)
    assert first is not second
    assert Pipeline([]).wrap(APP) is APP


def test_reads_as_the_list_that_makes_it_and_hides_secrets() -> None:
    items = ["request_id", {"use": "gzip", "name": "small", "minimum_size": 10}]
    pipeline = Pipeline(items)  # type: ignore[arg-type]
    assert repr(pipeline) == f"Pipeline({items!r})"
    assert eval(repr(pipeline)) == pipeline  # noqa: S307 - that is what a repr is for
    hiding = Pipeline([{"use": "basic-auth", "users": {"ann": "hidden"}}])
    assert repr(hiding) == "Pipeline([{'use': 'basic-auth', 'users': '<secret>'}])"


def test_does_not_warn_where_another_layer_of_the_kind_is_in_the_right_place() -> None:
    assert Pipeline(["catch_errors", {"use": "basic_auth", "users": {"a": "b"}}, "catch_errors"]).misplaced() == []


def test_goes_without_all_layers_of_a_name() -> None:
    assert Pipeline(["gzip", "request_id", {"use": "gzip", "level": 9}]).without("gzip") == Pipeline(["request_id"])


class Painter(Middleware):
    """Sets a header that only one layer may set.

    :param under: where it paints.
    """

    must_not_be_with: ClassVar = {f"{__name__}:Painter": "both set X-Colour", "access_log": "the log is not painted"}

    def __init__(self, app: App, /, *, colour: str = "red", under: Sequence[str] = ()) -> None:
        super().__init__(app)


class Blue(Painter):
    """Derives from it, and conflicts with the same layers."""


def make_blue(app: App) -> App:
    """Make a layer that does not say what it conflicts with."""
    return Blue(app)


@pytest.mark.parametrize(
    ("items", "problems"),
    [
        pytest.param([Painter, Painter], ["Painter is used with Painter: both set X-Colour"], id="two"),
        pytest.param([Painter, Blue], ["Painter is used with Blue: both set X-Colour"], id="a class that derives"),
        pytest.param([Blue, Painter], ["Blue is used with Painter: both set X-Colour"], id="in any order"),
        pytest.param([Blue, "gzip", Blue], ["Blue is used with Blue: both set X-Colour"], id="another one in between"),
        pytest.param(["access_log", Blue], ["access_log is used with Blue: the log is not painted"], id="a name"),
        pytest.param(
            [Painter, {"use": Blue, "under": ["/api"]}], ["Painter is used with Blue: both set X-Colour"], id="inner"
        ),
        pytest.param([{"use": Painter, "under": ["/api"]}, Blue], [], id="the outer one for some paths"),
        pytest.param([{"use": Painter, "when": {"under": ["/api"]}}, Blue], [], id="the outer one with a condition"),
        pytest.param([Painter, make_blue], [], id="a function whose layer is not known"),
        pytest.param([Painter], [], id="one"),
    ],
)
def test_reports_layers_that_conflict(items: list[Any], problems: list[str]) -> None:
    found = Pipeline(items).misplaced()
    assert [each.problem for each in found] == problems
    assert [each.hint for each in found] == ["remove one of them"] * len(problems)


def test_knows_layers_of_others_by_their_import_strings() -> None:
    class Log(Middleware):
        must_be_inside: ClassVar = {"werkzeug.middleware.proxy_fix:ProxyFix": "it reads the address"}

    class Fix(ProxyFix):
        pass

    for fix in (ProxyFix, Fix, "werkzeug.middleware.proxy_fix:ProxyFix", partial(ProxyFix, x_for=2)):
        [found] = Pipeline([Log, fix]).misplaced()
        assert found.problem == f"Log is outside {Spec.of(fix, 1).name}: it reads the address"
        assert Pipeline([fix, Log]).misplaced() == []
        assert Pipeline([fix, Log, fix]).misplaced() == []
