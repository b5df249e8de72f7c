"""The sections of an ini file that are about logging."""

import pytest

from tests.config.log.trees import own_logging, setup_of, written

UNSET = "set it, or write a default: ${env:UNSET_NAME:-default}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            written().replace("[formatters]\nkeys = plain\n", ""),
            ["x.ini: the section [formatters] is missing"],
            id="no list",
        ),
        pytest.param(
            written().replace("[handlers]", "[handler]"),
            ["x.ini: the section [handlers] is missing; did you mean [handler]?"],
            id="misspelt list",
        ),
        pytest.param(
            written().replace("keys = one\n", ""),
            ["x.ini:3: [handlers] keys: is missing; expected names with commas between them, or nothing after ="],
            id="no keys",
        ),
        pytest.param(
            written().replace("keys = one", "kyes = one"),
            ["x.ini:4: [handlers] kyes: no such setting; did you mean 'keys'?"],
            id="misspelt keys",
        ),
        pytest.param(
            written().replace("keys = one", "keys = %(handlers)s"),
            ["x.ini:4: [handlers] keys: no value for %(handlers)s; choose from here, keys"],
            id="keys without a value",
        ),
        pytest.param(
            written().replace("keys = root", "keys ="), ["x.ini:2: [loggers] keys: does not name root"], id="no root"
        ),
        pytest.param(
            written().replace("[handler_one]", "[handler_oen]"),
            ["x.ini:4: [handlers] keys: there is no section [handler_one]; did you mean [handler_oen]?"],
            id="misspelt section",
        ),
        pytest.param(
            written().replace("keys = root", "keys = root, roots"),
            ["x.ini:2: [loggers] keys: there is no section [logger_roots]"],
            id="no section",
        ),
        pytest.param(
            written().replace("keys = plain", "keys = plain, other"),
            ["x.ini:6: [formatters] keys: there is no section [formatter_other]"],
            id="no section of a formatter",
        ),
        pytest.param(
            written().replace("keys = root", "keys = root other"),
            ["x.ini:2: [loggers] keys: there is no section [logger_root other]; expected commas between the names"],
            id="no commas",
        ),
        pytest.param(
            written(
                "class = NullHandler\nformatter = two", root="handlers = two", more="[handler_two]\n[formatter_two]"
            ),
            [
                "x.ini:6: [formatters] keys: does not name two, though there is [formatter_two]",
                "x.ini:4: [handlers] keys: does not name two, though there is [handler_two]",
            ],
            id="sections that are not listed",
        ),
        pytest.param(
            written("class = handlers.MemoryHandler\nargs = (5,)\ntarget = two", more="[handler_two]"),
            ["x.ini:4: [handlers] keys: does not name two, though there is [handler_two]"],
            id="target that is not listed",
        ),
        pytest.param(
            written("clas = x\nlevle = x\nargs = ()\nstream = x\nname = x"),
            [
                "x.ini:10: [handler_one] clas: no such setting; did you mean 'class'?",
                "x.ini:11: [handler_one] levle: no such setting; did you mean 'level'?",
            ],
            id="misspelt settings",
        ),
        pytest.param(
            written("class = NullHandler\nflushlevel = x\nfilename = x", root="handlers = one\nname = x\nhandler = x"),
            [],
            id="settings that nothing reads",
        ),
        pytest.param(
            written("class = FileHandler\nargs = ('%(her)s/x',)\nlevel = %(level)s"),
            [
                "x.ini:11: [handler_one] args: no value for %(her)s; did you mean 'here'?",
                "x.ini:12: [handler_one] level: a circle: %(level)s -> %(level)s",
            ],
            id="references in the file",
        ),
        pytest.param(
            written("class = ${env:UNSET_NAME}", formatter="format = ${env:UNSET_NAME}"),
            [
                f"x.ini:12: [formatter_plain] format: environment variable UNSET_NAME is not set; {UNSET}",
                f"x.ini:10: [handler_one] class: environment variable UNSET_NAME is not set; {UNSET}",
            ],
            id="references to the environment",
        ),
        pytest.param(
            written("class = NullHandler\nformatter = ${env:SECRET}").replace(
                "keys = root", "keys = root, ${env:SECRET}"
            ),
            [
                "x.ini:2: [loggers] keys: there is no section [logger_<secret>]",
                "x.ini:11: [handler_one] formatter: no formatter <secret>; choose from plain",
            ],
            id="values from references are not shown",
        ),
    ],
)
def test_says_what_is_wrong(text: str, expected: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "hidden")
    assert [str(each) for each in setup_of(text, here="/srv").check()] == expected


def test_a_bare_percent_sign_is_itself() -> None:
    with own_logging() as root:
        setup_of(
            written("class = tests.config.log.trees.Kept\nargs = ('100% %h %%(here)s %(here)s',)"), here="/srv"
        ).apply()
        (handler,) = root.handlers
        assert vars(handler)["given"] == ("100% %h %(here)s /srv", (), [])
