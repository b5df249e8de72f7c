"""Python in the logging sections of an ini file: the arguments of handlers."""

import ast
import logging
from pathlib import Path

from wsgistack.errors import ConfigError, Mistake, Mistakes, describe_error
from wsgistack.options.references import has_references, resolve
from wsgistack.options.secrets import iterate_texts

__all__ = ["Code"]


class Code:
    """An expression, evaluated among the names of :mod:`logging`, as :func:`logging.config.fileConfig` does.

    :param text: in its string literals, references are filled in.
    :param base: the folder that these start from.
    :raises ConfigError: it is no Python, or a reference can't be filled in.
    """

    def __init__(self, text: str, base: Path) -> None:
        self.hidden: list[str] = []
        """What came from references."""
        filling = _Filling(base)
        try:
            tree = filling.visit(ast.parse(text, mode="eval"))
            self._code = compile(tree, "<configuration>", "eval")
        except Exception as error:  # what is nested too deeply gives a MemoryError or a RecursionError
            hint = "a reference has to stand in quotes" if has_references(text) else ""
            said = error.msg if isinstance(error, SyntaxError) else type(error).__name__
            raise ConfigError(Mistake(f"is no expression of Python: {said}", hint=hint)) from None
        filling.mistakes.raise_if_any()
        self.hidden = filling.hidden
        self.is_harmless = not any(isinstance(node, ast.Call) for node in ast.walk(tree))
        """Whether nothing is called, so that its value can be asked for at any time."""

    def value(self) -> object:
        """Evaluate it.

        :raises ConfigError: that fails.
        """
        try:
            return eval(self._code, dict(vars(logging)))  # noqa: S307 - what pserve does, with the operator's own text
        except Exception as error:
            raise ConfigError(Mistake(f"can't be evaluated: {describe_error(error)}")) from None


class _Filling(ast.NodeTransformer):
    def __init__(self, base: Path) -> None:
        self.base = base
        self.hidden: list[str] = []
        self.mistakes = Mistakes()

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        if has_references(node.value):
            with self.mistakes.collect():
                text = str(resolve(node.value, base=self.base))
                self.hidden += iterate_texts(text, names=False)
                return ast.copy_location(ast.Constant(text), node)
        return node
