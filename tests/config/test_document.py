"""Configurations in any format: how a file is read, and the same configuration in two formats."""

import sys
from pathlib import Path

import pytest

from tests.config.written import MODULE, read, write
from wsgistack import BasicAuth, ConfigError
from wsgistack.config.document import open_document
from wsgistack.config.paste.document import IniFile
from wsgistack.config.table.document import TableFile

FILE = "stack.toml"


def test_reports_the_same_as_an_ini_file(folder: Path) -> None:
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
    ("file", "text", "kind"),
    [
        ("a.toml", "", TableFile),
        ("a.Toml", "", TableFile),
        ("a.ini", "", IniFile),
        ("a.conf", "", IniFile),
        ("toml", "", IniFile),
    ],
)
def test_the_name_of_a_file_decides_its_format(file: str, text: str, kind: type, folder: Path) -> None:
    write(f"# a comment\n{text}\n", file)
    assert type(open_document(file)) is kind
    assert type(open_document(folder / file)) is kind


def test_reads_a_table(folder: Path) -> None:
    before = list(sys.path)
    assert type(open_document({})) is TableFile
    assert sys.path == before


@pytest.mark.parametrize("file", ["stack.py", "nowhere/Stack.PY"])
def test_refuses_a_python_file(file: str, folder: Path) -> None:
    write('config = {"app": "shop:application"}\n')
    with pytest.raises(ConfigError) as caught:
        open_document(file)
    assert str(caught.value) == (
        f"{file}: wsgistack does not read Python files as configuration; "
        "call wsgistack.load({...}) or use a Pipeline in your own module, or write a TOML file"
    )


@pytest.mark.parametrize("file", ["a.toml", "a.ini", "", "a\0.ini", "sub", "x" * 5000])
def test_reports_why_a_file_cannot_be_read(file: str, folder: Path) -> None:
    (folder / "sub").mkdir()
    with pytest.raises(ConfigError, match=r"file does not exist|cannot be read: "):
        open_document(file)
