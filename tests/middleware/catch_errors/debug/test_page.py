"""The debug page as HTML."""

import re
from xml.etree import ElementTree

import pytest

from tests.middleware.catch_errors.debug.failing import catch, describe, fail
from wsgistack.middleware.catch_errors.debug.failure import Failure
from wsgistack.middleware.catch_errors.debug.layers import Stage
from wsgistack.middleware.catch_errors.debug.logs import Entry
from wsgistack.middleware.catch_errors.debug.page import MAX_OPEN, write_page
from wsgistack.middleware.catch_errors.debug.request import Request
from wsgistack.middleware.catch_errors.frames import Frame, Raised


def write(failure: Failure) -> str:
    page = write_page(failure, "n0nce")
    # a document without void elements and scripts is well-formed, so every part is closed
    body = re.sub(r"<(style|script).*?</\1>", "", page.partition("<body>")[2].partition("</body>")[0], flags=re.DOTALL)
    body = re.sub(r"<(wbr|input[^>]*)>", "", body)
    body = re.sub(r" (open|hidden|readonly)(?=[ >])", r' \1=""', body)
    ElementTree.fromstring(f"<body>{body}</body>")  # noqa: S314
    return page


def test_shows_what_is_known() -> None:
    failure = fail(**{"wsgistack.request_id": "id-1"})
    page = write(failure._replace(records=[Entry("00:01", "INFO", "shop", "hello")]))
    for part in ("<title>ValueError: no such card 4</title>", ">00:01<", "hello", "Request id-1", ">password<"):
        assert part in page
    assert "hunter2'" not in page
    assert page.count('nonce="n0nce"') == 2
    assert not re.search(r"(src|href)=\"(?!#|data:,)", page)


def test_opens_the_own_code_and_folds_the_rest() -> None:
    frames = [Frame("a.py", number, "f", "application", [], []) for number in range(MAX_OPEN + 3)]
    frames += [Frame("b.py", 1, "f", "library", [], []), Frame("c.py", 1, "f", "wsgistack", [], [])]
    page = write(fail()._replace(error=Raised(1, "E", "m", frames=frames)))
    assert page.count('<details class="frame application" open>') == MAX_OPEN
    assert page.count('<details class="frame application">') == 3
    assert '<details class="frame library">' in page
    assert "Show 1 frame of wsgistack" in page
    assert "Show 2 frames of wsgistack" in write(fail()._replace(error=Raised(1, "E", "m", frames=frames[-1:] * 2)))


def test_shows_a_tree_of_exceptions() -> None:
    def group() -> None:
        error = KeyError("k")
        error.add_note("a note")
        error.__cause__ = error
        raise ExceptionGroup("several", [error])

    page = write(fail()._replace(error=describe(group)))
    assert '<a href="#error-2">KeyError</a>' in page
    assert 'id="error-2"' in page
    assert "It has no traceback." in page
    assert "</strong> a note" in page
    assert 'caused by</span> <a href="#error-2">exception 2, which is shown above</a>' in page
    assert page.count('id="error-2"') == 1


def test_shows_what_is_left_out() -> None:
    def down(number: int) -> float:
        return down(number - 1) if number else 1 / 0

    page = write(fail()._replace(error=describe(lambda: down(9))))
    assert '<p class="omitted">this call repeated 8 more times</p>' in page


def test_shows_an_error_of_which_little_is_known() -> None:
    page = write(Failure(500, Raised(1, "E", ""), Request("", [], [], [], []), [Stage("a", "b")], [], "", ""))
    assert "Nothing was logged" in page


STRINGS = ["<script>alert(1)</script>", "</textarea><b>", '" onload="x', "' x='", "{nonce}", "&lt;", "<!--", "]]>"]


@pytest.mark.parametrize("text", STRINGS)
def test_every_text_is_escaped(text: str) -> None:
    def app() -> None:
        local = text
        raise type(text, (Exception,), {})(local)

    error = catch(app)
    error.add_note(text)
    failure = fail(
        PATH_INFO=f"/{text}", QUERY_STRING=text, HTTP_X_ODD=text, **{"wsgistack.request_id": text, text: text}
    )
    frame = Frame(text, 1, text, "application", [], [(text, text)], text)
    error_of = Raised(1, text, text, frames=[frame], notes=[text], inner=[Raised(2, text, text, text)])
    page = write(failure._replace(error=error_of, stages=[Stage(text, text)], records=[Entry(text, text, text, text)]))
    if "<" in text or '"' in text or "'" in text:
        assert text not in page
    assert write(fail()._replace(error=describe(app)))
