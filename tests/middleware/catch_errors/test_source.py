"""The lines of source around an expression."""

from pathlib import Path
from typing import Any

import pytest

from wsgistack.middleware.catch_errors.source import Line, Span, find_span, read_lines


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


def test_there_is_no_source_in_what_is_no_name_of_a_file() -> None:
    assert read_lines("/fi\0le.py", Span(1)) == []
