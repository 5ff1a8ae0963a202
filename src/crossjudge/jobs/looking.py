"""First stage: what each shard asks, as keys, so that what several of them ask can be found."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from crossjudge.jobs.notes import Summary
from crossjudge.jobs.parcels import packed, split
from crossjudge.jobs.stage import Bench, Made, Stage, ToldRows, Unit, units_of_shards
from crossjudge.jobs.task import Item, task_class
from crossjudge.types import IntArray

if TYPE_CHECKING:
    from crossjudge.jobs.ledger import Ledger

KEYS_OF_A_RANGE = 500_000
"""Keys that the next stage sorts at once, about."""

KEYS = pa.schema([("high", pa.uint64()), ("low", pa.uint64()), ("row", pa.int64()), ("written", pa.uint64())])
"""Of each different item of a shard: 128 bits that stand for it, the first row that holds it, and how it is written
there (another number for another spelling, where the task takes several spellings for the same)."""


class Look(Stage):
    """Keys of each shard's items, in parcels by the range that a key falls in."""

    name = "look"
    doing = "looking for repeats"

    def units(self, ledger: Ledger) -> list[Unit]:
        """Every shard; none where there is only one, or where the plan leaves repeats to each shard."""
        if not looks_beyond_shards(ledger):
            return []
        return units_of_shards(self.name, ledger)

    def do(self, unit: Unit, bench: Bench, told: ToldRows) -> Made:
        """See `Stage.do`."""
        assert unit.shard is not None
        rows = bench.rows(unit.shard)
        items, _ = bench.items(rows)
        task = task_class(bench.job.plan)
        firsts, _ = different([None if item is None else task.same(item) for item in items])
        found = [items[place] for place in firsts.tolist()]
        keys = _keys([task.same(item) for item in found if item is not None])
        table = pa.Table.from_arrays(
            [
                pa.array(keys[:, 0]),
                pa.array(keys[:, 1]),
                pa.array(firsts + unit.shard.first_row),
                pa.array(_keys(found)[:, 1] if task.spellings else np.zeros(len(found), dtype=np.uint64)),
            ],
            schema=KEYS,
        )
        ranges = range_count(bench.job.total_rows)
        of_ranges = (keys[:, 0] >> np.uint64(32)) * np.uint64(ranges) >> np.uint64(32)
        return Made(
            content=packed(split(table, of_ranges.astype(np.int64)), KEYS, compressed=False),
            summary=Summary(rows=unit.rows),
        )


def looks_beyond_shards(ledger: Ledger) -> bool:
    """Whether what several shards ask is looked for."""
    plan = ledger.plan
    return len(ledger.shards) > 1 and (plan.kind.whole or plan.work.repeats == "job")


def range_count(rows: int) -> int:
    """In how many ranges the keys of so many rows are sorted."""
    return max(1, -(-rows // KEYS_OF_A_RANGE))


def different(items: Sequence[Hashable | None]) -> tuple[IntArray, IntArray]:
    """The first place of each different item, ascending; and for every item which of these it is (-1: None is none)."""
    numbers: dict[Hashable, int] = {}
    where = [-1 if item is None else numbers.setdefault(item, len(numbers)) for item in items]
    which: IntArray = np.array(where, dtype=np.int64)
    found, first = np.unique(which, return_index=True)
    return first[found >= 0], which


def _keys(items: Sequence[Hashable | Item | None]) -> np.ndarray[tuple[int, int], np.dtype[np.uint64]]:
    """128 bits for each: equal for equal ones, and different for others as far as a cryptographic hash goes."""
    digest = hashlib.blake2b
    # repr keeps ("ab", "c") and ("a", "bc") apart, and a text and a list of one.
    found = [digest(repr(item).encode("utf-8", "surrogatepass"), digest_size=16).digest() for item in items]
    return np.frombuffer(b"".join(found), dtype="<u8").reshape(-1, 2)
