"""Options: a signature read as a schema, and what is given fitted to it."""

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, NotRequired, TypedDict, cast

import pytest

from wsgistack.errors import ConfigError, Mistake
from wsgistack.options.schema import Option, parse_settings, read_schema
from wsgistack.options.secrets import REDACTED
from wsgistack.types import App, Duration, Environ, Factory, Secret, Size, StartResponse


class Layer:
    """A layer.

    :param size: how large, in bytes; of one line
        and another.
    :param key: what opens it.
    """

    def __init__(
        self, app: App, /, *, size: Size, key: Annotated[str, Secret] | None = None, file: Path | None = None
    ) -> None:
        """Make it.

        :param file: where it stands.
        """


def fit(
    factory: Factory, given: Mapping[str, object], *, base: Path | None = None, text: bool = False
) -> tuple[dict[str, object], list[Mistake]]:
    """Take the options of a factory through all steps; without references, checking gives what resolving gives."""
    schema = read_schema(factory)
    parsed = parse_settings(cast("Mapping[str, str]", given)) if text else given
    values, mistakes = schema.convert(parsed, base=base, resolving=False)
    resolved, unresolved = schema.convert(values, base=base, resolving=True)
    return resolved, [*mistakes, *unresolved, *schema.find_missing(given)]


def loose(app: App, level=1, *rest, **options) -> App:  # type: ignore[no-untyped-def]
    return app


def test_reads_names_types_defaults_and_docs() -> None:
    found = read_schema(Layer)  # type: ignore[arg-type]
    assert not found.is_open
    assert [(each.name, each.type_name, each.is_required, each.is_secret) for each in found.options.values()] == [
        ("size", "a size such as 500, 64KiB or 10 MB", True, False),
        ("key", "text or none", False, True),
        ("file", "a path or none", False, False),
    ]
    assert [each.doc for each in found.options.values()] == [
        "how large, in bytes; of one line and another.",
        "what opens it.",
        "where it stands.",
    ]


@pytest.mark.parametrize(
    "annotation",
    [
        Annotated[str, Secret],
        Annotated[str, Secret()],
        Annotated[Mapping[str, str] | None, Secret],
        Mapping[str, Annotated[str, Secret]],
    ],
)
def test_sees_a_secret_at_any_depth(annotation: object) -> None:
    def layer(app: App, *, key: object) -> App:
        return app

    layer.__annotations__["key"] = annotation
    assert read_schema(layer).options["key"].is_secret


@pytest.mark.parametrize(
    ("factory", "names"),
    [
        pytest.param(loose, ["level"], id="function"),
        pytest.param(partial(loose, level=3), ["level"], id="partial"),
        pytest.param(lambda *arguments, **options: arguments[0], [], id="wrapper that names nothing"),
        pytest.param(type, [], id="written in C"),
    ],
)
def test_an_open_signature_takes_what_it_does_not_name(factory: Callable[..., App], names: list[str]) -> None:
    assert read_schema(factory).is_open
    assert list(read_schema(factory).options) == names
    assert fit(factory, {"other": "1"}, text=True) == ({"other": "1"}, [])


@pytest.mark.parametrize("factory", [lambda: None, lambda *, app: None, lambda **options: None])
def test_refuses_a_factory_that_takes_no_application(factory: Callable[..., Any]) -> None:
    with pytest.raises(ConfigError, match="takes no application; expected it as the first argument"):
        read_schema(factory)


def test_infers_types_from_defaults_where_text_has_no_annotation() -> None:
    assert fit(loose, {"level": "5"}, text=True) == ({"level": 5}, [])
    assert fit(loose, {"level": "5"}) == ({"level": "5"}, [])


@pytest.mark.parametrize("unknown", ["Missing", "sys.Missing", "1 +", "int | 'x' | []"])
def test_reads_annotations_beside_one_that_can_not_be_evaluated(
    unknown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # a type checker's own names stand in annotations that are never evaluated at run time
    def layer(app, odd=1, size=None, maker=None):  # type: ignore[no-untyped-def]
        return app

    layer.__annotations__ = {"app": unknown, "odd": unknown, "size": "Size | None", "maker": "Missing | None"}
    given = {"odd": "2", "size": "1k", "maker": "x"}
    assert fit(layer, given, text=True) == ({"odd": 2, "size": 1000, "maker": "x"}, [])


def test_fits_values_and_finds_every_mistake() -> None:
    given = {"sizes": 1, "key": 7, "file": "a"}
    fitted, mistakes = fit(Layer, given, base=Path("/etc"))  # type: ignore[arg-type]
    assert fitted == {"file": Path("/etc/a")}
    assert [str(each) for each in mistakes] == [
        "sizes: unknown option of Layer; did you mean 'size'?",
        "key: invalid secret value; expected text or none; write it in quotes",
        "size: missing option of Layer; expected a size such as 500, 64KiB or 10 MB",
    ]


def test_reports_a_factory_without_options() -> None:
    _, mistakes = fit(lambda app: app, {"level": 1})
    assert [each.hint for each in mistakes] == ["it has no options"]


def test_refuses_an_application_as_a_layer() -> None:
    def shop(environ: Environ, start_response: StartResponse) -> App:
        raise NotImplementedError

    said = (
        f"'{__name__}:test_refuses_an_application_as_a_layer.<locals>.shop' is an application; expected a layer; "
        "put an application last in a pipeline"
    )
    with pytest.raises(ConfigError, match=f"^{re.escape(said)}$"):
        fit(shop, {})


def test_names_the_class_of_an_application_that_is_an_instance() -> None:
    class Shop:
        def __call__(self, environ: Environ, start_response: StartResponse) -> App:
            raise NotImplementedError

    with pytest.raises(ConfigError, match=r"^Shop is an application; expected a layer; "):
        fit(Shop(), {})


def test_expects_nothing_of_an_option_without_a_type() -> None:
    assert str(*fit(lambda app, level: app, {})[1]) == (
        "level: missing option of test_expects_nothing_of_an_option_without_a_type.<locals>.<lambda>"
    )


def test_names_the_option_that_can_not_be_imported() -> None:
    def layer(app: App, *, check: Callable[[], bool]) -> App:
        return app

    _, mistakes = fit(layer, {"check": "sys:exitt"})
    assert [str(each) for each in mistakes] == ["check: module 'sys' has no attribute 'exitt'; did you mean 'exit'?"]
    assert fit(layer, {"check": "sys:exit"}) == ({"check": sys.exit}, [])


def test_names_a_factory_that_has_a_name_only() -> None:
    class Made:
        __name__ = "made"

        def __call__(self, app: App) -> App:
            return app

    _, mistakes = fit(Made(), {"x": 1})
    assert str(mistakes[0]).startswith("x: unknown option of made;")


def test_fills_in_references(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NUMBER", "64")
    (tmp_path / "key").write_text("s3cret\n")
    given = {"size": "${env:NUMBER}KiB", "key": "${file:key}", "file": "${env:NUMBER}"}
    expected = {"size": 65536, "key": "s3cret", "file": tmp_path / "64"}
    assert fit(Layer, given, base=tmp_path) == (expected, [])  # type: ignore[arg-type]
    assert fit(loose, {"level": "${env:NUMBER}", "other": ["${env:NUMBER}"]}) == ({"level": 64, "other": ["64"]}, [])


def test_a_check_leaves_references_as_they_are_written() -> None:
    given = {"size": "${env:}", "key": "$${env:X}", "file": "a"}
    values, mistakes = read_schema(Layer).convert(parse_settings(given), base=Path("/etc"), resolving=False)  # type: ignore[arg-type]
    assert (values, mistakes) == ({**given, "file": Path("/etc/a")}, [])


def test_relative_paths_start_from_the_folder_at_any_depth() -> None:
    def layer(
        app: App, *, paths: Mapping[str, Sequence[Path] | None] = {}, file: Path | str = "", name: str = ""
    ) -> App:
        return app

    written = {"paths": "a = x, /y\nb = none", "file": "../log", "name": "z"}
    made = {"paths": {"a": (Path("/etc/x"), Path("/y")), "b": None}, "file": Path("/etc/../log"), "name": "z"}
    assert fit(layer, written, base=Path("/etc"), text=True) == (made, [])
    assert fit(layer, {"file": "log"}) == ({"file": Path("log")}, [])


def keyed(
    app: App,
    *,
    number: int = 0,
    numbers: tuple[int, ...] = (),
    check: Callable[[], bool] | None = None,
    keys: Annotated[Mapping[str, int], Secret] = {},
    checks: tuple[Annotated[Callable[[], bool], Secret], ...] = (),
) -> App:
    return app


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("number", "${env:KEY}", "number: invalid secret value; expected a whole number"),
        ("numbers", [1, "${env:KEY}"], "numbers: invalid secret value; expected a whole number in item 2"),
        ("check", "${env:KEY}", "check: invalid secret value; expected module:callable or none; it can't be imported"),
        ("check", "x${env:}", "check: malformed reference to an environment variable; "),
        ("keys", {"a": "s3cret"}, "keys: invalid secret value; expected a whole number for 'a'"),
        ("checks", "${env:KEY}", "checks: invalid secret value; expected a list, each item module:callable; it can't"),
        ("checks", ["s3cret:x"], "checks: invalid secret value; expected a list, each item module:callable; it can't"),
    ],
)
def test_hides_secrets_in_mistakes(name: str, value: object, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", "s3cret:x")
    fitted, (mistake,) = fit(keyed, {name: value})
    assert fitted == {}
    assert str(mistake).startswith(said)


@pytest.mark.parametrize(
    "form", ["{}", "{}:x", "a = {}", "[{}", '["{}", []]', "{{{}", '{{a = "{}"}}', "{}, {}", "json:{}"]
)
@pytest.mark.parametrize(
    "annotation",
    [
        *(bool, int, float, Size, Duration, Literal["s3cre"], Callable[..., str], tuple[int, str], None),
        *(set[Size], Mapping[str, Path | int], Mapping[int, Callable[..., str]], Sequence[Callable[..., str]] | int),
    ],
)
def test_hides_a_secret_of_any_wrong_type(annotation: object, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fresh(annotation: object) -> Factory:
        def layer(app: App, *, key: object) -> App:
            return app

        layer.__annotations__["key"] = annotation
        return layer

    secret = form.format("s3cret", "s3cret")
    monkeypatch.setenv("KEY", secret)
    referred = fit(fresh(annotation), {"key": "${env:KEY}"})
    layer = fresh(Annotated[annotation, Secret])
    for values, mistakes in (referred, fit(layer, {"key": secret}), fit(layer, {"key": secret}, text=True)):
        assert len(values) + len(mistakes) == 1
        assert "s3cret" not in "".join(map(str, mistakes))


class Vault(TypedDict, total=False):
    key: Annotated[str, Secret]
    name: str
    inner: "Room"


class Room(TypedDict):
    code: NotRequired[Annotated[str, Secret]]
    door: str


@pytest.mark.parametrize(
    ("annotation", "shown"),
    [
        (Vault, {"key": REDACTED, "name": "shown", "inner": {"code": REDACTED, "door": "shown"}}),
        (Vault | None, {"key": REDACTED, "name": "shown", "inner": {"code": REDACTED, "door": "shown"}}),
        (Annotated[Vault, "mark"], {"key": REDACTED, "name": "shown", "inner": {"code": REDACTED, "door": "shown"}}),
        (Annotated[Vault, Secret], REDACTED),
        (Annotated[Vault, Secret()] | None, REDACTED),
        (Vault | Mapping[str, str], REDACTED),
        (Vault | Room, REDACTED),
        (Mapping[str, Vault], REDACTED),
        (Mapping[str, Annotated[object, Secret]], REDACTED),
    ],
)
def test_shows_of_a_mapping_with_known_names_what_is_not_secret(annotation: object, shown: object) -> None:
    def layer(app: App, *, key: object) -> App:
        return app

    layer.__annotations__["key"] = annotation
    value = {"key": "s3cret", "name": "shown", "inner": {"code": "s3cret", "door": "shown"}}
    option = read_schema(layer).options["key"]
    assert option.hide(value) == shown
    assert option.hide([value]) == REDACTED
    assert "s3cret" not in str(option.hide({**value, "nmae": "s3cret"}))
    hidden = {"s3cret"} if shown != REDACTED else {"s3cret", "shown"}
    assert {*option.iterate_secrets(value)} == hidden


def test_reads_a_factory_that_cannot_be_hashed() -> None:
    class Unhashable:
        __hash__ = None  # type: ignore[assignment]

        def __call__(self, app: App, *, level: int = 1) -> App:
            return app

    assert fit(Unhashable(), {"level": "9"}, text=True) == ({"level": 9}, [])


class Kettle:
    """Boils water.

    :param heat: as :class:`Heat` has it.
    """

    def __init__(self, *, heat: int = 90) -> None: ...


class KettleOptions(TypedDict, total=False):
    """The options of :class:`Kettle`."""

    heat: int


class Cup(TypedDict):
    """A cup of :class:`NoSuchThing`.

    :param size: how much goes in.
    """

    size: int
    colour: NotRequired[str]


def test_reads_the_options_of_mappings_from_the_class_that_their_type_names() -> None:
    def tea(app: App, kettle: KettleOptions | None = None, cups: Sequence[Cup] = (), names: object = ()) -> App:
        return app

    options = read_schema(tea).options
    assert options["kettle"].inner == [Option("heat", int, 90, "as ``Heat`` has it.")]
    size, colour = options["cups"].inner
    assert (size.doc, size.is_required) == ("how much goes in.", True)
    assert (colour.doc, colour.default, colour.is_required) == ("", None, False)
    assert options["names"].inner == []
