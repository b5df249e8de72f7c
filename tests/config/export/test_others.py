"""What a configuration holds besides applications, layers and servers."""

from pathlib import Path

import pytest

from tests.config.export.rereading import reread, table
from wsgistack.config.contents import contents
from wsgistack.config.export.others import other_sections, other_tables
from wsgistack.config.loader import Document

LOGGING = {"root": {"level": "INFO"}}
INI = """\
[app:main]
use = json:dumps
[filter:unused]
use = gzip
[filter:compound]
use = gzip
filter-with = unused
[filter:base]
use = tests.config.factories:marking
[loggers]
keys = root
[logger_root]
handlers =
level = INFO
[alembic]
url = %(here)s/x
 or

 else
"""
COMPOUND = "[filter:compound] is not written: no pipeline names it, and it has other filters around it"
BASE = "[filter:base] is not written: no pipeline names it, and it needs more options"


def others(document: Document) -> tuple[dict[str, object], list[str], str, list[str]]:
    losses: list[str] = []
    of_sections: list[str] = []
    found = contents(document)
    tables = other_tables(document, found, losses)
    return tables, losses, other_sections(document, found, of_sections), of_sections


def test_keeps_what_the_same_kind_of_file_can_hold(folder: Path) -> None:
    tables, losses, sections, of_sections = others(reread(INI, "ini"))
    assert (tables, of_sections) == ({}, [COMPOUND, BASE])
    assert losses == [
        *(f"[{name}] is not written: a table has no form for it" for name in ("loggers", "logger_root", "alembic")),
        COMPOUND,
        BASE,
    ]
    assert sections == (
        "\n[loggers]\nkeys = root\n\n[logger_root]\nhandlers =\nlevel = INFO\n"
        "\n[alembic]\nurl = %(here)s/x\n    or\n\n    else\n"
    )


@pytest.mark.parametrize("is_there", [True, False])
def test_keeps_the_table_of_logging(is_there: bool, folder: Path) -> None:
    more = {"logging": LOGGING} if is_there else {}
    tables, losses, sections, of_sections = others(table({"app": "json:dumps", **more}))
    assert (tables, losses, sections) == (more, [], "")
    assert of_sections == (["logging is not written: in an ini file it has another form"] if is_there else [])
