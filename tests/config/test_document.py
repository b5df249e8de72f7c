"""Configurations in any format: how a file is read, and the same configuration in two formats."""

import sys
from pathlib import Path

import pytest

from tests.config.written import MODULE, read, write
from wsgistack import BasicAuth, ConfigError
from wsgistack.config import open_document
from wsgistack.config.document import read_source
from wsgistack.config.paste.document import IniFile
from wsgistack.config.table.document import TableFile

FILE = "stack.toml"
TEXT = "[app:main]\nname = Zoë\n"


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


@pytest.mark.parametrize("file", ["a.toml", "a.ini", "", "a\0.ini", "sub", "x" * 5000])
def test_reports_why_a_file_cannot_be_read(file: str, folder: Path) -> None:
    (folder / "sub").mkdir()
    with pytest.raises(ConfigError, match=r"file does not exist|cannot be read: "):
        open_document(file)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_reads_utf_8_with_or_without_a_byte_order_mark(encoding: str, folder: Path) -> None:
    (folder / "stack.ini").write_text(TEXT, encoding)
    assert read_source(Path("stack.ini")) == TEXT


@pytest.mark.parametrize(
    ("name", "said"),
    [
        pytest.param("stak.ini", "stak.ini: file does not exist; did you mean 'stack.ini'?", id="nearest name"),
        pytest.param("unlike", "unlike: file does not exist", id="no near name"),
        pytest.param("no/folder.ini", "no/folder.ini: file does not exist", id="no such folder"),
        pytest.param("stack.ini/x", "stack.ini/x: cannot be read: Not a directory", id="below a file"),
        pytest.param(".", ".: cannot be read: Is a directory", id="a folder"),
        pytest.param("a\0b", "a\0b: cannot be read: embedded null byte", id="no file name"),
        pytest.param("x" * 300, f"{'x' * 300}: cannot be read: File name too long", id="too long"),
        pytest.param("link.ini", "link.ini: broken link: its target does not exist", id="dangling link"),
        pytest.param("wide.ini", "wide.ini: not a text file; save it in UTF-8", id="UTF-16"),
        pytest.param("empty.ini", "empty.ini: the file is empty", id="empty"),
        pytest.param("latin.ini", "latin.ini:2: byte 0xeb is not UTF-8; save the file in UTF-8", id="Latin-1"),
    ],
)
def test_reports_a_file_that_cannot_be_read(name: str, said: str, folder: Path) -> None:
    (folder / "stack.ini").write_text(TEXT)
    (folder / "latin.ini").write_text(TEXT, "latin-1")
    (folder / "wide.ini").write_text("[app:main]", "utf-16-le")
    (folder / "link.ini").symlink_to("nowhere")
    (folder / "empty.ini").write_text("\ufeff \n\n", "utf-8")
    with pytest.raises(ConfigError) as caught:
        read_source(Path(name))
    assert str(caught.value) == said
