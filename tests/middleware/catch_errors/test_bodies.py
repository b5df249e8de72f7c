"""Bodies of requests without their secrets."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgistack.http.redaction import REDACTED, Redaction
from wsgistack.middleware.catch_errors.bodies import redact_body

REDACTION = Redaction(["ahv"])
FORM = "application/x-www-form-urlencoded"
JSON = "application/json; charset=utf-8"
BOUND = "multipart/form-data; boundary=xyz"
PARTS = (
    b'--xyz\r\nContent-Disposition: form-data; name="user"\r\n\r\nada\r\n'
    b'--xyz\r\nContent-Disposition: form-data; name="password"\r\n\r\ns3cret\r\n'
    b'--xyz\r\nContent-Disposition: form-data; name="photo"; filename="a.jpg"\r\n\r\ns3cret\r\n'
    b"--xyz\r\n\r\ns3cret\r\n--xyz--\r\n"
)


def redact(media_type: str, body: bytes, **keys: str) -> str | None:
    return redact_body(body, {"CONTENT_TYPE": media_type, **keys}, REDACTION)


@pytest.mark.parametrize(
    ("media_type", "body", "shown"),
    [
        (FORM, b"user=ada&pass%77ord=s3cret", "user=ada&pass%77ord=[redacted]"),
        (JSON, b'{"user": "ada", "password": "s3cret"}', '{"user": "ada", "password": "[redacted]"}'),
        ("application/vnd.a+json", b'[{"ahv_number": 1, "n": [2]}]', '[{"ahv_number": "[redacted]", "n": [2]}]'),
        (JSON, b'{"tokens": {"a": ["s3cret"]}}', '{"tokens": "[redacted]"}'),
        (JSON, b'{"a": 1, "password": "s3cret", "b": 2', '{"a": 1, "password": "[redacted]", "b": 2'),
        (JSON, b'{"a": 1, "pass\\u0077ord": 12345, "b"', '{"a": 1, "pass\\u0077ord": "[redacted]", "b"'),
        (JSON, b'{"a": 1, "password": "s3cr', '{"a": 1, "password": "[redacted]"'),
        (JSON, b'{"a": 1, "secrets": {"x": "s3cret"}, "b": 2,', '{"a": 1, "secrets": "[redacted]"'),
        (JSON, b'{"bad \\x name": 1, "a"', '{"bad \\x name": 1, "a"'),
        (JSON, b'{"password": "\\"password\\": 1", "a"', '{"password": "[redacted]", "a"'),
        (JSON, b"[" * 100_000, "[" * 100_000),
        ("text/plain", b"password=s3cret\nhello", "password=[redacted]\nhello"),
        ("text/plain", b"\xff", "\udcff"),
        ("application/xml", b"<password>s3cret</password>", None),
        ("", b"s3cret", None),
        ("multipart/form-data", PARTS, None),
    ],
)
def test_redacts_by_names(media_type: str, body: bytes, shown: str | None) -> None:
    assert redact(media_type, body) == shown


def test_redacts_parts_of_forms_and_files() -> None:
    shown = redact(BOUND, PARTS)
    assert shown is not None
    assert "s3cret" not in shown
    assert 'name="user"\r\n\r\nada\r\n' in shown
    assert shown.count(REDACTED) == 3
    assert shown.count("--xyz") == PARTS.count(b"--xyz")


def test_shows_no_compressed_body() -> None:
    assert redact(JSON, b"{}", HTTP_CONTENT_ENCODING="gzip") is None
    assert redact(JSON, b"{}", HTTP_CONTENT_ENCODING="Identity") == "{}"


@given(st.dictionaries(st.text(), st.integers() | st.text()), st.integers(0, 200))
def test_no_part_of_a_secret_is_shown_wherever_the_body_ends(more: dict[str, object], end: int) -> None:
    body = json.dumps({"a": 1, "password": "s3cret-s3cret", **more}).encode()[:end]
    assert "s3cre" not in str(redact(JSON, body)) or "s3cre" in json.dumps(more)


def test_shows_no_part_whose_head_and_value_can_not_be_told_apart() -> None:
    body = PARTS.replace(b"\r\n", b"\n")  # Werkzeug reads it
    shown = redact(BOUND, body)
    assert shown is not None
    assert "s3cret" not in shown
    assert 'name="user"\n\nada' in shown
    cut = redact(BOUND, b'--xyz\r\nContent-Disposition: form-data; name="password"\r\ns3cret')
    assert cut is not None
    assert "s3cret" not in cut


@pytest.mark.parametrize("media_type", [JSON, FORM, "text/plain"])
def test_shows_no_body_in_an_encoding_that_hides_names(media_type: str) -> None:
    assert redact(media_type, json.dumps({"password": "s3cret"}).encode("utf-16")) is None
