"""The layers of a table: in lists, and as filters that have names."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.config import factories
from tests.config.written import MODULE, find_mistakes, load_mistakes, read, read_answer, write
from wsgistack import ConfigError, Gzip, Middleware, RequestId, Spec, config
from wsgistack.types import App

FILE = "stack.toml"
FILTERS = f"""
[filters.mark]
use = "call:{MODULE}:make_filter"
mark = "m"

[filters.gzip]
use = "gzip"
level = 9
"""


def test_a_list_names_filters(folder: Path) -> None:
    write(f'app = "call:{MODULE}:make_app"\nlayers = ["mark", "gzip", {{ use = "gzip" }}]\n{FILTERS}', FILE)
    assert [(spec.name, dict(spec.options)) for spec in read(FILE).pipeline] == [
        ("mark", {"mark": "m"}),
        ("gzip", {"level": 9}),
        ("gzip", {}),
    ]
    assert read_answer(file=FILE)["marks"] == ["-:m"]
    assert find_mistakes(FILE) == []


def test_a_dash_equals_an_underscore(folder: Path) -> None:
    write(
        f'app = "{MODULE}:greet"\nlayers = ["request_id"]\n[filters.request-id]\nuse = "request_id"\ntrust = false\n',
        FILE,
    )
    assert [dict(spec.options) for spec in read(FILE).pipeline] == [{"trust": False}]
    made = config.load_filter(FILE, "request_id")(factories.greet)
    assert isinstance(made, RequestId)
    assert not made.trust


def test_a_filter_is_loaded_by_its_name(folder: Path) -> None:
    write(FILTERS, FILE)
    made = config.load_filter(FILE, "gzip")(factories.greet)
    assert isinstance(made, Gzip)
    assert isinstance(config.load_filter({}, "gzip")(factories.greet), Gzip)
    with pytest.raises(ConfigError, match="unknown layer 'gzpi'"):
        config.load_filter(FILE, "gzpi")


def test_a_composite_asks_for_filters(folder: Path) -> None:
    composite = '[apps.main.app]\nuse = "paste.composite_factory:tests.config.test_loader:both"\napp = "made"\n'
    write(f'{composite}[apps.made]\napp = "call:{MODULE}:make_app"\n{FILTERS}', FILE)
    assert read_answer(file=FILE)["marks"] == ["-:m"]


def test_reports_wrong_filters(folder: Path) -> None:
    layers = 'layers = ["gzip", { use = "marking", mark = "x" }, "mark"]'
    write(
        f'app = "{MODULE}:greet"\n{layers}\n[filters]\nunused = "gzip"\n[filters.gzip]\nlevel = 9\n'
        f'[filters.mark]\nuse = "{MODULE}:marking"\nmark = "m"\ntims = 1\n[filters.marking]\n'
        f'use = "{MODULE}:marking"\n',
        FILE,
    )
    needed = [
        f"{FILE}:2: layer 2 (marking) use: 'marking' is a name in filters; write 'marking' alone, without a table",
        f'{FILE}:4: filters unused: is text; expected a table such as {{ use = "gzip" }}',
        (
            f"{FILE}:5: filters.gzip use: missing value; expected a name, an import string or a callable; "
            'did you mean use = "gzip"?'
        ),
        f"{FILE}:10: filters.mark tims: unknown option of marking; did you mean 'times'?",
    ]
    assert load_mistakes(FILE) == needed
    assert find_mistakes(FILE) == [
        *needed,
        f"{FILE}:11: filters.marking mark: missing option of marking; expected text",
    ]


def test_a_layer_in_a_list_is_not_a_filter(folder: Path) -> None:
    write(f'app = "{MODULE}:greet"\nlayers = [{{ use = "gzip", level = 3 }}]\n{FILTERS}', FILE)
    assert list(read(FILE).pipeline) == [Spec("gzip", {"level": 3})]


class Greeting(Middleware):
    """Has options that are called like keys of a layer."""

    def __init__(
        self, app: App, /, *, name: str = "nobody", when: str = "never", options: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(app)
        self.name = name
        self.when = when
        self.options = options


@pytest.mark.parametrize(
    ("item", "key"),
    [
        pytest.param('name = "ada"', "name", id="name"),
        pytest.param('when = { under = "/morning" }', "when", id="when"),
    ],
)
def test_refuses_a_key_of_the_layer_that_is_an_option_of_it_too(folder: Path, item: str, key: str) -> None:
    use = f'use = "{__name__}:Greeting"'
    expected = (
        f"belongs to the layer itself, but Greeting has an option '{key}', too; "
        f"write options = {{ {key} = … }}, or options = {{}}"
    )
    write(f'app = "{MODULE}:greet"\nlayers = [\n"request_id",\n{{ {use}, {item} }}]', FILE)
    assert find_mistakes(FILE) == [f"{FILE}:4: layer 2 ({name_in(item)}) {key}: {expected}"]
    write(f'app = "{MODULE}:greet"\nlayers = ["greeting"]\n[filters.greeting]\n{use}\n{item}', FILE)
    assert find_mistakes(FILE) == [f"{FILE}:5: filters.greeting {key}: {expected}"]


def name_in(item: str) -> str:
    return "ada" if "ada" in item else f"{__name__}:Greeting"


def test_takes_an_option_that_is_called_like_a_key_of_the_layer(folder: Path) -> None:
    write(
        f'app = "{MODULE}:greet"\nlayers = ["greeting"]\n[filters.greeting]\nuse = "{__name__}:Greeting"\n'
        'name = "morning"\noptions = { name = "ada", when = "now", options = { a = "b" } }',
        FILE,
    )
    assert find_mistakes(FILE) == []
    (spec,) = read(FILE).pipeline
    assert (spec.name, spec.options["name"], spec.options["when"]) == ("morning", "ada", "now")
    write(f'app = "{MODULE}:greet"\nlayers = ["greeting"]\n[filters.greeting]\nuse = "{__name__}:Greeting"\n', FILE)
    assert find_mistakes(FILE) == [], "the name of a filter is not its key name"
