"""Tokens that are stored as digests."""

from hashlib import sha256

import pytest

from wsgistack.errors import ConfigError
from wsgistack.middleware.auth.tokens import Tokens


def digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def test_finds_whose_token_it_is() -> None:
    tokens = Tokens(
        {"ci": digest("abc"), "bot": f" {digest('xyz').upper()}  read write "}, scheme="Bearer", key="tokens"
    )
    ci, bot = tokens.find("abc"), tokens.find("xyz")
    assert ci
    assert (ci.user, ci.scheme, ci.scopes) == ("ci", "Bearer", None)
    assert bot
    assert (bot.user, bot.scopes) == ("bot", frozenset({"read", "write"}))
    for wrong in ("", "ab", "abcd", digest("abc"), "ab\udcff", "日本"):
        assert tokens.find(wrong) is None


def test_refuses_what_is_no_mapping() -> None:
    with pytest.raises(ConfigError, match=r"^tokens: is text; expected a mapping$"):
        Tokens("ci = 12", scheme="Bearer", key="tokens")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("owners", "said"),
    [
        ({"ci": "hunter2-hunter2"}, "tokens: the token of 'ci' is not stored as a digest; expected the SHA-256 digest"),
        ({"ci": ""}, "the token of 'ci' is not stored as a digest"),
        ({"": digest("a")}, "the token of '' is not stored as a digest"),
        ({"ci": digest("")}, "the token of 'ci' is empty; expected a long random token"),
        ({"ci": digest("\n")}, "the token of 'ci' is empty; expected a long random token"),
        ({"ci": digest("a")[:-1]}, "print the digest with: printf %s TOKEN | sha256sum"),
        ({"ci": digest("a") + ' a"b'}, "a scope of 'ci' is not valid"),
        ({"ci": digest("a"), "bot": digest("a")}, "'bot' has the same token as 'ci'"),
    ],
)
def test_says_what_is_wrong_and_shows_no_token(owners: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Tokens(owners, scheme="Bearer", key="tokens")
    assert said in str(caught.value)
    assert "hunter2" not in repr(caught.value)
