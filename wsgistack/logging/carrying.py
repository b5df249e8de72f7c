"""Sending the id of the current request on. No library is imported here before an object of it is given."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from wsgistack.errors import ConfigError, Mistake
from wsgistack.logging.keeping import STATE, keep_request_id, make_headers, read_state, use_ids

__all__ = ["carry_request_id"]

T = TypeVar("T")


def carry_request_id(subject: T, /, *, header: str = "X-Request-ID") -> T:
    """Make an object carry the id of the request that is current at each of its uses, and return it.

    ::

        session = carry_request_id(requests.Session())
        pool = carry_request_id(ThreadPoolExecutor())
        app = carry_request_id(Celery("shop"))

    - A ``requests.Session``, an ``httpx.Client`` or ``AsyncClient``, a ``urllib3.PoolManager`` or connection pool sends
      the id in a header, and the ``traceparent``, the ``tracestate`` and the global id of the request, as they came. A
      header that is already set stays: that of a tracer has the right parent.
    - An executor of ``concurrent.futures``, of threads or processes, calls each function with the id of the request
      that submitted it. A ``threading.Thread`` works with the id of the request that is current now.
    - A ``celery.Celery`` sends the id with each task, and its worker works with it. This is in effect for all
      applications of the process.

    Outside of requests nothing is sent. For the jobs of RQ, use :class:`~wsgistack.logging.RequestIdJob`.

    :param header: the header for the request's own id.
    :raises ConfigError: it is none of these.
    """
    for base in type(subject).__mro__:
        equip = _KINDS.get((base.__module__.partition(".")[0], base.__name__))
        if equip:
            equip(subject, header)
            return subject
    expected = "a client of requests, httpx or urllib3, a Thread, an executor, or an application of Celery"
    raise ConfigError(Mistake(f"can't carry a request id: {type(subject).__name__}", expected=expected))


def _equip_session(session: Any, header: str) -> None:
    send = session.send

    def send_with_id(request: Any, **options: Any) -> Any:
        _add(request, header)
        return send(request, **options)

    vars(session)["send"] = send_with_id


def _equip_client(client: Any, header: str) -> None:
    hooks = client.event_hooks
    client.event_hooks = {**hooks, "request": [*hooks["request"], lambda request: _add(request, header)]}


def _equip_async_client(client: Any, header: str) -> None:
    async def add(request: Any) -> None:
        _add(request, header)

    hooks = client.event_hooks
    client.event_hooks = {**hooks, "request": [*hooks["request"], add]}


def _equip_pool(pool: Any, header: str) -> None:
    urlopen = pool.urlopen

    def complete(headers: Any) -> Any:
        completed = (pool.headers if headers is None else headers).copy()
        for name, value in _find_missing(completed, header).items():
            completed[name] = value
        return completed

    def urlopen_with_id(method: str, url: str, *args: Any, **options: Any) -> Any:
        if args[1:]:  # a connection pool that tries again: the body, and then the headers
            args = (args[0], complete(args[1]), *args[2:])
        else:
            options["headers"] = complete(options.get("headers"))
        return urlopen(method, url, *args, **options)

    vars(pool)["urlopen"] = urlopen_with_id


def _add(request: Any, header: str) -> None:
    for name, value in _find_missing(request.headers, header).items():
        request.headers[name] = value


def _find_missing(headers: Mapping[str, str], header: str) -> dict[str, str]:
    """The headers to send that a request does not have."""
    there = {name.lower() for name in headers}
    return {name: value for name, value in make_headers(header).items() if name.lower() not in there}


def _equip_thread(thread: Any, _: str) -> None:
    vars(thread)["run"] = keep_request_id(thread.run)


def _equip_executor(executor: Any, _: str) -> None:
    submit = executor.submit

    def submit_with_id(function: Callable[..., Any], /, *args: Any, **options: Any) -> Any:
        return submit(keep_request_id(function), *args, **options)

    vars(executor)["submit"] = submit_with_id


def _equip_celery(_: object, __: str) -> None:
    from celery import signals

    signals.before_task_publish.connect(_send, weak=False, dispatch_uid=f"{__name__}.send")
    signals.task_prerun.connect(_begin, weak=False, dispatch_uid=f"{__name__}.begin")
    signals.task_postrun.connect(_end, weak=False, dispatch_uid=f"{__name__}.end")


def _send(headers: dict[str, Any], **_: object) -> None:
    state = read_state()
    if state:
        headers[STATE] = state


def _begin(task: Any, **_: object) -> None:
    kept = use_ids(task.request.get(STATE))
    kept.__enter__()
    task.request.wsgistack_kept = kept


def _end(task: Any, **_: object) -> None:
    kept = task.request.get("wsgistack_kept")
    if kept:
        kept.__exit__(None, None, None)


_KINDS: Mapping[tuple[str, str], Callable[[Any, str], None]] = {
    ("requests", "Session"): _equip_session,
    ("httpx", "Client"): _equip_client,
    ("httpx", "AsyncClient"): _equip_async_client,
    ("urllib3", "PoolManager"): _equip_pool,
    ("urllib3", "HTTPConnectionPool"): _equip_pool,
    ("threading", "Thread"): _equip_thread,
    ("concurrent", "Executor"): _equip_executor,
    ("celery", "Celery"): _equip_celery,
}
