"""JWTs: what is accepted, and what is not."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from math import inf
from pathlib import Path
from time import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from wsgistack import ConfigError, Identity, Refusal
from wsgistack.middleware.auth import jwt as module
from wsgistack.middleware.auth.jwt import Jwts

SECRET = "0123456789abcdef0123456789abcdef"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
CURVE = ec.generate_private_key(ec.SECP256R1())
PEM = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
NOW = int(time())
CLAIMS: Mapping[str, Any] = {"sub": "ada", "exp": NOW + 86_400, "iss": "https://issuer.example", "aud": "shop"}
CHECKED = {"issuer": "https://issuer.example", "audience": ["shop", "api"]}


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "public.pem"
    path.write_bytes(PEM)
    return path


def sign(claims: Mapping[str, Any] = CLAIMS, key: Any = KEY, algorithm: str = "RS256", **headers: Any) -> str:
    return jwt.encode(dict(claims), key, algorithm=algorithm, headers=headers)


def encode(part: object) -> str:
    data = part if isinstance(part, bytes) else json.dumps(part).encode()
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def verify(token: str, pem: Path, **options: Any) -> Identity | Refusal:
    return Jwts(**{"algorithms": ["RS256"], "keys": pem, **CHECKED, **options}).verify(token)


def test_accepts_a_right_token(pem: Path) -> None:
    claims = {**CLAIMS, "groups": ["staff"], "scope": "orders:read  orders:write"}
    found = verify(sign(claims), pem)
    assert found == Identity("ada", "Bearer", frozenset({"staff"}), frozenset({"orders:read", "orders:write"}), claims)
    assert verify(sign({**CLAIMS, "scp": ["a"], "roles": ["b"], "name": "Ada"}), pem, scopes_claim="scp") == Identity(
        "ada", "Bearer", frozenset(), frozenset({"a"}), {**CLAIMS, "scp": ["a"], "roles": ["b"], "name": "Ada"}
    )
    named = verify(sign({**CLAIMS, "name": "Ada L"}), pem, user_claim="name")
    assert isinstance(named, Identity)
    assert named.user == "Ada L"
    by_secret = Jwts(algorithms=["HS256"], secret=SECRET, audience=["shop"]).verify(sign(key=SECRET, algorithm="HS256"))
    assert isinstance(by_secret, Identity)


def forge(header: object, claims: object = CLAIMS, signature: str = "") -> str:
    return f"{encode(header)}.{encode(claims)}.{signature}"


SIGNED = sign()


def sign_bytes(claims: bytes) -> str:
    """A token whose signature is right, whatever its claims are."""
    return jwt.api_jws.encode(claims, KEY, algorithm="RS256")


HEAD, BODY, TAIL = SIGNED.split(".")
EMBEDDED = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(OTHER.public_key()))


def sign_with_public_key() -> str:
    """The old attack: the public key as the secret of HMAC."""
    import hmac
    from hashlib import sha256

    text = f"{encode({'alg': 'HS256', 'typ': 'JWT'})}.{encode(dict(CLAIMS))}"
    return f"{text}.{encode(hmac.digest(PEM, text.encode(), sha256))}"


HOSTILE = {
    "alg none": forge({"alg": "none"}),
    "alg None": forge({"alg": "None"}),
    "alg nOnE, with a signature": forge({"alg": "nOnE"}, signature=TAIL),
    "alg empty": forge({"alg": ""}),
    "alg missing": forge({"typ": "JWT"}),
    "alg null": forge({"alg": None}),
    "alg a list": forge({"alg": ["RS256"]}, signature=TAIL),
    "alg a number": forge({"alg": 1}, signature=TAIL),
    "public key as secret": sign_with_public_key(),
    "HMAC with an empty secret": sign_with_public_key().rpartition(".")[0] + ".",
    "other key": sign(key=OTHER),
    "key in the token": sign(key=OTHER, jwk=EMBEDDED),
    "key by URL": sign(key=OTHER, jku="https://evil.example/keys", x5u="https://evil.example/x"),
    "key by path": sign(key=OTHER, kid="../../../../dev/null"),
    "key by SQL": sign(key=OTHER, kid="x' UNION SELECT 'a"),
    "other algorithm of the same key": sign(algorithm="PS256"),
    "other kind of key": sign(key=CURVE, algorithm="ES256"),
    "no signature": f"{HEAD}.{BODY}.",
    "cut signature": f"{HEAD}.{BODY}.{TAIL[:-8]}",
    "longer signature": f"{HEAD}.{BODY}.{TAIL}AAAA",
    "zero signature": f"{HEAD}.{BODY}.{encode(bytes(256))}",
    "changed claims": f"{HEAD}.{encode({**CLAIMS, 'sub': 'root'})}.{TAIL}",
    "changed header": f"{encode({'alg': 'RS256', 'typ': 'jwt'})}.{BODY}.{TAIL}",
    "swapped parts": f"{BODY}.{HEAD}.{TAIL}",
    "critical extension": sign(crit=["exp"], exp=1),
    "unknown critical extension": sign(crit=["x"], x=1),
    "unencoded payload": sign(b64=False, crit=["b64"]),
    "expired": sign({**CLAIMS, "exp": NOW - 10}),
    "without an end": sign({name: value for name, value in CLAIMS.items() if name != "exp"}),
    "end as text": sign({**CLAIMS, "exp": "tomorrow"}),
    "end as a list": sign_bytes(json.dumps({**CLAIMS, "exp": [1]}).encode()),
    "end as digits": sign_bytes(json.dumps({**CLAIMS, "exp": str(NOW + 86_400)}).encode()),
    "end true": sign_bytes(json.dumps({**CLAIMS, "exp": True}).encode()),
    "end not a number": sign_bytes(json.dumps({**CLAIMS, "exp": float("nan")}).encode()),
    "end infinite": sign_bytes(json.dumps({**CLAIMS, "exp": float("inf")}).encode()),
    "not yet valid": sign({**CLAIMS, "nbf": NOW + 86_400}),
    "issued in the future": sign({**CLAIMS, "iat": NOW + 86_400}),
    "other issuer": sign({**CLAIMS, "iss": "https://evil.example"}),
    "issuer with a slash": sign({**CLAIMS, "iss": "https://issuer.example/"}),
    "no issuer": sign({name: value for name, value in CLAIMS.items() if name != "iss"}),
    "issuers": sign({**CLAIMS, "iss": ["https://issuer.example"]})
    if False
    else forge({"alg": "RS256"}, {**CLAIMS, "iss": []}),
    "other audience": sign({**CLAIMS, "aud": "bank"}),
    "other audiences": sign({**CLAIMS, "aud": ["bank", "shoppe"]}),
    "no audience": sign({name: value for name, value in CLAIMS.items() if name != "aud"}),
    "audience a number": sign({**CLAIMS, "aud": 5}),
    "no user": sign({name: value for name, value in CLAIMS.items() if name != "sub"}),
    "empty user": sign({**CLAIMS, "sub": ""}),
    "user with a line break": sign({**CLAIMS, "sub": "ada\r\nX: y"}),
    "user a table": sign_bytes(json.dumps({**CLAIMS, "sub": {}}).encode()),
    "scopes a number": sign({**CLAIMS, "scope": 5}),
    "scopes of numbers": sign({**CLAIMS, "scope": [1]}),
    "groups a text": sign({**CLAIMS, "groups": "staff"}),
    "claims a list": sign_bytes(b"[1]"),
    "claims not JSON": sign_bytes(b"{"),
    "claims not UTF-8": sign_bytes(bytes([255])),
    "header a list": f"{encode([1])}.{BODY}.{TAIL}",
    "header not JSON": f"{encode(b'{{')}.{BODY}.{TAIL}",
    "header deep": f"{encode(b'[' * 6000)}.{BODY}.{TAIL}",
    "claims deep": sign_bytes(b"[" * 5000),
    "claims with a long number": sign_bytes(b'{"exp":' + b"1" * 5000 + b"}"),
    "kid a number": forge({"alg": "RS256", "kid": 5}, signature=TAIL),
    "kid a table": forge({"alg": "RS256", "kid": {}}, signature=TAIL),
    "base64 of the other kind": SIGNED.replace("-", "+").replace("_", "/") + "+",
    "padding": SIGNED + "==",
    "four parts": SIGNED + ".e30",
    "five parts, as encrypted": ".".join([HEAD, "", "e30", BODY, TAIL]),
    "empty parts": "..",
    "text": "a.b.c",
}


@pytest.mark.parametrize("token", HOSTILE.values(), ids=HOSTILE)
def test_refuses_a_hostile_token(token: str, pem: Path) -> None:
    found = verify(token, pem)
    assert isinstance(found, Refusal)
    assert (found.status, found.error) == (401, "invalid_token")
    assert token not in found.reason


SIGNED_BY_ISSUER = {
    *("expired", "without an end", "end as text", "end as a list", "end as digits", "end true"),
    *("end not a number", "end infinite", "not yet valid", "issued in the future", "other issuer"),
    *("issuer with a slash", "no issuer", "other audience", "other audiences", "no audience", "audience a number"),
    *("no user", "empty user", "user with a line break", "user a table", "scopes a number", "scopes of numbers"),
    *("groups a text", "claims a list", "claims not JSON", "claims not UTF-8", "claims deep"),
    *("claims with a long number",),
}


def test_who_has_a_token_of_the_issuer_has_not_guessed(pem: Path) -> None:
    found = {name: verify(token, pem, leeway=1) for name, token in HOSTILE.items()}
    assert {name for name, each in found.items() if not each.is_guess} == SIGNED_BY_ISSUER  # type: ignore[union-attr]


@pytest.mark.parametrize("claims", [{"aud": "bank"}, {"iss": "https://evil.example"}, {"exp": NOW - 10}])
def test_wrong_claims_without_a_signature_are_a_guess(claims: Mapping[str, Any], tmp_path: Path) -> None:
    # the first key is of another kind, and the second one has not signed the token
    keys = tmp_path / "keys.pem"
    keys.write_bytes(CURVE.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo) + PEM)
    assert verify(sign({**CLAIMS, **claims}, key=OTHER), keys).is_guess  # type: ignore[union-attr]
    assert not verify(sign({**CLAIMS, **claims}), keys).is_guess  # type: ignore[union-attr]


@given(st.text(st.characters(max_codepoint=127), max_size=60), st.binary(max_size=60), st.binary(max_size=60))
def test_refuses_anything_without_an_error(text: str, header: bytes, claims: bytes) -> None:
    jwts = Jwts(algorithms=["HS256"], secret=SECRET)
    for token in (text, f"{encode(header)}.{encode(claims)}.{encode(b'x')}", f"{encode({'alg': 'HS256'})}.{text}.x"):
        assert isinstance(jwts.verify(token), Refusal)
        assert jwts.recall(token) is None


def test_a_token_may_end_beyond_all_floats(pem: Path) -> None:
    assert isinstance(verify(sign({**CLAIMS, "exp": 10**400}), pem), Identity)


def test_the_clocks_may_differ_by_the_leeway(pem: Path) -> None:
    late = sign({**CLAIMS, "exp": NOW - 10})
    assert verify(late, pem) == Refusal("the token has expired", error="invalid_token")
    assert isinstance(verify(late, pem, leeway=3600), Identity)


def test_who_comes_too_early_has_not_guessed(pem: Path) -> None:
    for claim in ("iat", "nbf"):
        early = sign({**CLAIMS, claim: NOW + 3600})
        assert verify(early, pem) == Refusal("the token is not valid yet", error="invalid_token")
        assert isinstance(verify(early, pem, leeway=7200), Identity)
    forged = sign({**CLAIMS, "nbf": NOW + 3600}, key=OTHER)
    assert verify(forged, pem).is_guess  # type: ignore[union-attr]


def test_a_token_for_somebody_else_is_refused_even_if_no_audience_is_named(pem: Path) -> None:
    assert isinstance(verify(SIGNED, pem, audience=[]), Refusal)
    own = sign({name: value for name, value in CLAIMS.items() if name != "aud"})
    assert isinstance(verify(own, pem, audience=[]), Identity)


def test_requires_the_claims_that_are_named(pem: Path) -> None:
    assert isinstance(verify(SIGNED, pem, required=["exp", "jti"]), Refusal)
    assert isinstance(verify(sign({**CLAIMS, "jti": "1"}), pem, required=["exp", "jti"]), Identity)


def test_remembers_a_right_token_until_it_expires(pem: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jwts = Jwts(algorithms=["RS256"], keys=pem, remember=3600, **CHECKED)  # type: ignore[arg-type]
    end = int(time()) + 600
    token = sign({**CLAIMS, "exp": end})
    assert jwts.recall(token) is None
    found = jwts.verify(token)
    assert jwts.recall(token) is found
    assert jwts.recall(token + "x") is None
    monkeypatch.setattr(module, "time", lambda: end + 1)
    assert jwts.recall(token) is None
    monkeypatch.undo()
    forgetful = Jwts(algorithms=["RS256"], keys=pem, remember=0, **CHECKED)  # type: ignore[arg-type]
    assert isinstance(forgetful.verify(token), Identity)
    assert forgetful.recall(token) is None


def test_remembers_a_limited_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_REMEMBERED", 2)
    jwts = Jwts(algorithms=["HS256"], secret=SECRET, required=[])
    tokens = [sign({"sub": user}, SECRET, "HS256") for user in "abc"]
    assert all(isinstance(jwts.verify(token), Identity) for token in tokens)
    assert [jwts.recall(token) is not None for token in tokens] == [False, True, True]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "jwt: needs one source of keys; expected exactly one of secret, keys and jwks_url"),
        ({"secret": SECRET, "jwks_url": "https://x.example", "algorithms": ["HS256"]}, "needs one source of keys"),
        ({"secret": SECRET}, "jwt.algorithms: does not name the algorithms; expected some of HS256, HS384, HS512"),
        ({"secret": SECRET, "algorithms": ["none"]}, "the algorithm 'none' can't be used with a secret"),
        ({"secret": SECRET, "algorithms": ["RS256"]}, "the algorithm 'RS256' can't be used with a secret"),
        ({"jwks_url": "https://x.example", "algorithms": ["HS256"]}, "'HS256' can't be used with public keys"),
        ({"jwks_url": "https://x.example", "algorithms": ["RS265"]}, "did you mean 'RS256'?"),
        ({"secret": SECRET[:-1], "algorithms": ["HS256"]}, "jwt.secret: the secret is too short; expected at least 32"),
        ({"secret": SECRET, "algorithms": ["HS256", "HS512"]}, "expected at least 64 bytes"),
        ({"secret": PEM.decode(), "algorithms": ["HS256"]}, "jwt.secret: the secret is a key that others can read"),
        ({"jwks_url": "http://x.example", "algorithms": ["RS256"]}, "jwt.jwks_url: the keys could be replaced"),
        ({"keys": Path("no such file"), "algorithms": ["RS256"]}, "jwt.keys: "),
        ({"secret": SECRET, "algorithms": "HS256"}, "jwt.algorithms: is text; expected a list; write ['HS256']"),
        ({"secret": SECRET, "algorithms": ["HS256"], "audience": "shop"}, "jwt.audience: is text; expected a list"),
        ({"secret": SECRET, "algorithms": ["HS256"], "required": "exp"}, "jwt.required: is text; expected a list"),
        ({"secret": SECRET, "algorithms": 256}, "jwt.algorithms: is a number; expected a list"),
        *(
            ({"secret": SECRET, "algorithms": ["HS256"], key: inf}, f"jwt.{key}: invalid value inf; expected 0 seconds")
            for key in ("leeway", "refresh", "remember")
        ),
    ],
)
def test_says_what_is_wrong(options: Mapping[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Jwts(**options)
    assert said in str(caught.value)
    assert SECRET[:-1] not in str(caught.value)


def test_does_not_keep_a_private_key(tmp_path: Path) -> None:
    path = tmp_path / "private.pem"
    path.write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(ConfigError, match="has a private key; a server that only verifies needs the public one"):
        Jwts(algorithms=["RS256"], keys=path)


def test_an_application_can_not_change_a_remembered_identity(pem: Path) -> None:
    found = verify(SIGNED, pem)
    assert isinstance(found, Identity)
    with pytest.raises(TypeError):
        found.claims["sub"] = "root"  # type: ignore[index]
