"""The options of oslo.middleware: in a section for PasteDeploy, or else in the files of an OpenStack service."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from wsgistack.errors import ConfigError, Mistake, Where
from wsgistack.imports import require_extra
from wsgistack.options.schema import read_schema
from wsgistack.pipeline.spec import Spec
from wsgistack.types import App

__all__ = ["OsloLayer", "Service", "rename_keys"]

_LIBRARY = "oslo_config.cfg"
_KINDS = {bool: "BoolOpt", int: "IntOpt", str: "StrOpt", tuple: "ListOpt"}


class OsloLayer:
    """What the layers with oslo.middleware's option names share: the factory for PasteDeploy."""

    @classmethod
    def factory(cls, global_conf: Mapping[str, str] | None, /, **local_conf: str) -> Callable[[App], App]:
        """Make the filter, as ``paste.filter_factory``.

        :param global_conf: may contain options as well.
        :param local_conf: the options of the section.
        :raises ConfigError: an option is unknown or not valid.
        """
        given = global_conf or {}
        inherited = {name: given[name] for name in read_schema(cls).options if name in given}  # type: ignore[arg-type]
        where = Where(given.get("__file__", ""), section=cls.__name__)
        settings = {**inherited, **local_conf}
        layer = Spec(cls, where=where, base=Path(given.get("here", "")))  # type: ignore[arg-type]
        return layer.parse(settings).build


class Service(NamedTuple):
    """The configuration of an OpenStack service, such as ``/etc/nova/nova.conf``.

    :param project: whose files to read, such as ``nova``. Empty for the service that runs in this process.
    :param file: a file in the place of those of the project.
    :param program: the name of the program, which has files of its own.
    """

    project: str = ""
    file: Path | None = None
    program: str = ""

    def complete(self, group: str, given: Mapping[str, object], defaults: Mapping[str, object]) -> Mapping[str, Any]:
        """The values of options: as given, or as the service is configured, or the defaults.

        :param group: the section of the service's files.
        :param given: values by name, None for those that are not given.
        :param defaults: values by name: a bool, an int, a text, or a tuple of texts.
        :raises ConfigError: oslo.config is not installed, or the service's configuration has mistakes.
        """
        missing = {name: default for name, default in defaults.items() if given[name] is None}
        known = {name: value for name, value in given.items() if value is not None}
        if not missing or not (self.project or _LIBRARY in sys.modules):
            return {**missing, **known}
        cfg: Any = require_extra(_LIBRARY, extra="oslo", key="oslo_config_project")
        try:
            return {**self._read(cfg, group, missing), **known}
        except cfg.Error as error:
            key = "oslo_config_project" if self.project else ""
            raise ConfigError(Mistake(f"can't read [{group}] with oslo.config: {error}", key=key)) from error

    def _read(self, cfg: Any, group: str, missing: Mapping[str, object]) -> dict[str, object]:
        found: dict[str, object] = {}
        own = cfg.ConfigOpts()  # to register options with that of the service could conflict with its own
        if self.project:
            files = [str(self.file)] if self.file else None
            own([], project=self.project, prog=self.program or None, default_config_files=files)
        else:
            files, folders = (getattr(cfg.CONF, name, None) or [] for name in ("config_file", "config_dir"))
            own([], default_config_files=files, default_config_dirs=folders)
        for name, default in missing.items():
            option = getattr(cfg, _KINDS[type(default)])(name, default=default)
            own.register_opt(option, group)
            source = own
            if not self.project and name in getattr(cfg.CONF, group, ()):  # the service has registered it
                source = cfg.CONF
            value = source[group][name]
            found[name] = tuple(value or ()) if isinstance(default, tuple) else value
        return found


@contextmanager
def rename_keys(**names: str) -> Iterator[None]:
    """Report mistakes under the option names of oslo.middleware.

    :param names: its names by those of the layer.
    """
    try:
        yield
    except ConfigError as error:
        mistakes = [each._replace(key=names.get(each.key, each.key)) for each in error.mistakes]
        raise ConfigError(*mistakes) from error.__cause__
