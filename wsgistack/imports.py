"""Import strings: ``package.module:attribute`` as an object."""

from importlib import import_module
from pkgutil import iter_modules

from wsgistack.errors import ConfigError, Mistake, describe_error, did_you_mean
from wsgistack.own import describe_origin

__all__ = ["import_object", "import_string_of"]


def import_object(text: str) -> object:
    """Import what an import string names.

    :param text: a module's dotted name, a colon, and the name of what is in it, perhaps dotted as well.
    :raises ConfigError: the text is no import string, there is no such thing, or its module can't be imported.
    """
    module_name, _, path = text.partition(":")
    if not all(part.isidentifier() for part in [*module_name.split("."), *path.split(".")]):
        raise ConfigError(Mistake(f"{text!r} is no import string", expected="package.module:attribute"))
    try:
        found: object = import_module(module_name)
    except (Exception, SystemExit) as error:
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        if missing and f"{module_name}.".startswith(f"{missing}."):
            raise ConfigError(Mistake(f"no module {missing!r}", value=text, hint=_nearest_module(missing))) from error
        raise _failed(module_name, error) from error
    for name in path.split("."):
        try:
            found = getattr(found, name)
        except AttributeError as error:
            public = [each for each in dir(found) if not each.startswith("_")]
            problem = f"no {name!r} in {module_name}"
            raise ConfigError(Mistake(problem, value=text, hint=did_you_mean(name, public))) from error
        except Exception as error:  # a module that imports its parts when they are asked for
            raise _failed(module_name, error) from error
    return found


def import_string_of(found: object) -> str:
    """The import string that an object has if its module holds it under its own name."""
    return f"{getattr(found, '__module__', '')}:{getattr(found, '__qualname__', type(found).__qualname__)}"


def _failed(module_name: str, error: BaseException) -> ConfigError:
    return ConfigError(Mistake(f"importing {module_name!r} failed: {describe_error(error)}{describe_origin(error)}"))


def _nearest_module(missing: str) -> str:
    package, dot, name = missing.rpartition(".")
    path = getattr(import_module(package), "__path__", ()) if dot else None
    return did_you_mean(name, (each.name for each in iter_modules(path)))
