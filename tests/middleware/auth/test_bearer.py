"""The scheme Bearer, and the layer for it."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from webtest import TestApp

from tests.direct import Call, answering
from wsgistack import BearerAuth, ConfigError

TOKENS = {"ci": sha256(b"abc.def").hexdigest(), "bot": sha256(b"xyz").hexdigest() + " orders:read"}
SECRET = "0123456789abcdef0123456789abcdef"
LAYER = BearerAuth(answering([b"hello"]), tokens=TOKENS, jwt={"algorithms": ["HS256"], "secret": SECRET})
BARE = 'Bearer realm="Restricted"'
INVALID = f'{BARE}, error="invalid_token", error_description="the token is not valid"'


def get(authorization: str | None) -> tuple[str, str | None]:
    environ = {} if authorization is None else {"HTTP_AUTHORIZATION": authorization}
    made = Call(LAYER, **environ)
    assert made.read() is not None
    return made.status[:3], made.headers.get("www-authenticate")


@pytest.mark.parametrize(
    "authorization", ["Bearer abc.def", "bearer abc.def", "BEARER   abc.def ", "Bearer xyz"], ids=repr
)
def test_lets_in_who_has_a_token(authorization: str) -> None:
    assert get(authorization) == ("200", None)


OTHERS = [
    *(None, "", "Basic YTpi", "Digest x", "Bearerabc.def", "Bearer.abc", "Token abc.def", "abc.def"),
    *("\xa0Bearer abc.def", "Bear er abc.def", "Negotiate abc", "x" * 100_000, "Bear\x00er abc.def"),
]
MALFORMED = [
    *("Bearer", "Bearer ", "Bearer  ", "Bearer abc def", "Bearer abc.def, Bearer abc.def", "Bearer abc.def,"),
    *('Bearer "abc.def"', "Bearer =", "Bearer a=b", "Bearer =a", "Bearer a=b=", "Bearer \x00", "Bearer abc\n.def"),
    *("Bearer abc.def\r\nX: y", "Bearer \xff", "Bearer \xe6\x97\xa5", "Bearer %61bc.def", "Bearer abc;def"),
    *("Bearer\tabc.def", "Bearer,", "Bearer/abc.def", "Bearer=", "Bearer\x00er abc.def", "Bearer\xa0abc.def"),
    *("Bearer {}", "Bearer []", "Bearer <script>", "Bearer ..%2f..%2fetc", "Bearer ' OR 1=1 --", "Bearer a\tb"),
    *("Bearer " + "a" * 9000, "Bearer " + "a" * 1_000_000, "Bearer \u2028", "Bearer\x20\x20\x20\xa0", "Bearer é"),
]
WRONG = [
    *("Bearer abc.deF", "Bearer abc", "Bearer abc.def=", "Bearer xyz.", "Bearer ..", "Bearer ...", "Bearer a.b.c"),
    *("Bearer null", "Bearer undefined", "Bearer None", "Bearer true", "Bearer 0", "Bearer -", "Bearer /", "Bearer ~"),
    *("Bearer " + TOKENS["ci"], "Bearer " + "." * 100, "Bearer " + "a" * 8000, "Bearer e30.e30.", "Bearer e30.e30.e30"),
    *("Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJyb290In0.", "Bearer eyJhbGciOiJOb05lIn0.eyJzdWIiOiJyb290In0."),
    *("Bearer eyJhbGciOiJIUzI1NiJ9..", "Bearer .eyJzdWIiOiJhIn0.", "Bearer " + ".".join(["a" * 2000] * 3)),
    "Bearer W10.W10.W10",  # lists where objects belong
    "Bearer bnVsbA.bnVsbA.bnVsbA",
    "Bearer MQ.MQ.MQ",
    "Bearer " + "eyJ" + "W" * 3000 + ".e30.e30",
]


@pytest.mark.parametrize("authorization", OTHERS, ids=lambda text: repr(text)[:40])
def test_sends_a_challenge_without_an_error_to_who_has_no_token(authorization: str | None) -> None:
    assert get(authorization) == ("401", BARE)


@pytest.mark.parametrize("authorization", MALFORMED, ids=lambda text: repr(text)[:40])
def test_answers_400_to_what_is_no_token(authorization: str) -> None:
    malformed = f'{BARE}, error="invalid_request", error_description="the token is malformed"'
    assert get(authorization) == ("400", malformed)  # RFC 6750 section 3


@pytest.mark.parametrize("authorization", WRONG, ids=lambda text: repr(text)[:40])
def test_answers_401_to_a_wrong_token(authorization: str) -> None:
    assert get(authorization) == ("401", INVALID)


@given(st.text(st.characters(max_codepoint=255)) | st.text("abcdefgh.=-_~+/ ", max_size=40))
def test_answers_anything_without_an_error(token: str) -> None:
    status, _ = get(f"Bearer {token}")
    assert status in ("400", "401") or token.strip(" ") in ("abc.def", "xyz")


def test_names_the_scope_that_a_token_lacks() -> None:
    rules = [{"methods": ["POST"], "scopes": ["orders:write"]}]
    client = TestApp(BearerAuth(answering([b""]), tokens=TOKENS, rules=rules))  # type: ignore[arg-type]
    answer = client.post("/", headers={"Authorization": "Bearer xyz"}, status=403)
    assert answer.headers["WWW-Authenticate"] == (
        f'{BARE}, error="insufficient_scope", error_description="the token does not allow this request", '
        'scope="orders:write"'
    )
    assert client.post("/", headers={"Authorization": "Bearer abc.def"}).status_int == 200


def test_needs_tokens_or_jwts() -> None:
    with pytest.raises(ConfigError, match="accepts no token; expected tokens, jwt, or both"):
        BearerAuth(answering([]))
