"""Reading a configuration file, and why that fails."""

from pathlib import Path

import pytest

from wsgistack.config.source import read_source
from wsgistack.errors import ConfigError

TEXT = "[app:main]\nname = Zoë\n"


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
        pytest.param("wide.ini", "wide.ini: not a text file; expected a configuration in UTF-8", id="UTF-16"),
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
