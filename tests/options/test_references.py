"""References: what stands for them, what stays as it is, and what is said about those that lead nowhere."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgistack.errors import ConfigError
from wsgistack.options.references import Resolved, has_references, make_absolute, resolve, unwrap_resolved

KNOWN = "${env:NAME}, ${env:NAME:-default} or ${file:path}"
FORM = "a name of letters, digits and underscores in ${env:NAME} or ${env:NAME:-default}"


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder with files, and variables in the environment."""
    for name, value in {"DB_PASSWORD": "s3cret", "EMPTY": "", "NESTED": "${env:HOME}$$", "BAD": "a\udcff"}.items():
        monkeypatch.setenv(name, value)
    for name in ("DB_PASWORD", "XYZZY"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "key").write_bytes("\ufeffpäss\r\n".encode())
    (tmp_path / "two").write_bytes(b"one\n\n")
    (tmp_path / "latin").write_bytes(b"s3cr\xe9t")
    return tmp_path


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param("${env:DB_PASSWORD}", "s3cret", id="variable"),
        pytest.param(
            "db://me:${env:DB_PASSWORD}@${env:XYZZY:-localhost}/x", "db://me:s3cret@localhost/x", id="several"
        ),
        pytest.param("${env:EMPTY}", "", id="empty variable"),
        pytest.param("${env:EMPTY:-a:-b {$\n}", "a:-b {$\n", id="default of an empty one"),
        pytest.param("${env:XYZZY:-}", "", id="empty default"),
        pytest.param("${env:DB_PASSWORD:-x}", "s3cret", id="default of one that is set"),
        pytest.param("${env:NESTED}", "${env:HOME}$$", id="what is filled in is not searched"),
        pytest.param("${file:key}", "päss", id="file with a byte order mark and a newline of Windows"),
        pytest.param("<${file:two}>", "<one\n>", id="only one newline is removed"),
        pytest.param("$${env:XYZZY}", "${env:XYZZY}", id="escape"),
        pytest.param("$${env:", "${env:", id="escape of what is not closed"),
        pytest.param("$${ENV:X} $${FILE:x}", "${ENV:X} ${FILE:x}", id="escape of what is misspelt"),
        pytest.param("$${fil:x}", "${fil:x}", id="escape of another word"),
        pytest.param("$$${env:DB_PASSWORD}", "$s3cret", id="dollar before a reference"),
        pytest.param("$$$${env:XYZZY}", "$${env:XYZZY}", id="escape of two dollars"),
    ],
)
def test_fills_in_references(written: str, expected: str, folder: Path) -> None:
    made = resolve(written, base=folder)
    assert has_references(written)
    assert made == expected
    assert repr(made) == "<secret>"


@pytest.mark.parametrize(
    "written",
    [
        "",
        "$",
        "${}",
        "${message}",
        "${env}",
        "$env:X",
        "{env:X}",
        "$(env:X)",
        "$${x}",
        "${1:x}",
        "$$",
    ],
)
def test_keeps_any_other_text(written: str) -> None:
    assert not has_references(written)
    assert resolve(written, base=None) is written


def test_finds_files_from_the_current_folder_or_by_their_whole_path(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    assert resolve("${file:key}", base=None) == "päss"
    assert resolve(f"${{file:{folder / 'key'}}}", base=Path("/elsewhere")) == "päss"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(["a", "${env:EMPTY}"], ["a", ""], id="list"),
        pytest.param(("${env:DB_PASSWORD}", 1), ("s3cret", 1), id="tuple"),
        pytest.param({"${env:DB_PASSWORD}"}, {"s3cret"}, id="set"),
        pytest.param({"a": {"b": [("${env:DB_PASSWORD}",)]}}, {"a": {"b": [("s3cret",)]}}, id="nested"),
        pytest.param({"${env:DB_PASSWORD}": 1}, {"s3cret": 1}, id="name in a mapping"),
        pytest.param(MappingProxyType({"a": "${env:EMPTY}"}), {"a": ""}, id="mapping that can't be changed"),
    ],
)
def test_fills_in_references_in_collections(value: object, expected: object) -> None:
    made = resolve(value, base=None)
    assert has_references(value)
    assert made == expected
    assert type(made) is type(expected)
    assert "s3cret" not in repr(made)


def test_what_holds_no_references_is_the_same_object() -> None:
    inner = {"a": ["b", 1, None]}
    made = resolve({"x": inner, "y": "${env:EMPTY}"}, base=None)
    assert isinstance(made, Mapping)
    assert made["x"] is inner
    assert unwrap_resolved(inner) is inner


def test_gives_common_text_where_it_is_asked_for() -> None:
    made = unwrap_resolved(resolve({"a": ["${env:DB_PASSWORD}"]}, base=None))
    assert repr(made) == "{'a': ['s3cret']}"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        pytest.param(
            "${env:XYZZY}",
            "environment variable XYZZY is not set; set it, or write a default: ${env:XYZZY:-default}",
            id="not set",
        ),
        pytest.param(
            "${env:DB_PASWORD}",
            "environment variable DB_PASWORD is not set; did you mean 'DB_PASSWORD'?",
            id="misspelt name",
        ),
        pytest.param("${env:BAD}", "environment variable BAD is not UTF-8", id="variable that is no text"),
        pytest.param("${env:}", f"malformed reference to an environment variable; expected {FORM}", id="no name"),
        pytest.param(
            "${env:A-s3cret}", f"malformed reference to an environment variable; expected {FORM}", id="bad name"
        ),
        pytest.param("${env: A}", f"malformed reference to an environment variable; expected {FORM}", id="blank"),
        pytest.param(
            "s3cret ${env:A",
            f"reference ${{env: is not closed; expected {KNOWN}",
            id="not closed",
        ),
        pytest.param(
            "${env:A ${env:B}",
            f"reference ${{env: contains another one; expected {KNOWN}",
            id="not closed before another one",
        ),
        pytest.param(
            "${env:A:-${file:key}}",
            f"reference ${{env: contains another one; expected {KNOWN}",
            id="reference as default",
        ),
        pytest.param(
            "${ENV:A}",
            f"unknown reference ${{ENV:; expected {KNOWN}; "
            "did you mean ${env:...}? For the text itself write $${ENV:",
            id="in capitals",
        ),
        pytest.param(
            "${ File:x}",
            f"unknown reference ${{ File:; expected {KNOWN}; "
            "did you mean ${file:...}? For the text itself write $${ File:",
            id="in other case, with a blank",
        ),
        pytest.param(
            "${evn:A}",
            f"unknown reference ${{evn:; expected {KNOWN}; "
            "did you mean ${env:...}? For the text itself write $${evn:",
            id="misspelt env",
        ),
        pytest.param(
            "${fil:x}",
            f"unknown reference ${{fil:; expected {KNOWN}; "
            "did you mean ${file:...}? For the text itself write $${fil:",
            id="misspelt file",
        ),
        pytest.param(
            "${A:-s3cret}",
            f"unknown reference ${{A:; expected {KNOWN}; "
            "did you mean ${env:A:-...}? For the text itself write $${A:",
            id="default as in a shell",
        ),
        pytest.param(
            "${s3cret:x}",
            f"unknown reference ${{...:; expected {KNOWN}; for the text itself write $${{...:",
            id="another word, which may be a part of a secret",
        ),
        pytest.param("${file:}", "reference to a file has no path; expected ${file:path}", id="no path"),
        pytest.param("${file:no}", "cannot read file '{folder}/no': No such file or directory", id="no such file"),
        pytest.param(
            "${file:no:-x}",
            "cannot read file '{folder}/no:-x': No such file or directory; only ${env:...} can have a default",
            id="file or default",
        ),
        pytest.param("${file:.}", "cannot read file '{folder}': Is a directory", id="folder"),
        pytest.param("${file:key/x}", "cannot read file '{folder}/key/x': Not a directory", id="below a file"),
        pytest.param("${file:\0}", r"cannot read file '{folder}/\x00': embedded null byte", id="no file name"),
        pytest.param("${file:latin}", "cannot read file '{folder}/latin': it is not UTF-8", id="Latin-1"),
    ],
)
def test_says_what_is_wrong_but_not_what_is_secret(written: str, said: str, folder: Path) -> None:
    assert has_references(written)
    with pytest.raises(ConfigError) as caught:
        resolve(written, base=folder)
    assert str(caught.value) == said.replace("{folder}", str(folder))
    assert [(each.key, each.value) for each in caught.value.mistakes] == [("", None)]


def test_finds_every_mistake() -> None:
    with pytest.raises(ConfigError) as caught:
        resolve(["${env:} ${file:}", {"a": "${ENV:X}"}], base=None)
    assert len(caught.value.mistakes) == 3


@given(st.lists(st.sampled_from(["$", "{", "env:", "ENV:", "file:", "EMPTY", ":-", "}", "x", "\n"])).map("".join))
def test_resolves_any_text_or_raises_a_mistake(written: str) -> None:
    with suppress(ConfigError):
        made = resolve(written, base=None)
        assert isinstance(made, Resolved) == has_references(written)


@given(st.integers(1, 9), st.sampled_from(["{env:DB_PASSWORD}", "{ENV:X}", "{file:"]))
def test_two_dollars_stand_for_one(dollars: int, rest: str) -> None:
    assert resolve("$$" * dollars + rest, base=None) == "$" * dollars + rest


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param("<${file:key}>", "<${file:/srv/key}>", id="relative"),
        pytest.param("${file:../key} ${file:a}", "${file:/srv/../key} ${file:/srv/a}", id="two"),
        pytest.param("${file:/run/key}", "${file:/run/key}", id="absolute"),
        pytest.param("$$${file:key}", "$$${file:/srv/key}", id="dollar before a reference"),
        pytest.param("$${file:key}", "$${file:key}", id="escape"),
        pytest.param("${env:key} ${FILE:key}", "${env:key} ${FILE:key}", id="no reference to a file"),
        pytest.param("${file: } ${file:", "${file: } ${file:", id="malformed"),
        pytest.param("${file:${env:x}}", "${file:${env:x}}", id="one in another"),
    ],
)
def test_makes_references_to_files_absolute(written: str, expected: str) -> None:
    assert make_absolute(written, base=Path("/srv")) == expected
    assert make_absolute({"a": (written,)}, base=Path("/srv")) == {"a": (expected,)}
    assert make_absolute(make_absolute(written, base=Path("/srv")), base=Path("/other")) == expected


def test_keeps_a_reference_relative_in_a_folder_that_it_cannot_name() -> None:
    assert make_absolute("${file:key}", base=Path("/a}b")) == "${file:key}"
