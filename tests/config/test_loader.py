"""What the factory of a composite asks for, and the mistakes of these parts."""

import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from webtest import TestApp as Browser

from tests.config import factories
from tests.config.written import GREET, MADE, MARK, MODULE, load_mistakes, write
from tests.direct import Call
from wsgistack import ConfigError, load
from wsgistack.config import open_document
from wsgistack.config.document import DocumentLoader
from wsgistack.types import App

HERE = "tests.config.test_loader"
MANY = f"[composite:main]\nuse = call:{HERE}:both\n"
SERVER = f"[server:main]\nuse = call:{MODULE}:make_server\n"


def both(loader: Any, global_conf: Mapping[str, str], app: str, filter: str = "mark") -> App:
    """An application with a filter around it."""
    wrap: Callable[[App], App] = loader.get_filter(filter, global_conf=global_conf)
    return wrap(loader.get_app(app, global_conf=global_conf))


def serving(loader: Any, global_conf: Mapping[str, str], server: str) -> App:
    serve = loader.get_server(server)
    loader.get_server(None, {"site": "given"})
    return lambda environ, start_response: [repr(serve(factories.greet)).encode()]


def unasking(loader: Any, global_conf: Mapping[str, str], app: str) -> App:
    """What asks without passing anything on, as PasteDeploy allows."""
    made: App = loader.get_app(app)
    return made


def failing(loader: Any, global_conf: Mapping[str, str], app: str) -> App:
    made: App = loader.get_app(app).some_attribute
    return made


def lazy(loader: Any, global_conf: Mapping[str, str], **names: str) -> App:
    return lambda environ, start_response: loader.get_app(names["app"])(environ, start_response)


def telling(loader: Any, global_conf: dict[str, str], app: str) -> App:
    """What passes on a secret, as itself and under another name."""
    made: App = loader.get_app(app, global_conf={**global_conf, "again": global_conf["password"]})
    return made


def test_makes_applications_and_filters(folder: Path) -> None:
    write(f"{MANY}app = made\nset site = s\n[DEFAULT]\nsite = d\n{MADE.replace('main', 'made')}a = 1\n{MARK}mark = m\n")
    answer = Browser(load("stack.ini")).get("/").json
    assert (answer["global"]["site"], answer["options"], answer["marks"]) == ("s", {"a": "1"}, ["m"])


def test_passes_on_only_the_given_values(folder: Path) -> None:
    write(f"{MANY.replace('both', 'unasking')}app = made\nset site = s\n[app:made]\nuse = call:{MODULE}:make_app\n")
    here = {"here": str(folder), "__file__": str(folder / "stack.ini")}
    assert Browser(load("stack.ini", global_conf={"x": "y"})).get("/").json["global"] == {"x": "y", **here}


def test_makes_servers(folder: Path) -> None:
    write(f"{MANY.replace('both', 'serving')}server = main\n{SERVER}port = 5\n")
    assert b"{'port': '5'}" in Call(load("stack.ini")).read()


def test_uses_main_by_default(folder: Path) -> None:
    document = open_document({"app": factories.greet, "servers": {"main": {"use": "call:x:y"}}})
    place = document.start()
    loader = DocumentLoader(document, place, {})
    assert loader.get_app() is factories.greet


def test_finds_all_mistakes_in_its_parts(folder: Path) -> None:
    write(f"{MANY}app = gret\nfilter = mrak\n{GREET}{MARK}")
    assert load_mistakes() == [
        "stack.ini:3: [composite:main] app: unknown application or pipeline 'gret'; did you mean 'greet'?",
        "stack.ini:4: [composite:main] filter: unknown layer 'mrak'; did you mean 'mark'?",
    ]
    write(f"{MANY}app = part\n[app:part]\nuse = call:{MODULE}:make_nothing\nlevel = 5\n{MARK}mrak = m\n")
    assert load_mistakes() == [
        f"stack.ini:6: [app:part] level: unknown option of call:{MODULE}:make_nothing; it has no options",
        "stack.ini:7: [filter:mark] mark: missing option of marking; expected text",
        "stack.ini:9: [filter:mark] mrak: unknown option of marking; did you mean 'mark'?",
    ]


def test_finds_mistakes_in_its_servers(folder: Path) -> None:
    write(f"{MANY.replace('both', 'serving')}server = mian\n{SERVER}prot = 5\n")
    assert load_mistakes() == [
        "stack.ini:3: [composite:main] server: unknown server 'mian'; did you mean 'main'?",
        f"stack.ini:6: [server:main] prot: unknown option of call:{MODULE}:make_server; did you mean 'port'?",
    ]


def test_reports_a_mistake_but_not_its_consequences(folder: Path) -> None:
    write(f"{MANY.replace('both', 'failing')}app = gret\n{GREET}")
    assert load_mistakes() == [
        "stack.ini:3: [composite:main] app: unknown application or pipeline 'gret'; did you mean 'greet'?"
    ]
    write(f"{MANY.replace('both', 'failing')}app = greet\n{GREET}")
    [told] = load_mistakes()
    assert told.startswith(
        f"stack.ini:2: [composite:main] use: paste.composite_factory:{HERE}:failing fails: AttributeError: "
        f"'function' object has no attribute 'some_attribute' ({__file__}, line "
    )


def test_raises_at_once_after_the_build(folder: Path) -> None:
    write(f"{MANY.replace('both', 'lazy')}app = gret\n{GREET}")
    app = load("stack.ini")
    with pytest.raises(ConfigError, match="unknown application or pipeline 'gret'; did you mean 'greet'"):
        Call(app)


def test_a_composite_may_not_ask_for_itself(folder: Path) -> None:
    write(f"{MANY}app = two\n[composite:two]\nuse = call:{HERE}:both\napp = main\n{MARK}mark = m\n")
    way = "stack.ini [composite:main] -> stack.ini [composite:two] -> stack.ini [composite:main]"
    assert load_mistakes() == [f"stack.ini:6: [composite:two] app: circular reference: {way}"]


def test_a_secret_that_is_passed_on_stays_secret(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSWORD", "${env:HOME} hushed")
    write(
        f"[DEFAULT]\npassword = ${{env:PASSWORD}}\n{MANY.replace('both', 'telling')}app = part\n"
        f"[app:part]\nuse = call:{MODULE}:tell_all\n"
    )
    with pytest.raises(ConfigError) as caught:
        load("stack.ini")
    told = "".join([repr(caught.value), *traceback.format_exception(caught.value)])
    assert "hushed" not in told
    write(f"{Path('stack.ini').read_text()}".replace("tell_all", "make_app"))
    conf = Browser(load("stack.ini")).get("/").json["global"]
    assert conf["password"] == conf["again"] == "${env:HOME} hushed"


def test_an_application_may_be_given_itself() -> None:
    with pytest.raises(
        ConfigError, match=f"/b: '{MODULE}:nothing' is a callable that takes no arguments; expected a WSGI"
    ):
        load({"mounts": {"/a": factories.greet, "/b": factories.nothing}})
