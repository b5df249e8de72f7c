"""How mistakes look: on terminals of any width, in pipes and as JSON; and that no secret is in any of it."""

import json
import re
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cli.files import HELLO, layers, read_mistakes, run, written
from tests.cli.screen import STYLES, run_in_a_pipe, run_on_a_terminal
from wsgistack.cli.excerpt import find_excerpt
from wsgistack.cli.reporting import as_items, as_json, format_mistake, summarize
from wsgistack.cli.terminal import Terminal, measure
from wsgistack.errors import Mistake, Where
from wsgistack.pipeline import registry

BROKEN = """\
app = "hello:ap"
layers = [
    "request_id",
    { use = "gzip", minimum_size = "1 kX" },
    { use = "gzip", levle = 1 },
]
"""
SHOWN = """\
FILE:1: app: module 'hello' has no attribute 'ap'
  |
1 | app = "hello:ap"
  |              ^^
  = hint: did you mean 'app'?

FILE:4: layer 2 (gzip) minimum_size: invalid value '1 kX'
  |
4 | { use = "gzip", minimum_size = "1 kX" },
  |                                ^^^^^^
  = expected a size such as 500, 64KiB or 10 MB

FILE:5: layer 3 (gzip) levle: unknown option of Gzip
  |
5 | { use = "gzip", levle = …
  |                 ^^^^^
  = hint: did you mean 'level'?

"""
OF_THE_LAYERS = SHOWN.partition("\n\n")[2]
COMMANDS = {
    "check": (["check"], 1, SHOWN),
    "serve": (["serve", "--port", "0"], 1, SHOWN),
    "show": (["show"], 1, OF_THE_LAYERS),  # it does not import applications
    "show as TOML": (["show", "--format", "toml"], 1, OF_THE_LAYERS),
    "explain": (["explain"], 1, SHOWN),
    "audit": (["audit"], 1, SHOWN),
    "diff": (["diff"], 2, OF_THE_LAYERS),
}


def complete(command: list[str], file: str) -> list[str]:
    """The arguments of a command about a file."""
    return [*command, file, *{"explain": ["GET /"], "diff": [file]}.get(command[0], [])]


@pytest.mark.parametrize(("command", "status", "shown"), COMMANDS.values(), ids=COMMANDS)
def test_looks_the_same_on_a_terminal_and_in_a_pipe(
    command: list[str], status: int, shown: str, tmp_path: Path
) -> None:
    arguments = complete(command, written(tmp_path, BROKEN, name="stack.toml"))
    file = arguments[len(command)]
    piped, out, err = run_in_a_pipe(*arguments)
    seen, text = run_on_a_terminal(*arguments)
    assert (piped, seen) == (status, status)
    assert "\033" not in out + err
    assert "\033[1;31m^^^^^\033[m" in text
    said = err + out if command == ["check"] else err
    assert STYLES.sub("", text) == said
    assert said == f"{shown.replace('FILE', file)}{shown.count('FILE')} mistakes in {file}\n"


@pytest.mark.parametrize("command", [["list", "gzpi"], ["conform", "gzpi"]])
def test_looks_the_same_without_a_file(command: list[str]) -> None:
    expected = "unknown layer 'gzpi'\n  = hint: did you mean 'gzip'?\n\n"
    assert run_in_a_pipe(*command) == (1, "", expected)
    status, text = run_on_a_terminal(*command)
    assert (status, STYLES.sub("", text)) == (1, expected)
    assert text != expected


def test_warnings_look_like_mistakes(tmp_path: Path) -> None:
    file = written(tmp_path, 'app = "hello:app"\nlayers = ["gzip", "access_log"]\n', name="stack.toml")
    piped = run_in_a_pipe("check", file)
    warning = (
        f"warning: {file}:2: layer 1 (gzip): gzip is outside access_log: the log would not show the size after "
        'compression\n  |\n2 | layers = ["gzip", "access_log"]\n  |           ^^^^^^\n'
        "  = hint: put access_log before gzip\n\n"
    )
    assert piped == (0, f"{file}: no mistakes, 1 warning\n", warning)
    status, text = run_on_a_terminal("check", file)
    assert (status, STYLES.sub("", text)) == (0, warning + piped[1])
    assert text.startswith("\033[1;33mwarning\033[m: ")


def test_runs_in_another_process(tmp_path: Path) -> None:
    file = written(tmp_path, BROKEN, name="stack.toml")
    done = run("check", file, NO_COLOR="", FORCE_COLOR="", COLUMNS="30")
    assert (done.stderr, done.stdout) == (SHOWN.replace("FILE", file), f"3 mistakes in {file}\n")
    done = run("check", "--color", "always", file, NO_COLOR="1")
    assert STYLES.sub("", done.stderr) == SHOWN.replace("FILE", file) != done.stderr


@pytest.mark.parametrize(
    ("arguments", "environ", "has_color"),
    [
        ([], {}, True),
        ([], {"NO_COLOR": "1"}, False),
        ([], {"TERM": "dumb"}, False),
        (["--color", "never"], {}, False),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
    ],
)
def test_has_colours_on_a_terminal_if_wanted(
    arguments: list[str], environ: dict[str, str], has_color: bool, tmp_path: Path
) -> None:
    file = written(tmp_path, BROKEN, name="stack.toml")
    assert ("\033" in run_on_a_terminal("check", *arguments, file, environ=environ)[1]) == has_color
    assert ("\033" in run_in_a_pipe("check", file, environ={"FORCE_COLOR": "1"})[2]) is True


def test_a_correct_file_is_green(tmp_path: Path) -> None:
    file = written(tmp_path, layers("gzip"))
    assert run_on_a_terminal("check", file) == (0, f"{file}: \033[32mOK\033[m\n")
    assert run_in_a_pipe("check", file) == (0, f"{file}: OK\n", "")


def test_wraps_hints_on_a_terminal_only(tmp_path: Path) -> None:
    file = written(tmp_path, layers("xylophone"))
    hint = f"hint: choose from {', '.join(registry.names())}"
    assert f"  = {hint}\n" in run_in_a_pipe("check", file)[2]
    status, text = run_on_a_terminal("check", file, columns=40, environ={"NO_COLOR": "1"})
    lines = [line for line in text.splitlines() if line.startswith(("  =", "    "))]
    assert status == 1
    assert len(lines) > 1
    assert max(map(len, lines)) <= 40
    assert " ".join(" ".join(lines).split()) == f"= {hint}"


def test_draws_on_a_terminal_without_unicode(tmp_path: Path) -> None:
    file = written(tmp_path, BROKEN.replace("1 kX", "1 kÄ"), name="stack.toml")
    _, text = run_on_a_terminal("check", file, encoding="ascii", environ={"NO_COLOR": "1"})
    assert '\n4 | { use = "gzip", minimum_size = "1 k\\xc4" },\n  |                                ^^^^^^^^^\n' in text
    assert '\n5 | { use = "gzip", levle = ...\n' in text


def test_orders_mistakes_by_file_and_line(tmp_path: Path) -> None:
    written(tmp_path, "[filter:f]\nuse = gzip\nlevle = 1\n", name="other.ini")
    text = f"{layers('gzpi', 'config:other.ini#f')}[server:main]\nuse = egg:wsgistak\n"
    status, out, err = run_in_a_pipe("check", file := written(tmp_path, text))
    other = str(tmp_path / "other.ini")
    assert [line.partition(" ")[0] for line in read_mistakes(err)] == [f"{other}:3:", f"{file}:2:", f"{file}:6:"]
    assert (status, out) == (1, f"3 mistakes in {other}, {file}\n")


def test_counts_mistakes() -> None:
    one, two = Mistake("a", where=Where("a.ini", 1)), Mistake("b", where=Where("b.ini", 1))
    assert summarize([one]) == "1 mistake in a.ini"
    assert summarize([two, one, one]) == "2 mistakes in a.ini, b.ini"
    assert summarize([Mistake("c"), Mistake("d")]) == "2 mistakes"


def drawn(mistake: Mistake, columns: int = 80) -> list[str]:
    terminal = Terminal(StringIO())
    terminal.width = columns
    return format_mistake(mistake, terminal)


def test_shows_all_lines_of_a_problem() -> None:
    mistake = Mistake(
        "failed: ValueError: 1 error\nname\n  \033missing", "use", where=Where("gone.ini", 1, "[app:main]")
    )
    assert drawn(mistake) == [
        "gone.ini:1: [app:main] use: failed: ValueError: 1 error",
        "  name",
        "    \\x1bmissing",
    ]


def test_prints_one_line_for_each_mistake_in_concise_form(tmp_path: Path) -> None:
    app = "raise ValueError('two\\nlines, \\033[31mred')"
    status, _, err = run_in_a_pipe("check", "--format", "concise", written(tmp_path, layers("gzip"), app=app))
    assert (status, err.count("\n")) == (1, 1)
    assert "two\\nlines, \\x1b[31mred" in err


@pytest.mark.parametrize(
    ("line", "marked"),
    [
        ("size\t=\tbig", "big"),
        ("größe = big", "big"),
        ("大きさ = 日本", "日本"),
        ("e\u0301 = e\u0301x", "e\u0301x"),
        ("size = \u202egib", "\\u202egib"),
    ],
)
def test_puts_the_caret_below_the_value(line: str, marked: str, tmp_path: Path) -> None:
    key, _, value = re.split(r"\s*(=)\s*", line)
    (file := tmp_path / "stack.ini").write_text(line, "utf-8")
    _, _, shown, carets = drawn(Mistake(f"invalid value {value!r}", key, where=Where(str(file), 1)))
    assert shown.endswith(marked)
    assert measure(carets) == measure(shown)
    assert carets.count("^") == measure(marked)


LONG = "x" * 200


@pytest.mark.parametrize(
    ("line", "value", "shown", "carets"),
    [
        (
            f'{{ use = "gzip", a = "{LONG}", size = "big", b = "{LONG}" }},',
            "big",
            '1 | { use = "gzip", … size = "big", … },',
            29,
        ),
        (f'size = "{LONG}"', LONG, f'1 | size = "{"x" * 26}…', 11),
        (f'{"layers" * 20} = 1, size = "big"', "big", '1 | … size = "big"', 13),
    ],
)
def test_cuts_long_lines_around_the_caret(line: str, value: str, shown: str, carets: int, tmp_path: Path) -> None:
    (file := tmp_path / "stack.toml").write_text(line, "utf-8")
    lines = drawn(Mistake(f"invalid value {value!r}", "size", where=Where(str(file), 1)), 40)
    assert lines[2] == shown
    assert lines[3].index("^") == carets
    assert len(lines[3]) <= 40


NAMES = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\r\n=:[]#;"), min_size=1, max_size=60
).filter(lambda text: text.strip() == text)


@given(
    key=st.sampled_from(["size", "größe", "用", "a b", "k" * 50]),
    value=NAMES,
    columns=st.integers(20, 100),
    expected=st.sampled_from(["", "a size", "日本", "words " * 10]),
    encoding=st.sampled_from(["utf-8", "ascii", "latin-1", "shift_jis"]),
)
def test_is_never_wider_than_the_terminal(
    key: str, value: str, columns: int, expected: str, encoding: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.getbasetemp() / "wide.ini"
    file.write_text(f"\n{key} = {value}", "utf-8")
    mistake = Mistake(f"invalid value {value!r}", key, None, expected, where=Where(str(file), 2))
    excerpt = find_excerpt(mistake)
    assert excerpt
    assert excerpt.marked == value
    terminal = Terminal(TextIOWrapper(BytesIO(), encoding=encoding))
    terminal.width = columns
    lines = format_mistake(mistake, terminal)
    number = next(each for each, line in enumerate(lines) if line.startswith("2 | "))
    _, line, carets = lines[number - 1 : number + 2]
    assert max(measure(line), measure(carets)) <= columns
    run = re.search(r"\^+", carets)
    assert run
    above = line[next(each for each in range(len(line) + 1) if measure(line[:each]) == run.start()) :]
    shown = terminal.show(value.replace("\t", "    ").replace("…", terminal.ellipsis))
    assert max(measure(above), 1) == len(run[0])
    assert above == shown or shown.startswith(above.removesuffix(terminal.ellipsis))


@given(
    content=st.binary(max_size=200),
    key=st.text(max_size=10),
    problem=st.text(max_size=20),
    line=st.integers(0, 6),
    suffix=st.sampled_from(["ini", "toml"]),
)
def test_never_fails(
    content: bytes, key: str, problem: str, line: int, suffix: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.getbasetemp() / f"any.{suffix}"
    file.write_bytes(content)
    for each in (problem, f"unknown {problem!r}", f"invalid value {key!r}"):
        lines = drawn(Mistake(each, key, where=Where(str(file), line)), 30)
        assert all(line.isprintable() for line in lines)


def test_writes_mistakes_for_programs() -> None:
    mistake = Mistake("wrong", "level", "s3cret", "1 to 9", where=Where("stack.ini", 3, "[filter:f]"))
    assert as_items([mistake, Mistake("missing")]) == [
        dict.fromkeys(("file", "line", "section", "key", "expected", "hint")) | {"problem": "missing"},
        {
            "file": "stack.ini",
            "line": 3,
            "section": "[filter:f]",
            "problem": "wrong",
            "key": "level",
            "expected": "1 to 9",
            "hint": None,
        },
    ]


def test_prints_a_json_document_without_a_file() -> None:
    status, out, err = run_in_a_pipe("conform", "gzpi", "--format", "json")
    [mistake] = json.loads(out)["mistakes"]
    assert (status, mistake["problem"], err) == (1, "unknown layer 'gzpi'", "")


@pytest.mark.parametrize("command", [["check"], ["show"], ["audit"]])
def test_prints_one_json_document_whatever_is_wrong(command: list[str], tmp_path: Path) -> None:
    noisy = "print('imported')\n" + HELLO
    files = {
        written(tmp_path, BROKEN, name="stack.toml", app=noisy): 1,
        str(tmp_path / "gone.toml"): 1,
        written(tmp_path, "[", name="broken.ini", app=noisy): 1,
    }
    for file, status in files.items():
        seen, out, err = run_in_a_pipe(*command, "--format", "json", file)
        document = json.loads(out)
        assert seen == status
        assert {each["file"] for each in document["mistakes"]} == {file}
        assert err.replace("imported\n", "") == ""


def test_prints_values_that_json_does_not_have() -> None:
    values = {"a": {Path("x")}, 1: (float("inf"), 1.5, None, True), "f": len, "b": {"z", "a"}}
    assert as_json(values) == {"a": ["x"], "1": ["inf", 1.5, None, True], "f": "builtins:len", "b": ["a", "z"]}


SECRETS = {
    "a password in TOML": 'app = "hello:app"\nlayers = [{ use = "basic_auth", users = { ada = "s3cret" }, level = 1 }]',
    "a misspelt password": 'app = "hello:app"\nlayers = [{ use = "basic_auth", user = "s3cret" }]',
    "beside a mistake": 'app = "hello:app"\nlayers = [{ use = "basic_auth", realm = 5, users = { ada = "s3cret" } }]',
    "behind an unknown layer": 'app = "hello:app"\nlayers = [{ use = "basic_aut", users = { ada = "s3cret" } }]',
    "of a wrong type": 'app = "hello:app"\nlayers = [{ use = "basic_auth", users = ["s3cret"] }]',
    "in a comment": 'app = "hello:ap" # s3cret',
    "not in quotes": 'app = "hello:app"\npassword = s3cret',
    "in a text of several lines": 'app = "hello:ap"\n[filters.f]\nuse = "basic_auth"\nusers = """\ns3cret\n"""',
    "of a server": 'app = "hello:app"\n[servers.main]\nuse = "egg:wsgistack"\npasswrd = "s3cret"',
    "a global value": 'app = "hello:ap"\n[global]\npw = ["s3cret"]',
    "a default of a reference": 'app = "hello:app"\nlayers = [{ use = "basic_auth", users = "${env:X-s3cret}" }]',
    "from the environment": 'app = "hello:app"\nlayers = [{ use = "gzip", level = "${env:KEY}" }]',
    "a password in an ini file": f"{layers('auth')}[filter:auth]\nuse = basic_auth\nusers =\n  a = s3cret\n  s3cret\n",
    "an unknown option in an ini file": f"{layers('gzip')}[filter:gzip]\npassword = s3cret\n",
    "behind a comment": layers("gzpi  # s3cret"),
    "in a setting that is indented": layers("gzpi") + "  password = s3cret\n  password: s3cret\n",
    "a line that is no setting": f"{layers('gzip')}s3cret\n",
    "a default value": f"[DEFAULT]\npw = s3cret\n{layers('auth')}[filter:auth]\nuse = basic_auth\nusers = ada %(pw)s\n",
}
FORMATS = [
    ["check"],
    ["check", "--format", "concise"],
    ["check", "--format", "json"],
    ["check", "--strict"],
    ["show"],
    ["show", "--format", "json"],
    ["show", "--format", "toml"],
    ["explain"],
    ["audit"],
    ["audit", "--format", "json"],
    ["diff"],
]


@pytest.mark.parametrize("text", SECRETS.values(), ids=SECRETS)
def test_no_format_shows_a_secret(text: str, tmp_path: Path) -> None:
    file = written(tmp_path, text, name=f"stack.{'toml' if text.startswith('app') else 'ini'}")
    statuses = set()
    for command in FORMATS:
        arguments = complete(command, file)
        status, out, err = run_in_a_pipe(*arguments, environ={"KEY": "s3cret"})
        assert "s3cret" not in out + err
        statuses.add(status)
    _, shown = run_on_a_terminal("check", file, environ={"KEY": "s3cret"})
    assert "s3cret" not in shown
    assert statuses > {1}
