"""Configurations in TOML, and that they say the same as those in ini."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from webtest import TestApp as Browser

from tests.config.written import MODULE, greeting, read, said, told, write
from wsgistack import BasicAuth, ConfigError, config, load
from wsgistack.config.documents import open_document

FILE = "stack.toml"
APP = f'app = "{MODULE}:greet"\n'


def test_gives_an_application_with_its_layers(folder: Path) -> None:
    write(
        f"""app = "{MODULE}:greet"
layers = [
    "request-id",
    {{ use = "{MODULE}:marking", mark = "a", times = 2 }},
    {{ use = "{MODULE}:marking", name = "again", mark = "100% %(here)s" }},
]
""",
        FILE,
    )
    assert greeting(FILE) == "hello a a 100% %(here)s"
    assert repr(read(FILE).pipeline).endswith(", 'name': 'again', 'mark': '100% %(here)s'}])")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(APP, id="without layers"),
        pytest.param(f"\ufeff{APP}layers = []\r\n", id="byte order mark and CRLF"),
        pytest.param(f'[app]\nuse = "{MODULE}:greet"', id="table"),
    ],
)
def test_needs_an_application_only(text: str, folder: Path) -> None:
    write(text, FILE)
    assert greeting(FILE) == "hello"


def test_options_reach_a_factory(folder: Path) -> None:
    write(f'[app]\nuse = "call:{MODULE}:make_app"\nlevel = 5\n', FILE)
    assert told(file=FILE)["options"] == {"level": 5}
    assert told(file=FILE)["global"] == {"here": str(folder), "__file__": str(folder / FILE)}


def test_paths_are_relative_to_the_file(folder: Path) -> None:
    (folder / "sub").mkdir()
    write(f'{APP}[[layers]]\nuse = "{MODULE}:filed"\nfile = "a"\nother = "/b"\n', "sub/stack.toml")
    assert greeting("sub/stack.toml") == f"hello {folder}/sub/a /b"


def test_strangers_are_at_home(folder: Path) -> None:
    (folder / "style.css").write_text("p {}")
    write(
        f"""{APP}
[[layers]]
use = "werkzeug.middleware.proxy_fix:ProxyFix"
x_host = 1

[[layers]]
use = "whitenoise:WhiteNoise"
root = '{folder}'
prefix = "static"
immutable_file_test = '^.+\\.css$'
""",
        FILE,
    )
    browser = Browser(load(FILE))
    assert "immutable" in browser.get("/static/style.css").headers["Cache-Control"]
    assert browser.get("/", headers={"X-Forwarded-Host": "real"}).request.environ["HTTP_HOST"] == "real"


def test_says_the_same_as_ini(folder: Path) -> None:
    write(
        f"""app = "{MODULE}:greet"
layers = [
    "request_id",
    {{ use = "access_log", name = "log", file = "log/access", format = "%h %% %>s" }},
    {{ use = "catch_errors", debug = true }},
    {{ use = "compress", name = "small", codings = ["gzip"], levels = {{ gzip = 9 }}, minimum_size = "1 KiB" }},
    {{ use = "basic_auth", name = "door", users = {{ ann = "a=b", bob = "c" }}, realm = "100%" }},
    {{ use = "{MODULE}:marking", name = "mark", mark = "m", times = 2 }},
]
""",
        FILE,
    )
    write(
        f"""[pipeline:main]
pipeline = request_id log catch_errors small door mark greet
[app:greet]
use = {MODULE}:greet
[filter:log]
use = access_log
file = log/access
format = %%h %%%% %%>s
[filter:catch_errors]
debug = on
[filter:small]
use = compress
codings = gzip
levels = gzip = 9
minimum_size = 1 KiB
[filter:door]
use = basic_auth
users =
    ann = a=b
    bob = c
realm = 100%
[filter:mark]
use = {MODULE}:marking
mark = m
times = 2
""",
    )
    toml, ini = read(FILE), read()
    assert not toml.mistakes + ini.mistakes
    assert toml.pipeline.specs == ini.pipeline.specs
    assert toml.application
    assert ini.application
    assert toml.application.use == ini.application.use
    assert toml.pipeline.specs[1].options["file"] == folder / "log/access"
    assert isinstance(toml.pipeline.specs[4].build(toml.application.load()), BasicAuth)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "layers = []", [": app: is missing; expected an import string, or a table with use, or mounts"], id="no app"
        ),
        pytest.param(
            "app = 5", [":1: app: is of type int; expected an import string, or a table with use"], id="app is a number"
        ),
        pytest.param(
            "[app]\npassword = 'hidden'",
            [":1: app: is of type dict; expected an import string, or a table with use"],
            id="app without use",
        ),
        pytest.param(
            f'{APP}layer = ["gzip"]\nlayers = {{ users = "hidden" }}',
            [":2: layer: no such key; did you mean 'layers'?", ":3: layers: is of type dict; expected a list"],
            id="misspelt key and a table of layers",
        ),
        pytest.param(
            f'{APP}layers = [5, ["gzip"], {{ name = "x" }}, {{ use = "gzip", name = 5 }}]',
            [
                ":2: layer 1: is of type int; expected a name, an import string, a callable, a mapping or a Spec",
                ":2: layer 2: is of type list; expected a name, an import string, a callable, a mapping or a Spec",
                ":2: layer 3 use: is missing; expected a name, an import string or a callable",
                ":2: layer 4 name: is of type int; expected text",
            ],
            id="no layers",
        ),
        pytest.param(
            f'app = "{MODULE}:gret"\nlayers = ["gzpi", {{ use = "gzip", levl = 1, level = "9" }}, "basic_auth"]',
            [
                f":1: app: no 'gret' in {MODULE}; did you mean 'greet'?",
                ":2: layer 1 (gzpi) use: no layer 'gzpi'; did you mean 'gzip'?",
                ":2: layer 2 (gzip) levl: no such option of Gzip; did you mean 'level'?",
                ":2: layer 2 (gzip) level: found '9'; expected a whole number",
                ":2: layer 3 (basic_auth): needs one source of users; expected exactly one of users, ",
            ],
            id="five mistakes",
        ),
        pytest.param(f"{APP}layers = [", [":2: not TOML: Invalid value"], id="unfinished"),
        pytest.param("x = " + "9" * 5000, [": not TOML: Exceeds the limit"], id="number that is too long"),
        pytest.param("x = " + "[" * 5000, [": not TOML: "], id="list that is too deep"),
    ],
)
def test_says_what_is_wrong(text: str, expected: list[str], folder: Path) -> None:
    write(text, FILE)
    found = said(FILE)
    assert len(found) == len(expected)
    for each, start in zip(found, expected, strict=True):
        assert each.startswith(f"{FILE}{start}")
        assert "hidden" not in each


def test_tells_the_line_of_what_is_no_toml(folder: Path) -> None:
    write(f"{APP}\nlayers = []\napp = 'twice'\n", FILE)
    assert said(FILE) == ["stack.toml:4: app: set a second time, after line 1"]


VALUES = st.recursive(
    st.sampled_from(
        ["1", "-0.5", "true", "''", '"gzip"', '"request_id"', '"json:dumps"', "1979-05-27", "nan", '"\\u0000"']
    ),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.dictionaries(st.sampled_from(["use", "name", "level", "users"]), inner, max_size=3).map(
            lambda table: f"{{ {', '.join(f'{key} = {value}' for key, value in table.items())} }}"
        )
    ),
    max_leaves=8,
)


@given(st.builds("app = {}\nlayers = {}\n{}".format, VALUES, VALUES, st.text(max_size=9)) | st.text())
def test_meets_any_text_with_mistakes_only(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzzed" / FILE
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(path.parent)
        try:
            mistakes = config.check(open_document(path))
        except ConfigError as error:
            mistakes = [*error.mistakes]
    assert all(each.where.file for each in mistakes)
