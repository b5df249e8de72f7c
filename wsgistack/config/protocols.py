"""PasteDeploy's protocols: factories for it as layers and applications here, and layers as factories for it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Annotated, Any

from wsgistack.errors import ConfigError, Mistake, Where
from wsgistack.options.references import Resolved, resolve, unwrap_resolved
from wsgistack.options.schema import read_parameters, read_schema
from wsgistack.options.secrets import hide_secrets, iterate_texts
from wsgistack.pipeline import registry
from wsgistack.pipeline.shape import accepts, find_misfit
from wsgistack.pipeline.spec import Spec
from wsgistack.types import App, Factory, Secret

__all__ = [
    "APP_PROTOCOLS",
    "FILTER_PROTOCOLS",
    "SERVER_PROTOCOLS",
    "PasteFactory",
    "find_factory",
    "find_layer",
    "is_factory",
]

APP_PROTOCOLS = ("paste.app_factory", "paste.composite_factory", "paste.composit_factory")
FILTER_PROTOCOLS = ("paste.filter_factory", "paste.filter_app_factory")
SERVER_PROTOCOLS = ("paste.server_factory", "paste.server_runner")

CALLED = "()"
"""The protocol of an ordinary factory, which takes options alone."""

_BY_POSITION = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
_NOT_BY_NAME = (Parameter.POSITIONAL_ONLY, Parameter.VAR_POSITIONAL)
_OWN_CONFIG = re.compile(r"test_config|config_(name|file|filename|path|object|class|module)|settings_module|env|debug")
_USUAL = {"application": "app", "wsgi_app": "app"}
_ARGUMENTS = {
    CALLED: (),
    "paste.app_factory": ("global_conf",),
    "paste.composite_factory": ("loader", "global_conf"),
    "paste.composit_factory": ("loader", "global_conf"),
    "paste.filter_factory": ("global_conf",),
    "paste.filter_app_factory": ("app", "global_conf"),
    "paste.server_factory": ("global_conf",),
    "paste.server_runner": ("app", "global_conf"),
}


@dataclass(frozen=True)
class PasteFactory:
    """A factory written for PasteDeploy, as a callable that takes an application or a loader, and then its options.

    :param uri: how a configuration names it: ``egg:Distribution#name``, ``call:module:callable``, or a protocol and an
        import string, ``paste.filter_app_factory:module:callable``. An ordinary factory is ``module:callable()``.
    :param factory: is called with the global configuration before the options; an ordinary one with the options alone.
    :param protocol: the name of the group of entry points that defines its arguments.
    """

    uri: str
    factory: Callable[..., Any] = field(repr=False)
    protocol: str = field(repr=False)
    global_conf: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)

    def __call__(self, first: object, /, **options: object) -> Any:
        """Make the application, build the filter around one, or serve one.

        :raises ConfigError: the factory fails.
        """
        here = self.global_conf.get("here")
        base = Path(here) if here else None
        conf: Any = {k: v if isinstance(v, Resolved) else resolve(v, base=base) for k, v in self.global_conf.items()}
        hidden = {*iterate_texts([each for each in conf.values() if isinstance(each, Resolved)], names=True)}
        with hide_secrets(hidden, f"{self.uri} fails", may_exit=self.protocol in SERVER_PROTOCOLS):
            if "loader" not in _ARGUMENTS[self.protocol]:  # which needs the references
                conf = unwrap_resolved(conf)
            arguments = (first, conf)[2 - len(_ARGUMENTS[self.protocol]) :]
            made = self.factory(*arguments, **options)
            if self.protocol not in ("paste.filter_factory", "paste.server_factory"):
                return made
            if not accepts(made, 1):
                kind = find_misfit(made)
                problem = f"{self.uri} returns {kind.description if kind else 'an application'}"
                raise ConfigError(Mistake(problem, expected="a callable that takes an application"))
            return made(first)

    @property
    def __name__(self) -> str:
        return self.uri

    @property
    def __signature__(self) -> Signature:
        """The application, and then the options of the factory."""
        first = Parameter("_", Parameter.POSITIONAL_ONLY)
        if self.protocol == CALLED:
            own = [each for each in read_parameters(self.factory) if each.kind not in _NOT_BY_NAME]
            return Signature([first, *own])
        before = len(_ARGUMENTS[self.protocol])
        known = read_schema(self.factory).options
        secret = Annotated[Any, Secret]
        options = [  # text stays text, as with PasteDeploy
            each.replace(annotation=secret if each.name in known and known[each.name].is_secret else Any)
            for position, each in enumerate(signature(self.factory).parameters.values())
            if position >= before or each.kind in (Parameter.KEYWORD_ONLY, Parameter.VAR_KEYWORD)
        ]
        return Signature([first, *(each for each in options if each.kind is not Parameter.VAR_POSITIONAL)])


def is_factory(use: object) -> bool:
    """Whether it names a factory, with a protocol of PasteDeploy or with ``()`` at the end."""
    return isinstance(use, str) and (use.endswith(")") or use.partition(":")[0] in {"egg", "call", *_ARGUMENTS})


def find_factory(uri: str, protocols: tuple[str, ...], global_conf: Mapping[str, str]) -> PasteFactory:
    """The factory that a URI names.

    :param protocols: the possible ones. ``call:`` means the first of them.
    :raises ConfigError: the factory is unknown, or its arguments are not those of the protocol.
    """
    scheme, _, rest = uri.partition(":")
    if uri.endswith(")"):
        name, _, arguments = uri[:-1].partition("(")
        if arguments or protocols != APP_PROTOCOLS:
            hint = "write its arguments as options" if arguments else ""
            raise ConfigError(Mistake(f"{uri!r} cannot be used here", expected="module:factory()", hint=hint))
        factory, protocol, rest = registry.find(name), CALLED, name
    elif scheme == "egg":
        point = registry.egg_entry_point(rest, protocols)
        factory, protocol = registry.load_entry_point(point), point.group
    elif ":" not in rest:
        raise ConfigError(Mistake(f"{rest!r} is not an import string", expected="package.module:attribute"))
    elif scheme != "call" and scheme not in protocols:
        raise ConfigError(Mistake(f"a {scheme} cannot be used here", expected=" or ".join(protocols)))
    else:
        factory, protocol = registry.find(rest), protocols[0] if scheme == "call" else scheme
    _check_factory(factory, protocol, protocols, scheme, rest)
    return PasteFactory(uri, factory, protocol, global_conf)


def _check_factory(
    factory: Callable[..., Any], protocol: str, protocols: tuple[str, ...], scheme: str, name: str
) -> None:
    expected = "an ordinary factory"
    if arguments := _ARGUMENTS[protocol]:
        expected = f"a {protocol}, called with {', '.join(arguments)} and the options"
    misfit = find_misfit(factory)
    if misfit and misfit.kind in ("asgi", "async"):
        raise misfit.make_error(f"{name!r} is", expected)
    try:
        shape = signature(factory)
    except ValueError:  # a callable made in C may have no signature
        return
    names = [*shape.parameters]
    if names[1:] == ["start_response"]:
        hint = f"for the application itself, write {name}" if protocols == APP_PROTOCOLS else ""
        raise ConfigError(Mistake(f"{name!r} is an application", expected=expected, hint=hint))
    given = tuple(_USUAL.get(each, "global_conf" if each.startswith("global_") else each) for each in names[:2])
    known = ((each, _ARGUMENTS[each]) for each in (*protocols, *_ARGUMENTS) if each != CALLED)
    fitting = [each for each, first in known if given[: len(first)] == first]
    if fitting and (fitting[0] not in protocols or len(_ARGUMENTS[fitting[0]]) != len(arguments)):
        hint = f"it is a {fitting[0]}"
        if fitting[0] in protocols and scheme != "egg":
            hint = f"write {f'call:{name}' if protocol == CALLED else f'{fitting[0]} instead of {scheme}'}"
        raise ConfigError(Mistake(f"{name!r} takes {' and '.join(names[:2])} first", expected=expected, hint=hint))
    if protocol == CALLED:
        return
    ordinary_hint = f"write {name}() to call it with the options alone" if protocol == APP_PROTOCOLS[0] else ""
    if ordinary_hint and scheme != "egg" and not fitting and _is_ordinary([*shape.parameters.values()]):
        problem = f"{name!r} would take global_conf as {names[0]}"
        raise ConfigError(Mistake(problem, expected=expected, hint=ordinary_hint))
    try:
        shape.bind_partial(*arguments)
    except TypeError as error:
        hint = "" if scheme == "egg" else ordinary_hint
        raise ConfigError(Mistake(f"cannot call {name!r}: {error}", expected=expected, hint=hint)) from error


def _is_ordinary(parameters: list[Parameter]) -> bool:
    """Whether a factory for something else than PasteDeploy could take a global configuration by mistake."""
    first = parameters[0] if parameters else Parameter("_", Parameter.VAR_KEYWORD)
    is_optional = first.default is not Parameter.empty
    return first.kind in _BY_POSITION and (is_optional or bool(_OWN_CONFIG.fullmatch(first.name)))


def find_layer(use: str, global_conf: Mapping[str, str]) -> str | Factory:
    """What ``use`` of a layer means: a name, an import string, or a factory for PasteDeploy.

    :raises ConfigError: the layer is unknown.
    """
    if use.startswith("egg:"):
        point = registry.egg_entry_point(use.removeprefix("egg:"), (registry.GROUP, *FILTER_PROTOCOLS))
        if point.group == registry.GROUP:
            is_only = len(registry.names().get(registry.normalize_name(point.name), ())) == 1
            return point.name if is_only else registry.import_string(point)
    if is_factory(use):
        return find_factory(str(use), FILTER_PROTOCOLS, global_conf)
    name = use if isinstance(use, registry.Use) else registry.Use(use)
    name.look_up()
    return name


def __getattr__(name: str) -> Callable[..., App]:
    """The ``paste.filter_app_factory`` of the layer of that name."""
    if name.startswith("_") or name not in registry.names():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def filter_app_factory(app: App, global_conf: Mapping[str, str], **local_conf: str) -> App:
        where = Where(global_conf.get("__file__", ""), section=name)
        base = Path(global_conf.get("here", ""))
        return Spec.from_settings(name, local_conf, where=where, base=base).build(app)

    return filter_app_factory
