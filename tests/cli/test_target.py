"""What a command works on: a file, or an application and layers that arguments name."""

import sys
from pathlib import Path

import pytest

from tests.cli.files import read_mistakes
from wsgistack.cli import main

SHOP = """
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]

def create_app():
    return app

def configured(config):
    return app

def global_app(global_conf, **options):
    print(global_conf)
    return app

async def asgi(scope, receive, send): ...
"""
MODULES = {
    "shop.py": SHOP,
    "made.py": "from shop import create_app\nprint('imported')\n",
    "typed.py": "import shop\nother, application = 1, 2\nmake_app: object = shop.create_app\n",
    "broken.py": "def fail():\n    return missing_name\nfail()\n",
    "incomplete.py": "import a_missing_library\n",
    "invalid.py": "app = (\n",
    "a:b": "[app:main]\nuse = shop:app\n",
    "stack.toml": 'app = "shop:app"\n',
    "bakery/__init__.py": "class app: ...\n",
    "bakery/wsgi.py": "import shop\napplication = shop.app\n",
    "plain/nothing.py": "",
}
EXPECTED = "expected a configuration file, or module:application such as shop:app"


@pytest.fixture(autouse=True)
def _current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in MODULES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(arguments) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    """The mistakes that a command reports, each in one line."""
    assert main(arguments) == 1
    return read_mistakes(capsys.readouterr().err)


@pytest.mark.parametrize(
    "target", ["shop:app", "shop:create_app()", "call:shop:create_app", "bakery.wsgi:application", "a:b", "stack.toml"]
)
def test_accepts_a_file_or_an_application(target: str, capsys: pytest.CaptureFixture[str]) -> None:
    if target.startswith("call:"):
        target = target.replace("create_app", "global_app")
    assert printed(capsys, "check", target).endswith(f"{target}: OK\n")


def test_an_application_may_be_in_the_current_folder_that_is_importable_already(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    printed(capsys, "check", "shop:app")
    assert sys.path.count(str(tmp_path)) == 1


def test_passes_global_values_to_a_factory_for_pastedeploy(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, "check", "call:shop:global_app", "a=b").startswith("{'a': 'b'}\n")


def test_refuses_values_that_nothing_takes(capsys: pytest.CaptureFixture[str]) -> None:
    printed(capsys, "check", "shop:app", "--layer", "egg:wsgistack#gzip level=1", "a=b")
    for target in ("shop:app", "shop:create_app()"):
        problem = (
            f"NAME=VALUE: {target} takes no values; expected a file, or a factory for PasteDeploy such as egg:shop"
        )
        assert refused(capsys, "check", target, "--layer", "gzip level=1", "a=b") == [problem]


def test_shows_layers_outermost_first(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [
        "--layer",
        "access_log format='%m %U' when_not_path=/health",
        "shop:app",
        "--layer",
        "egg:wsgistack#gzip",
    ]
    tree = "access_log\n│  when.not.path = /health\n│  format = '%m %U'\n└─ egg:wsgistack#gzip (gzip)\n   └─ shop:app\n"
    assert printed(capsys, "show", *arguments) == tree


def test_shows_the_file_that_means_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--layer", "request_id", "--layer", "gzip level=2", "shop:app"]
    text = printed(capsys, "show", "--format", "toml", *arguments)
    assert text == 'app = "shop:app"\nlayers = [\n    "request_id",\n    { use = "gzip", level = 2 },\n]\n'


def test_explains_and_audits(capsys: pytest.CaptureFixture[str]) -> None:
    guarded = ["shop:app", "--layer", "basic_auth users='ada = lovelace'"]
    assert printed(capsys, "explain", *guarded, "GET /admin").splitlines()[1] == "basic_auth sees it"
    found = printed(capsys, "audit", *guarded)
    assert found.endswith("0 answered without a guard\n")
    assert refused(capsys, "audit", "shop:app") == [
        "shop:app: has no guard; expected a layer that protects what is inside, such as basic_auth"
    ]


@pytest.mark.parametrize(
    ("target", "mistake"),
    [
        ("shop", "file does not exist; did you mean 'shop:app'?"),
        ("shop.app", "file does not exist; did you mean 'shop:app'?"),
        ("bakery.wsgi", "file does not exist; did you mean 'bakery.wsgi:application'?"),
        ("made", "file does not exist; did you mean 'made:create_app()'?"),
        ("typed", "file does not exist; did you mean 'typed:make_app()'?"),
        ("shop.py", "Python code is not a configuration; did you mean 'shop:app'?"),
        ("./shop.py", "Python code is not a configuration; did you mean 'shop:app'?"),
        ("invalid.py", "Python code is not a configuration; in Python use wsgistack.load"),
        ("shop.py:app", "not a valid import string; did you mean 'shop:app'?"),
        ("bakery/wsgi.py:application", "not a valid import string; did you mean 'bakery.wsgi:application'?"),
        ("shop:", "not a valid import string; did you mean 'shop:app'?"),
        ("bakery", "is a folder; did you mean 'bakery:app'?"),
        ("bakery/", "is a folder; did you mean 'bakery:app'?"),
        ("plain", "cannot be read: Is a directory"),
        ("stak.toml", "file does not exist; did you mean 'stack.toml'?"),
        ("config:stack.toml#a", "file does not exist; did you mean the file 'stack.toml' with --name a"),
        ("c:\\sites\\other.txt", "file does not exist"),
        ("x y-", f"file does not exist; {EXPECTED}"),
        ("shop:ap", "module 'shop' has no attribute 'ap'; did you mean 'app'?"),
        ("shop:create_app", "to call it, write shop:create_app()"),
        ("shop:configured('x')", "arguments in an import string; write shop:configured(), and in a file"),
        (
            "shop:configured()",
            'missing option of shop:configured(); in a file, write app = { use = "shop:configured()", config = ...',
        ),
        ("shop:asgi", "'shop:asgi' is an ASGI application; expected a WSGI application; run it on an ASGI server"),
        ("shopp:app", "cannot import module 'shopp'; did you mean 'shop'?"),
        ("broken:app", "NameError: name 'missing_name' is not defined (broken.py, line 2)"),
        ("incomplete:app", "ModuleNotFoundError: No module named 'a_missing_library' (incomplete.py, line 1)"),
        ("invalid:app", "SyntaxError: '(' was never closed (invalid.py, line 1)"),
    ],
)
@pytest.mark.parametrize("command", [["check", "--"], ["serve"]], ids=" ".join)
def test_says_what_is_wrong_with_a_target(
    command: list[str], target: str, mistake: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, target]) == 1
    out, err = capsys.readouterr()
    [said] = read_mistakes(err)
    assert said.startswith(f"{target}: ")
    assert mistake in said
    assert "imported" not in out


@pytest.mark.parametrize(
    ("layer", "mistake"),
    [
        ("acces_log", "unknown layer 'acces_log'; did you mean 'access_log'?"),
        ("access_log format=combind", "access_log format: unknown format 'combind'; did you mean 'combined'?"),
        ("gzip level=many", "gzip level: invalid value 'many'; expected a whole number or none"),
        ("gzip levl=1", "gzip levl: unknown option of Gzip; did you mean 'level'?"),
        ("gzip when_pth=/a", "gzip when_pth: unknown condition; did you mean 'when_path'?"),
        ("shop:create_app", "shop:create_app: create_app takes no application; expected it as the first argument"),
        ("gzip level", "not a valid layer: expected NAME=VALUE; "),
        ("gzip level=1 level=2", "an option of 'gzip' is set twice; keep one of them"),
        ("gzip 'level=1", "not a valid layer: No closing quotation; write it as 'access_log format=combined'"),
        ("", "unknown layer ''; choose from access_log, "),
    ],
)
def test_says_what_is_wrong_with_a_layer(layer: str, mistake: str, capsys: pytest.CaptureFixture[str]) -> None:
    [said] = refused(capsys, "check", "shop:app", "--layer", layer, "-q")
    assert said.startswith(f"--layer: {mistake}")


def test_reports_the_mistakes_of_application_and_layers_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    found = refused(capsys, "serve", "shop:ap", "--layer", "gzpi", "--layer", "gzip level=99")
    assert [line.partition(":")[0] for line in found] == ["--layer", "--layer", "shop"]


def test_warns_about_the_order_of_layers(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "shop:app", "--layer", "gzip", "--layer", "access_log"]) == 0
    out, err = capsys.readouterr()
    assert out == "shop:app: no mistakes, 1 warning\n"
    assert err.startswith("warning: --layer: gzip: gzip is outside access_log: ")


def test_refuses_layers_around_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    problem = "--layer: only for module:application, not for a file; write the layer in stack.toml"
    assert refused(capsys, "serve", "stack.toml", "--layer", "gzip") == [problem]
    missing = "shop: file does not exist; did you mean 'shop:app'?"
    assert refused(capsys, "serve", "shop", "--layer", "gzip") == [missing]


def test_has_one_application(capsys: pytest.CaptureFixture[str]) -> None:
    found = refused(capsys, "check", "-q", "shop:app", "--name", "mian")
    assert found == ["shop:app: unknown application 'mian'; did you mean 'main'?"]
