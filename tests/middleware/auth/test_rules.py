"""The rules of the layer auth."""

from base64 import b64encode
from unicodedata import normalize

import pytest
from webtest import TestApp

from tests.direct import answering
from tests.middleware.auth.cards import make
from wsgistack import Auth

RULES = [
    {"under": ["/admin"], "groups": ["staff"]},
    {"under": ["/orders"], "methods": ["POST"], "scopes": ["orders:write"]},
    {"under": ["/mine"], "users": ["bob"]},
    {"under": ["/check"], "check": lambda identity, environ: identity.user == environ["QUERY_STRING"]},
]


@pytest.mark.parametrize(
    ("method", "path", "card", "status"),
    [
        ("GET", "/", "bob", 200),
        ("GET", "/admin", "ada", 200),
        ("GET", "/admin", "bob", 403),
        ("GET", "//admin/x", "bob", 403),
        ("GET", "/x/../admin", "bob", 403),
        ("GET", "/%61dmin", "bob", 403),
        ("GET", "/administrators", "bob", 200),
        ("GET", "/orders", "bob:orders:read", 200),
        ("POST", "/orders", "bob:orders:read", 403),
        ("POST", "/orders", "bob:orders:read orders:write", 200),
        ("POST", "/orders", "bob", 200),
        ("GET", "/mine", "bob", 200),
        ("GET", "/mine", "ada", 403),
        ("GET", "/check?ada", "ada", 200),
        ("GET", "/check?bob", "ada", 403),
    ],
)
def test_applies_each_rule_that_matches(method: str, path: str, card: str, status: int) -> None:
    make(rules=RULES).request(path, method=method, headers={"X-Card": card}, status=status)


def test_a_rule_for_a_method_also_matches_an_override() -> None:
    client = make(rules=[{"methods": ["DELETE"], "users": ["ada"]}, {"methods": ["GET"], "groups": ["staff"]}])
    headers = {"X-Card": "bob", "X-HTTP-Method-Override": "delete"}
    assert client.post("/", headers={"X-Card": "bob"}).status_int == 200
    assert client.post("/", headers=headers, status=403)
    assert client.head("/", headers={"X-Card": "bob"}, status=403)


def test_names_the_scope_that_is_missing() -> None:
    answer = make(rules=RULES).post("/orders", headers={"X-Card": "bob:x"}, status=403)
    assert answer.headers["WWW-Authenticate"] == 'Card realm="Restricted", error="insufficient_scope"'


def test_an_optional_identity_is_needed_where_a_rule_matches() -> None:
    client = make(optional=True, rules=RULES)
    assert client.get("/").status_int == 200
    assert client.get("/admin", status=401).headers["WWW-Authenticate"]


def test_a_rule_may_spell_a_name_in_either_form_of_unicode() -> None:
    name, decomposed = "änn", normalize("NFD", "änn")
    app = Auth(answering([b"in"]), basic={"users": {name: "x"}}, rules=[{"users": [decomposed]}])
    assert TestApp(app).get("/", headers=[("Authorization", _encode(f"{name}:x"))]).status_int == 200
    client, other = make(rules=[{"users": [decomposed]}]), make(rules=[{"users": [name]}])
    # a proxy or an issuer may have both as two users
    assert client.get("/", extra_environ={"HTTP_X_CARD": decomposed}).status_int == 200
    other.get("/", extra_environ={"HTTP_X_CARD": decomposed}, status=403)


def _encode(credentials: str) -> str:
    return f"Basic {b64encode(credentials.encode()).decode()}"
