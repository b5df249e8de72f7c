"""Schemes for tests: cards and tickets with a name in a header, which may be forged."""

from collections.abc import Iterable
from typing import Any

from webtest import TestApp

from wsgistack import Auth, Credentials, Identity, Refusal, Scheme
from wsgistack.types import Environ, StartResponse

__all__ = ["Card", "Ticket", "make"]


class Card(Scheme):
    """A card with a name in a header, which may be forged."""

    auth_type = "Card"
    keys = ("HTTP_X_CARD",)
    header = "HTTP_X_CARD"

    def read(self, environ: Environ) -> Credentials | Identity | Refusal | None:
        card = environ.get(self.header)
        if card is None:
            return None
        return Refusal("torn", 400) if card == "torn" else Credentials(card, card)

    def verify(self, credentials: Credentials) -> Identity | Refusal:
        name, _, rest = credentials.user.partition(":")
        if rest == "forged":
            return Refusal("forged", is_guess=True)
        if rest == "busy":
            return Refusal("busy", 503, retry_after=2)
        scopes = frozenset(rest.split()) if rest else None
        return Identity(name, self.auth_type, frozenset({"staff"} if name == "ada" else ()), scopes)

    def challenge(self, realm: str, refusal: Refusal | None) -> str:
        return f"Card realm={realm}" + (f', error="{refusal.error}"' if refusal and refusal.error else "")


class Ticket(Card):
    """The same in another header. Browsers ask for one."""

    auth_type = "Ticket"
    keys = ("HTTP_X_TICKET",)
    header = "HTTP_X_TICKET"
    opens_dialog = True
    challenge = Scheme.challenge


def show(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
    names = ("REMOTE_USER", "AUTH_TYPE", "HTTP_X_CARD", "HTTP_X_TICKET")
    identity = environ.get("wsgistack.identity")
    return [f"{[environ.get(name) for name in names]} {identity and identity.user}".encode()]


def make(**options: Any) -> TestApp:
    return TestApp(Auth(show, **{"schemes": [Card, Ticket], **options}))
