"""A configuration in Python: the ``config`` of a module as a table, with the line of each key."""

import ast
import traceback
from collections.abc import Iterator
from pathlib import Path

from wsgistack.errors import ConfigError, Mistake, Where, nearest

__all__ = ["python_table"]

_NAME = "config"


def python_table(text: str, path: Path) -> tuple[dict[str, object], Path, dict[tuple[str | int, ...], int]]:
    """The table that a module holds as ``config``, its path, and its lines.

    :raises ConfigError: the module can't be run, or holds no such table.
    """
    names: dict[str, object] = {"__name__": path.stem, "__file__": str(path.absolute())}
    try:
        tree = ast.parse(text, str(path))
        exec(compile(tree, str(path), "exec"), names)  # noqa: S102 - to run it is what the operator asks for
    except (Exception, SystemExit) as error:
        raise ConfigError(Mistake(f"{type(error).__name__}: {error}", where=_where(path, error))) from error
    table = names.get(_NAME)
    if isinstance(table, dict):
        return table, path, {at: line for value in _tables(tree) for at, line in _lines(value, ())}
    public = [name for name in names if not name.startswith("_")]
    hint = nearest(_NAME, public)
    problem = "is missing" if _NAME not in names else f"is of type {type(table).__name__}"
    raise ConfigError(
        Mistake(problem, _NAME, expected="a dict", hint=hint if "?" in hint else "", where=Where(str(path)))
    )


def _tables(tree: ast.Module) -> Iterator[ast.expr | None]:
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            names = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(name, ast.Name) and name.id == _NAME for name in names):
                yield node.value


def _lines(node: ast.expr | None, at: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], int]]:
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield (*at, key.value), key.lineno
                yield from _lines(value, (*at, key.value))
    elif isinstance(node, ast.List | ast.Tuple):
        for number, item in enumerate(node.elts):
            yield (*at, number), item.lineno
            yield from _lines(item, (*at, number))


def _where(path: Path, error: BaseException) -> Where:
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return Where(str(path), error.lineno or 0)
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return Where(str(path), (lines[-1] if lines else 0) or 0)
