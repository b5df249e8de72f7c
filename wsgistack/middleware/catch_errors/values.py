"""Values as text, without running their code, without secrets, and never longer than a limit.

``repr()`` runs code of the application: it may fail, wait for a database or never end. Here only built-in values are
read, by the methods of the built-in types themselves. Of any other object, the names of its type and of its attributes
are shown. So a lazy object, such as a QuerySet of Django, stays as it is.
"""

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from functools import partial
from ipaddress import IPv4Address, IPv6Address
from itertools import islice
from pathlib import PosixPath, PurePosixPath, PureWindowsPath, WindowsPath
from types import (
    BuiltinFunctionType,
    FunctionType,
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)
from typing import Any, ClassVar, cast
from urllib.parse import quote, quote_plus
from uuid import UUID

from wsgistack.errors import class_name
from wsgistack.http.redaction import REDACTED, Redaction, redact_text
from wsgistack.middleware.catch_errors.attributes import mro_of

__all__ = ["MAX_VALUE", "Values", "read_attributes"]

MAX_VALUE = 2000
"""In characters: one value."""

MAX_TEXT = 500
"""In characters: one text in a value."""

MAX_ITEMS = 20
MAX_DEPTH = 4
MAX_BITS = 512
"""A longer int is not written out, because that takes quadratic time."""

MIN_SECRET = 6
"""In characters. A shorter secret is redacted only where it is the whole text, because it may be a part of words."""

MIN_EQUAL = 3
MAX_SECRET = 4096
MAX_SECRETS = 500
"""With more secrets, a search would take too long. Then no text is shown."""


_MARGIN = 200  # in characters: a token, by its form
_name: Callable[[type], str] = type.__dict__["__qualname__"].__get__
_namespace: Callable[[type], dict[str, Any]] = type.__dict__["__dict__"].__get__
_arguments = cast(Any, BaseException.__dict__["args"]).__get__

_PLAIN = (
    *(date, timedelta, timezone, Decimal, UUID, IPv4Address, IPv6Address, range),
    *(PosixPath, WindowsPath, PurePosixPath, PureWindowsPath, re.Pattern, type(...), type(None), bool),
)
"""Types of the standard library whose ``repr()`` runs no code of others."""

_DESCRIPTORS = (GetSetDescriptorType, MemberDescriptorType)
_ZONES = (type(None), timezone)
_BRACKETS = {list: "[]", tuple: "()", set: "{}", frozenset: "{}", deque: "[]"}


_LITERAL = (
    *(str, bytes, int, float, complex, dict, list, tuple, set),
    *(FunctionType, BuiltinFunctionType, MethodType),
)
_NAMED = (type, ModuleType, BaseException, Enum)
"""Their texts name the type already."""


class Values:
    """Shows values, and cuts texts.

    :param redaction: which names carry secrets.
    :param secrets: known secrets, which are redacted wherever they are.
    """

    def __init__(self, redaction: Redaction, secrets: Iterable[str] = ()) -> None:
        known = {each for each in secrets if len(each) >= MIN_EQUAL}
        known |= {form for each in known for form in _find_forms(each)}
        words = sorted((each for each in known if len(each) >= MIN_SECRET), key=len, reverse=True)
        patterns = [re.escape(each[:MAX_SECRET]) + (r"[\s\S]*" if each[MAX_SECRET:] else "") for each in words]
        if len(patterns) > MAX_SECRETS:
            patterns = [r"[\s\S]+"]
        self._is_secret = redaction.is_secret
        self._redact = redaction.redact_message
        self._short = frozenset(known)
        self._hide = partial(re.compile("|".join(patterns) or "(?!)", re.IGNORECASE).sub, REDACTED)
        self._margin = _MARGIN + min(len(words[0]), MAX_SECRET) if words else _MARGIN

    def cut(self, text: str, limit: int, *, is_code: bool = False) -> str:
        """A text without secrets, of at most about ``limit`` characters.

        :param is_code: leave ``password=password`` as it is.
        """
        shown, rest = self._cut(text, limit, is_code=is_code)
        return shown + rest

    def show(self, value: object, name: str = "") -> str:
        """A value, which has a name or none."""
        if name and self._is_secret(name):
            return REDACTED
        shown = self._show(value, 0, ())
        return shown if len(shown) <= MAX_VALUE else f"{shown[:MAX_VALUE]}…"

    def _cut(self, text: str, limit: int, *, is_code: bool = False) -> tuple[str, str]:
        size = str.__len__(text)
        if size <= MAX_SECRET and str.__str__(text) in self._short:
            return REDACTED, ""
        head = str.__getitem__(text, slice(limit + self._margin))
        shown = self._hide(head)
        shown = redact_text(shown) if is_code else self._redact(shown)
        if size > len(head) and shown != REDACTED:
            shown = shown[: -self._margin]  # it may end in the midst of a secret
        is_cut = size > len(head) or len(shown) > limit
        return shown[:limit], f"… ({size} characters)" if is_cut else ""

    def _show(self, value: object, depth: int, outer: tuple[int, ...]) -> str:
        kind = type(value)
        try:
            if kind in _PLAIN:
                return self.cut(repr(value), MAX_TEXT)
            for base in mro_of(kind):
                if base in self._SHOWN:
                    shown = self._SHOWN[base](self, value, depth, outer)
                    return shown if kind in _LITERAL or base in _NAMED else f"{_name(kind)}({shown})"
            return self._show_object(value, depth, outer)
        except Exception:
            return f"<{class_name(kind)}, which can't be shown>"

    def _show_text(self, value: Any, depth: int, outer: tuple[int, ...]) -> str:
        shown, rest = self._cut(value, MAX_TEXT)
        return REDACTED if shown == REDACTED else repr(shown) + rest

    def _show_bytes(self, value: Any, depth: int, outer: tuple[int, ...]) -> str:
        size = len(memoryview(value))
        head = bytes(memoryview(value)[: MAX_TEXT + self._margin]).decode("latin-1")
        shown, rest = self._cut(head, MAX_TEXT)
        if shown == REDACTED:
            return REDACTED
        if size > len(head) and not rest:
            shown = shown[: -self._margin]
        rest = f"… ({size} bytes)" if rest or size > len(head) else ""
        return f"{shown.encode('latin-1')!r}{rest}"

    def _show_int(self, value: Any, depth: int, outer: tuple[int, ...]) -> str:
        bits = int.bit_length(value)
        return int.__repr__(value) if bits <= MAX_BITS else f"<int of {bits} bits>"

    def _show_number(self, value: Any, depth: int, outer: tuple[int, ...]) -> str:
        return complex.__repr__(value) if complex in mro_of(type(value)) else float.__repr__(value)

    def _show_moment(self, value: Any, depth: int, outer: tuple[int, ...]) -> str:
        base = datetime if datetime in mro_of(type(value)) else time
        zone = base.__dict__["tzinfo"].__get__(value)
        return repr(base.__dict__["isoformat"](value if type(zone) in _ZONES else base.replace(value, tzinfo=None)))

    def _show_dict(self, value: Any, depth: int, outer: tuple[int, ...]) -> str:
        if not dict.__len__(value):
            return "{}"
        if depth == MAX_DEPTH or id(value) in outer:
            return "{…}"
        inner = (*outer, id(value))
        items = islice(dict.items(value), MAX_ITEMS)
        return self._join("{}", dict.__len__(value), (self._show_item(*item, depth + 1, inner) for item in items))

    def _show_item(self, key: object, value: object, depth: int, outer: tuple[int, ...]) -> str:
        shown = REDACTED if self._names_secret(key) else self._show(value, depth, outer)
        return f"{self._show(key, depth, outer)}: {shown}"

    def _show_items(self, value: Any, depth: int, outer: tuple[int, ...]) -> str:
        base = next(each for each in mro_of(type(value)) if each in _BRACKETS)
        brackets = _BRACKETS[base]
        size: int = cast(Any, base).__len__(value)
        if not size:
            return {set: "set()", frozenset: ""}.get(base, brackets)
        if depth == MAX_DEPTH or id(value) in outer:
            return "…".join(brackets)
        items = [*islice(cast(Any, base).__iter__(value), MAX_ITEMS)]
        if size == 2 and self._names_secret(items[0]):  # such as a header
            return f"{brackets[0]}{self._show(items[0], depth, outer)}, {REDACTED}{brackets[1]}"
        inner = (*outer, id(value))
        if fields := _read_fields(value):  # a named tuple
            pairs = zip(fields, items, strict=False)
            return self._join(("", ""), size, (self._show_attribute(*each, depth + 1, inner) for each in pairs))
        shown = self._join(brackets, size, self._iterate_items(items, depth + 1, inner))
        return f"{shown[:-1]},)" if base is tuple and size == 1 else shown

    def _iterate_items(self, items: Iterable[object], depth: int, outer: tuple[int, ...]) -> Iterator[str]:
        before: object = None
        for each in items:
            is_secret = type(before) is str and before[:1] == "-" and "=" not in before and self._names_secret(before)
            yield REDACTED if is_secret else self._show(each, depth, outer)  # such as an option and its value
            before = each

    def _show_class(self, value: Any, depth: int, outer: tuple[int, ...]) -> str:
        return f"<class {class_name(value)}>"

    def _show_named(self, value: Any, depth: int, outer: tuple[int, ...]) -> str:
        return f"<{type(value).__name__} {value.__qualname__}>"  # none of these types has a subclass

    def _show_method(self, value: Any, depth: int, outer: tuple[int, ...]) -> str:
        return f"<method {getattr(value.__func__, '__name__', '') if type(value.__func__) is FunctionType else '…'}>"

    def _show_module(self, value: Any, depth: int, outer: tuple[int, ...]) -> str:
        return f"<module {self._show(dict.get(read_attributes(value), '__name__'), depth, outer)}>"

    def _show_error(self, value: Any, depth: int, outer: tuple[int, ...]) -> str:
        return f"{class_name(type(value))}{self._show_items(_arguments(value), depth, outer)}"

    def _show_member(self, value: Any, depth: int, outer: tuple[int, ...]) -> str:
        return f"<{_name(type(value))}.{dict.get(read_attributes(value), '_name_', '…')!s}>"

    def _show_object(self, value: object, depth: int, outer: tuple[int, ...]) -> str:
        kind = class_name(type(value))
        attributes = read_attributes(value)
        if not attributes or depth >= MAX_DEPTH - 1 or id(value) in outer:
            return f"<{kind} object>"
        inner = (*outer, id(value))
        items = [*islice(dict.items(attributes), MAX_ITEMS)]
        shown = (self._show_attribute(str(name), each, depth + 1, inner) for name, each in items)
        return self._join((f"<{kind} ", ">"), len(attributes), shown)

    def _show_attribute(self, name: str, value: object, depth: int, outer: tuple[int, ...]) -> str:
        return f"{name}={REDACTED if self._is_secret(name) else self._show(value, depth, outer)}"

    def _names_secret(self, key: object) -> bool:
        if type(key) is bytes:
            key = key[:MAX_TEXT].decode("latin-1")
        return type(key) is str and self._is_secret(key[:MAX_TEXT])

    def _join(self, brackets: Any, size: int, shown: Iterator[str]) -> str:
        """Join items until the limit of a value."""
        first, last = brackets
        parts: list[str] = []
        room = MAX_VALUE
        for each in shown:
            parts.append(each)
            room -= len(each)
            if room < 0:
                break
        if len(parts) < size:
            parts.append(f"… ({size} items)")
        return f"{first}{', '.join(parts)}{last}"

    _SHOWN: ClassVar[dict[type, Callable[["Values", Any, int, tuple[int, ...]], str]]] = {
        str: _show_text,
        **dict.fromkeys((bytes, bytearray), _show_bytes),
        int: _show_int,
        **dict.fromkeys((float, complex), _show_number),
        **dict.fromkeys((datetime, time), _show_moment),
        dict: _show_dict,
        **dict.fromkeys(_BRACKETS, _show_items),
        type: _show_class,
        **dict.fromkeys((FunctionType, BuiltinFunctionType), _show_named),
        MethodType: _show_method,
        ModuleType: _show_module,
        BaseException: _show_error,
        Enum: _show_member,
    }


def _find_forms(secret: str) -> Iterator[str]:
    """The other forms in which a secret appears: in bytes, in a WSGI environ, in a repr and in a URL."""
    data = secret.encode("utf-8", "surrogatepass")
    yield data.decode("latin-1")
    for shown in (repr(secret)[1:-1], ascii(secret)[1:-1], repr(data)[2:-1]):
        yield from (shown, shown.replace("'", "\\'"))
    yield from (quote(data, safe=""), quote_plus(data))


def _read_fields(value: object) -> tuple[str, ...]:
    """The names of the items of a named tuple; empty for others."""
    for kind in mro_of(type(value)):
        fields = _namespace(kind).get("_fields")
        if type(fields) is tuple and all(type(each) is str for each in fields):
            return fields
    return ()


def read_attributes(value: object) -> dict[str, object]:
    """The ``__dict__`` of an object, without running its code; empty if it has none."""
    for kind in mro_of(type(value)):
        found = _namespace(kind).get("__dict__")
        if found is not None:
            attributes = found.__get__(value) if type(found) in _DESCRIPTORS else {}
            return attributes if isinstance(attributes, dict) else {}
    return {}
