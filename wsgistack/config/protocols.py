"""PasteDeploy's protocols: factories for it as layers and applications here, and layers as factories for it."""

import re
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from inspect import Parameter, Signature
from pathlib import Path
from typing import Annotated, Any

from wsgistack.errors import ConfigError, Mistake, Where
from wsgistack.options.conversion import is_secret
from wsgistack.options.references import Resolved, resolve, unwrap_resolved
from wsgistack.options.schema import read_parameters
from wsgistack.options.secrets import hide_secrets, iterate_texts
from wsgistack.options.signatures import read_signature
from wsgistack.pipeline import registry
from wsgistack.pipeline.shape import accepts, find_misfit
from wsgistack.pipeline.spec import Spec
from wsgistack.types import App, Secret

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

_CALLED = "()"  # the protocol of an ordinary factory, which takes options alone
_BY_POSITION = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
_OWN_CONFIG = re.compile(r"test_config|config_(name|file|filename|path|object|class|module)|settings_module|env|debug")
_LIKE_GLOBAL_CONF = re.compile(r".*(conf|cfg|global|settings|default).*|_\w*|gc")
_USUAL = {"application": "app", "wsgi_app": "app"}
_ARGUMENTS = {
    _CALLED: (),
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
        """Make the application, build the filter around one, or serve one."""
        arguments = _ARGUMENTS[self.protocol]
        base = Path(self.global_conf["here"]) if "here" in self.global_conf else None
        given = self.global_conf if arguments else {}
        conf: Any = {k: v if isinstance(v, Resolved) else resolve(v, base=base) for k, v in given.items()}
        hidden = {*iterate_texts([each for each in conf.values() if isinstance(each, Resolved)], names=True)}
        # without secrets of its own it leaves the exception to its caller, which knows the secrets in the options
        may_exit = self.protocol in SERVER_PROTOCOLS
        with hide_secrets(hidden, f"{self.uri} fails", may_exit=may_exit) if hidden else nullcontext():
            if "loader" not in arguments:  # which needs the references
                conf = unwrap_resolved(conf)
            made = self.factory(*(first, conf)[2 - len(arguments) :], **options)
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
    def __wrapped__(self) -> Callable[..., Any]:
        return self.factory

    @property
    def __signature__(self) -> Signature:
        """The application, and then the options of the factory."""
        options = read_parameters(self.factory)
        if arguments := _ARGUMENTS[self.protocol]:
            options = [  # text stays text, as with PasteDeploy
                each.replace(annotation=Annotated[Any, Secret] if is_secret(each.annotation) else Any)
                for position, each in enumerate(options)
                if position >= len(arguments) or each.kind not in _BY_POSITION
            ]
        by_name = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY, Parameter.VAR_KEYWORD)
        first = Parameter("_", Parameter.POSITIONAL_ONLY)
        return Signature([first, *(each for each in options if each.kind in by_name)])


def is_factory(use: object) -> bool:
    """Whether it names a factory, with a protocol of PasteDeploy or with ``()`` at the end."""
    return isinstance(use, str) and (use.endswith(")") or use.partition(":")[0] in {"egg", "call", *_ARGUMENTS})


def find_factory(uri: str, protocols: tuple[str, ...], global_conf: Mapping[str, str]) -> PasteFactory:
    """The factory that a URI names.

    :param protocols: the possible ones. ``call:`` means the first of them.
    """
    scheme, _, rest = uri.partition(":")
    if scheme == "egg":
        point = registry.egg_entry_point(rest, protocols)
        return PasteFactory(uri, registry.import_factory(registry.import_string(point)), point.group, global_conf)
    if uri.endswith(")"):
        rest, _, given = uri[:-1].partition("(")
        if given:
            raise ConfigError(Mistake(f"{uri!r} has arguments", expected=f"{rest}()", hint="write them as options"))
        if protocols != APP_PROTOCOLS:
            raise ConfigError(Mistake(f"{uri!r} cannot be used here", expected=" or ".join(protocols)))
        scheme, protocol = "", _CALLED
    elif ":" not in rest:
        raise ConfigError(Mistake(f"{rest!r} is not an import string", expected="package.module:attribute"))
    elif scheme != "call" and scheme not in protocols:
        raise ConfigError(Mistake(f"a {scheme} cannot be used here", expected=" or ".join(protocols)))
    else:
        protocol = protocols[0] if scheme == "call" else scheme
    factory = registry.find(rest)
    _check_factory(factory, protocol, protocols, scheme, rest)
    return PasteFactory(uri, factory, protocol, global_conf)


def _check_factory(
    factory: Callable[..., Any], protocol: str, protocols: tuple[str, ...], scheme: str, name: str
) -> None:
    arguments = _ARGUMENTS[protocol]
    called = f"a {protocol}, called with {', '.join(arguments)} and the options"
    expected = called if arguments else "a factory that is called with the options alone"
    misfit = find_misfit(factory)
    if misfit and misfit.kind in ("asgi", "async"):
        raise misfit.make_error(f"{name!r} is", expected)
    try:
        shape = read_signature(factory)
    except ValueError:  # a callable made in C may have no signature
        return
    names = [*shape.parameters]
    if names[1:] == ["start_response"]:
        right = f"use = {name}" if scheme in APP_PROTOCOLS else name
        hint = f"for the application itself, write {right}" if protocols == APP_PROTOCOLS else ""
        raise ConfigError(Mistake(f"{name!r} is an application", expected=expected, hint=hint))
    usual = tuple(_USUAL.get(each, "global_conf" if each.startswith("global_") else each) for each in names[:2])
    known = {each: _ARGUMENTS[each] for each in (*protocols, *_ARGUMENTS) if _ARGUMENTS[each]}
    fitting = next((each for each, first in known.items() if usual[: len(first)] == first), "")
    if fitting and (fitting not in protocols or known[fitting] != arguments):
        right = f"write {fitting} instead of {scheme}" if scheme else f"write {fitting}:{name}"
        hint = right if fitting in protocols else f"it is a {fitting}"
        raise ConfigError(Mistake(f"{name!r} takes {' and '.join(names[:2])} first", expected=expected, hint=hint))
    by_position = [each.name for each in shape.parameters.values() if each.kind in _BY_POSITION]
    own = dict(zip(arguments, by_position, strict=False)).get("global_conf", "")
    is_misled = own and not _LIKE_GLOBAL_CONF.fullmatch(own)
    problem = f"{name!r} would take global_conf as {own}"
    if is_misled and usual[:1] == ("app",) and protocol in FILTER_PROTOCOLS:
        raise ConfigError(Mistake(problem, expected=expected, hint=f"for a middleware, write use = {name}"))
    hint = f"write {name}() to call it with the options alone" if protocol == APP_PROTOCOLS[0] else ""
    if hint and own and not fitting:
        is_option = shape.parameters[own].default is not Parameter.empty or _OWN_CONFIG.fullmatch(own)
        if is_option or (is_misled and isinstance(factory, type)):
            raise ConfigError(Mistake(problem, expected=expected, hint=hint))
    try:
        shape.bind_partial(*arguments)
    except TypeError as error:
        raise ConfigError(Mistake(f"cannot call {name!r}: {error}", expected=expected, hint=hint)) from error


def find_layer(use: str, global_conf: Mapping[str, str]) -> Spec:
    """The layer that a name, an import string or the URI of a factory for PasteDeploy means, without options."""
    if use.startswith("egg:"):
        point = registry.egg_entry_point(use.removeprefix("egg:"), (registry.GROUP, *FILTER_PROTOCOLS))
        if point.group == registry.GROUP:
            is_only = len(registry.names().get(registry.normalize_name(point.name), ())) == 1
            use = point.name if is_only else registry.import_string(point)
    if is_factory(use):
        return Spec(find_factory(use, FILTER_PROTOCOLS, global_conf), global_conf=global_conf)
    return Spec(use, global_conf=global_conf, found={use: registry.find(use)})


def __getattr__(name: str) -> Callable[..., App]:
    """The ``paste.filter_app_factory`` of the layer of that name."""
    if name.startswith("_") or name not in registry.names():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def filter_app_factory(app: App, global_conf: Mapping[str, str], **local_conf: str) -> App:
        where = Where(global_conf.get("__file__", ""), section=name)
        base = Path(global_conf.get("here", ""))
        return Spec(name, where=where, base=base, global_conf=global_conf).parse(local_conf).build(app)

    return filter_app_factory
