"""Templates: which files count, and what is wrong in them."""

import re
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.direct import environ_of
from wsgistack.errors import ConfigError
from wsgistack.http.responses import Problem
from wsgistack.middleware.responses.templates import list_values, read_templates

PAGES = Path(__file__).parent / "pages"
PROBLEM = Problem(503, "Service Unavailable", "Back <soon> & well.", "r-1", "/a")


def values(problem: Problem = PROBLEM, nonce: object = "") -> Any:
    keys: dict[str, Any] = {"wsgistack.csp_nonce": nonce}
    return list_values(environ_of(**keys), problem)


def mistakes_in(folder: Path) -> str:
    with pytest.raises(ConfigError) as raised:
        read_templates(folder)
    assert {each.key for each in raised.value.mistakes} == {"templates"}
    return str(raised.value)


def test_makes_pages_by_status_with_escaped_values() -> None:
    pages = read_templates(PAGES)
    assert set(pages) == {"404", "5xx"}
    page = pages["5xx"](values(nonce="n&1"))
    assert "Back &lt;soon&gt; &amp; well." in page
    assert "Costs: 5 $, request r-1, path /a, 503" in page
    assert 'nonce="n&amp;1"' in page
    page = pages["404"](values(Problem(404, "Not Found", "<i>", "", "/<script>")))
    assert "<title>Not Found</title>" in page
    assert "<h1>404: nothing at /&lt;script&gt;</h1><p>&lt;i&gt;</p>" in page


def test_makes_a_nonce_only_for_a_page_that_shows_it(tmp_path: Path) -> None:
    class Nonce:
        def __str__(self) -> str:
            raise AssertionError("made")

    (tmp_path / "500.html").write_text("$title")
    (tmp_path / "404.html.j2").write_text("{{ title }}")
    given = values(nonce=Nonce())
    assert {page(given) for page in read_templates(tmp_path).values()} == {"Service Unavailable"}


@given(text=st.text(max_size=60))
def test_no_value_can_add_a_tag(text: str) -> None:
    for page in read_templates(PAGES).values():
        made = page(values(Problem(500, text, text, text, text)))
        known = r"</?(?:!DOCTYPE|html|meta|title|style|h1|p)[ >]"
        assert len(re.findall("<", made)) == len(re.findall(known, made))


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        pytest.param(
            "500.html",
            "a\n$titel",
            "line 2 of 500.html has an unknown value 'titel'; did you mean 'title'?",
            id="value",
        ),
        pytest.param(
            "500.html", "${}", "line 1 of 500.html has a $ without a name; write $$ for a dollar", id="dollar"
        ),
        pytest.param(
            "500.html", "\n\n5 $ ", "line 3 of 500.html has a $ without a name; write $$ for a dollar", id="$"
        ),
        pytest.param("50x.html", "", "no status is called 50x.html; expected the name of a status", id="50x"),
        pytest.param("6xx.html", "", "no status is called 6xx.html", id="6xx"),
        pytest.param("200.html", "", "no status is called 200.html", id="success"),
        pytest.param("499.html.j2", "", "no status is called 499.html.j2", id="unknown"),
        pytest.param("500.html.j2", "{{ titel }}", "500.html.j2 has an unknown value 'titel'", id="a name of Jinja2"),
        pytest.param("500.html.j2", "\n{% if %}", "line 2 of 500.html.j2: Expected an expression", id="syntax"),
        pytest.param("500.html.j2", "{% extends 'no.html.j2' %}{{ status", "line 1 of 500.html.j2: ", id="not closed"),
    ],
)
def test_refuses_a_template_that_would_fail(name: str, text: str, expected: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    assert f"templates: {expected}" in mistakes_in(tmp_path)


@pytest.mark.parametrize("name", ["500.html", "500.html.j2"])
@pytest.mark.parametrize("text", ["", " \n"])
def test_refuses_a_template_that_makes_an_empty_page(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    assert f"templates: {name} makes an empty page" in mistakes_in(tmp_path)


@pytest.mark.parametrize("name", ["500.html", "500.html.j2"])
def test_refuses_a_template_that_is_no_text(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"\xff")
    assert f"can't read {name}: 'utf-8' codec" in mistakes_in(tmp_path)


@pytest.mark.parametrize("name", ["500.html", "500.html.j2"])
def test_refuses_a_folder_in_the_place_of_a_template(name: str, tmp_path: Path) -> None:
    (tmp_path / name).mkdir()
    assert f"can't read {name}" in mistakes_in(tmp_path)


def test_reports_all_mistakes_at_once(tmp_path: Path) -> None:
    for name in ("404.html", "404.html.j2", "4XX.html", "5x.html"):
        (tmp_path / name).write_text("$title")
    said = mistakes_in(tmp_path)
    assert "two templates for 404; remove 404.html or 404.html.j2" in said
    assert "no status is called 5x.html; expected" in said
    assert "did you mean '5xx'?" in said
    assert "4XX" not in said


def test_refuses_a_folder_that_is_missing_or_empty(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("$")
    assert f"templates: no template in {tmp_path}; expected files such as 404.html" in mistakes_in(tmp_path)
    assert "No such file or directory; expected a folder with templates" in mistakes_in(tmp_path / "none")


def test_a_missing_jinja2_names_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    (tmp_path / "500.html.j2").write_text("")
    assert "pip install 'wsgistack[templates]'" in mistakes_in(tmp_path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{% extends 'base.html.j2' %}", "can't make the page 500.html.j2: TemplateNotFound: 'base.html.j2' not found"),
        ("{% include 'parent.html.j2' %}", "can't make the page 500.html.j2: UndefinedError: 'titel' is undefined"),
        ("{{ title.upper }}{{ 1 // (status - status) }}", "can't make the page 500.html.j2: ZeroDivisionError"),
    ],
)
def test_a_page_that_can_not_be_made_is_a_mistake(text: str, expected: str, tmp_path: Path) -> None:
    (tmp_path / "parent.html.j2").write_text("{{ titel }}")
    (tmp_path / "500.html.j2").write_text(text)
    assert expected in mistakes_in(tmp_path)
