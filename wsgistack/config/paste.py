"""PasteDeploy's protocols, both ways: its factories as our layers and applications, our layers as its factories."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Any

from wsgistack import registry
from wsgistack.errors import Where
from wsgistack.spec import Spec
from wsgistack.types import App

__all__ = ["APP_FACTORY", "FILTER_APP_FACTORY", "FILTER_FACTORY", "PasteFilter"]

APP_FACTORY = "paste.app_factory"
FILTER_FACTORY = "paste.filter_factory"
FILTER_APP_FACTORY = "paste.filter_app_factory"


@dataclass(frozen=True)
class PasteFilter:
    """A factory written for PasteDeploy, as one that takes the application first and then its options.

    :param uri: where it comes from, for people.
    :param factory: what is called, with the global configuration before the options, all of them text.
    :param protocol: ``paste.filter_factory``, which gives a filter, or ``paste.filter_app_factory``, which is one.
    """

    uri: str
    factory: Callable[..., Any] = field(repr=False)
    protocol: str = field(repr=False)
    global_conf: Mapping[str, str] = field(repr=False, hash=False)

    def __call__(self, app: App, /, **options: str) -> App:
        """Build the filter around an application."""
        built: App
        if self.protocol == FILTER_FACTORY:
            built = self.factory(dict(self.global_conf), **options)(app)
        else:
            built = self.factory(app, dict(self.global_conf), **options)
        return built

    @property
    def __name__(self) -> str:
        return self.uri

    @property
    def __signature__(self) -> Signature:
        """The application, and then the options of the factory, which are all text."""
        first = Parameter("app", Parameter.POSITIONAL_ONLY)
        before = 1 if self.protocol == FILTER_FACTORY else 2
        parameters = signature(self.factory).parameters.values()
        options = [
            each.replace(annotation=str)
            for position, each in enumerate(parameters)
            if position >= before or each.kind is Parameter.VAR_KEYWORD
        ]
        return Signature([first, *options])


def __getattr__(name: str) -> Callable[..., App]:
    """The ``paste.filter_app_factory`` of the layer of that name, whichever there is."""
    if name.startswith("_") or name not in registry.names():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def filter_app_factory(app: App, global_conf: Mapping[str, str], **local_conf: str) -> App:
        where = Where(global_conf.get("__file__", ""), section=name)
        spec = Spec(name, local_conf, where=where)
        return spec.fitted(base=Path(global_conf.get("here", "")), text=True).build(app)

    return filter_app_factory
