"""A WSGI application made by a factory, as PasteDeploy calls it."""

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


def make_app(global_conf: dict[str, str], owner: str) -> WSGIApplication:
    """Make a ledger.

    :param global_conf: what ``[DEFAULT]`` says.
    :param owner: whose ledger it is.
    """
    page = "\n".join(f"{global_conf['currency']} {number}.00 owed to {owner}" for number in range(100)).encode()

    def ledger(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(page)))])
        return [page]

    return ledger
