"""The documented differences from PasteDeploy."""

from configparser import InterpolationSyntaxError
from pathlib import Path
from typing import cast

import pytest
from paste.deploy import appconfig

from tests.config.built import EGG, ours, theirs
from tests.config.recording import Made
from tests.config.written import write
from tests.strangers import install
from wsgistack import ConfigError, Gzip, config, load

APP = "use = call:tests.config.recording:app_factory\n"
FILTER = "use = call:tests.config.recording:filter_factory\n"


@pytest.fixture(autouse=True)
def egg(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(folder, monkeypatch, "acme-recording", EGG)


def refusal(text: str, kind: str = "app", name: str = "main") -> str:
    """What PasteDeploy says."""
    write(text)
    with pytest.raises(Exception) as caught:  # noqa: PT011 - of many types
        theirs(Path.cwd() / "stack.ini", kind, name)
    return f"{caught.type.__name__}: {caught.value}"


def mistakes(text: str, kind: str = "app", name: str = "main") -> list[str]:
    """What we say."""
    write(text)
    with pytest.raises(ConfigError) as caught:
        ours(Path("stack.ini"), kind, name)
    return [str(each) for each in caught.value.mistakes]


def made_by_them(text: str, kind: str = "app", name: str = "main") -> Made:
    write(text)
    return cast(Made, theirs(Path.cwd() / "stack.ini", kind, name))


def made_by_us(text: str, kind: str = "app", name: str = "main") -> Made:
    write(text)
    return cast(Made, ours(Path("stack.ini"), kind, name))


def kinds(made: Made) -> list[str]:
    """What was made, from the outermost inward."""
    return [made.kind, *(kind for inner in made.inside for kind in kinds(cast(Made, inner)))]


def test_a_percent_sign_that_begins_no_reference() -> None:
    text = f"[app:main]\n{APP}share = 100%\ndatabase = postgres://me:p%40ss@host\n"
    assert refusal(text).startswith("InterpolationSyntaxError: Error in file")
    assert dict(made_by_us(text).options) == {"share": "100%", "database": "postgres://me:p%40ss@host"}


def test_a_percent_sign_in_a_passed_value() -> None:
    write(f"[app:main]\n{APP}share = %(share of)s\n")
    passed = {"share of": "100%"}
    with pytest.raises(InterpolationSyntaxError):
        theirs(Path.cwd() / "stack.ini", "app", "main", passed)
    assert dict(cast(Made, ours(Path("stack.ini"), "app", "main", passed)).options) == {"share": "100%"}


def test_a_key_that_is_also_in_default() -> None:
    text = f"[DEFAULT]\nlevel = 1\n[app:main]\n{APP}level = 2\n"
    assert made_by_them(text).options == ()
    assert dict(made_by_us(text).options) == {"level": "2"}


@pytest.mark.parametrize("kind", ["fliter", "Filter", "filters"])
def test_a_misspelt_section_type(kind: str) -> None:
    text = f"[app:main]\n{APP}[{kind}:x]\nuse = nothing\n"
    assert made_by_them(text).kind == "app"
    assert mistakes(text) == [f"stack.ini:3: unknown section type {kind!r}; did you mean [filter:x]?"]


def test_a_circle_of_references() -> None:
    text = "[app:main]\nuse = a\n[pipeline:a]\npipeline = b\n[app:b]\nuse = main\n"
    assert refusal(text).startswith("RecursionError: ")
    way = "stack.ini [app:main] -> stack.ini [pipeline:a] -> stack.ini [app:b] -> stack.ini [app:main]"
    assert mistakes(text) == [f"stack.ini:6: [app:b] use: circular reference: {way}"]


@pytest.mark.parametrize(
    "inner", [f"[app:inner]\n{APP}filter-with = f\n", f"[pipeline:inner]\npipeline = f a\n[app:a]\n{APP}"]
)
def test_options_over_a_filter_with_or_a_pipeline(inner: str) -> None:
    text = f"[app:main]\nuse = inner\nowner = ann\n{inner}[filter:f]\n{FILTER}"
    for made, options in ((made_by_them(text), {}), (made_by_us(text), {"owner": "ann"})):
        assert kinds(made) == ["filter", "app"]
        assert dict(cast(Made, made.inside[0]).options) == options


def test_a_filter_around_a_composite_or_pipeline() -> None:
    inner = f"[app:a]\n{APP}filter-with = f\n[filter:f]\n{FILTER}"
    for outer in ("[app:main]\nuse = a\n", "[pipeline:main]\npipeline = a\n", "[filter-app:main]\nuse = f\nnext = a\n"):
        text = f"{outer}filter-with = f\n{inner}"
        assert not isinstance(made_by_them(text), Made)  # a filter, and no application
        assert kinds(made_by_us(text))[-3:] == ["filter", "filter", "app"]


def test_call_in_a_filter_app() -> None:
    text = f"[filter-app:main]\n{FILTER}next = a\n[app:a]\n{APP}"
    assert refusal(text) == "AssertionError: Protocol 'paste.filter-app_factory' unknown"
    assert kinds(made_by_us(text)) == ["filter", "app"]


def test_options_of_layers() -> None:
    write(f"[pipeline:main]\npipeline = gzip a\n[filter:gzip]\nlevel = 9\nminimum_size = 1 KiB\n[app:a]\n{APP}")
    made = load("stack.ini")
    assert isinstance(made, Gzip)
    assert made.minimum_size == 1024
    assert dict(made_by_us(f"[app:main]\n{APP}level = 9\n").options) == {"level": "9"}  # those of others stay text


def test_an_unknown_option_of_a_factory() -> None:
    factory = "tests.config.factories:make_filter"
    text = f"[pipeline:main]\npipeline = f a\n[filter:f]\nuse = call:{factory}\nmrak = 1\n[app:a]\n{APP}"
    assert refusal(text).startswith("TypeError: make_filter() got an unexpected keyword argument 'mrak'")
    said = f"stack.ini:5: [filter:f] mrak: unknown option of call:{factory}; did you mean 'mark'?"
    assert mistakes(text) == [said]


@pytest.mark.parametrize("kind", ["app", "filter", "server"])
def test_a_section_without_a_name(kind: str) -> None:
    text = f"[{kind}]\nuse = egg:acme-recording\n"
    assert refusal(text, kind).startswith("LookupError: No section 'main'")
    assert made_by_us(text, kind).kind.startswith(kind)


def test_two_applications_of_one_name() -> None:
    text = f"[app:main]\n{APP}[app:a]\n{APP}[pipeline:a]\npipeline = main\n"
    assert made_by_them(text).kind == "app"
    assert refusal(text, name="a").startswith("LookupError: Ambiguous section names")
    assert mistakes(text) == ["stack.ini:5: [pipeline:a]: duplicate application 'a'; first in [app:a] on line 3"]


def test_use_beside_a_protocol() -> None:
    text = f"[app:main]\n{APP}paste.app_factory = no.such:thing\n"
    assert dict(made_by_them(text).options) == {"paste.app_factory": "no.such:thing"}
    said = "stack.ini:3: [app:main] paste.app_factory: conflicts with 'use'; keep one of them"
    assert mistakes(text) == [said]


def test_uses_a_name_without_a_section() -> None:
    text = "[pipeline:main]\npipeline = request-id tests.config.factories:greet\n"
    assert refusal(text).startswith("LookupError: ")
    write(text)
    assert type(load("stack.ini")).__name__ == "RequestId"


def test_reads_the_options_of_an_application_in_a_pipeline() -> None:
    write(f"[pipeline:main]\npipeline = f a\n[app:a]\n{APP}owner = ann\n[filter:f]\n{FILTER}")
    assert appconfig(f"config:{Path.cwd()}/stack.ini").local_conf == {}
    assert config.appconfig("stack.ini").local_conf == {"owner": "ann"}


def test_a_byte_order_mark() -> None:
    text = f"\ufeff[app:main]\n{APP}"
    assert refusal(text).startswith("MissingSectionHeaderError: ")
    assert made_by_us(text).kind == "app"


def test_a_composite_in_toml_may_pass_on_no_global_configuration() -> None:
    write(
        "global.site = 'a'\napps.inner.app = { use = 'call:tests.config.recording:app_factory' }\n"
        "[app]\nuse = 'paste.composite_factory:tests.config.recording:composite_factory'\n'bare app' = 'inner'\n",
        "stack.toml",
    )
    made = cast(Made, load("stack.toml"))
    inner = cast(Made, made.inside[0])
    assert inner.global_conf["site"] == "a"
