"""How often the same error is reported."""

from concurrent.futures import ThreadPoolExecutor
from threading import Thread

from tests.waiting import MAX_WAIT
from wsgistack.middleware.catch_errors.reports.limiting import Limiter


def test_admits_once_in_a_period_and_counts_the_others() -> None:
    limiter = Limiter(60)
    times = (0, 1, 59, 60, 61, 200)
    assert [limiter.admit("a", now) for now in times] == [0, None, None, 2, None, 1]
    assert limiter.admit("b", 200) == 0


def test_without_a_period_admits_all() -> None:
    limiter = Limiter(0)
    assert [limiter.admit("a", 1) for _ in range(3)] == [0, 0, 0]


def test_forgets_the_oldest_of_many() -> None:
    limiter = Limiter(60)
    for number in range(1001):
        assert limiter.admit(str(number), 0) == 0
    assert limiter.admit("1000", 1) is None
    assert limiter.admit("0", 1) == 0


def test_admits_one_of_many_threads() -> None:
    limiter = Limiter(60)
    with ThreadPoolExecutor(8) as pool:
        admitted = [*pool.map(lambda _: limiter.admit("a", 1), range(400))]
    assert admitted.count(0) == 1
    assert limiter.admit("a", 100) == 399


def test_an_error_in_a_garbage_collection_does_not_wait_for_the_one_before() -> None:
    limiter = Limiter(60)
    admitted: list[int | None] = []

    class Fingerprint(str):
        __slots__ = ()

        def __hash__(self) -> int:
            admitted.append(limiter.admit("b", 1))  # in the same thread, as the close() of a dropped body
            return str.__hash__(self)

    thread = Thread(target=lambda: admitted.append(limiter.admit(Fingerprint("a"), 1)), daemon=True)
    thread.start()
    thread.join(MAX_WAIT)
    assert not thread.is_alive()
    assert admitted.count(0) == 2
