"""Libraries that only some options need: imported where used, and named with their extra where they are missing."""

from importlib import import_module
from types import ModuleType

from wsgistack.errors import ConfigError, Mistake

__all__ = ["require_extra"]


def require_extra(module: str, *, extra: str, key: str) -> ModuleType:
    """Import a module that an option needs.

    :param module: its dotted name.
    :param extra: the extra of wsgistack that installs it.
    :param key: the option that asks for it.
    :raises ConfigError: it is not installed; the hint is the command that installs it.
    """
    try:
        return import_module(module)
    except ImportError as error:
        hint = f"pip install 'wsgistack[{extra}]'"
        raise ConfigError(
            Mistake(f"needs the library {module}, which can't be imported", key=key, hint=hint)
        ) from error
