"""The ids of a request in work that another thread, process or machine does for it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple, ParamSpec, TypeVar, cast

from wsgistack.exchange.current import NO_ID, Origin, origin_var, request_id_var

__all__ = ["STATE", "Kept", "keep_request_id", "make_headers", "read_state", "use_ids"]

P = ParamSpec("P")
R = TypeVar("R")

STATE = "wsgistack"
"""The key of the ids in a task or job."""


def keep_request_id(function: Callable[P, R], /) -> Callable[P, R]:
    """Return the function, so that it works with the ids of the request that is current now.

    ::

        threading.Thread(target=keep_request_id(send_mail), args=(order,)).start()

    The result can be pickled if the function can, so that another process can call it.
    """
    return cast(Callable[P, R], Kept(function, read_state()))


@contextmanager
def use_ids(state: Mapping[str, Any] | None) -> Iterator[None]:
    """Work with ids from elsewhere; without any, with the current ones."""
    if not state:
        yield
        return
    tokens = request_id_var.set(state["request_id"]), origin_var.set(Origin(**state["origin"]))
    try:
        yield
    finally:
        request_id_var.reset(tokens[0])
        origin_var.reset(tokens[1])


def read_state() -> dict[str, Any]:
    """The current ids as plain data, which JSON and pickle can hold; empty outside of requests."""
    request_id = request_id_var.get()
    if request_id == NO_ID:
        return {}
    return {"request_id": request_id, "origin": origin_var.get()._asdict()}


def make_headers(header: str) -> dict[str, str]:
    """The headers that carry the current ids to another service; none outside of requests.

    :param header: the name of the one with the request's own id.
    """
    request_id = request_id_var.get()
    if request_id == NO_ID:
        return {}
    further = origin_var.get().headers
    is_shared = header.lower() in map(str.lower, further)  # OpenStack has one header for both ids
    return {**({} if is_shared else {header: request_id}), **further}


class Kept(NamedTuple):
    """A function that works with kept ids."""

    function: Callable[..., Any]
    state: Mapping[str, Any]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function."""
        with use_ids(self.state):
            return self.function(*args, **kwargs)
