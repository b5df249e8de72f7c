"""What changed from one configuration to another, in a few words each."""

from pathlib import Path

import pytest

from tests.config.written import GREET, MARK, MODULE, write
from wsgistack import ConfigError
from wsgistack.config.contents import contents
from wsgistack.config.difference import differences
from wsgistack.config.document import open_document

APP = f'app = "{MODULE}:greet"\n'


def changed(old: str, new: str, name: str = "") -> list[str]:
    """The differences between two files in TOML, or in ini where one begins with a section."""
    found = []
    for number, text in enumerate((old, new)):
        file = f"{'new' if number else 'old'}.{'ini' if text.startswith('[') else 'toml'}"
        write(text, file)
        found.append(contents(open_document(file)))
    return differences(found[0], found[1], name)


def test_tells_of_filters_that_a_composite_may_ask_for(folder: Path) -> None:
    app = f"[app:main]\nuse = {MODULE}:greet\n"
    old = f"{app}[filter:a]\nuse = gzip\n[filter:b]\nuse = gzip\n"
    assert changed(old, f"{old}level = 9\n") == ["filter b level: default -> 9"]
    assert changed(old, old.replace("[filter:b]", "[filter:c]")) == ["- filter b", "+ filter c"]
    assert changed(old, f"{APP}[filters]\na = {{ use = 'gzip' }}\nb = {{ use = 'gzip' }}\n") == []
    listed = old.replace("[app:main]", "[pipeline:main]\npipeline = a x\n[app:x]")
    assert changed(listed, listed.replace("= gzip", "= lint", 1))[-1] == "a use: gzip -> lint"


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        pytest.param('["gzip"]', '["request_id", "gzip"]', ["+ request_id before gzip"], id="a layer more"),
        pytest.param('["gzip"]', '["gzip", "lint"]', ["+ lint after gzip"], id="a layer more, inside"),
        pytest.param("[]", '["gzip"]', ["+ gzip"], id="a first layer"),
        pytest.param('["gzip", "lint"]', '["lint"]', ["- gzip"], id="a layer less"),
        pytest.param('["gzip", "lint"]', '["lint", "gzip"]', ["lint moved before gzip"], id="another order"),
        pytest.param('["gzip"]', '["wsgistack:Gzip"]', ["gzip is called wsgistack:Gzip"], id="another name"),
        pytest.param(
            '[{use = "gzip", name = "x"}]', '[{use = "lint", name = "x"}]', ["x use: gzip -> lint"], id="another use"
        ),
        pytest.param('["request-id"]', '[{use = "request_id", name = "request-id"}]', [], id="the same in other words"),
        pytest.param(
            '[{use = "gzip", level = 6, minimum_size = "1 kB"}]',
            '[{use = "gzip", level = 9, types = ["a/b"], minimum_size = 1000}]',
            ["gzip level: 6 -> 9", "gzip types: default -> ['a/b']"],
            id="options",
        ),
        pytest.param(
            '[{use = "access_log", file = "a.log"}]',
            '[{use = "access_log"}]',
            ["access_log file: a.log -> default"],
            id="a path",
        ),
        pytest.param(
            '[{use = "basic_auth", users = {a = "hidden"}}]',
            '[{use = "basic_auth", users = {a = "${env:A}"}}]',
            ["basic_auth users: changed"],
            id="a secret",
        ),
        pytest.param(
            '[{use = "gzip", when = {path = "/a"}}, "lint"]',
            '[{use = "gzip", when = {not = {path = "/a"}, method = "GET"}}, {use = "lint", when = "a:b"}]',
            [
                "gzip: when path = /a -> when method = GET, when not path = /a",
                "lint: always -> when a:b",
            ],
            id="conditions",
        ),
    ],
)
def test_tells_what_changed_in_the_layers(old: str, new: str, lines: list[str], folder: Path) -> None:
    assert changed(f"{APP}layers = {old}\n", f"{APP}layers = {new}\n") == lines
    assert changed(f"{APP}layers = {new}\n", f"{APP}layers = {new}\n") == []


def test_tells_what_changed_besides_the_layers(folder: Path) -> None:
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
        "application password: changed",
        "api: + gzip",
        f"api: application: {MODULE}:greet -> {MODULE}:not_callable",
        "- application gone",
        "own: + application b",
        "own: application set x: changed",
        "+ application new",
        "server main port: '1' -> '2'",
        "server main host: default -> 'h'",
        "- server gone",
        "global site: changed",
        "- global old",
        "+ global new",
    ]
    assert sorted(changed(old, new)) == sorted(lines)
    assert changed(old, old) == changed(new, new) == []
    assert changed(old, new, "api") == [line.removeprefix("api: ") for line in lines if line.startswith("api: ")]
    assert changed(old, new, "gone") == ["- application gone"]
    assert "hidden" not in "".join(changed(new, old))


def test_takes_no_notice_of_where_the_files_are(folder: Path) -> None:
    for place in ("one", "two"):
        (folder / place).mkdir()
        write(f'{APP}layers = [{{use = "access_log", file = "logs/x"}}]\n', f"{place}/stack.toml")
    one, two = (contents(open_document(f"{place}/stack.toml")) for place in ("one", "two"))
    assert differences(one, two) == []


def test_names_an_application_that_is_an_object(folder: Path) -> None:
    write("from tests.config.factories import greet\nconfig = {'app': greet}\n", "old.py")
    write(APP.replace("greet", "other"), "new.toml")
    old, new = (contents(open_document(file)) for file in ("old.py", "new.toml"))
    assert differences(old, new) == [f"application: {MODULE}:greet -> {MODULE}:other"]
    assert differences(new, new) == []


def test_tells_a_number_of_any_length() -> None:
    old, new = (
        contents(open_document({"app": print, "servers": {"main": {"use": "egg:wsgistack", "port": port}}}))
        for port in (1, 1 << 20000)
    )
    assert differences(old, new) == [f"server main port: '1' -> '0x1{'0' * 5000}'"]


def test_tells_no_secret_option_of_a_server(folder: Path) -> None:
    server = f'{APP}[servers.main]\nuse = "call:{MODULE}:make_secret"\nkey = "hidden'
    assert changed(f'{server}"\n', f'{server} too"\n') == ["server main key: changed"]


def test_takes_it_for_no_mistake_that_a_filter_leaves_options_to_those_that_use_it(folder: Path) -> None:
    write(f"{MARK}tims = 1\n", "slip.ini")
    with pytest.raises(ConfigError, match="unknown option"):
        contents(open_document("slip.ini"))
    used = f"{GREET}[pipeline:main]\npipeline = more greet\n{MARK}[filter:more]\nuse = mark\nmark = "
    for file, mark in ("old.ini", "a"), ("new.ini", "b"):
        write(f"{used}{mark}\n", file)
    old, new = (contents(open_document(file)) for file in ("old.ini", "new.ini"))
    assert differences(old, new) == ["more mark: 'a' -> 'b'"]
