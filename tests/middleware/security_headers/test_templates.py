"""Templates of frameworks render the nonce, as the docs of SecurityHeaders say."""

import re
import subprocess
import sys
from collections.abc import Callable

import pytest
from flask import Flask, render_template_string
from jinja2 import Template
from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.response import Response

from tests.direct import Call
from wsgistack import SecurityHeaders
from wsgistack.types import App

POLICY = {"script-src": ["'nonce'"]}
JINJA = """<script nonce="{{ request.environ["wsgistack.csp_nonce"] }}"></script>"""
DJANGO = """
import sys
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.template import engines
from django.urls import path
from tests.direct import Call
from wsgistack import SecurityHeaders


def csp_nonce(request):
    return {"csp_nonce": request.META["wsgistack.csp_nonce"]}


def view(request):
    text = '{% if csp_nonce %}<script nonce="{{ csp_nonce }}"></script>{% endif %}'
    return HttpResponse(engines["django"].from_string(text).render({}, request))


urlpatterns = [path("", view)]
processors = {"context_processors": ["__main__.csp_nonce"]}
templates = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "OPTIONS": processors}]
settings.configure(ROOT_URLCONF="__main__", ALLOWED_HOSTS=["*"], TEMPLATES=templates)
call = Call(SecurityHeaders(get_wsgi_application(), csp={"script-src": ["'nonce'"]}))
print(call.headers["content-security-policy"])
print(call.read().decode())
"""


def assert_same(policy: str, page: str) -> None:
    found = re.search(r'<script nonce="([\w-]{24})"></script>', page)
    assert found, page
    assert policy.endswith(f"script-src 'nonce-{found[1]}'")


def make_flask() -> App:
    app = Flask("templates")
    app.route("/")(lambda: render_template_string(JINJA))
    return app


def make_pyramid() -> App:
    def view(request: Request) -> Response:
        return Response(Template(JINJA, autoescape=True).render(request=request))

    with Configurator() as config:
        config.add_route("home", "/")
        config.add_view(view, route_name="home")
        app: App = config.make_wsgi_app()
        return app


@pytest.mark.parametrize("make", [make_flask, make_pyramid])
def test_renders_the_nonce(make: Callable[[], App]) -> None:
    call = Call(SecurityHeaders(make(), csp=POLICY))
    assert_same(call.headers["content-security-policy"], call.read().decode())


def test_django_renders_the_nonce() -> None:
    command = [sys.executable, "-c", DJANGO]  # its settings hold for a whole process
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    policy, page = run.stdout.splitlines()
    assert_same(policy, page)
