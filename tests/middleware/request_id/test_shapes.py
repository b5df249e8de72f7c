"""What counts as an id, and where in a header it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgistack.middleware.request_id.shapes import SHAPES, STRUCTURED, compile_shapes, is_well_formed

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"
ROOT = "1-67891233-abcdef012345678912345678"
UUID = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"


@pytest.mark.parametrize(
    ("shape", "text"),
    [
        ("hex", TRACE),
        ("hex", TRACE.upper()),
        ("uuid", UUID),
        ("uuid", UUID.upper()),
        ("ulid", "01ARZ3NDEKTSV4RRFFQ69G5FAV"),
        ("ksuid", "0ujtsYcgvSTl8PAuAdqWYSMnLOv"),
    ],
)
def test_knows_the_shapes(shape: str, text: str) -> None:
    assert compile_shapes([shape], "", 128)(text)
    assert compile_shapes([*SHAPES], "", 128)(text)
    assert compile_shapes([shape], "req-", 128)(f"req-{text}")
    for wrong in (text[1:], f"{text}0", f"{text}\n", f"req-{text}", f"-{text[1:]}", ""):
        assert not compile_shapes([shape], "", 128)(wrong), wrong
    assert not compile_shapes([shape], "", len(text) - 1)(text)


@pytest.mark.parametrize("text", ["a", "-0", "..a", "=/+Q==", "1-2", "a:b@c~d"])
def test_an_id_has_a_letter_or_a_digit(text: str) -> None:
    assert is_well_formed(text)
    assert compile_shapes([], "", len(text))(text)
    assert not compile_shapes([], "", len(text) - 1 or 1)(f"{text}{text}")


@pytest.mark.parametrize("text", ["", "-", ".", "..", "---", "=", "a b", "a\n", "\xe4", "a,b", "a;b"])
def test_what_is_not_an_id(text: str) -> None:
    assert not is_well_formed(text)
    assert not compile_shapes([], "", 128)(text)


@pytest.mark.parametrize(
    ("header", "value", "expected"),
    [
        ("x-amzn-trace-id", f"Root={ROOT}", ROOT),
        ("x-amzn-trace-id", f"Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=1", ROOT),
        ("x-amzn-trace-id", f"Self=1-67891234-12456789abcdef0123456789; Root={ROOT} ;CalledFrom=app", ROOT),
        ("x-amzn-trace-id", "Self=1-67891234-12456789abcdef0123456789", None),
        ("x-amzn-trace-id", f"NotRoot={ROOT}", None),
        ("x-amzn-trace-id", f"Root={ROOT}0", None),
        ("x-amzn-trace-id", f"Root={ROOT},Root={ROOT}", None),
        ("x-cloud-trace-context", f"{TRACE}/1;o=1", TRACE),
        ("x-cloud-trace-context", f"{TRACE};o=", TRACE),
        ("x-cloud-trace-context", TRACE, TRACE),
        ("x-cloud-trace-context", f"{'0' * 32}/1;o=1", None),
        ("x-cloud-trace-context", f"{TRACE}/1;o=1\n", None),
        ("request-id", f"|{TRACE}.1.da4e9679_", TRACE),
        ("request-id", f"|{TRACE}.", TRACE),
        ("request-id", "flat.id", "flat.id"),
        ("traceparent", f"00-{TRACE}-{SPAN}-01", TRACE),
        ("traceparent", f"00-{TRACE}-{SPAN}-03", TRACE),
        ("traceparent", f"ff-{TRACE}-{SPAN}-01", None),
        ("b3", f"{TRACE}-{SPAN}-1-{SPAN}", TRACE),
        ("b3", f"{TRACE[:16]}-{SPAN}-d", TRACE[:16]),
        ("b3", f"{TRACE}-{SPAN}", TRACE),
        ("b3", f"{'0' * 16}-{SPAN}-1", None),
        ("b3", "0", None),
        ("sentry-trace", f"{TRACE}-{SPAN}-0", TRACE),
        ("sentry-trace", f"{TRACE}-{SPAN}", TRACE),
        ("sentry-trace", TRACE, None),
        ("uber-trace-id", f"{TRACE}:{SPAN}:0:1", TRACE),
        ("uber-trace-id", f"0:{SPAN}:0:1", None),
    ],
)
def test_takes_the_id_from_what_holds_more(header: str, value: str, expected: str | None) -> None:
    assert STRUCTURED[header](value) == expected


@pytest.mark.parametrize("header", STRUCTURED)
@given(value=st.text(st.characters(max_codepoint=255)) | st.text("Root=-;|:01af/"))
def test_reads_anything(header: str, value: str) -> None:
    found = STRUCTURED[header](value)
    assert found is None or found in value
