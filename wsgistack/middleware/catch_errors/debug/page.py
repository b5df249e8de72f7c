"""The debug page: one HTML document without any external resource."""

from collections.abc import Iterable
from functools import cache
from itertools import groupby
from pathlib import Path

from wsgistack.middleware.catch_errors.debug.failure import Failure
from wsgistack.middleware.catch_errors.debug.highlighting import Piece, highlight, split_pieces
from wsgistack.middleware.catch_errors.debug.layers import Stage
from wsgistack.middleware.catch_errors.debug.logs import Entry
from wsgistack.middleware.catch_errors.debug.markup import Html, fill, join
from wsgistack.middleware.catch_errors.debug.request import Pairs
from wsgistack.middleware.catch_errors.debug.text import write_markdown, write_text
from wsgistack.middleware.catch_errors.frames import Frame, Raised
from wsgistack.middleware.catch_errors.source import Line

__all__ = ["write_page"]

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<link rel="icon" href="data:,">
<style nonce="{nonce}">{style}</style>
</head>
<body>
<a class="skip" href="#traceback">Skip to the traceback</a>
<header class="top">
<p class="request"><span class="status">{status}</span> <code>{line}</code></p>
<h1><span class="kind">{kind}</span>{message}</h1>
{place}
<div class="tools">
<button type="button" data-copy="as-text" hidden>Copy text</button>
<button type="button" data-copy="as-markdown" hidden>Copy Markdown</button>
<nav aria-label="Sections"><a href="#traceback">Traceback</a> <a href="#pipeline">Pipeline</a>
<a href="#request">Request</a> <a href="#log">Log</a> <a href="#text">Text</a></nav>
<span role="status" id="copied"></span>
</div>
</header>
<div class="columns">
<main id="traceback" tabindex="-1">
{tree}
{switch}
{errors}
<section id="request"><h2>Request</h2>{request}</section>
<section id="log"><h2>Log of this request</h2>{log}</section>
<section id="text"><h2>As text</h2>{texts}</section>
</main>
<aside id="pipeline" aria-labelledby="pipeline-heading"><h2 id="pipeline-heading">Pipeline</h2>{pipeline}</aside>
</div>
<footer><p>{footer}</p>
<p>Only clients in <code>debug_networks</code> see this page, while <code>debug</code> is on. Values with secret names
are <code>[redacted]</code>.</p></footer>
<script nonce="{nonce}">{script}</script>
</body>
</html>
"""
_ORIGINS = {"application": "your code", "library": "library", "wsgistack": "wsgistack"}

MAX_OPEN = 12
"""Frames of the application that are open; further ones are folded."""


def write_page(failure: Failure, nonce: str) -> Html:
    """Write the page.

    :param nonce: the one of its Content-Security-Policy.
    """
    error = failure.error
    errors = [each for each in error.walk() if each.is_new]
    hidden = sum(frame.owner == "wsgistack" for each in errors for frame in each.frames)
    texts = (("as-text", "Plain text", write_text(failure)), ("as-markdown", "Markdown", write_markdown(failure)))
    return fill(
        _PAGE,
        title=failure.title,
        nonce=nonce,
        style=_read("style.css"),
        script=_read("script.js"),
        status=failure.status,
        line=failure.request.line,
        kind=error.kind,
        message=_write_message(error.message),
        place=_write_place(failure.place),
        tree=_write_tree(error),
        switch=_write_switch(hidden),
        errors=join(_write_error(each, is_only=len(errors) == 1) for each in errors),
        request=_write_request(failure),
        log=_write_log(failure.records),
        texts=join(fill(_TEXT, id=id_, name=name, text=text) for id_, name, text in texts),
        pipeline=_write_pipeline(failure.stages),
        footer=" · ".join(filter(None, (failure.request_id and f"Request {failure.request_id}", failure.python))),
    )


@cache
def _read(name: str) -> Html:
    return Html(Path(__file__).with_name(name).read_text("utf-8"))


def _write_message(message: str) -> Html:
    return fill('<span class="message">{message}</span>', message=message) if message else Html()


def _write_place(frame: Frame | None) -> Html:
    if frame is None:
        return Html()
    text = '<p class="place">in <code>{function}</code>, <code>{file}</code>, line {line}</p>'
    return fill(text, function=frame.function, file=frame.file, line=frame.line)


def _write_tree(error: Raised) -> Html:
    if not error.inner:
        return Html()
    tree = '<nav class="tree" aria-labelledby="tree"><h2 id="tree">Exceptions</h2><ul>{items}</ul></nav>'
    return fill(tree, items=_write_branch(error))


def _write_branch(error: Raised) -> Html:
    inner = fill("<ul>{items}</ul>", items=join(map(_write_branch, error.inner))) if error.inner else Html()
    relation = fill('<span class="relation">{relation}</span> ', relation=error.relation) if error.relation else Html()
    name = fill(
        '<a href="#error-{number}">{kind}</a>' if error.number else "{kind}", number=error.number, kind=error.kind
    )
    message = " ".join(error.message[:200].split())
    return fill(
        "<li>{relation}{name} {message}{inner}</li>", relation=relation, name=name, message=message, inner=inner
    )


def _write_switch(hidden: int) -> Html:
    if not hidden:
        return Html()
    frames = "1 frame" if hidden == 1 else f"{hidden} frames"
    switch = '<p class="switch"><label><input type="checkbox" id="show-own"> Show {frames} of wsgistack</label></p>'
    return fill(switch, frames=frames)


_ERROR = """<section id="error-{number}" class="error" aria-labelledby="heading-{number}">
<h2 id="heading-{number}">{heading}</h2>{message}{notes}
{order}{frames}</section>
"""


def _write_error(error: Raised, *, is_only: bool) -> Html:
    heading = "Traceback" if is_only else fill("{number}. {kind}", number=error.number, kind=error.kind)
    relation = fill('<span class="relation">{relation}</span> ', relation=error.relation) if error.relation else ""
    opened = [frame for frame in reversed(error.frames) if frame.owner == "application"][:MAX_OPEN]
    frames = join(_write_frame(each, is_open=any(each is own for own in opened)) for each in reversed(error.frames))
    return fill(
        _ERROR,
        number=error.number,
        heading=fill("{relation}{heading}", relation=relation, heading=heading),
        message=Html() if not error.relation else fill('<p class="message">{message}</p>', message=error.message),
        notes=join(fill('<p class="note"><strong>Note</strong> {note}</p>', note=each) for each in error.notes),
        order=Html('<p class="order">Most recent call first</p>' if error.frames else "<p>It has no traceback.</p>"),
        frames=frames,
    )


_FRAME = """{omitted}<details class="frame {origin}"{open}>
<summary><span class="function">{function}</span>
<span class="file"><span class="folder">{folder}</span>{name}:{line}</span>
<span class="origin">{owner}</span></summary>
{source}{variables}
</details>
"""


def _write_frame(frame: Frame, *, is_open: bool) -> Html:
    folder, slash, name = frame.file.rpartition("/")
    omitted = fill('<p class="omitted">{omitted}</p>', omitted=frame.omitted) if frame.omitted else Html()
    return fill(
        _FRAME,
        origin=frame.owner,
        open=Html(" open" if is_open else ""),
        function=frame.function,
        folder=folder + slash,
        name=name,
        line=frame.line,
        owner=_ORIGINS[frame.owner],
        source=_write_source(frame),
        variables=_write_variables(frame.variables),
        omitted=omitted,
    )


def _write_source(frame: Frame) -> Html:
    if not frame.lines:
        return Html('<p class="missing">The source is not available.</p>')
    pieces = highlight(frame.lines)
    lines = (_write_line(line, each, frame.line) for line, each in zip(frame.lines, pieces, strict=True))
    return fill('<ol class="source" aria-label="Source">{lines}</ol>', lines=join(lines))


def _write_line(line: Line, pieces: Iterable[Piece], running: int) -> Html:
    parts = groupby(split_pieces(pieces, line.mark), key=lambda each: each.is_marked)
    code = join(_write_pieces(group, is_marked=is_marked) for is_marked, group in parts)
    current = Html(' class="running" aria-current="true"' if line.number == running else "")
    text = '<li{current}><span class="number">{number}</span><code>{code}</code></li>'
    return fill(text, current=current, number=line.number, code=code or Html(" "))


def _write_pieces(pieces: Iterable[Piece], *, is_marked: bool) -> Html:
    text = '<span class="t-{kind}">{text}</span>'
    shown = join(fill(text if each.kind else "{text}", kind=each.kind, text=each.text) for each in pieces)
    return fill("<mark>{shown}</mark>", shown=shown) if is_marked else shown


def _write_variables(variables: Pairs) -> Html:
    if not variables:
        return Html()
    table = _write_pairs(variables, "Local variables")
    text = '<details class="variables"><summary>Local variables ({number})</summary>{table}</details>'
    return fill(text, number=len(variables), table=table)


_ROW = '<tr><th scope="row">{name}</th><td>{value}</td></tr>'


def _write_pairs(pairs: Pairs, caption: str) -> Html:
    rows = join(fill(_ROW, name=name, value=value) for name, value in pairs)
    return fill("<table><caption>{caption}</caption>{rows}</table>", caption=caption, rows=rows)


def _write_request(failure: Failure) -> Html:
    request = failure.request
    shown = [_write_pairs(pairs, name) for name, pairs in (("Query", request.query), ("Form", request.form)) if pairs]
    folded = "<details{open}><summary>{name} ({number})</summary>{table}</details>"
    for name, pairs, is_open in (("Headers", request.headers, True), ("Environ", request.environ, False)):
        table = _write_pairs(pairs, name)
        state = Html(" open" if is_open else "")
        shown.append(fill(folded, open=state, name=name, number=len(pairs), table=table))
    return join([fill('<p class="line"><code>{line}</code></p>', line=request.line), *shown])


_RECORD = """<li class="{level}"><span class="time">{time}</span> <strong>{level}</strong>
<span class="logger">{logger}</span> <span class="said">{message}</span></li>"""


def _write_log(records: list[Entry]) -> Html:
    if not records:
        return Html("<p>Nothing was logged before the error.</p>")
    rows = (fill(_RECORD, time=time, level=level, logger=logger, message=text) for time, level, logger, text in records)
    return fill('<ol class="log">{rows}</ol>', rows=join(rows))


_STAGE = '<li{failing}><span class="name">{name}</span> <span class="class">{kind}</span>{mark}</li>'


def _write_pipeline(stages: list[Stage]) -> Html:
    failed = Html(' <strong class="failed">failed here</strong>')
    items = (
        fill(
            _STAGE,
            failing=Html(' class="failing" aria-current="true"' if each.is_failing else ""),
            name=each.name,
            kind=_write_dotted(each.kind),
            mark=failed if each.is_failing else Html(),
        )
        for each in stages
    )
    return fill('<ol class="pipeline">{items}</ol>', items=join(items))


def _write_dotted(name: str) -> Html:
    """A dotted name, which may be broken after each dot."""
    return Html(fill("{name}", name=name).replace(".", ".<wbr>"))


_TEXT = """<details><summary>{name}</summary>
<textarea id="{id}" aria-label="{name}" readonly rows="16" spellcheck="false">
{text}</textarea></details>"""
