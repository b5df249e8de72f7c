"""Small projects with an application that says hello, as their frameworks recommend them."""

import sys
from collections.abc import Mapping
from pathlib import Path

PROGRAM = Path(sys.executable).with_name("wsgistack")  # python -c would add the current folder to sys.path
PROJECTS: Mapping[str, Mapping[str, str]] = {
    "plain:application": {
        "plain.py": """
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]
"""
    },
    "shop:app": {
        "shop.py": """
from flask import Flask
app = Flask(__name__)
@app.get("/")
def index():
    return "hello"
"""
    },
    "bakery:create_app()": {
        "bakery/__init__.py": """
from flask import Flask
def create_app(config=None):
    app = Flask(__name__)
    app.add_url_rule("/", view_func=lambda: "hello")
    return app
"""
    },
    "project.wsgi:application": {
        "project/__init__.py": "",
        "project/settings.py": """
SECRET_KEY = "for tests"
ROOT_URLCONF = "project.urls"
ALLOWED_HOSTS = ["*"]
""",
        "project/urls.py": """
from django.http import HttpResponse
from django.urls import path
urlpatterns = [path("", lambda request: HttpResponse("hello"))]
""",
        "project/wsgi.py": """
import os
from django.core.wsgi import get_wsgi_application
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
application = get_wsgi_application()
""",
    },
}


def write_project(target: str, folder: Path) -> None:
    for name, text in PROJECTS[target].items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
