"""Secrets of clients: in names, queries, paths, URLs and texts, and what is not one."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgistack.http.redaction import REDACTED, Redaction, redact_text

_SECRET = "hunter2-9f31"
_JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
_TOKENS = [
    _JWT,
    _JWT.partition(".")[0],
    "ghp_0123456789abcdefghij",
    "github_pat_0123456789abcdefghij",
    "glpat-0123456789abcdefghij",
    "xoxb-0123456789-abcdefghij",
    "sk_live_0123456789abcdefghij",
    "rk_test_0123456789abcdefghij",
    "AKIAIOSFODNN7EXAMPLE",
    "AIzaSyA0123456789abcdefghij",
    "npm_0123456789abcdefghij",
    "pypi-AgEIcHlwaS5vcmcCJD",
    "hvs.0123456789abcdefghij",
]
_JSON = ('{"password": "x"}', '{"page": "x", "token": "y"}', '{"page": "x"}')
_ENCODED = _JWT.replace(".", "%2e")
_SECRET_NAMES = [
    *("password", "PASSWORD", "passwd", "user[password]", "user_password", "newPassword", "passphrase", "pass-code"),
    *(
        "token",
        "access_token",
        "csrfmiddlewaretoken",
        "X-Auth-Token",
        "id_token",
        "Authorization",
        "Proxy-Authorization",
    ),
    *("api_key", "apikey", "apiKey", "X-Api-Key", "HTTP_X_API_KEY", "access-key", "AWSAccessKeyId", "private_key"),
    *("Cookie", "Set-Cookie", "sessionid", "PHPSESSID", "JSESSIONID", "connect.sid", "sid", "session"),
    *("code", "state", "nonce", "ticket", "SAMLResponse", "client_assertion", "client_secret", "X-Amz-Signature"),
    *(
        "pwd",
        "pw",
        "pass",
        "user_pwd",
        "userpass",
        "hotp",
        "mfa",
        "sess",
        "sas",
        "X-Functions-Key",
        "master_key",
        "hmac",
    ),
    *("authkey", "encryptionKey", "oauth_verifier", "otpcode", "pincode"),
    *("Ocp-Apim-Subscription-Key", "sharedkey", "account_key", "invite"),
    *("verification_code", "activationCode", "sms-code", "login_code", "recovery_code", "backup_code", "access_code"),
    *("user_code", "device_code", "code_verifier", "security_code", "reset_code", "invite_code", "confirmation_code"),
    *("X-Amz-Credential", "sig", "pin", "otp", "totp", "X-OTP", "one-time", "magic_link", "X-Auth", "auth", "jwt"),
]
_OTHER_NAMES = [
    *("page", "sort", "q", "id", "Referer", "User-Agent", "Accept", "X-Request-ID", "footprint", "laptop", "compass"),
    *("author", "opinion", "keyword", "monkey", "country_code", "united_states", "shipping", "design", "passenger"),
    *("product_code", "status_code", "promo_code", "error_code", "code_challenge", "postcode"),
    *("REMOTE_USER", "REMOTE_ADDR", "SERVER_PROTOCOL", "HTTP_HOST", "traceparent", "inside", "spin", "", "zip_code"),
]
_WORDS = st.sampled_from(["orders", "2026", "a", "Ann", "caf%C3%A9", "x-y", "10:30", "a.html", "%20", "+"])


def _encode(text: str) -> str:
    return quote(text, safe="")


@pytest.fixture(scope="module")
def redaction() -> Redaction:
    return Redaction(["customer-ref"])


@pytest.mark.parametrize("name", _SECRET_NAMES)
def test_knows_the_names_of_secrets(name: str, redaction: Redaction) -> None:
    assert redaction.is_secret(name)
    assert redaction.redact_value(name, "x") == REDACTED
    assert redaction.redact_query(f"a=1&{name}={_SECRET}&b=2") == f"a=1&{name}={REDACTED}&b=2"


@pytest.mark.parametrize("name", _OTHER_NAMES)
def test_keeps_other_values(name: str, redaction: Redaction) -> None:
    assert not redaction.is_secret(name)
    assert redaction.redact_value(name, "a value") == "a value"
    assert redaction.redact_query(f"{name}=value") == f"{name}=value"


@pytest.mark.parametrize(
    "name", ["customer-ref", "customer_ref", "customerRef", "HTTP_X_CUSTOMER_REF", "customer.ref[]"]
)
def test_knows_the_names_of_an_operator(name: str, redaction: Redaction) -> None:
    assert redaction.is_secret(name)
    assert not Redaction().is_secret(name)
    assert redaction.redact_path(f"/{name}/{_SECRET}") == f"/{name}/{REDACTED}"


def test_ignores_names_without_letters() -> None:
    assert not Redaction(["", "--"]).is_secret("page")


@pytest.mark.parametrize("token", _TOKENS)
def test_knows_the_forms_of_tokens(token: str, redaction: Redaction) -> None:
    assert redact_text(f"see {token}!") == f"see {REDACTED}!"
    assert redaction.redact_query(f"x={token}") == f"x={REDACTED}"
    assert redaction.redact_query(f"{token}&a") == f"{REDACTED}&a"
    assert redaction.redact_path(f"/a/{token}/b") == f"/a/{REDACTED}/b"
    assert redaction.redact_value("X-Other", f"a {token}") == f"a {REDACTED}"
    assert token not in redaction.redact_url(f"https://{token}.example/{token}?{token}#{token}")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ""),
        ("&&;=", "&&;="),
        ("token", "token"),
        ("token=", f"token={REDACTED}"),
        ("%74oken=x", f"%74oken={REDACTED}"),
        ("%2574oken=x", f"%2574oken={REDACTED}"),
        ("a=1;token=x;b", f"a=1;token={REDACTED};b"),
        (f"next={_encode('https://x.example/?token=x')}", f"next={REDACTED}"),
        ("next=/reset/x", f"next={REDACTED}"),
        (f"next={_encode('/orders?page=2')}", f"next={_encode('/orders?page=2')}"),
        (f"data={_encode(_JSON[0])}", f"data={REDACTED}"),
        (f"data={_encode(_JSON[1])}", f"data={REDACTED}"),
        (f"data={_encode(_JSON[2])}", f"data={_encode(_JSON[2])}"),
        (f"x={_encode(_ENCODED)}", f"x={REDACTED}"),
        (_encode(f"x={_ENCODED}"), REDACTED),
        ("tôken=x&token=y", f"tôken=x&token={REDACTED}"),
        ("%25252574oken=x", f"%25252574oken={REDACTED}"),
        (f"next={_encode(_encode(_encode('/?token=x')))}", f"next={REDACTED}"),
        ("token:x", REDACTED),
        ("token%3Dx", REDACTED),
        ("a%26code=x", f"a%26code={REDACTED}"),
        ("remember_me=x", f"remember_me={REDACTED}"),
        ("a%26token%3Dx=1", REDACTED),
        ('{"token":"x"}', REDACTED),
        ("x=%5B%7B%22code%22:%22x%22%7D%5D", f"x={REDACTED}"),
        ("x=http%3A%2F%2Fann:pw%40shop.example", f"x={REDACTED}"),
        ("next=https%3A%2F%2Fauth.example%2Forders", "next=https%3A%2F%2Fauth.example%2Forders"),
        ("next=/reset//x", f"next={REDACTED}"),
        ("next=/reset/", "next=/reset/"),
        ("q=Bearer+abcdefgh12", f"q={REDACTED}"),
    ],
)
def test_redacts_queries(query: str, expected: str, redaction: Redaction) -> None:
    assert redaction.redact_query(query) == expected
    assert redaction.redact_value("QUERY_STRING", query) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", "/"),
        ("", ""),
        ("/orders/42", "/orders/42"),
        ("/state/ohio", "/state/ohio"),
        ("/reset/x", f"/reset/{REDACTED}"),
        ("/reset//x/", f"/reset//{REDACTED}/"),
        ("/password/reset/x", f"/password/{REDACTED}/{REDACTED}"),
        ("/Verify/x", f"/Verify/{REDACTED}"),
        ("/api/token/x", f"/api/token/{REDACTED}"),
        ("/%74oken/x", f"/%74oken/{REDACTED}"),
        ("/one-time/x", f"/one-time/{REDACTED}"),
        ("/cart;jsessionid=x", f"/cart;jsessionid={REDACTED}"),
        ("/cart;jsessionid=x;a=1/b", f"/cart;jsessionid={REDACTED};a=1/b"),
        ("/token=x", f"/token={REDACTED}"),
        ("/resets/x", "/resets/x"),
        ("/reset%2Fx", f"/{REDACTED}"),
        ("/token:x", f"/{REDACTED}"),
        ("/accounts/confirm-email/x/", f"/accounts/confirm-email/{REDACTED}/"),
        ("/accept_invite/x", f"/accept_invite/{REDACTED}"),
        ("/café/reset/x", f"/café/reset/{REDACTED}"),
    ],
)
def test_redacts_paths(path: str, expected: str, redaction: Redaction) -> None:
    assert redaction.redact_path(path) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://shop.example/orders?page=2#top", "https://shop.example/orders?page=2#top"),
        ("https://ann:pw@shop.example/", f"https://{REDACTED}@shop.example/"),
        ("//ann@shop.example/", f"//{REDACTED}@shop.example/"),
        ("https://shop.example?token=x", f"https://shop.example?token={REDACTED}"),
        ("https://shop.example/reset/x?a=1", f"https://shop.example/reset/{REDACTED}?a=1"),
        ("/next?ticket=x", f"/next?ticket={REDACTED}"),
        ("https://x/#access_token=x&a=1", f"https://x/#access_token={REDACTED}&a=1"),
        ("https://x/#/reset/x?token=y", f"https://x/#/reset/{REDACTED}?token={REDACTED}"),
        ("https://x/#/reset/x", f"https://x/#/reset/{REDACTED}"),
        ("/reset/x://y", f"/reset/{REDACTED}://y"),
        ("Mozilla/5.0 (+https://bot.example/@us)", "Mozilla/5.0 (+https://bot.example/@us)"),
    ],
)
def test_redacts_urls(url: str, expected: str, redaction: Redaction) -> None:
    assert redaction.redact_url(url) == expected
    assert redaction.redact_value("Referer", url) == expected


@given(
    before=st.lists(st.tuples(_WORDS, _WORDS)),
    name=st.sampled_from([name for name in _SECRET_NAMES if "&" not in name]),
    after=st.lists(st.tuples(_WORDS, _WORDS)),
    separator=st.sampled_from("&;"),
    encode=st.sampled_from(
        [str, quote, lambda text: quote(quote(text)), lambda text: "".join(f"%{ord(c):02x}" for c in text)]
    ),
)
def test_no_query_shows_a_secret(
    before: list[tuple[str, str]], name: str, after: list[tuple[str, str]], separator: str, encode: object
) -> None:
    pairs = [*before, (encode(name), _SECRET), *after]  # type: ignore[operator]
    query = separator.join(f"{key}={value}" for key, value in pairs)
    redaction = Redaction()
    assert _SECRET not in redaction.redact_query(query)
    assert _SECRET not in redaction.redact_url(f"https://shop.example/a?{query}#b")


@pytest.mark.parametrize("value", ["a, token=x", 'a; token="x"', "token: x", "a=b&token=x", "Bearer abcdefgh12"])
def test_redacts_secrets_in_other_headers(value: str, redaction: Redaction) -> None:
    shown = redaction.redact_value("X-Other", value)
    assert REDACTED in shown
    assert "x" not in shown
    assert "abc" not in shown


@pytest.mark.parametrize("part", ["a=", "/?a=", "a=/?", "=#", "a:", "%3D", "/;a=", "//x@", "&a=b"])
def test_takes_little_time_and_stack_for_texts_made_to_take_much(part: str, redaction: Redaction) -> None:
    text = part * 2000 + "%"
    for redact in (redaction.redact_query, redaction.redact_path, redaction.redact_url):
        assert redact(f"q={text}")  # each further part doubled the time once, or ended in a RecursionError


@given(text=st.text(max_size=80))
def test_any_text_stays_what_it_is_when_it_is_redacted_again(text: str) -> None:
    redaction = Redaction()
    for redact in (redaction.redact_query, redaction.redact_path, redaction.redact_url, redact_text):
        once = redact(text)
        if REDACTED not in once:
            assert once == text


@pytest.mark.parametrize("name", ["pwd", "DB_PWD", "pw", "pass", "x-pass"])
def test_a_short_word_does_not_hide_a_longer_one(name: str, redaction: Redaction) -> None:
    assert redaction.is_secret(name)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("password=s3cret", "password=[redacted]"),
        ("password: s3cret", "password: [redacted]"),
        ("password:\n  s3cret", "password:\n  [redacted]"),
        ("Server=db;Pwd=s3cret;", "Server=db;Pwd=[redacted];"),
        ("at http://db/?token=s3cret&a=1", "at http://db/?token=[redacted]&a=1"),
        ("pass%77ord=s3cret", "pass%77ord=[redacted]"),
        ("{'password': 's3cret', 'a': 1}", "{'password': [redacted], 'a': 1}"),
        ('{"password":["s3cret", "s3cret"]}', '{"password":[redacted]}'),
        ('{\\"password\\": \\"s3cret\\"}', '{\\"password\\": [redacted]'),
        ("Login(user='ada', password='s3cret')", "Login(user='ada', password=[redacted])"),
        ("[('Authorization', 'Bearer s3cret')]", "[('Authorization', [redacted])]"),
        ("['mysql', '--password', 's3cret']", "['mysql', '--password', [redacted]]"),
        ("mysql --password s3cret shop", "mysql --password [redacted] shop"),
        ("<password>s3cret</password>", "<password>[redacted]</password>"),
        ("Cookie: a=s3cret; b=s3cret\r\nHost: x", "Cookie: [redacted]\r\nHost: x"),
        ("Authorization: Digest a=s3cret, b=s3cret", "Authorization: [redacted]"),
        ("postgres://shop:s3cret@db/shop", "postgres://[redacted]@db/shop"),
        ("-----BEGIN PRIVATE KEY-----\ns3-cret", "-----BEGIN PRIVATE KEY-----[redacted]"),
        ("-----BEGIN PRIVATE KEY-----\ns3cret\n-----END", "-----BEGIN PRIVATE KEY-----[redacted]-----END"),
        *((text, text) for text in ("exit code: 1", "state: idle", "TokenError: bad", "Token <b> here", "password=")),
        *((text, text) for text in ("KeyError: 'password'", "token", "http://shop@db/", "--password --user")),
    ],
)
def test_redacts_messages(text: str, expected: str, redaction: Redaction) -> None:
    assert redaction.redact_message(text) == expected


@given(text=st.text(alphabet="password=:'\"\\[](){}<>/- ,;\n@%7b") | st.text())
def test_a_message_stays_what_it_is_when_it_is_redacted_again(text: str) -> None:
    shown = Redaction().redact_message(text)
    assert Redaction().redact_message(shown) == shown


@pytest.mark.parametrize(
    "part", ["a", "a:", "-", "password", 'password="', "<a>", "token>", "://a:", "--a ", "password=[", "eyJ", "-----"]
)
def test_a_long_message_takes_little_time(part: str) -> None:  # it would be hours if a pattern were quadratic
    assert Redaction().redact_message(part * (200_000 // len(part)))
