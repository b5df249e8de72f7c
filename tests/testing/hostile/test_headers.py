"""The cases about headers do what their names say."""

from typing import Any

import pytest

from tests.testing.hostile.catalogue import of, run_case_of
from wsgistack.testing.hostile import CASES, headers

HEADERS_OF: dict[str, tuple[str, dict[str, str]]] = {
    "answers_head": ("200 OK", {"Content-Length": "4000"}),
    "answers_no_content": ("204 No Content", {}),
    "answers_reset_content": ("205 Reset Content", {"Content-Length": "0"}),
    "answers_not_modified": ("304 Not Modified", {"ETag": '"1"', "Content-Length": "4000"}),
    "answers_a_part": ("206 Partial Content", {"Content-Range": "bytes 0-3999/100000"}),
    "answers_without_a_reason": ("200 ", {}),
    "answers_with_an_odd_reason": ("299 Tr\xe8s bien", {}),
    "answers_without_a_type": ("302 Found", {"Location": "/elsewhere"}),
    "answers_with_a_strong_etag": ("200 OK", {"ETag": '"1"'}),
    "answers_with_a_weak_etag": ("200 OK", {"ETag": 'W/"1"'}),
    "answers_with_vary_of_all": ("200 OK", {"Vary": "*"}),
    "answers_with_latin_1": ("200 OK", {"X-Name": "Ren\xe9e"}),
    "answers_with_an_empty_value": ("200 OK", {"X-Empty": ""}),
    "answers_500": ("500 Internal Server Error", {}),
    "has_an_id_of_its_own": ("200 OK", {"X-Request-ID": "the-application"}),
}


@pytest.mark.parametrize("name", HEADERS_OF)
def test_has_the_status_and_headers_of_its_name(name: str) -> None:
    record = run_case_of(name)
    status, expected = HEADERS_OF[name]
    assert record.status == status
    assert dict(record.headers).items() >= expected.items()


@pytest.mark.parametrize("name", of(headers))
def test_has_a_body_if_http_allows_one(name: str) -> None:
    record = run_case_of(name)
    bodiless = record.method in ("HEAD", "OPTIONS") or record.code in ("204", "205", "302", "304")
    assert (record.body == b"") == bodiless


@pytest.mark.parametrize(
    ("name", "header", "count"),
    [
        ("answers_with_two_cookies", "set-cookie", 2),
        ("answers_with_two_varies", "vary", 2),
        ("answers_with_vary", "vary", 1),
    ],
)
def test_has_the_number_of_headers_of_its_name(name: str, header: str, count: int) -> None:
    assert [name.lower() for name, _ in run_case_of(name).headers].count(header) == count


def test_gives_each_request_a_list_of_its_own() -> None:
    one, other = (run_case_of("answers_with_vary").starts[0].headers for _ in range(2))
    assert one == other
    assert one is not other


def test_sends_the_request_of_its_name() -> None:
    asks: dict[str, tuple[str, Any]] = {
        "answers_not_modified": ("HTTP_IF_NONE_MATCH", 'W/"1"'),
        "answers_a_part": ("HTTP_RANGE", "bytes=0-3999"),
        "answers_to_if_none_match": ("HTTP_IF_NONE_MATCH", 'W/"1", "3"'),
        "answers_options": ("REQUEST_METHOD", "OPTIONS"),
    }
    for name, (key, value) in asks.items():
        assert CASES[name].environ()[key] == value
