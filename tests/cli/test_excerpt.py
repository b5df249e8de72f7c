"""The part of a line that a mistake is about: what is marked, and what is never shown."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgistack.cli.excerpt import find_excerpt
from wsgistack.errors import Mistake, Where

SECRET = "hunter2-hunter3"


def shown(file: Path, text: str, problem: str, key: str = "", section: str = "", line: int = 1) -> str:
    """The excerpt for a mistake in a file, with brackets around what is marked; empty without one."""
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    excerpt = find_excerpt(Mistake(problem, key, where=Where(str(file), line, section)))
    if not excerpt:
        return ""
    number = "" if excerpt.line == line else f"{excerpt.line}: "
    return f"{number}{excerpt.before}⟦{excerpt.marked}⟧{excerpt.after}"


INVALID, UNKNOWN = "invalid value", "unknown option of Gzip"
INI = {
    "a value": ("size = big", f"{INVALID} 'big'", "size", "size = ⟦big⟧"),
    "a colon": ("size : big", f"{INVALID} 'big'", "size", "size : ⟦big⟧"),
    "an indented setting": ("\tsize = big  ", f"{INVALID} 'big'", "size", "size = ⟦big⟧"),
    "a value with blanks": ("name = a b = c", f"{INVALID} 'a b = c'", "name", "name = ⟦a b = c⟧"),
    "a value of several lines": ("name = a\n  b", f"{INVALID} 'a\\nb'", "name", "name = ⟦a⟧"),
    "quotes in a value": ("name = it's", f'{INVALID} "it\'s"', "name", "name = ⟦it's⟧"),
    "a wide value": ("name = 日本", f"{INVALID} '日本'", "name", "name = ⟦日本⟧"),
    "a number": ("level = 99", "invalid level 99", "level", "level = ⟦99⟧"),
    "a part of a value": (
        "format = %h %q x",
        "unknown directive '%q' in the log format",
        "format",
        "format = … ⟦%q⟧ …",
    ),
    "a reference": ("x = a%(b)s", "unknown reference %(b)s", "x", "x = …⟦%(b)s⟧"),
    "a variable": ("x = ${env:A}", "environment variable A is not set", "x", "x = ⟦${env:A}⟧"),
    "a variable in a text": ("x = a ${env:A} b", "environment variable A is not set", "x", "x = … ⟦${env:A}⟧ …"),
    "a variable in another line": (
        "x =\n  # ${env:A}\n\n  a = b\n  c = ${env:A}\ny = 1",
        "environment variable A is not set",
        "x",
        "5: … ⟦${env:A}⟧",
    ),
    "a variable in another setting": ("x =\ny = ${env:A}", "environment variable A is not set", "x", "⟦x⟧ ="),
    "an unknown option": ("usrs = x", UNKNOWN, "usrs", "⟦usrs⟧ = …"),
    "an empty value": ("use =", "missing value", "use", "⟦use⟧ ="),
    "a global value": ("get x = sit", "unknown global value 'sit'", "get x", "get x = ⟦sit⟧"),
    "a name from a global value": ("get x = sit", UNKNOWN, "x", "⟦get x⟧ = …"),
    "a missing option": ("[filter:f]", "missing option of Gzip", "users", "⟦[filter:f]⟧"),
    "a type of section": ("[fliter:f]", "unknown section type 'fliter'", "", "[⟦fliter⟧:f]"),
    "a key from elsewhere": ("level = 9", "missing option of Gzip", "users", ""),
    "an item": ("  a\n", f"{INVALID} 'x\\na'", "types", "⟦a⟧"),
    "a line that is not a setting": ("pipeline gzip", "line is not a setting", "", "⟦pipeline gzip⟧"),
    "a line that may be anything": ("pipeline xyz", "line is not a setting", "", ""),
    "an empty line": ("", "line is not a setting", "", ""),
    "use": ("use = hello:ap", "module 'hello' has no attribute 'ap'", "use", "use = hello:⟦ap⟧"),
    "all of use": ("use = hello:ap", "circular reference", "use", "use = ⟦hello:ap⟧"),
    "a reference in use": ("use = ${env:A}", "environment variable A is not set", "use", "use = ⟦${env:A}⟧"),
    "a comment after use": ("use = gzpi # abc", "unknown layer 'gzpi'", "use", "use = ⟦gzpi⟧ …"),
    "a name that is quoted wrongly": ("use = gzpi", "unknown layer 'gz\\q'", "use", "use = ⟦gzpi⟧"),
}


@pytest.mark.parametrize(("text", "problem", "key", "excerpt"), INI.values(), ids=INI)
def test_marks_what_is_wrong_in_an_ini_file(text: str, problem: str, key: str, excerpt: str, tmp_path: Path) -> None:
    assert shown(tmp_path / "stack.ini", text, problem, key) == excerpt


PIPELINES = {
    "a name": ("pipeline = a gzpi b", "unknown layer 'gzpi'", "pipeline = a ⟦gzpi⟧ b"),
    "a name in another line": ("pipeline =\n  a\n  # gzpi\n\n  gzpi b\nx = 1", "unknown layer 'gzpi'", "5: ⟦gzpi⟧ b"),
    "a name in another setting": ("pipeline =\n  a\nx = gzpi", "unknown layer 'gzpi'", "⟦pipeline⟧ ="),
    "commas": ("pipeline = a, b", "unknown layer 'a,'", "pipeline = ⟦a,⟧ b"),
    "a comment": ("pipeline = a gzpi ; abc", "unknown layer 'gzpi'", "pipeline = … ⟦gzpi⟧ …"),
    "a setting in it": ("pipeline = a\n  key: abc", "the value includes the setting 'key'", "pipeline = ⟦a⟧"),
    "a setting in its first line": ("pipeline = key=abc", "unknown layer 'key'", "pipeline = ⟦key⟧…"),
}


@pytest.mark.parametrize(("text", "problem", "excerpt"), PIPELINES.values(), ids=PIPELINES)
def test_marks_what_is_wrong_in_a_pipeline(text: str, problem: str, excerpt: str, tmp_path: Path) -> None:
    assert shown(tmp_path / "stack.ini", text, problem, "pipeline", "[pipeline:main]") == excerpt


@pytest.mark.parametrize(
    ("text", "key", "section", "excerpt"),
    [
        ("next = shpo", "next", "[filter-app:main]", "next = ⟦shpo⟧"),
        ("next = shpo", "next", "[filter:main]", "next = ⟦shpo⟧"),
        ("next = abc", "next", "[filter:main]", "⟦next⟧ = …"),
        ("/a = abc", "/a", "[composite:main]", "/a = ⟦abc⟧"),
        ("/a = abc", "/a", "[filter:main]", "⟦/a⟧ = …"),
    ],
)
def test_a_key_may_be_that_of_an_option(text: str, key: str, section: str, excerpt: str, tmp_path: Path) -> None:
    assert shown(tmp_path / "stack.ini", text, "unknown application 'shpo'", key, section) == excerpt


TOML = {
    "a value": ('{ use = "gzip", size = "1 kX" },', f"{INVALID} '1 kX'", "size", '{ use = "gzip", size = ⟦"1 kX"⟧ },'),
    "a literal": ("size = '1 kX'", f"{INVALID} '1 kX'", "size", "size = ⟦'1 kX'⟧"),
    "escapes": (r'size = "a\"b"', f"{INVALID} 'a\"b'", "size", r'size = ⟦"a\"b"⟧'),
    "a number": ("level = 99 # best", "invalid level 99", "level", "level = ⟦99⟧ …"),
    "a boolean": ("level = true", f"{INVALID} True", "level", "level = ⟦true⟧"),
    "an item of a list": (
        'handlers = ["a", "consol"]',
        "unknown handler 'consol'",
        "handlers",
        'handlers = … ⟦"consol"⟧…',
    ),
    "a key in quotes": ('"size" = "x"', f"{INVALID} 'x'", "size", '"size" = ⟦"x"⟧'),
    "a dotted key": ("a.size = 'x'", f"{INVALID} 'x'", "size", "…size = ⟦'x'⟧"),
    "an unknown option": ('{ use = "gzip", pw = "abc" },', UNKNOWN, "pw", '{ use = "gzip", ⟦pw⟧ = …'),
    "another option": (
        '{ use = "gzip", a = 1, size = "x" },',
        f"{INVALID} 'x'",
        "size",
        '{ use = "gzip", … size = ⟦"x"⟧ },',
    ),
    "an unknown layer": ('{ use = "mine", a = 1, size = "x" },', f"{INVALID} 'x'", "size", '… size = ⟦"x"⟧ },'),
    "more options": (
        '{ use = "gzip", size = "x", a = 1 },',
        f"{INVALID} 'x'",
        "size",
        '{ use = "gzip", size = ⟦"x"⟧, … },',
    ),
    "the name of a layer": ('"request_id", "gzpi",', "unknown layer 'gzpi'", "use", '"request_id", ⟦"gzpi"⟧,'),
    "a name beside other layers": (
        '{ use = "gzip" }, "gzpi"',
        "unknown layer 'gzpi'",
        "use",
        '{ use = "gzip" }, ⟦"gzpi"⟧',
    ),
    "use of another layer": (
        '{ use = "gzip" }, { use = "gzpi" }',
        "unknown layer 'gzpi'",
        "use",
        '{ use = "gzip" }, { use = ⟦"gzpi"⟧ }',
    ),
    "names of strangers": ('"a:B", "gzpi",', "unknown layer 'gzpi'", "use", '… ⟦"gzpi"⟧,'),
    "the same name twice": ('"a:B", "gzpi", "gzpi"', "unknown layer 'gzpi'", "use", ""),
    "a condition": ('when = { path = "x" }', f"{INVALID} 'x'", "when.path", 'when = { path = ⟦"x"⟧ }'),
    "a key twice": ("a = { b = 1 }, b = 2", f"{INVALID} 2", "b", ""),
    "a variable": ('x = { a = "${env:A}" }', "environment variable A is not set", "x", 'x = … ⟦"${env:A}"⟧ …'),
    "a text of several lines": ('x = """\n', "is text", "x", "⟦x⟧ = …"),
    "use": ('use = "hello:ap"', "module 'hello' has no attribute 'ap'", "use", 'use = "hello:⟦ap⟧"'),
    "a list of layers": ("layers = [", "is a list", "layers", "⟦layers⟧ = ["),
    "use in two places": ('{ use = "gzip", users = { use = "abc" } }', "unknown layer 'x'", "use", ""),
}


@pytest.mark.parametrize(("text", "problem", "key", "excerpt"), TOML.values(), ids=TOML)
def test_marks_what_is_wrong_in_toml(text: str, problem: str, key: str, excerpt: str, tmp_path: Path) -> None:
    assert shown(tmp_path / "stack.toml", text, problem, key) == excerpt


@pytest.mark.parametrize(
    ("text", "problem", "key", "section", "excerpt"),
    [
        ('app = "abc"', "circular reference", "app", "", 'app = ⟦"abc"⟧'),
        ('app = "abc"', "circular reference", "app", "filters.x", "⟦app⟧ = …"),
        ('mounts = { "/a" = "abc" }', "circular reference", "/a", "mounts", 'mounts = { "/a" = ⟦"abc"⟧ }'),
        ('users = { "/a" = "abc" }', "is wrong", "users./a", "layer 1 (x)", '… ⟦"/a"⟧ = …'),
        ('layers = ["gzip", "a:B"]', "gzip is outside x", "", "layer 1 (gzip)", 'layers = [⟦"gzip"⟧, … ]'),
        ('{ use = "basic_auth" },', "needs users", "", "layer 1 (auth)", '⟦{ use = "basic_auth" }⟧,'),
        ('"gzip",', "invalid secret value", "tokens", "layer 1 (x)", ""),
    ],
)
def test_shows_more_where_nothing_can_be_secret(
    text: str, problem: str, key: str, section: str, excerpt: str, tmp_path: Path
) -> None:
    assert shown(tmp_path / "stack.toml", text, problem, key, section) == excerpt.replace(", … ]", ", …]")


def test_knows_the_names_of_sections(tmp_path: Path) -> None:
    text = '[apps.shop]\n["not a header"]\n"shop", "gzpi", "header"'
    excerpt = shown(tmp_path / "stack.toml", text, "unknown layer 'gzpi'", "use", line=3)
    assert excerpt == '"shop", ⟦"gzpi"⟧, …'


def test_shows_nothing_of_what_is_not_a_regular_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.ini")
    for file in (tmp_path / "gone.ini", tmp_path / "pipe.ini", tmp_path, tmp_path / ("x" * 300), ""):
        assert find_excerpt(Mistake("wrong", "use", where=Where(str(file), 1))) is None


@pytest.mark.parametrize("line", [0, 3, 10**9])
def test_shows_nothing_of_a_file_that_has_changed(line: int, tmp_path: Path) -> None:
    assert shown(tmp_path / "stack.ini", "use = a\n", "wrong", "use", line=line) == ""


def test_reads_the_line_ends_of_windows_and_other_bytes(tmp_path: Path) -> None:
    text = "\ufeffa = \udcff\r\nsize = big\r\n"
    assert shown(tmp_path / "stack.ini", text, f"{INVALID} 'big'", "size", line=2) == "size = ⟦big⟧"


PROBLEMS = [
    "invalid secret value",
    "unknown option of Gzip",
    "missing option of BasicAuth",
    "unknown layer 'gzpi'",
    "conflicts with 'use'",
    "duplicate key; first set on line 1",
    "the value includes the setting 'key'",
    "environment variable A is not set",
    "invalid value 'big'",
    "invalid level 9",
    "line is not a setting",
    "is text",
]
KEYS = [
    "use",
    "key",
    "users",
    "level",
    "pipeline",
    "password",
    "when.path",
    "next",
    "/",
    "app",
    "layers",
    "get key",
    "",
]
LINES = [
    "password = SECRET",
    "key: SECRET",
    "users = ada = SECRET",
    "users =",
    "  ada = SECRET",
    "  SECRET",
    "  key: SECRET",
    "set key = SECRET",
    "use = gzip ; SECRET",
    "use = gzip # key = SECRET",
    "pipeline = gzip gzpi ; key SECRET",
    "pipeline = gzip key=SECRET",
    "level = 9 ; SECRET",
    '{ use = "gzip", users = { ada = "SECRET" }, level = 9 },',
    '{ use = "gzpi", key = "SECRET" },',
    '{ users = { "use" = "SECRET" } },',
    '"gzip", "SECRET", "gzpi",',
    'key = """',
    "SECRET",
    '"SECRET"',
    "key = '''SECRET",
    'key = "${env:A:-SECRET}"',
    "key = ${env:A}SECRET",
    "key = big SECRET",
    'key = "SECRET" # use = big',
    "[filter:f] ; SECRET",
    "[filter:f]",
    "[[layers]]",
]


@given(
    lines=st.lists(st.sampled_from(LINES), min_size=1, max_size=5),
    line=st.integers(1, 5),
    key=st.sampled_from(KEYS),
    problem=st.sampled_from(PROBLEMS),
    section=st.sampled_from(["", "[filter:f]", "[pipeline:main]", "layers layer 1 (gzip)", "mounts", "[composite:x]"]),
    suffix=st.sampled_from(["ini", "toml"]),
)
def test_never_shows_what_may_be_a_secret(
    lines: list[str],
    line: int,
    key: str,
    problem: str,
    section: str,
    suffix: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    text = "\n".join(lines).replace("SECRET", SECRET)
    file = tmp_path_factory.getbasetemp() / f"secret.{suffix}"
    assert "hunter" not in shown(file, text, problem, key, section, line)
