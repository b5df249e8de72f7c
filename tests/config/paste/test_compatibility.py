"""What PasteDeploy's own loader treats differently: found by rules, and compared with that loader."""

from pathlib import Path

import pytest
from paste.deploy import loadapp

from tests.cli.files import read_mistakes
from tests.config.built import EGG, FILES, theirs
from tests.config.written import write
from tests.strangers import install
from wsgistack.cli import main
from wsgistack.config import open_document
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


def find(file: str = "stack.ini") -> list[str]:
    return [str(each) for each in find_incompatibilities(open_document(file))]


@pytest.mark.parametrize("file", OURS, ids=[each.name for each in OURS])
def test_finds_nothing_in_files_that_both_read_alike(file: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(folder, monkeypatch, "acme-recording", EGG)
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
def test_finds_what_paste_deploy_treats_differently(case: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(folder, monkeypatch, "acme-recording", EGG)
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
