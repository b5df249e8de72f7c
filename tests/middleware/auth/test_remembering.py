"""Mappings that forget their oldest entry when they are full."""

from threading import Thread

from wsgistack.middleware.auth.remembering import put_newest


def test_the_oldest_entries_are_removed() -> None:
    entries: dict[str, int] = {}
    assert [put_newest(entries, key, number, limit=3) for number, key in enumerate("abcad")] == [[], [], [], [], ["b"]]
    assert list(entries.items()) == [("c", 2), ("a", 3), ("d", 4)]


def test_many_threads_may_put_entries_at_once() -> None:
    entries: dict[int, int] = {}
    removed: list[int] = []

    def put(first: int) -> None:
        for number in range(first, 20_000, 4):
            removed.extend(put_newest(entries, number, number, limit=50))

    threads = [Thread(target=put, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(entries) == 50
    assert sorted([*removed, *entries]) == [*range(20_000)]
