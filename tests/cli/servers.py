"""Servers for configurations: each answers one request and ends."""

from collections.abc import Mapping

from tests.direct import Call
from wsgistack.types import App


def once(app: App, global_conf: Mapping[str, str], **options: str) -> None:
    call = Call(app)
    print(f"asked with {dict(sorted(options.items()))}: {call.status} {call.read().decode()}")


def interrupted(app: App, global_conf: Mapping[str, str]) -> None:
    raise KeyboardInterrupt
