"""The layers of a table: in lists, and as filters that have names."""

from pathlib import Path

import pytest

from tests.config import factories
from tests.config.written import MODULE, find_mistakes, load_mistakes, read, read_answer, write
from wsgistack import ConfigError, Gzip, RequestId, Spec, config

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
