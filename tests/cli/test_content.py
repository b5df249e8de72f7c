"""What a layer says of itself."""

from wsgiref.types import WSGIApplication

import pytest

from wsgistack import Gzip
from wsgistack.cli.content import Block, Content, read_content, summarize
from wsgistack.types import Changes


class Brew:
    """Brew :class:`~coffee.Arabica`, as :rfc:`2324` says::

        Brew(app)

    or in an ini file::

        [filter:brew]
        cups = 2

    It is hot. Example::

        >>> Brew(app)

    :param int cups: how many.
    :raises ValueError: there are none,
        or too many.

    Cost tier T1; T2 for tea. Place it outside. Inside too.

    Not needed with a pot. Not for decaf.
    """

    must_be_inside = {"access_log": "nobody would know", "auth": "nobody would know"}  # noqa: RUF012
    must_be_outside = {"when.scheme": "it spills", "cup.size": "it cools"}  # noqa: RUF012
    must_not_be_with = {"tea:Pot": "it gets cold"}  # noqa: RUF012
    changes = Changes(frozenset({"x-coffee"}), body=True)

    def __init__(self, app: WSGIApplication, *, cups: int = 1) -> None: ...


def test_takes_a_docstring_apart() -> None:
    content = read_content(Brew)  # type: ignore[arg-type]
    [(name, cups)] = content.options
    assert (name, cups.doc, cups.default) == ("cups", "how many.", 1)
    assert content._replace(options=[]) == Content(
        summary="Brew ``Arabica``, as RFC 2324 says:",
        blocks=[
            Block("from tests.cli.test_content import Brew\n\nBrew(app)\n\n[filter:brew]\ncups = 2", is_code=True),
            Block("It is hot."),
            Block(">>> Brew(app)", is_code=True),
        ],
        options=[],
        errors=[("ValueError", "there are none, or too many.")],
        place="Place it outside. Inside too.",
        neighbors=[
            "- Inside of ``access_log``, ``auth``: otherwise nobody would know.",
            "- Outside of a layer whose condition reads ``scheme``: otherwise it spills.",
            "- Outside of ``cup`` with ``size``: otherwise it cools.",
            "- Not together with ``tea:Pot``: otherwise it gets cold.",
        ],
        limits="Not needed with a pot. Not for decaf.",
        changes=["- these headers: ``X-Coffee``", "- the bytes of the body"],
        cost="Cost tier T1; T2 for tea.",
    )


def test_imports_a_layer_from_the_outermost_package_that_has_it() -> None:
    assert read_content(Gzip).blocks[1].text.startswith("from wsgistack import Gzip\n\napplication = Gzip(")


def test_has_no_section_that_would_be_empty() -> None:
    assert [title for title, _ in read_content(Brew).iterate_sections()] == [  # type: ignore[arg-type]
        "Errors",
        "Place in a pipeline",
        "When not to use it",
        "What it changes",
        "Cost",
    ]


@pytest.mark.parametrize(
    ("doc", "summary", "rest"),
    [
        (None, "", Content()),
        (":param cups: how many.", "", Content()),
        ("It\n brews.\n\nNot needed\nby all.", "It brews.", Content(limits="Not needed by all.")),
        ("It brews.\n\nNot for all. Place it inside.", "It brews.", Content(limits="Not for all. Place it inside.")),
    ],
)
def test_reads_any_docstring(doc: str | None, summary: str, rest: Content) -> None:
    def brew(app: WSGIApplication) -> WSGIApplication:
        return app

    brew.__doc__ = doc
    assert summarize(brew) == summary
    assert read_content(brew) == rest._replace(
        summary=summary, blocks=[], options=[], errors=[], neighbors=[], changes=[]
    )


def test_says_that_a_layer_changes_nothing() -> None:
    def brew(app: WSGIApplication) -> WSGIApplication:
        return app

    vars(brew)["changes"] = Changes()
    assert read_content(brew).changes == ["It changes nothing in a response."]


def test_ignores_an_attribute_of_the_same_name() -> None:
    def brew(app: WSGIApplication) -> WSGIApplication:
        return app

    vars(brew)["changes"] = ["2.0: stronger"]
    assert read_content(brew).changes == []
