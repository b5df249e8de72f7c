"""What is read from an Authorization header."""

from base64 import b64encode
from unicodedata import is_normalized, normalize

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.middleware.auth.authorization_headers import HEADERS
from wsgistack.middleware.auth.credentials import (
    MAX_HEADER,
    MAX_TEXT,
    find_problem,
    parse_credentials,
    prepare_name,
    prepare_password,
)


def encode(raw: bytes) -> str:
    return f"Basic {b64encode(raw).decode()}"


def test_the_corpus_is_large() -> None:
    assert len(HEADERS) >= 100


@pytest.mark.parametrize(
    ("raw", "credentials"),
    [
        (b"ann:secret", ("ann", "secret")),
        (b"ann:a:b:", ("ann", "a:b:")),
        (b":", ("", "")),
        ("änn:pä".encode(), ("änn", "pä")),
        (normalize("NFD", "änn:pä").encode(), ("änn", "pä")),
        ("ann:a\xa0b\u3000c\u2009d".encode(), ("ann", "a b c d")),
        ("a\xa0b:c".encode(), ("a\xa0b", "c")),
        ("猫:🐈".encode(), ("猫", "🐈")),
        ("ann:" + "é" * (MAX_TEXT // 2), ("ann", "é" * (MAX_TEXT // 2))),
        ("ann:é" + "é" * (MAX_TEXT // 2), None),
        ("é" * (MAX_TEXT // 2) + "x:é", None),
        (b"ann:" + b"x" * 6000, ("ann", "x" * 6000)),  # a token in the place of a password
        (b"ann:" + b"x" * MAX_HEADER, None),
    ],
)
def test_reads_names_and_passwords(raw: bytes | str, credentials: tuple[str, str] | None) -> None:
    assert parse_credentials(encode(raw if isinstance(raw, bytes) else raw.encode())) == credentials


def test_reads_latin_1_by_option_alone() -> None:
    header = encode("änn:pä".encode("latin-1"))
    assert parse_credentials(header) is None
    assert parse_credentials(header, latin_1=True) == ("änn", "pä")
    assert parse_credentials(encode("änn:pä".encode()), latin_1=True) == ("änn", "pä")
    assert parse_credentials(encode(b"\xe4nn:\x85"), latin_1=True) is None  # a control character


_TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=40)


@given(user=_TEXT.filter(lambda text: ":" not in text), password=_TEXT, latin_1=st.booleans())
@example(user="a", password="\u1fef", latin_1=False)  # NFC makes it ASCII
def test_reads_what_clients_may_send(user: str, password: str, latin_1: bool) -> None:
    found = parse_credentials(encode(f"{user}:{password}".encode()), latin_1=latin_1)
    assert found == (prepare_name(user), prepare_password(password))
    assert all(is_normalized("NFC", text) for text in found)


@given(authorization=st.text(st.characters(max_codepoint=255)), latin_1=st.booleans())
def test_reads_any_header(authorization: str, latin_1: bool) -> None:
    for text in (authorization, f"Basic {authorization}"):
        found = parse_credentials(text, latin_1=latin_1)
        assert found is None or not any(map(find_problem, found))


@given(raw=st.binary(max_size=80) | st.binary(max_size=40).map(b"ann:".__add__), latin_1=st.booleans())
def test_reads_any_bytes(raw: bytes, latin_1: bool) -> None:
    found = parse_credentials(encode(raw), latin_1=latin_1)
    assert found is None or (":" not in found[0] and not any(map(find_problem, found)))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("secret", ""),
        ("pä ß", ""),
        ("x" * 512, ""),
        ("x" * 513, "is longer than 512 bytes"),
        ("é" * 257, "is longer than 512 bytes"),
        ("a\nb", "has a control character, which no client can send"),
        ("a\x85", "has a control character, which no client can send"),
        ("\udcff", "is not UTF-8, so that no client can send it"),
    ],
)
def test_says_what_no_client_can_send(text: str, problem: str) -> None:
    assert find_problem(text) == problem
