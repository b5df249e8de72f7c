"""Spec: what a section of an ini file makes of it, its conditions, and where its paths start."""

import copy
import pickle
from pathlib import Path
from typing import Any

import pytest

from tests.direct import Call, answering
from wsgistack import ConfigError, Gzip, Spec, Where
from wsgistack.types import App, Environ, StartResponse

APP = answering([b"hello"])
PLACE = Where("stack.ini", 3, "[filter:small]")


def layer(app: App, /, *, mark: str, when_idle: str = "no", file: Path | None = None) -> App:
    def wrapped(environ: Environ, start_response: StartResponse) -> Any:
        return [b"marked ", *app(environ, start_response)]

    return wrapped


def parse(settings: dict[str, str], use: Any = layer) -> Spec:
    return Spec(use, name="small", where=PLACE, lines=dict.fromkeys(settings, 9)).parse(settings, is_complete=False)


def said(settings: dict[str, str], use: Any = layer) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse(settings, use)
    return [str(each) for each in caught.value.mistakes]


def test_takes_options_and_conditions_apart() -> None:
    spec = parse({"minimum_size": "1 kB", "when_path": "/a /b", "when_not_method": "HEAD"}, "gzip")
    assert spec == Spec("gzip", {"minimum_size": 1000}, "small", {"path": ["/a", "/b"], "not": {"method": "HEAD"}})
    assert spec.where == PLACE


def test_leaves_an_option_alone_that_is_called_like_a_condition() -> None:
    assert parse({"when_idle": "yes"}).options == {"when_idle": "yes"}


def test_may_lack_what_is_required_until_it_is_built() -> None:
    spec = parse({"file": "a"})
    with pytest.raises(ConfigError, match=r"stack.ini:3: .* mark: missing option of layer"):
        spec.build(APP)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        pytest.param(
            {"mrak": "m"}, ["9: [filter:small] mrak: unknown option of layer; did you mean 'mark'?"], id="key"
        ),
        pytest.param(
            {"when_pth": "/a", "mrak": "m"},
            [
                "9: [filter:small] when_pth: unknown condition; did you mean 'when_path'?",
                "9: [filter:small] mrak: unknown option of layer; did you mean 'mark'?",
            ],
            id="condition and option",
        ),
        pytest.param(
            {"when_method": ""},
            ["9: [filter:small] when_method: is empty; expected text or a list of texts"],
            id="empty condition",
        ),
    ],
)
def test_says_all_that_is_wrong_with_settings(settings: dict[str, str], expected: list[str]) -> None:
    assert said(settings) == [f"stack.ini:{each}" for each in expected]


def test_says_once_that_there_is_no_such_layer() -> None:
    assert said({"level": "9"}, "gzpi") == [
        "stack.ini:3: [filter:small] use: unknown layer 'gzpi'; did you mean 'gzip'?"
    ]


def test_is_there_for_the_requests_that_it_is_meant_for() -> None:
    app = Spec(layer, {"mark": "m"}, when={"path": "/a/*"}).build(APP)
    assert Call(app, PATH_INFO="/a/b").read() == b"marked hello"
    assert Call(app, PATH_INFO="/b").read() == b"hello"
    assert isinstance(Spec("gzip").build(APP), Gzip), "nothing stands before it where no condition does"


def test_brings_its_condition_into_one_form() -> None:
    specs = [Spec("gzip", when={"method": "get"}), Spec("gzip", when={"method": ["GET"]})]
    assert specs[0] == specs[1] != Spec("gzip")
    for twin in (copy.deepcopy(specs[0]), pickle.loads(pickle.dumps(specs[0]))):  # noqa: S301
        assert twin == specs[0]
        assert hash(twin) == hash(specs[0])


def test_reports_the_line_of_a_wrong_condition() -> None:
    with pytest.raises(ConfigError) as caught:
        Spec("gzip", when={"pth": "/a"}, where=PLACE, lines={"when": 5})
    assert str(caught.value) == "stack.ini:5: [filter:small] when.pth: unknown condition; did you mean 'path'?"


def test_says_at_once_what_is_wrong_with_options_and_condition(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XYZZY", raising=False)
    with pytest.raises(ConfigError) as caught:
        Spec("gzip", {"level": "${env:XYZZY}"}, when={"path": "${env:XYZZY}"}).build(APP)
    assert [each.key for each in caught.value.mistakes] == ["when.path", "level"]


def test_references_to_files_lead_from_its_folder_even_when_it_moves(tmp_path: Path) -> None:
    (tmp_path / "level").write_text("9\n")
    spec = Spec("gzip", {"level": "${file:level}"}, base=tmp_path).check()
    assert spec.options == {"level": "${file:level}"}, "what it refers to is kept nowhere"
    for there in (spec, spec.moved(tmp_path), spec.moved(Path("/elsewhere"))):
        built = there.build(APP)
        assert isinstance(built, Gzip)
        assert built.level == 9


def test_a_condition_may_refer_to_a_file_even_when_it_moves(tmp_path: Path) -> None:
    (tmp_path / "path").write_text("/a\n")
    spec = Spec(layer, {"mark": "m"}, when={"path": "${file:path}"}, base=tmp_path).check()
    for there in (spec, spec.moved(Path("/elsewhere"))):
        assert Call(there.build(APP), PATH_INFO="/a").read() == b"marked hello"


def test_says_under_which_setting_a_condition_fails_when_it_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XYZZY", raising=False)
    settings = {"level": "9", "when_not_not_call": "os:nothng", "when_not_host": "${env:XYZZY}"}
    spec = Spec("gzip", where=PLACE, lines=dict(zip(settings, (4, 5, 6), strict=True))).parse(settings)
    with pytest.raises(ConfigError) as caught:
        spec.build(APP)
    assert sorted((each.key, each.where.line) for each in caught.value.mistakes) == [
        ("when_not_host", 6),
        ("when_not_not_call", 5),
    ]
