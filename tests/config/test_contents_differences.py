"""The differences between two configurations, one line for each."""

from pathlib import Path
from typing import Any

import pytest

from tests.config.factories import greet
from tests.config.written import GREET, MARK, MODULE, write
from wsgistack import ConfigError
from wsgistack.config import open_document
from wsgistack.config.contents import find_differences, is_same_value, read_contents

APP = f'app = "{MODULE}:greet"\n'


def changed(old: str, new: str) -> list[str]:
    """The differences between two files in TOML, or in ini where one begins with a section."""
    found = []
    for number, text in enumerate((old, new)):
        file = f"{'new' if number else 'old'}.{'ini' if text.startswith('[') else 'toml'}"
        write(text, file)
        found.append(read_contents(open_document(file)))
    return find_differences(found[0], found[1])


def test_compares_filters_that_a_composite_may_ask_for(folder: Path) -> None:
    app = f"[app:main]\nuse = {MODULE}:greet\n"
    old = f"{app}[filter:a]\nuse = gzip\n[filter:b]\nuse = gzip\n"
    assert changed(old, f"{old}level = 9\n") == ["+ filter b option level: 9"]
    assert changed(old, old.replace("[filter:b]", "[filter:c]")) == ["- filter b use: gzip", "+ filter c use: gzip"]
    assert changed(old, f"{APP}[filters]\na = {{ use = 'gzip' }}\nb = {{ use = 'gzip' }}\n") == []
    listed = old.replace("[app:main]", "[pipeline:main]\npipeline = a x\n[app:x]")
    assert "layer a use: gzip -> lint" in changed(listed, listed.replace("= gzip", "= lint", 1))


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        pytest.param(
            '["gzip"]',
            '["request_id", "gzip"]',
            ["application layers: gzip -> request_id, gzip", "+ layer request_id use: request_id"],
            id="added",
        ),
        pytest.param("[]", '["gzip"]', ["+ application layers: gzip", "+ layer gzip use: gzip"], id="the first one"),
        pytest.param(
            '["gzip", "lint"]',
            '["lint"]',
            ["application layers: gzip, lint -> lint", "- layer gzip use: gzip"],
            id="removed",
        ),
        pytest.param(
            '["gzip", "lint"]', '["lint", "gzip"]', ["application layers: gzip, lint -> lint, gzip"], id="another order"
        ),
        pytest.param(
            '["gzip", "gzip"]',
            '["gzip", {use = "gzip", level = 9}]',
            ["+ layer gzip again option level: 9"],
            id="twice the same name",
        ),
        pytest.param(
            '[{use = "gzip", name = "x"}]',
            '[{use = "lint", name = "x"}]',
            ["layer x use: gzip -> lint"],
            id="another use",
        ),
        pytest.param('["request-id"]', '[{use = "request_id", name = "request-id"}]', [], id="the same in other words"),
        pytest.param(
            '[{use = "wsgistack:Gzip", name = "gzip"}]', '["gzip"]', [], id="the import string of a registered layer"
        ),
        pytest.param(
            '[{use = "gzip", level = 6, minimum_size = "1 kB"}]',
            '[{use = "gzip", level = 9, types = ["a/b"], minimum_size = 1000}]',
            ["layer gzip option level: 6 -> 9", "+ layer gzip option types: ['a/b']"],
            id="options",
        ),
        pytest.param(
            '[{use = "access_log", file = "a.log"}]',
            '[{use = "access_log"}]',
            ["- layer access_log option file: a.log"],
            id="a path",
        ),
        pytest.param(
            '[{use = "basic_auth", users = {a = "hidden"}}]',
            '[{use = "basic_auth", users = {a = "${env:A}"}}]',
            ["layer basic_auth option users: changed"],
            id="a secret",
        ),
        pytest.param(
            '[{use = "auth", basic = {users = {a = "hidden"}, max_hashes = 1}, throttle = {store = "hidden:"}}]',
            '[{use = "auth", basic = {users = {a = "other"}, max_hashes = 2}, optional = true}]',
            [
                "layer auth option basic.users: changed",
                "layer auth option basic.max_hashes: 1 -> 2",
                "- layer auth option throttle: {'store': <secret>}",
                "+ layer auth option optional: true",
            ],
            id="parts of a mapping, of which some are secret",
        ),
        pytest.param(
            '[{use = "gzip", when = {path = "/a"}}, "lint"]',
            '[{use = "gzip", when = {not = {path = "/a"}, method = "GET"}}, {use = "lint", when = "a:b"}]',
            [
                "- layer gzip when.path: /a",
                "+ layer gzip when.method: GET",
                "+ layer gzip when.not.path: /a",
                "+ layer lint when: a:b",
            ],
            id="conditions",
        ),
    ],
)
def test_describes_changes_of_layers(old: str, new: str, lines: list[str], folder: Path) -> None:
    assert sorted(changed(f"{APP}layers = {old}\n", f"{APP}layers = {new}\n")) == sorted(lines)
    assert changed(f"{APP}layers = {new}\n", f"{APP}layers = {new}\n") == []


def test_describes_changes_of_everything_else(folder: Path) -> None:
    make = f"call:{MODULE}:make_app"
    old = (
        f'app = {{use = "{make}", password = "hidden", a = 1}}\n[global]\nsite = "hidden"\nold = "hidden"\n'
        f'[apps.api]\napp = "{MODULE}:greet"\n[apps.gone]\napp = "api"\n'
        f'[apps.own]\napp = "{make}"\nglobal = {{x = "hidden"}}\n'
        '[servers.main]\nuse = "egg:wsgistack"\nport = 1\n[servers.gone]\nuse = "egg:wsgistack"\n'
    )
    new = (
        f"[DEFAULT]\nsite = hidden too\nnew = hidden\n[app:main]\nuse = {make}\npassword = also hidden\na = 1\n"
        f"[pipeline:api]\npipeline = gzip {MODULE}:not_callable\n[app:new]\nuse = {MODULE}:greet\n"
        f"[app:own]\nuse = {make}\nset x = hidden too\nb = hidden\n"
        "[server:main]\nuse = egg:wsgistack\nport = 2\nhost = h\n"
    )
    lines = [
        "application option password: changed",
        "+ application api layers: gzip",
        "+ application api layer gzip use: gzip",
        f"application api use: {MODULE}:greet -> {MODULE}:not_callable",
        f"- application gone use: {MODULE}:greet",
        "+ application own option b",
        "application own global value x: changed",
        f"+ application new use: {MODULE}:greet",
        "server main option port: 1 -> '2'",
        "+ server main option host: 'h'",
        "- server gone use: egg:wsgistack",
        "global value site: changed",
        "- global value old",
        "+ global value new",
    ]
    assert sorted(changed(old, new)) == sorted(lines)
    assert changed(old, old) == changed(new, new) == []
    assert "hidden" not in "".join(changed(new, old))


def test_ignores_where_the_files_are(folder: Path) -> None:
    for place in ("one", "two"):
        (folder / place).mkdir()
        write(f'{APP}layers = [{{use = "access_log", file = "logs/x"}}]\n', f"{place}/stack.toml")
    one, two = (read_contents(open_document(f"{place}/stack.toml")) for place in ("one", "two"))
    assert find_differences(one, two) == []


def test_names_an_application_that_is_an_object(folder: Path) -> None:
    old, new = (read_contents(open_document({"app": app})) for app in (greet, f"{MODULE}:other"))
    assert find_differences(old, new) == [f"application use: {MODULE}:greet -> {MODULE}:other"]
    assert find_differences(new, new) == []


def test_hides_a_secret_option_of_a_server(folder: Path) -> None:
    server = f'{APP}[servers.main]\nuse = "call:{MODULE}:make_secret"\nkey = "hidden'
    assert changed(f'{server}"\n', f'{server} too"\n') == ["server main option key: changed"]


def test_a_filter_may_leave_required_options_to_the_section_that_uses_it(folder: Path) -> None:
    write(f"{MARK}tims = 1\n", "slip.ini")
    with pytest.raises(ConfigError, match=r"\[filter:mark\] tims: "):
        read_contents(open_document("slip.ini"))
    used = f"{GREET}[pipeline:main]\npipeline = more greet\n{MARK}[filter:more]\nuse = mark\nmark = "
    for file, mark in ("old.ini", "a"), ("new.ini", "b"):
        write(f"{used}{mark}\n", file)
    old, new = (read_contents(open_document(file)) for file in ("old.ini", "new.ini"))
    assert find_differences(old, new) == ["layer more option mark: 'a' -> 'b'"]


NAN = float("nan")


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        pytest.param(1, 1, True, id="numbers"),
        pytest.param(1, True, False, id="an integer and a boolean"),
        pytest.param(1, 1.0, False, id="an integer and a float"),
        pytest.param(NAN, float("nan"), True, id="NaN"),
        pytest.param([1, (2,)], [1, (2,)], True, id="lists"),
        pytest.param([1], (1,), False, id="a list and a tuple"),
        pytest.param([1], [True], False, id="lists of other types"),
        pytest.param([1], [1, 2], False, id="a longer list"),
        pytest.param({"a": [NAN]}, {"a": [NAN]}, True, id="mappings"),
        pytest.param({"a": 1}, {"a": True}, False, id="mappings to other types"),
        pytest.param({"a": 1}, {"b": 1}, False, id="mappings from other names"),
    ],
)
def test_compares_values_and_their_types(one: Any, other: Any, expected: bool) -> None:
    assert is_same_value(one, other) is expected
