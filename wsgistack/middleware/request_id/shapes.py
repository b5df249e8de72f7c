"""What counts as an id, and where in a header it is."""

import re
from collections.abc import Callable, Collection, Mapping

from wsgistack.http.traceparent import read_trace_id

__all__ = ["SHAPES", "STRUCTURED", "Take", "compile_shapes", "is_well_formed"]

Take = Callable[[str], str | None]
"""Takes the id from the value of a header; None if the header has none."""

_HEX = "[0-9A-Fa-f]"
_ANY = "(?=[._~+/=:@-]*[A-Za-z0-9])[A-Za-z0-9._~+/=:@-]+"  # with a letter or digit: - and .. are not ids
_is_well_formed = re.compile(_ANY).fullmatch
SHAPES: Mapping[str, str] = {
    "hex": f"{_HEX}{{32}}",
    "uuid": f"{_HEX}{{8}}(?:-{_HEX}{{4}}){{3}}-{_HEX}{{12}}",
    "ulid": "[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}",
    "ksuid": "[0-9A-Za-z]{27}",
}
"""The forms of ids that have a name."""


def is_well_formed(value: object) -> bool:
    """Whether what a callable has returned can be an id."""
    return isinstance(value, str) and _is_well_formed(value) is not None


def compile_shapes(names: Collection[str], prefix: str, maximum_length: int) -> Callable[[str], object]:
    """Compile a function that is true for an id.

    :param names: from :data:`SHAPES`; without any, each text of the allowed characters is an id.
    :param prefix: what may be in front of an id that has one of these shapes.
    """
    shape = rf"(?:{re.escape(prefix)})?(?:{'|'.join(SHAPES[name] for name in names)})" if names else _ANY
    return re.compile(rf"(?=.{{1,{maximum_length}}}\Z){shape}").fullmatch


def _compile_take(pattern: str) -> Take:
    match = re.compile(pattern).match

    def take(value: str) -> str | None:
        found = match(value)
        return found[1] if found else None

    return take


def _take_root(value: str) -> str:
    return value[1:].partition(".")[0] if value.startswith("|") else value


_TRACE = f"(?!0+-)({_HEX}{{32}}|{_HEX}{{16}})"
STRUCTURED: Mapping[str, Take] = {
    # AWS: fields in any order, such as Self=...;Root=1-67891233-abcdef012345678912345678;Parent=...;Sampled=1
    "x-amzn-trace-id": _compile_take(rf"(?:[^;]*;)*?\s*Root=(1-{_HEX}{{8}}-{_HEX}{{24}})\s*(?:;|\Z)"),
    # Google Cloud: trace/span;o=1
    "x-cloud-trace-context": _compile_take(rf"(?!0{{32}})({_HEX}{{32}})(?:/[0-9]*)?(?:;o=[0-9]*)?\Z"),
    # Azure, .NET: |root.1.da4e9679_ ; or else a flat id
    "request-id": _take_root,
    # W3C Trace Context, both levels
    "traceparent": read_trace_id,
    # Zipkin: trace-span-sampled-parent
    "b3": _compile_take(rf"{_TRACE}-{_HEX}{{16}}(?:-[01d](?:-{_HEX}{{16}})?)?\Z"),
    # Sentry: trace-span-sampled
    "sentry-trace": _compile_take(rf"{_TRACE}-{_HEX}{{16}}(?:-[01])?\Z"),
    # Jaeger: trace:span:parent:flags
    "uber-trace-id": _compile_take(rf"(?!0+:)({_HEX}{{1,32}}):{_HEX}{{1,16}}:{_HEX}{{1,16}}:{_HEX}{{1,2}}\Z"),
}
"""Headers of load balancers and tracers that hold more than an id, by their names in lower case."""
