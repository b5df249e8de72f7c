"""HTML that escapes by itself."""

from hypothesis import given
from hypothesis import strategies as st

from wsgistack.middleware.catch_errors.debug.markup import Html, fill, join


def test_escapes_every_value_that_is_not_html() -> None:
    assert fill('<p title="{a}">{b}</p>', a='"<', b=Html("<b>")) == '<p title="&quot;&lt;"><b></p>'
    assert type(fill("a")) is Html
    assert join([Html("<b>"), fill("{a}", a="&'")]) == "<b>&amp;&#x27;"
    assert fill("{a}", a="{b}") == "{b}"


def test_shows_controls_and_what_turns_texts_around() -> None:
    assert fill("{a}", a="a\0\x1b\u202eb\ud800\n") == "a\\x00\\x1b\\x202eb\\xd800\n"


@given(st.text(st.characters()))
def test_no_text_becomes_markup(text: str) -> None:
    shown = fill("{a}", a=text)
    assert not {"<", ">", '"', "'", "\0"} & {*shown}
    shown.encode()
