"""What a middleware declares as changed: combined, and read from names."""

import pytest

from wsgistack.types import Changes

NONE = Changes()
ID = Changes(frozenset({"x-request-id"}))
CODED = Changes(frozenset({"vary", "content-encoding"}), body=True)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        pytest.param(NONE, NONE, NONE, id="nothing"),
        pytest.param(ID, NONE, ID, id="something and nothing"),
        pytest.param(ID, ID, ID, id="the same"),
        pytest.param(
            ID, CODED, Changes(frozenset({"x-request-id", "vary", "content-encoding"}), body=True), id="headers"
        ),
        pytest.param(
            Changes(answers=True, wraps=True),
            Changes(errors=True),
            Changes(answers=True, errors=True, wraps=True),
            id="flags",
        ),
        pytest.param(Changes(frozenset("*")), ID, Changes(frozenset({"*", "x-request-id"})), id="any header"),
    ],
)
def test_two_together_change_what_either_changes(one: Changes, other: Changes, expected: Changes) -> None:
    assert one | other == expected
    assert other | one == expected


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        pytest.param([], NONE, id="nothing"),
        pytest.param(["X-Request-ID", "x-request-id"], ID, id="a header, in any case"),
        pytest.param(["Body", "vary", "content-encoding"], CODED, id="headers and a flag"),
        pytest.param(["answers", "errors", "wraps"], Changes(answers=True, errors=True, wraps=True), id="flags"),
        pytest.param(["*"], Changes(frozenset("*")), id="any header"),
        pytest.param(["headers"], Changes(frozenset({"headers"})), id="a header that is called like the field"),
        pytest.param(iter(["body"]), Changes(body=True), id="an iterator"),
    ],
)
def test_reads_names(names: list[str], expected: Changes) -> None:
    assert Changes.from_names(names) == expected
