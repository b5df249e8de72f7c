"""What a configuration may name as its application or its layers, and the true cause where it is something else."""

import re
import warnings
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from a2wsgi import ASGIMiddleware
from asgi_correlation_id import CorrelationIdMiddleware as CorrelationIdMiddleware
from asgiref.wsgi import WsgiToAsgi
from django.core.handlers.asgi import ASGIHandler  # type: ignore[import-untyped]
from django.middleware.gzip import GZipMiddleware  # type: ignore[import-untyped]
from flask import Flask, current_app
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from webtest import TestApp as Browser

from tests.config.written import find_mistakes, write
from tests.direct import Call
from wsgistack import ConfigError, Pipeline, load
from wsgistack.types import App, Environ, StartResponse

HERE = "tests.config.test_applications"
ASGI = "; expected a WSGI application; run it on an ASGI server, or wrap it in a2wsgi.ASGIMiddleware"
ASGI_LAYER = "; wrap an ASGI application together with its middlewares in a2wsgi.ASGIMiddleware"

flask_app = Flask(HERE)
starlette_app = Starlette()
django_app = ASGIHandler.__new__(ASGIHandler)  # without its settings
wrapped_app = CORSMiddleware(starlette_app)
asgi_of_wsgi: Any = WsgiToAsgi(flask_app)  # type: ignore[no-untyped-call]
wsgi_of_asgi = ASGIMiddleware(starlette_app)  # type: ignore[arg-type]


def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


async def asgi_app(scope: Any, receive: Any, send: Any) -> None: ...


async def async_app(environ: Any, start_response: Any) -> Any: ...


async def streaming_app(environ: Any, start_response: Any) -> Any:
    yield b""


partial_app = partial(asgi_app, send=None)


def plain_asgi_app(scope: Any, receive: Any, send: Any) -> Any:
    return asgi_app(scope, receive, send)


class Legacy:
    """An application of ASGI 2, which is called twice."""

    def __init__(self, scope: Any) -> None: ...

    async def __call__(self, receive: Any, send: Any) -> None: ...


class Page:
    """A class whose instances are applications."""

    def __init__(self, text: str = "page", times: int = 1, *, loud: bool = False) -> None:
        self.body = (text.upper() if loud else text).encode() * times

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [self.body]

    @classmethod
    def make(cls) -> "Page":
        return cls("made")


class Layer:
    def __init__(self, app: App, level: int = 5) -> None:
        self.app = app

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        return self.app(environ, start_response)


def create_app(test_config: Mapping[str, Any] | None = None) -> Flask:
    """A factory as the documentation of Flask writes it."""
    made = Flask(HERE)
    if test_config is not None:
        made.config.from_mapping(test_config, TESTING=True)
    made.add_url_rule("/", view_func=lambda: str(current_app.testing))
    return made


def create_none() -> Flask:
    return create_app()


def create_named(config_name: str, debug: bool = False) -> Page:
    return Page(f"{config_name} {debug!r}")


def create_kept(*, title: str = "untitled", **settings: Any) -> Page:
    return Page(f"{title} {settings}")


def create_asgi() -> Starlette:
    return starlette_app


async def create_later() -> Flask:
    return create_app()


def create_coroutine() -> Any:
    return create_later()


def create_nothing() -> None: ...


def paste_app(global_config: Mapping[str, str], **local_conf: str) -> App:
    return app


def paste_asgi(global_conf: Mapping[str, str]) -> Any:
    return starlette_app


def paste_filter(global_conf: Mapping[str, str]) -> Callable[[App], App]:
    return lambda app: Layer(app)


def paste_filter_app(application: App, global_conf: Mapping[str, str]) -> App:
    return Layer(application)


def paste_composite(loader: Any, global_conf: Mapping[str, str]) -> App:
    return app


def neutral_conf(settings: Mapping[str, str], /) -> Page:
    return Page("neutral")


def optional_conf(global_conf: Mapping[str, str] | None = None) -> App:
    return app


def check(use: str, options: str = "", kind: str = "app") -> list[str]:
    """What is reported about a section that uses something, without its place."""
    pipeline = f"[pipeline:main]\npipeline = layer {HERE}:app\n" if kind == "filter" else ""
    write(f"{pipeline}[{kind}:{'layer' if pipeline else 'main'}]\nuse = {use}\n{options}")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a coroutine that nobody awaits
        return [re.sub(r"^stack.ini:\d+: \[.*?\]:? (use: )?", "", each) for each in find_mistakes()]


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("asgi_app", "an ASGI application"),
        ("plain_asgi_app", "an ASGI application"),
        ("partial_app", "an ASGI application"),
        ("starlette_app", "an ASGI application"),
        ("django_app", "an ASGI application"),
        ("wrapped_app", "an ASGI application"),
        ("asgi_of_wsgi", "an ASGI application"),
        ("Starlette", "a class of ASGI applications"),
        ("Legacy", "a class of ASGI applications"),
        ("CORSMiddleware", "an ASGI middleware"),
    ],
)
def test_refuses_an_asgi_application(name: str, what: str, folder: Path) -> None:
    (found,) = check(f"{HERE}:{name}")
    assert found.startswith(f"'{HERE}:{name}' is {what}{ASGI}")
    with pytest.raises(ConfigError, match=f"^the application is {what}{ASGI}$"):
        Pipeline().wrap(globals()[name])


@pytest.mark.parametrize("use", [f"{HERE}:create_asgi()", f"call:{HERE}:paste_asgi"])
def test_refuses_a_factory_of_an_asgi_application(use: str, folder: Path) -> None:
    assert check(use) == [f"{use} returns an ASGI application{ASGI}"]


@pytest.mark.parametrize("name", ["async_app", "streaming_app"])
def test_refuses_an_async_function(name: str, folder: Path) -> None:
    hint = "; expected a WSGI application; write def instead of async def"
    assert check(f"{HERE}:{name}") == [f"'{HERE}:{name}' is an async function{hint}"]


def test_refuses_an_async_factory_without_calling_it(folder: Path) -> None:
    for use in (f"call:{HERE}:create_later", f"{HERE}:create_later()"):
        (found,) = check(use)
        assert found.startswith(f"'{HERE}:create_later' is an async function; ")
    assert check(f"{HERE}:create_coroutine()") == [
        f"{HERE}:create_coroutine() returns a coroutine; expected a WSGI application; write def instead of async def"
    ]


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("CORSMiddleware", "an ASGI middleware"),
        ("CorrelationIdMiddleware", "an ASGI middleware"),
        ("Starlette", "a class of ASGI applications"),
        ("starlette_app", "an ASGI application"),
        ("django_app", "an ASGI application"),
        ("asgi_app", "an ASGI application"),
        ("WsgiToAsgi", "a class of ASGI applications"),
    ],
)
def test_refuses_what_is_asgi_as_a_layer(name: str, what: str, folder: Path) -> None:
    (found,) = check(f"{HERE}:{name}", kind="filter")
    assert found.endswith(f" is {what}; expected a WSGI middleware{ASGI_LAYER}")
    with pytest.raises(ConfigError, match=f" is {what}; expected a WSGI middleware{ASGI_LAYER}$"):
        Pipeline([globals()[name]]).wrap(app)


def test_refuses_a_layer_whose_result_is_not_a_wsgi_application() -> None:
    layers: list[tuple[Any, str]] = [
        (lambda app: CORSMiddleware(app), f"returns an ASGI application; expected a WSGI application{ASGI_LAYER}"),
        (GZipMiddleware, "GZipMiddleware returns a callable that takes request; expected a WSGI application"),
        (lambda app: Layer, "returns a middleware, which takes an application first"),
    ]
    for layer, said in layers:
        with pytest.raises(ConfigError, match=said):
            Pipeline([layer]).wrap(app)


@pytest.mark.parametrize(
    ("use", "options", "answer"),
    [
        ("create_none()", "", b"False"),
        ("create_app()", "", b"False"),
        ("create_named()", "config_name = prod\ndebug = off\n", b"prod False"),
        ("create_named()", "config_name = ${env:STAGE}\ndebug = ${env:DEBUG}\n", b"test True"),
        ("create_kept()", "app = x\nport = 80\n", b"untitled {'app': 'x', 'port': '80'}"),
        ("Page()", "text = a\ntimes = 2\nloud = yes\n", b"AA"),
        ("Page.make()", "", b"made"),
        ("app", "", b"hello"),
        ("wsgi_of_asgi", "", b"Not Found"),
        ("flask_app.wsgi_app", "", None),
    ],
)
def test_calls_an_ordinary_factory(
    use: str, options: str, answer: bytes | None, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAGE", "test")
    monkeypatch.setenv("DEBUG", "true")
    write(f"[DEFAULT]\nsite = s\n[app:main]\nuse = {HERE}:{use}\n{options}")
    call = Call(load("stack.ini"))
    assert answer in (None, call.read())


def test_calls_an_ordinary_factory_from_toml(folder: Path) -> None:
    write(f'app = "{HERE}:create_none()"\nglobal = {{ site = "s" }}\n', "stack.toml")
    assert Browser(load("stack.toml")).get("/").text == "False"
    write(f'app = {{ use = "{HERE}:create_named()", config_name = "prod", debug = true }}\n', "stack.toml")
    assert Browser(load("stack.toml")).get("/").text == "prod True"


@pytest.mark.parametrize(
    ("use", "options", "said"),
    [
        ("create_named()", "", f"config_name: missing option of {HERE}:create_named(); expected text"),
        ("create_none()", "debug = 1\n", f"debug: unknown option of {HERE}:create_none(); it has no options"),
        ("create_named()", "config_name = x\ndebug = 5x\n", "debug: invalid value '5x'; expected "),
        ("create_nothing()", "", f"{HERE}:create_nothing() returns a value of type NoneType; expected a WSGI applicat"),
        ("creat_app()", "", f"module '{HERE}' has no attribute 'creat_app'; did you mean 'create_app'?"),
        (
            "create_named('x')",
            "",
            f"\"{HERE}:create_named('x')\" has arguments; expected {HERE}:create_named(); write them as options",
        ),
        (
            "paste_app()",
            "",
            f"'{HERE}:paste_app' takes global_config and local_conf first; expected a factory that is called with t",
        ),
        (
            "app()",
            "",
            f"'{HERE}:app' is an application; expected a factory that is called with the options alone; for the",
        ),
    ],
)
def test_reports_mistakes_with_an_ordinary_factory(use: str, options: str, said: str, folder: Path) -> None:
    (found,) = check(f"{HERE}:{use}", options)
    assert found.startswith(said)


@pytest.mark.parametrize(
    ("name", "what", "hint"),
    [
        ("create_app", "a callable that takes test_config", "to call it, write {}()"),
        ("create_none", "a callable that takes no arguments", "to call it, write {}()"),
        ("create_named", "a callable that takes config_name, debug", "to call it, write {}()"),
        ("create_kept", "a callable that takes no arguments", "to call it, write {}()"),
        ("Page", "a class, which makes applications", "to call it, write {}()"),
        ("Flask", "a class, which makes applications", "to call it, write {}()"),
        ("paste_app", "a factory for PasteDeploy, which takes global_config", "to call it, write call:{}"),
        ("paste_filter_app", "a middleware, which takes an application first", "use it as a layer"),
        ("Layer", "a middleware, which takes an application first", "use it as a layer"),
    ],
)
def test_refuses_a_factory_in_the_place_of_its_application(name: str, what: str, hint: str, folder: Path) -> None:
    use = f"{HERE}:{name}"
    said = f"'{use}' is {what}; expected a WSGI application; {hint.format(use)}"
    assert [each[: len(said)] for each in check(use)] == [said]


APP = "; expected a paste.app_factory, called with global_conf and the options; "
COMPOSITE = "; expected a paste.composite_factory, called with loader, global_conf and the options; "
FILTER = "; expected a paste.filter_factory, called with global_conf and the options; "
WRONG_PROTOCOLS = [
    (
        "call:{}create_app",
        "app",
        f"'{{}}create_app' would take global_conf as test_config{APP}write {{}}create_app() to",
    ),
    (
        "paste.app_factory:{}create_named",
        "app",
        "'{}create_named' would take global_conf as config_name; expected a pas",
    ),
    (
        "call:{}create_none",
        "app",
        f"cannot call '{{}}create_none': too many positional arguments{APP}write {{}}create_none()",
    ),
    (
        "call:{}create_kept",
        "app",
        f"cannot call '{{}}create_kept': too many positional arguments{APP}write {{}}create_kept()",
    ),
    (
        "call:{}paste_filter",
        "app",
        "call:{}paste_filter returns a middleware, which takes an application first; expected a ",
    ),
    (
        "call:{}paste_filter_app",
        "app",
        f"'{{}}paste_filter_app' takes application and global_conf first{APP}it is a paste.fi",
    ),
    (
        "call:{}paste_composite",
        "app",
        f"'{{}}paste_composite' takes loader and global_conf first{APP}write paste.composite_f",
    ),
    (
        "paste.composite_factory:{}paste_app",
        "app",
        f"'{{}}paste_app' takes global_config and local_conf first{COMPOSITE}",
    ),
    (
        "paste.filter_factory:{}paste_filter",
        "app",
        "a paste.filter_factory cannot be used here; expected paste.app_factory",
    ),
    (
        "call:{}paste_app",
        "filter",
        "call:{}paste_app returns an application; expected a callable that takes an application",
    ),
    (
        "call:{}paste_composite",
        "filter",
        f"'{{}}paste_composite' takes loader and global_conf first{FILTER}it is a paste.com",
    ),
    (
        "call:{}paste_filter_app",
        "filter",
        f"'{{}}paste_filter_app' takes application and global_conf first{FILTER}write ",
    ),
    ("{}create_none()", "filter", "'{}create_none()' cannot be used here; expected "),
]


@pytest.mark.parametrize(("use", "kind", "said"), WRONG_PROTOCOLS, ids=[use for use, _, _ in WRONG_PROTOCOLS])
def test_reports_a_factory_under_the_wrong_protocol(use: str, kind: str, said: str, folder: Path) -> None:
    (found,) = check(use.replace("{}", f"{HERE}:"), kind=kind)
    assert found.startswith(said.replace("{}", f"{HERE}:"))


@pytest.mark.parametrize("use", ["paste_app", "optional_conf", "neutral_conf"])
def test_accepts_a_factory_of_paste_deploy(use: str, folder: Path) -> None:
    assert check(f"call:{HERE}:{use}") == []


def test_the_hint_for_an_asgi_application_leads_to_a_right_configuration(folder: Path) -> None:
    (found,) = check(f"{HERE}:starlette_app")
    use, option = found.rpartition("use = ")[2].split(" and ")
    assert check(use, f"{option}\n") == []
    assert Browser(load("stack.ini")).get("/", status=404).text == "Not Found"


def test_the_hint_for_flask_leads_to_a_right_configuration(folder: Path) -> None:
    (found,) = check(f"call:{HERE}:create_app")
    spelling = found.rpartition("; write ")[2].partition(" ")[0]
    assert check(spelling) == []
    assert Browser(load("stack.ini")).get("/").text == "False"
