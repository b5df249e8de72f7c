"""The kinds of conditions: the values that each kind allows, and its test of a request."""

import re
from collections.abc import Callable, Mapping
from fnmatch import translate
from functools import partial, reduce
from http import HTTPMethod
from typing import Any, NamedTuple, TypeAlias

from wsgistack.environ import METHOD_OVERRIDES, environ_key
from wsgistack.errors import ConfigError, Mistake, did_you_mean
from wsgistack.http.hosts import host_forms
from wsgistack.http.paths import check_prefix, compile_path_test, compile_under
from wsgistack.types import Environ

__all__ = ["KINDS", "Kind", "Predicate", "predicate"]

Predicate: TypeAlias = Callable[[Environ], bool]

_METHOD = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_ADDRESS = re.compile(r"\[[0-9a-f.*?]*:[0-9a-f.*?]*:[0-9a-f:.*?]*\]")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^`|~-]+")
_METHODS = [*(each.value for each in HTTPMethod), "ORDERPATCH", "PROPPATCH", "REPORT"]  # the last are not misspelt
_MAYBE_EMPTY = ("CONTENT_TYPE", "CONTENT_LENGTH")  # PEP 3333: empty means absent


class Kind(NamedTuple):
    """One kind of condition.

    :param check: returns the normal form of a value, or of the name that it is about; raises a ConfigError.
    :param make: makes the predicate, of normal values; and of whether all forms of the request must match, or any.
    :param is_of_names: whether it also allows a mapping of names to globs.
    """

    check: Callable[[str], str]
    make: Callable[[Any, bool], Predicate]
    is_of_names: bool = False


def predicate(normal: Any, *, every: bool = False) -> Predicate:
    """Make the function that tests a request.

    A path, a host or a method may have several forms. By default a condition holds if any of them matches. Each ``not``
    changes that: what is negated must hold for all forms, so that nobody escapes a layer by an odd spelling.

    :param normal: a condition in its normal form, with functions for all import strings and no references.
    """
    if not isinstance(normal, Mapping):
        return normal  # type: ignore[no-any-return]
    return reduce(_both, (_make(name, value, every) for name, value in normal.items()))


def _make(name: str, value: Any, every: bool) -> Predicate:
    if name == "not":
        inner = predicate(value, every=not every)
        return lambda environ: not inner(environ)
    return predicate(value) if name == "call" else KINDS[name].make(value, every)


def _both(one: Predicate, other: Predicate) -> Predicate:
    return lambda environ: one(environ) and other(environ)


def _either(one: Predicate, other: Predicate) -> Predicate:
    return lambda environ: one(environ) or other(environ)


def _scheme(schemes: tuple[str, ...], _: bool) -> Predicate:
    allowed = frozenset(schemes)
    return lambda environ: environ.get("wsgi.url_scheme") in allowed


def _method(methods: tuple[str, ...], every: bool) -> Predicate:
    if every:  # an application may handle HEAD and get like GET, or like none of the others
        exact = frozenset(methods)
        return lambda environ: (
            environ.get("REQUEST_METHOD") in exact
            and all(environ[key] in exact for key in METHOD_OVERRIDES if key in environ)
        )
    allowed = {*methods, "HEAD"} if "GET" in methods else {*methods}
    return lambda environ: any(environ.get(key, "").upper() in allowed for key in ("REQUEST_METHOD", *METHOD_OVERRIDES))


def _path(globs: tuple[str, ...], every: bool) -> Predicate:
    match = _any_of(globs)

    def match_any(text: str) -> object:  # an application may ignore a slash at the end of a path
        return match(text) or match(text[:-1] if text[-1:] == "/" else f"{text}/")

    test, combine = (match, all) if every else (match_any, any)
    return compile_path_test(
        lambda form: test(form) if form.isascii() else combine(map(test, _readings(form))), every=every
    )


def _readings(form: str) -> tuple[str, ...]:
    """The texts that applications make of a path's bytes."""
    return _decode(form), form.encode("latin-1", "replace").decode("utf-8", "replace")


def _host(globs: tuple[str, ...], every: bool) -> Predicate:
    match = _any_of(globs)
    if every:
        return lambda environ: host_forms(environ).all(match)
    return lambda environ: host_forms(environ).any(match)


def _header(asked: Mapping[str, tuple[str, ...]] | tuple[str, ...], every: bool) -> Predicate:
    if isinstance(asked, Mapping):
        return _environ({environ_key(name): globs for name, globs in asked.items()}, every)
    return _environ(tuple(map(environ_key, asked)), every)


def _environ(asked: Mapping[str, tuple[str, ...]] | tuple[str, ...], _: bool) -> Predicate:
    if isinstance(asked, Mapping):
        return reduce(_both, (_value(key, globs) for key, globs in asked.items()))
    return reduce(_either, map(_presence, asked))


def _value(key: str, globs: tuple[str, ...]) -> Predicate:
    match, is_there = _any_of(globs), _presence(key)
    return lambda environ: is_there(environ) and match(_decode(str(environ[key]))) is not None


def _presence(key: str) -> Predicate:
    if key in _MAYBE_EMPTY:
        return lambda environ: bool(environ.get(key))
    return lambda environ: key in environ


def _any_of(globs: tuple[str, ...]) -> Callable[[str], object]:
    return re.compile("|".join(map(translate, globs))).match


def _decode(text: str) -> str:
    """The text of bytes that WSGI decoded as latin-1."""
    try:
        return text if text.isascii() else text.encode("latin-1").decode()
    except UnicodeError:
        return text


def _check_path(text: str) -> str:
    if text[0] not in "/*?[":
        raise _invalid(text, "a path or pattern that begins with a slash, such as /api/*", f"did you mean '/{text}'?")
    return text


def _check_method(text: str) -> str:
    method = text.upper()
    hint = "" if method in _METHODS else did_you_mean(method, _METHODS)
    if not _METHOD.fullmatch(method) or hint:
        raise _invalid(text, "a method", hint)
    return method


def _check_scheme(text: str) -> str:
    if text.lower() not in ("http", "https"):
        raise _invalid(text, "http or https")
    return text.lower()


def _check_host(text: str) -> str:
    host = text.lower().rstrip(".")
    bare = host[1:-1] if _ADDRESS.fullmatch(host) else host
    if not bare or bare.count(":") == 1 or "]:" in bare or "/" in bare or not bare.isascii():
        raise _invalid(text, "a glob of hosts in ASCII, without scheme and port")
    return bare


def _check_header(text: str) -> str:
    if not _HEADER.fullmatch(text):
        likely = text.removeprefix("HTTP_").replace("_", "-")
        raise _invalid(text, "the name of a header", f"did you mean {likely!r}?" if _HEADER.fullmatch(likely) else "")
    return text.lower()


def _invalid(text: str, expected: str, hint: str = "") -> ConfigError:
    return ConfigError(Mistake(f"invalid value {text!r}", value=text, expected=expected, hint=hint))


KINDS: Mapping[str, Kind] = {  # the cheap ones first
    "scheme": Kind(_check_scheme, _scheme),
    "method": Kind(_check_method, _method),
    "host": Kind(_check_host, _host),
    "under": Kind(
        partial(check_prefix, root_hint="for the start page alone, write path = /"),
        lambda prefixes, every: compile_under(prefixes, every=every),
    ),
    "path": Kind(_check_path, _path),
    "header": Kind(_check_header, _header, is_of_names=True),
    "environ": Kind(str, _environ, is_of_names=True),
}
