"""Random ini files with everything in PasteDeploy's dialect, except for the documented differences."""

from hypothesis import strategies as st

from tests.config.built import FILES

__all__ = ["ini_files"]

_MODULE = "tests.config.recording"
_OTHER = f"config:{FILES}/deeper/other%%20one.ini"
_KINDS = ("app", "application", "composite", "composit", "pipeline", "filter-app", "filter", "filter", "server")
_SETTINGS = [
    "owner = ann",
    "owner = %(site)s",
    "owner = %(here)s and 50%%",
    "mark = %(path)s",
    "path = %(here)s/%(site)s",
    "mark =",
    "two words = 1\n  2 # no comment\n\n  3",
    "Mark: a = b",
    "set site = own",
    "set  new = %(site)s",
    "set here = elsewhere",
    "get mark = site",
    "get level = site",
    "get file = __file__",
    "require = PasteDeploy",
    "# a comment",
]
_ODD_SETTINGS = [
    "share = 100%",
    "share = ${env:WSGISTACK_UNSET:-a}",
    "set share = $${env:X}",
    "get mark = only",
    "site = other",
    "when_path = /a",
]
_ODD_NAMES = {
    "app": ["tests.config.factories:greet", f"call:{_MODULE}:app_factory", f"{_OTHER}#piped", f"{_OTHER}#many"],
    "filter": ["gzip", "request-id", f"{_OTHER}#gzip", f"call:{_MODULE}:filter_factory"],
    "server": [f"call:{_MODULE}:server_factory"],
}
_DEFAULT = ["new = %(site)s and %(here)s", "depth = 100%%", "only = %(__file__)s\n  # a comment\n  %(site)s"]
_FACTORIES = {
    "app": [
        f"use = call:{_MODULE}:app_factory",
        f"paste.app_factory = {_MODULE}:Sites.make",
        "use = egg:acme-recording",
    ],
    "composite": [
        f"use = call:{_MODULE}:composite_factory",
        f"paste.composite_factory = {_MODULE}:composite_factory",
        "use = egg:acme-recording#many",
    ],
    "filter": [
        f"paste.filter_factory = {_MODULE}:filter_factory",
        f"paste.filter_app_factory = {_MODULE}:filter_app_factory",
        "use = egg:acme-recording",
        "use = egg:acme-recording#wide",
    ],
    "server": [
        f"use = call:{_MODULE}:server_factory",
        f"paste.server_runner = {_MODULE}:server_runner",
        "use = egg:acme-recording#runner",
    ],
}


@st.composite
def ini_files(draw: st.DrawFn, *, is_odd: bool = False) -> tuple[str, list[tuple[str, str]]]:
    """Give the text of a file, and the kinds and names of its sections.

    :param is_odd: whether it may have what PasteDeploy treats differently.

    Most names that are used are there, of the right kind and further up; some are not, and some lead in a circle.
    """
    known = {
        "app": ["egg:acme-recording#other", f"{_OTHER}#set", f"{_OTHER}#piped"],
        "filter": ["egg:acme-recording#narrow", f"{_OTHER}#f"],
        "server": ["egg:acme-recording", _OTHER],
    }
    if is_odd:
        known = {sort: [*names, *_ODD_NAMES[sort]] for sort, names in known.items()}
    plain: dict[str, list[str]] = (
        known if is_odd else {sort: [] for sort in known}
    )  # where options that are added get through

    def rarely() -> bool:
        return draw(st.integers(0, 19)) == 13

    def one(sort: str) -> str:
        odd = ["nothing", "main", "filter0", "app1"]
        return draw(st.sampled_from(odd if rarely() else known[sort]))

    def parts_of_composite() -> list[str]:
        asked = draw(
            st.lists(st.sampled_from(["app", "filter", "server", "more app", "less app", "bare app"]), max_size=3)
        )
        return [f"{each} {place} = {one(each.split()[-1])}" for place, each in enumerate(asked)]

    choice = _SETTINGS + _ODD_SETTINGS * is_odd
    written = ["[DEFAULT]", "site = a", *draw(st.lists(st.sampled_from(_DEFAULT), max_size=2, unique=True))]
    written += ["gone = %(nothing)s"] if rarely() else []
    parts: list[tuple[str, str]] = []
    for number, kind in enumerate(draw(st.lists(st.sampled_from(_KINDS), min_size=1, max_size=7))):
        sort = kind if kind in known else "app"
        settings = draw(st.lists(st.sampled_from(choice), max_size=4, unique_by=lambda each: each.split()[:2][-1]))
        filtering = sort != "server" and draw(st.integers(0, 4)) == 0
        match kind:
            case "pipeline":
                names = [*(one("filter") for _ in range(draw(st.integers(0, 2)))), one("app")]
                settings = [each for each in settings if each.startswith(("set", "#"))]
                body = [f"pipeline = {' '.join(names)}"]
            case "filter-app":
                body = [draw(st.sampled_from(_FACTORIES["filter"])), f"next = {one('app')}"]
            case _ if draw(st.booleans()) and plain[sort]:
                body = [f"use = {draw(st.sampled_from(plain[sort]))}"]
            case "composite" | "composit":
                body = [draw(st.sampled_from(_FACTORIES["composite"])), *parts_of_composite()]
            case _:
                body = [draw(st.sampled_from(_FACTORIES[sort]))]
        name = f"{sort}{number}" if "main" in known[sort] else "main"
        known[sort].append(name)
        if kind in ("pipeline", "filter-app") and not is_odd:
            filtering = False
        elif not filtering and not is_odd:
            plain[sort].append(name)
        body += [f"filter-with = {one('filter')}"] if filtering else []
        parts.append((kind, name))
        written += [f"[{kind}:{name}]", *draw(st.permutations([*body, *settings]))]
    return "\n".join(written) + "\n", parts
