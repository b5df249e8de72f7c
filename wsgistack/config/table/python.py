"""A configuration in Python: the ``config`` of a module as a table, with the line of each key."""

import ast
import pathlib
import sys
import traceback
from collections.abc import Iterator, Mapping
from types import ModuleType

from wsgistack.config.table.toml import KeyPath as Path
from wsgistack.errors import ConfigError, Mistake, Mistakes, Where, describe_error, did_you_mean

__all__ = ["python_table"]

_NAME = "config"


def python_table(text: str, path: pathlib.Path) -> tuple[Mapping[str, object], pathlib.Path, dict[Path, int]]:
    """The table that a module holds as ``config``, its path, and its lines.

    :raises ConfigError: the module can't be run, holds no such table, or one in which a key is written twice.
    """
    module = ModuleType(str(path.absolute()))
    module.__file__ = str(path.absolute())
    names = vars(module)
    sys.modules[module.__name__] = module  # where dataclasses look for their module; no import asks for such a name
    try:
        tree = ast.parse(text, str(path))
        exec(compile(tree, str(path), "exec"), names)  # noqa: S102 - to run it is what the operator asks for
    except (Exception, SystemExit) as error:
        said = f"SyntaxError: {error.msg}" if isinstance(error, SyntaxError) else describe_error(error)
        raise ConfigError(Mistake(said, where=_where(path, error))) from error
    table = names.get(_NAME)
    if not isinstance(table, Mapping):
        public = [name for name in names if not name.startswith("_")]
        hint = did_you_mean(_NAME, public) if _NAME not in names else ""
        problem = "is missing" if _NAME not in names else f"is of type {type(table).__name__}"
        wrong = Mistake(problem, _NAME, expected="a dict", where=Where(str(path)))
        raise ConfigError(wrong._replace(hint=hint))
    lines: dict[Path, int] = {}
    mistakes = Mistakes()
    for at, line in _lines(_written(tree), ()):
        if at in lines:
            problem = f"set a second time, after line {lines[at]}"
            mistakes.append(Mistake(problem, ".".join(map(str, at)), where=Where(str(path), line)))
        lines.setdefault(at, line)
    mistakes.raise_if_any()
    return table, path, lines


def _written(tree: ast.Module) -> ast.expr | None:
    """The table as it is written, if it is written at once."""
    found = None
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            names = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(name, ast.Name) and name.id == _NAME for name in names):
                found = node.value
    return found


def _lines(node: ast.expr | None, at: Path) -> Iterator[tuple[Path, int]]:
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield (*at, key.value), key.lineno
                yield from _lines(value, (*at, key.value))
    elif isinstance(node, ast.List | ast.Tuple):
        for number, item in enumerate(node.elts):
            yield (*at, number), item.lineno
            yield from _lines(item, (*at, number))


def _where(path: pathlib.Path, error: BaseException) -> Where:
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return Where(str(path), error.lineno or 0)
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return Where(str(path), (lines[-1] if lines else 0) or 0)
