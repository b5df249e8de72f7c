"""PasteDeploy's dialect: composites, servers, filters of other kinds, and the protocols of factories."""

from pathlib import Path

import pytest
from webtest import TestApp as Browser

from tests.config import factories
from tests.config.written import (
    GREET,
    MADE,
    MARK,
    MODULE,
    find_mistakes,
    greeting,
    load_mistakes,
    read,
    read_answer,
    write,
)
from wsgistack import ConfigError, config, load

MARKED = f"{MARK}mark = m\n"
SERVER = f"[server:main]\nuse = call:{MODULE}:make_server\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(f"[app:main]\nuse = {MODULE}:greet\nfilter-with = mark\n{MARKED}", "hello m", id="filter-with"),
        pytest.param(
            f"[pipeline:main]\npipeline = mark greet\nfilter-with = two\n{GREET}{MARKED}"
            "[filter:two]\nuse = mark\nmark = 2\n",
            "hello 2 m",
            id="filter-with around a pipeline",
        ),
        pytest.param(
            f"[pipeline:main]\npipeline = mark greet\n{GREET}{MARKED}filter-with = two\n[filter:two]\n"
            f"use = {MODULE}:marking\nmark = 2\n",
            "hello 2 m",
            id="filter-with around a filter",
        ),
        pytest.param(
            f"[filter-app:main]\nuse = mark\nmark = n\nnext = greet\n{GREET}{MARKED}", "hello n", id="filter-app"
        ),
        pytest.param(
            f"[filter-app:main]\npaste.filter_factory = {MODULE}:make_filter\nmark = f\nnext = {MODULE}:greet\n",
            "hello -:f",
            id="filter-app by protocol",
        ),
        pytest.param(
            f"[pipeline:main]\npipeline = f greet\nset site = s\n{GREET}[filter:f]\n"
            f"paste.filter_app_factory = {MODULE}:filter_app\nmark = f\n",
            "hello s:f",
            id="filter by protocol in a pipeline that sets",
        ),
        pytest.param(
            f"[pipeline:main]\npipeline = g greet\n{GREET}[filter:g]\nuse = f\nset site = g\nmark = g\n"
            f"[filter:f]\nset site = f\npaste.filter_app_factory = {MODULE}:filter_app\nmark = f\n",
            "hello g:g",
            id="filter that sets over another that does",
        ),
        pytest.param(
            f"[pipeline:main]\npipeline = gzip greet\n{GREET}[filter:gzip]\nuse = gzip\nfilter-with = mark\n{MARKED}",
            "hello m",
            id="section that is called like the layer it uses",
        ),
    ],
)
def test_builds_an_application(text: str, expected: str, folder: Path) -> None:
    write(text)
    assert greeting() == expected
    assert find_mistakes() == []


def test_reads_the_protocols_of_factories(folder: Path) -> None:
    write(f"[DEFAULT]\na = 1\n[app:main]\npaste.app_factory = {MODULE}:make_app\nset a = 2\nb = 3\n")
    assert (read_answer()["options"], read_answer()["global"]["a"]) == ({"b": "3"}, "2")
    for protocol in ("composite", "composit"):
        made = MADE.replace("main", "made")
        write(f"[app:main]\npaste.{protocol}_factory = wsgistack.pipeline.mount:composite_factory\n/ = made\n{made}")
        assert read_answer()["options"] == {}


def test_mounts_applications(folder: Path) -> None:
    write(
        f"[composite:main]\nuse = egg:wsgistack#mount\n/ = greet\n/made = made\nset site = s\n{GREET}"
        f"[app:made]\nuse = call:{MODULE}:make_app\n"
    )
    browser = Browser(load("stack.ini"))
    assert browser.get("/").text == "hello"
    assert browser.get("/made").json["global"]["site"] == "s"
    assert find_mistakes() == []


def test_a_filter_inherits_its_condition(folder: Path) -> None:
    write(
        f"[pipeline:main]\npipeline = mark two three\n  {MODULE}:greet\n{MARKED}when_path = /a\n"
        "[filter:two]\nuse = mark\n[filter:three]\nuse = mark\nwhen_not_path = /a\n"
    )
    assert [spec.when for spec in read().pipeline] == [
        {"path": ("/a",)},
        {"path": ("/a",)},
        {"not": {"path": ("/a",)}},
    ]
    browser = Browser(load("stack.ini"))
    assert (browser.get("/a").text, browser.get("/b").text) == ("hello m m", "hello m")


def test_makes_filters(folder: Path) -> None:
    write(f"{MARKED}filter-with = two\n[filter:two]\nuse = mark2\n[filter:mark2]\nuse = {MODULE}:marking\nmark = 2\n")
    wrap = config.load_filter("stack.ini", "mark")
    assert Browser(wrap(factories.greet)).get("/").text == "hello 2 m"
    assert Browser(config.load_filter("stack.ini", "gzip")(factories.greet)).get("/").text == "hello"
    with pytest.raises(ConfigError, match=r"stack.ini: unknown layer 'marc'; did you mean 'mark'\?"):
        config.load_filter("stack.ini", "marc")
    write("[filter:main]\nuse = gzip\nlevl = 5\n")
    with pytest.raises(ConfigError, match=r"stack.ini:3: \[filter:main\] levl: unknown option of Gzip"):
        config.load_filter("stack.ini")


def test_makes_servers(folder: Path) -> None:
    (folder / "sub").mkdir()
    write(f"[DEFAULT]\nb = there\n{SERVER}port = 1\nset a = 1\n", "sub/base.ini")
    write("[server:main]\nuse = config:sub/base.ini\nset a = 2\nport = ${env:XYZZY_PORT:-80}\n[server:x]\nuse = main\n")
    here = {"here": str(folder), "__file__": str(folder / "stack.ini")}
    for name in ("main", "x"):
        served = config.load_server("stack.ini", name)(factories.greet)
        assert served == ({**here, "a": "2", "b": "there"}, {"port": "80"}, factories.greet)
    assert config.load_server("stack.ini", f"paste.server_runner:{MODULE}:run_server")(factories.greet) == "ran"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "[server:mian]\nuse = x\n", [("stack.ini: unknown server 'main'; did you mean 'mian'?")], id="no server"
        ),
        pytest.param(
            "[server:main]\nuse = mian\n",
            ["stack.ini:2: [server:main] use: unknown server 'mian'; expected egg:…, call:… or another server"],
            id="use",
        ),
        pytest.param(
            "[server:main]\nuse = main\n",
            ["stack.ini:2: [server:main] use: circular reference: stack.ini [server:main] -> stack.ini [server:main]"],
            id="circle",
        ),
        pytest.param(
            f"{SERVER}prot = 1\nport = %(b)s\n",
            [
                f"stack.ini:3: [server:main] prot: unknown option of call:{MODULE}:make_server; did you mean 'port'?",
                (
                    "stack.ini:4: [server:main] port: unknown reference %(b)s; choose from __file__, here, prot, use; "
                    "for the text itself, write %%(b)s"
                ),
            ],
            id="options",
        ),
        pytest.param(
            "[server:main]\nuse = config:bad.ini\n",
            ["bad.ini:2: line outside of a section; expected a section header such as [app:main] above it"],
            id="file",
        ),
        pytest.param(
            f"[server:main]\nuse = {MODULE}:greet\n",
            [
                (
                    "stack.ini:2: [server:main] use: unknown server "
                    f"'{MODULE}:greet'; expected egg:…, call:… or another server"
                )
            ],
            id="import string",
        ),
    ],
)
def test_reports_wrong_servers(text: str, expected: list[str], folder: Path) -> None:
    write("# a comment\nx\n[server:main]\nuse = call:x:y\n", "bad.ini")
    write(text)
    with pytest.raises(ConfigError) as caught:
        config.load_server("stack.ini")
    assert [str(each) for each in caught.value.mistakes] == expected


MISTAKES = {
    "filter-app without next": (
        "[filter-app:main]\nuse = gzip\n",
        ["stack.ini:1: [filter-app:main] next: missing value; expected the application that it filters"],
    ),
    "filter-app of nothing with a wrong option": (
        "[filter-app:main]\nuse = gzip\nlevl = 1\nnext = gret\n" + GREET,
        [
            "stack.ini:3: [filter-app:main] levl: unknown option of Gzip; did you mean 'level'?",
            "stack.ini:4: [filter-app:main] next: unknown application or pipeline 'gret'; did you mean 'greet'?",
        ],
    ),
    "filter-app without use": (
        f"[filter-app:main]\nnext = greet\n{GREET}",
        ["stack.ini:1: [filter-app:main] use: missing value; write use = a layer, egg:…, call:… or a section name"],
    ),
    "circle by next": (
        "[filter-app:main]\nuse = gzip\nnext = main\n",
        [("stack.ini:3: [filter-app:main] next: circular reference: stack.ini "
                "[filter-app:main] -> stack.ini [filter-app:main]")],
    ),
    "misspelt filter-with": (
        f"{GREET.replace('greet]', 'main]')}filter-with = gzpi\n",
        ["stack.ini:3: [app:main] filter-with: unknown layer 'gzpi'; did you mean 'gzip'?"],
    ),
    "circle by filter-with": (
        f"[app:main]\nuse = {MODULE}:greet\nfilter-with = mark\n{MARKED}filter-with = mark\n",
        [("stack.ini:7: [filter:mark] filter-with: circular reference: "
                "stack.ini [filter:mark] -> stack.ini [filter:mark]")],
    ),
    "circle of one filter": (
        f"[app:main]\nuse = {MODULE}:greet\nfilter-with = mark\n[filter:mark]\nuse = mark\n",
        ["stack.ini:5: [filter:mark] use: circular reference: stack.ini [filter:mark] -> stack.ini [filter:mark]"],
    ),
    "use beside a protocol": (
        f"[app:main]\nuse = {MODULE}:greet\npaste.app_factory = x:y\n",
        ["stack.ini:3: [app:main] paste.app_factory: conflicts with 'use'; keep one of them"],
    ),
    "protocol of another kind": (
        f"[app:main]\nuse = paste.filter_factory:{MODULE}:make_filter\n",
        [
            (
                "stack.ini:2: [app:main] use: a paste.filter_factory cannot be used here; "
                "expected paste.app_factory or paste.composite_factory or paste.composit_factory"
            )
        ],
    ),
    "application where its factory is expected": (
        f"[app:main]\nuse = call:{MODULE}:greet\n",
        [
            (
                f"stack.ini:2: [app:main] use: '{MODULE}:greet' is an application; expected a paste.app_factory, "
                f"called with global_conf and the options; for the application itself, write {MODULE}:greet"
            )
        ],
    ),
    "application under the key of its factory": (
        f"[app:main]\npaste.app_factory = {MODULE}:greet\n",
        [
            (
                f"stack.ini:2: [app:main] paste.app_factory: '{MODULE}:greet' is an application; expected a "
                "paste.app_factory, called with global_conf and the options; "
                f"for the application itself, write use = {MODULE}:greet"
            )
        ],
    ),
    "factory that can't be called so": (
        f"[app:main]\npaste.composite_factory = {MODULE}:nothing\n",
        [
            (
                f"stack.ini:2: [app:main] paste.composite_factory: cannot call '{MODULE}:nothing': too many "
                "positional arguments; expected a paste.composite_factory, called with loader, global_conf and the "
                "options"
            )
        ],
    ),
    "composite of nothing": (
        "[composite:main]\nuse = egg:wsgistack#mount\n/a = gret\nb = greet\n" + GREET,
        [
            "stack.ini:3: [composite:main] /a: unknown application or pipeline 'gret'; did you mean 'greet'?",
            (
                "stack.ini:4: [composite:main] b: not a valid prefix; expected a path that begins with a slash, "
                "such as /api; did you mean '/b'?"
            ),
        ],
    ),
    "composite with a wrong option": (
        "[composite:main]\nuse = egg:wsgistack#mount\nb = greet\n" + GREET,
        [
            (
                "stack.ini:3: [composite:main] b: not a valid prefix; expected a path that begins with a slash, "
                "such as /api; did you mean '/b'?"
            )
        ],
    ),
    "all that is wrong with one section": (
        "[app:main]\nfilter-with = gzpi\nrequire = qqqqq\na = %(b)s\nget c = d\n",
        [
            ("stack.ini:1: [app:main] use: missing value; write use = "
                "module:application, egg:…, call:… or a section name"),
            "stack.ini:2: [app:main] filter-with: unknown layer 'gzpi'; did you mean 'gzip'?",
            "stack.ini:3: [app:main] require: distribution 'qqqqq' is not installed; pip install qqqqq",
            ("stack.ini:4: [app:main] a: unknown reference %(b)s; choose "
                "from __file__, filter-with, get c, here, require; for the text itself, write %%(b)s"),
            "stack.ini:5: [app:main] get c: unknown global value 'd'; choose from __file__, here",
        ],
    ),
    "options that are taken from global values": (
        "[DEFAULT]\nv = 10\n[filter-app:main]\nuse = gzip\nget level = v\nnext = app\n"
        + GREET.replace("greet]", "app]")
        + "get x = v\n",
        [
            "stack.ini:5: [filter-app:main] level: invalid level 10; expected 1 to 9 for gzip",
            (
                f"stack.ini:9: [app:app] x: '{MODULE}:greet' is a WSGI application, which takes no options; "
                "remove this setting"
            ),
        ],
    ),
    "all that is wrong with one filter": (
        f"[pipeline:main]\npipeline = f greet\n{GREET}[filter:f]\nuse = gzip\nlevl = 1\nwhen_pth = x\nlevel = %(x)s\n",
        [
            "stack.ini:7: [filter:f] levl: unknown option of Gzip; did you mean 'level'?",
            "stack.ini:8: [filter:f] when_pth: unknown condition; did you mean 'when_path'?",
            ("stack.ini:9: [filter:f] level: unknown reference %(x)s; choose from __file__, here, levl, use, when_pth; "
            "for the text itself, write %%(x)s"),
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "mistakes"), MISTAKES.values(), ids=MISTAKES)
def test_reports_all_mistakes(text: str, mistakes: list[str], folder: Path) -> None:
    write(text)
    assert load_mistakes() == mistakes
    assert set(mistakes) <= set(find_mistakes())
