"""The kinds of conditions: the values that each kind allows, and its test of a request."""

import re
from collections.abc import Callable, Mapping
from fnmatch import translate
from functools import reduce
from typing import Any, NamedTuple, TypeAlias

from wsgistack.errors import ConfigError, Mistake, did_you_mean
from wsgistack.types import Environ

__all__ = ["KINDS", "Kind", "Predicate", "predicate"]

Predicate: TypeAlias = Callable[[Environ], bool]

_METHOD = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_ADDRESS = re.compile(r"\[[0-9a-f.*?]*:[0-9a-f.*?]*:[0-9a-f:.*?]*\]")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^`|~-]+")
_KNOWN = (  # the methods of IANA's registry, and those of caches
    "ACL BAN BASELINE-CONTROL BIND CHECKIN CHECKOUT CONNECT COPY DELETE GET HEAD LABEL LINK LOCK MERGE MKACTIVITY "
    "MKCALENDAR MKCOL MKREDIRECTREF MKWORKSPACE MOVE OPTIONS ORDERPATCH PATCH POST PROPFIND PROPPATCH PURGE PUT QUERY "
    "REBIND REPORT SEARCH TRACE UNBIND UNCHECKOUT UNLINK UNLOCK UPDATE UPDATEREDIRECTREF VERSION-CONTROL"
)
_METHODS = _KNOWN.split()
_MAYBE_EMPTY = ("CONTENT_TYPE", "CONTENT_LENGTH")  # PEP 3333: empty means absent


class Kind(NamedTuple):
    """One kind of condition.

    :param check: gives the normal form of a value, or of the name that it is about; raises a ConfigError.
    :param make: makes the predicate, of normal values.
    :param is_of_names: whether it also allows a mapping of names to globs.
    """

    check: Callable[[str], str]
    make: Callable[[Any], Predicate]
    is_of_names: bool = False


def predicate(normal: Any) -> Predicate:
    """Make the function that tests a request.

    :param normal: a condition in its normal form, with functions for all import strings and no references.
    """
    if not isinstance(normal, Mapping):
        return normal  # type: ignore[no-any-return]
    makers = {name: kind.make for name, kind in KINDS.items()} | {"not": _negated, "call": predicate}
    return reduce(_both, (makers[name](value) for name, value in normal.items()))


def _both(one: Predicate, other: Predicate) -> Predicate:
    return lambda environ: one(environ) and other(environ)


def _either(one: Predicate, other: Predicate) -> Predicate:
    return lambda environ: one(environ) or other(environ)


def _negated(normal: object) -> Predicate:
    inner = predicate(normal)
    return lambda environ: not inner(environ)


def _scheme(schemes: tuple[str, ...]) -> Predicate:
    allowed = frozenset(schemes)
    return lambda environ: environ.get("wsgi.url_scheme") in allowed


def _method(methods: tuple[str, ...]) -> Predicate:
    allowed = frozenset(methods)
    return lambda environ: environ.get("REQUEST_METHOD") in allowed


def _path(globs: tuple[str, ...]) -> Predicate:
    match = _any_of(globs)

    def is_meant(environ: Environ) -> bool:
        path: str = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        return match(path if path.isascii() else _decoded(path)) is not None

    return is_meant


def _host(globs: tuple[str, ...]) -> Predicate:
    match = _any_of(globs)

    def is_meant(environ: Environ) -> bool:
        host: str = (environ.get("HTTP_HOST") or environ.get("SERVER_NAME", "")).lower()
        if host.startswith("["):
            host = host[1:].partition("]")[0]
        elif host.count(":") == 1:  # more than one: an IPv6 address in SERVER_NAME
            host = host.partition(":")[0]
        return match(host.removesuffix(".")) is not None

    return is_meant


def _header(asked: Mapping[str, tuple[str, ...]] | tuple[str, ...]) -> Predicate:
    if isinstance(asked, Mapping):
        return _environ({_environ_key(name): globs for name, globs in asked.items()})
    return _environ(tuple(map(_environ_key, asked)))


def _environ(asked: Mapping[str, tuple[str, ...]] | tuple[str, ...]) -> Predicate:
    if isinstance(asked, Mapping):
        return reduce(_both, (_value(key, globs) for key, globs in asked.items()))
    return reduce(_either, map(_presence, asked))


def _environ_key(header: str) -> str:
    key = header.upper().replace("-", "_")
    return key if key in _MAYBE_EMPTY else f"HTTP_{key}"


def _value(key: str, globs: tuple[str, ...]) -> Predicate:
    match, is_there = _any_of(globs), _presence(key)
    return lambda environ: is_there(environ) and match(_decoded(str(environ[key]))) is not None


def _presence(key: str) -> Predicate:
    if key in _MAYBE_EMPTY:
        return lambda environ: bool(environ.get(key))
    return lambda environ: key in environ


def _any_of(globs: tuple[str, ...]) -> Callable[[str], object]:
    return re.compile("|".join(map(translate, globs))).match


def _decoded(text: str) -> str:
    """The text of bytes that WSGI decoded as latin-1."""
    try:
        return text if text.isascii() else text.encode("latin-1").decode()
    except UnicodeError:
        return text


def _check_path(text: str) -> str:
    if text[0] not in "/*?[":
        raise _invalid(text, "a glob of whole paths", f"did you mean '/{text}'?")
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
    "path": Kind(_check_path, _path),
    "header": Kind(_check_header, _header, is_of_names=True),
    "environ": Kind(str, _environ, is_of_names=True),
}
