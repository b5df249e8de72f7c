"""Importing what a configuration names, and telling the application's own code from what is installed."""

import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from traceback import walk_tb
from types import ModuleType

from wsgistack.errors import ConfigError, Mistake, describe_error, did_you_mean

__all__ = ["describe_origin", "import_object", "import_string_of", "is_by_signal", "is_own_code", "require_extra"]

_HERE = Path(__file__).parent
_ALIKE = 0.75  # of 1: a misspelt name of a module, and not another name


def import_object(text: str) -> object:
    """Import what an import string names.

    :param text: a module's dotted name, a colon, and the name of what is in it, perhaps dotted as well.
    :raises ConfigError: the text is not an import string, the module can't be imported, or does not have the attribute.
    """
    module_name, _, path = text.partition(":")
    if not all(part.isidentifier() for part in [*module_name.split("."), *path.split(".")]):
        raise ConfigError(Mistake(f"{text!r} is not an import string", expected="package.module:attribute"))
    try:
        found: object = import_module(module_name)
    except (Exception, SystemExit) as error:
        if is_by_signal(error):
            raise
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        if missing and f"{module_name}.".startswith(f"{missing}."):
            problem = f"cannot import module {missing!r}"
            raise ConfigError(Mistake(problem, value=text, hint=_suggest_module(missing))) from error
        raise _describe_failure(module_name, error) from error
    owner = f"module {module_name!r}"
    for name in path.split("."):
        try:
            found = getattr(found, name)
        except AttributeError as error:
            public = [each for each in dir(found) if not each.startswith("_")]
            problem = f"{owner} has no attribute {name!r}"
            raise ConfigError(Mistake(problem, value=text, hint=did_you_mean(name, public))) from error
        except Exception as error:  # a module that imports its parts when they are asked for
            raise _describe_failure(module_name, error) from error
        owner = repr(name)
    return found


def import_string_of(found: object) -> str:
    """The import string that an object has if its module holds it under its own name."""
    return f"{getattr(found, '__module__', '')}:{getattr(found, '__qualname__', type(found).__qualname__)}"


def require_extra(module: str, *, extra: str, key: str) -> ModuleType:
    """Import a library that an option needs.

    :param module: its dotted name.
    :param extra: the extra of wsgistack that installs it.
    :param key: the option that needs it.
    :raises ConfigError: it is not installed; the hint is the command that installs it.
    """
    try:
        return import_module(module)
    except ImportError as error:
        problem, hint = f"needs the library {module}, which can't be imported", f"pip install 'wsgistack[{extra}]'"
        raise ConfigError(Mistake(problem, key=key, hint=hint)) from error


def is_by_signal(error: BaseException) -> bool:
    """Whether the handler of a signal raised a SystemExit, and not the code that was running.

    So gunicorn ends a worker that is importing the application.
    """
    if not isinstance(error, SystemExit):
        return False
    import signal  # slow to import

    running = {frame.f_code for frame, _ in walk_tb(error.__traceback__)}
    handlers = map(signal.getsignal, signal.valid_signals())
    return any(getattr(each, "__code__", None) in running for each in handlers)


def is_own_code(file: str) -> bool:
    """Whether a module's file is neither in the standard library nor in an installed distribution."""
    import sysconfig  # slow to import

    path = Path(file)
    libraries = {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}
    return not (
        {"site-packages", "dist-packages"} & {*path.parts} or any(path.is_relative_to(each) for each in libraries)
    )


def describe_origin(error: BaseException) -> str:
    """Say where the application's own code failed, as ``(shop.py, line 3)`` after a space.

    Empty where the error says it by itself, or where none of that code was running.
    """
    if isinstance(error, SyntaxError) and error.filename and not error.filename.startswith("<"):
        return ""
    places = [(frame.f_code.co_filename, line) for frame, line in walk_tb(error.__traceback__)]
    for file, line in reversed(places):
        if not file.startswith("<") and is_own_code(file) and not Path(file).is_relative_to(_HERE):
            path = Path(file)
            with suppress(FileNotFoundError, ValueError):  # the folder of the process is gone, or another one
                path = path.relative_to(Path.cwd())
            return f" ({path}, line {line})"
    return ""


def _describe_failure(module_name: str, error: BaseException) -> ConfigError:
    problem = f"cannot import module {module_name!r}: {describe_error(error)}{describe_origin(error)}"
    return ConfigError(Mistake(problem))


def _suggest_module(missing: str) -> str:
    """A module of the same package, or at the top level one of the application's own or an installed one.

    If no name is alike, say where a module at the top level must be.
    """
    from difflib import get_close_matches
    from pkgutil import iter_modules

    package, dot, name = missing.rpartition(".")
    path = getattr(import_module(package), "__path__", ()) if dot else None
    there = {each.name for each in iter_modules(path)} - (set() if dot else sys.stdlib_module_names)
    if near := get_close_matches(name, there, 1, _ALIKE):
        return f"did you mean '{package}{dot}{near[0]}'?"
    return "" if dot else "install it, or put it into the folder of the configuration"
