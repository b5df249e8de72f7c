"""What all layers for authentication have in common: several schemes, and one answer."""

import logging
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest
from webtest import TestApp

from tests.direct import Call
from tests.middleware.auth.cards import Card, Ticket, make, show
from wsgistack import ApiKeyAuth, Auth, BasicAuth, BearerAuth, ConfigError, Credentials, Identity, Pipeline, Refusal
from wsgistack.types import App, Environ, StartResponse


def test_lets_in_who_has_valid_credentials_of_any_scheme() -> None:
    client = make()
    assert client.get("/", headers={"X-Card": "ada"}).text == "['ada', 'Card', 'ada', None] ada"
    assert client.get("/", headers={"X-Ticket": "bob"}).text == "['bob', 'Ticket', None, 'bob'] bob"


def test_answers_401_with_the_challenges_of_all_schemes() -> None:
    answer = make(realm='a "b" \\').get("/", status=401)
    challenges = answer.headers.getall("WWW-Authenticate")
    assert challenges == [r'Card realm="a \"b\" \\"', r'Ticket realm="a \"b\" \\"']


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"X-Card": "ada:forged"}, 401),
        ({"X-Card": "ada:forged", "X-Ticket": "ada"}, 401),
        ({"X-Card": "torn"}, 400),
        ({"X-Card": "ada:busy"}, 503),
    ],
)
def test_refuses_wrong_credentials(headers: Mapping[str, str], status: int, caplog: pytest.LogCaptureFixture) -> None:
    for options in ({}, {"optional": True}):
        caplog.clear()
        origin = {"REMOTE_ADDR": "127.0.0.1"}
        answer = make(**options).get("/", headers=headers, extra_environ=origin, status=status)
        assert ("WWW-Authenticate" in answer.headers) == (status == 401)
        assert answer.headers.get("Retry-After") == ("2" if status == 503 else None)
        [record] = [each for each in caplog.records if each.name == "wsgistack.auth"]
        assert record.levelno == logging.WARNING
        assert vars(record)["client"] == "127.0.0.1"
        assert vars(record)["scheme"] == "Card"


AFTER_THE_NAME = ("", "\tYWRhOmxvdmVsYWNl", ",", ", x YWRhOmxvdmVsYWNl", "/YWRhOmxvdmVsYWNl", "=", "\x00", "\xa0", " ?")
OTHER_SCHEMES = ("Basicx YWRhOmxvdmVsYWNl", "Basic-2 x", "Basic. x", "Basi", "Bearer. x", "Bearers", "Digest x", "")


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        *((f"Basic{text}", "401") for text in AFTER_THE_NAME),
        *((f"bearer{text}", "400") for text in AFTER_THE_NAME),
        *((text, "200") for text in OTHER_SCHEMES),
    ],
)
def test_malformed_credentials_of_a_scheme_do_not_count_as_none(authorization: str, status: str) -> None:
    layer = Auth(show, basic={"users": {"ada": "lovelace"}}, bearer={"tokens": {"ci": "0" * 64}}, optional=True)
    assert Call(layer, HTTP_AUTHORIZATION=authorization).status[:3] == status


def test_nobody_can_send_an_identity(caplog: pytest.LogCaptureFixture) -> None:
    forged = {"REMOTE_USER": "root", "AUTH_TYPE": "Basic", "wsgistack.identity": Identity("root", "Card")}
    client = make(public=["/open"], optional=True)
    for path in ("/", "/open"):
        assert client.get(path, extra_environ=forged).text == "[None, None, None, None] None"
    assert caplog.records == []


def test_a_public_path_is_public_in_all_its_forms() -> None:
    client = make(public=["/health"])
    for path in ("/health", "/health/x", "/health/./y"):
        assert client.get(path).status_int == 200
    for path in ("/", "/healthy", "/health/../admin", "/health%2f..%2fadmin", "/health;/../admin"):
        assert client.get(path, status=401)


def test_withholds_credentials() -> None:
    client = make(withhold=True, public=["/open"])
    headers = {"X-Card": "ada", "X-Ticket": "bob"}
    assert client.get("/", headers=headers).text == "['ada', 'Card', None, None] ada"
    assert client.get("/open", headers=headers).text == "[None, None, None, None] None"


def test_names_reach_the_application_as_pep_3333_has_it() -> None:
    def name(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
        return [environ["REMOTE_USER"].encode("latin-1")]

    class Fixed(Card):
        def verify(self, credentials: Credentials) -> Identity | Refusal:
            return Identity("zoë", "Card")

    assert TestApp(Auth(name, schemes=[Fixed])).get("/", headers={"X-Card": "x"}).text == "zoë"


@pytest.mark.parametrize(
    ("headers", "is_asked"),
    [
        ({}, True),
        ({"Sec-Fetch-Mode": "navigate"}, True),
        ({"Sec-Fetch-Mode": "cors"}, False),
        ({"X-Requested-With": "XMLHttpRequest"}, False),
    ],
)
def test_opens_no_dialog_for_a_script(headers: Mapping[str, str], is_asked: bool) -> None:
    def asks(client: TestApp) -> bool:
        return any(each.startswith("Ticket") for each in client.get("/", headers=headers, status=401).headers.values())

    assert asks(make())
    assert asks(make(dialog="pages")) == is_asked


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"schemes": []}, "has no scheme; expected at least one"),
        ({"realm": "a\nb"}, "realm: a header can't contain this realm"),
        ({"dialog": "never"}, "dialog: invalid value; expected always or pages"),
        ({"public": ["/a*"]}, "public: invalid value '/a*'"),
        ({"rules": [{"under": ["/"], "users": ["a"]}]}, "leave under out for all paths"),
        ({"rules": ["/admin"]}, "rule 1 is not a mapping"),
        (
            {"rules": {"under": ["/admin"], "users": ["ada"]}},
            "rules: is one rule; expected a list of rules; write [{…}]",
        ),
        ({"rules": [{"users": 5}]}, "users of rule 1 is not a list of names"),
        ({"rules": [{"under": ["/a"]}]}, "rule 1 does not say who is allowed; expected users, groups, scopes or check"),
        ({"rules": [{"user": ["a"]}]}, "rule 1 has the unknown name 'user'; did you mean 'users'?"),
        ({"rules": [{"users": "ada"}]}, "users of rule 1 is not a list of names"),
        ({"rules": [{"users": []}]}, "users of rule 1 is empty"),
        ({"rules": [{"users": ["a"], "methods": ["post"]}]}, "invalid method 'post' in rule 1; write POST"),
        (
            {"rules": [{"users": ["a"], "methods": ["*"]}]},
            "invalid method '*' in rule 1; expected one method in each item, such as GET; leave out methods",
        ),
        (
            {"rules": [{"users": ["a"], "methods": ["GET,POST"]}]},
            "invalid method 'GET,POST' in rule 1; expected one method in each item, such as GET",
        ),
        *(
            (
                {"rules": [{"scopes": ["a", scope]}]},
                f"invalid scope {scope!r} in rule 1; expected one scope in each item, in ASCII without quotes and",
            )
            for scope in ("b c", 'b"', "b\r\nX-Y: z", "\xe4")
        ),
        ({"rules": [{"check": "yes"}]}, "check of rule 1 is not a callable"),
    ],
)
def test_says_what_is_wrong(options: Mapping[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make(**options)
    assert said in str(caught.value)


def test_logs_who_gets_in_if_asked(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "wsgistack.auth")
    client = make()
    client.get("/", headers={"X-Card": 'a"b'}, extra_environ={"REMOTE_ADDR": "192.0.2.1"})
    client.get("/", status=401)
    [record] = caplog.records
    assert record.getMessage() == 'let in user "a\\"b" from 192.0.2.1'
    assert (record.levelno, vars(record)["scheme"]) == (logging.DEBUG, "Card")


@pytest.mark.parametrize("origin", [{}, {"REMOTE_ADDR": ""}, {"REMOTE_ADDR": "0.0.0.0"}])  # noqa: S104
def test_clients_without_an_address_share_a_counter(origin: dict[str, str], caplog: pytest.LogCaptureFixture) -> None:
    client = make(throttle={"per_client": 1})
    client.app = without_address(client.app, origin)
    client.get("/", headers={"X-Card": "ada:forged"}, status=401)
    client.get("/", headers={"X-Card": "bob:forged"}, status=429)
    assert [vars(record)["client"] for record in caplog.records] == ["-"] * 3
    assert [record.getMessage().partition(" from ")[2][:2] for record in caplog.records] == ["- ", "-:", "-:"]


def without_address(app: App, origin: dict[str, str]) -> App:
    """Remove what WebTest says of the client."""

    def served(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        environ.pop("REMOTE_ADDR", None)
        return app(environ | origin, start_response)

    return served


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"throttle": {"per_clent": 5}}, "throttle.per_clent: unknown option; did you mean 'per_client'?"),
        ({"throttle": "per_client = 5"}, "throttle: is text; expected a mapping of options"),
        ({"basic": {"usrs": {}}}, "basic.usrs: unknown option; did you mean 'users'?"),
        ({"bearer": {"jwt": {"kys": "a"}}}, "bearer.jwt.kys: unknown option; did you mean 'keys'?"),
        ({"bearer": {"jwt": ["a"]}}, "bearer.jwt: is a list; expected a mapping of options"),
    ],
)
def test_refuses_unknown_options_of_a_mapping(options: Any, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make(**options)
    assert str(caught.value) == said


class Proxied(Card):
    """A card that only a proxy may send."""

    def remove_forged(self, environ: Environ) -> None:
        if environ.get("REMOTE_ADDR") != "10.0.0.1":
            self.withhold(environ)


@pytest.mark.parametrize("path", ["/open", "/", "/closed"])
def test_forged_headers_never_reach_the_application(path: str) -> None:
    client = TestApp(Auth(show, schemes=[Ticket, Proxied], public=["/open"], optional=path == "/"))
    headers = {"X-Card": "root"} if path == "/" else {"X-Card": "root", "X-Ticket": "bob"}
    shown = client.get(path, headers=headers, extra_environ={"REMOTE_ADDR": "192.0.2.1"}).text
    assert "root" not in shown
    assert "root" in client.get(path, headers=headers, extra_environ={"REMOTE_ADDR": "10.0.0.1"}).text


def test_a_scheme_that_finds_nothing_lets_nobody_in(caplog: pytest.LogCaptureFixture) -> None:
    class Silent(Card):
        def verify(self, credentials: Credentials) -> Identity | Refusal:
            return None  # type: ignore[return-value]

    client = TestApp(Auth(show, schemes=[Silent], optional=True))
    assert client.get("/", headers={"X-Card": "ada"}, status=401)
    assert client.get("/").status_int == 200
    assert "not verified" in caplog.text


def test_a_scheme_may_refuse_with_any_status() -> None:
    class Gone(Card):
        def verify(self, credentials: Credentials) -> Identity | Refusal:
            return Refusal("gone", 410)

    assert TestApp(Auth(show, schemes=[Gone])).get("/", headers={"X-Card": "ada"}, status=410)


LINE = re.compile(
    r'(wrong credentials of|locked out) user "([^"\\]|\\.)*" from 192\.0\.2\.1\\x0a(: wrong| after too many failures)'
)


@pytest.mark.parametrize(
    "name", ['a" from 192.0.2.9: forged', "a\r\n2026 forged", "a\x85b\u2028c", "\x1b[2J", "\\", "x" * 999]
)
def test_nobody_can_forge_a_line_of_the_log(name: str, caplog: pytest.LogCaptureFixture) -> None:
    class Told(Card):
        def read(self, environ: Environ) -> Credentials | Refusal | None:
            return Credentials(name, name)

        def verify(self, credentials: Credentials) -> Identity | Refusal:
            return Refusal("wrong", is_guess=True)

    client = TestApp(Auth(show, schemes=[Told], throttle={"per_client": 1}))
    client.get("/", extra_environ={"REMOTE_ADDR": "192.0.2.1\n"}, status=401)
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 2
    for line in lines:
        assert LINE.fullmatch(line)
        assert line.isascii()
        assert line.isprintable()
        assert len(line) < 400


@pytest.mark.parametrize("layer", [{"use": "auth", "api_key": {"keys": {}}}, "api_key", "bearer_auth", "basic_auth"])
def test_all_layers_for_authentication_are_inside_and_outside_of_the_same(layer: Any) -> None:
    outside = ["access_log", "cors", "request_filter", "method_override"]
    assert Pipeline([*outside, layer, "static", "cascade"]).misplaced() == []
    for other in outside:
        assert Pipeline([layer, other]).misplaced(), other
    for other in ("static", "cascade"):
        assert Pipeline([other, layer]).misplaced(), other


@pytest.mark.parametrize(
    ("layer", "options", "keys"),
    [
        (Auth, {"bearer": {}, "api_key": {}}, ["bearer", "api_key.keys"]),
        (BasicAuth, {"max_hashes": 0}, ["", "max_hashes"]),
        (BearerAuth, {"tokens": {"ci": "abc"}, "jwt": {"secret": "x"}}, ["tokens", "jwt.algorithms"]),
        (ApiKeyAuth, {"keys": {"ci": "abc"}, "header": "a b"}, ["header", "keys"]),
    ],
)
def test_reports_all_mistakes_at_once(
    layer: Callable[..., App], options: Mapping[str, object], keys: list[str]
) -> None:
    rules = [{"under": ["admin"], "user": ["ada"]}, {}]
    shared = {"public": "/health", "realm": "\n", "rules": rules, "throttle": {"per_user": -1, "store": "x"}}
    with pytest.raises(ConfigError) as caught:
        layer(show, **shared, **options)
    found = [mistake.key for mistake in caught.value.mistakes]
    assert found == ["public", "realm", "rules", "rules", "rules", "throttle.per_user", "throttle.store", *keys]
    said = [mistake.problem for mistake in caught.value.mistakes if mistake.key == "rules"]
    assert said == [
        "rule 1 has the unknown name 'user'",
        "under of rule 1 has the invalid value 'admin'",
        "rule 2 does not say who is allowed",
    ]
