"""PasteDeploy's dialect: the mistakes of wrong configurations."""

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.config.written import GREET, MADE, MARK, MODULE, load_mistakes, write
from tests.strangers import install
from wsgistack import ConfigError, config
from wsgistack.config import open_document

MISTAKES = {
    "no main": (
        "[server:main]\nuse = x\n[app:mian]\nuse = x:y\n",
        "stack.ini: missing application or pipeline 'main'; did you mean 'mian'?",
    ),
    "composite": (
        "[composite:main]\nuse = egg:PasteDeplyo#urlmap\n",
        "stack.ini:2: [composite:main] use: distribution 'PasteDeplyo' is not installed; did you mean 'Paste'?",
    ),
    "filter as main": (
        "[filter:main]\nuse = gzip\n",
        "stack.ini: 'main' is a filter; expected an application",
    ),
    "no use": (
        "[app:main]\nreload = yes\n",
        "stack.ini:1: [app:main] use: missing value; write use = module:application, egg:…, call:… or a section name",
    ),
    "use of nothing": (
        "[app:main]\nuse = gret\n" + GREET,
        "stack.ini:2: [app:main] use: unknown application or pipeline 'gret'; did you mean 'greet'?",
    ),
    "filter for an application": (
        "[app:main]\nuse = mark\n" + MARK + "mark = m\n",
        "stack.ini:2: [app:main] use: 'mark' is a filter; expected an application",
    ),
    "application for a filter": (
        "[pipeline:main]\npipeline = greet greet\n" + GREET,
        "stack.ini:2: [pipeline:main] pipeline: 'greet' is an application; expected a filter before the last name",
    ),
    "empty pipeline": (
        "[pipeline:main]\npipeline =\n",
        (
            "stack.ini:2: [pipeline:main] pipeline: missing value; expected "
            "filters, outermost first, and last an application"
        ),
    ),
    "misspelt pipeline": (
        "[pipeline:main]\npipelin = greet\n",
        "stack.ini:2: [pipeline:main] pipelin: unknown setting of a pipeline; did you mean 'pipeline'?",
    ),
    "misspelt layer": (
        "[pipeline:main]\npipeline = gzpi greet\n" + GREET,
        "stack.ini:2: [pipeline:main] pipeline: unknown layer 'gzpi'; did you mean 'gzip'?",
    ),
    "misspelt section": (
        "[pipeline:main]\npipeline = marc greet\n" + GREET + MARK + "mark = m\n",
        "stack.ini:2: [pipeline:main] pipeline: unknown layer 'marc'; did you mean 'mark'?",
    ),
    "misspelt module": (
        "[pipeline:main]\npipeline = werkzeug.midleware:X greet\n" + GREET,
        (
            "stack.ini:2: [pipeline:main] pipeline: cannot import module 'werkzeug.midleware'; "
            "did you mean 'werkzeug.middleware'?"
        ),
    ),
    "layer that fails without a section": (
        f"[pipeline:main]\npipeline = {MODULE}:not_made greet\n" + GREET,
        f"stack.ini:2: [pipeline:main] {MODULE}:not_made: no disk",
    ),
    "required option": (
        "[pipeline:main]\npipeline = mark greet\n" + GREET + MARK,
        "stack.ini:5: [filter:mark] mark: missing option of marking; expected text",
    ),
    "no factory": (
        "[pipeline:main]\npipeline = gzip greet\n" + GREET + "[filter:gzip]\nuse = call:json:__name__\n",
        (
            "stack.ini:6: [filter:gzip] use: 'json:__name__' is not callable; "
            "expected a callable that takes the application first"
        ),
    ),
    "no import string": (
        "[pipeline:main]\npipeline = call:gzip greet\n" + GREET,
        "stack.ini:2: [pipeline:main] pipeline: 'gzip' is not an import string; expected package.module:attribute",
    ),
    "misspelt option of a factory": (
        "[pipeline:main]\npipeline = f greet\n" + GREET + f"[filter:f]\nuse = call:{MODULE}:make_filter\nmrak = f\n",
        f"stack.ini:7: [filter:f] mrak: unknown option of call:{MODULE}:make_filter; did you mean 'mark'?",
    ),
    "no other file": (
        "[app:main]\nuse = config:other.ini\n",
        "stack.ini:2: [app:main] use: cannot read 'config:other.ini': other.ini: file does not exist",
    ),
    "other file without a name": (
        "[app:main]\nuse = config:\n",
        "stack.ini:2: [app:main] use: cannot read 'config:': .: cannot be read: Is a directory",
    ),
    "reference": (
        MADE + "dir = %(hree)s\n",
        "stack.ini:3: [app:main] dir: unknown reference %(hree)s; did you mean 'here'?",
    ),
    "circle of references": (
        MADE + "[DEFAULT]\na = %(b)s\nb = %(a)s\n",
        "stack.ini:4: [DEFAULT] a: circular reference: %(b)s -> %(a)s -> %(b)s",
    ),
    "misspelt kind": (
        MADE + "[fliter:x]\nuse = gzip\n",
        "stack.ini:3: unknown section type 'fliter'; did you mean [filter:x]?",
    ),
    "kind in capitals": (
        MADE + "[Pipeline:x]\n",
        "stack.ini:3: unknown section type 'Pipeline'; did you mean [pipeline:x]?",
    ),
    "second section": (
        MADE + "[app:main]\nuse = x\n",
        "stack.ini:3: duplicate section [app:main]; first on line 1",
    ),
    "second application": (
        MADE + "[pipeline: main]\npipeline = x\n",
        "stack.ini:3: [pipeline: main]: duplicate application 'main'; first in [app:main] on line 1",
    ),
    "second setting": (MADE + "use = x\n", "stack.ini:3: [app:main] use: duplicate key; first set on line 2"),
}


@pytest.mark.parametrize(("text", "mistake"), MISTAKES.values(), ids=MISTAKES)
def test_reports_mistakes(text: str, mistake: str, folder: Path) -> None:
    write(text)
    assert mistake in load_mistakes()


def test_reports_a_mistake_once_for_several_users(folder: Path) -> None:
    write(f"[app:main]\nuse = way\n[pipeline:way]\npipeline = mark gret\n{MARK}mark = %(x)s\n")
    assert load_mistakes() == [
        (
            "stack.ini:4: [pipeline:way] pipeline: unknown application or pipeline 'gret'; expected "
            "module:application, egg:…, call:… or another application"
        ),
        (
            "stack.ini:7: [filter:mark] mark: unknown reference %(x)s; choose from __file__, here, use; "
            "for the text itself, write %%(x)s"
        ),
    ]


def test_keeps_the_mistake_of_the_registry_for_an_existing_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in ("one", "two"):
        points = f"[wsgistack.middleware]\ntwo-fold = {MODULE}:{number}\nlost_{number} = {MODULE}:gone\n"
        install(folder, monkeypatch, f"acme-fold-{number}", points)
    write(f"[pipeline:main]\npipeline = two-fold lost-one {MODULE}:greet\n")
    assert load_mistakes() == [
        (
            "stack.ini:2: [pipeline:main] pipeline: several distributions register a layer 'two-fold'; "
            f"write its import string instead: {MODULE}:one or {MODULE}:two"
        ),
        f"stack.ini:2: [pipeline:main] pipeline: module '{MODULE}' has no attribute 'gone'",
    ]


def test_reports_wrong_eggs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    points = f"[paste.app_factory]\nbroken = qqqqq:make\n[paste.filter_factory]\nlost = {MODULE}:gone\n"
    install(folder, monkeypatch, "acme-broken", points)
    write("[pipeline:main]\npipeline = egg:acme-broken#lost egg:acme-brokn#x egg:acme-broken#broken\n")
    assert load_mistakes() == [
        "stack.ini:2: [pipeline:main] pipeline: module 'tests.config.factories' has no attribute 'gone'",
        (
            "stack.ini:2: [pipeline:main] pipeline: distribution 'acme-brokn' is not installed; "
            "did you mean 'acme-broken'?"
        ),
        (
            "stack.ini:2: [pipeline:main] pipeline: cannot import module 'qqqqq'; "
            "install it, or put it into the folder of the configuration"
        ),
    ]


USERS = "a mapping (one name = value on each line) or none"


def test_finds_all_mistakes_of_a_file_in_order(folder: Path) -> None:
    write(
        "[pipeline:main]\npipeline = gzpi small door greet\n\n[filter:small]\nuse = gzip\nminimum_siz = 5\nlevel = x\n"
        "[filter:door]\nuse = basic_auth\nusers =\n  ann\n[fillter:x]\n[app:greet]\nuse = tests.config.factories:gret\n"
    )
    assert load_mistakes() == [
        "stack.ini:2: [pipeline:main] pipeline: unknown layer 'gzpi'; did you mean 'gzip'?",
        "stack.ini:6: [filter:small] minimum_siz: unknown option of Gzip; did you mean 'minimum_size'?",
        "stack.ini:7: [filter:small] level: invalid value 'x'; expected a whole number or none",
        f"stack.ini:11: [filter:door] users: invalid secret value; expected {USERS}",
        "stack.ini:12: unknown section type 'fillter'; did you mean [filter:x]?",
        "stack.ini:14: [app:greet] use: module 'tests.config.factories' has no attribute 'gret'; did you mean 'greet'?",
    ]


def test_reports_mistakes_of_other_files_with_their_places(folder: Path) -> None:
    write("[app:main]\nuse = qqqqq:app\nuse = 5\n[filter:f]\nuse = gzip\n\nlevel = x\n", "base.ini")
    write("[pipeline:main]\npipeline = f app\n[app:app]\nuse = config:base.ini\n[filter:f]\nuse = config:base.ini#f\n")
    assert load_mistakes() == [
        (
            "base.ini:2: [app:main] use: cannot import module 'qqqqq'; "
            "install it, or put it into the folder of the configuration"
        ),
        "base.ini:3: [app:main] use: duplicate key; first set on line 2",
        "base.ini:7: [filter:f] level: invalid value 'x'; expected a whole number or none",
    ]
    write("[app:man]\nuse = 5\nlonely\n", "base.ini")
    assert load_mistakes()[:2] == [
        "base.ini:3: [app:man]: line is not a setting; expected name = value",
        "stack.ini:4: [app:app] use: unknown application or pipeline 'main' in base.ini; did you mean 'man'?",
    ]


@pytest.mark.parametrize(
    ("text", "circle"),
    [
        ("[app:main]\nuse = main\n", "stack.ini [app:main] -> stack.ini [app:main]"),
        (
            "[app:main]\nuse = a\n[app:a]\nuse = b\n[app:b]\nuse = a\n",
            "stack.ini [app:a] -> stack.ini [app:b] -> stack.ini [app:a]",
        ),
        ("[pipeline:main]\npipeline = gzip main\n", "stack.ini [pipeline:main] -> stack.ini [pipeline:main]"),
        (
            f"[pipeline:main]\npipeline = x {MODULE}:greet\n[filter:x]\nuse = y\n[filter:y]\nuse = x\n",
            "stack.ini [filter:x] -> stack.ini [filter:y] -> stack.ini [filter:x]",
        ),
        (
            "[app:main]\nuse = config:sub/back.ini#x\n",
            "stack.ini [app:main] -> sub/back.ini [app:x] -> stack.ini [app:main]",
        ),
    ],
)
def test_reports_a_whole_circle(text: str, circle: str, folder: Path) -> None:
    (folder / "sub").mkdir()
    write("[app:x]\nuse = config:../stack.ini\n", "sub/back.ini")
    write(text)
    assert any(each.endswith(f": circular reference: {circle}") for each in load_mistakes())


KINDS = ["app:main", "pipeline:main", "filter:gzip", "DEFAULT", "composite:c", "filter-app:d", "server:main"]
NAMES = ["use", "pipeline", "next", "filter-with", "set a", "get b", "when_path", "require", "paste.app_factory", "/a"]
HEADS = st.sampled_from(["\n", *(f"\n[{kind}]\n" for kind in KINDS), *(f"\n{name} = " for name in NAMES)])
WORDS = st.sampled_from(
    [
        "config:",
        "egg:",
        "call:",
        "%(here)s",
        "%(use)s",
        "gzip ",
        "main ",
        "stack.ini",
        "#",
        "wsgistack",
        ":",
        "level = ",
        "c ",
        "egg:wsgistack#mount",
        "wsgistack.pipeline.mount:composite_factory",
        "${env:",
        "}",
    ]
)
ODDS = st.sampled_from(["\0", "/", "json:dumps", "request_id ", "basic_auth", "users", "=", " a\n  b", "%", "9" * 5000])


@given(st.lists(HEADS | WORDS | ODDS | st.text(max_size=5), max_size=20).map("".join))
def test_reports_any_wrong_text_as_mistakes(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "stack.ini"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", list(sys.path))
        try:
            mistakes = config.find_mistakes(open_document(path))
        except ConfigError as error:
            mistakes = [*error.mistakes]
    assert all(each.where.file for each in mistakes)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[app:main]\nuse = config:other.ini#shop\n", "unknown application or pipeline 'shop' in other.ini; "),
        (f"[pipeline:main]\npipeline = config:other.ini#shop {MODULE}:greet\n", "unknown layer 'shop' in other.ini; "),
    ],
)
def test_names_the_other_file_that_was_searched(text: str, problem: str, folder: Path) -> None:
    write(GREET, "other.ini")
    write(text)
    (mistake,) = load_mistakes()
    assert problem in mistake
