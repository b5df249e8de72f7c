"""What a command works on: a file, or an application and layers that arguments name."""

from collections.abc import Callable
from pathlib import Path

import pytest

from wsgistack.cli import main

SHOP = """
import a2wsgi

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]

def create_app():
    return app

def configured(config):
    return app

def global_app(global_conf, **options):
    return app

async def asgi(scope, receive, send): ...
"""
EXPECTED = "expected a configuration file, or module:application such as shop:app"

Check = Callable[..., list[str]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with modules of an application."""
    modules = {
        "shop.py": SHOP,
        "made.py": "from shop import create_app\n",
        "main.py": "from shop import create_app, app as wsgi_app\nprint('imported')\n",
        "typed.py": "from typing import Any\nother, application: Any = 1\n".replace("other, ", "") + "shop.x = 1\n",
        "broken.py": "def fail():\n    return missing_name\nfail()\n",
        "incomplete.py": "import a_missing_library\n",
        "invalid.py": "app = (\n",
        "odd:name": '{"app": "shop:app"}'.replace('{"app": ', "app = ").replace("}", ""),
        "stack.toml": 'app = "shop:app"\n',
        "bakery/__init__.py": "class app: ...\n",
        "bakery/wsgi.py": "import shop\napplication = shop.app\n",
        "plain/nothing.py": "",
    }
    for name, text in modules.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path
