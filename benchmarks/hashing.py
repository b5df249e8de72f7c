"""How many hashes basic_auth computes: for many first requests at once, and after its file has changed."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from time import process_time, sleep

from benchmarks.pairs import Effort, Spread
from benchmarks.rows import Row, at_most, describe_version
from benchmarks.traffic import LOGGED_IN, PASSWORD, TEXT, USER, make_case, make_whole
from wsgistack import BasicAuth
from wsgistack.processes.watched_file import INTERVAL

__all__ = ["measure_hashing"]

_REQUESTS = 20
_USERS = 100_000
_ROUNDS = 8
_COST = 10  # of bcrypt, about 50 ms
_ONE = at_most(1.5, "20 first requests with one password: the time of one bcrypt hash, and at most half of it more")
_RELOADED = at_most(1.2, "after a reload of 100,000 users: the first request takes one hash more than the second")


def measure_hashing(folder: Path, effort: Effort) -> Iterator[Row]:
    """Measure the processor time of requests, compared with one hash; nothing without bcrypt.

    :param folder: for the files of users.
    """
    if not describe_version("bcrypt"):
        return
    bcrypt = import_module("bcrypt")
    cost, users, rounds = (4, 10, 1) if effort.is_quick else (_COST, _USERS, _ROUNDS)

    def make_hash() -> bytes:
        made: bytes = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(cost))
        return made

    file = folder / "many users"
    theirs = make_hash()
    others = b"".join(b"user%d:%s\n" % (number, theirs) for number in range(users))

    def write() -> None:
        new = file.with_suffix(".new")
        new.write_bytes(others + b"%s:%s\n" % (USER.encode(), make_hash()))
        new.replace(file)

    write()
    at_once, reloaded = [], []
    for _ in range(rounds):
        one = _time(make_hash)
        request = make_case(BasicAuth(make_whole(TEXT), htpasswd=file), LOGGED_IN)
        with ThreadPoolExecutor(_REQUESTS) as threads:
            at_once.append(_time(lambda: [*threads.map(lambda _: request(), range(_REQUESTS))]) / one)  # noqa: B023
        layer = BasicAuth(make_whole(TEXT), htpasswd=file)
        write()
        sleep(INTERVAL)
        make_case(layer, {"HTTP_AUTHORIZATION": "Basic Og=="})()  # somebody's request reads the file
        request = make_case(layer, LOGGED_IN)
        first, second = _time(request), _time(request)
        reloaded.append((first - second) / one)
    yield Row("basic_auth: 20 first requests with one password", "one bcrypt hash", Spread.of(at_once), target=_ONE)
    what = "basic_auth: first request after a reload, less the second"
    yield Row(what, "one bcrypt hash", Spread.of(reloaded), target=_RELOADED)


def _time(call: Callable[[], object]) -> float:
    begin = process_time()
    call()
    return process_time() - begin
