"""The record that reporters get."""

import json
import time

from tests.middleware.catch_errors.failing import caught, fail, report_of


def test_is_made_of_plain_values() -> None:
    before = time.time()
    report = report_of(
        caught(fail),
        SCRIPT_NAME="/shop",
        QUERY_STRING="q=1",
        HTTP_TRACEPARENT="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        HTTP_ACCEPT="text/html",
        CONTENT_TYPE="text/plain",
        **{"wsgistack.request_id": "r-1"},
    )
    assert json.loads(json.dumps(report._asdict())) == report._asdict()
    assert before <= report.time <= time.time()
    assert (report.exception, report.message) == ("ValueError", "no")
    assert report.origin.startswith("fail in tests.middleware.catch_errors.failing, line ")
    assert report.request_line == "GET /shop/?q=1 HTTP/1.0"
    headers = {name: value for name, value in report.headers.items() if name != "Traceparent"}
    assert headers == {"Host": "127.0.0.1", "Accept": "text/html", "Content-Type": "text/plain"}
    assert (report.request_id, report.trace_id) == ("r-1", "0af7651916cd43dd8448eb211c80319c")
    assert report.traceback.endswith('    raise ValueError("no")\nValueError: no')
    assert report.suppressed == 0


def test_has_no_secret_of_the_request() -> None:
    def log_in() -> None:
        raise RuntimeError("ada:lovelace can't log in with password=other\nRetry with hunter-2")

    report = report_of(
        caught(log_in),
        PATH_INFO="/reset/s3cret-path",
        QUERY_STRING="token=hunter-2&a=1",
        HTTP_AUTHORIZATION="Basic YWRhOmxvdmVsYWNl",
        HTTP_REFERER="https://user:pw@example.org/?token=hunter-2",
    )
    text = json.dumps(report._asdict())
    for secret in ("s3cret-path", "hunter-2", "lovelace", "YWRh", "password=other", "user:pw"):
        # the line of code above has them as well, and is no secret of the request
        assert secret not in text.replace("in with password=other\\\\nRetry", ""), secret
    assert report.message == "ada:[redacted] can't log in with password=[redacted]\nRetry with [redacted]"
