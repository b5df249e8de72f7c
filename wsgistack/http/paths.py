"""The forms of a request's path that servers and applications treat as equal.

``/admin``, ``//admin``, ``/x/../admin`` and ``/%61dmin`` may all reach the same page. A condition that reads only one
form misses the others, so a guard must consider all of them.
"""

import re
from collections.abc import Callable, Iterable

from wsgistack.errors import ConfigError, Mistake, read_each
from wsgistack.http.forms import Forms, find_forms
from wsgistack.types import Environ

__all__ = [
    "MAX_PATH",
    "check_prefix",
    "compile_exemptions",
    "compile_path_test",
    "compile_prefixes",
    "compile_under",
    "find_path_forms",
    "has_one_beginning",
    "is_ambiguous",
    "is_plain",
    "normal_form",
    "path_forms",
]

MAX_PATH = 2048
"""In characters. A longer path that needs normalization counts as ambiguous, so that its forms cost little."""

_SPECIAL = re.compile(r"[%;\\\x00-\x1f\x7f]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_PARAMETERS = re.compile(r";[^/]*")
_SLASHES = re.compile(r"//+")
_ADDED = ("SCRIPT_NAME", "HTTP_X_VHM_ROOT")
_REMOVED = ("HTTP_X_SCRIPT_NAME", "HTTP_X_FORWARDED_PREFIX")
_OTHER_BEGINNINGS = ("HTTP_X_VHM_ROOT", *_REMOVED)


def path_forms(environ: Environ) -> Forms:
    """Find the forms of a request's path, in the encoding of PEP 3333 (bytes as latin-1).

    PATH_INFO is one path, and SCRIPT_NAME + PATH_INFO is another: some servers take SCRIPT_NAME from a request header,
    so a client may choose where the one begins and the other ends. The header X-Vhm-Root + PATH_INFO is a third one:
    Pyramid's traversal finds its pages there. Many applications behind a proxy remove X-Script-Name or
    X-Forwarded-Prefix from the beginning of PATH_INFO. Their forms are all paths that result from these steps in any
    order and number: percent-decode once more, read a backslash as a slash, remove ``;parameters`` from segments,
    collapse slashes, resolve dot segments (RFC 3986 §5.2.4), add a missing first slash, and drop bytes that are not
    UTF-8, as Bottle does. Upper and lower case remain different, and so do a path with and without a slash at its end;
    :func:`compile_prefixes` ignores that.

    A plain path with none of the four is its own only form, which costs one search with a regular expression.
    """
    path: str = environ.get("PATH_INFO", "")
    forms = find_path_forms(path)
    for key in _ADDED:
        if environ.get(key):
            forms |= find_path_forms(environ[key] + path)
    for key in _REMOVED:
        if environ.get(key):
            forms |= find_path_forms(path.removeprefix(environ[key]))
    return forms


def has_one_beginning(environ: Environ) -> bool:
    """Whether all readers begin the path of a request with PATH_INFO."""
    return not environ.get("SCRIPT_NAME") and environ.keys().isdisjoint(_OTHER_BEGINNINGS)


def compile_path_test(test: Callable[[str], object], *, every: bool) -> Callable[[Environ], bool]:
    """Make a function that tests the path of a request.

    :param every: whether all forms of the path must pass the test, as for what switches a guard off. If false, one is
        enough, as for what switches a guard on.
    """

    def is_meant(environ: Environ) -> bool:
        path: str = environ.get("PATH_INFO", "")
        passes = bool(test(path))
        # The path itself is one of its forms, and may decide alone. A plain one has no others.
        if passes != every or (is_plain(path) and has_one_beginning(environ)):
            return passes
        forms = path_forms(environ)
        return forms.all(test) if every else forms.any(test)

    return is_meant


def compile_under(prefixes: Iterable[str], *, every: bool) -> Callable[[Environ], bool]:
    """Make a function that tests whether the path of a request is under one of the prefixes, by whole segments.

    :param prefixes: in text, such as ``/health``.
    :param every: as for :func:`compile_path_test`.
    """
    return compile_path_test(
        compile_prefixes(prefix.encode().decode("latin-1") for prefix in prefixes).match, every=every
    )


def compile_exemptions(prefixes: Iterable[str], *, key: str) -> Callable[[Environ], bool]:
    """Make a function that tests whether a request is exempt from a layer: all forms of its path are under a prefix.

    :param prefixes: the beginnings of paths, such as ``/health``; without any, no request is exempt.
    :param key: the option that they come from, for mistakes.
    :raises ConfigError: a prefix is not valid.
    """
    checked = read_each(check_prefix, prefixes, key=key)
    return compile_under(checked, every=True) if checked else lambda environ: False


def check_prefix(text: str, *, root_hint: str = "") -> str:
    """Return the beginning of a path without a slash at its end.

    :param root_hint: what to write in the place of ``/``.
    :raises ConfigError: it is not in its normal form, has wildcards, or is ``/``, which would mean all paths.
    """
    literal = re.split(r"[*?]", text)[0]
    likely = normal_form(f"/{literal}".encode("utf-8", "replace").decode("latin-1")) or "/"
    likely = likely.rstrip("/").encode("latin-1").decode()
    expected, hint = "the beginning of a path, without wildcards", f"did you mean {likely!r}?"
    if not likely:
        expected, hint = "the beginning of a path other than /", root_hint
    if not likely or text not in (likely, f"{likely}/"):
        raise ConfigError(Mistake(f"invalid value {text!r}", value=text, expected=expected, hint=hint))
    return likely


def normal_form(path: str) -> str | None:
    """Return the form on which all readers of a path agree in the end.

    None if they don't: ``/x//../admin`` is ``/admin`` for a reader that collapses slashes first, but ``/x/admin`` for
    one that resolves dots first. None also if the path has too many forms, is too long, is not UTF-8, or has a control
    character.
    """
    forms = find_path_forms(path)
    final = [form for form in forms.values if _is_final(form)]
    is_readable = forms.is_complete and all(_drop_invalid_bytes(form) == form for form in forms.values)
    return final[0] if is_readable and len(final) == 1 else None


def is_ambiguous(path: str) -> bool:
    """Whether a path has more than one form, so that not all readers see the same."""
    return not is_plain(path) and normal_form(path) != path


def compile_prefixes(prefixes: Iterable[str]) -> re.Pattern[str]:
    """Make the pattern whose ``match`` finds the longest prefix of a path, by whole segments.

    ``/admin`` and ``/admin/x`` are under ``/admin``, but ``/administrators`` is not. A slash at the end of a prefix
    does not matter. Prefixes and paths must be in the same encoding.
    """
    longest_first = sorted((re.escape(prefix.rstrip("/")) for prefix in prefixes), key=len, reverse=True)
    return re.compile(rf"(?:{'|'.join(longest_first)})(?=/|\Z)")


def find_path_forms(path: str) -> Forms:
    """Find the forms of one path, as :func:`path_forms` does."""
    if is_plain(path):
        return Forms((path,), is_complete=True)
    if len(path) > MAX_PATH:
        return Forms((path,), is_complete=False)
    return find_forms(path, _STEPS, lambda form: not _CONTROL.search(form))


def is_plain(path: str) -> bool:
    """Whether no step can change a path. A few other paths are final too, such as ``/.well-known`` and ``/100%``."""
    is_simple = path[:1] == "/" and "//" not in path and "/." not in path and not _SPECIAL.search(path)
    return is_simple and (path.isascii() or _drop_invalid_bytes(path) == path)


def _is_final(form: str) -> bool:
    return is_plain(form) or all(step(form) == form for step in _STEPS)


def _decode(path: str) -> str:
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), path)


def _read_backslashes(path: str) -> str:
    return path.replace("\\", "/")


def _remove_parameters(path: str) -> str:
    return _PARAMETERS.sub("", path)


def _collapse_slashes(path: str) -> str:
    return _SLASHES.sub("/", path)


def _resolve_dots(path: str) -> str:
    if "/." not in path:
        return path
    kept: list[str] = []
    first, *segments = path.split("/")
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/".join([first, *kept])


def _drop_invalid_bytes(path: str) -> str:
    return path.encode("latin-1", "ignore").decode("utf-8", "ignore").encode().decode("latin-1")


def _add_root(path: str) -> str:
    return path if path.startswith("/") else f"/{path}"


_STEPS = (
    _decode,
    _read_backslashes,
    _remove_parameters,
    _collapse_slashes,
    _resolve_dots,
    _drop_invalid_bytes,
    _add_root,
)
