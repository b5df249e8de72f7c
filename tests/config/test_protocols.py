"""PasteDeploy itself runs the layers of this package, with the same result from the same file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from paste.deploy import loadapp
from webtest import TestApp as Browser

from tests.config import factories
from tests.config.written import MODULE, write
from tests.direct import Call
from tests.strangers import install
from wsgistack import ConfigError, Gzip, RequestId, load
from wsgistack.config import protocols
from wsgistack.config.protocols import FILTER_PROTOCOLS, PasteFactory
from wsgistack.options.schema import parse_settings, read_schema
from wsgistack.pipeline import registry

MADE = f"[app:made]\nuse = call:{MODULE}:make_app\n"
EGGS = """[pipeline:main]
pipeline = id net small door made

[filter:id]
use = egg:wsgistack#request_id
maximum_length = 8

[filter:net]
use = egg:wsgistack#catch_errors

[filter:small]
use = egg:wsgistack#gzip
minimum_size = 10

[filter:door]
use = egg:wsgistack#basic_auth
realm = 100%%
users =
    ann = secret

"""


def asked(app: Any, **keys: str) -> tuple[str, Mapping[str, str], bytes]:
    call = Call(app, **keys)
    body = call.read()
    return call.status, call.headers, body


@pytest.mark.parametrize(
    "keys",
    [
        {"HTTP_AUTHORIZATION": "Basic YW5uOnNlY3JldA==", "HTTP_ACCEPT_ENCODING": "gzip", "HTTP_X_REQUEST_ID": "abc"},
        {"HTTP_AUTHORIZATION": "Basic YW5uOndyb25n", "HTTP_X_REQUEST_ID": "abc"},
    ],
    ids=["let in", "refused"],
)
def test_paste_deploy_runs_the_layers_from_the_same_file(keys: dict[str, str], folder: Path) -> None:
    write(EGGS + MADE)
    theirs, ours = loadapp(f"config:{folder}/stack.ini"), load("stack.ini")
    assert isinstance(theirs, RequestId)
    assert isinstance(theirs.app.app, Gzip)  # type: ignore[attr-defined]
    assert theirs.app.app.minimum_size == 10  # type: ignore[attr-defined]
    assert asked(theirs, **keys) == asked(ours, **keys)
    assert asked(theirs, **keys)[1]["x-request-id"] == "abc"


FILTER = f"[filter:f]\nuse = call:{MODULE}:make_filter\nmark = f\n"
INIS = {
    "section that uses a section": f"[app:main]\nuse = made\n{MADE}a = 1\n",
    "option that is set again": f"[app:main]\nuse = made\na = 2\nb = 3\n{MADE}a = 1\n",
    "defaults": f"[DEFAULT]\nsite = %(here)s/x\nb = 50%%\n[app:main]\nuse = made\nc = %(site)s\n{MADE}",
    "references": f"[app:main]\nuse = made\na = %(here)s %(__file__)s %%(here)s 100%% %%%%\n{MADE}",
    "lines": f"[app:main]\nuse = made\na =\n  one\n  # not\n\n  two\nb: 3 ; 4\nC = d\n{MADE}",
    "other file": "[app:main]\nuse = config:sub/other.ini#made\nb = 3\n[DEFAULT]\nsite = outer\n",
    "parts of another file": """[DEFAULT]
site = outer
[pipeline:main]
pipeline = config:sub/other.ini#f config:sub/other.ini#made
""",
    "pipeline in a pipeline": f"[pipeline:main]\npipeline = f two\n[pipeline:two]\npipeline = f made\n{FILTER}{MADE}",
    "filter that uses a filter": f"[pipeline:main]\npipeline = g made\n[filter:g]\nuse = f\n{FILTER}{MADE}",
    "eggs of strangers": """[DEFAULT]
site = s
[pipeline:main]
pipeline = f g egg:acme-paste#made
[filter:f]
use = egg:acme-paste#narrow
mark = n
[filter:g]
use = egg:acme-paste#wide
""",
    "other sections": f"[application: main]\nuse = made\n[server:main]\nuse = egg:x\n[loggers]\nkeys = root\n{MADE}",
}


@pytest.mark.parametrize("text", INIS.values(), ids=INIS)
def test_means_the_same_as_under_paste_deploy(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    points = (
        f"[paste.app_factory]\nmade = {MODULE}:make_app\n[paste.filter_factory]\nwide = {MODULE}:make_filter\n"
        f"[paste.filter_app_factory]\nnarrow = {MODULE}:filter_app\n"
    )
    install(folder, monkeypatch, "acme-paste", points)
    (folder / "sub").mkdir()
    write(
        f"[DEFAULT]\nsite = inner\n[filter:f]\nuse = egg:acme-paste#narrow\nmark = %(site)s\n{MADE}c = %(site)s\n"
        "d = %(here)s\n",
        "sub/other.ini",
    )
    write(text)
    theirs, ours = Browser(loadapp(f"config:{folder}/stack.ini")), Browser(load("stack.ini"))
    assert ours.get("/").json == theirs.get("/").json


def test_keeps_a_setting_with_a_default_that_paste_deploy_drops(folder: Path) -> None:
    write(f"[DEFAULT]\nlevel = 1\n{MADE.replace('made', 'main')}level = 2\n")
    assert Browser(load("stack.ini")).get("/").json["options"] == {"level": "2"}


def test_offers_every_layer_that_is_registered() -> None:
    for name in registry.names():
        assert callable(getattr(protocols, name))
        assert registry.egg_entry_point(f"wsgistack#{name}", FILTER_PROTOCOLS).load() is not None
    with pytest.raises(AttributeError, match="has no attribute 'gzpi'"):
        protocols.gzpi  # noqa: B018 - asking for it is the test
    with pytest.raises(AttributeError, match="has no attribute '__path__'"):
        protocols.__path__  # noqa: B018


def test_a_mistake_has_the_file_that_paste_deploy_reads(folder: Path) -> None:
    write(f"[pipeline:main]\npipeline = small made\n[filter:small]\nuse = egg:wsgistack#gzip\nlevl = 9\n{MADE}")
    with pytest.raises(ConfigError) as caught:
        loadapp(f"config:{folder}/stack.ini")
    assert str(caught.value) == f"{folder}/stack.ini: gzip levl: unknown option of Gzip; did you mean 'level'?"


def test_paths_are_relative_to_the_file_that_paste_deploy_reads(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(f"[pipeline:main]\npipeline = log made\n[filter:log]\nuse = egg:wsgistack#access_log\nfile = access\n{MADE}")
    monkeypatch.chdir("/")
    asked(loadapp(f"config:{folder}/stack.ini"))
    assert (folder / "access").read_text().count("\n") == 1


def test_a_layer_needs_no_configuration_but_its_own() -> None:
    layer = protocols.gzip(factories.greet, {}, level="9")
    assert isinstance(layer, Gzip)
    assert layer.app is factories.greet


@pytest.mark.parametrize(
    ("factory", "protocol", "expected"),
    [
        pytest.param(factories.make_filter, "paste.filter_factory", b"hello s:m", id="factory of a filter"),
        pytest.param(factories.filter_app, "paste.filter_app_factory", b"hello s:m", id="filter"),
        pytest.param(factories.undeclared, "paste.filter_factory", b"hello s:m", id="factory that declares nothing"),
        pytest.param(
            lambda *arguments, **options: factories.filter_app(*arguments, **options),
            "paste.filter_app_factory",
            b"hello s:m",
            id="filter that declares nothing",
        ),
    ],
)
def test_wraps_factories_of_other_projects(factory: Any, protocol: str, expected: bytes) -> None:
    made = PasteFactory("egg:x#y", factory, protocol, {"site": "s"})
    values, mistakes = read_schema(made).convert(parse_settings({"mark": "m"}), base=None, resolving=False)
    assert not mistakes
    assert Call(made(factories.greet, **values)).read() == expected
    assert repr(made) == "PasteFactory(uri='egg:x#y')"
    assert hash(made) == hash(PasteFactory("egg:x#y", factory, protocol, {"site": "other"}))


def test_options_of_a_factory_stay_text() -> None:
    def wide(global_conf: Mapping[str, str], level: int = 5) -> Any:
        return lambda app: app

    made = PasteFactory("call:x:y", wide, "paste.filter_factory", {})
    assert read_schema(made).convert(parse_settings({"level": "9"}), base=None, resolving=False) == ({"level": "9"}, [])
    assert [
        str(each) for each in read_schema(made).convert(parse_settings({"levl": "9"}), base=None, resolving=False)[1]
    ] == ["levl: unknown option of call:x:y; did you mean 'level'?"]


def test_a_factory_written_in_c_takes_any_option() -> None:
    made = PasteFactory("call:x:y", dict, "paste.filter_factory", {})
    assert read_schema(made).convert(parse_settings({"level": "9"}), base=None, resolving=False) == ({"level": "9"}, [])
