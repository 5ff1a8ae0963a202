"""One step ahead: the next piece of work is made by another thread while this one is used."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Made = TypeVar("Made")


def ahead(makers: Iterable[Callable[[], Made]], count: int) -> Iterator[Made]:
    """What each of `count` makers makes, in order, the next one always under way; a lone one is simply made."""
    waiting = iter(makers)
    if count <= 1:
        yield from (make() for make in waiting)
        return
    with ThreadPoolExecutor(1, thread_name_prefix="crossjudge-ahead") as thread:
        under_way = thread.submit(next(waiting))
        for make in waiting:
            made, under_way = under_way, thread.submit(make)
            yield made.result()
        yield under_way.result()
