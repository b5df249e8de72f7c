"""What the layer does, and that it keeps PEP 3333."""

from pathlib import Path

import pytest
import wsgistack
from paste.deploy import loadapp
from webob import Response
from webtest import TestApp
from wsgistack.testing import MiddlewareConformance

from hello import application
from my_layer import MyLayer

FOLDER = Path(__file__).parents[1]


class TestAlone(MiddlewareConformance):
    """One test for each hostile application, and for each server that differs from PEP 3333."""

    factory = MyLayer


class TestDoubled(MiddlewareConformance):
    """A pipeline may have a layer twice."""

    @staticmethod
    def factory(app):
        return MyLayer(MyLayer(app, machine="web-1"), machine="web-2")

    changes = MyLayer.changes


def test_says_who_has_sent_a_response():
    answer = TestApp(MyLayer(application, machine="web-1")).get("/")
    assert answer.headers["X-Served-By"] == "web-1"


def test_sends_the_name_of_the_machine_by_default(monkeypatch):
    monkeypatch.setattr("my_layer.gethostname", lambda: "web-3")
    assert TestApp(MyLayer(application)).get("/").headers["X-Served-By"] == "web-3"


@pytest.mark.parametrize("status", [200, 404])
def test_can_be_for_errors_only(status):
    answer = TestApp(MyLayer(Response(status=status), errors_only=True)).get("/", status=status)
    assert ("X-Served-By" in answer.headers) == (status == 404)


def test_refuses_a_name_that_no_header_can_have():
    with pytest.raises(wsgistack.ConfigError, match="machine: invalid name 'web\\\\n1'; expected"):
        MyLayer(application, machine="web\n1")


@pytest.mark.parametrize("file", ["stack.toml", "stack.ini"])
def test_files_can_name_it(file):
    assert TestApp(wsgistack.load(FOLDER / file)).get("/").headers["X-Served-By"] == "web-1"


def test_pastedeploy_can_load_it():
    app = TestApp(loadapp(f"config:{FOLDER / 'stack.ini'}"))
    assert app.get("/").headers["X-Served-By"] == "web-1"
