"""Tokens and keys that do not change, stored as digests."""

import re
from collections.abc import Mapping
from hashlib import sha256

from wsgistack.errors import Mistake, Mistakes, Where, check_mappings
from wsgistack.middleware.auth.scheme import Identity

__all__ = ["MAX_TOKEN", "Tokens", "is_scope"]

MAX_TOKEN = 8192
"""In characters: no longer token is hashed or parsed."""

_NOTHING = frozenset(sha256(text).digest() for text in (b"", b"\n"))
_DIGEST = re.compile(r"[0-9A-Fa-f]{64}")
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")  # RFC 6749 §3.3
_EXPECTED = "the SHA-256 digest of the token in 64 hexadecimal digits, and scopes after it"
_HINT = "print the digest with: printf %s TOKEN | sha256sum"


def is_scope(text: str) -> bool:
    """Whether a text can be a scope."""
    return _SCOPE.fullmatch(text) is not None


class Tokens:
    """Who has which token. Only digests are kept, so that nobody can read a token from a file or a memory dump.

    A plain SHA-256 is enough for a long random token, which nobody can guess, and fast. It is not for passwords.

    :param owners: a mapping of names to digests. After a digest, the scopes of the token may follow; without any,
        scopes do not limit it.
    :param scheme: the scheme that the tokens belong to.
    :param key: the option that holds the mapping.
    :raises ConfigError: a digest or a scope is not valid, or two names have the same token.
    """

    __slots__ = ("_identities",)

    def __init__(self, owners: Mapping[str, str], *, scheme: str, key: str) -> None:
        check_mappings(**{key: owners})
        mistakes = Mistakes()
        self._identities: dict[bytes, Identity] = {}
        for number, (name, written) in enumerate(owners.items(), 1):
            where = Where(line=number)  # the item, whose line the loader knows
            hexadecimal, *scopes = written.split() or [""]
            digest = bytes.fromhex(hexadecimal) if _DIGEST.fullmatch(hexadecimal) else b""
            if not name or not digest:
                # a token itself may be there in place of its digest, so it is not shown
                problem = f"the token of {name!r} is not stored as a digest"
                mistakes.append(Mistake(problem, key=key, expected=_EXPECTED, hint=_HINT, where=where))
            elif digest in _NOTHING:  # a variable of a shell that was not set
                problem = f"the token of {name!r} is empty"
                mistakes.append(Mistake(problem, key=key, expected="a long random token", where=where))
            elif not all(map(is_scope, scopes)):
                problem = f"a scope of {name!r} is not valid"
                mistakes.append(Mistake(problem, key=key, expected="ASCII without quotes and backslashes", where=where))
            elif digest in self._identities:
                problem = f"{name!r} has the same token as {self._identities[digest].user!r}"
                mistakes.append(Mistake(problem, key=key, expected="a token of its own for each name", where=where))
            else:
                self._identities[digest] = Identity(name, scheme, scopes=frozenset(scopes) if scopes else None)
        mistakes.raise_if_any()

    def find(self, token: str) -> Identity | None:
        """Find whose token it is."""
        digest = sha256(token.encode("latin-1", "replace")).digest()
        return self._identities.get(digest)  # a client can't choose digests, so the time of this reveals nothing
