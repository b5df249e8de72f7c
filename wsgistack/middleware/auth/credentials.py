"""The user name and the password in an Authorization header, and how such texts are compared (RFC 8265)."""

import re
from binascii import a2b_base64
from unicodedata import is_normalized, normalize

from wsgistack.http.headers import is_field_name

__all__ = [
    "MAX_HEADER",
    "MAX_TEXT",
    "find_problem",
    "has_scheme",
    "parse_credentials",
    "prepare_name",
    "prepare_password",
]

MAX_HEADER = 8192
"""In characters. Most servers accept no longer header, and decoding must take a bounded time."""

MAX_TEXT = 512
"""In bytes, for a name or a password that is not ASCII: the time of NFC grows with the square of the length."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SPACES = re.compile("[\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]")


def has_scheme(authorization: str, scheme: str) -> bool:
    """Whether the value of an Authorization header is for a scheme, even if what follows its name is malformed.

    :param scheme: in lower case.
    """
    end = len(scheme)
    if authorization[:end].lower() != scheme:
        return False
    follows = authorization[end : end + 1]
    return follows == " " or not is_field_name(follows)  # as the name of a header, the name is a token (RFC 9110 §11.1)


def parse_credentials(authorization: str, latin_1: bool = False) -> tuple[str, str] | None:
    """Read the value of an Authorization header with the scheme Basic (RFC 7617 section 2).

    :param latin_1: read as ISO-8859-1 what is not UTF-8.
    :returns: the user name and the password in NFC; None if the header is malformed, is too long, has another scheme,
        or has control characters, which RFC 7617 and RFC 8265 forbid.
    """
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic" or len(encoded) > MAX_HEADER:
        return None
    try:
        raw = a2b_base64(encoded.strip(" "), strict_mode=True)
        decoded = raw.decode()
    except UnicodeDecodeError:
        if not latin_1:
            return None
        decoded = raw.decode("latin-1")
    except ValueError:
        return None
    user, colon, password = decoded.partition(":")
    if not colon:
        return None
    if decoded.isascii():  # most are, and isprintable() is faster than an expression
        return (user, password) if decoded.isprintable() else None
    if _CONTROL.search(decoded) or len(user.encode()) > MAX_TEXT or len(password.encode()) > MAX_TEXT:
        return None
    return prepare_name(user), prepare_password(password)


def prepare_name(name: str) -> str:
    """A user name in the form that is compared: in NFC, with its case (RFC 8265 section 3.4)."""
    return name if name.isascii() or is_normalized("NFC", name) else normalize("NFC", name)


def prepare_password(password: str) -> str:
    """A password in the form that is compared and hashed: in NFC, with ASCII spaces (RFC 8265 section 4.2)."""
    return password if password.isascii() else normalize("NFC", _SPACES.sub(" ", password))


def find_problem(text: str) -> str:
    """What is wrong with a name or a password that no client can send; empty if nothing is."""
    try:
        is_long = len(text.encode()) > MAX_TEXT
    except UnicodeEncodeError:  # bytes of an environment variable or a terminal
        return "is not UTF-8, so that no client can send it"
    if is_long:
        return f"is longer than {MAX_TEXT} bytes"
    return "has a control character, which no client can send" if _CONTROL.search(text) else ""
