"""Second stage: which items several shards ask, found by sorting their keys, a range at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from crossjudge.jobs.looking import KEYS, Look, looks_beyond_shards, range_count
from crossjudge.jobs.notes import Summary
from crossjudge.jobs.parcels import packed, split
from crossjudge.jobs.stage import Bench, Made, Stage, ToldRows, Unit
from crossjudge.types import IntArray

if TYPE_CHECKING:
    from crossjudge.jobs.ledger import Ledger

MATCHES = pa.schema([("owner", pa.int64()), ("user", pa.int64()), ("spelled_alike", pa.bool_())])
"""`owner`: the first row of the whole input that holds an item; `user`: the first one of another shard, or itself."""


class Match(Stage):
    """Rows of different shards that hold the same, in parcels by the shard of the owner, or of the user."""

    name = "match"
    doing = "matching repeats"

    def __init__(self, *, by_owner: bool) -> None:
        self._by_owner = by_owner

    def units(self, ledger: Ledger) -> list[Unit]:
        """Every range of keys."""
        if not looks_beyond_shards(ledger):
            return []
        shards = tuple(shard.number for shard in ledger.shards)
        ranges = range_count(ledger.total_rows)
        share = ledger.total_rows // ranges
        return [
            Unit(stage=self.name, number=number, rows=share, sources={Look.name: shards}) for number in range(ranges)
        ]

    def do(self, unit: Unit, bench: Bench, told: ToldRows) -> Made:
        """See `Stage.do`."""
        keys = bench.gathered(Look.name, unit, KEYS)
        high, low, rows, written = (keys[name].to_numpy() for name in KEYS.names)
        owner, user = _repeated(high, low, rows)
        if not self._by_owner:
            owner, user = owner[owner != user], user[owner != user]
        matches = pa.Table.from_arrays(
            [pa.array(rows[owner]), pa.array(rows[user]), pa.array(written[owner] == written[user])], schema=MATCHES
        )
        by_shard = split(matches, bench.job.shard_of(rows[owner if self._by_owner else user]))
        return Made(
            content=packed(by_shard, MATCHES),
            summary=Summary(rows=unit.rows),
            details={"receivers": sorted(by_shard)},
        )


def _repeated(high: IntArray, low: IntArray, rows: IntArray) -> tuple[IntArray, IntArray]:
    """Places of keys that come more than once: of the one with the first row, and of each of them, that one too."""
    order = np.lexsort((rows, low, high))
    begins = np.ones(len(order), dtype=bool)
    begins[1:] = (high[order[1:]] != high[order[:-1]]) | (low[order[1:]] != low[order[:-1]])
    group = np.cumsum(begins) - 1
    repeated = np.bincount(group)[group] > 1 if len(group) else begins
    owners: IntArray = order[np.flatnonzero(begins)][group]
    return owners[repeated], order[repeated]
