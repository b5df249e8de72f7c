"""Broken where the response starts: status, headers, exc_info and write()."""

from typing import Any, cast

from tests.testing.broken.catalogue import broken
from tests.testing.pieces import edit_start, wrap_start
from wsgistack.types import ExcInfo, Factory, Headers, StartResponse

__all__: list[str] = []


# The status and the headers


def added(name: str, value: str) -> Factory:
    return edit_start(lambda status, headers: (status, [*headers, (name, value)]))


def adding_in_place(start: StartResponse, status: str, headers: Headers, *exc_info: Any) -> Any:
    headers.append(("X-Seen", "yes"))
    return start(status, headers, *exc_info)


def with_a_length_twice(status: str, headers: Headers) -> tuple[str, Headers]:
    return status, [*headers, *(item for item in headers if item[0].lower() == "content-length")]


def with_a_length_for_nothing(status: str, headers: Headers) -> tuple[str, Headers]:
    return status, [*headers, ("Content-Length", "0")] if status[:3] == "204" else headers


def by_keyword(start: Any, status: str, headers: Headers, exc_info: Any = None) -> Any:
    return start(status, response_headers=headers, exc_info=exc_info)


broken("changes the reason", edit_start(lambda status, headers: (status + "!", headers)), "keeps_the_status")
broken(
    "breaks the status in two",
    edit_start(lambda status, headers: (f"{status}\r\nX-Injected: yes", headers)),
    "status_is_a_code_and_a_reason",
    "keeps_the_status",
)
broken(
    "makes all statuses interim",
    edit_start(lambda _, headers: ("103 Early Hints", headers)),
    *(
        "status_is_final",
        "keeps_the_status",
        "has_no_body_where_http_has_none",
        "content_length_fits_the_status",
        "headers_are_end_to_end",
    ),
)
broken("adds a header without saying so", added("X-Powered-By", "tea"), "keeps_the_headers")
broken(
    "keeps headers in a dict",
    edit_start(lambda status, headers: (status, [*dict(headers).items()])),
    "keeps_the_headers",
)
broken(
    "writes names of headers in lower case",
    edit_start(lambda status, headers: (status, [(name.lower(), value) for name, value in headers])),
    "keeps_the_headers",
)
broken("adds in place", wrap_start(adding_in_place), "changes_no_headers_in_place", changes=("x-seen",))
broken(
    "passes a tuple of headers",
    edit_start(lambda status, headers: (status, tuple(headers))),
    "headers_are_a_list_of_pairs",
)
broken("closes the connection", added("Connection", "close"), "headers_are_end_to_end", changes=("connection",))
broken(
    "repeats Content-Length",
    edit_start(with_a_length_twice),
    "content_length_is_one_number",
    changes=("content-length",),
)
broken(
    "spells Content-Length in words",
    added("Content-Length", "long"),
    *("content_length_is_one_number", "content_length_fits_the_status"),
    changes=("content-length",),
)
broken(
    "sends an empty Content-Length",
    edit_start(with_a_length_for_nothing),
    "content_length_fits_the_status",
    changes=("content-length",),
)
broken("breaks a header in two", added("X-A", "a\r\nX-B: b"), "header_values_are_one_line", changes=("x-a",))
broken("puts a space into a name", added("X A", "a"), "header_names_are_tokens", changes=("x a",))
broken("starts by keyword", wrap_start(by_keyword), "starts_by_position")


# start_response, exc_info and write()


def without_exc_info(start: StartResponse, status: str, headers: Headers, exc_info: Any = None) -> Any:
    return start(status, headers)


def with_another_exc_info(start: StartResponse, status: str, headers: Headers, exc_info: Any = None) -> Any:
    if not exc_info:
        return start(status, headers)
    error = RuntimeError("something happened")
    return start(status, headers, cast(ExcInfo, (RuntimeError, error, None)))


def swallowing_the_refusal(start: StartResponse, *arguments: Any) -> Any:
    try:
        return start(*arguments)
    except Exception:
        return bool


def raising_another(start: StartResponse, *arguments: Any) -> Any:
    try:
        return start(*arguments)
    except Exception as error:
        raise RuntimeError("too late") from error


def losing_what_is_written(start: StartResponse, *arguments: Any) -> Any:
    start(*arguments)
    return lambda data: None


broken(
    "forgets exc_info",
    wrap_start(without_exc_info),
    *("starts_once", "passes_exc_info_unmodified", "accepts_a_restart_before_the_first_byte"),
)
broken("passes another exc_info", wrap_start(with_another_exc_info), "passes_exc_info_unmodified")
broken(
    "swallows a refusal",
    wrap_start(swallowing_the_refusal),
    "keeps_the_status",
    "refuses_a_restart_after_the_first_byte",
    "does_not_catch_a_refused_restart",
)
broken("raises another error for a refusal", wrap_start(raising_another), "passes_exc_info_unmodified")
broken(
    "has a start_response of two parameters",
    wrap_start(lambda start, status, headers: start(status, headers)),
    *("accepts_a_first_start", "accepts_a_restart_before_the_first_byte", "passes_exc_info_unmodified"),
)
broken("returns no write()", wrap_start(lambda start, *arguments: bool(start(*arguments))), "returns_write")
broken(
    "loses what is written",
    wrap_start(losing_what_is_written),
    "refuses_a_restart_after_the_first_byte",
    "keeps_the_bytes",
    "keeps_the_chunks",
    "holds_no_chunk_back",
    "content_length_is_true",
)
