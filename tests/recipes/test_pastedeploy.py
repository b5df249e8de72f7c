"""The PasteDeploy recipe: one ini file, run by PasteDeploy itself and by wsgistack."""

from collections.abc import Callable
from pathlib import Path

import pytest
from paste.deploy import loadapp

from tests.direct import TestApp
from wsgistack import load
from wsgistack.types import App

pytestmark = pytest.mark.slow


def by_paste_deploy(file: Path) -> App:
    app: App = loadapp(f"config:{file}")
    return app


@pytest.mark.parametrize("loader", [by_paste_deploy, load])
def test_the_same_file_gives_the_same_application(
    loader: Callable[[Path], App], enter: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    client = TestApp(loader(enter("pastedeploy") / "production.ini"))
    answer = client.get("/", headers={"Accept-Encoding": "gzip", "X-Request-ID": "my-own-id"})
    assert answer.text.endswith("EUR 99.00 owed to Ann")
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert answer.headers["X-Request-ID"] == "my-own-id"
    assert '"GET / HTTP/1.0" 200 ' in capsys.readouterr().err
