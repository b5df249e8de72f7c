"""The colours of source, and the mark around the expression that was running."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from wsgistack.middleware.catch_errors.source import Line

__all__ = ["Piece", "highlight", "split_pieces"]

_KINDS = (
    ("comment", "Token.Comment"),
    ("keyword", "Token.Keyword"),
    ("keyword", "Token.Operator.Word"),
    ("string", "Token.Literal.String"),
    ("number", "Token.Literal.Number"),
    ("name", "Token.Name.Function"),
    ("name", "Token.Name.Class"),
    ("name", "Token.Name.Decorator"),
    ("builtin", "Token.Name.Builtin"),
    ("builtin", "Token.Name.Exception"),
)


class Piece(NamedTuple):
    """A piece of a line, with the kind of its token and whether it belongs to the expression."""

    text: str
    kind: str = ""
    is_marked: bool = False


def highlight(lines: Sequence[Line]) -> list[list[Piece]]:
    """The pieces of each line, by Pygments if it is installed."""
    try:
        from pygments import lex
        from pygments.lexers.python import PythonLexer
    except ImportError:
        return [[Piece(each.text)] for each in lines]
    pieces: list[list[Piece]] = [[]]
    for token, value in lex("\n".join(each.text for each in lines), PythonLexer(stripnl=False, ensurenl=False)):
        kind = next((name for name, part in _KINDS if str(token).startswith(part)), "")
        first, *more = value.split("\n")
        pieces[-1].append(Piece(first, kind))
        pieces += [[Piece(each, kind)] for each in more]
    return pieces[: len(lines)]


def split_pieces(pieces: Iterable[Piece], mark: tuple[int, int] | None) -> Iterator[Piece]:
    """Split the pieces of a line where the expression begins and ends."""
    if mark is None:
        yield from pieces
        return
    place = 0
    for text, kind, _ in pieces:
        start, end = (min(max(each - place, 0), len(text)) for each in mark)
        for part, is_marked in ((text[:start], False), (text[start:end], True), (text[end:], False)):
            if part:
                yield Piece(part, kind, is_marked)
        place += len(text)
