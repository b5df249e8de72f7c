"""A configuration exported as TOML: the same is read from it, and a warning names everything that is lost."""

import os
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from webtest import TestApp as Browser

from tests.config.typed_layers import CONDITIONS, MODULE, OPTIONS, Color
from tests.config.written import MODULE as FACTORIES
from tests.config.written import write
from wsgistack import ConfigError
from wsgistack.config import open_document, read
from wsgistack.config.contents import find_differences, is_same_value, read_contents
from wsgistack.config.document import Document
from wsgistack.config.export import export_toml
from wsgistack.config.table.document import TableFile

EVERYTHING = f"{MODULE}:everything"
MAKE = f"call:{FACTORIES}:make_app"
MARK = f"call:{FACTORIES}:make_filter"
SECRET = f"call:{FACTORIES}:make_secret"


def table(content: dict[str, Any]) -> TableFile:
    """What is read from a TOML file with this content."""
    return TableFile(content, Path("stack.toml"), {})


def ini(text: str) -> Document:
    write(text)
    return open_document("stack.ini")


def export(document: Document) -> tuple[dict[str, Any], list[str]]:
    """The table that is written, and the warnings."""
    text, warnings = export_toml(document)
    return tomllib.loads(text), warnings


def export_layers(*layers: object) -> tuple[list[Any], list[str]]:
    written, warnings = export(table({"app": "json:dumps", "layers": list(layers)}))
    return written["layers"], warnings


def problems(document: Document) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        export_toml(document)
    return [str(each) for each in caught.value.mistakes]


LAYERS = st.lists(
    st.one_of(
        st.builds(
            lambda given, more, when: {
                "use": EVERYTHING,
                "options": given,
                **({"name": more} if more else {}),
                **({"when": when} if when else {}),
            },
            st.fixed_dictionaries({}, optional=OPTIONS),
            st.sampled_from(["", "a", "b-c"]),
            CONDITIONS,
        ),
        st.sampled_from(["gzip", "request-id", "wsgistack:AccessLog", MARK]),
        st.builds(lambda size: {"use": "gzip", "minimum_size": size}, st.integers(0, 3)),
        st.just({"use": "basic_auth", "users": "a = ${env:A}"}),
    ),
    max_size=3,
)


def list_layers(document: Document) -> list[Any]:
    """The layers around main, without their secrets."""
    return [
        (getattr(spec.use, "uri", spec.use), spec.name, spec.when, {**spec.options, "key": ""})
        for spec in read_contents(document).applications["main"].pipeline
    ]


@pytest.mark.usefixtures("folder")
@given(LAYERS)
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
def test_reads_the_same_layers_from_the_exported_toml(items: list[Any]) -> None:
    document = table({"app": "json:dumps", "layers": items})
    written, _ = export(document)
    assert is_same_value(list_layers(table(written)), list_layers(document))
    again, warnings = export(table(written))
    assert is_same_value(again, written)
    assert warnings == []


@pytest.mark.parametrize(
    "content",
    [
        pytest.param({"app": "a:b"}, id="an application"),
        pytest.param({"app": {"use": MAKE, "x": [1, {"y": True}]}}, id="a factory"),
        pytest.param({"app": "inner", "layers": ["gzip"], "apps": {"inner": {"app": "a:b"}}}, id="an inner one"),
        pytest.param({"mounts": {"/": "x"}, "apps": {"x": {"app": "a:b", "layers": ["lint"]}}}, id="mounts"),
        pytest.param(
            {
                "app": "x",
                "layers": ["gzip"],
                "apps": {"x": {"app": "y", "layers": ["lint"]}, "y": {"app": "a:b", "layers": ["request_id"]}},
            },
            id="the largest of two inner applications",
        ),
        pytest.param(
            {
                "app": "a:b",
                "global": {"x": "1"},
                "servers": {"s": {"use": "egg:wsgistack", "port": 1}},
                "logging": {"version": 1, "root": {"level": "INFO"}},
            },
            id="global values, a server and logging",
        ),
        pytest.param({"apps": {"main": {"app": MAKE, "global": {"x": "1"}}}}, id="main with global values of its own"),
        pytest.param({"app": "a:b", "filters": {"f": {"use": "gzip", "name": "g"}}}, id="a filter that nothing names"),
        pytest.param(
            {
                "app": "a:b",
                "layers": [
                    {"use": "gzip", "name": "small", "minimum_size": 1, "when": {"path": ["/x"], "host": ["a", "b"]}},
                    {"use": "lint", "when": {"not": {"header": {"x-a": ["1", "2"]}}}},
                    {"use": EVERYTHING, "text": "a", "options": {"use": "b", "name": "c"}},
                    {"use": f"paste.filter_factory:{FACTORIES}:make_filter", "mark": "m", "when": "a:b"},
                ],
            },
            id="layers",
        ),
    ],
)  # fmt: skip
def test_exports_a_toml_file_unchanged(content: dict[str, Any], folder: Path) -> None:
    assert export(table(content)) == (content, [])


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
use = {MAKE}
set mode = own
owner = Ada
[server:main]
use = egg:wsgistack
port = 8080
"""


def test_an_ini_file_means_the_same_in_toml(folder: Path) -> None:
    text, warnings = export_toml(ini(SHOP))
    back = table(tomllib.loads(text))
    assert find_differences(read_contents(ini(SHOP)), read_contents(back)) == []
    assert warnings == []
    assert str(folder) not in text


def test_an_inner_application_without_layers_is_named(folder: Path) -> None:
    text = f"[pipeline:main]\npipeline = gzip in\n[app:in]\nuse = {MAKE}\na = b\n[app:out]\nuse = in\n"
    inner = {"app": {"use": MAKE, "a": "b"}}
    assert export(ini(text))[0] == {"app": "in", "layers": ["gzip"], "apps": {"in": inner, "out": inner}}


def test_keeps_two_equal_applications_apart(folder: Path) -> None:
    made = f"use = {MAKE}\na = b\n"
    text = f"[app:blue]\n{made}[app:green]\n{made}[pipeline:main]\npipeline = gzip green\n"
    assert export(ini(text))[0]["app"] == "green"


@pytest.mark.parametrize(
    ("option", "given", "expected"),
    [
        pytest.param("number", None, "none", id="None"),
        pytest.param("nested", {"a": [None]}, {"a": ["none"]}, id="None in a list"),
        pytest.param("file", "a/b", "a/b", id="path below the folder"),
        pytest.param("files", ["/etc/x", "y"], ["/etc/x", "y"], id="path elsewhere"),
        pytest.param("color", Color.DARK_BLUE, "DARK_BLUE", id="Enum"),
        pytest.param("by_color", {"red": 1}, {"red": 1.0}, id="Enum as key"),
        pytest.param("hook", f"{MODULE}:condition", f"{MODULE}:condition", id="callable"),
        pytest.param("tags", ["b", "a"], ["a", "b"], id="set"),
        pytest.param("pair", ["a", 1], ["a", 1], id="tuple"),
        pytest.param("words", ["${env:A}", "b"], ["${env:A}", "b"], id="references"),
        pytest.param("wait", 365 * 86400, "365d", id="days"),
        pytest.param("wait", "1h30m", "90m", id="minutes"),
        pytest.param("wait", 61.0, "61s", id="seconds"),
        pytest.param("wait", 0.25, 0.25, id="part of a second"),
        pytest.param("wait", 0.0, 0, id="no duration"),
        pytest.param("wait", 1e300, 1e300, id="too long for a text"),
        pytest.param("size", 10485760, "10MiB", id="binary size"),
        pytest.param("size", "1.5MB", "1500kB", id="decimal size"),
        pytest.param("size", 500, 500, id="bytes"),
        pytest.param("size", 0, 0, id="no bytes"),
        pytest.param("size", None, "none", id="no size"),
        pytest.param("size", 10**30, 10**30, id="more bytes than a text can say"),
        pytest.param("limits", {"period": 600, "times": 7200}, {"period": "10m", "times": 7200}, id="in a mapping"),
    ],
)
def test_writes_an_option_in_its_shortest_form(option: str, given: object, expected: object, folder: Path) -> None:
    assert export_layers({"use": EVERYTHING, option: given}) == ([{"use": EVERYTHING, option: expected}], [])


def test_references_stay_and_mean_the_same(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = {
        "pairs": {"a": "${env:A}", "b": "c d"},
        "words": ["${env:A}", "${env:B:-x, y}"],
        "numbers": ["${env:ONE}", 2],
        "nested": {"a": ["${env:A}", "$${env:B}"]},
        "number": "${env:ONE}",
    }
    document = table({"app": "json:dumps", "layers": [{"use": EVERYTHING, **options}]})
    written, warnings = export(document)
    assert (written["layers"], warnings) == ([{"use": EVERYTHING, **options}], [])
    monkeypatch.setattr(os, "environ", {**os.environ, "A": "it", "ONE": "1"})
    resolved: list[Any] = [
        spec.resolve()
        for each in (document, table(written))
        for spec in read_contents(each).applications["main"].pipeline
    ]
    assert resolved[0] == resolved[1]


def test_replaces_the_secrets_of_layers_by_references(folder: Path) -> None:
    secret, other = "hidden one", "hidden two"
    written, warnings = export_layers(
        {"use": EVERYTHING, "name": "a b", "options": {}, "key": secret, "text": "shown"},
        {"use": EVERYTHING, "name": "a_b", "options": {}, "key": other},
        {"use": EVERYTHING, "name": "a-b", "options": {}, "key": secret},
        {"use": EVERYTHING, "name": "1é", "options": {}, "key": other},
        {"use": EVERYTHING, "name": "x", "options": {}, "key": "${env:X}"},
        {"use": "basic_auth", "users": None},
        {"use": "basic_auth", "users": {"a": "${env:A}", "b": secret}},
        {"use": "auth", "basic": {"users": {"b": secret}}, "bearer": {"jwt": {"issuer": "x"}}},
    )
    assert [item.get("key") for item in written] == [
        "${env:A_B_KEY}", "${env:A_B_KEY_2}", "${env:A_B_KEY}", "${env:_1__KEY}", "${env:X}", None, None, None
    ]  # fmt: skip
    assert written[0]["text"] == "shown"
    assert [item["users"] for item in written[5:7]] == ["none", "${env:BASIC_AUTH_USERS}"]
    assert written[7] == {"use": "auth", "basic": "${env:AUTH_BASIC}", "bearer": {"jwt": {"issuer": "x"}}}
    names = {
        "a b key": "A_B_KEY",
        "a_b key": "A_B_KEY_2",
        "a-b key": "A_B_KEY",
        "1é key": "_1__KEY",
        "basic_auth users": "BASIC_AUTH_USERS",
        "auth basic": "AUTH_BASIC",
    }
    assert warnings == [
        f"{option}: the secret is not written; set the environment variable {name} to it"
        for option, name in names.items()
    ]


def test_replaces_the_secrets_of_applications_and_servers_by_references(folder: Path) -> None:
    made = {"use": SECRET, "key": "hidden"}
    written, warnings = export(table({"app": made, "servers": {"main": made}}))
    expected = {"use": SECRET, "key": "${env:KEY}"}
    assert (written["app"], written["servers"]["main"]) == (expected, expected)
    assert warnings == [f"{SECRET} key: the secret is not written; set the environment variable KEY to it"]


def test_keeps_the_options_of_a_factory_that_is_not_installed(folder: Path) -> None:
    server = {"use": "call:not_installed:serve", "port": "8080"}
    bare = {"use": "call:not_installed:serve"}
    app = {"use": "egg:not_installed", "dsn": "x"}
    written, warnings = export(table({"app": app, "servers": {"main": server, "bare": bare}}))
    assert written == {"app": app, "servers": {"main": server, "bare": bare}}
    why = "cannot be loaded; its options are written as they are, and may hold secrets"
    assert warnings == [f"egg:not_installed {why}", f"call:not_installed:serve {why}"]


ASKING = f"""\
[composite:main]
use = call:tests.config.test_loader:both
app = made
filter = {{filter}}
[app:made]
use = {MAKE}
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
def test_writes_the_filters_that_a_composite_may_ask_for(filter: str, folder: Path) -> None:
    text, _ = export_toml(ini(ASKING.format(filter=filter)))
    assert "hidden" not in text
    document = table(tomllib.loads(text))
    assert Browser(read(document).build()).get("/").json["marks"] == [f"-:{filter}"]
    assert [*document.filters][-1] == "auth"


def test_a_list_uses_a_filter_only_by_its_name(folder: Path) -> None:
    content = {
        "layers": [{"use": "request-id"}, {"use": "gzip"}, "tiny"],
        "app": {"use": "paste.composite_factory:tests.config.test_loader:both", "app": "made"},
        "apps": {"made": {"app": MAKE}},
        "filters": {
            "request_id": {"use": "request_id", "trust": False},
            "gzip": {"use": "gzip", "level": 9},
            "packed": {"use": "gzip", "name": "small", "level": 8},
            "tiny": {"use": "gzip", "level": 1},
        },
    }
    written, warnings = export(table(content))
    assert (written, warnings) == (content, [])
    assert [dict(spec.options) for spec in read(table(written)).pipeline] == [{}, {}, {"level": 1}]


PIPELINE = (
    f"[DEFAULT]\nx = 0\n[pipeline:main]\npipeline = mark make\n[filter:mark]\nuse = {MARK}\n[app:make]\nuse = {MAKE}\n"
)


@pytest.mark.parametrize(
    ("text", "apps", "expected"),
    [
        pytest.param(
            PIPELINE.replace("mark make", "mark make\nset x = 1"),
            {
                "main": {"app": MAKE, "layers": [{"use": MARK, "name": "mark"}], "global": {"x": "1"}},
                "make": {"app": MAKE},
            },
            [],
            id="of a pipeline",
        ),
        pytest.param(
            f"{PIPELINE}set x = 1\n",
            {"make": {"app": MAKE, "global": {"x": "1"}}},
            [],
            id="of an application",
        ),
        pytest.param(
            PIPELINE.replace("make_filter", "make_filter\nset y = 1"),
            None,
            ["different in TOML: - layer mark global value y"],
            id="of a layer",
        ),
        pytest.param(
            f"{PIPELINE}[server:s]\nuse = egg:wsgistack\nset y = 1\n",
            None,
            ["different in TOML: - server s global value y"],
            id="of a server",
        ),
        pytest.param(
            f"{PIPELINE}[filter:asked]\npaste.filter_factory = {FACTORIES}:make_filter\nset y = 1\n",
            None,
            ["different in TOML: - filter asked global value y"],
            id="of a filter that nothing names",
        ),
    ],
)  # fmt: skip
def test_an_application_shares_its_global_values(
    text: str, apps: dict[str, Any] | None, expected: list[str], folder: Path
) -> None:
    written, warnings = export(ini(text))
    assert warnings == expected
    assert written["global"] == {"x": "0"}
    if apps:
        assert written["apps"] == apps


def test_names_the_sections_that_toml_cannot_hold(folder: Path) -> None:
    text = (
        "[app:main]\nuse = json:dumps\n[filter:unused]\nuse = gzip\n"
        "[filter:compound]\nuse = gzip\nfilter-with = unused\n"
        f"[filter:base]\nuse = {FACTORIES}:marking\n[alembic]\nurl = %(here)s/x\n"
    )
    written, warnings = export(ini(text))
    assert written == {"app": "json:dumps", "filters": {"unused": {"use": "gzip"}}}
    assert warnings == [
        f"[{section}] is not written, because TOML has no form for it"
        for section in ("filter:compound", "filter:base", "alembic")
    ]


def test_says_once_that_logging_is_not_converted(folder: Path) -> None:
    logging = "[loggers]\nkeys = root\n[handlers]\nkeys =\n[formatters]\nkeys =\n[logger_root]\nhandlers =\n"
    written, warnings = export(ini(f"[app:main]\nuse = json:dumps\n{logging}"))
    assert written == {"app": "json:dumps"}
    assert warnings == ["logging is not converted; write a table [logging]"]


def test_warns_where_the_folder_of_the_file_is_written_out(folder: Path) -> None:
    write(f"[app:main]\nuse = {MAKE}\nfolder = %(here)s/x\n")
    text, warnings = export_toml(open_document("stack.ini"))
    assert f"{folder}/x" in text
    assert warnings == [f"the text contains the path of the folder, {folder}"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[composite:main]\nuse = egg:wsgistack#mount\n/ = config:other.ini#x\n", "stack.ini:2: [composite:main]"),
        ("[app:far]\nuse = config:other.ini#made\n", "other.ini:2: [composite:made]"),
    ],
)
def test_refuses_applications_of_another_file(text: str, place: str, folder: Path) -> None:
    write("[composite:made]\nuse = egg:wsgistack#mount\n/ = x\n[app:x]\nuse = json:dumps\n", "other.ini")
    assert problems(ini(f"{text}[app:fine]\nuse = config:other.ini#x\n")) == [
        f"{place}: only an ini file can use another file"
    ]


def test_reports_the_mistakes_of_the_configuration(folder: Path) -> None:
    (problem,) = problems(table({"app": "a:b", "layers": [{"use": "gzip", "levl": 1}]}))
    assert problem.startswith("stack.toml: layer 1 (gzip) levl: ")


def test_refuses_an_option_that_no_import_string_names(folder: Path) -> None:
    layer = {"use": EVERYTHING, "name": "it", "options": {}, "hook": f"{MODULE}:unnamed"}
    (problem,) = problems(table({"app": "a:b", "layers": [layer]}))
    assert problem.startswith("stack.toml: layer 1 (it) hook: ")
    assert f"'{MODULE}:<lambda>'" in problem


def test_warns_of_an_option_that_is_read_as_another_one(folder: Path) -> None:
    layer = {"use": EVERYTHING, "name": "it", "options": {}, "hook": f"{MODULE}:replaced"}
    _, (warning,) = export_layers(layer)
    assert warning.startswith("different in TOML: layer it option hook: ")


def test_a_name_of_a_layer_stays_one_if_it_has_an_option_called_so(folder: Path) -> None:
    layer = {"use": EVERYTHING, "name": "it", "options": {}}
    assert export_layers(layer) == ([layer], [])
