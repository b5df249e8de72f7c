"""What commands keep off the screen while they build an application: warnings about the order of layers, and logs."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from wsgistack.errors import Mistake
from wsgistack.pipeline import OrderWarning

__all__ = ["collect_order", "silence_logs"]


@contextmanager
def collect_order() -> Iterator[list[Mistake]]:
    """Collect the warnings about the order of layers and about guards, each once. Others are shown as usual."""
    collected: list[Mistake] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", OrderWarning)
        yield collected
    for each in caught:
        if each.category is OrderWarning:
            collected.append(cast(OrderWarning, each.message).args[0])
        else:
            warnings.showwarning(each.message, each.category, each.filename, each.lineno)
    collected[:] = {str(each): each for each in collected}.values()


@contextmanager
def silence_logs() -> Iterator[None]:
    """Drop what is logged meanwhile."""
    disabled = logging.root.manager.disable
    logging.disable()
    try:
        yield
    finally:
        logging.disable(disabled)
