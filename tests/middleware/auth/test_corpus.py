"""Malformed and hostile headers and tokens of all schemes: nobody gets in, and nothing breaks."""

import logging
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.direct import Call
from tests.middleware.auth.authorization_headers import HEADERS
from tests.middleware.auth.test_bearer import MALFORMED, WRONG
from tests.middleware.auth.test_jwt import HOSTILE, PEM
from wsgistack import ApiKeyAuth, Auth, BasicAuth, BearerAuth
from wsgistack.types import App, Environ, StartResponse

ODD = {
    "NUL": "\x00",
    "NUL behind it": "right\x00",
    "line break": "right\r\nX-User: root",
    "spaces around it": " right ",
    "other case": "RIGHT",
    "full-width letters, as bytes": "\uff52\uff49\uff47\uff48\uff54".encode().decode("latin-1"),
    "Arabic digits, as bytes": "١٢٣".encode().decode("latin-1"),
    "bytes that are not UTF-8": "\xff\xfe",
    "overlong form of a letter": "\xc1\xb2ight",
    "surrogates, as bytes": "\xed\xa0\x80",
    "a character that no server sends": "\u2028",
    "half of a character": "\ud800",
    "twice": "right, right",
    "twice, with semicolons": "right;right",
    "quotes": '"right"',
    "percent": "%72ight",
    "path": "../../etc/passwd",
    "SQL": "' OR '1'='1",
    "template": "{{7*7}}${7*7}%(x)s{0}",
    "mail header": "right\nBcc: x",
    "terminal": "\x1b]0;x\x07",
    "prefix": "righ",
    "longer": "right" * 2000,
    "very long": "r" * 2_000_000,
    "digest": sha256(b"right").hexdigest(),
    "empty": "",
    "blank": " ",
    "None": "None",
    "true": "true",
    "table": '{"$ne": null}',
}
NAMES = {
    "two names": "ada, root",
    "two names, close": "ada,root",
    "line break": "ada\r\nroot",
    "NUL": "ada\x00",
    "escape": "\x1b[2J",
    "bytes that are not UTF-8": "\xff",
    "blank": " \t",
    "long": "a" * 300,
    "very long": "a" * 2_000_000,
}
SUBJECTS = {
    "empty": "",
    "no name": "O=Example",
    "empty name": "CN=",
    "two names": "CN=ada,CN=root",
    "two names in one part": "CN=ada+CN=root",
    "two names in other cases": "CN=ada,cn=root",
    "slashes": "/CN=ada",
    "quotes": 'CN="ada"',
    "bytes": "CN=#0403616461",
    "unended escape": "CN=ada\\",
    "escape of NUL": r"CN=ada\00",
    "escape of a line break": r"CN=ada\0A",
    "escape of half a character": r"CN=\C3",
    "NUL": "CN=ada\x00",
    "comma at the end": "CN=ada,",
    "spaces": "CN= ada",
    "not UTF-8": "CN=\xff",
    "a character that no server sends": "CN=\u2028",
    "many": "CN=a," * 1000,
    "escapes": "CN=" + r"\41" * 2000,
    "very long": "CN=" + "a" * 2_000_000,
}

BY_PROXY, PROXY = {"HTTP_X_SSL_CLIENT_VERIFY": "SUCCESS"}, {"REMOTE_ADDR": "10.0.0.1"}
QUERIES = ("key=right&key=right", "key=%ff", "key=right%00", "KEY=right", "key[]=right", "key", "key=", "&" * 5000)
COOKIES = ("key=right; key=right", "key=right\x00", 'key="right"', "KEY=right", "key", "key=", ";" * 9000, "=right")
VERIFICATIONS = ("FAILED:expired", "GENEROUS", "success", "SUCCESS ", "SUCCESS,SUCCESS", "1", "true", "\x00")


def make_corpus() -> Iterator[tuple[str, Mapping[str, str]]]:
    for name, text in HEADERS.items():
        yield f"basic: {name}", {"HTTP_AUTHORIZATION": text}
    for number, text in enumerate([*MALFORMED, *WRONG]):
        yield f"bearer: {number}", {"HTTP_AUTHORIZATION": text}
    for name, text in HOSTILE.items():
        yield f"jwt: {name}", {"HTTP_AUTHORIZATION": f"Bearer {text}"}
    for name, text in ODD.items():
        yield f"key: {name}", {"HTTP_X_API_KEY": text}
        yield f"token: {name}", {"HTTP_AUTHORIZATION": f"Bearer {text}" if text.strip() != "right" else "Bearer"}
    for text in QUERIES:
        yield f"query: {text[:30]}", {"QUERY_STRING": text}
    for text in COOKIES:
        yield f"cookie: {text[:30]!r}", {"HTTP_COOKIE": text}
    for name, text in NAMES.items():
        yield f"proxy: {name}", {**PROXY, "HTTP_X_FORWARDED_USER": text}
    yield "proxy: of a stranger", {"HTTP_X_FORWARDED_USER": "root", "HTTP_X_FORWARDED_GROUPS": "wheel"}
    for name, text in SUBJECTS.items():
        yield f"subject: {name}", {**PROXY, **BY_PROXY, "HTTP_X_SSL_CLIENT_S_DN": text}
        yield f"subject, by the server: {name}", {"SSL_CLIENT_VERIFY": "SUCCESS", "SSL_CLIENT_S_DN": text}
    for text in VERIFICATIONS:
        yield f"verification: {text!r}", {"SSL_CLIENT_VERIFY": text, "SSL_CLIENT_S_DN": "CN=ada"}
    yield "subject: of a stranger", {**BY_PROXY, "HTTP_X_SSL_CLIENT_S_DN": "CN=root"}


CORPUS = dict(make_corpus())


class Unread:
    """A body that nobody reads."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(name)


def closed(environ: Environ, start_response: StartResponse) -> list[bytes]:
    """An application that says who is there."""
    start_response("200 OK", [])
    return [repr([environ.get(name) for name in ("REMOTE_USER", "AUTH_TYPE", "wsgistack.identity")]).encode()]


@pytest.fixture(scope="module")
def layers(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, App]:
    pem = tmp_path_factory.mktemp("keys") / "public.pem"
    pem.write_bytes(PEM)
    keys = {"ci": sha256(b"right").hexdigest()}
    jwt: Any = {"algorithms": ["RS256"], "keys": Path(pem), "issuer": "https://issuer.example", "audience": ["shop"]}
    every: dict[str, Any] = {
        "certificate": {"trusted": ["10.0.0.0/8"]},
        "trusted_header": {"trusted": ["10.0.0.0/8"]},
        "bearer": {"tokens": keys, "jwt": jwt},
        "api_key": {"keys": keys, "cookie": "key", "query": "key"},
    }
    made: Mapping[str, Callable[[], App]] = {
        "auth": lambda: Auth(closed, **every),
        "auth, throttled": lambda: Auth(closed, **every, throttle={"per_client": 100_000, "per_user": 100_000}),
        "auth, withholding": lambda: Auth(closed, **every, withhold=True, dialog="pages"),
        "bearer_auth": lambda: BearerAuth(closed, tokens=keys, jwt=jwt),
        "api_key": lambda: ApiKeyAuth(closed, keys=keys, cookie="key", query="key"),
        "basic_auth": lambda: BasicAuth(closed, users={"ada": "right"}),
    }
    return {name: make() for name, make in made.items()} | {"optional": Auth(closed, **every, optional=True)}


def test_is_large() -> None:
    assert len({tuple(environ.items()) for environ in CORPUS.values()}) >= 250


@pytest.mark.parametrize(
    "layer", ["auth", "auth, throttled", "auth, withholding", "optional", "bearer_auth", "api_key", "basic_auth"]
)
def test_nobody_gets_in(layer: str, layers: Mapping[str, App], caplog: pytest.LogCaptureFixture) -> None:
    for name, environ in CORPUS.items():
        sent: dict[str, Any] = {"REMOTE_ADDR": "192.0.2.1", "CONTENT_LENGTH": "5", **environ, "wsgi.input": Unread()}
        made = Call(layers[layer], **sent)
        body = made.read()
        if layer == "optional" and made.status == "200 OK":
            assert body == b"[None, None, None]", name
        else:
            challenge = dict(made.starts[-1][1]).get("WWW-Authenticate", "")
            expected = "401" if challenge and "invalid_request" not in challenge else "400"
            assert made.status[:3] == expected, name
        for record in caplog.records:
            line = record.getMessage()
            assert record.levelno == logging.WARNING, name
            assert line.isascii(), name
            assert line.isprintable(), name
            assert len(line) < 600, name
            assert "right" not in line, name
        caplog.clear()


def test_the_right_ones_get_in(layers: Mapping[str, App]) -> None:
    right = {"HTTP_X_API_KEY": "right", "HTTP_AUTHORIZATION": "Bearer right"}
    for layer in ("auth", "auth, throttled", "auth, withholding", "optional", "bearer_auth", "api_key"):
        assert b"'ci'" in Call(layers[layer], **right).read(), layer
    assert b"'ada'" in Call(layers["basic_auth"], HTTP_AUTHORIZATION="Basic YWRhOnJpZ2h0").read()
