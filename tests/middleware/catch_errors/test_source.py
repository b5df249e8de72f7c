"""The lines of source around an expression."""

import sys
from pathlib import Path
from typing import Any

import pytest

from wsgistack.middleware.catch_errors.source import (
    Line,
    Piece,
    Span,
    find_span,
    highlight,
    read_lines,
    split_pieces,
)


def raised(text: str, tmp_path: Path) -> tuple[str, Span]:
    file = tmp_path / "code.py"
    file.write_text(text, "utf-8")
    with pytest.raises(Exception) as raised:  # noqa: PT011
        exec(compile(text, str(file), "exec"), {"d": {}})  # noqa: S102
    traceback = raised.value.__traceback__
    while traceback is not None and traceback.tb_frame.f_code.co_filename != str(file):
        traceback = traceback.tb_next
    assert traceback is not None
    return str(file), find_span(traceback)


def marked(lines: list[Line]) -> list[str]:
    return [line.text[slice(*line.mark)] for line in lines if line.mark]


@pytest.mark.parametrize(
    ("text", "expressions"),
    [
        ("x = 1 + d['ä']['ö'] + 2\n", ["d['ä']"]),
        ("x = 'äöü€😀', d['a']", ["d['a']"]),
        ("x = [\n  len(d[\n    1\n  ]),\n]\n", ["d[", "1", "]"]),
        ("raise ValueError(  # why\n    1)", ["raise ValueError(  # why", "1)"]),
    ],
)
def test_marks_the_exact_expression(text: str, expressions: list[str], tmp_path: Path) -> None:
    file, span = raised(text, tmp_path)
    assert marked(read_lines(file, span)) == expressions


def test_shows_lines_around_it(tmp_path: Path) -> None:
    text = "".join(f"a{number} = 1\n" for number in range(1, 20)) + "1 / 0\n" + "b = 1\n" * 9
    lines = read_lines(*raised(text, tmp_path))
    assert [each.number for each in lines] == [*range(14, 25)]
    assert lines[6] == Line(20, "1 / 0", (0, 5))


def test_begins_with_a_line_that_is_not_blank(tmp_path: Path) -> None:
    file, span = raised("a = 1\n\n \n\n\nb = 1\n\n1 / 0\n", tmp_path)
    assert read_lines(file, span)[0] == Line(6, "b = 1")
    assert [each.number for each in read_lines(file, Span(3))] == [1, 2, 3, 4, 5, 6, 7]
    assert read_lines(file, Span(5))[0].number == 1
    file, span = raised("\n\n1 / 0\n", tmp_path)
    assert [each.number for each in read_lines(file, span)] == [3]


def test_a_position_without_columns_marks_nothing(tmp_path: Path) -> None:
    file, span = raised("\n1 / 0\n", tmp_path)
    assert marked(read_lines(file, Span(span.line))) == []
    assert marked(read_lines(file, Span(1, 1, 0, 0))) == []


def test_a_missing_source_has_no_lines(tmp_path: Path) -> None:
    assert read_lines("<string>", Span(1)) == []
    assert read_lines(str(tmp_path / "gone.py"), Span(1)) == []
    file, _ = raised("1 / 0", tmp_path)
    assert read_lines(file, Span(99)) == []
    assert read_lines(file, Span(0)) == []


def test_a_loader_may_know_the_source() -> None:
    class Loader:
        def get_source(self, name: str) -> str:
            return "from a loader\n"

    module: dict[str, Any] = {"__name__": "odd", "__loader__": Loader()}
    assert read_lines("<odd module>", Span(1), module) == []  # linecache does not ask for such a name
    assert read_lines("odd.module", Span(1), module) == [Line(1, "from a loader")]


def test_a_frame_that_has_run_nothing_has_a_line() -> None:
    class Traceback:
        tb_lineno, tb_lasti = 7, -1

    assert find_span(Traceback()) == Span(7)  # type: ignore[arg-type]
    Traceback.tb_lineno = None  # type: ignore[assignment]
    assert find_span(Traceback()) == Span(0)  # type: ignore[arg-type]


def test_code_without_positions_has_a_line() -> None:
    code = compile("\n1 / 0", "odd.py", "exec")

    class Traceback:
        tb_lineno, tb_lasti = 5, 2

        class tb_frame:  # noqa: N801
            f_code = code

    assert find_span(Traceback()) == Span(5)  # type: ignore[arg-type]


LINES = [Line(1, "def f():"), Line(2, '    """a'), Line(3, '    b"""'), Line(4, ""), Line(5, "    return 1 # c")]


def test_pygments_finds_the_kinds_of_tokens() -> None:
    pieces = highlight(LINES)
    assert ["".join(piece.text for piece in line) for line in pieces] == [line.text for line in LINES]
    assert Piece("def", "keyword") in pieces[0]
    assert {piece.kind for piece in pieces[2] if piece.text.strip()} == {"string"}
    assert Piece("# c", "comment") in pieces[4]
    assert highlight([Line(1, ""), Line(2, "")]) == [[Piece("")], [Piece("")]]


def test_without_pygments_the_source_is_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pygments", None)
    assert highlight(LINES) == [[Piece(line.text)] for line in LINES]


def test_splits_pieces_at_the_expression() -> None:
    pieces = [Piece("ab", "name"), Piece("cd"), Piece("ef")]
    assert [*split_pieces(pieces, None)] == pieces
    assert [*split_pieces(pieces, (1, 4))] == [
        Piece("a", "name"),
        Piece("b", "name", is_marked=True),
        Piece("cd", "", is_marked=True),
        Piece("ef"),
    ]
