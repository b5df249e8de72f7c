"""Which values and layers of two configurations are the same, or stand for the same."""

from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

from wsgistack.config.protocols import PasteFactory
from wsgistack.pipeline import registry
from wsgistack.pipeline.spec import Spec
from wsgistack.types import Factory

__all__ = ["alike", "is_like", "matched", "moved"]


def alike(one: Any, other: Any) -> bool:
    """Whether two values are the same, and of the same type."""
    if type(one) is not type(other):
        return False
    if isinstance(one, Mapping):
        return one.keys() == other.keys() and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(alike, one, other))
    return bool(one == other or (one != one and other != other))


def is_like(one: Spec, other: Spec) -> bool:
    """Whether two layers are of the same kind, however that is written."""
    return _use(one) == _use(other) or one.is_like(other)


def matched(old: Sequence[Spec], new: Sequence[Spec]) -> dict[int, int]:
    """Where in a new list of layers the old ones stand: those of the same name, and then those of the same kind."""
    found: dict[int, int] = {}
    for is_same in (_is_called_like, is_like):
        for there, one in enumerate(old):
            free = (here for here in range(len(new)) if here not in found.values())
            here = next((here for here in free if is_same(one, new[here])), None)
            if there not in found and here is not None:
                found[there] = here
    return found


def moved(places: Mapping[int, int]) -> set[int]:
    """Those of some old places whose order among the others is another one in their new places."""
    before = sorted(places)
    after = sorted(places, key=lambda place: places[place])
    blocks = SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    return set(before).difference(*(before[start : start + size] for start, _, size in blocks))


def _is_called_like(one: Spec, other: Spec) -> bool:
    return registry.normalize_name(one.name) == registry.normalize_name(other.name)


def _use(spec: Spec) -> str | Factory:
    return spec.use.uri if isinstance(spec.use, PasteFactory) else spec.use
