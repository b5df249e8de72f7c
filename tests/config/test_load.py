"""Loading and checking: files, applications, and modules beside the file."""

import copy
import importlib
import pickle
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import paste.deploy
import pytest

from tests.config.written import GREET, MADE, MODULE, find_mistakes, greeting, load_mistakes, read, write
from wsgistack import ConfigError, OrderWarning, appconfig, load
from wsgistack.pipeline import registry
from wsgistack.types import Factory

APP = """
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]
"""


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("stack.ini", "[app:main]\nuse = {}:app\n"),
        ("stack.conf", "[app:main]\nuse = {}:app\n"),
        ("stack.toml", 'app = "{}:app"\n'),
        ("STACK.TOML", 'app = "{}:app"\n'),
    ],
)
def test_modules_beside_the_file_can_be_imported(
    file: str, text: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = f"beside_{file.replace('.', '_')}"
    (folder / "sub").mkdir()
    (folder / f"sub/{module}.py").write_text(APP)
    write(text.format(module), f"sub/{file}")
    monkeypatch.chdir(folder)
    for path in (f"sub/{file}", folder / "sub" / file):
        assert greeting(str(path)) == "hello"
        assert callable(load(Path(path)))
    assert sys.path.count(str(folder / "sub")) == 1


def test_a_toml_file_holds_one_application(folder: Path) -> None:
    write(f'app = "{MODULE}:greet"\n', "stack.toml")
    assert greeting("stack.toml", "main") == "hello"
    with pytest.raises(ConfigError, match=r"stack.toml: unknown application 'man'; did you mean 'main'\?"):
        load("stack.toml", "man")


@pytest.mark.parametrize("file", ["stak.ini", "stak.toml"])
def test_reports_a_missing_file(file: str, folder: Path) -> None:
    write(GREET, file.replace("stak", "stack"))
    said = f"{file}: file does not exist; did you mean '{file.replace('stak', 'stack')}'?"
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert str(caught.value) == said


def test_checks_parts_that_main_does_not_use(folder: Path) -> None:
    write(
        f"[app:main]\nuse = {MODULE}:greet\n[app:other]\nuse = qqqqq:app\n[pipeline:third]\npipeline = gzpi main\n"
        "[filter:unused]\nuse = gzip\nlevl = 5\n[filter:refused]\nuse = basic_auth\n[filter:fine]\nuse = gzip\n"
    )
    assert greeting() == "hello"
    assert find_mistakes() == [
        (
            "stack.ini:4: [app:other] use: cannot import module 'qqqqq'; "
            "install it, or put it into the folder of the configuration"
        ),
        "stack.ini:6: [pipeline:third] pipeline: unknown layer 'gzpi'; did you mean 'gzip'?",
        "stack.ini:9: [filter:unused] levl: unknown option of Gzip; did you mean 'level'?",
        "stack.ini:10: [filter:refused]: needs one source of users; expected exactly one of users, htpasswd and check",
    ]


def test_finds_no_mistake(folder: Path) -> None:
    write(f"[app:main]\nuse = {MODULE}:greet\n")
    write(f'app = "{MODULE}:greet"\n', "stack.toml")
    assert find_mistakes() == find_mistakes("stack.toml") == []


def test_a_file_without_an_application_is_a_mistake(folder: Path) -> None:
    write("[filter:x]\nuse = gzip\n")
    assert find_mistakes() == [
        "stack.ini: missing application or pipeline 'main'; expected a section [app:main] or [pipeline:main]"
    ]


@pytest.mark.parametrize("file", ["stack.ini", "stack.toml"])
def test_warns_about_a_wrong_order(file: str, folder: Path) -> None:
    write(f"[pipeline:main]\npipeline = gzip access_log {MODULE}:greet\n")
    write(f'app = "{MODULE}:greet"\nlayers = ["gzip", "access_log"]\n', "stack.toml")
    with pytest.warns(OrderWarning, match=f"{file}.*gzip is outside access_log: .*; put access_log before gzip"):
        load(file)


def test_reads_without_building_or_importing_the_application(folder: Path) -> None:
    write("[pipeline:main]\npipeline = gzip app\n[app:app]\nuse = qqqqq:app\n")
    stack = read()
    assert [spec.name for spec in stack.pipeline] == ["gzip"]
    assert not stack.mistakes


def test_reads_the_options_of_an_application_without_making_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSWORD", "hushed")
    write("[DEFAULT]\na = 1\nb = 2\n[app:main]\nuse = call:qqqqq:make\nb = 3\nset a = 4\npassword = ${env:PASSWORD}\n")
    conf = appconfig("stack.ini", global_conf={"new": "n"})
    here = {"here": str(folder), "__file__": str(folder / "stack.ini")}
    assert conf.local_conf == {"b": "3", "password": "${env:PASSWORD}"}
    assert conf.global_conf == {**here, "a": "4", "b": "2", "new": "n"}
    assert conf == {**here, "a": "4", "b": "3", "new": "n", "password": "${env:PASSWORD}"}
    for twin in (copy.copy(conf), pickle.loads(pickle.dumps(conf))):  # noqa: S301
        assert (twin, twin.local_conf, twin.global_conf) == (conf, conf.local_conf, conf.global_conf)


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("[app:main]\nuse = x:y\na = %(b)s\n", "main", "stack.ini:3: [app:main] a: unknown reference %(b)s"),
        ("[app:main]\nuse = x:y\n", "mian", "stack.ini: unknown application or pipeline 'mian'; did you mean 'main'?"),
        ("[app:main]\nuse = x:y\nlonely\n", "main", "stack.ini:3: [app:main]: line is not a setting"),
    ],
)
def test_returns_no_options_after_mistakes(text: str, name: str, expected: str, folder: Path) -> None:
    write(text)
    with pytest.raises(ConfigError) as caught:
        appconfig("stack.ini", name)
    assert str(caught.value).startswith(expected)


def test_returns_the_own_options_of_a_filter_app(folder: Path) -> None:
    write(
        "[DEFAULT]\nsite = s\n[filter-app:main]\nuse = f\nnext = made\nmark = own\nset site = t\nfilter-with = f\n"
        f"[filter:f]\npaste.filter_factory = {MODULE}:make_filter\nmark = base\n[app:over]\nuse = main\nmore = 1\n"
        f"{MADE.replace('main', 'made')}owner = ann\n"
    )
    for name, expected in (("main", {"mark": "own"}), ("over", {"mark": "own", "more": "1"})):
        conf, theirs = appconfig("stack.ini", name), paste.deploy.appconfig(f"config:{folder}/stack.ini", name)
        assert (conf.local_conf, conf.global_conf) == (theirs.local_conf, theirs.global_conf)
        assert (conf.local_conf, conf.global_conf["site"]) == (expected, "t")


def test_a_wrong_order_is_a_mistake_if_strict(folder: Path) -> None:
    write(f"[pipeline:main]\npipeline = gzip access_log {MODULE}:greet\n")
    with pytest.warns(OrderWarning):
        assert find_mistakes() == []
    with pytest.warns(OrderWarning):
        (found,) = find_mistakes(strict=True)
    assert found.startswith("stack.ini:2: [pipeline:main] gzip: gzip is outside access_log: ")


def test_loads_in_many_threads_at_once(folder: Path) -> None:
    write(f"[pipeline:main]\npipeline = request_id gzip made\n{MADE.replace('main', 'made')}")
    with ThreadPoolExecutor(8) as pool:
        apps = list(pool.map(lambda _: load("stack.ini"), range(16)))
    assert len({repr(app)[:40] for app in apps}) == 1


def test_refuses_too_many_nested_sections(folder: Path) -> None:
    for kind, key in (("app", "use"), ("filter", "use"), ("pipeline", "pipeline"), ("filter", "filter-with")):
        sections = [f"[{kind}:{n}]\n{key} = {n + 1}\n" for n in range(300)]
        write(f"[pipeline:main]\npipeline = {'0' if kind != 'filter' else f'0 {MODULE}:greet'}\n{''.join(sections)}")
        assert any("too many nested parts; expected at most 100" in each for each in load_mistakes())


def test_reports_a_file_that_refers_to_itself_by_another_path(folder: Path) -> None:
    (folder / "link").symlink_to(".")
    write("[app:main]\nuse = config:link/stack.ini\n")
    assert "Too many levels of symbolic links" in load_mistakes()[0]


FIVE = {
    "stack.ini": f"""
[pipeline:main]
pipeline = request_id log catch_errors marks gzip hello

[filter:log]
use = access_log
format = %m

[filter:marks]
use = small
times = 2

[filter:small]
use = {MODULE}:marking
mark = m

[app:hello]
use = {MODULE}:greet
""",
    "stack.toml": f"""
app = "{MODULE}:greet"
layers = [
    "request_id",
    {{ use = "access_log", format = "%m" }},
    "catch_errors",
    {{ use = "{MODULE}:marking", mark = "m" }},
    "gzip",
]
""",
}


@pytest.mark.parametrize("file", FIVE)
def test_looks_each_layer_up_once(file: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names, modules = [], []

    def find(use: str, original: Callable[[str], Factory] = registry.find) -> Factory:
        names.append(use)
        return original(use)

    def import_module(name: str, original: Callable[[str], ModuleType] = importlib.import_module) -> ModuleType:
        modules.append(name)
        return original(name)

    monkeypatch.setattr(registry, "find", find)
    monkeypatch.setattr("wsgistack.imports.import_module", import_module)
    write(FIVE[file], file)
    load(file)
    assert sorted(names) == sorted(["request_id", "access_log", "catch_errors", f"{MODULE}:marking", "gzip"])
    assert sorted(modules) == sorted(
        [
            "wsgistack.middleware.request_id",
            "wsgistack.middleware.access_log",
            "wsgistack.middleware.catch_errors",
            "wsgistack.middleware.compress",
            MODULE,  # for the layer
            MODULE,  # for the application
        ]
    )
