"""A request as a log or a report may name it."""

from tests.middleware.catch_errors.failing import caught, fail, report_of
from wsgistack.http.redaction import Redaction
from wsgistack.middleware.catch_errors.request import list_headers, name_request


def test_keeps_the_names_of_cookies() -> None:
    given = {"HTTP_COOKIE": "session=s3cret; lang=de", "HTTP_REFERER": "http://a/?token=s3cret", "CONTENT_LENGTH": ""}
    assert list_headers({**given, 5: "x", "HTTP_ODD": 7}, Redaction()) == {  # type: ignore[dict-item]
        "Cookie": "session=[redacted]; lang=[redacted]",
        "Referer": "http://a/?token=[redacted]",
    }


def test_is_short_however_long_the_request_is() -> None:
    many = {f"HTTP_X_{number}": "a" * 5000 for number in range(200)}
    report = report_of(caught(fail), QUERY_STRING="q" * 100_000, **many)
    assert len(report.request_line) < 5000
    assert len(report.headers) == 100
    assert max(map(len, report.headers.values())) < 1100


def test_reads_no_more_of_a_long_request_than_it_shows() -> None:
    read: list[int] = []

    class Counting(Redaction):
        def redact_url(self, url: str) -> str:
            read.append(len(url))
            return super().redact_url(url)

    password = "https://user:s3cret@example.org"
    texts = ["%u" * 10**6, "a" * 1980 + password + "a" * 5000, "a" * 900 + password + "a" * 5000, "token=" * 10**6]
    found = list_headers({f"HTTP_X_{number}": text for number, text in enumerate(texts)}, Counting())
    assert max(read) <= 2000
    assert [text.partition("… ")[2] for text in found.values()] == [f"({len(text)} characters)" for text in texts]
    assert not any("s3cr" in text for text in found.values())
    long = {"PATH_INFO": "/%u" * 10**6, "QUERY_STRING": "a" * 4990 + "&password=s3cret" + "a" * 10**6}
    assert len(name_request(long, Redaction())) < 5000


def test_has_no_control_character_in_the_request_line() -> None:
    report = report_of(caught(fail), REQUEST_METHOD="G\x1bT", QUERY_STRING="a\r\nb", SERVER_PROTOCOL="")
    assert report.request_line == r"G\x1bT /?a\x0d\x0ab"
