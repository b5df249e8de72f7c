"""``wsgistack list``: the layers that are installed, and what each says of itself."""

import json
import re
import sys
from pathlib import Path

import pytest

from tests.cli.files import read_mistakes
from tests.cli.screen import STYLES, run_in_a_pipe, run_on_a_terminal
from wsgistack.cli import main
from wsgistack.pipeline import registry

DOCS = Path(__file__).parents[2] / "docs"


def test_lists_the_layers_that_are_installed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if not line.startswith(" ")] == sorted(registry.names())
    assert max(map(len, lines)) <= 80
    column = max(map(len, registry.names())) + 2
    assert f"{'gzip':{column}}Compress eligible responses with gzip alone." in lines


def test_shows_all_about_one_layer(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "request-id"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("request-id: ")
    assert max(map(len, lines)) <= 80
    for line in ("    application = RequestId(application)", "    use = egg:wsgistack#request_id"):
        assert line in lines
    titles = ["Options", "Errors", "Place in a pipeline", "When not to use it", "What it changes", "Cost"]
    assert [line for line in lines if line in titles] == titles
    column = len("  maximum_length  ")
    trust = lines.index(f"{'  trust':{column}}true or false")
    assert f"{'':{column}}default: true" in lines[trust:]


@pytest.mark.parametrize("name", sorted(registry.names()))
def test_names_pages_and_no_files_of_the_repository(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", name]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert not re.search(r"\b(?:docs|recipes|tests|benchmarks)/|\.rst\b", said)
    titles = {page.read_text("utf-8").split("\n")[0] for page in DOCS.rglob("*.rst")}
    assert {*re.findall(r'page "([^"]+)" of the documentation', said)} <= titles


STRANGER = '''
from functools import partial

def powered(app, coffee: str, *, cups: int = 1):
    """Say what powers a site,
    in a header.

    :param coffee: which ``kind``.
    """
    return app

def bare(app): return app

def silent(app, *, by=powered): return app

def rich(app, *, cups=1):
    """
    :param int cups: how many, as
        :rfc:`2324` counts.
    :type cups: int
    :returns: an application,

        which is wrapped.
    :raises ValueError: **too** many.
    """
    return app

def long(app):
    """Brew. For example::

      long(app)

    :meth:`brew` is *not* :class:`~strong.enough.Coffee`. See :ref:`the shop <shop>`, ``a * b * c``:

    1. Grind.
       Fill.
    2. Press.
    Pour.
    -
    *  Enjoy.

    .. code-block:: python

       long(long(app))

    Args:
        app: it keeps its lines.

    Notes
    -----
    So does this.

    ====  =====
    cups  taste
    ====  =====
    """
    return app
'''
LONG = """\
stranger:long: Brew. For example:

    from stranger import long

    long(app)

`brew` is not `Coffee`. See `the shop`, `a * b * c`:

1. Grind. Fill.
2. Press. Pour. -
*  Enjoy.

    long(long(app))

Args:
    app: it keeps its lines.

Notes
-----
So does this.

====  =====
cups  taste
====  =====

Options
  It declares no options.
"""


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (
            "powered",
            (
                "stranger:powered: Say what powers a site, in a header.\n\nOptions\n"
                "  coffee  text\n          which `kind`.\n          required\n"
                "  cups    a whole number\n          default: 1\n"
            ),
        ),
        ("bare", "stranger:bare\n\nOptions\n  It declares no options.\n"),
        ("silent", "stranger:silent\n\nOptions\n  by  anything\n      default: stranger:powered\n"),
        (
            "rich",
            (
                "stranger:rich\n\nOptions\n"
                "  cups  anything\n        how many, as RFC 2324 counts.\n        default: 1\n"
                "\nErrors\n  - `ValueError`: too many.\n"
            ),
        ),
        ("long", LONG),
    ],
)
def test_lists_the_options_of_any_middleware(
    name: str, shown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "stranger.py").write_text(STRANGER, "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path.copy())
    monkeypatch.delitem(sys.modules, "stranger", raising=False)
    assert main(["list", f"stranger:{name}"]) == 0
    assert capsys.readouterr().out == shown


HOSTILE = r'''
from typing import TypedDict

Options = TypedDict("Options", {"\x1b[31m": int, "a\u202eb": str}, total=False)

def red(app, *, options: Options | None = None, text: str = "\x1b]0;x\x07"):
    """\x1b[2J hidden \u202e.

    A second paragraph ::

        \x1b[1mexample

    :param options: \x1b[5m blinks.
    :raises ConfigError: \x9b0m always.

    Cost tier \x1b[7m
    """
    return app
'''


def test_sends_no_control_character_of_a_stranger_to_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "hostile_layer.py").write_text(HOSTILE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path.copy())
    assert main(["list", "hostile_layer:red"]) == 0
    shown = capsys.readouterr().out
    assert "options.\\x1b[31m" in shown
    assert [each for each in shown if not (each.isprintable() or each == "\n")] == []


@pytest.mark.parametrize(
    ("name", "named"),
    [
        pytest.param("gzpi", ["'gzpi'", "did you mean 'gzip'?"], id="misspelt"),
        pytest.param("nosuch:Layer", ["'nosuch'"], id="unknown module"),
        pytest.param("json:dumpss", ["'dumpss'", "did you mean 'dumps'?"], id="unknown attribute"),
        pytest.param("sys:version", ["'sys:version'", "callable"], id="not callable"),
        pytest.param("threading:active_count", ["active_count"], id="a callable that takes no application"),
    ],
)
def test_refuses_what_is_not_a_layer(name: str, named: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", name]) == 1
    out, err = capsys.readouterr()
    assert (out, len(read_mistakes(err))) == ("", 1)
    assert [each for each in named if each not in err] == []


def test_lists_a_layer_that_cannot_be_imported_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    info = tmp_path / "stranger-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[wsgistack.middleware]\nbroken = stranger:Layer\n")
    (tmp_path / "stranger.py").write_text("raise RuntimeError('half installed')")
    monkeypatch.syspath_prepend(tmp_path)
    registry.names.cache_clear()
    try:
        assert main(["list"]) == 0
    finally:
        registry.names.cache_clear()
    listed = capsys.readouterr().out
    assert re.search(r"\ngzip +Compress eligible responses with gzip alone\.\n", listed)
    found = re.search(r"^broken  .*\n( .*\n)*", listed, re.MULTILINE)
    assert found
    broken = " ".join(found[0].split())
    assert broken.startswith("broken (cannot be loaded: ")
    assert "RuntimeError: half installed" in broken
    assert f"{tmp_path / 'stranger.py'}" in broken


def test_lists_all_layers_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [*document] == ["layers", "mistakes"]
    assert [layer["name"] for layer in document["layers"]] == sorted(registry.names())
    assert main(["list", "--format", "json", "gzip"]) == 0
    [gzip] = json.loads(capsys.readouterr().out)["layers"]
    assert gzip in document["layers"]
    assert gzip["summary"] == "Compress eligible responses with gzip alone."
    assert gzip["options"][1] == {
        "name": "minimum_size",
        "type": "a size such as 500, 64KiB or 10 MB",
        "default": 500,
        "is_required": False,
        "is_secret": False,
        "doc": gzip["options"][1]["doc"],
        "options": [],
    }
    assert gzip["description"][1] == {
        "text": (
            "from wsgistack import Gzip\n\napplication = Gzip(application)\n\n"
            "[filter:gzip]\nuse = egg:wsgistack#gzip\nlevel = 6"
        ),
        "is_code": True,
    }
    assert gzip["sections"]["Place in a pipeline"][0] == "Place it like ``compress``."


def test_lists_the_options_of_mappings_under_the_names_that_mistakes_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "auth"]) == 0
    shown = capsys.readouterr().out
    assert max(len(line) for line in shown.splitlines() if not line.startswith("    A") and "9f86" not in line) <= 80
    assert ":class:" not in shown
    words = " ".join(shown.split())
    assert "bearer a mapping or none tokens and JWTs: the options of `Bearer`. default: none bearer.tokens " in words
    assert "bearer.jwt.remember a duration such as 1.5s, 1h30m or 30d for how long a right token" in words
    assert "rules.groups a list, each item text whose members are allowed, too. default: none" in words
    assert main(["list", "auth", "--format", "json"]) == 0
    [auth] = json.loads(capsys.readouterr().out)["layers"]
    (bearer,) = (each for each in auth["options"] if each["name"] == "bearer")
    (jwt,) = (each for each in bearer["options"] if each["name"] == "jwt")
    (secret,) = (each for each in jwt["options"] if each["name"] == "secret")
    assert (secret["default"], secret["is_secret"], secret["is_required"]) == ("", True, False)


def test_lists_the_options_of_any_middleware_for_programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "stranger.py").write_text(f"print('imported'){STRANGER}", "utf-8")
    monkeypatch.chdir(tmp_path)
    assert main(["list", "stranger:powered", "--format", "json"]) == 0
    out, err = capsys.readouterr()
    [layer] = json.loads(out)["layers"]
    assert err == "imported\n"
    assert [(each["name"], each["default"], each["is_required"]) for each in layer["options"]] == [
        ("coffee", None, True),
        ("cups", 1, False),
    ]
    assert main(["list", "stranger:nothing", "--format", "json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["layers"], document["mistakes"][0]["file"]) == ([], None)


@pytest.mark.parametrize("arguments", [[], ["gzip"]])
def test_fits_into_the_terminal(arguments: list[str]) -> None:
    status, text = run_on_a_terminal("list", *arguments, columns=50)
    lines = STYLES.sub("", text).splitlines()
    assert status == 0
    assert 40 < max(map(len, lines)) <= 50
    assert text != "\n".join([*lines, ""])
    piped = run_in_a_pipe("list", *arguments, environ={"COLUMNS": "50"})
    assert piped == run_in_a_pipe("list", *arguments)
    assert (50 < max(map(len, piped[1].splitlines())) <= 80, piped[2]) == (True, "")
    assert piped[1].split() == STYLES.sub("", text).split()


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        pytest.param("https", "every project of a developer. default: '30d'", id="a duration"),
        pytest.param("body_limit", "take 160 MiB. default: '10MiB'", id="a size"),
        pytest.param("compress", "too short for people to notice. default: 0.1", id="a part of a second"),
        pytest.param("gzip", "fit into one packet anyway. default: 500", id="bytes"),
        pytest.param("cors", "Any page can open one. required", id="required by the docstring alone"),
        pytest.param(
            "responses", "Outside of all layers that may answer in place of the application, all", id="layers of a kind"
        ),
        pytest.param(
            "https", "not the client's. The same holds for `oslo_middleware.http_proxy", id="layers of other projects"
        ),
        pytest.param(
            "forwarded",
            "Outside of `opentelemetry.instrumentation.wsgi:OpenTelemetryMiddleware`, ",
            id="only of other projects",
        ),
    ],
)
def test_shows_values_and_neighbors_in_words(layer: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", layer]) == 0
    assert said in " ".join(capsys.readouterr().out.split())
