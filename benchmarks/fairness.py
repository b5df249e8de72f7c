"""Breaches that are not counted: the peer documents them, or the rule cannot judge these cases."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import NamedTuple

__all__ = ["Doubt", "doubts"]

_BUFFERS = "its documentation says that responses are buffered"
_NOT_SENT = "no byte of the body was sent yet, so the response may still change"
_UNREAD = "it calls the application when the response is read, and in these cases it is not read"
_FAILS_ALONE = "requests do not mix; each of these responses fails alone, as raises_nothing_of_its_own shows"
_AHEAD = (
    "the response ends early in these cases, or answers HEAD; reads_nothing_ahead counts chunks that were read before"
)


class Doubt(NamedTuple):
    """A rule that is not counted in some cases.

    :param cases: patterns for the names of these cases.
    """

    rule: str
    reason: str
    cases: tuple[str, ...] = ("*",)


_STARTED = ("answers_head_*", "raises_[!w]*", "raises_a_false_error", "restarts_*", "writes_*")

_IS_A_LINT = "a lint raises for everything that it considers wrong; this one rejects a response without a Content-Type"

_DOUBTS: dict[str, tuple[Doubt, ...]] = {
    "wsgistack Lint": (
        Doubt("works_without_write", "it reports the server, which has no write() in this mode, as it must"),
    ),
    "Paste gzipper": (
        Doubt("refuses_a_restart_after_the_first_byte", _NOT_SENT),
        Doubt("can_be_reentered", _FAILS_ALONE),
        Doubt("keeps_streams_apart", _FAILS_ALONE),
        Doubt("keeps_threads_apart", _FAILS_ALONE),
    ),
    "Paste ErrorMiddleware": (
        Doubt(
            "passes_exceptions",
            "its documentation says that errors are always caught once the response has started",
            _STARTED,
        ),
    ),
    "Paste RegistryManager, streaming": (Doubt("calls_the_application_once", _UNREAD),),
    "Paste lint": (Doubt("accepts_a_first_start", _IS_A_LINT),),
    "Werkzeug ProfilerMiddleware": (
        Doubt("holds_no_chunk_back", _BUFFERS),
        Doubt("reads_nothing_ahead", _BUFFERS),
        Doubt("refuses_a_restart_after_the_first_byte", _NOT_SENT),
    ),
    "Werkzeug DebuggedApplication": (Doubt("calls_the_application_once", _UNREAD),),
    "Werkzeug LintMiddleware": (
        Doubt("keeps_the_bytes", "it gives the application its own file wrapper, which the kit cannot read"),
    ),
    "repoze.who PluggableAuthenticationMiddleware": (
        Doubt("keeps_the_chunks", _AHEAD, ("starts_late_and_is_never_read",)),
        Doubt(
            "passes_exc_info_unmodified",
            "of two restarts before the first byte, only the last one counts",
            ("restarts_twice",),
        ),
    ),
    "wsgiref validate.validator": (Doubt("accepts_a_first_start", _IS_A_LINT),),
    "WebOb wsgify.middleware": (Doubt("keeps_the_chunks", _AHEAD),),
}


def doubts(title: str, rule: str, case: str) -> Iterator[str]:
    """Yield the reasons not to count a breach of a rule in a case."""
    name = case.removesuffix("-by_a_browser")
    for doubt in _DOUBTS.get(title, ()):
        if doubt.rule == rule and any(fnmatchcase(name, pattern) for pattern in doubt.cases):
            yield doubt.reason
