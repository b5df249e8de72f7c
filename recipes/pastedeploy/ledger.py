"""A WSGI application with an app factory for PasteDeploy."""

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


def make_app(global_conf: dict[str, str], owner: str) -> WSGIApplication:
    """Make a ledger.

    :param global_conf: the values of ``[DEFAULT]``.
    :param owner: the owner of the ledger.
    """
    page = "\n".join(f"{global_conf['currency']} {number}.00 owed to {owner}" for number in range(100)).encode()

    def ledger(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(page)))])
        return [page]

    return ledger
