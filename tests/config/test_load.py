"""Loading and checking: which file, which application, and where modules are found."""

import sys
from pathlib import Path

import pytest

from tests.config.written import GREET, MODULE, checked, greeting, read, write
from wsgistack import ConfigError, OrderWarning, load

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
    with pytest.raises(ConfigError, match=r"stack.toml: no application 'man'; did you mean 'main'\?"):
        load("stack.toml", "man")


@pytest.mark.parametrize("file", ["stak.ini", "stak.toml"])
def test_says_that_there_is_no_such_file(file: str, folder: Path) -> None:
    write(GREET, file.replace("stak", "stack"))
    said = f"{file}: there is no such file; did you mean '{file.replace('stak', 'stack')}'?"
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert str(caught.value) == said


def test_checks_what_the_main_application_does_not_use(folder: Path) -> None:
    write(
        f"[app:main]\nuse = {MODULE}:greet\n[app:other]\nuse = qqqqq:app\n[pipeline:third]\npipeline = gzpi main\n"
        "[filter:unused]\nuse = gzip\nlevl = 5\n[filter:refused]\nuse = basic_auth\n[filter:fine]\nuse = gzip\n"
    )
    assert greeting() == "hello"
    assert checked() == [
        "stack.ini:4: [app:other] use: no module 'qqqqq'",
        "stack.ini:6: [pipeline:third] pipeline: no layer 'gzpi'; did you mean 'gzip'?",
        "stack.ini:9: [filter:unused] levl: no such option of Gzip; did you mean 'level'?",
        "stack.ini:10: [filter:refused]: needs one source of users; expected exactly one of users, htpasswd and check",
    ]


def test_finds_nothing_wrong(folder: Path) -> None:
    write(f"[app:main]\nuse = {MODULE}:greet\n")
    write(f'app = "{MODULE}:greet"\n', "stack.toml")
    assert checked() == checked("stack.toml") == []


def test_a_file_without_an_application_is_a_mistake(folder: Path) -> None:
    write("[filter:x]\nuse = gzip\n")
    assert checked() == ["stack.ini: no application or pipeline 'main'"]


@pytest.mark.parametrize("file", ["stack.ini", "stack.toml"])
def test_warns_of_an_order_that_does_less(file: str, folder: Path) -> None:
    write(f"[pipeline:main]\npipeline = gzip access_log {MODULE}:greet\n")
    write(f'app = "{MODULE}:greet"\nlayers = ["gzip", "access_log"]\n', "stack.toml")
    with pytest.warns(OrderWarning, match=f"{file}.*gzip stands outside access_log: .*; put access_log before gzip"):
        load(file)


def test_reads_without_building_or_importing_the_application(folder: Path) -> None:
    write("[pipeline:main]\npipeline = gzip app\n[app:app]\nuse = qqqqq:app\n")
    stack = read()
    assert [spec.name for spec in stack.pipeline] == ["gzip"]
    assert not stack.mistakes
