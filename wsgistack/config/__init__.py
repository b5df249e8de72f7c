"""Configurations in files, as WSGI applications, filters and servers."""

from collections.abc import Callable, Mapping

from wsgistack.config.document import File, open_document
from wsgistack.config.loader import Document
from wsgistack.config.parts import Server
from wsgistack.config.stack import Stack, in_order
from wsgistack.errors import ConfigError, Mistake, Mistakes, did_you_mean
from wsgistack.types import App

__all__ = ["AppConfig", "appconfig", "find_mistakes", "load", "load_filter", "load_server", "read", "read_server"]

_MAIN = "main"


def load(file: File, name: str = _MAIN, *, global_conf: Mapping[str, str] | None = None) -> App:
    """Build the WSGI application that a configuration describes, with all its layers around it.

    The folder of the file is put first in :data:`sys.path`, so that modules there can be imported.

    :param file: a ``.toml`` file; any other file is read as an ini file in PasteDeploy's dialect. Or a mapping with the
        keys of a TOML file, in which applications and layers may also be objects.
    :param name: the application, composite or pipeline.
    :param global_conf: more of PasteDeploy's global configuration. It overrides that of the file.
    :raises ConfigError: the configuration has mistakes. The error holds all of them, each with its place.
    """
    return read(open_document(file, global_conf), name).build()


def load_filter(file: File, name: str = _MAIN, *, global_conf: Mapping[str, str] | None = None) -> Callable[[App], App]:
    """Make a filter: a callable that wraps it around an application. Arguments as for :func:`load`.

    :raises ConfigError: the filter is unknown or has mistakes.
    """
    document = open_document(file, global_conf)
    stack = document.filter(name, document.start()).fitted().with_mistakes(document.mistakes)
    stack.build()
    return stack.pipeline.wrap


def load_server(
    file: File, name: str = _MAIN, *, global_conf: Mapping[str, str] | None = None
) -> Callable[[App], object]:
    """Make a server: a callable that serves an application until the server ends. Arguments as for :func:`load`.

    :raises ConfigError: the server is unknown, or its options do not fit.
    """
    document = open_document(file, global_conf)
    mistakes = Mistakes(document.mistakes)
    with mistakes.collect():
        server = read_server(document, name)
        mistakes += server.check()
        if not mistakes:
            return server.run
    raise ConfigError(*in_order(mistakes))


class AppConfig(dict[str, object]):
    """The options of an application over the global configuration.

    :ivar local_conf: the options alone.
    :ivar global_conf: the global configuration alone.
    """

    def __init__(self, local_conf: Mapping[str, object], global_conf: Mapping[str, str]) -> None:
        super().__init__({**global_conf, **local_conf})
        self.local_conf = dict(local_conf)
        self.global_conf = dict(global_conf)


def appconfig(file: File, name: str = _MAIN, *, global_conf: Mapping[str, str] | None = None) -> AppConfig:
    """Read the options of an application without making it. Arguments as for :func:`load`.

    References such as ``${env:NAME}`` are not filled in.

    :raises ConfigError: the application is unknown, or its values have mistakes.
    """
    stack = read(open_document(file, global_conf), name)
    if stack.application is None or stack.mistakes:
        raise ConfigError(*in_order(stack.mistakes))
    return AppConfig(stack.application.options, stack.application.global_conf)


def read(document: Document, name: str = _MAIN) -> Stack:
    """Read an application with its layers, without building it."""
    return document.application(name, document.start()).fitted().with_mistakes(document.mistakes)


def read_server(document: Document, name: str = _MAIN) -> Server:
    """Read a server, without starting it.

    :raises ConfigError: the server is unknown.
    """
    return document.server(name, document.start())


def find_mistakes(document: Document, name: str = _MAIN, *, strict: bool = False) -> list[Mistake]:
    """Find all mistakes of a configuration, also in parts that no application uses.

    Applications and layers are built, as by :func:`load`. Servers are not started, and logging is not set up.

    :param strict: whether a layer in the wrong order is a mistake.
    """
    mistakes = Mistakes(document.mistakes)
    names = document.applications()
    if name != _MAIN or not names or did_you_mean(name, names):  # a file may have no main on purpose
        names = [name, *names]
    for each in dict.fromkeys(names):
        stack = read(document, each)
        mistakes += stack.pipeline.misplaced() if strict else []
        with mistakes.collect():
            stack.build()
    for each in document.filters():
        with mistakes.collect():
            document.filter(each, document.start()).fitted().build()
    log = document.logging()
    mistakes += log.check() if log else []
    for each in document.servers():
        with mistakes.collect():
            mistakes += read_server(document, each).check()
    return in_order(mistakes)
