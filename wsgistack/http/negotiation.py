"""Content negotiation: which coding and which media type to send to a client (RFC 9110 §12.5.1, §12.5.3)."""

import re
import warnings
from collections.abc import Callable, Sequence
from functools import lru_cache

from wsgistack.http import headers as h

__all__ = ["MAX_ACCEPT", "MAX_ACCEPT_ENCODING", "choose_media_type", "coding_chooser"]

MAX_ACCEPT = 1024
"""In characters. Browsers send up to 200. A longer value is ignored: reading it would keep the server busy."""

MAX_ACCEPT_ENCODING = 256
"""In characters. Browsers send up to 30; a client with a longer value gets no coding."""

_GZIP_ALIAS = re.compile(r"x-gzip(?=[ \t]*(?:;|$))")  # RFC 9110 §8.4.1.3
_WORD = r"[!#$%&'+.^_`|~0-9a-z-]+"  # a token without the wildcard
_PARAMETER = rf';[ \t]*({_WORD})=({_WORD}|"(?:[^"\\]|\\.)*")[ \t]*'
_EACH_PARAMETER = re.compile(_PARAMETER)
_MEDIA_RANGE = re.compile(rf"(\*/\*|{_WORD}/(?:\*|{_WORD}))[ \t]*((?:{_PARAMETER})*)")
_QUALITY = re.compile(r"0?\.[0-9]{1,3}|0\.?|1(?:\.0{0,3})?")  # Java sends .2, which is not valid


def coding_chooser(codings: Sequence[str]) -> Callable[[str], str | None]:
    """Return a function that chooses the coding to send from a value of Accept-Encoding.

    It chooses the coding with the highest quality; of equals, the one that ``codings`` lists first. It returns None if
    the client accepts none of them, or prefers a body without a coding. It skips each member that it can't read.

    A client that refuses a body without a coding (``identity;q=0`` or ``*;q=0``) and accepts none of the codings gets
    such a body nevertheless. RFC 9110 §12.4.1 allows this, and a 406 would come after the application did its work.
    A value longer than ``MAX_ACCEPT_ENCODING`` also returns None.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # WebOb imports cgi, which Python 3.11 and 3.12 deprecate
        from webob.acceptparse import AcceptEncodingValidHeader, create_accept_encoding_header  # slow to import

    def read(member: str) -> str:
        """Return a member of Accept-Encoding, or nothing if WebOb can't read it: it would refuse the whole header."""
        member = _GZIP_ALIAS.sub("gzip", member.strip(" \t"))
        return member if isinstance(create_accept_encoding_header(member), AcceptEncodingValidHeader) else ""

    def choose(accept_encoding: str) -> str | None:
        readable = ", ".join(filter(None, map(read, accept_encoding.lower().split(","))))
        header = AcceptEncodingValidHeader(readable)
        offers = header.acceptable_offers(codings)
        if not offers:
            return None
        coding, quality = offers[0]
        qualities = dict(reversed(header.parsed))
        return coding if quality >= qualities.get("identity", qualities.get("*", 0.0)) else None

    cached = lru_cache(maxsize=256)(choose)
    return lambda accept_encoding: cached(accept_encoding) if len(accept_encoding) <= MAX_ACCEPT_ENCODING else None


def choose_media_type(accept: str | None, offers: tuple[str, ...]) -> str | None:
    """Choose the media type to send from a value of Accept.

    It chooses the type with the highest quality; of equals, the one that ``offers`` lists first. It returns None if the
    client accepts none of them. It skips each member that it can't read. Parameters other than ``q`` do not matter, so
    that ``application/json; charset=utf-8`` means JSON; a range without parameters takes precedence over one with them.

    :param accept: None, a value longer than ``MAX_ACCEPT``, and a value without a readable member accept everything.
    :param offers: in the order of the server's preference, in lower case and without parameters.
    """
    return offers[0] if accept is None or len(accept) > MAX_ACCEPT else _choose_media_type(accept, offers)


# Not with WebOb: there, one member that it can't read makes the whole value accept everything, and JSON with a charset
# is not JSON. Its import would also double the start of layers that only refuse requests.
@lru_cache(maxsize=256)
def _choose_media_type(accept: str, offers: tuple[str, ...]) -> str | None:
    members = h.tokens([("accept", accept)], "accept")
    exact: dict[str, str] = {}
    with_parameters: dict[str, str] = {}
    for found in filter(None, map(_MEDIA_RANGE.fullmatch, members)):
        parameters = _EACH_PARAMETER.findall(found[2])
        quality = dict(reversed(parameters)).get("q", "1")
        if _QUALITY.fullmatch(quality):
            ranges = exact if all(name == "q" for name, _ in parameters) else with_parameters
            ranges.setdefault(found[1], quality)
    qualities = {**with_parameters, **exact}
    if members and not qualities:
        return offers[0]

    def find_quality(offer: str) -> float:
        ranges = (offer, f"{offer.partition('/')[0]}/*", "*/*")  # the most specific one counts
        return next((float(qualities[each]) for each in ranges if each in qualities), 0.0)

    best = max(offers, key=find_quality)
    return best if find_quality(best) else None
