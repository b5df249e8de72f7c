"""Real servers that differ from PEP 3333, and clients that disconnect: what a middleware must do there.

Each check runs a few cases in one mode of the server. What a middleware breaks on the strict server as well is not
reported again. Two modes have no check here: many cases disconnect between two chunks, and the scenario
``works_without_close`` needs several requests.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from wsgistack.testing.hostile import CASES
from wsgistack.testing.rules import Passage
from wsgistack.testing.rules.rule import read_clause
from wsgistack.testing.server import STRICT, Mode
from wsgistack.testing.trial import BROWSER, Headers, Wrap, find_breaches, run_case
from wsgistack.types import Changes

__all__ = ["MODES", "ModeCheck"]

Check: TypeAlias = Callable[[Passage], Iterator[str]]


@dataclass(frozen=True)
class ModeCheck:
    """What a middleware must do in one mode of the server.

    :param name: the name of the rule.
    :param clause: the text of the rule.
    :param cases: the names of the cases that are run.
    :param allowed: the names of the rules that cannot be kept in this mode.
    :param base: a simpler mode. A case that fails there is not reported again.
    :param writing: the names of cases that call write(). A middleware may hold back what is written, and pass it on
        with the body.
    :param check: yields one line for each breach of what only this mode demands.
    """

    name: str
    clause: str
    mode: Mode
    cases: tuple[str, ...]
    allowed: tuple[str, ...]
    base: Mode
    check: Check
    writing: tuple[str, ...] = ()

    def run(self, wrap: Wrap, headers: Headers, changes: Changes) -> Iterator[str]:
        """Yield one line for each case in which the middleware fails only in this mode."""
        for name in (*self.cases, *self.writing):
            for more in ((), BROWSER):
                sent = (*headers, *more)
                passage = run_case(wrap, CASES[name], changes, sent, self.mode)
                allowed = (*self.allowed, *(_ABOUT_CHUNKS if name in self.writing else ()))
                found = [*self.check(passage), *_find_others(passage, allowed)]
                if found and not _find_others(run_case(wrap, CASES[name], changes, sent, self.base), allowed):
                    yield f"{name}: {found[0]}"
                    break


def _find_others(passage: Passage, allowed: tuple[str, ...]) -> list[str]:
    found = find_breaches(passage)
    return [f"{breach.rule}: {breach.detail}" for breach in found if breach.rule not in allowed]


_ABOUT_CHUNKS = ("holds_no_chunk_back", "keeps_an_untouched_body", "keeps_the_chunks")
MODES: dict[str, ModeCheck] = {}


def check_in(
    mode: Mode, *cases: str, allowed: tuple[str, ...] = (), base: Mode = STRICT, writing: tuple[str, ...] = ()
) -> Callable[[Check], Check]:
    """Register a function as the check of a mode: its docstring is the clause."""

    def register(check: Check) -> Check:
        name = check.__name__
        MODES[name] = ModeCheck(name, read_clause(check), mode, cases, allowed, base, check, writing)
        return check

    return register


@check_in(
    Mode(returns_write=False),
    "gives_one_chunk_in_a_list",
    "gives_a_text_file",
    "gives_empty_chunks_in_between",
    "starts_at_the_first_next",
    "restarts_before_the_first_byte",
    "raises_before_the_start",
    "answers_no_content",
    allowed=("returns_write",),
    writing=("writes_only", "writes_and_gives", "writes_with_a_content_length", "writes_from_a_generator"),
)
def works_without_write(passage: Passage) -> Iterator[str]:
    """Where start_response returns None, as in granian, hypercorn, bjoern and asgiref, an application that does not use
    write() gets the same response as on other servers. One that uses it gets an exception, or its whole body is sent.
    """
    through, outer = passage.through, passage.outer
    events = through.all("write") if through else []
    written = b"".join(each.value for each in events if isinstance(each.value, bytes))
    if written and outer.error is None and not passage.changes.body and not outer.body.startswith(written):
        yield f"{written!r:.60} was written, and the client got {outer.body!r:.60}"


@check_in(
    Mode(exc_info="not_none"),
    "gives_one_chunk_in_a_list",
    "gives_a_text_file",
    "starts_at_the_first_next",
    "writes_and_gives",
    "restarts_before_the_first_byte",
    "starts_with_exc_info_at_once",
    "raises_before_the_start",
    "answers_no_content",
)
def omits_exc_info_without_an_error(passage: Passage) -> Iterator[str]:
    """A middleware passes a third argument to start_response only if there is an exc_info, not None: on some servers
    start_response has two parameters.
    """
    yield from ()


@check_in(
    Mode(exc_info="fails", environ={"uwsgi.version": b"2.0.30"}),
    "raises_before_the_start",
    "raises_after_the_start",
    "raises_at_the_first_next",
    "raises_before_the_first_byte",
    "raises_in_iter",
    "answers_head_and_raises",
    allowed=("starts_once",),
)
def answers_errors_without_exc_info_under_uwsgi(passage: Passage) -> Iterator[str]:
    """Under uWSGI start_response fails if it gets exc_info. A middleware that answers errors calls it without exc_info
    there; the environ has the key uwsgi.version.
    """
    for start in passage.outer.starts:
        if start.raised is not None:
            yield f"start_response was called with exc_info, and raised {start.raised!r}"


@check_in(
    Mode(returns_write=False, reads_start_late=False, environ={"SERVER_SOFTWARE": "Granian"}),
    "gives_one_chunk_in_a_list",
    "gives_an_iterator",
    "gives_empty_chunks_in_between",
    "gives_a_text_file",
    "restarts_before_the_first_byte",
    "answers_no_content",
    "answers_without_a_type",
    "answers_head",
    allowed=("returns_write", "reads_nothing_ahead"),
    base=Mode(returns_write=False),
)
def starts_before_it_returns(passage: Passage) -> Iterator[str]:
    """If the application calls start_response before it returns, the middleware does so, too: granian reads status and
    headers when the middleware returns. A middleware that needs the first chunk for that may take it before it returns;
    the environ has the SERVER_SOFTWARE Granian.
    """
    through = passage.through
    start, returned = (through.first("start"), through.first("return")) if through else (None, None)
    if through and start and returned and start.at < returned.at and passage.outer.accepted is None:
        yield f"the application started {through.status!r}, and the server had read the status before it was passed on"


@check_in(
    Mode(disconnects="upload"),
    "reads_all_of_its_input",
    "reads_a_part_of_its_input",
    "reads_nothing_of_its_input",
    "reads_its_input_line_by_line",
    "reads_its_input_while_it_answers",
    "reads_input_of_unknown_length",
    allowed=("raises_nothing_of_its_own",),
)
def lets_a_broken_upload_fail(passage: Passage) -> Iterator[str]:
    """If the client disconnects during the upload, and wsgi.input raises, the exception reaches the server as it is,
    unless the middleware declares that it answers. The application never gets a part of the body that looks complete.
    """
    outer, abort = passage.outer, passage.outer.first("abort")
    if abort is None or outer.error is abort.value:
        return
    may_answer = passage.changes.errors or passage.changes.answers
    if not (may_answer and outer.is_complete and outer.code >= "300"):
        yield f"wsgi.input raised {abort.value!r}, and the server got {outer.error!r} back"


@check_in(
    Mode(disconnects="write"),
    "writes_only",
    "writes_and_gives",
    "writes_empty_data",
    "writes_with_a_content_length",
    "writes_from_a_generator",
)
def lets_a_broken_write_fail(passage: Passage) -> Iterator[str]:
    """If the client disconnects, and write() raises, the exception reaches the application and the server as it is."""
    abort = passage.outer.first("abort")
    if abort is not None and passage.outer.error is not abort.value:
        yield f"write() raised {abort.value!r}, and the server got {passage.outer.error!r} back"
