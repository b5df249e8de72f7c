"""Configurations as tables: the mistakes of wrong ones."""

from pathlib import Path

import pytest

from tests.config import factories
from tests.config.written import MODULE, find_mistakes, load_mistakes, write
from wsgistack import ConfigError, config, load, load_server
from wsgistack.config import open_document

FILE = "stack.toml"
APP = f'app = "{MODULE}:greet"\n'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "layers = []",
            [": app: missing key; expected an import string, or a table with use, or mounts"],
            id="no app",
        ),
        pytest.param(
            "app = 5", [":1: app: is a number; expected an import string, or a table with use"], id="app is a number"
        ),
        pytest.param(
            "[app]\npassword = 'hidden'",
            [":1: app use: missing value; expected an import string, or a table with use"],
            id="app without use",
        ),
        pytest.param(
            f'{APP}layer = ["gzip"]\nlayers = {{ users = "hidden" }}',
            [
                ":2: layer: unknown key; did you mean 'layers'?",
                ':3: layers: is a table; expected a list such as ["request_id", "gzip"]',
            ],
            id="misspelt key and a table of layers",
        ),
        pytest.param(
            f'{APP}layers = [5, ["gzip"], {{ name = "x" }}, {{ use = "gzip", name = 5 }}]',
            [
                ":2: layer 1: is a number; expected a name, an import string, a callable, a mapping or a Spec",
                ":2: layer 2: is a list; expected a name, an import string, a callable, a mapping or a Spec",
                ":2: layer 3 use: missing value; expected a name, an import string or a callable",
                ":2: layer 4 name: is a number; expected text",
            ],
            id="items that are not layers",
        ),
        pytest.param(
            f'app = "{MODULE}:gret"\nlayers = ["gzpi", {{ use = "gzip", levl = 1, level = "9" }}, "basic_auth"]',
            [
                f":1: app: module '{MODULE}' has no attribute 'gret'; did you mean 'greet'?",
                ":2: layer 1 (gzpi) use: unknown layer 'gzpi'; did you mean 'gzip'?",
                ":2: layer 2 (gzip) levl: unknown option of Gzip; did you mean 'level'?",
                ":2: layer 2 (gzip) level: invalid value '9'; expected a whole number",
                ":2: layer 3 (basic_auth): needs one source of users; expected exactly one of users, ",
            ],
            id="five mistakes",
        ),
        pytest.param(
            f'{APP}[mounts]\n"/a" = "b"\n',
            [":2: mounts: conflicts with 'app'; keep one of them"],
            id="app and mounts",
        ),
        pytest.param(
            'mounts = { "/a" = "b", "/c" = 5 }',
            [":1: mounts /c: is a number; expected the name of an application"],
            id="mount of a number",
        ),
        pytest.param("mounts = 5", [":1: mounts: is a number; expected a table"], id="mounts is a number"),
        pytest.param(
            '[mounts]\n"/a" = "b"\n"c" = "on"\n[apps.one]\napp = "x"\n',
            [
                ":2: mounts /a: unknown application 'b'; choose from one",
                ":3: mounts c: unknown application 'on'; did you mean 'one'?",
                (
                    ":3: mounts c: not a valid prefix; expected a path that begins with a slash, such as /api; "
                    "did you mean '/c'?"
                ),
            ],
            id="unknown application and invalid prefix",
        ),
        pytest.param(
            'app = "one"\n[apps]\none = { app = "two" }\ntwo = { app = { use = "one", x = 1 } }\n',
            [":4: apps.two app: circular reference: one -> two -> one"],
            id="circular reference",
        ),
        pytest.param(
            'app = "${env:UNSET}"\nlayers = ["${env:UNSET}", { use = "${env:UNSET}" }]\n',
            [
                f":{place}: environment variable UNSET is not set; set it, or write a default: ${{env:UNSET:-default}}"
                for place in ("1: app", "2: layer 1 use", "2: layer 2 use")
            ],
            id="names from a variable that is not set",
        ),
        pytest.param('app = "main"', [":1: app: circular reference: main -> main"], id="reference to itself"),
        pytest.param(
            'mounts = { "/" = "main" }', [":1: mounts /: circular reference: main -> main"], id="mount of itself"
        ),
        pytest.param(
            f"{APP}[apps.main]\n{APP}[apps.x]\nlayer = []\n{APP}",
            [
                (
                    ":2: apps main: duplicate application 'main'; 'app' at the top already defines it; "
                    "rename it, or move its keys to the top"
                ),
                ":5: apps.x layer: unknown key; did you mean 'layers'?",
            ],
            id="second main and a misspelt key inside",
        ),
        pytest.param(
            f"{APP}apps = {{ x = 5 }}\nservers = [5]\nglobal = {{ a = [1], b = 2 }}\n",
            [
                ":2: apps x: is a number; expected a table",
                ":3: servers: is a list; expected a table",
                ":4: global a: is a list; expected text",
            ],
            id="values that are not tables",
        ),
        pytest.param('app = "config:stack.ini"', [":1: app: only an ini file can use another file"], id="another file"),
        pytest.param(
            f'{APP}[[layers]]\nuse = "egg:wsgistack#gzpi"\n[[layers]]\nuse = "gzip"\nwhen = {{ pth = "x" }}\n',
            [
                ":3: layer 1 (egg:wsgistack#gzpi) use: wsgistack has no entry point 'gzpi'",
                ":6: layer 2 when.pth: unknown condition; did you mean 'path'?",
            ],
            id="egg and condition",
        ),
        pytest.param(
            f'{APP}[[layers]]\nuse = "gzip"\noptions.levl = 1\noptions.levels = 2\n',
            [
                ":4: layer 1 (gzip) levl: unknown option of Gzip; did you mean 'level'?",
                ":5: layer 1 (gzip) levels: unknown option of Gzip; did you mean 'level'?",
            ],
            id="options in a table of their own",
        ),
    ],
)
def test_reports_mistakes(text: str, expected: list[str], folder: Path) -> None:
    write(text, FILE)
    found = load_mistakes(FILE)
    assert len(found) == len(expected)
    for each, start in zip(found, expected, strict=True):
        assert each.startswith(f"{FILE}{start}")
        assert "hidden" not in each
    assert set(found) <= set(find_mistakes(FILE))


@pytest.mark.parametrize(
    ("server", "mistake"),
    [
        pytest.param(
            {}, " servers.main use: missing value; expected a server factory such as egg:waitress", id="nothing"
        ),
        pytest.param(
            {"use": "json:dumps"}, " servers.main use: 'dumps' is not an import string; expected", id="no factory"
        ),
        pytest.param(
            {"use": f"call:{MODULE}:make_server", "prot": 1}, " servers.main prot: unknown option", id="option"
        ),
    ],
)
def test_reports_a_wrong_server(server: dict[str, object], mistake: str) -> None:
    table = {"app": factories.greet, "servers": {"main": server}}
    (found,) = map(str, config.find_mistakes(open_document(table)))
    assert found.startswith(mistake.strip())
    with pytest.raises(ConfigError) as caught:
        config.load_server(table)
    assert str(caught.value) == found
    with pytest.raises(ConfigError, match="unknown server 'mian'; did you mean 'main'"):
        config.load_server(table, "mian")


def test_reports_mistakes_of_a_table_without_a_file() -> None:
    table = {
        "apps": {
            "x": {"app": factories.nothing, "layers": ["gzpi", {"use": "gzip", "levl": 1}]},
            "y": {"app": {"use": factories.greet, "level": 5}},
        },
        "app": "x",
    }
    with pytest.raises(ConfigError) as caught:
        load(table)
    assert [str(each) for each in caught.value.mistakes] == [
        "apps.x layer 1 (gzpi) use: unknown layer 'gzpi'; did you mean 'gzip'?",
        "apps.x layer 2 (gzip) levl: unknown option of Gzip; did you mean 'level'?",
        (
            f"apps.x app: '{MODULE}:nothing' is a callable that takes no arguments; expected a WSGI application; "
            f"to call it, write {MODULE}:nothing()"
        ),
    ]
    with pytest.raises(ConfigError, match=r"^apps\.y\.app level: '.*' is a WSGI application, which takes no options"):
        load(table, "y")


def test_uses_no_server_of_another_file() -> None:
    with pytest.raises(ConfigError, match=r"^only an ini file can use another file$"):
        load_server({"app": "x"}, "config:other.ini")
