"""What a response must be: each rule is broken by a response that breaks only this one."""

import pytest

from tests.testing.applications import TEXT, failing, find_broken_rules, make_app, make_lazy_app
from wsgistack.testing import Server, make_environ
from wsgistack.testing.rules import APPLICATION
from wsgistack.testing.rules.response import is_bodiless
from wsgistack.types import App


class Headers(list[tuple[str, str]]):
    pass


class Text(str):
    __slots__ = ()


def with_header(name: str, value: str) -> App:
    return make_app(headers=[*TEXT, (name, value)])


def of_length(*lengths: str, status: str = "200 OK", body: tuple[bytes, ...] = (b"ok",)) -> App:
    return make_app(status, [*TEXT, *(("Content-Length", length) for length in lengths)], body)


STATUSES = {
    "no reason, nor its space": "200",
    "two digits": "20 OK",
    "a leading zero": "099 OK",
    "digits of another script": "2\u0660\u0660 OK",
    "a line break": "200 OK\r\nX-A: b",
    "a line break at its end": "200 OK\n",
    "a tab": "200 O\tK",
    "two spaces": "200  OK",
    "a space at its end": "200 OK ",
    "a space before": " 200 OK",
    "beyond latin-1": "200 Жар",
}
BROKEN = [
    *(pytest.param(make_app(status), "status_is_a_code_and_a_reason", id=name) for name, status in STATUSES.items()),
    pytest.param(make_app(200), "status_is_a_code_and_a_reason", id="a number for a status"),
    pytest.param(make_app(b"200 OK"), "status_is_a_code_and_a_reason", id="bytes for a status"),
    pytest.param(make_app(Text("200 OK")), "status_is_a_code_and_a_reason", id="a subclass of str for a status"),
    pytest.param(make_app("101 Switching Protocols", [], []), "status_is_final", id="an interim status"),
    pytest.param(make_app(headers=tuple(TEXT)), "headers_are_a_list_of_pairs", id="a tuple of headers"),
    pytest.param(make_app(headers=Headers(TEXT)), "headers_are_a_list_of_pairs", id="a subclass of list"),
    pytest.param(make_app(headers=dict(TEXT)), "headers_are_a_list_of_pairs", id="a dict of headers"),
    pytest.param(make_app(headers=[["X-A", "a"]]), "headers_are_a_list_of_pairs", id="a list for a pair"),
    pytest.param(make_app(headers=[("X-A", "a", "b")]), "headers_are_a_list_of_pairs", id="three for a pair"),
    pytest.param(make_app(headers=[("X-A", 1)]), "headers_are_a_list_of_pairs", id="a number for a value"),
    pytest.param(make_app(headers=[(b"X-A", "a")]), "headers_are_a_list_of_pairs", id="bytes for a name"),
    pytest.param(make_app(headers=[("X-A", Text("a"))]), "headers_are_a_list_of_pairs", id="a subclass of str"),
    *(
        pytest.param(with_header(name, "a"), "header_names_are_tokens", id=f"the name {name!r}")
        for name in ("X A", "X-A:", "", "X-A\n", "X-Ä", "Status", "X(A)")
    ),
    *(
        pytest.param(with_header("X-A", value), "header_values_are_one_line", id=f"the value {value!a}")
        for value in ("a\r\nX-B: b", "a\n", "a\x00", "a\tb", "a\x7f", "Ж")
    ),
    *(
        pytest.param(with_header(name, "a"), "headers_are_end_to_end", id=f"the header {name}")
        for name in ("Connection", "keep-alive", "Transfer-Encoding", "TE", "Trailers", "UPGRADE", "Proxy-Authenticate")
    ),
    pytest.param(of_length("2", "2"), "content_length_is_one_number", id="two lengths"),
    *(
        pytest.param(of_length(length), "content_length_is_one_number", id=f"the length {ascii(length)[:9]}")
        for length in ("2, 2", "two", "", "-2", "+2", "2.0", "\xb2", "2" * 5000)
    ),
    pytest.param(of_length("1"), "content_length_is_true", id="a length that is too small"),
    pytest.param(of_length("3"), "content_length_is_true", id="a length that is too large"),
    pytest.param(of_length("0", status="204 Gone", body=()), "content_length_fits_the_status", id="204 with a length"),
    pytest.param(make_app("204 No Content"), "has_no_body_where_http_has_none", id="204 with a body"),
    pytest.param(make_app("205 Reset Content"), "has_no_body_where_http_has_none", id="205 with a body"),
    pytest.param(make_app("304 Not Modified"), "has_no_body_where_http_has_none", id="304 with a body"),
]


@pytest.mark.parametrize(("app", "rule"), BROKEN)
def test_finds_the_one_rule_that_is_broken(app: App, rule: str) -> None:
    assert find_broken_rules(Server().run(app, make_environ()), APPLICATION) == {rule}


def test_finds_a_body_in_the_answer_to_head() -> None:
    record = Server().run(make_app(), make_environ("HEAD"))
    assert find_broken_rules(record, APPLICATION) == {"has_no_body_where_http_has_none"}
    assert is_bodiless(record)


@pytest.mark.parametrize(
    "app",
    [
        pytest.param(make_app("200 "), id="an empty reason"),
        pytest.param(make_app("299 Très bien"), id="a reason in latin-1"),
        pytest.param(make_app("200 x"), id="a reason of one letter"),
        pytest.param(with_header("X-A", ""), id="an empty value"),
        pytest.param(with_header("X-A", "caf\xe9 \x80"), id="a value in latin-1"),
        pytest.param(with_header("!#$%&'*+-.^_`|~", "a"), id="an odd name"),
        pytest.param(of_length(" 2 "), id="spaces around a length"),
        pytest.param(of_length("0002"), id="zeros before a length"),
        pytest.param(
            of_length("2000", status="304 Not Modified", body=()), id="304 with the length of what is not sent"
        ),
        pytest.param(of_length("0", status="205 Reset Content", body=()), id="205 of length 0"),
        pytest.param(make_app("204 No Content", [], [b""]), id="204 with an empty chunk"),
        pytest.param(
            make_lazy_app(lambda start: start("200 OK", [("Content-Length", "9")]), b"2", failing),
            id="an error half way",
        ),
    ],
)
def test_reports_nothing_about_a_legal_response(app: App) -> None:
    assert find_broken_rules(Server().run(app, make_environ()), APPLICATION) == set()


def test_a_body_that_the_client_did_not_take_need_not_be_whole() -> None:
    app = of_length("4", body=(b"ab", b"cd"))
    assert find_broken_rules(Server().run(app, make_environ(), take=1), APPLICATION) == set()
    too_long = of_length("1", body=(b"ab", b"cd"))
    assert find_broken_rules(Server().run(too_long, make_environ(), take=1), APPLICATION) == {"content_length_is_true"}


def test_headers_are_judged_as_they_were_at_the_start() -> None:
    headers = [*TEXT]
    app = make_lazy_app(
        lambda start: start("200 OK", headers), b"ok", lambda start: headers.append(("Connection", "close"))
    )
    assert find_broken_rules(Server().run(app, make_environ()), APPLICATION) == set()
