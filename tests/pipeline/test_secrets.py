"""Secrets in every format: each stays one value, and nothing shows it."""

import base64
import traceback
import urllib.parse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import pytest

from tests.direct import answering
from wsgistack import ConfigError, Middleware, Mistake, Pipeline, Spec, load
from wsgistack.types import App, Secret

SECRETS = [
    pytest.param("plain-secret", id="plain"),
    pytest.param("one\nmallory = x", id="line break"),
    pytest.param("  blanks around  ", id="blanks"),
    pytest.param("\ttab\r\n", id="white space"),
    pytest.param("a, b c", id="separators"),
    pytest.param("$1$salt$hash", id="dollars"),
    pytest.param("${env:HOME}", id="like a reference"),
    pytest.param("${SECRET}", id="like a shell variable"),
    pytest.param("{x} %(here)s %% 100%", id="braces and percent signs"),
    pytest.param("""it's "quoted" \\n""", id="quotes and a backslash"),
    pytest.param("['a', \"b\"]", id="like a list"),
    pytest.param("# ; comment", id="like a comment"),
    pytest.param("pässwörd \N{SNOWMAN}", id="other letters"),
    pytest.param("a=b", id="equals sign"),
    pytest.param("none", id="like none"),
]
INI = "[pipeline:main]\npipeline = keep app\n[app:app]\nuse = tests.pipeline.test_secrets:hello\n[filter:keep]\n"
USE = "tests.pipeline.test_secrets:Keep"
TOML = f'app = "tests.pipeline.test_secrets:hello"\n[[layers]]\nuse = "{USE}"\n'
USERS = {"ann": "{}", "bob": "other"}
FORMATS = [
    pytest.param("a.ini", f"{INI}use = {USE}\nusers =\n  ann = {{}}\n  bob = other\n", USERS, id="ini lines"),
    pytest.param("a.ini", f'{INI}use = {USE}\nusers = {{{{ann = "{{}}", bob = "other"}}}}\n', USERS, id="ini table"),
    pytest.param("a.ini", f"{INI}use = {USE}\nwords = x {{}}, y\n", ("x", "{}", "y"), id="ini words"),
    pytest.param("a.ini", f'{INI}use = {USE}\nwords = ["{{}}", "y"]\n', ("{}", "y"), id="ini list"),
    pytest.param("a.ini", f"{INI}use = {USE}\nkey = {{}}\n", "{}", id="ini text"),
    pytest.param("a.ini", f"{INI}use = {USE}\nkey = <{{}}>\n", "<{}>", id="ini text around"),
    pytest.param("a.toml", f'{TOML}users = {{{{ann = "{{}}", bob = "other"}}}}\n', USERS, id="toml table"),
    pytest.param("a.toml", f'{TOML}words = ["x", "{{}}", "y"]\n', ("x", "{}", "y"), id="toml list"),
    pytest.param("a.toml", f'{TOML}key = "<{{}}>"\n', "<{}>", id="toml text"),
]
AROUND = ("ini text around", "toml text")  # a part of a longer text may be anything
hello = answering([b"hello"])


class Keep(Middleware):
    """Keeps its options, and shows them all in its failures."""

    def __init__(
        self, app: App, /, *, users: Mapping[str, str] = {}, words: Sequence[str] = (), key: str = "", level: int = 0
    ) -> None:
        super().__init__(app)
        self.users = users
        self.words = words
        self.key = key
        self.level = level


def fill(expected: Any, secret: str) -> Any:
    if isinstance(expected, Mapping):
        return {name: fill(each, secret) for name, each in expected.items()}
    if isinstance(expected, tuple):
        return tuple(fill(each, secret) for each in expected)
    return expected.replace("{}", secret)


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(("name", "text", "expected"), FORMATS)
def test_a_secret_stays_one_value_and_is_not_shown(
    secret: str, name: str, text: str, expected: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", secret)
    (tmp_path / "secret").write_bytes(f"{secret}\n".encode())
    for reference in ("${env:SECRET}", "${file:secret}"):
        (tmp_path / name).write_text(text.format(reference), "utf-8")
        layer: Any = load(tmp_path / name)
        option = next(each for each in ("users", "words", "key") if f"{each} =" in text)
        assert getattr(layer, option) == fill(expected, secret)
        assert repr(layer) == f"Keep({hello!r}, {option}=<secret>)"


def test_a_reference_to_a_whole_value_may_be_of_any_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORDS", "a, b")
    monkeypatch.setenv("PAIRS", "ann = 1\nbob = 2")
    layer: Any = Spec(Keep, {"words": "${env:WORDS}", "users": " ${env:PAIRS}\n"}).build(hello)
    assert (layer.words, layer.users) == (("a", "b"), {"ann": "1", "bob": "2"})


def test_two_references_may_not_give_the_same_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAME", "ann")
    with pytest.raises(ConfigError, match=r"users: invalid secret value; expected each name once$"):
        Spec(Keep, {"users": "ann = x\n${env:NAME} = y"}).build(hello)


def test_a_built_layer_shows_what_is_not_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEVEL", "7654321")
    app = Pipeline([{"use": Keep, "level": "${env:LEVEL}", "key": "shown"}, {"use": Keep, "level": 3}]).wrap(hello)
    assert repr(app) == f"Keep(Keep({hello!r}, level=3), key='shown', level=<secret>)"


def test_a_built_application_hides_a_secret_option() -> None:
    class Safe(Middleware):
        def __init__(self, app: App, /, *, key: Annotated[str, Secret] = "") -> None:
            super().__init__(app)
            self.key = key

    assert repr(Pipeline(["request_id", {"use": Safe, "key": "hush"}]).wrap(hello)) == (
        f"RequestId(Safe({hello!r}, key=<secret>))"
    )


SECRET = "Hüs'h/Päss word"
ALTERED = {
    "text": SECRET,
    "bytes": repr(SECRET.encode()),
    "ascii": ascii(SECRET),
    "repr": repr(SECRET),
    "upper case": SECRET.upper(),
    "lower case": SECRET.lower(),
    "base64": base64.b64encode(SECRET.encode()).decode(),
    "quoted": urllib.parse.quote(SECRET),
    "quoted with plus signs": urllib.parse.quote_plus(SECRET),
}


@pytest.mark.parametrize("form", ALTERED)
@pytest.mark.parametrize("failure", [ValueError, OSError, SystemExit])
def test_an_exception_does_not_show_a_secret_in_any_form(
    failure: type[BaseException], form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def layer(app: App, /, *, key: str = "", safe: Annotated[str, Secret] = "") -> App:
        raise failure(f"bad {ALTERED[form]}")

    monkeypatch.setenv("SECRET", SECRET)
    for options in ({"key": "${env:SECRET}"}, {"safe": SECRET}):
        with pytest.raises(ConfigError) as caught:
            Spec(layer, options).build(hello)
        assert str(caught.value).startswith(f"cannot build layer: {failure.__name__} (")
        assert str(caught.value).endswith("; the text of the error is left out, because it may hold a secret")
        assert ALTERED[form] not in "".join(traceback.format_exception(caught.value))


def failing_filter(global_conf: Mapping[str, str], key: str) -> App:
    raise ValueError(f"bad {key[::-1]}")


def failing_app(global_conf: Mapping[str, str], key: str) -> App:
    raise ValueError(f"bad {key[::-1]}")


@pytest.mark.parametrize("section", ["filter", "app"])
def test_an_exception_of_a_factory_for_pastedeploy_does_not_show_it(
    section: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", SECRET)
    texts = {
        "filter": f"{INI}use = paste.filter_factory:tests.pipeline.test_secrets:failing_filter\n",
        "app": "[app:main]\nuse = call:tests.pipeline.test_secrets:failing_app\n",
    }
    (tmp_path / "a.ini").write_text(f"{texts[section]}key = ${{env:SECRET}}\n", "utf-8")
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "a.ini")
    assert SECRET[::-1] not in "".join(traceback.format_exception(caught.value))
    assert "because it may hold a secret" in str(caught.value)


@pytest.mark.parametrize("form", ALTERED)
def test_a_mistake_does_not_show_a_secret_in_any_form(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def layer(app: App, /, *, key: str) -> App:
        raise ConfigError(Mistake(f"bad {ALTERED[form]}", expected=f"not {ALTERED[form]}"))

    monkeypatch.setenv("SECRET", SECRET)
    with pytest.raises(ConfigError) as caught:
        Spec(layer, {"key": "${env:SECRET}"}).build(hello)
    assert str(caught.value).count("<secret>") == 2
    assert ALTERED[form] not in str(caught.value)
    assert "word" not in str(caught.value).lower()


@pytest.mark.parametrize("written", ["${WSGISTACK_PW}", "$WSGISTACK_PW"])
@pytest.mark.parametrize(("name", "text", "expected"), [each for each in FORMATS if each.id not in AROUND])
def test_suggests_the_reference_that_is_meant(
    written: str, name: str, text: str, expected: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WSGISTACK_PW", "hush")
    (tmp_path / name).write_text(text.format(written), "utf-8")
    with pytest.raises(ConfigError, match=r"did you mean \$\{env:WSGISTACK_PW\}\?$"):
        load(tmp_path / name)
    (tmp_path / name).write_text(text.format("${env:WSGISTACK_PW}"), "utf-8")
    assert callable(load(tmp_path / name)), "the hint leads to a right configuration"


@pytest.mark.parametrize("text", ["$1$salt$hash", "${name}", "$name", "$ABSENT", "US$", "${A} ${B}", "$$"])
def test_keeps_a_text_with_a_dollar_that_is_not_surely_a_variable(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ABSENT", raising=False)
    layer: Any = Spec(Keep, {"key": text, "users": {"ann": text}}).build(hello)
    assert (layer.key, layer.users) == (text, {"ann": text})


@pytest.mark.parametrize(("name", "text", "expected"), FORMATS)
def test_names_every_undefined_variable(
    name: str, text: str, expected: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for each in ("QQQQ_ONE", "ZZZZ_TWO"):
        monkeypatch.delenv(each, raising=False)
    (tmp_path / name).write_text(text.format("${env:QQQQ_ONE}${env:ZZZZ_TWO}"), "utf-8")
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / name)
    told = str(caught.value)
    assert "environment variable QQQQ_ONE is not set" in told
    assert "environment variable ZZZZ_TWO is not set" in told


PARTS = [
    pytest.param("access_log", "format", "%h %Zx", "%Z", id="directive"),
    pytest.param("access_log", "format", "hush", "hush", id="whole value"),
    pytest.param("access_log", "format", "comon", "common'?", id="similar name"),
    pytest.param("compress", "codings", "gzip, hu", "hu", id="item"),
    pytest.param("compress", "levels", "gzip = 99", "99", id="number in a mapping"),
    pytest.param("basic_auth", "users", "ann = $9$x$y", "$9$", id="hash"),
]


@pytest.mark.parametrize(("use", "option", "value", "part"), PARTS)
@pytest.mark.parametrize("beside", [{}, {"no_such": "x"}], ids=["alone", "beside another mistake"])
def test_a_mistake_about_a_reference_shows_no_part_of_its_value(
    use: str, option: str, value: str, part: str, beside: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VALUE", value)
    with pytest.raises(ConfigError) as caught:
        Spec(use, {option: "${env:VALUE}", **beside}).check().build(hello)
    [mistake] = [each for each in caught.value.mistakes if each.key.partition(".")[0] == option]
    assert mistake.problem == "invalid secret value"
    assert part not in str(mistake)


def test_a_mistake_about_another_option_shows_no_word_of_the_value(monkeypatch: pytest.MonkeyPatch) -> None:
    def layer(app: App, /, *, dsn: str, table: str) -> App:
        raise ConfigError(Mistake(f"{dsn[11:15]!r} has no table {table!r}", key="table"))

    monkeypatch.setenv("DSN", "db://me:xx@shop/db")
    with pytest.raises(ConfigError) as caught:
        Spec(layer, {"dsn": "${env:DSN}", "table": "carts"}).build(hello)
    assert [each.problem for each in caught.value.mistakes] == ["'<secret>' has no table 'carts'"]


def refusing_app(global_conf: Mapping[str, str], key: str, size: str = "") -> App:
    raise ConfigError(Mistake(f"bad {key[:2]!r}", key="key"), Mistake(f"bad {size!r}", key="size"))


def test_a_mistake_of_an_application_shows_no_part_of_a_reference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "%Sx")
    text = "[app:main]\nuse = call:tests.pipeline.test_secrets:refusing_app\nkey = ${env:SECRET}\nsize = 5\n"
    (tmp_path / "a.ini").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "a.ini")
    assert [each.problem for each in caught.value.mistakes] == ["invalid secret value", "bad '5'"]
