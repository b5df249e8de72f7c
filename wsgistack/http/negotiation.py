"""What the client accepts: the choice of a content coding by Accept-Encoding (RFC 9110 §12.5.3)."""

import re
import warnings
from collections.abc import Callable, Sequence
from functools import lru_cache

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # WebOb imports cgi, which Python 3.11 and 3.12 deprecate
    from webob.acceptparse import AcceptEncodingValidHeader, create_accept_encoding_header

__all__ = ["coding_chooser"]

_ALIAS = re.compile(r"x-gzip(?=[ \t]*(?:;|$))")  # RFC 9110 §8.4.1.3
_LONGEST = 256


def coding_chooser(codings: Sequence[str]) -> Callable[[str], str | None]:
    """A function that chooses, for a value of Accept-Encoding, the coding to send.

    It gives the one of the highest quality, the first of the codings among equals; None where the client accepts none
    of them, or prefers the body as it is. A member that can't be read is passed over.

    None also means that a client that refuses the body as it is, by ``identity;q=0`` or ``*;q=0``, and takes no coding
    that there is, gets it nevertheless: RFC 9110 §12.4.1 lets a server disregard what it can't fulfil, and a 406 would
    come after the application has done its work. And it is given for a value that is longer than any client has
    reason for, so that nobody can keep the server busy with reading it.
    """

    def choose(accept_encoding: str) -> str | None:
        readable = ", ".join(filter(None, map(_readable, accept_encoding.lower().split(","))))
        header = AcceptEncodingValidHeader(readable)
        offers = header.acceptable_offers(codings)
        if not offers:
            return None
        coding, quality = offers[0]
        said = dict(reversed(header.parsed))
        return coding if quality >= said.get("identity", said.get("*", 0.0)) else None

    remembered = lru_cache(maxsize=256)(choose)
    return lambda accept_encoding: remembered(accept_encoding) if len(accept_encoding) <= _LONGEST else None


def _readable(member: str) -> str:
    """A member by itself, for WebOb would give up the whole header for one that it can't read."""
    member = _ALIAS.sub("gzip", member.strip(" \t"))
    return member if isinstance(create_accept_encoding_header(member), AcceptEncodingValidHeader) else ""
