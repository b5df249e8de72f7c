"""What PasteDeploy's own loader treats differently: found by rules, and compared with that loader."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from paste.deploy import loadapp

from tests.cli.files import read_mistakes
from tests.config.built import EGG, FILES, ours, theirs
from tests.config.random_files import ini_files
from tests.config.written import write
from tests.strangers import install
from wsgistack import ConfigError
from wsgistack.cli import main
from wsgistack.config import find_mistakes, open_document
from wsgistack.config.paste.compatibility import find_incompatibilities

RECIPE = Path(__file__).parents[3] / "recipes" / "pastedeploy" / "production.ini"
OURS = sorted([*FILES.rglob("*.ini"), RECIPE])
APP = "use = call:tests.config.recording:app_factory\n"
MAIN = f"[app:main]\n{APP}"
FILTER = "use = call:tests.config.recording:filter_factory\n"
GREET = "tests.config.factories:greet"
FUNCTION = "write a section with use = call:tests.config.factories:make, where make(global_conf, **options) returns it"
REFERENCE = "does not fill in ${...}; write %(NAME)s and start the server with NAME=value, or read the environment in "
CONDITION = "passes a condition on as an option; remove it: under PasteDeploy, only layers of wsgistack have conditions"


@pytest.fixture(autouse=True)
def egg(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(folder, monkeypatch, "acme-recording", EGG)


def find(file: str = "stack.ini") -> list[str]:
    return [str(each) for each in find_incompatibilities(open_document(file))]


@pytest.mark.parametrize("file", OURS, ids=[each.name for each in OURS])
def test_finds_nothing_in_files_that_both_read_alike(file: Path, folder: Path) -> None:
    assert find(str(file)) == []


LOUD = {
    "a single percent sign": (f"{MAIN}share = 100%\n", "3: [app:main] share: PasteDeploy reads a single % as the "),
    "a single percent sign in the global values": (
        f"[DEFAULT]\nshare = 100%\n{MAIN}",
        "2: [DEFAULT] share: PasteDeploy reads a single % as the beginning of a reference; write %% for a percent sign",
    ),
    "a section without a name": (
        f"[app]\n{APP}",
        "1: [app]: PasteDeploy finds no section without a name; write [app:main]",
    ),
    "an import string": (
        f"[app:main]\nuse = {GREET}\n",
        f"2: [app:main] use: PasteDeploy finds no section '{GREET}'; {FUNCTION}",
    ),
    "an ordinary factory": (
        f"[app:main]\nuse = {GREET}()\n",
        f"2: [app:main] use: PasteDeploy finds no section '{GREET}()'; {FUNCTION}",
    ),
    "an import string in a pipeline": (
        f"[pipeline:main]\npipeline = {GREET}\n",
        f"2: [pipeline:main] pipeline: PasteDeploy finds no section '{GREET}'; {FUNCTION}",
    ),
    "a layer in a pipeline": (
        f"[pipeline:main]\npipeline = request_id a\n[app:a]\n{APP}",
        "2: [pipeline:main] pipeline: PasteDeploy finds no section 'request_id'; write egg:wsgistack#request_id",
    ),
    "a filter with another spelling": (
        f"[pipeline:main]\npipeline = a-filter a\n[app:a]\n{APP}[filter:a_filter]\n{FILTER}",
        "2: [pipeline:main] pipeline: PasteDeploy finds no section 'a-filter'; write a_filter",
    ),
    "a filter without use": (
        f"[app:main]\n{APP}filter-with = gzip\n[filter:gzip]\nlevel = 9\n",
        "4: [filter:gzip] use: PasteDeploy finds no section 'gzip'; write use = egg:wsgistack#gzip",
    ),
    "a filter with the name of its layer": (
        f"[app:main]\n{APP}filter-with = gzip\n[filter:gzip]\nuse = gzip\nwhen_path = /x\ncodings = ${{env:X:-gzip}}",
        "5: [filter:gzip] use: PasteDeploy finds no section 'gzip'; write use = egg:wsgistack#gzip",
    ),
    "call: in a pipeline": (
        "[pipeline:main]\npipeline = call:tests.config.recording:app_factory\n",
        "2: [pipeline:main] pipeline: PasteDeploy accepts call: only in use; write a section with use = call:tests.",
    ),
    "call: in a filter-app": (
        f"[filter-app:main]\n{FILTER}next = a\n[app:a]\n{APP}",
        "2: [filter-app:main] use: PasteDeploy accepts no call: in a filter-app; write paste.filter_factory = tests.",
    ),
    "an application in next": (
        f"[filter-app:main]\npaste.filter_factory = tests.config.recording:filter_factory\nnext = {GREET}\n",
        f"3: [filter-app:main] next: PasteDeploy finds no section '{GREET}'; {FUNCTION}",
    ),
    "an application in a mount": (
        f"[composite:main]\nuse = egg:wsgistack#mount\nset a = 1\n/ = {GREET}\n/a = b\n[app:b]\n{APP}",
        f"4: [composite:main] /: PasteDeploy finds no section '{GREET}'; {FUNCTION}",
    ),
    "a duplicate key of another program": (
        f"{MAIN}[uwsgi]\nenv = A=1\nenv = B=2\n",
        "5: [uwsgi] env: PasteDeploy refuses a duplicate key, also in a section of another program; move the section",
    ),
    "a byte order mark": (
        f"\ufeff{MAIN}",
        "1: PasteDeploy cannot read a byte order mark; save the file without it",
    ),
    "a server without a section": (
        f"{MAIN}[server:main]\nuse = tests.config.recording:server_factory",
        "4: [server:main] use: PasteDeploy finds no section 'tests.config.recording:server_factory'; write a section",
    ),
}
OTHER = "other.ini"
COMPOSITES = {
    "egg:Paste#urlmap": "/ = {}\n/b = b\n",
    "egg:Paste#cascade": "app1 = {}\napp2 = b\n",
    "egg:acme-recording#many": "app = {}\nfilter = f\n",
    "egg:wsgistack#mount": "/ = {}\n/b = b\n",
}


@pytest.mark.parametrize("use", COMPOSITES)
@pytest.mark.parametrize("name", [GREET, f"{GREET}()", "call:tests.config.recording:app_factory", "b"])
def test_finds_the_names_that_a_composite_asks_for(use: str, name: str, folder: Path) -> None:
    write(f"[composite:main]\nuse = {use}\n{COMPOSITES[use].format(name)}[app:b]\n{APP}[filter:f]\n{FILTER}")
    key = COMPOSITES[use].partition(" =")[0]
    if name == "b":
        assert find() == []
        assert loadapp(f"config:{folder}/stack.ini")
        return
    (found,) = find()
    refused = "accepts call: only in use" if name.startswith("call:") else f"finds no section {name!r}"
    assert found.startswith(f"stack.ini:3: [composite:main] {key}: PasteDeploy {refused}; ")
    with pytest.raises((LookupError, AssertionError)):
        theirs(folder / "stack.ini", "app", "main")


def test_finds_the_filters_that_a_composite_asks_for(folder: Path) -> None:
    write("[composite:main]\nuse = egg:acme-recording#many\nfilter = gzip\n")
    hint = "write egg:wsgistack#gzip"
    assert find() == [f"stack.ini:3: [composite:main] filter: PasteDeploy finds no section 'gzip'; {hint}"]
    with pytest.raises(LookupError):
        theirs(folder / "stack.ini", "app", "main")
    write("[composite:main]\nuse = egg:acme-recording#many\nfilter = egg:wsgistack#gzip\n")
    assert find() == []


def test_looks_up_the_names_of_a_composite_of_another_file_in_this_one(folder: Path) -> None:
    write(f"[composite:many]\nuse = egg:acme-recording#many\napp = b\n[app:b]\n{APP}", OTHER)
    write(f"[app:main]\nuse = config:{OTHER}#many\napp 2 = {GREET}\n[app:b]\n{APP}")
    (found,) = find()
    assert found.startswith(f"stack.ini:3: [app:main] app 2: PasteDeploy finds no section '{GREET}'; ")


OTHERS = {  # the file, the other file, what is found, and whether PasteDeploy refuses it
    "a single percent sign": (
        f"[app:main]\nuse = config:{OTHER}\n",
        f"{MAIN}share = 100%\n",
        "other.ini:3: [app:main] share: PasteDeploy reads a single % as the beginning of a reference; write %% for ",
        True,
    ),
    "a layer in a pipeline": (
        f"[app:main]\nuse = config:%(here)s/{OTHER}#p\n",
        f"[pipeline:p]\npipeline = request_id a\n[app:a]\n{APP}",
        "{folder}/other.ini:2: [pipeline:p] pipeline: PasteDeploy finds no section 'request_id'; write egg:wsgistack#",
        True,
    ),
    "a file of a file": (
        (
            f"[pipeline:main]\npipeline = config:middle.ini\n[app:a]\nuse = config:{OTHER}#%(x)s\nset x = a\n"
            "[DEFAULT]\nx = b\n"
        ),
        f"[app:a]\n{APP}[app:b]\n{APP}[filter:f]\nuse = config:stack.ini#g\n[app]\nuse = a\n",
        "other.ini:7: [app]: PasteDeploy finds no section without a name; write [app:main]",
        True,
    ),
    "the name of a layer": (
        f"[pipeline:main]\npipeline = config:{OTHER}#gzip config:{OTHER}\n",
        MAIN,
        "stack.ini:2: [pipeline:main] pipeline: PasteDeploy finds no section 'gzip' in other.ini; write egg:wsgistack",
        True,
    ),
    "a filter with another spelling": (
        f"[app:main]\n{APP}filter-with = config:{OTHER}#a-filter\n",
        f"[filter:a_filter]\n{FILTER}",
        (
            "stack.ini:3: [app:main] filter-with: PasteDeploy finds no section 'a-filter' in other.ini; write config:"
            "other.ini#a_filter"
        ),
        True,
    ),
    "an option over a pipeline": (
        f"[app:main]\nuse = config:{OTHER}\nowner = ann\n",
        f"[pipeline:main]\npipeline = a\n[app:a]\n{APP}",
        "stack.ini:3: [app:main] owner: PasteDeploy ignores an option over a pipeline or filter-with; write it into ",
        False,
    ),
    "a filter around a pipeline": (
        f"[app:main]\nuse = config:{OTHER}\nfilter-with = f\n[filter:f]\n{FILTER}",
        f"[pipeline:main]\npipeline = a\n[app:a]\n{APP}",
        "stack.ini:3: [app:main] filter-with: PasteDeploy makes a filter of this section; write the filter into a ",
        False,
    ),
    "a key of the other [DEFAULT]": (
        f"[DEFAULT]\nlevel = 1\n[app:main]\nuse = config:{OTHER}\n",
        f"{MAIN}level = 2\n",
        "other.ini:3: [app:main] level: PasteDeploy ignores a key that [DEFAULT] also has; rename one of them",
        False,
    ),
    "a condition of a filter": (
        f"[app:main]\n{APP}filter-with = f\n[filter:f]\nuse = config:{OTHER}#f\nwhen_path = /a\n",
        f"[filter:f]\n{FILTER}",
        f"stack.ini:6: [filter:f] when_path: PasteDeploy {CONDITION}",
        False,
    ),
    "a layer": (
        f"[app:main]\n{APP}filter-with = f\n[filter:f]\nuse = config:{OTHER}#f\nwhen_path = /a\n",
        "[filter:f]\nuse = egg:wsgistack#gzip\nminimum_size = ${env:X:-9}\n",
        "",
        False,
    ),
    "a name in a composite": (
        f"[composite:main]\nuse = egg:Paste#urlmap\n/ = config:{OTHER}\n",
        f"{MAIN}share = 100%\n",
        "other.ini:3: [app:main] share: PasteDeploy reads a single % as the beginning of a reference; write %% for ",
        True,
    ),
    "a circle of files": (
        f"[app:main]\nuse = config:{OTHER}\n[app:b]\n{APP}",
        "[app:main]\nuse = config:stack.ini#b\n",
        "",
        False,
    ),
    "no such file": (f"[app:main]\nuse = config:no{OTHER}\n", MAIN, "", True),
}


@pytest.mark.parametrize("case", OTHERS)
def test_follows_other_files(case: str, folder: Path) -> None:
    text, other, expected, is_refused = OTHERS[case]
    write(text)
    write(text.replace("middle.ini", OTHER), "middle.ini")
    write(other, OTHER)
    found = find()
    assert len(found) == bool(expected), found
    assert "".join(found).startswith(expected.replace("{folder}", str(folder)))
    if is_refused:
        with pytest.raises(Exception):  # noqa: B017, PT011 - of many types
            theirs(folder / "stack.ini", "app", "main")
    else:
        assert loadapp(f"config:{folder}/stack.ini")


def test_reads_names_with_their_references_filled_in(folder: Path) -> None:
    write(f"[DEFAULT]\nlayer = request_id\n[pipeline:main]\npipeline = %(layer)s a\n[app:a]\n{APP}")
    hint = "write egg:wsgistack#request_id"
    assert find() == [f"stack.ini:4: [pipeline:main] pipeline: PasteDeploy finds no section 'request_id'; {hint}"]


SILENT = {
    "a key of [DEFAULT]": (
        f"[DEFAULT]\nlevel = 1\n{MAIN}level = 2\nset level = 3\n",
        ["5: [app:main] level: PasteDeploy ignores a key that [DEFAULT] also has; rename one of them"],
    ),
    "references": (
        (
            f"[DEFAULT]\ndsn = ${{env:X:-a}}\n{MAIN}key = a $${{env:X}}\nset k = ${{file:x}}\n"
            "[filter:f]\nuse = egg:wsgistack#gzip\nset level = ${env:X}\ncodings = ${env:X:-gzip}\n"
            "[filter:g]\nuse = f\ncodings = ${env:X:-gzip}\nrequire = ${env:X:-webob}"
        ),
        [
            f"2: [DEFAULT] dsn: PasteDeploy {REFERENCE}the factory",
            f"5: [app:main] key: PasteDeploy {REFERENCE}the factory",
            f"6: [app:main] k: PasteDeploy {REFERENCE}the factory".replace(" k:", " set k:"),
            f"9: [filter:f] set level: PasteDeploy {REFERENCE}the factory",
            f"14: [filter:g] require: PasteDeploy {REFERENCE}the factory",
        ],
    ),
    "references in options of a server": (
        f"{MAIN}[server:main]\nuse = egg:waitress\nport = ${{env:X:-80}}",
        [f"5: [server:main] port: PasteDeploy {REFERENCE}the factory"],
    ),
    "conditions": (
        (
            f"{MAIN}[filter:f]\n{FILTER}when_path = /a\nwhen = json:dumps\n[filter:g]\nuse = egg:wsgistack#gzip\n"
            "when_path = /a\n[filter:h]\npaste.filter_app_factory = wsgistack.config.protocols:gzip\nwhen_path = /a\n"
            "[filter:i]\nuse = egg:acme-recording#narrow\nwhen_path = /a\n[filter:j]\nuse = egg:nowhere\nwhen_path = /"
        ),
        [f"{line}: [filter:f] {key}: PasteDeploy {CONDITION}" for line, key in ((5, "when_path"), (6, "when"))]
        + [f"{line}: [filter:{name}] when_path: PasteDeploy {CONDITION}" for line, name in ((15, "i"), (18, "j"))],
    ),
    "options over a pipeline": (
        f"[app:main]\nuse = p\nowner = ann\nset a = b\n[pipeline:p]\npipeline = a\n[app:a]\n{APP}",
        [
            (
                "3: [app:main] owner: PasteDeploy ignores an option over a pipeline or filter-with; write it into the "
                "section that [pipeline:p] is around"
            )
        ],
    ),
    "a filter around a pipeline": (
        (
            f"[pipeline:main]\npipeline = a\nfilter-with = f\n[app:a]\n{APP}[filter:f]\n{FILTER}[app:b]\nuse = main\n"
            "filter-with = f\n"
        ),
        [
            (
                "3: [pipeline:main] filter-with: PasteDeploy makes a filter of this section; write the filter into a "
                "pipeline instead"
            ),
            (
                "10: [app:b] filter-with: PasteDeploy makes a filter of this section; write the filter into a pipeline "
                "instead"
            ),
        ],
    ),
}


@pytest.mark.parametrize("case", LOUD)
def test_finds_what_paste_deploy_refuses(case: str, folder: Path) -> None:
    text, expected = LOUD[case]
    write(text)
    (found,) = find()
    assert found.startswith(f"stack.ini:{expected}")
    with pytest.raises(Exception):  # noqa: B017, PT011 - of many types
        theirs(folder / "stack.ini", "server" if "server" in case else "app", "main")


@pytest.mark.parametrize("case", SILENT)
def test_finds_what_paste_deploy_treats_differently(case: str, folder: Path) -> None:
    text, expected = SILENT[case]
    write(text)
    assert find() == [f"stack.ini:{each}" for each in expected]
    assert loadapp(f"config:{folder}/stack.ini")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[app:main]\nuse = a\n[app:a]\nuse = main\n", id="circle"),
        pytest.param("[filter:a]\nuse = b\n[filter:b]\nuse = a\n", id="circle of filters"),
        pytest.param(f"{MAIN}[app:main]\n{APP}", id="duplicate section"),
        pytest.param(f"{MAIN}{APP}", id="duplicate key"),
        pytest.param(f"{MAIN}mark = a\nMark = b\n", id="keys that differ in their case"),
        pytest.param(f"{MAIN}[pipeline:a]\npipeline =\n", id="empty pipeline"),
        pytest.param("[pipeline:main]\npipeline = nowhere\n", id="unknown name"),
        pytest.param("[app:main]\nx = 1\n", id="no use"),
    ],
)
def test_leaves_out_what_is_a_mistake_anyway(text: str, folder: Path) -> None:
    write(text)
    assert find() == []


def test_finds_a_layer_that_is_not_registered_for_paste_deploy(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(folder, monkeypatch, "acme-layers", "[wsgistack.middleware]\nmark = tests.config.factories:marking\n")
    write(f"[app:main]\n{APP}filter-with = egg:acme-layers#mark\n")
    hint = "register mark = wsgistack.config.protocols:mark in the group paste.filter_app_factory"
    assert find() == [f"stack.ini:3: [app:main] filter-with: PasteDeploy finds no 'egg:acme-layers#mark'; {hint}"]
    with pytest.raises(LookupError):
        theirs(folder / "stack.ini", "app", "main")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ini_files(is_odd=True))
def test_paste_deploy_makes_the_same_where_it_finds_nothing(
    tmp_path_factory: pytest.TempPathFactory, case: tuple[str, list[tuple[str, str]]]
) -> None:
    text, parts = case
    file = tmp_path_factory.getbasetemp() / "odd.ini"
    file.write_text(text, "utf-8")
    with contextlib.suppress(ConfigError):
        document = open_document(file)
        if not find_mistakes(document) and not find_incompatibilities(document):
            for kind, name in parts:
                assert ours(file, kind, name) == theirs(file, kind, name), (kind, name)


def test_paste_deploy_reads_no_toml(folder: Path) -> None:
    write("app = 'a:b'", "stack.toml")
    assert find("stack.toml") == ["stack.toml: PasteDeploy reads only ini files"]


def test_check_reports_them_if_asked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(LOUD["a layer in a pipeline"][0])
    assert main(["check", "stack.ini"]) == 0
    assert capsys.readouterr().out == "stack.ini: OK\n"
    assert main(["check", "--paste-deploy", "stack.ini"]) == 1
    out, said = capsys.readouterr()
    assert (out, read_mistakes(said)) == ("1 mistake in stack.ini\n", find()[:1])
    write(said.partition("write ")[2].strip().join(LOUD["a layer in a pipeline"][0].split("request_id")))
    assert main(["check", "--paste-deploy", "stack.ini"]) == 0
    assert loadapp(f"config:{folder}/stack.ini")
