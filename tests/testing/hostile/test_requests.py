"""The cases about requests do what their names say."""

import pytest

from tests.testing.hostile.catalogue import run_case_of
from wsgistack.testing.hostile import CASES
from wsgistack.testing.hostile.requests import SENT


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("reads_all_of_its_input", SENT),
        ("reads_a_part_of_its_input", SENT[:4]),
        ("reads_nothing_of_its_input", b"no"),
        ("reads_its_input_line_by_line", SENT.replace(b"\n", b"\n|")),
        ("reads_input_of_unknown_length", SENT),
        ("reads_its_input_while_it_answers", SENT[: len(SENT) // 4 * 4]),
        ("gets_binary_data", b"\x00\xff" * 50),
        ("moves_its_path", b"moved"),
        ("empties_its_environ", b"nothing left"),
        ("writes_to_wsgi_errors", b"but it works"),
    ],
)
def test_answers_with_what_it_read(name: str, body: bytes) -> None:
    assert run_case_of(name).body == body


def test_changes_its_environ() -> None:
    moved, emptied = run_case_of("moves_its_path").environ, run_case_of("empties_its_environ").environ
    assert (moved["SCRIPT_NAME"], moved["PATH_INFO"]) == ("/", "")
    assert emptied == {}


def test_writes_to_wsgi_errors() -> None:
    assert run_case_of("writes_to_wsgi_errors").environ["wsgi.errors"].getvalue() == "something is odd\n"


def test_sends_unusual_requests() -> None:
    path = CASES["gets_an_odd_path"].environ()
    assert path["PATH_INFO"] == "/caf\xc3\xa9/\xff//..;a=b/ "
    assert path["QUERY_STRING"] == "q=%22%0D%0A&x=%zz"
    unknown = CASES["reads_input_of_unknown_length"].environ()
    assert "CONTENT_LENGTH" not in unknown
    assert unknown["wsgi.input_terminated"] is True
    odd = CASES["gets_odd_headers"].environ()
    assert odd["HTTP_USER_AGENT"] == 'x" \\ \x1b[31m'
