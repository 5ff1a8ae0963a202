"""Answers that a worker remembers from shard to shard, so that an input that comes again is not scored again."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from crossjudge.jobs.task import Item


class Memory:
    """At most about `most` answers, the oldest shard's forgotten first. An item is known by a 16-byte hash."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._tables: deque[tuple[list[bytes], pa.Table]] = deque()
        self._places: dict[bytes, tuple[pa.Table, int]] = {}

    def known(self, items: Sequence[Item]) -> list[int]:
        """The places of the items whose answers are remembered."""
        if not self._places:
            return []
        return [place for place, item in enumerate(items) if _key(item) in self._places]

    def recall(self, items: Sequence[Item]) -> pa.Table:
        """The answers to items that are known, a row each."""
        found = [self._places[_key(item)] for item in items]
        tables = list({id(table): table for table, _ in found}.values())
        starts = np.cumsum([0, *(table.num_rows for table in tables)])
        start_of = {id(table): int(start) for table, start in zip(tables, starts, strict=False)}
        return pa.concat_tables(tables).take(pa.array([start_of[id(table)] + row for table, row in found]))

    def keep(self, items: Sequence[Item], answers: pa.Table) -> None:
        """Remember answers, a row for each item."""
        if not self.most or not items:
            return
        keys = [_key(item) for item in items[: self.most]]
        table = answers.slice(0, len(keys)).combine_chunks()
        self._places.update({key: (table, row) for row, key in enumerate(keys)})
        self._tables.append((keys, table))
        while sum(len(one) for one, _ in self._tables) > self.most:
            forgotten, old = self._tables.popleft()
            for key in forgotten:
                if self._places[key][0] is old:
                    del self._places[key]


def _key(item: Item) -> bytes:
    found = hashlib.blake2b(digest_size=16)
    for part in item:
        # Lengths keep ("ab", "c") and ("a", "bc") apart.
        content = repr(part).encode("utf-8", "surrogatepass")
        found.update(b"%d:" % len(content) + content)
    return found.digest()
