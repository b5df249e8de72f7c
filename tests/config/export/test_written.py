"""A configuration written anew: the same is read from it, in every format and from each to each."""

from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from webtest import TestApp as Browser

from tests.config.export.layers import CONDITIONS, MODULE, OPTIONS
from tests.config.export.rereading import FORMATS, reread, table
from tests.config.written import MODULE as FACTORIES
from tests.config.written import write
from wsgistack import ConfigError
from wsgistack.config import read
from wsgistack.config.contents import contents
from wsgistack.config.difference import differences
from wsgistack.config.document import open_document
from wsgistack.config.export import written
from wsgistack.config.loader import Document
from wsgistack.config.matching import alike

LAYERS = st.lists(
    st.one_of(
        st.builds(
            lambda given, more, when: {
                "use": f"{MODULE}:everything",
                "options": given,
                **({"name": more} if more else {}),
                **({"when": when} if when else {}),
            },
            st.fixed_dictionaries({}, optional=OPTIONS),
            st.sampled_from(["", "a", "b-c"]),
            CONDITIONS,
        ),
        st.sampled_from(["gzip", "request-id", "wsgistack:AccessLog", f"call:{FACTORIES}:make_filter"]),
        st.builds(lambda size: {"use": "gzip", "minimum_size": size}, st.integers(0, 3)),
        st.just({"use": "basic_auth", "users": "a = ${env:A}"}),
    ),
    max_size=3,
)


def layers(document: Document, *, named: bool) -> list[Any]:
    return [
        (getattr(spec.use, "uri", spec.use), spec.name if named else "", spec.when, dict(spec.options))
        for spec in contents(document).applications["main"].pipeline
    ]


@pytest.mark.usefixtures("folder")
@given(LAYERS, st.lists(st.sampled_from(FORMATS), min_size=1, max_size=3))
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
def test_gives_the_same_layers_from_each_format_to_each(items: list[Any], formats: list[str]) -> None:
    document: Document = table({"app": "json:dumps", "layers": items})
    expected = None
    named = True
    for each in formats:
        try:
            text, losses = written(document, each)
        except ConfigError as error:
            mistakes = error.mistakes
            break
        named = named and not any("is called" in loss for loss in losses)
        document = reread(text, each)
        found = layers(document, named=named)
        assert expected is None or not named or alike(found, expected)
        expected = found
    else:
        return
    assert each == "ini", mistakes
    assert all("layer " in mistake.where.section or "[filter:" in mistake.where.section for mistake in mistakes)
    assert all(mistake.key for mistake in mistakes)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    ("option", "given"),
    [
        ("pairs", {"a": "${env:A}", "b": "c d"}),
        ("words", ["${env:A}", "${env:B:-x, y}"]),
        ("numbers", ["${env:ONE}", 2]),
        ("nested", {"a": ["${env:A}", "$${env:B}"]}),
        ("number", "${env:ONE}"),
    ],
)
def test_references_stay_and_mean_the_same(
    format: str, option: str, given: object, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = table({"app": "json:dumps", "layers": [{"use": f"{MODULE}:everything", option: given}]})
    text, losses = written(document, format)
    assert ("${env:" in text, losses) == (True, [])
    for name, value in {"A": "it", "ONE": "1"}.items():
        monkeypatch.setenv(name, value)
    filled = []
    for each in (document, reread(text, format)):
        (spec,) = contents(each).applications["main"].pipeline
        filled.append(spec.resolve())
    assert filled[0] == filled[1]


SHOP = f"""\
[DEFAULT]
mode = 50%%
[pipeline:main]
pipeline = log site
[filter:log]
use = access_log
file = %(here)s/logs/a.log
[composite:site]
use = egg:wsgistack#mount
/ = shop
/blog = blog
[app:shop]
use = json:dumps
filter-with = small
[filter:small]
use = gzip
when_not_path = /images/*
[app:blog]
use = call:{FACTORIES}:make_app
set mode = own
owner = Ada
[server:main]
use = egg:wsgistack
port = 8080
"""


@pytest.mark.parametrize("formats", [*permutations(FORMATS)])
def test_gives_the_same_of_all_else(formats: tuple[str, ...], folder: Path) -> None:
    document = reread(SHOP, "ini")
    for each in formats:
        text, losses = written(document, each)
        back = reread(text, each)
        assert differences(contents(document), contents(back)) == []
        assert losses == []
        assert str(folder) not in text
        document = back


ASKING = f"""\
[composite:main]
use = call:tests.config.test_loader:both
app = made
filter = asked for
[app:made]
use = call:{FACTORIES}:make_app
[pipeline:other]
pipeline = listed made
[filter:listed]
paste.filter_factory = {FACTORIES}:make_filter
mark = listed
[filter:asked for]
paste.filter_factory = {FACTORIES}:make_filter
mark = asked for
[filter:auth]
use = basic_auth
users = a = hidden
"""


@pytest.mark.parametrize("filter", ["listed", "asked for"])
@pytest.mark.parametrize("formats", [*permutations(FORMATS)])
def test_writes_the_filters_that_a_composite_may_ask_for(formats: tuple[str, ...], filter: str, folder: Path) -> None:
    document = reread(ASKING.replace("filter = asked for", f"filter = {filter}"), "ini")
    for each in formats:
        text, _ = written(document, each)
        assert "hidden" not in text
        document = reread(text, each)
        assert Browser(read(document).build()).get("/").json["marks"] == [f"-:{filter}"]
        assert document.filters()[-1] == "auth"


FILTERED = f"""\
layers = [{{ use = "request-id" }}, {{ use = "gzip" }}]
[app]
use = "paste.composite_factory:tests.config.test_loader:both"
app = "made"
[apps.made]
app = "call:{FACTORIES}:make_app"
[filters]
request_id = {{ use = "request_id", trust = false }}
gzip = {{ use = "gzip", level = 9 }}
packed = {{ use = "gzip", name = "small", level = 8 }}
"""


@pytest.mark.parametrize("formats", [*permutations(FORMATS)])
def test_tells_a_layer_from_a_filter_that_is_called_so(formats: tuple[str, ...], folder: Path) -> None:
    document = reread(FILTERED, "toml")
    for each in formats:
        document = reread(written(document, each)[0], each)
        assert [dict(spec.options) for spec in read(document).pipeline] == [{}, {}]
        filters = [{"trust": False}, {"level": 9}, {"level": 8}]
        assert [dict(spec.options) for spec in contents(document).filters.values()][-3:] == filters
    text, losses = written(reread(FILTERED, "toml"), "toml")
    assert (contents(reread(text, "toml")).filters["packed"].name, losses) == ("small", [])
    lost = "the layer is called {}, for each section has a name of its own"
    losses = written(reread(FILTERED, "toml"), "ini")[1]
    named = {"small": "packed", "request-id": "request-id-2", "gzip": "gzip-2"}
    assert losses == [f"{one}: {lost.format(other)}" for one, other in named.items()]


def test_tells_what_gets_lost_once(folder: Path) -> None:
    layer = {"use": "basic_auth", "users": {"a": "hidden"}}
    apps = {name: {"app": "json:dumps", "layers": [layer]} for name in ("a", "b")}
    text, losses = written(table({"apps": apps, "logging": {}}), "ini")
    assert losses == [
        "basic_auth users: a secret is not written; put it into the environment as BASIC_AUTH_USERS",
        "logging is not written: in an ini file it has another form",
    ]
    assert "hidden" not in text


@pytest.mark.parametrize(
    ("content", "format", "problem"),
    [
        pytest.param({"apps": {"a\nb": {"app": "a:b"}}}, "ini", "found '[app:a'", id="a name of two lines"),
        pytest.param({"apps": {" a": {"app": "a:b"}}}, "ini", ": - application  a", id="a name with a blank"),
        pytest.param({"app": "a:b", "layers": [{"use": "gzip", "levl": 1}]}, "ini", "unknown option", id="a mistake"),
    ],
)
def test_says_what_would_not_be_read_again(content: dict[str, Any], format: str, problem: str, folder: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        written(table(content), format)
    assert problem in str(caught.value)


@pytest.mark.parametrize("format", ["ini", "toml", "python"])
def test_says_where_the_folder_of_the_file_is_written_out(format: str, folder: Path) -> None:
    write(f"[app:main]\nuse = call:{FACTORIES}:make_app\nfolder = %(here)s/x\n")
    text, losses = written(open_document("stack.ini"), format)
    assert f"{folder}/x" in text
    assert losses == [f"%(here)s is written as what it stands for, {folder}"]
    write(f"[app:main]\nuse = call:{FACTORIES}:make_app\nfolder = x\n")
    assert written(open_document("stack.ini"), format)[1] == []
