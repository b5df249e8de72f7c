"""A shop that fails: its sources look as if they were installed on a server, whatever the folder of the tests is."""

import logging
from collections.abc import Iterable
from types import ModuleType
from typing import Any

from wsgistack.pipeline import Pipeline
from wsgistack.types import App, Environ, StartResponse

_CLIENT = '''\
"""A client of the bank."""


class Declined(Exception):
    """The bank refuses a payment."""


class Client:
    def __init__(self, url, api_key):
        self.url = url
        self.api_key = api_key

    def post(self, path, payload):
        answer = {"status": "declined", "reason": {"code": 51}}
        if answer["status"] == "declined":
            reason = answer["reason"]["text"].lower()
            raise Declined(reason)
        return answer
'''
_CHECKOUT = '''\
"""Pay for what is in the cart."""

import logging

log = logging.getLogger("shop.checkout")


class PaymentError(Exception):
    """A payment failed."""


def total(cart):
    return sum(item["price"] * item["count"] for item in cart)


def charge(bank, cart, card, password):
    amount = total(cart)
    log.info("charging %s for %d items, password=%s", amount, len(cart), password)
    try:
        return bank.post("/charges", {"amount": amount, "card": card})
    except KeyError as error:
        log.warning("the bank sent an answer without %s", error)
        problem = PaymentError(f"the bank sent an answer that has no {error}")
        problem.add_note("The sandbox of the bank leaves out the reason of declined cards.")
        raise problem from error
'''
_VIEWS = '''\
"""The pages of the shop."""

from checkout import charge
from client import Client

CART = [{"name": "tea", "price": 4, "count": 2}, {"name": "cup", "price": 9, "count": 1}]


def checkout(environ):
    bank = Client("https://bank.example/api", api_key="sk_live_51Hc9example")
    receipt = charge(bank, CART, card="card-7", password="correct horse")
    return f"Paid: {receipt}".encode()
'''


class _Source:
    """Knows the source of a module that is in no file."""

    def __init__(self, text: str) -> None:
        self._text = text

    def get_source(self, name: str) -> str:
        return self._text


def _load(file: str, text: str, modules: dict[str, ModuleType]) -> ModuleType:
    name = file.rpartition("/")[2].removesuffix(".py")
    module = ModuleType(name)
    scope: dict[str, Any] = vars(module)
    scope["__loader__"] = _Source(text)

    def find(wanted: str, *rest: Any) -> Any:
        return modules.get(wanted) or __import__(wanted, *rest)

    scope["__builtins__"] = {**vars(__import__("builtins")), "__import__": find}
    exec(compile(text, file, "exec"), scope)  # noqa: S102
    modules[name] = module
    return module


def make_shop() -> App:
    """The shop, with a pipeline and its debug page."""
    modules: dict[str, ModuleType] = {}
    _load("/srv/shop/lib/site-packages/bank/client.py", _CLIENT, modules)
    _load("/srv/shop/checkout.py", _CHECKOUT, modules)
    views = _load("/srv/shop/views.py", _VIEWS, modules)
    logging.getLogger("shop").setLevel(logging.INFO)

    def shop(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        body: bytes = views.checkout(environ)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [body]

    shop.__module__, shop.__qualname__ = "shop.wsgi", "application"
    layers: list[Any] = [
        "request_id",
        {"use": "catch_errors", "debug": True},
        "compress",
        {"use": "etag", "name": "small_etags"},
    ]
    return Pipeline(layers).wrap(shop)
